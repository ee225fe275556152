//! Payments that were taken back, as partners are told of them.

use gate_domain::money::Money;
use gate_domain::quote::Quote;
use gate_domain::transaction::Transaction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ReasonBody;
use crate::words::Mode;

/// A payment that was taken back after its delivery, or came again. The session stays completed, and
/// the house bears it: nothing is asked of the partner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReversalBody {
    /// The transaction whose payment it is.
    #[schema(example = "tx_test_01hf7yat00fentqaxbnentqaxb")]
    pub refid: String,
    /// Always `reversal`.
    pub object: String,
    /// Which world.
    pub mode: Mode,
    /// The session of that transaction.
    pub session_id: String,
    /// How much: what was paid without what was refunded.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// Why, while it is away.
    #[schema(required)]
    pub reason: Option<ReasonBody>,
}

impl ReversalBody {
    /// So many smallest units of a transaction's payment.
    pub fn new(transaction: &Transaction, quote: &Quote, units: i128) -> Self {
        let currency = &quote.fiat.asset;
        Self {
            refid: transaction.id.to_string(),
            object: "reversal".into(),
            mode: transaction.tenant.mode.into(),
            session_id: transaction.session_id.to_string(),
            amount: Money::new(units, currency.clone()).to_decimal(),
            currency: currency.code.clone(),
            reason: transaction.state.reason().map(Into::into),
        }
    }
}
