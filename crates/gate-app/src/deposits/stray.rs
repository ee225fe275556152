//! Transfers that say of nobody whose they are: to an address that users share, without the memo of
//! any of them. Each is written down, nothing is booked to anybody, and a person finds out.

use gate_domain::deposit::{Deposit, in_words};
use gate_domain::ids::{StrayId, Tenant, TransactionId};
use gate_domain::stray::Stray;
use gate_rails::PriceSource;
use gate_store::{StoreError, Tx};
use tracing::warn;

use super::DepositError;
use super::receive::{Transfer, take_in};
use crate::advance::find_agreed_quote;
use crate::app::Scope;

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
        deposit_id: None,
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
    let stray = tx.lock_stray(tenant.mode, stray)?.ok_or(DepositError::NotFound)?;
    if stray.deposit_id.is_some() {
        return Err(DepositError::Found);
    }
    let transaction = tx.find_transaction(tenant, transaction)?.ok_or(DepositError::NoSale)?;
    let means = transaction.means.deposit().ok_or(DepositError::NoSale)?;
    let waits_for = find_agreed_quote(tx, &transaction)?.taken().asset.clone();
    if stray.amount.asset != waits_for || stray.address.address != means.address.address {
        return Err(DepositError::Elsewhere);
    }
    let waiting = tx.find_deposit_address(&means.address)?.ok_or(DepositError::NoSale)?;
    let transfer = Transfer {
        mode: stray.mode,
        address: means.address.clone(),
        amount: stray.amount.clone(),
        transfer: stray.transfer.clone(),
    };
    let network = stray.amount.asset.network.as_deref().unwrap_or_default();
    if tx.find_transfer(tenant, &transaction.id, network, &stray.transfer)?.is_some() {
        return Err(DepositError::Found);
    }
    let deposit = take_in(tx, scope, prices, &transfer, &waiting)?;
    tx.save_found_stray(stray, &deposit.id, scope.now)?;
    Ok(deposit)
}
