//! Delivering again in bulk: everything since a time, or a list. What is asked for is written down
//! and worked off by a worker, so that a call for a million events answers at once.

use gate_domain::Millis;
use gate_domain::event_filter::EventFilter;
use gate_domain::ids::{EndpointId, EventId, ReplayId, Seed, Tenant};
use gate_domain::replay::{LOOK_BACK_S, RUNNING_MAX, ReplayStatus, Selection, Standing};
use gate_store::{IdempotentRequest, NewReplay, ReplayRow, StoreError, Tx};
use gate_wire::instant::to_rfc3339;
use gate_wire::replay::ReplayBody;

use crate::app::Scope;
use crate::endpoint_health::ask_endpoints_now;
use crate::idempotency::{Answered, KeyReused, answered_before, remember_optional};

/// How far the order of a feed and the order of its clock can be apart: no transaction is open for
/// as long as this.
pub(crate) const SKEW_MS: i64 = 60_000;

/// Why there is no replay.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is no such replay, or it is somebody else's.
    #[error("no such replay")]
    NotFound,
    /// There is no such event.
    #[error("no such event")]
    EventNotFound,
    /// There is no such endpoint.
    #[error("no such webhook endpoint")]
    EndpointNotFound,
    /// As many run as can.
    #[error("{RUNNING_MAX} replays are running; wait for one of them, or cancel it")]
    LimitReached,
    /// The idempotency key was used for another body.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A request to deliver again.
#[derive(Clone, Debug)]
pub struct CreateReplay {
    /// Whose.
    pub tenant: Tenant,
    /// The key that makes it safe to repeat, if there is one.
    pub request: Option<IdempotentRequest>,
    /// Events that were made at this time or later.
    pub since: Option<Millis>,
    /// Events that were made before this time.
    pub until: Option<Millis>,
    /// These events only.
    pub event_ids: Option<Vec<EventId>>,
    /// To this endpoint only.
    pub endpoint_id: Option<EndpointId>,
    /// Of these types only.
    pub event_types: Option<EventFilter>,
    /// How an event must stand with an endpoint.
    pub standings: Vec<Standing>,
    /// Deliveries that are queued in a second at most.
    pub rate_per_second: i64,
}

/// Write a replay down, or answer what the same key answered before.
pub fn create_replay(
    tx: &mut Tx,
    scope: &Scope<'_>,
    command: &CreateReplay,
) -> Result<Answered, ReplayError> {
    if let Some(request) = &command.request
        && let Some(answered) = answered_before::<ReplayError>(tx, request)?
    {
        return Ok(answered);
    }
    let tenant = &command.tenant;
    if let Some(id) = &command.endpoint_id {
        let endpoint = tx.find_endpoint(tenant, id)?.filter(|row| row.deleted_at.is_none());
        endpoint.ok_or(ReplayError::EndpointNotFound)?;
    }
    let running = usize::try_from(tx.count_running_replays(tenant)?).unwrap_or(usize::MAX);
    if running >= RUNNING_MAX {
        return Err(ReplayError::LimitReached);
    }
    let places = match &command.event_ids {
        Some(ids) => Some(find_places(tx, tenant, ids)?),
        None => None,
    };
    let since = match (command.since, &places) {
        (None, None) => Some(scope.now.plus_seconds(-LOOK_BACK_S)),
        (since, _) => since,
    };
    let (first_place, last_place) = match places.as_deref() {
        Some(places) => {
            let (first, last) = (places.first(), places.last());
            (first.map_or(0, |place| place - 1), last.copied().unwrap_or(0))
        }
        None => (place_before(tx, tenant, since)?, tx.find_last_place(tenant)?),
    };
    let event_types = command.event_types.as_ref().map(|filter| filter.patterns().to_vec());
    let replay = NewReplay {
        tenant: tenant.clone(),
        id: ReplayId::new(tenant.mode, scope.seed()),
        selection: Selection {
            since,
            until: command.until,
            places,
            endpoint_id: command.endpoint_id.clone(),
            event_types,
            standings: command.standings.clone(),
        },
        first_place,
        last_place,
        rate_per_second: command.rate_per_second,
    };
    tx.insert_replay(&replay, scope.now)?;
    // Whoever asks for what was missed says that it can be taken now.
    ask_endpoints_now(tx, scope, tenant, command.endpoint_id.as_ref())?;
    let row = find_replay(tx, tenant, &replay.id)?;
    Ok(remember_optional(tx, scope, command.request.as_ref(), 201, &replay_body(&row))?)
}

/// Read a replay.
pub fn find_replay(tx: &mut Tx, tenant: &Tenant, id: &ReplayId) -> Result<ReplayRow, ReplayError> {
    tx.find_replay(tenant, id)?.ok_or(ReplayError::NotFound)
}

/// Stop a replay. What it queued by then is delivered; one that has ended stays as it is.
pub fn cancel_replay(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &ReplayId,
) -> Result<ReplayRow, ReplayError> {
    let replay = tx.lock_replay(tenant, id)?.ok_or(ReplayError::NotFound)?;
    if replay.status != ReplayStatus::Running {
        return find_replay(tx, tenant, id);
    }
    Ok(tx.save_replay(replay, scope.now, |replay| {
        replay.status = ReplayStatus::Cancelled;
        replay.next_step_at = None;
    })?)
}

/// A replay as partners see it.
pub fn replay_body(row: &ReplayRow) -> ReplayBody {
    let selection = &row.selection;
    let total = match &selection.places {
        Some(places) => i64::try_from(places.len()).unwrap_or(i64::MAX),
        None => (row.last_place - row.first_place).max(0),
    };
    ReplayBody {
        id: row.id.to_string(),
        object: "webhook_replay".into(),
        status: row.status.as_str().into(),
        since: selection.since.map(to_rfc3339),
        until: selection.until.map(to_rfc3339),
        endpoint_id: selection.endpoint_id.as_ref().map(ToString::to_string),
        event_types: selection.event_types.clone(),
        statuses: selection.standings.iter().map(|standing| standing.as_str().into()).collect(),
        rate_per_second: row.rate_per_second,
        after: row.first_place,
        through: row.last_place,
        sequences: selection.places.clone(),
        total,
        examined: row.examined,
        queued: row.queued,
        cursor: row.place,
        created_at: to_rfc3339(row.created_at),
        updated_at: to_rfc3339(row.updated_at),
    }
}

fn find_places(tx: &mut Tx, tenant: &Tenant, ids: &[EventId]) -> Result<Vec<i64>, ReplayError> {
    let mut places = Vec::with_capacity(ids.len());
    for id in ids {
        places.push(tx.find_place(tenant, id)?.ok_or(ReplayError::EventNotFound)?);
    }
    places.sort_unstable();
    places.dedup();
    Ok(places)
}

/// A place in the feed that nothing made at `since` or later stands before. Ids begin with their
/// time, so the feed is entered by one of them; the order of commits may differ a little from that
/// of the clock.
fn place_before(tx: &mut Tx, tenant: &Tenant, since: Option<Millis>) -> Result<i64, StoreError> {
    let begins = tx.find_feed_beginning(tenant)?;
    let Some(since) = since else { return Ok(begins) };
    let seed = Seed { at: since.plus_ms(-SKEW_MS).max(Millis(0)), random: [0; 10] };
    let (place, _) = tx.find_places_around(tenant, &EventId::new(tenant.mode, seed))?;
    Ok(place.max(begins))
}
