//! A check that waits because the name may stand on a list of sanctions: what people decided about the
//! name decides about the check.

use gate_domain::ids::ScreeningId;
use gate_domain::screening::State;
use gate_domain::session::{Event, Session};
use gate_store::{Locked, Tx};

use crate::advance::{AdvanceError, advance_session};
use crate::app::Scope;

/// Let the check of a session follow what was decided about the name that it waits for. Another name of
/// the same session is another matter.
pub(crate) fn follow_screening(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    screening: &ScreeningId,
    decided: &State,
) -> Result<(), AdvanceError> {
    let (tenant, id) = (session.tenant.clone(), session.id.clone());
    let Some(check) = tx.find_held_check(&tenant, &id, screening)? else { return Ok(()) };
    match decided {
        State::Waiting { .. } => {}
        State::Released { .. } => {
            tx.release_held_check(&tenant, &check, scope.now)?;
            advance_session(tx, scope, session, &Event::IdentityChecking { held: false })?;
            scope.wake_checks();
        }
        State::Blocked { .. } => {
            tx.reject_held_check(&tenant, &check, scope.now)?;
            advance_session(tx, scope, session, &Event::IdentityRejected)?;
        }
    }
    Ok(())
}
