//! The events about customers, and what is left of them when a customer is deleted.

use gate_domain::event::EventType;
use gate_domain::ids::{CustomerId, EventId, Tenant};
use gate_store::{NewEvent, StoreError, Tx};
use gate_wire::customer::DeletedCustomerBody;
use gate_wire::event::EventBody;
use serde::Serialize;

use crate::advance::announce;
use crate::app::Scope;

/// Announce a fact about a customer. Its events go out in order, and those that carry its record
/// are noted, so that they can be emptied.
pub(super) fn announce_customer(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    customer: &CustomerId,
    event_type: EventType,
    body: &impl Serialize,
) -> Result<(), StoreError> {
    let event = NewEvent {
        id: EventId::new(tenant.mode, scope.seed()),
        tenant: tenant.clone(),
        event_type,
        session_id: None,
        subject: Some(customer.to_string()),
        created_at: scope.now,
    };
    if event_type != EventType::CustomerDeleted {
        tx.insert_customer_event(tenant, customer, &event.id)?;
    }
    announce(tx, scope, &event, body)?;
    Ok(())
}

/// The same event with nothing about the person: what every attempt sends from now on.
pub(super) fn erased(event: &str, left: &DeletedCustomerBody) -> Option<String> {
    let event: EventBody = serde_json::from_str(event).ok()?;
    let event = EventBody {
        id: event.id,
        object: event.object,
        event_type: event.event_type,
        created_at: event.created_at,
        livemode: event.livemode,
        sequence: event.sequence,
        data: left,
    };
    serde_json::to_string(&event).ok()
}
