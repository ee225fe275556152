//! Forgetting who a user is. The user stays, with their level and what they have spent, and so does
//! everything that was booked; the same address is a new user afterwards.

use gate_domain::ids::{Mode, UserId};
use gate_domain::session::{Event, Session};
use gate_domain::user::User;
use gate_store::{Locked, OperatorAction, StoreError, Tx};

use crate::advance::{AdvanceError, advance_session};
use crate::app::Scope;
use crate::reviews::Decision;

/// Why nobody was forgotten.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// There is no such user.
    #[error("there is no such user")]
    NotFound,
    /// A session did not follow.
    #[error(transparent)]
    Advance(#[from] AdvanceError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Forget a user, and write down who wanted that. Whoever shows who they are just now begins again
/// there. Safe to repeat.
pub fn erase_user(
    tx: &mut Tx,
    scope: &Scope<'_>,
    mode: Mode,
    id: &UserId,
    decision: &Decision,
) -> Result<User, EraseError> {
    tx.find_user(mode, id)?.ok_or(EraseError::NotFound)?;
    // Sessions are locked before their user, by everybody.
    let mut sessions = tx.list_sessions_checking(mode, id)?;
    if let Some(email_hash) = tx.find_email_hash_of(mode, id)? {
        sessions.extend(tx.list_sessions_of_email(mode, &email_hash)?);
    }
    sessions.sort_by(|one, other| one.1.cmp(&other.1));
    sessions.dedup();
    for (tenant, session) in sessions {
        if let Some(session) = tx.lock_session(&tenant, &session)?
            && shows(&session, id)
        {
            advance_session(tx, scope, session, &Event::UserForgotten)?;
        }
    }
    let user = tx.lock_user(mode, id)?.ok_or(EraseError::NotFound)?;
    let action = OperatorAction {
        action: "erase".into(),
        outcome: if user.erased_at.is_some() { "erased_before" } else { "erased" }.into(),
        reason: decision.reason.clone(),
        actor: decision.actor.clone(),
        created_at: scope.now,
    };
    tx.insert_user_action(&user, &action)?;
    Ok(tx.erase_user(user, scope.now)?)
}

/// Whether this user shows who they are in the session.
fn shows(session: &Locked<Session>, user: &UserId) -> bool {
    session
        .choice()
        .is_some_and(|choice| choice.identity.is_some() && choice.user.as_ref() == Some(user))
}
