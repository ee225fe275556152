//! Rail payments over the API: start one with a signed quote, and what becomes of it.

mod follow;
mod force;
mod start;

pub(crate) use follow::follow_with_rail_payment;
pub use force::{RailOutcome, force_rail_payment};
pub use start::{RailError, StartRailPayment, start_rail_payment};

use gate_domain::ids::Tenant;
use gate_domain::rail_payment::RailPaymentId;
use gate_store::{StoreError, Tx};
use gate_wire::rail::RailPaymentBody;

/// A rail payment as its partner sees it.
pub fn find_rail_payment(
    tx: &mut Tx,
    tenant: &Tenant,
    id: &RailPaymentId,
) -> Result<Option<RailPaymentBody>, StoreError> {
    let Some(payment) = tx.find_rail_payment(tenant, id)? else { return Ok(None) };
    let quote = tx.find_quote(tenant, &payment.quote_id)?.ok_or_else(|| StoreError::Corrupt {
        table: "rail_payments",
        id: payment.id.to_string(),
        why: "its quote is missing".into(),
    })?;
    Ok(Some(RailPaymentBody::new(&payment, &quote)))
}
