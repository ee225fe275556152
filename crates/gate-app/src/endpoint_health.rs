//! What becomes of an endpoint that fails, and what its partner is told about it. The news go into
//! the partner's feed and to its other endpoints, never to the endpoint itself.

use gate_domain::Millis;
use gate_domain::endpoint_health::{Health, HealthState, Notice, Sign, SwitchedOff};
use gate_domain::event::EventType;
use gate_domain::ids::{EndpointId, EventId, Tenant};
use gate_store::{ClaimedDelivery, EndpointRow, EndpointStatus, NewEvent, StoreError, Tx};
use gate_wire::endpoint::EndpointHealthBody;
use gate_wire::instant::to_rfc3339;
use tracing::{info, warn};

use crate::advance::announce;
use crate::app::Scope;
use crate::endpoints::endpoint_body;

/// Take in what an attempt says about its endpoint. Answers why it is to be switched off, if it is.
pub(crate) fn observe(
    tx: &mut Tx,
    scope: &Scope<'_>,
    claim: &ClaimedDelivery,
    probe: bool,
    sign: Sign,
    error: Option<&str>,
) -> Result<Option<SwitchedOff>, StoreError> {
    let (tenant, id) = (&claim.tenant, &claim.endpoint_id);
    let row = tx.lock_endpoint_health(tenant, id, scope.now)?;
    let mut health = row.health.clone();
    let [jitter] = scope.ids().random();
    let news = health.observe(sign, probe, error, scope.now, jitter);
    let tat_us = row.tat_us;
    tx.save_endpoint_health(row, &health, tat_us, Millis(0))?;
    for notice in news.notices {
        let error = health.last_error.as_deref().unwrap_or_default();
        let failures = health.failures_in_row;
        let event_type = match notice {
            Notice::Paused => {
                warn!(endpoint = %id, failures, error, "{id} keeps failing and is paused");
                EventType::EndpointPaused
            }
            Notice::Failing => {
                warn!(endpoint = %id, failures, error, "{id} has been failing for a day");
                EventType::EndpointFailing
            }
            Notice::Resumed => {
                info!(endpoint = %id, "{id} takes webhooks again");
                EventType::EndpointResumed
            }
        };
        if let Some(row) = tx.find_endpoint(tenant, id)? {
            announce_endpoint(tx, scope, &row, event_type)?;
        }
    }
    Ok(news.switch_off)
}

/// Switch an endpoint off that is not to be sent to any more. What waits for it goes on waiting.
pub(crate) fn switch_off(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &EndpointId,
    why: SwitchedOff,
) -> Result<(), StoreError> {
    let takes =
        |row: &EndpointRow| row.deleted_at.is_none() && row.status == EndpointStatus::Enabled;
    let Some(row) = tx.lock_endpoint(tenant, id)?.filter(|row| takes(row)) else {
        return Ok(()); // somebody was quicker
    };
    let row = tx.change_endpoint(row, scope.now, |row| {
        row.status = EndpointStatus::Disabled;
        row.disabled_reason = Some(why.reason().into());
    })?;
    warn!(endpoint = %id, reason = why.reason(), "{id} is switched off");
    announce_endpoint(tx, scope, &row, EventType::EndpointDisabled)
}

/// Forget what is known of an endpoint: it is in another place, or its owner says that it is mended.
pub(crate) fn start_afresh(
    tx: &mut Tx,
    scope: &Scope<'_>,
    mut row: EndpointRow,
) -> Result<EndpointRow, StoreError> {
    if row.health.is_well() {
        return Ok(row);
    }
    let known = tx.lock_endpoint_health(&row.tenant, &row.id, scope.now)?;
    let (was, tat_us) = (known.health.state, known.tat_us);
    row.health = Health::well(scope.now);
    tx.save_endpoint_health(known, &row.health, tat_us, Millis(0))?;
    if was == HealthState::Paused {
        announce_endpoint(tx, scope, &row, EventType::EndpointResumed)?;
    }
    Ok(row)
}

/// End the pauses of a partner's endpoints, or of one: the next delivery asks whether it is back.
pub(crate) fn ask_endpoints_now(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    only: Option<&EndpointId>,
) -> Result<(), StoreError> {
    for row in tx.list_endpoint_health(tenant)? {
        let meant = only.is_none_or(|only| *only == row.endpoint_id);
        if meant && row.health.state == HealthState::Paused {
            let row = tx.lock_endpoint_health(tenant, &row.endpoint_id, scope.now)?;
            let mut health = row.health.clone();
            health.ask_now(scope.now);
            let tat_us = row.tat_us;
            tx.save_endpoint_health(row, &health, tat_us, Millis(0))?;
        }
    }
    Ok(())
}

/// How an endpoint fares, as partners see it.
pub(crate) fn health_body(health: &Health, now: Millis) -> EndpointHealthBody {
    let state = health.state_at(now);
    // A throttle that has ended by itself has ended then.
    let since = if state == health.state { health.since } else { health.until.unwrap_or(now) };
    EndpointHealthBody {
        state: state.as_str().into(),
        since: to_rfc3339(since),
        until: health.until.filter(|_| state != HealthState::Ok).map(to_rfc3339),
        failures_in_row: health.failures_in_row,
        last_error: health.last_error.clone(),
    }
}

fn announce_endpoint(
    tx: &mut Tx,
    scope: &Scope<'_>,
    row: &EndpointRow,
    event_type: EventType,
) -> Result<(), StoreError> {
    let event = NewEvent {
        id: EventId::new(row.tenant.mode, scope.seed()),
        tenant: row.tenant.clone(),
        event_type,
        session_id: None,
        subject: Some(row.id.to_string()),
        created_at: scope.now,
    };
    announce(tx, scope, &event, &endpoint_body(scope.vault, row, scope.now))?;
    Ok(())
}
