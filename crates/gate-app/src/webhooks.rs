//! What a partner can do with its webhooks by hand: send a test, replay what was given up.

use gate_domain::delivery::DeliveryStatus;
use gate_domain::event::EventType;
use gate_domain::ids::{DeliveryId, EventId, Tenant};
use gate_store::{DeliveryRow, NewEvent, StoreError, Tx};
use serde::Serialize;

use crate::advance::{announce, find_own_delivery};
use crate::app::Scope;
use crate::endpoint_health::ask_endpoints_now;

/// Why a webhook was not sent.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// There is no endpoint to send to.
    #[error("no webhook endpoint is configured")]
    NoEndpoint,
    /// There is no such delivery, or it is somebody else's.
    #[error("no such delivery")]
    NotFound,
    /// Only what was given up can be replayed.
    #[error("the delivery is {}", .0.as_str())]
    NotDeadLettered(DeliveryStatus),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a test event says (contract, section 11.4, row 17).
#[derive(Serialize)]
struct TestData {
    object: &'static str,
    livemode: bool,
    message: &'static str,
}

/// Queue a `webhook.test`. Each call makes a new event.
pub fn send_test_webhook(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
) -> Result<DeliveryRow, WebhookError> {
    let event = NewEvent {
        id: EventId::new(tenant.mode, scope.seed()),
        tenant: tenant.clone(),
        event_type: EventType::WebhookTest,
        session_id: None,
        subject: None,
        created_at: scope.now,
    };
    let data = TestData {
        object: "webhook_test",
        livemode: false,
        message: "If you can verify the signature of this, your endpoint works.",
    };
    let deliveries = announce(tx, scope, &event, &data)?;
    let first = deliveries.first().ok_or(WebhookError::NoEndpoint)?;
    ask_endpoints_now(tx, scope, tenant, None)?;
    Ok(find_own_delivery(tx, tenant, first)?)
}

/// Send a dead-lettered delivery again, with the same event id. Not idempotent: a second call
/// finds it pending and is refused.
pub fn replay_delivery(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &DeliveryId,
) -> Result<DeliveryRow, WebhookError> {
    let delivery = tx.lock_delivery(tenant, id)?.ok_or(WebhookError::NotFound)?;
    if !tx.replay_delivery(&delivery, scope.now)? {
        return Err(WebhookError::NotDeadLettered(delivery.status));
    }
    // Whoever sends it again by hand wants to know whether the endpoint is back.
    ask_endpoints_now(tx, scope, tenant, Some(&delivery.endpoint_id))?;
    scope.wake_deliveries();
    Ok(find_own_delivery(tx, tenant, id)?)
}
