//! What people decide about what is held.

use gate_domain::ids::{ScreeningId, Tenant};
use gate_domain::screening::{Event, Opinion, Refused};
use gate_store::{OperatorAction, ScreeningRow, StoreError, Tx};
use serde::{Deserialize, Serialize};

use crate::app::Scope;
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
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Say what is to happen to something that is held, and write down who said so.
pub fn decide(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &ScreeningId,
    verdict: Verdict,
    decision: &Decision,
) -> Result<ScreeningRow, ScreeningError> {
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
    Ok(tx.save_screening(held, state, scope.now)?)
}
