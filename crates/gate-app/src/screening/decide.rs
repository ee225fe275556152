//! What people decide about what is held.

use gate_domain::ids::{ScreeningId, Tenant};
use gate_domain::screening::{Event, Kind, Opinion, Refused};
use gate_store::{OperatorAction, ScreeningRow, StoreError, Tx};
use serde::{Deserialize, Serialize};

use crate::advance::AdvanceError;
use crate::app::Scope;
use crate::identity::follow_screening;
use crate::reviews::Decision;

/// What an operator wants to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Let it go; the second person who says so does.
    Release,
    /// Keep it for good.
    Block,
}

/// Why it stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum ScreeningError {
    /// It is gone or somebody else's.
    #[error("nothing is held under this id")]
    NotFound,
    /// Its rules refused.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The session that waits for it did not follow.
    #[error(transparent)]
    Advance(AdvanceError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AdvanceError> for ScreeningError {
    fn from(error: AdvanceError) -> Self {
        match error {
            AdvanceError::Store(error) => Self::Store(error),
            refused => Self::Advance(refused),
        }
    }
}

/// Say what is to happen to something that is held, and write down who said so. Where a check of a
/// user waits for it, that follows.
pub fn decide(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &ScreeningId,
    verdict: Verdict,
    decision: &Decision,
) -> Result<ScreeningRow, ScreeningError> {
    let session_id = tx.find_screening(tenant, id)?.ok_or(ScreeningError::NotFound)?.session_id;
    // Sessions are locked first, by everybody.
    let session = tx.lock_session(tenant, &session_id)?.ok_or(ScreeningError::NotFound)?;
    let held = tx.lock_screening(tenant, id)?.ok_or(ScreeningError::NotFound)?;
    let opinion = Opinion { actor: decision.actor.clone(), at: scope.now };
    let (event, action) = match verdict {
        Verdict::Release => (Event::ReleaseWanted(opinion), "release_wanted"),
        Verdict::Block => (Event::BlockWanted(opinion), "block_wanted"),
    };
    let state = held.state.apply(event)?;
    let action = OperatorAction {
        action: action.into(),
        outcome: state.status().into(),
        reason: decision.reason.clone(),
        actor: decision.actor.clone(),
        created_at: scope.now,
    };
    tx.insert_operator_action(tenant, id.as_str(), &action)?;
    if held.kind == Kind::Name {
        follow_screening(tx, scope, session, id, &state)?;
    }
    Ok(tx.save_screening(held, state, scope.now)?)
}
