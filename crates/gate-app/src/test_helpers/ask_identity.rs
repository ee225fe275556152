//! Ask a user of the sandbox who they are.

use gate_domain::ids::{Mode, SessionId, Tenant};
use gate_domain::session::{Event, IdentityLevel, Session};
use gate_store::Tx;

use crate::advance::advance_session;
use crate::app::Scope;
use crate::journey::JourneyError;

/// Hold the journey until the user has shown who they are. Asking for the same again changes
/// nothing, and whoever has shown it before is not asked, unless they were erased since.
pub fn require_kyc(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &SessionId,
    level: IdentityLevel,
) -> Result<Session, JourneyError> {
    if tenant.mode != Mode::Test {
        return Err(JourneyError::NotFound);
    }
    let mut session = tx.lock_session(tenant, id)?.ok_or(JourneyError::NotFound)?;
    let user = session.choice().and_then(|choice| choice.user.clone());
    let user = match user {
        Some(user) => tx.lock_user(tenant.mode, &user)?,
        None => None,
    };
    if user.as_ref().is_some_and(|user| user.erased_at.is_some()) {
        advance_session(tx, scope, session, &Event::UserForgotten)?;
        session = tx.lock_session(tenant, id)?.ok_or(JourneyError::NotFound)?;
    } else if user.is_some_and(|user| user.level >= Some(level)) {
        return Ok(session.clone());
    }
    Ok(advance_session(tx, scope, session, &Event::IdentityAsked(level))?)
}
