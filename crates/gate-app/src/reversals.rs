//! Payments that are taken back from us after their delivery: how much there is to take, and telling the
//! partner.

use gate_domain::catalogue::Side;
use gate_domain::event::EventType;
use gate_domain::ids::EventId;
use gate_domain::ledger::{Account, Booking, Posting};
use gate_domain::quote::Quote;
use gate_domain::rail::Means;
use gate_domain::transaction::Transaction;
use gate_store::{NewEvent, StoreError, Tx};
use gate_wire::reversal::ReversalBody;

use crate::advance::announce;
use crate::app::Scope;
use crate::refunds::{given_back, is_under_way};

/// How much of a payment can be taken back, in smallest units of its currency: what was paid without
/// what refunds have given back. Nobody takes back tokens that were sent.
pub(crate) fn reversible_units(
    tx: &mut Tx,
    transaction: &Transaction,
    quote: &Quote,
) -> Result<i128, StoreError> {
    if matches!(transaction.means, Means::Deposit(_)) || quote.side == Side::OffRamp {
        return Ok(0);
    }
    let refunds = tx.list_all_refunds(&transaction.tenant, &transaction.id)?;
    Ok(quote.fiat.units - given_back(&refunds))
}

/// Whether a refund of a payment is under way: how much can be taken back is known once it has ended.
pub(crate) fn refund_under_way(tx: &mut Tx, transaction: &Transaction) -> Result<bool, StoreError> {
    let refunds = tx.list_all_refunds(&transaction.tenant, &transaction.id)?;
    Ok(refunds.iter().any(is_under_way))
}

/// What such a fact moves: the rest of the payment, or what was taken of it before.
pub(crate) fn posting(
    tx: &mut Tx,
    transaction: &Transaction,
    quote: &Quote,
    booking: Booking,
) -> Result<Posting, StoreError> {
    if booking == Booking::PaymentReversed {
        let units = reversible_units(tx, transaction, quote)?;
        return Ok(Posting::of_reversal(quote, units));
    }
    let postings = tx.list_postings_of(&transaction.tenant, &transaction.id)?;
    let losses = Account::Losses.to_string();
    let reversed = postings
        .iter()
        .filter(|row| row.record.booking == Booking::PaymentReversed.as_str())
        .flat_map(|row| &row.record.lines)
        .find(|line| line.account == losses)
        .and_then(|line| line.units.parse().ok());
    let units = reversed.ok_or_else(|| StoreError::Corrupt {
        table: "postings",
        id: transaction.id.to_string(),
        why: "the posting that took its payment back is missing".into(),
    })?;
    Ok(Posting::of_reinstatement(quote, units))
}

/// Tell the partner what this posting is about.
pub(crate) fn announce_reversal(
    tx: &mut Tx,
    scope: &Scope<'_>,
    transaction: &Transaction,
    quote: &Quote,
    posting: &Posting,
) -> Result<(), StoreError> {
    let event_type = match posting.booking() {
        Booking::PaymentReversed => EventType::PaymentReversed,
        _ => EventType::PaymentReinstated,
    };
    let event = NewEvent {
        id: EventId::new(transaction.tenant.mode, scope.seed()),
        tenant: transaction.tenant.clone(),
        event_type,
        session_id: Some(transaction.session_id.clone()),
        subject: None,
        created_at: scope.now,
    };
    let loss = posting.entries().iter().find(|entry| entry.account == Account::Losses);
    let units = loss.map_or(0, |entry| entry.amount.units.abs());
    announce(tx, scope, &event, &ReversalBody::new(transaction, quote, units))?;
    Ok(())
}
