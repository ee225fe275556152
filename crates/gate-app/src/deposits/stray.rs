//! Transfers that say of nobody whose they are: to an address that users share, without the memo of
//! any of them. Each is written down, nothing is booked to anybody, and a person finds out.

use gate_domain::deposit::{Deposit, in_words};
use gate_domain::ids::{Mode, StrayId, Tenant, TransactionId};
use gate_domain::stray::{Dismissal, State, Stray};
use gate_rails::PriceSource;
use gate_store::{Locked, StoreError, Tx};
use tracing::{info, warn};

use super::DepositError;
use super::receive::{Claim, Transfer, take_in};
use crate::advance::find_agreed_quote;
use crate::app::Scope;
use crate::reviews::Decision;

/// How far the clocks of two processes that share a database may be apart.
const CLOCKS_APART_MS: i64 = 60_000;

/// Write down a transfer that is nobody's.
pub(super) fn write_down(
    tx: &mut Tx,
    scope: &Scope<'_>,
    transfer: &Transfer,
) -> Result<Stray, StoreError> {
    let stray = Stray {
        id: StrayId::new(transfer.mode, scope.seed()),
        mode: transfer.mode,
        address: transfer.address.clone(),
        amount: transfer.amount.clone(),
        transfer: transfer.transfer.clone(),
        output: transfer.output,
        state: State::Open,
        created_at: scope.now,
    };
    tx.insert_stray(&stray)?;
    let (id, amount) = (&stray.id, in_words(&stray.amount));
    warn!(%id, amount, "{id} came in for nobody; a person has to find out whose it is");
    Ok(stray)
}

/// Take a stray as the deposit of a transaction, because a person has found out that it is. From there on it
/// is what any transfer to that transaction is: in time, late, too much, or unexpected.
pub fn assign_stray(
    tx: &mut Tx,
    scope: &Scope<'_>,
    prices: &dyn PriceSource,
    tenant: &Tenant,
    (stray, transaction): (&StrayId, &TransactionId),
) -> Result<Deposit, DepositError> {
    let stray = lock_open(tx, tenant.mode, stray)?;
    let transaction = tx.find_transaction(tenant, transaction)?.ok_or(DepositError::NoSale)?;
    let means = transaction.means.deposit().ok_or(DepositError::NoSale)?;
    let waits_for = find_agreed_quote(tx, &transaction)?.taken().asset.clone();
    if stray.amount.asset != waits_for || stray.address.address != means.address.address {
        return Err(DepositError::Elsewhere);
    }
    // Both are told by our own clocks, and we hear of a transfer after it was made, so that of a
    // network's clock nothing is believed.
    let (came, asked) = (stray.created_at, transaction.created_at);
    if came.plus_ms(CLOCKS_APART_MS) < asked {
        return Err(DepositError::TooEarly { came, asked });
    }
    let waiting = tx.find_deposit_address(&means.address)?.ok_or(DepositError::NoSale)?;
    let transfer = Transfer {
        mode: stray.mode,
        address: means.address.clone(),
        amount: stray.amount.clone(),
        transfer: stray.transfer.clone(),
        output: stray.output,
    };
    let known = tx.find_deposit_transfer(stray.mode, transfer.network(), transfer.name())?;
    if known.is_some() {
        return Err(DepositError::Found);
    }
    let deposit = take_in(tx, scope, prices, &transfer, &waiting, Claim::OfStray)?;
    tx.save_stray(stray, State::Assigned { deposit_id: deposit.id.clone() }, scope.now)?;
    Ok(deposit)
}

/// Close a stray that was settled outside of the gateway. It cannot be assigned any more.
pub fn dismiss_stray(
    tx: &mut Tx,
    scope: &Scope<'_>,
    mode: Mode,
    stray: &StrayId,
    decision: &Decision,
) -> Result<Stray, DepositError> {
    let stray = lock_open(tx, mode, stray)?;
    let Decision { reason, actor } = decision.clone();
    let dismissal = Dismissal { reason, actor, at: scope.now };
    let (id, actor) = (&stray.id, &dismissal.actor);
    info!(%id, actor, "{id} was dismissed by {actor}");
    Ok(tx.save_stray(stray, State::Dismissed(dismissal), scope.now)?)
}

/// A stray of which nobody knows whose it is.
fn lock_open(tx: &mut Tx, mode: Mode, stray: &StrayId) -> Result<Locked<Stray>, DepositError> {
    let stray = tx.lock_stray(mode, stray)?.ok_or(DepositError::NotFound)?;
    match &stray.state {
        State::Open => Ok(stray),
        State::Assigned { .. } => Err(DepositError::Found),
        State::Dismissed(_) => Err(DepositError::Dismissed),
    }
}
