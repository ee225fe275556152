//! A name that may stand on a list of sanctions: what people decided about it decides about the checks
//! that are about it, whether they wait, are made just now or were made.

use gate_domain::ids::ScreeningId;
use gate_domain::screening::State;
use gate_domain::session::{Event, IdentityLevel, Session};
use gate_store::{Locked, Tx};

use crate::advance::{AdvanceError, advance_session};
use crate::app::Scope;

/// Let the checks of a session follow what was decided about their name. Another name of the same
/// session is another matter. Whoever was approved by a name that is blocked has to show again who they
/// are, everywhere: there they are held again.
pub(crate) fn follow_screening(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    screening: &ScreeningId,
    decided: &State,
) -> Result<(), AdvanceError> {
    let (tenant, id) = (session.tenant.clone(), session.id.clone());
    match decided {
        State::Waiting { .. } => {}
        State::Released { .. } => {
            let Some(check) = tx.find_held_check(&tenant, &id, screening)? else { return Ok(()) };
            tx.release_held_check(&tenant, &check, scope.now)?;
            advance_session(tx, scope, session, &Event::IdentityChecking { held: false })?;
            scope.wake_checks();
        }
        State::Blocked { .. } => {
            let rejected = tx.reject_checks_of(&tenant, &id, screening, scope.now)?;
            for user in rejected.approved {
                if let Some(user) = tx.lock_user(tenant.mode, &user)? {
                    tx.revoke_user_level(user, scope.now)?;
                }
            }
            if rejected.waited_for {
                advance_session(tx, scope, session, &Event::IdentityRejected)?;
            }
        }
    }
    Ok(())
}

/// Ask whose name is blocked once more who they are, as somebody who was rejected.
pub(crate) fn reject_again(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: &Session,
    level: IdentityLevel,
) -> Result<(), AdvanceError> {
    for event in [Event::IdentityAsked(level), Event::IdentityRejected] {
        // Its caller has locked it.
        if let Some(session) = tx.lock_session(&session.tenant, &session.id)? {
            advance_session(tx, scope, session, &event)?;
        }
    }
    Ok(())
}
