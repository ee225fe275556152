//! Carrying out what a change causes: events, rail commands, ledger postings, and what a change of
//! a transaction means for its session. Everything here happens in the transaction of the change.

use gate_domain::event::EventType;
use gate_domain::ids::{CommandId, DeliveryId, EventId, Mode, PostingId, Tenant};
use gate_domain::ledger::{Booking, Hold, HoldEnd, Posting};
use gate_domain::quote::Quote;
use gate_domain::rail::{ChallengeCode, Command, CommandKind, Means};
use gate_domain::session::{self, Session};
use gate_domain::transaction::{self, PaymentStep, Transaction};
use gate_store::{DeliveryRow, Locked, NewEvent, OperatorAction, StoreError, Tx, WrittenEvent};
use gate_wire::error::ReasonBody;
use gate_wire::event::{EventBody, NotBuiltBody};
use gate_wire::session::{KycRequiredBody, SessionBody};
use gate_wire::transaction::TransactionBody;
use serde::Serialize;
use tracing::error;

use crate::app::Scope;
use crate::halt::is_halted;
use crate::rails::follow_with_rail_payment;
use crate::reversals::{self, announce_reversal, reversible_units};

/// Why a session or a transaction did not move.
#[derive(Debug, thiserror::Error)]
pub enum AdvanceError {
    /// The session's rules refused.
    #[error(transparent)]
    Session(#[from] session::Refused),
    /// The transaction's rules refused.
    #[error(transparent)]
    Transaction(#[from] transaction::Refused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a transaction did not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BeginError {
    /// Payments are paused.
    #[error("payments are paused while the books are checked")]
    Halted,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a session event says.
#[derive(Serialize)]
struct SessionEventData {
    #[serde(flatten)]
    session: SessionBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<TransactionBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonBody>,
}

/// Move a session and carry out what that causes.
pub fn advance_session(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    event: &session::Event,
) -> Result<Session, AdvanceError> {
    advance_session_with(tx, scope, session, event, |_| {})
}

/// The same, where the session gets another transaction at once.
pub(crate) fn advance_session_with(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    event: &session::Event,
    touch: impl FnOnce(&mut Session),
) -> Result<Session, AdvanceError> {
    let step = session.state.apply(event, &session.terms)?;
    scope.session_changed(&session.id);
    tx.advance_session(session, step, scope.now, touch, |tx, session, effect| match effect {
        session::Effect::Announce(event_type) => {
            Ok(announce_session(tx, scope, session, event_type)?)
        }
        session::Effect::AbandonPayment => abandon_payment(tx, scope, session),
        session::Effect::DropIdentityCheck => {
            Ok(tx.drop_identity_check(&session.tenant, &session.id, scope.now)?)
        }
    })
}

/// Move a transaction, carry out what that causes, and let its session follow.
///
/// `session` is locked before `transaction`, by everybody.
pub fn advance_transaction(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    transaction: Locked<Transaction>,
    event: &transaction::Event,
    challenge_code: Option<&ChallengeCode>,
) -> Result<(), AdvanceError> {
    if *event == transaction::Event::PaymentReversed {
        let quote = find_agreed_quote(tx, &transaction)?;
        if reversible_units(tx, &transaction, &quote)? <= 0 {
            let id = &transaction.id;
            error!(%id, "the payment of {id} was taken back, and nothing of it is left: not booked");
            return Err(transaction::Refused::NothingToReverse.into());
        }
    }
    let applied = transaction.state.apply(event);
    if let (
        transaction::Event::PaymentSucceeded { payment },
        Err(transaction::Refused::OtherPayment),
    ) = (event, &applied)
    {
        let (id, known) = (&transaction.id, transaction.state.payment().unwrap_or_default());
        error!(%id, known, payment, "{id} is paid by {known}, and the rail names {payment} too: not booked");
    }
    let step = applied?;
    if step == transaction::Step::Unchanged {
        if *event == transaction::Event::PaymentReversed && transaction.state.is_reinstated() {
            let id = &transaction.id;
            error!(%id, "the payment of {id} was taken back again after it had come again: not booked");
        }
        return Ok(());
    }
    let moved = carry_out(tx, scope, &session, transaction, step, challenge_code)?;
    if let Some(id) = moved.means.rail() {
        follow_with_rail_payment(tx, scope, id, &moved)?;
    }
    // A later attempt may be under way, or the session over: money that comes back from an old
    // one does not disturb it.
    let follows = session.is_open() && session.transaction.as_ref() == Some(&moved.id);
    if follows && let Some(event) = session_event(&moved.state) {
        advance_session(tx, scope, session, &event)?;
    }
    Ok(())
}

/// What a transaction's new state means for its session.
fn session_event(state: &transaction::State) -> Option<session::Event> {
    use session::Event as E;
    use transaction::State as S;
    match state {
        S::AwaitingPayment { step: PaymentStep::Challenge } => Some(E::ChallengeAsked),
        S::AwaitingPayment {
            step: PaymentStep::Authorising | PaymentStep::Confirming | PaymentStep::Partial,
        }
        | S::PaymentReceived { .. } => Some(E::PaymentMoving),
        S::AwaitingPayment { step: PaymentStep::Repricing } => Some(E::NewPriceNeeded),
        S::AwaitingPayment { step: PaymentStep::Deposit } | S::Settling { .. } => None,
        S::Completed { .. } => Some(E::TransactionCompleted),
        // It is completed, and stays so.
        S::Reversed { .. } => None,
        S::Failed { reason } => Some(E::TransactionFailed(*reason)),
        S::RefundPending { reason, .. } => Some(E::RefundStarted(*reason)),
        S::Refunded { reason, .. } => Some(E::TransactionRefunded(*reason)),
        S::Review { reason, .. } => Some(E::ReviewStarted(*reason)),
    }
}

fn carry_out(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: &Session,
    transaction: Locked<Transaction>,
    step: transaction::Step,
    challenge_code: Option<&ChallengeCode>,
) -> Result<Transaction, AdvanceError> {
    let quote = find_agreed_quote(tx, &transaction)?;
    let counted = transaction.state.counts();
    let moved = tx.advance_transaction(
        transaction,
        step,
        scope.now,
        |tx, transaction, effect| -> Result<(), AdvanceError> {
            match effect {
                transaction::Effect::Book(booking) => {
                    Ok(book_effect(tx, scope, transaction, &quote, booking)?)
                }
                transaction::Effect::Withdraw(kind) => Ok(withdraw(tx, scope, transaction, kind)?),
                transaction::Effect::Send(kind) => Ok(insert_command(
                    tx,
                    scope,
                    session,
                    transaction,
                    &quote,
                    kind,
                    challenge_code,
                )?),
            }
        },
    )?;
    if let Some(end) = HoldEnd::of(&moved.state) {
        tx.end_hold(&moved.tenant, moved.id.as_str(), end, scope.now)?;
    }
    match (counted, moved.state.counts()) {
        (true, false) => tx.give_spend_back(moved.tenant.mode, &moved.id, scope.now)?,
        (false, true) => tx.count_spend_again(moved.tenant.mode, &moved.id)?,
        (true, true) | (false, false) => {}
    }
    Ok(moved)
}

/// Keep back what nobody has sent yet, and write that down for whoever has to decide now.
fn withdraw(
    tx: &mut Tx,
    scope: &Scope<'_>,
    transaction: &Transaction,
    kind: CommandKind,
) -> Result<(), StoreError> {
    if tx.withdraw_commands(transaction, kind)? == 0 {
        return Ok(());
    }
    let action = OperatorAction {
        action: format!("{}_kept_back", kind.as_str()),
        outcome: "never_sent".into(),
        reason: "the rails contradict what it was for".into(),
        actor: "the gateway".into(),
        created_at: scope.now,
    };
    tx.insert_operator_action(&transaction.tenant, transaction.id.as_str(), &action)
}

/// Book a fact about a transaction itself.
fn book_effect(
    tx: &mut Tx,
    scope: &Scope<'_>,
    transaction: &Transaction,
    quote: &Quote,
    booking: Booking,
) -> Result<(), StoreError> {
    let posting = match booking {
        Booking::PaymentReversed | Booking::PaymentReinstated => {
            let posting = reversals::posting(tx, transaction, quote, booking)?;
            // What was given back for want of a delivery is told by its session.
            if transaction.state.chain_transaction().is_some() {
                announce_reversal(tx, scope, transaction, quote, &posting)?;
            }
            posting
        }
        // Tokens that were sent are here and booked already, as nobody's.
        Booking::PaymentCaptured if transaction.means.deposit().is_some() => {
            Posting::of_tokens_taken(quote)
        }
        _ => Posting::of(booking, quote),
    };
    book(tx, scope, transaction, &posting)
}

/// Book a posting about a transaction itself.
fn book(
    tx: &mut Tx,
    scope: &Scope<'_>,
    transaction: &Transaction,
    posting: &Posting,
) -> Result<(), StoreError> {
    let (tenant, id) = (&transaction.tenant, &transaction.id);
    let posting_id = PostingId::new(tenant.mode, scope.seed());
    tx.insert_posting(tenant, &posting_id, id, id.as_str(), posting, scope.now)
}

/// Write down a new transaction with its charge, and hold what it promises. From here on money may
/// be moving. Tokens that the user sends are not charged: they come.
pub(crate) fn begin_transaction(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: &Session,
    transaction: &Transaction,
    quote: &Quote,
) -> Result<(), BeginError> {
    if is_halted(tx)? {
        return Err(BeginError::Halted);
    }
    tx.insert_transaction(transaction)?;
    let (tenant, id) = (&transaction.tenant, &transaction.id);
    tx.insert_hold(tenant, id.as_str(), id, &Hold::of_payout(quote), scope.now)?;
    match transaction.means {
        Means::Deposit(_) => Ok(()),
        Means::Card(_) | Means::Rail(_) => {
            let kind = CommandKind::Charge;
            Ok(insert_command(tx, scope, session, transaction, quote, kind, None)?)
        }
    }
}

/// Write down a command of a transaction, and wake the worker that sends it.
fn insert_command(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: &Session,
    transaction: &Transaction,
    quote: &Quote,
    kind: CommandKind,
    challenge_code: Option<&ChallengeCode>,
) -> Result<(), StoreError> {
    let amount = match kind {
        CommandKind::Payout => quote.delivered().clone(),
        CommandKind::Charge | CommandKind::Confirm | CommandKind::Void | CommandKind::Refund => {
            quote.taken().clone()
        }
    };
    let command = Command {
        id: CommandId::new(transaction.tenant.mode, scope.seed()),
        transaction_id: transaction.id.clone(),
        refund_id: None,
        deposit_id: None,
        kind,
        method: quote.method_of(&amount),
        amount,
        means: transaction.means.clone(),
        address: transaction.address.clone(),
        challenge_code: challenge_code.cloned(),
        created_at: scope.now,
    };
    scope.wake_commands();
    tx.insert_command(&transaction.tenant, &session.id, &command)
}

/// The quote that a transaction was made with.
pub fn find_agreed_quote(tx: &mut Tx, transaction: &Transaction) -> Result<Quote, StoreError> {
    let quote = tx.find_quote(&transaction.tenant, &transaction.quote_id)?;
    quote.ok_or_else(|| StoreError::Corrupt {
        table: "transactions",
        id: transaction.id.to_string(),
        why: "its quote is missing".into(),
    })
}

/// The session ended while its payment waited for a second step: let go of the payment.
fn abandon_payment(tx: &mut Tx, scope: &Scope<'_>, session: &Session) -> Result<(), AdvanceError> {
    let Some(id) = &session.transaction else { return Ok(()) };
    let Some(transaction) = tx.lock_transaction(&session.tenant, id)? else { return Ok(()) };
    let step = transaction.state.apply(&transaction::Event::Abandoned)?;
    carry_out(tx, scope, session, transaction, step, None)?;
    Ok(())
}

/// Announce a fact about a session.
pub(crate) fn announce_session(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: &Session,
    event_type: EventType,
) -> Result<(), StoreError> {
    if event_type == EventType::KycRequired {
        return announce_identity_check(tx, scope, session);
    }
    let transaction = match (&session.transaction, event_type) {
        (
            Some(id),
            EventType::SessionProcessing | EventType::SessionCompleted | EventType::SessionFailed,
        ) => tx.find_transaction(&session.tenant, id)?,
        _ => None,
    };
    let reason = session.state.reason();
    let reason = reason.map(|reason| ReasonBody::about(reason, transaction.as_ref()));
    let transaction = match &transaction {
        Some(transaction) => {
            let quote = find_agreed_quote(tx, transaction)?;
            Some(TransactionBody::new(transaction, &quote))
        }
        None => None,
    };
    let data = SessionEventData { session: session.into(), transaction, reason };
    announce(tx, scope, &new_session_event(scope, session, event_type), &data)?;
    Ok(())
}

/// Say that a user has to show who they are: no more than the partner needs to send them back.
fn announce_identity_check(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: &Session,
) -> Result<(), StoreError> {
    let Some(check) = session.choice().and_then(|choice| choice.identity) else { return Ok(()) };
    let data = KycRequiredBody {
        session_id: session.id.to_string(),
        level: check.level.into(),
        reason: check.reason().into(),
    };
    let event = new_session_event(scope, session, EventType::KycRequired);
    announce(tx, scope, &event, &data)?;
    Ok(())
}

fn new_session_event(scope: &Scope<'_>, session: &Session, event_type: EventType) -> NewEvent {
    NewEvent {
        id: EventId::new(session.tenant.mode, scope.seed()),
        tenant: session.tenant.clone(),
        event_type,
        session_id: Some(session.id.clone()),
        subject: None,
        created_at: scope.now,
    }
}

/// The longest event that is written: 256 KiB, as much as a request may have.
const EVENT_BYTES_MAX: usize = 256 * 1024;

/// Announce a fact: the event, its place in the feed and its deliveries. A fact whose event cannot be
/// written is a fact all the same: in its place the partner is told so.
pub(crate) fn announce(
    tx: &mut Tx,
    scope: &Scope<'_>,
    event: &NewEvent,
    data: &impl Serialize,
) -> Result<Vec<DeliveryId>, StoreError> {
    let mode = event.tenant.mode;
    let write = |sequence| match envelope(event, event.event_type, sequence, data) {
        Ok(body) => WrittenEvent { event_type: event.event_type, body },
        Err(reason) => not_built(event, sequence, reason),
    };
    let deliveries = tx.append_event(event, write, || DeliveryId::new(mode, scope.seed()))?;
    scope.feed_grew(&event.tenant);
    if !deliveries.is_empty() {
        scope.wake_deliveries();
    }
    Ok(deliveries)
}

fn envelope(
    event: &NewEvent,
    event_type: EventType,
    sequence: i64,
    data: &impl Serialize,
) -> Result<String, String> {
    let body = EventBody {
        id: event.id.to_string(),
        object: "event".into(),
        event_type: event_type.as_str().into(),
        created_at: event.created_at.unix_seconds(),
        livemode: event.tenant.mode == Mode::Live,
        sequence,
        data,
    };
    let body = serde_json::to_string(&body).map_err(|error| error.to_string())?;
    if body.len() > EVENT_BYTES_MAX {
        return Err(format!("it would have more than {EVENT_BYTES_MAX} bytes"));
    }
    Ok(body)
}

/// What stands in the place of an event that could not be written.
fn not_built(event: &NewEvent, sequence: i64, reason: String) -> WrittenEvent {
    let (id, event_type) = (&event.id, event.event_type.as_str());
    error!(%id, event_type, reason, "{id} could not be written; its partner is told so");
    let session_id = event.session_id.as_ref().map(ToString::to_string);
    let data = NotBuiltBody {
        event_type: event_type.into(),
        subject: session_id.or_else(|| event.subject.clone()),
        reason,
    };
    let event_type = EventType::EventNotBuilt;
    let body = envelope(event, event_type, sequence, &data).expect("a few short texts");
    WrittenEvent { event_type, body }
}

/// Read a delivery that was just written.
pub(crate) fn find_own_delivery(
    tx: &mut Tx,
    tenant: &Tenant,
    id: &DeliveryId,
) -> Result<DeliveryRow, StoreError> {
    tx.find_delivery(tenant, id)?.ok_or_else(|| StoreError::Corrupt {
        table: "deliveries",
        id: id.to_string(),
        why: "it was written in this transaction and is missing".into(),
    })
}
