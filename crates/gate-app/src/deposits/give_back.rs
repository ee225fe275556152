//! Tokens go back: what was too much, what nothing waited for, and what a sale that ended had counted.

use gate_domain::deposit::{self, Cause, Deposit, Refused, State, Step};
use gate_domain::ids::{DepositId, Tenant};
use gate_domain::ledger::Posting;
use gate_domain::money::Money;
use gate_domain::reason::Reason;
use gate_domain::session::Session;
use gate_domain::transaction::{self, Event, PaymentStep, Transaction};
use gate_store::{Locked, StoreError, Tx};
use tracing::error;

use super::{DepositError, announce_deposit, book, command_return, lock_counted};
use crate::advance::advance_transaction;
use crate::app::{App, Scope};
use crate::halt::is_halted;

/// Sales that are looked after in one step.
const BATCH_MAX: i64 = 100;

/// End a sale before it was complete: everything that counts goes back.
pub(crate) fn end_sale(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    transaction: Locked<Transaction>,
    reason: Reason,
) -> Result<(), DepositError> {
    tx.set_deposit_due(&transaction.tenant, &transaction.id, None)?;
    for deposit in lock_counted(tx, &transaction)? {
        let whole = deposit.amount.units;
        let state = State::Returning { cause: Cause::SaleEnded };
        let deposit = tx.save_deposit(deposit, state, whole, scope.now)?;
        command_return(tx, scope, &deposit, &transaction)?;
    }
    let event = Event::PaymentDeclined { reason };
    Ok(advance_transaction(tx, scope, session, transaction, &event, None)?)
}

/// Move a deposit whose tokens go back, and book it once they are. Its session and transaction are
/// locked before it.
pub(crate) fn advance_deposit(
    tx: &mut Tx,
    scope: &Scope<'_>,
    deposit: Locked<Deposit>,
    transaction: &Transaction,
    event: deposit::Event,
) -> Result<(), DepositError> {
    let before = deposit.state;
    let Step::Moved(next) = before.apply(event)? else { return Ok(()) };
    let back_units = deposit.back_units;
    let deposit = tx.save_deposit(deposit, next, back_units, scope.now)?;
    scope.session_changed(&deposit.session_id);
    match next {
        State::Returned { .. } => {
            let back = Money::new(back_units, deposit.amount.asset.clone());
            book(tx, scope, &deposit, &Posting::of_deposit_returned(&back))?;
        }
        State::Returning { .. } => send_again(tx, scope, &deposit, before, transaction)?,
        State::Held { cause } => {
            let (id, cause) = (&deposit.id, cause.as_str());
            error!(%id, cause, "{id} is not known to be back; a person has to decide");
        }
        State::Counted | State::Taken => unreachable!("nothing goes back to counting"),
    }
    // That nobody knew of a return, and that it was refused after all, is told once.
    if next.event() != before.event() {
        announce_deposit(tx, scope, &deposit)?;
    }
    Ok(())
}

/// Send back what is held. Of a return that may have been carried out the network is told again under
/// the same id and so to the same address: then it returns the tokens once, however often it is told.
fn send_again(
    tx: &mut Tx,
    scope: &Scope<'_>,
    deposit: &Deposit,
    before: State,
    transaction: &Transaction,
) -> Result<(), StoreError> {
    let unknown = before == State::Held { cause: Cause::ReturnUnknown };
    match tx.find_return_command(&deposit.tenant, &deposit.id)?.filter(|_| unknown) {
        Some(earlier) => {
            scope.wake_commands();
            tx.wake_command(&deposit.tenant, &earlier, scope.now)
        }
        None => command_return(tx, scope, deposit, transaction),
    }
}

/// Send back a deposit that is held, because a person says so.
pub fn send_back(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &DepositId,
) -> Result<Deposit, DepositError> {
    if is_halted(tx)? {
        return Err(DepositError::Paused);
    }
    let (transaction, deposit) = lock_with_sale(tx, tenant, id)?;
    let back_to = transaction.means.deposit().map(|means| means.back_to.family);
    if scope.catalogue().family(&deposit.amount.asset) != back_to {
        return Err(DepositError::OtherFamily);
    }
    advance_deposit(tx, scope, deposit, &transaction, deposit::Event::SentBack)?;
    tx.find_deposit(tenant, id)?.ok_or(DepositError::NotFound)
}

/// Book that the tokens of a deposit are back whose return is held, because a person has found out that
/// they are. Nobody asks about it any more.
pub fn end_return(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &DepositId,
) -> Result<Deposit, DepositError> {
    let (transaction, deposit) = lock_with_sale(tx, tenant, id)?;
    if !matches!(deposit.state, State::Held { .. }) {
        return Err(Refused.into());
    }
    if let Some(command) = tx.find_return_command(tenant, id)? {
        tx.close_command(tenant, &command)?;
    }
    advance_deposit(tx, scope, deposit, &transaction, deposit::Event::Arrived)?;
    tx.find_deposit(tenant, id)?.ok_or(DepositError::NotFound)
}

/// A deposit and the transaction of its sale, locked behind their session.
fn lock_with_sale(
    tx: &mut Tx,
    tenant: &Tenant,
    id: &DepositId,
) -> Result<(Locked<Transaction>, Locked<Deposit>), DepositError> {
    let found = tx.find_deposit(tenant, id)?.ok_or(DepositError::NotFound)?;
    let session = tx.lock_session(tenant, &found.session_id)?;
    let transaction = tx.lock_transaction(tenant, &found.transaction_id)?;
    let deposit = tx.lock_deposit(tenant, id)?;
    let (Some(_), Some(transaction), Some(deposit)) = (session, transaction, deposit) else {
        return Err(DepositError::Store(StoreError::Corrupt {
            table: "deposits",
            id: id.to_string(),
            why: "its session or transaction is missing".into(),
        }));
    };
    Ok((transaction, deposit))
}

/// End the sales whose price has lapsed over half of their tokens, and those whose user did not say
/// yes to a new price in time. Answers how many ended.
pub async fn look_after_deposits(app: &App) -> Result<usize, StoreError> {
    let now = app.now();
    let due = app.store().read(move |tx| tx.list_due_deposits(now, BATCH_MAX)).await?;
    let mut ended = 0;
    for waiting in due {
        let id = waiting.transaction_id.clone();
        let looked = app
            .write(move |tx, scope| {
                let session = tx.lock_session(&waiting.tenant, &waiting.session_id)?;
                let transaction = tx.lock_transaction(&waiting.tenant, &waiting.transaction_id)?;
                let (Some(session), Some(transaction)) = (session, transaction) else {
                    return Ok(false);
                };
                let reason = match transaction.state {
                    transaction::State::AwaitingPayment { step: PaymentStep::Partial } => {
                        Reason::DepositShort
                    }
                    transaction::State::AwaitingPayment { step: PaymentStep::Repricing } => {
                        Reason::NewPriceDeclined
                    }
                    // Somebody was quicker.
                    _ => return Ok(false),
                };
                end_sale(tx, scope, session, transaction, reason).map(|()| true)
            })
            .await;
        match looked {
            Ok(true) => ended += 1,
            Ok(false) => {}
            Err(DepositError::Store(error)) => return Err(error),
            Err(refused) => error!(%id, %refused, "the sale of {id} cannot end"),
        }
    }
    Ok(ended)
}
