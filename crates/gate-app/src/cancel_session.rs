//! Withdraw a session before any money has moved.

use gate_domain::ids::{SessionId, Tenant};
use gate_domain::session::{Event, Refused, Session};
use gate_store::{StoreError, Tx};

use crate::advance::{AdvanceError, advance_session};
use crate::app::Scope;

/// Why a session was not cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// There is none, or it is somebody else's.
    #[error("no such session")]
    NotFound,
    /// It has ended, or money is moving.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AdvanceError> for CancelError {
    fn from(error: AdvanceError) -> Self {
        match error {
            AdvanceError::Session(refused) => Self::Refused(refused),
            // A payment that is no longer at its second step is moving.
            AdvanceError::Transaction(_) => Self::Refused(Refused::PaymentInFlight),
            AdvanceError::Store(error) => Self::Store(error),
        }
    }
}

/// Cancel an open session. A second cancel is refused, as the contract says (section 4.1).
pub fn cancel_session(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &SessionId,
) -> Result<Session, CancelError> {
    let session = tx.lock_session(tenant, id)?.ok_or(CancelError::NotFound)?;
    Ok(advance_session(tx, scope, session, &Event::CancelRequested)?)
}
