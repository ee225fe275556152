//! Reviews: a person finds out what nobody knew, and the books, the session and the partner follow.

use gate_domain::ids::{RefundId, Tenant, TransactionId};
use gate_domain::rail::CommandKind;
use gate_domain::reason::Reason;
use gate_domain::refund;
use gate_domain::session::Session;
use gate_domain::transaction::{self, Event, Resolution, Transaction};
use gate_store::{OperatorAction, StoreError, Tx};

use crate::advance::{AdvanceError, advance_transaction};
use crate::app::Scope;
use crate::refunds::{FollowError, advance_refund, quote_of};

/// What is written down about a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Why, in the operator's words.
    pub reason: String,
    /// Who decides.
    pub actor: String,
}

/// Why a review goes on.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// It is gone or somebody else's.
    #[error("no such transaction or refund")]
    NotFound,
    /// What the session or the rail payment has told its partner cannot be taken back.
    #[error("the partner was told already that it came to nothing: it can only be refunded")]
    ToldOtherwise,
    /// Its rules refused.
    #[error(transparent)]
    Transaction(#[from] transaction::Refused),
    /// The refund's rules refused.
    #[error(transparent)]
    Refund(#[from] refund::Refused),
    /// The session did not follow.
    #[error("the session does not follow: {0}")]
    Session(gate_domain::session::Refused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AdvanceError> for ReviewError {
    fn from(error: AdvanceError) -> Self {
        match error {
            AdvanceError::Session(refused) => Self::Session(refused),
            AdvanceError::Transaction(refused) => Self::Transaction(refused),
            AdvanceError::Store(error) => Self::Store(error),
        }
    }
}

impl From<FollowError> for ReviewError {
    fn from(error: FollowError) -> Self {
        match error {
            FollowError::Refused(refused) => Self::Refund(refused),
            FollowError::Store(error) => Self::Store(error),
        }
    }
}

/// Say how a transaction ended that nobody knew the end of. What is not booked yet is; the session
/// and the rail payment follow, and events go out as if the rail had said it.
pub fn resolve_transaction(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &TransactionId,
    outcome: &Resolution,
    decision: &Decision,
) -> Result<Transaction, ReviewError> {
    let known = tx.find_transaction(tenant, id)?.ok_or(ReviewError::NotFound)?;
    let session = tx.lock_session(tenant, &known.session_id)?.ok_or(ReviewError::NotFound)?;
    let transaction = tx.lock_transaction(tenant, id)?.ok_or(ReviewError::NotFound)?;
    let event = Event::ReviewResolved { outcome: outcome.clone() };
    transaction.state.apply(&event)?;
    if matches!(outcome, Resolution::Completed { .. }) && !may_complete(tx, &session, &transaction)?
    {
        return Err(ReviewError::ToldOtherwise);
    }
    // A person has said what was delivered and what went back, so nobody sends or asks about that any
    // more. The payment is asked about on: it may be taken back, and one that comes after all where
    // nothing was taken goes back.
    let reversed = transaction.state.reason() == Some(Reason::PaymentReversed);
    if *outcome != Resolution::Failed && !reversed {
        let answered = [CommandKind::Payout, CommandKind::Refund];
        tx.close_commands(tenant, &known.session_id, id, None, &answered)?;
    }
    write_down(tx, scope, tenant, id.as_str(), word(outcome), decision)?;
    advance_transaction(tx, scope, session, transaction, &event, None)?;
    tx.find_transaction(tenant, id)?.ok_or(ReviewError::NotFound)
}

/// Whether the session and the rail payment can still end well with this transaction.
fn may_complete(
    tx: &mut Tx,
    session: &Session,
    transaction: &Transaction,
) -> Result<bool, StoreError> {
    // What was told stays true: the tokens have arrived, or the payment is back.
    if transaction.state.reason() == Some(Reason::PaymentReversed) {
        return Ok(true);
    }
    if !session.is_open() || session.transaction.as_ref() != Some(&transaction.id) {
        return Ok(false);
    }
    let Some(id) = transaction.means.rail() else { return Ok(true) };
    let payment = tx.find_rail_payment(&transaction.tenant, id)?;
    let processing = gate_domain::rail_payment::State::Processing;
    Ok(payment.is_some_and(|payment| payment.state == processing))
}

/// Say whether the money of a refund is back.
pub fn resolve_refund(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &RefundId,
    paid: bool,
    decision: &Decision,
) -> Result<(), ReviewError> {
    let known = tx.find_refund(tenant, id)?.ok_or(ReviewError::NotFound)?;
    tx.lock_session(tenant, &known.session_id)?;
    tx.lock_transaction(tenant, &known.transaction_id)?;
    let refund = tx.lock_refund(tenant, id)?.ok_or(ReviewError::NotFound)?;
    let event = if paid { refund::Event::FoundPaid } else { refund::Event::FoundUnpaid };
    refund.state.apply(event)?;
    let quote = quote_of(tx, &refund)?;
    let (session, transaction) = (&known.session_id, &known.transaction_id);
    tx.close_commands(tenant, session, transaction, Some(id), &[CommandKind::Refund])?;
    let outcome = if paid { "refunded" } else { "failed" };
    write_down(tx, scope, tenant, id.as_str(), outcome, decision)?;
    Ok(advance_refund(tx, scope, refund, &quote, event)?)
}

fn write_down(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    subject: &str,
    outcome: &str,
    decision: &Decision,
) -> Result<(), StoreError> {
    let action = OperatorAction {
        action: "review_resolved".into(),
        outcome: outcome.into(),
        reason: decision.reason.clone(),
        actor: decision.actor.clone(),
        created_at: scope.now,
    };
    tx.insert_operator_action(tenant, subject, &action)
}

/// The word of an outcome, as an operator gives it.
const fn word(outcome: &Resolution) -> &'static str {
    match outcome {
        Resolution::Completed { .. } => "completed",
        Resolution::Refunded { .. } => "refunded",
        Resolution::Failed => "failed",
    }
}
