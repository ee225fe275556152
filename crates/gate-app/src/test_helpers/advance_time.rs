//! Let time pass for one session of the sandbox.

use gate_domain::ids::{Mode, SessionId, Tenant};
use gate_domain::session::{Event, Session};
use gate_store::Tx;

use crate::advance::advance_session;
use crate::app::Scope;
use crate::journey::{JourneyError, overdue};

/// The furthest that one call moves: 30 days.
pub const ADVANCE_MAX_S: i64 = 2_592_000;

/// Let `seconds` pass for a session and everything that hangs on its time: its expiry, the price on
/// the table, the commands to the rails, the code and the check of its user, and the next attempts of its webhooks. What is due then is
/// done at once by the workers; a session that is overdue expires here.
pub fn advance_time(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &SessionId,
    seconds: i64,
) -> Result<Session, JourneyError> {
    if tenant.mode != Mode::Test {
        return Err(JourneyError::NotFound);
    }
    let session = tx.lock_session(tenant, id)?.ok_or(JourneyError::NotFound)?;
    let session = tx.shift_session_time(session, seconds * 1000, scope.now)?;
    scope.session_changed(id);
    scope.wake_commands();
    scope.wake_checks();
    scope.wake_deliveries();
    if !overdue(&session, scope.now) {
        return Ok(session);
    }
    let session = tx.lock_session(tenant, id)?.ok_or(JourneyError::NotFound)?;
    Ok(advance_session(tx, scope, session, &Event::DeadlinePassed { now: scope.now })?)
}
