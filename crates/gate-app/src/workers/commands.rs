//! The rails worker: sends the commands that were written down, asks about those whose answer is
//! outstanding, and feeds what it hears into the transactions.

use std::time::Duration;

use futures::future::join_all;
use gate_domain::deposit;
use gate_domain::rail::{Command, CommandKind};
use gate_domain::reason::Reason;
use gate_domain::refund;
use gate_domain::session::Session;
use gate_domain::time::Millis;
use gate_domain::transaction::Event;
use gate_rails::{RailError, Rails, Reply};
use gate_store::{ClaimedCommand, Locked, StoreError, Tx};
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::run_passes;
use crate::advance::{AdvanceError, advance_transaction, find_agreed_quote};
use crate::app::{App, Scope};
use crate::deposits::{DepositError, advance_deposit};
use crate::halt::is_halted;
use crate::refunds::{FollowError, advance_refund};
use crate::reversals::refund_under_way;

/// Commands in one pass.
const BATCH_MAX: i64 = 64;
/// How long a claim holds.
const LEASE_MS: i64 = 30_000;
/// The first wait after a rail said nothing; doubled each time.
const SILENCE_WAIT_MS: i64 = 500;
/// The longest wait between two questions.
const ASK_WAIT_MS_MAX: i64 = 60_000;
/// How long a rail may take to say something: 10 s.
const RAIL_DEADLINE_MS: i64 = 10_000;
const RAIL_DEADLINE: Duration = Duration::from_millis(RAIL_DEADLINE_MS.unsigned_abs());
/// How long we ask before a person has to look into it: 15 min, and at least this often.
const REVIEW_AFTER_MS: i64 = 15 * 60_000;
const REVIEW_AFTER_ATTEMPTS: i64 = 5;
/// How often we ask on while a person looks into it: every hour.
const ASK_IN_REVIEW_MS: i64 = 3_600_000;
/// When nobody asks any more: 30 days.
const GIVE_UP_AFTER_MS: i64 = 30 * 24 * 3_600_000;
/// What takes money and was not sent by now is not sent at all: 5 min. The user has gone, and so has the
/// price.
const STALE_MS: i64 = 5 * 60_000;

/// The worker of a running process.
pub(super) async fn run(app: App, stopped: watch::Receiver<bool>) {
    run_passes(&app, "rails", app.commands_wake(), stopped, || async {
        Ok(send_due_commands(&app).await? > 0)
    })
    .await;
}

/// One pass: claim what is due, send it or ask about it outside of any transaction, record what
/// came of it. Answers how many commands it handled. While payments are paused it claims none.
pub async fn send_due_commands(app: &App) -> Result<usize, StoreError> {
    let token = u128::from_be_bytes(app.ids().random()).to_string();
    let claims = app
        .write(move |tx, scope| {
            if is_halted(tx)? {
                return Ok(Vec::new());
            }
            let until = scope.now.plus_ms(LEASE_MS);
            tx.claim_commands(scope.now, until, &token, BATCH_MAX)
        })
        .await?;
    let handled = claims.len();
    let outcomes = claims.into_iter().map(|claim| handle(app, claim));
    for outcome in join_all(outcomes).await {
        outcome?;
    }
    Ok(handled)
}

async fn handle(app: &App, claim: ClaimedCommand) -> Result<(), StoreError> {
    let Some(rails) = app.rails(claim.tenant.mode) else {
        error!(id = %claim.command.id, "a command in a mode without rails");
        return Ok(());
    };
    let now = app.now();
    let reply = tokio::time::timeout(RAIL_DEADLINE, speak(app, rails, &claim)).await;
    let reply = reply.unwrap_or(Err(RailError::AnswerLost));
    let (heard, due_at) = conclude(&claim, reply, now);
    let id = claim.command.id.clone();
    let recorded = app
        .write(move |tx, scope| {
            // Everybody has a session before its commands: whoever lets time pass or forces an end
            // would else wait for this command, and this for their session.
            let mut session = match &heard[..] {
                [] => None,
                [..] => tx.lock_session(&claim.tenant, &claim.session_id)?,
            };
            let put_off = is_put_off(tx, &claim, &heard)?;
            let due_at = if put_off { Some(now.plus_ms(ASK_WAIT_MS_MAX)) } else { due_at };
            if !tx.record_command(&claim, due_at)? {
                // Whoever had it since may have asked before this was sent.
                tx.hasten_command(&claim, scope.now)?;
                scope.wake_commands();
                return Ok(false);
            }
            for heard in heard.iter().filter(|heard| !(put_off && heard.is_reversal())) {
                take_in(tx, scope, &claim, session.take(), heard)?;
            }
            Ok(true)
        })
        .await;
    match recorded {
        Ok(true) => Ok(()),
        Ok(false) => {
            warn!(%id, "the lease on {id} was lost; somebody else has it");
            Ok(())
        }
        Err(AdvanceError::Store(error)) => Err(error),
        Err(refused) => {
            // The command's lease ends by itself, and then it is asked about again.
            error!(%id, %refused, "the session did not follow its transaction");
            Ok(())
        }
    }
}

/// Whether a payment was taken back while a refund of it is under way. How much is gone is known once
/// that has ended, so the rail is asked again. The session is locked.
fn is_put_off(tx: &mut Tx, claim: &ClaimedCommand, heard: &[Heard]) -> Result<bool, StoreError> {
    if !heard.iter().any(Heard::is_reversal) {
        return Ok(false);
    }
    // A refund begins under this lock.
    let transaction = tx.lock_transaction(&claim.tenant, &claim.command.transaction_id)?;
    match transaction {
        Some(transaction) => refund_under_way(tx, &transaction),
        None => Ok(false),
    }
}

/// Feed something that was heard about a command into its transaction, or into the refund that it
/// pays. The session is read again where something before has changed it.
fn take_in(
    tx: &mut Tx,
    scope: &Scope<'_>,
    claim: &ClaimedCommand,
    session: Option<Locked<Session>>,
    heard: &Heard,
) -> Result<(), AdvanceError> {
    let (tenant, command) = (&claim.tenant, &claim.command);
    let missing = || {
        AdvanceError::Store(StoreError::Corrupt {
            table: "commands",
            id: command.id.to_string(),
            why: "its session, transaction or refund is missing".into(),
        })
    };
    let session = match session {
        Some(session) => session,
        None => tx.lock_session(tenant, &claim.session_id)?.ok_or_else(missing)?,
    };
    let transaction = tx.lock_transaction(tenant, &command.transaction_id)?.ok_or_else(missing)?;
    match (heard, &command.refund_id) {
        (Heard::Refund(event), Some(refund)) => {
            let refund = tx.lock_refund(tenant, refund)?.ok_or_else(missing)?;
            let quote = find_agreed_quote(tx, &transaction)?;
            match advance_refund(tx, scope, refund, &quote, *event) {
                Err(FollowError::Refused(refused)) => {
                    info!(id = %command.id, ?event, %refused, "an answer came too late");
                    Ok(())
                }
                Err(FollowError::Store(error)) => Err(error.into()),
                Ok(()) => Ok(()),
            }
        }
        (Heard::Deposit(event), _) => {
            let deposit = command.deposit_id.as_ref().ok_or_else(missing)?;
            let deposit = tx.lock_deposit(tenant, deposit)?.ok_or_else(missing)?;
            // Another command sends it back by now: that this one did not says nothing of it.
            let current = tx.find_return_command(tenant, &deposit.id)?;
            if *event != deposit::Event::Arrived && current.is_some_and(|id| id != command.id) {
                return Ok(());
            }
            match advance_deposit(tx, scope, deposit, &transaction, *event) {
                Err(DepositError::Store(error)) => Err(error.into()),
                Err(refused) => {
                    info!(id = %command.id, ?event, %refused, "an answer came too late");
                    Ok(())
                }
                Ok(()) => Ok(()),
            }
        }
        (Heard::Transaction(event), None) => {
            match advance_transaction(tx, scope, session, transaction, event, None) {
                Err(AdvanceError::Transaction(refused)) => {
                    info!(id = %command.id, ?event, %refused, "an answer came too late");
                    Ok(())
                }
                moved => moved,
            }
        }
        _ => {
            error!(id = %command.id, ?heard, "a rail answered what it was not asked");
            Ok(())
        }
    }
}

/// Send a new command; ask about one that may have been sent before.
async fn speak(app: &App, rails: &Rails, claim: &ClaimedCommand) -> Result<Reply, RailError> {
    let command = &claim.command;
    let rail = rails.for_command(command);
    if claim.sent_before
        && let Some(reply) = rail.ask(command, app.now()).await?
    {
        return Ok(reply);
    }
    // The clock is read again, for whoever slept until here.
    let now = app.now();
    // Nobody has seen it yet, so it can still be left. Somebody who claimed it before may have fallen
    // asleep while sending it, so it is asked about as long as anything is.
    let stale = now >= command.created_at.plus_ms(STALE_MS);
    if stale && let Some(left) = left_unsent(command.kind) {
        let ask_again_ms = claim.sent_before.then_some(ASK_WAIT_MS_MAX);
        return Ok(Reply { answers: vec![left], ask_again_ms });
    }
    // Whoever claims it next has to find what was sent: nothing is sent that may outlast the lease.
    if now.plus_ms(RAIL_DEADLINE_MS) > claim.leased_until {
        return Err(RailError::Unreachable("its lease is nearly over".into()));
    }
    rail.send(command, now).await
}

/// What it means that a command was left unsent; none for what has to be sent however late it is.
const fn left_unsent(kind: CommandKind) -> Option<Event> {
    match kind {
        CommandKind::Charge => Some(Event::PaymentDeclined { reason: Reason::Abandoned }),
        CommandKind::Confirm => Some(Event::Abandoned),
        CommandKind::Void | CommandKind::Payout | CommandKind::Refund => None,
    }
}

/// What a rail has said, or we conclude from its silence.
#[derive(Clone, Debug)]
enum Heard {
    /// About the transaction.
    Transaction(Event),
    /// About a refund that a partner wanted.
    Refund(refund::Event),
    /// About tokens that go back.
    Deposit(deposit::Event),
}

impl Heard {
    /// What an answer to this command is about.
    fn answer(command: &Command, answer: Event) -> Self {
        match (&command.refund_id, &answer) {
            (None, Event::RefundSucceeded) if command.deposit_id.is_some() => {
                Self::Deposit(deposit::Event::Arrived)
            }
            (None, Event::RefundFailed) if command.deposit_id.is_some() => {
                Self::Deposit(deposit::Event::Refused)
            }
            (Some(_), Event::RefundSucceeded) => Self::Refund(refund::Event::Paid),
            (Some(_), Event::RefundFailed) => Self::Refund(refund::Event::Refused),
            _ => Self::Transaction(answer),
        }
    }

    /// Whether the payment was taken back.
    const fn is_reversal(&self) -> bool {
        matches!(self, Self::Transaction(Event::PaymentReversed))
    }

    /// What it means that nobody knows what became of this command; nothing for one that nobody
    /// waits for.
    fn silence(command: &Command) -> Option<Self> {
        match command.kind {
            CommandKind::Charge | CommandKind::Confirm => {
                Some(Self::Transaction(Event::PaymentUnresolved))
            }
            CommandKind::Payout => Some(Self::Transaction(Event::PayoutUnresolved)),
            CommandKind::Refund if command.refund_id.is_some() => {
                Some(Self::Refund(refund::Event::Unresolved))
            }
            CommandKind::Refund if command.deposit_id.is_some() => {
                Some(Self::Deposit(deposit::Event::Unheard))
            }
            CommandKind::Refund => Some(Self::Transaction(Event::RefundFailed)),
            CommandKind::Void => None,
        }
    }
}

/// What a reply means, and when to ask again.
fn conclude(
    claim: &ClaimedCommand,
    reply: Result<Reply, RailError>,
    now: Millis,
) -> (Vec<Heard>, Option<Millis>) {
    let heard = |answers: Vec<Event>| -> Vec<Heard> {
        answers.into_iter().map(|answer| Heard::answer(&claim.command, answer)).collect()
    };
    let (mut answers, wait_ms) = match reply {
        Ok(Reply { answers, ask_again_ms: None }) => return (heard(answers), None),
        Ok(Reply { answers, ask_again_ms: Some(wait_ms) }) => (heard(answers), wait_ms),
        Err(error) => {
            let (id, kind) = (&claim.command.id, claim.command.kind.as_str());
            warn!(%id, kind, %error, "no answer about {id} yet");
            (Vec::new(), SILENCE_WAIT_MS << claim.attempts.clamp(0, 10))
        }
    };
    let age_ms = now.0 - claim.command.created_at.0;
    if age_ms < REVIEW_AFTER_MS || claim.attempts < REVIEW_AFTER_ATTEMPTS {
        return (answers, Some(now.plus_ms(wait_ms.min(ASK_WAIT_MS_MAX))));
    }
    // A person has to look into it; an answer that comes after all is still taken.
    answers.extend(Heard::silence(&claim.command));
    (answers, (age_ms < GIVE_UP_AFTER_MS).then(|| now.plus_ms(ASK_IN_REVIEW_MS)))
}
