//! Facts whose events cannot be written.

use gate_domain::event::EventType;
use gate_domain::ids::{EventId, SessionId, Tenant};
use gate_store::{NewEvent, StoreError};
use serde::{Serialize, Serializer, ser::Error as _};

use crate::advance::announce;
use crate::app::App;

/// Data that cannot be written down: at all, or because it is too long.
#[derive(Clone, Copy)]
pub enum Unwritable {
    /// There are no words for it.
    Speechless,
    /// So many bytes of it.
    Long(usize),
}

impl Serialize for Unwritable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Speechless => Err(S::Error::custom("no words for it")),
            Self::Long(bytes) => serializer.serialize_str(&"x".repeat(*bytes)),
        }
    }
}

/// Announce that a session is processing, with such data.
pub async fn announce_unwritable(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    data: Unwritable,
) -> Result<(), StoreError> {
    let (tenant, session) = (tenant.clone(), session.clone());
    app.write(move |tx, scope| {
        let event = NewEvent {
            id: EventId::new(tenant.mode, scope.seed()),
            tenant: tenant.clone(),
            event_type: EventType::SessionProcessing,
            session_id: Some(session.clone()),
            subject: None,
            created_at: scope.now,
        };
        announce(tx, scope, &event, &data).map(drop)
    })
    .await
}
