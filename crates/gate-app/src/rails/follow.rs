//! A rail payment follows its transaction, and its partner is told.

use gate_domain::ids::EventId;
use gate_domain::quote::Quote;
use gate_domain::rail_payment::{RailPayment, RailPaymentId, Step};
use gate_domain::transaction::Transaction;
use gate_store::{NewEvent, StoreError, Tx};
use gate_wire::rail::RailPaymentBody;

use crate::advance::{announce, find_agreed_quote};
use crate::app::Scope;

/// Let the rail payment follow a transaction that has just moved, in the same transaction of the
/// store. The session and the transaction are locked.
pub(crate) fn follow_with_rail_payment(
    tx: &mut Tx,
    scope: &Scope<'_>,
    id: &RailPaymentId,
    transaction: &Transaction,
) -> Result<(), StoreError> {
    let payment = tx.lock_rail_payment(&transaction.tenant, id)?;
    let payment = payment.ok_or_else(|| StoreError::Corrupt {
        table: "transactions",
        id: transaction.id.to_string(),
        why: "its rail payment is missing".into(),
    })?;
    let Step::Moved(next) = payment.state.follow(&transaction.state) else { return Ok(()) };
    let payment = tx.save_rail_payment(payment, next, scope.now)?;
    let quote = find_agreed_quote(tx, transaction)?;
    announce_rail_payment(tx, scope, &payment, &quote)
}

/// Announce where a rail payment has come to.
pub(super) fn announce_rail_payment(
    tx: &mut Tx,
    scope: &Scope<'_>,
    payment: &RailPayment,
    quote: &Quote,
) -> Result<(), StoreError> {
    let event = NewEvent {
        id: EventId::new(payment.tenant.mode, scope.seed()),
        tenant: payment.tenant.clone(),
        event_type: payment.state.event(payment.id.kind()),
        session_id: Some(payment.session_id.clone()),
        subject: None,
        created_at: scope.now,
    };
    announce(tx, scope, &event, &RailPaymentBody::new(payment, quote))?;
    Ok(())
}
