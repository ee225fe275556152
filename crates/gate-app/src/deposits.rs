//! Deposits: the user of a sale sends tokens, and what came is taken in or goes back.

mod give_back;
mod new_price;
mod receive;
mod simulate;
mod start;
mod stray;

use gate_domain::deposit::{self, Deposit};
use gate_domain::ids::{CommandId, DepositId, EventId, PostingId};
use gate_domain::ledger::Posting;
use gate_domain::money::Money;
use gate_domain::quote::Quote;
use gate_domain::rail::{Command, CommandKind};
use gate_domain::time::Millis;
use gate_domain::transaction::Transaction;
use gate_store::{Locked, NewEvent, StoreError, Tx};
use gate_wire::deposit::DepositBody;
use gate_wire::instant::to_rfc3339;

use crate::advance::{AdvanceError, announce};
use crate::app::Scope;

pub(crate) use give_back::{advance_deposit, end_sale};
pub use give_back::{end_return, look_after_deposits, send_back};
pub use new_price::decline_new_price;
pub(crate) use new_price::{accept_new_price, go_on, is_asked, put_new_price};
pub use receive::{Received, Transfer, receive_transfer};
pub use simulate::{SimulateError, Simulated, simulate_deposit, simulate_stray};
pub use start::start_deposit;
pub(crate) use start::{is_our_own, write_down_sale};
pub use stray::{assign_stray, dismiss_stray};

/// Why a transfer or a deposit cannot be worked with.
#[derive(Debug, thiserror::Error)]
pub enum DepositError {
    /// It is gone or somebody else's.
    #[error("no such deposit")]
    NotFound,
    /// There is no transaction that takes in tokens under this id.
    #[error("no such sale or swap")]
    NoSale,
    /// The transaction waits for another token, or for tokens at another address.
    #[error("that sale or swap waits for another token, or at another address")]
    Elsewhere,
    /// No network carries these tokens to or from an address like that.
    #[error("no address like that is on the network of these tokens")]
    OtherFamily,
    /// The stray was there before anybody was asked for it.
    #[error(
        "it came at {}, and that sale or swap asked for tokens at {} only",
        to_rfc3339(*.came),
        to_rfc3339(*.asked)
    )]
    TooEarly {
        /// When the stray came.
        came: Millis,
        /// When the user was given an address.
        asked: Millis,
    },
    /// It was found out before whose the stray is.
    #[error("it is known already whose this is")]
    Found,
    /// The stray was dismissed before.
    #[error("it was dismissed before")]
    Dismissed,
    /// Nothing of it is held, or what is held was not sent back before.
    #[error(transparent)]
    OutOfStep(#[from] deposit::Refused),
    /// No money moves before an operator has looked at the books.
    #[error("payments are paused while the books are checked")]
    Paused,
    /// The session or the transaction did not follow.
    #[error(transparent)]
    Advance(#[from] AdvanceError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What the deposits of a transaction that count add up to, in smallest units.
pub(crate) fn counted_units(deposits: &[Deposit]) -> i128 {
    let counted = deposits.iter().filter(|deposit| deposit.state == deposit::State::Counted);
    counted.map(|deposit| deposit.amount.units - deposit.back_units).sum()
}

/// Book what is known of a deposit.
fn book(
    tx: &mut Tx,
    scope: &Scope<'_>,
    deposit: &Deposit,
    posting: &Posting,
) -> Result<(), StoreError> {
    let Deposit { tenant, transaction_id, id, .. } = deposit;
    let posting_id = PostingId::new(tenant.mode, scope.seed());
    tx.insert_posting(tenant, &posting_id, transaction_id, id.as_str(), posting, scope.now)
}

/// Go on at another price: what it brings is promised from now on.
fn requote(
    tx: &mut Tx,
    scope: &Scope<'_>,
    transaction: Locked<Transaction>,
    fresh: &Quote,
) -> Result<Locked<Transaction>, StoreError> {
    let units = fresh.delivered().units;
    tx.change_hold(&transaction.tenant, transaction.id.as_str(), units, scope.now)?;
    tx.requote_transaction(transaction, &fresh.id)
}

/// Tell the partner where a deposit has come to, if that is for it to know.
fn announce_deposit(tx: &mut Tx, scope: &Scope<'_>, deposit: &Deposit) -> Result<(), StoreError> {
    let Some(event_type) = deposit.state.event() else { return Ok(()) };
    let event = NewEvent {
        id: EventId::new(deposit.tenant.mode, scope.seed()),
        tenant: deposit.tenant.clone(),
        event_type,
        session_id: Some(deposit.session_id.clone()),
        subject: None,
        created_at: scope.now,
    };
    announce(tx, scope, &event, &DepositBody::from(deposit))?;
    Ok(())
}

/// Write down the command that sends back what is not taken in.
fn command_return(
    tx: &mut Tx,
    scope: &Scope<'_>,
    deposit: &Deposit,
    transaction: &Transaction,
) -> Result<(), StoreError> {
    let command = Command {
        id: CommandId::new(deposit.tenant.mode, scope.seed()),
        transaction_id: transaction.id.clone(),
        refund_id: None,
        deposit_id: Some(deposit.id.clone()),
        kind: CommandKind::Refund,
        amount: Money::new(deposit.back_units, deposit.amount.asset.clone()),
        means: transaction.means.clone(),
        method: None,
        address: None,
        challenge_code: None,
        created_at: scope.now,
    };
    scope.wake_commands();
    tx.insert_command(&deposit.tenant, &deposit.session_id, &command)?;
    tx.set_return_command(deposit, &command.id)
}

/// The deposits of a transaction that count, locked after it.
fn lock_counted(
    tx: &mut Tx,
    transaction: &Transaction,
) -> Result<Vec<Locked<Deposit>>, StoreError> {
    let tenant = &transaction.tenant;
    let all = tx.list_deposits(tenant, &transaction.id)?;
    let counted = all.into_iter().filter(|deposit| deposit.state == deposit::State::Counted);
    let ids: Vec<DepositId> = counted.map(|deposit| deposit.id).collect();
    let mut locked = Vec::with_capacity(ids.len());
    for id in ids {
        locked.extend(tx.lock_deposit(tenant, &id)?);
    }
    Ok(locked)
}

/// Take in every deposit of a transaction that counts; what is too much of one goes back.
fn take_in_counted(
    tx: &mut Tx,
    scope: &Scope<'_>,
    transaction: &Transaction,
) -> Result<(), StoreError> {
    for deposit in lock_counted(tx, transaction)? {
        let back_units = deposit.back_units;
        let state = match back_units {
            0 => deposit::State::Taken,
            _ => deposit::State::Returning { cause: deposit::Cause::Surplus },
        };
        let deposit = tx.save_deposit(deposit, state, back_units, scope.now)?;
        if back_units > 0 {
            command_return(tx, scope, &deposit, transaction)?;
        }
    }
    Ok(())
}
