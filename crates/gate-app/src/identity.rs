//! The identity step of a journey: in the sandbox, the user says how the check ends.

use gate_domain::ids::{Mode, SessionId, Tenant, UserId};
use gate_domain::session::{Event, Refused, Session};
use gate_store::{Locked, Tx};
use gate_wire::journey::Journey;
use gate_wire::words::IdentityOutcome;

use crate::advance::advance_session;
use crate::app::{App, Scope};
use crate::journey::{JourneyError, act};

/// End the identity check. Where nothing is asked any more, a pass changes nothing.
pub async fn end_identity_check(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    outcome: IdentityOutcome,
) -> Result<Journey, JourneyError> {
    // In live mode nobody vouches for themselves.
    if tenant.mode != Mode::Test {
        return Err(JourneyError::NotEnabled);
    }
    act(app, tenant, session, move |tx, scope, session| {
        match outcome {
            IdentityOutcome::Approved => confirm(tx, scope, session)?,
            IdentityOutcome::Rejected => {
                advance_session(tx, scope, session, &Event::IdentityRejected)?;
            }
        }
        Ok(())
    })
    .await
}

/// They are who they say, at the level that was asked for. Whoever has not shown an address becomes a
/// user without one.
fn confirm(tx: &mut Tx, scope: &Scope<'_>, session: Locked<Session>) -> Result<(), JourneyError> {
    let Some(choice) = session.choice() else { return Err(Refused::Ended.into()) };
    let Some(check) = choice.identity else { return Ok(()) };
    let (tenant, id, mode) = (session.tenant.clone(), session.id.clone(), session.tenant.mode);
    let user = match choice.user.clone() {
        Some(user) => user,
        None => {
            let user = UserId::new(mode, scope.seed());
            tx.insert_user(mode, &user, None, scope.now)?;
            advance_session(tx, scope, session, &Event::UserKnown(user.clone()))?;
            user
        }
    };
    let session = tx.lock_session(&tenant, &id)?.ok_or(JourneyError::NotFound)?;
    let known = tx.lock_user(mode, &user)?.ok_or(JourneyError::NotFound)?;
    if known.level < Some(check.level) {
        tx.save_user_level(known, check.level, scope.now)?;
    }
    advance_session(tx, scope, session, &Event::IdentityConfirmed)?;
    Ok(())
}
