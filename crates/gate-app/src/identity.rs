//! The identity step of a journey: in the sandbox, the user says how the check ends.

use gate_domain::ids::{Mode, SessionId, Tenant};
use gate_domain::session::Event;
use gate_wire::journey::Journey;
use gate_wire::words::IdentityOutcome;

use crate::advance::advance_session;
use crate::app::App;
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
    let event = match outcome {
        IdentityOutcome::Approved => Event::IdentityConfirmed,
        IdentityOutcome::Rejected => Event::IdentityRejected,
    };
    act(app, tenant, session, move |tx, scope, session| {
        advance_session(tx, scope, session, &event)?;
        Ok(())
    })
    .await
}
