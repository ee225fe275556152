//! Refunds: give a completed payment back because the partner wants it to, whole or in part, and
//! follow what becomes of that.

use gate_domain::ids::{CommandId, EventId, PostingId, RefundId, Tenant, TransactionId};
use gate_domain::ledger::{Booking, Hold, HoldEnd, Posting};
use gate_domain::money::{DecimalError, Money};
use gate_domain::quote::Quote;
use gate_domain::rail::{Command, CommandKind};
use gate_domain::refund::{self, NotRefundable, Refund, Share, State, Step};
use gate_domain::transaction::{self, Reversal, Transaction};
use gate_store::{IdempotentRequest, Locked, NewEvent, StoreError, Tx};
use gate_wire::refund::RefundBody;

use crate::advance::{announce, find_agreed_quote};
use crate::app::Scope;
use crate::halt::is_halted;
use crate::idempotency::{Answered, KeyReused, answer_with, answered_before};

/// A request to give a payment back.
#[derive(Clone, Debug)]
pub struct CreateRefund {
    /// Whose.
    pub tenant: Tenant,
    /// The key that makes it safe to repeat; only operators go without.
    pub request: Option<IdempotentRequest>,
    /// The transaction whose payment goes back.
    pub transaction_id: TransactionId,
    /// How much, as a decimal string of the currency; where nothing is said, all that is left.
    pub amount: Option<String>,
}

/// Why there is no refund.
#[derive(Debug, thiserror::Error)]
pub enum RefundError {
    /// The idempotency key was used for another body.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The transaction is gone or somebody else's.
    #[error("no such transaction")]
    NotFound,
    /// What was not delivered goes back by itself, and what was not paid not at all.
    #[error("the transaction is {0}, and only a completed one is refunded")]
    NotCompleted(&'static str),
    /// It is a sale, or nothing is left.
    #[error(transparent)]
    NotRefundable(NotRefundable),
    /// It is more than what is left.
    #[error("at most {} {} can be given back", .left.to_decimal(), .left.asset.code)]
    TooMuch {
        /// What is left.
        left: Money,
    },
    /// Another refund of the same payment has not ended.
    #[error("another refund of this transaction is under way")]
    InFlight,
    /// It is no amount of the currency.
    #[error("the amount {0}")]
    Amount(#[from] DecimalError),
    /// No money moves before an operator has looked at the books.
    #[error("payments are paused while the books are checked")]
    Paused,
    /// Nothing cannot be given back.
    #[error("the amount must be more than 0")]
    Nothing,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a refund did not move.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// Its rules refused.
    #[error(transparent)]
    Refused(#[from] refund::Refused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Give a payment back, or answer what the same key answered before. From here on money may be moving.
pub fn create_refund(
    tx: &mut Tx,
    scope: &Scope<'_>,
    command: &CreateRefund,
) -> Result<Answered, RefundError> {
    let tenant = &command.tenant;
    let known = tx.find_transaction(tenant, &command.transaction_id)?;
    // The locks come first: a twin that waited for them finds the answer of the other, and not merely
    // that a refund is under way.
    let transaction = match known {
        Some(known) => {
            tx.lock_session(tenant, &known.session_id)?;
            tx.lock_transaction(tenant, &known.id)?
        }
        None => None,
    };
    if let Some(request) = &command.request
        && let Some(answered) = answered_before::<RefundError>(tx, request)?
    {
        return Ok(answered);
    }
    let transaction = transaction.ok_or(RefundError::NotFound)?;
    if is_halted(tx)? {
        return Err(RefundError::Paused);
    }
    let quote = find_agreed_quote(tx, &transaction)?;
    let share = check(tx, command, &transaction, &quote)?;
    let refund = Refund {
        id: RefundId::new(tenant.mode, scope.seed()),
        tenant: tenant.clone(),
        transaction_id: transaction.id.clone(),
        session_id: transaction.session_id.clone(),
        amount: Money::new(share.amount, quote.fiat.asset.clone()),
        service_units: share.service,
        state: State::Pending,
        created_at: scope.now,
        updated_at: scope.now,
    };
    write_down(tx, scope, &refund, &transaction, &quote)?;
    let body = RefundBody::new(&refund, &quote);
    let answered = answer_with(tx, scope, command.request.as_ref(), 201, &body)?;
    announce_refund(tx, scope, &refund, &quote)?;
    Ok(answered)
}

/// Everything that can be in the way; answers what goes back.
fn check(
    tx: &mut Tx,
    command: &CreateRefund,
    transaction: &Transaction,
    quote: &Quote,
) -> Result<Share, RefundError> {
    match transaction.state {
        transaction::State::Completed { reversal: Some(Reversal::Lost), .. } => {
            return Err(RefundError::NotRefundable(NotRefundable::NothingLeft));
        }
        transaction::State::Completed { .. } if went_back(tx, transaction)? => {
            return Err(RefundError::NotRefundable(NotRefundable::NothingLeft));
        }
        transaction::State::Completed { .. } => {}
        _ => return Err(RefundError::NotCompleted(transaction.state.status())),
    }
    let currency = quote.fiat.asset.clone();
    let wanted = match &command.amount {
        Some(text) => Some(Money::parse(text, currency.clone())?.units),
        None => None,
    };
    if wanted.is_some_and(|units| units <= 0) {
        return Err(RefundError::Nothing);
    }
    let refunds = tx.list_all_refunds(&command.tenant, &transaction.id)?;
    let before = given_back(&refunds);
    if refunds.iter().any(is_under_way) {
        return Err(RefundError::InFlight);
    }
    refund::next_share(quote, before, wanted).map_err(|why| match why {
        NotRefundable::TooMuch => {
            let left = refund::refundable(quote) - before;
            RefundError::TooMuch { left: Money::new(left, currency) }
        }
        why => RefundError::NotRefundable(why),
    })
}

/// Whether the payment of a completed transaction went back before the tokens were known to be there.
fn went_back(tx: &mut Tx, transaction: &Transaction) -> Result<bool, StoreError> {
    let postings = tx.list_postings_of(&transaction.tenant, &transaction.id)?;
    let whole = Booking::PaymentRefunded.as_str();
    Ok(postings.iter().any(|row| row.record.booking == whole))
}

/// Whether nobody knows yet if the money of a refund goes back.
pub(crate) const fn is_under_way(refund: &Refund) -> bool {
    matches!(refund.state, State::Pending | State::Review { .. })
}

/// What has gone back of a payment, in smallest units.
pub(crate) fn given_back(refunds: &[Refund]) -> i128 {
    let paid = refunds.iter().filter(|refund| refund.state == State::Succeeded);
    paid.map(|refund| refund.amount.units).sum()
}

/// Write the refund down, with what it promises and the command that pays it.
fn write_down(
    tx: &mut Tx,
    scope: &Scope<'_>,
    refund: &Refund,
    transaction: &Transaction,
    quote: &Quote,
) -> Result<(), StoreError> {
    let tenant = &refund.tenant;
    tx.insert_refund(refund)?;
    let hold = Hold::of_refund(quote, &refund.amount);
    tx.insert_hold(tenant, refund.id.as_str(), &transaction.id, &hold, scope.now)?;
    let command = Command {
        id: CommandId::new(tenant.mode, scope.seed()),
        transaction_id: transaction.id.clone(),
        refund_id: Some(refund.id.clone()),
        deposit_id: None,
        kind: CommandKind::Refund,
        amount: refund.amount.clone(),
        method: quote.method_of(&refund.amount),
        means: transaction.means.clone(),
        address: None,
        challenge_code: None,
        created_at: scope.now,
    };
    scope.wake_commands();
    tx.insert_command(tenant, &refund.session_id, &command)
}

/// Move a refund and carry out what that causes. Its session and transaction are locked before it.
pub(crate) fn advance_refund(
    tx: &mut Tx,
    scope: &Scope<'_>,
    refund: Locked<Refund>,
    quote: &Quote,
    event: refund::Event,
) -> Result<(), FollowError> {
    let Step::Moved(next) = refund.state.apply(event)? else { return Ok(()) };
    let refund = tx.save_refund(refund, next, scope.now)?;
    let (tenant, subject) = (&refund.tenant, refund.id.as_str());
    match next {
        State::Succeeded => {
            let share = Share { amount: refund.amount.units, service: refund.service_units };
            let posting = Posting::of_refund(quote, &share);
            let id = PostingId::new(tenant.mode, scope.seed());
            let transaction = &refund.transaction_id;
            tx.insert_posting(tenant, &id, transaction, subject, &posting, scope.now)?;
            tx.end_hold(tenant, subject, HoldEnd::Posted, scope.now)?;
        }
        State::Failed { .. } => tx.end_hold(tenant, subject, HoldEnd::Voided, scope.now)?,
        State::Pending | State::Review { .. } => {}
    }
    announce_refund(tx, scope, &refund, quote)?;
    Ok(())
}

/// Tell the partner where a refund has come to, if that is for it to know.
fn announce_refund(
    tx: &mut Tx,
    scope: &Scope<'_>,
    refund: &Refund,
    quote: &Quote,
) -> Result<(), StoreError> {
    let Some(event_type) = refund.state.event() else { return Ok(()) };
    let event = NewEvent {
        id: EventId::new(refund.tenant.mode, scope.seed()),
        tenant: refund.tenant.clone(),
        event_type,
        session_id: Some(refund.session_id.clone()),
        subject: None,
        created_at: scope.now,
    };
    announce(tx, scope, &event, &RefundBody::new(refund, quote))?;
    Ok(())
}

/// A refund as its partner sees it.
pub fn find_refund(
    tx: &mut Tx,
    tenant: &Tenant,
    id: &RefundId,
) -> Result<Option<RefundBody>, StoreError> {
    let Some(refund) = tx.find_refund(tenant, id)? else { return Ok(None) };
    let quote = quote_of(tx, &refund)?;
    Ok(Some(RefundBody::new(&refund, &quote)))
}

/// A page of a transaction's refunds, newest first, after the one named (or from the newest); none
/// when there is no such transaction.
pub fn list_refunds(
    tx: &mut Tx,
    tenant: &Tenant,
    transaction: &TransactionId,
    after: Option<&RefundId>,
    limit: i64,
) -> Result<Option<Vec<RefundBody>>, StoreError> {
    let Some(transaction) = tx.find_transaction(tenant, transaction)? else { return Ok(None) };
    let quote = find_agreed_quote(tx, &transaction)?;
    let refunds = tx.list_refunds(tenant, &transaction.id, after, limit)?;
    Ok(Some(refunds.iter().map(|refund| RefundBody::new(refund, &quote)).collect()))
}

/// The quote of a refund's transaction.
pub(crate) fn quote_of(tx: &mut Tx, refund: &Refund) -> Result<Quote, StoreError> {
    let transaction = tx.find_transaction(&refund.tenant, &refund.transaction_id)?;
    let transaction = transaction.ok_or_else(|| StoreError::Corrupt {
        table: "refunds",
        id: refund.id.to_string(),
        why: "its transaction is missing".into(),
    })?;
    find_agreed_quote(tx, &transaction)
}
