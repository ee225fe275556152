//! A test helper: how a rail payment of the sandbox ends. The same rules as for a real one decide
//! what that leads to.

use gate_domain::ids::{Mode, Tenant};
use gate_domain::rail::CommandKind;
use gate_domain::rail_payment::RailPaymentId;
use gate_domain::reason::Reason;
use gate_domain::transaction::{Event, State};
use gate_store::{StoreError, Tx};
use gate_wire::rail::RailPaymentBody;

use super::{RailError, find_rail_payment};
use crate::advance::advance_transaction;
use crate::app::{App, Scope};
use crate::halt::is_halted;

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RailOutcome {
    /// What the user gives has come in, and what they get has arrived.
    Settle,
    /// Nothing comes in; what came in already goes back.
    Fail,
    /// It is withdrawn, while nothing has come in.
    Cancel,
}

/// Force how a rail payment ends, and answer it as it stands then. What the simulator was about to
/// do for it is forgotten.
pub async fn force_rail_payment(
    app: &App,
    tenant: &Tenant,
    id: &RailPaymentId,
    outcome: RailOutcome,
) -> Result<RailPaymentBody, RailError> {
    if tenant.mode != Mode::Test {
        return Err(RailError::NotFound("rail payment"));
    }
    let (tenant, id) = (tenant.clone(), id.clone());
    app.write(move |tx, scope| {
        if is_halted(tx)? {
            return Err(RailError::Paused);
        }
        while step(tx, scope, &tenant, &id, outcome)? {}
        find_rail_payment(tx, &tenant, &id)?.ok_or(RailError::NotFound("rail payment"))
    })
    .await
}

/// One step towards the outcome. Answers whether there is another.
fn step(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &RailPaymentId,
    outcome: RailOutcome,
) -> Result<bool, RailError> {
    let payment = tx.find_rail_payment(tenant, id)?;
    let payment = payment.ok_or(RailError::NotFound("rail payment"))?;
    let session = tx.lock_session(tenant, &payment.session_id)?;
    let transaction = tx.lock_transaction(tenant, &payment.transaction_id)?;
    let (Some(session), Some(transaction)) = (session, transaction) else {
        return Err(RailError::Store(StoreError::Corrupt {
            table: "rail_payments",
            id: id.to_string(),
            why: "its session or transaction is missing".into(),
        }));
    };
    // Named as the simulator names them, so that an answer that is on its way says the same.
    let tail = transaction.id.as_str().rsplit('_').next().unwrap_or_default();
    let moving =
        matches!(transaction.state, State::PaymentReceived { .. } | State::Settling { .. });
    let waiting = matches!(transaction.state, State::AwaitingPayment { .. });
    let (event, goes_on) = match outcome {
        RailOutcome::Settle if waiting => {
            (Event::PaymentSucceeded { payment: format!("sim_pay_{tail}") }, true)
        }
        RailOutcome::Settle if moving => {
            (Event::PayoutSucceeded { chain_transaction: format!("forced_{tail}") }, false)
        }
        RailOutcome::Fail if waiting => {
            (Event::PaymentDeclined { reason: Reason::ForcedFailure }, false)
        }
        RailOutcome::Fail if moving => (Event::PayoutFailed, false),
        RailOutcome::Cancel if waiting => {
            (Event::PaymentDeclined { reason: Reason::PaymentCancelled }, false)
        }
        RailOutcome::Settle | RailOutcome::Fail | RailOutcome::Cancel => {
            return Err(RailError::OutOfStep(match payment.state.status() {
                "processing" => "moving money already",
                ended => ended,
            }));
        }
    };
    let (session_id, all) = (&payment.session_id, &CommandKind::ALL);
    tx.close_commands(tenant, session_id, &payment.transaction_id, None, all)?;
    advance_transaction(tx, scope, session, transaction, &event, None)?;
    Ok(goes_on)
}
