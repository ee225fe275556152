//! Refunds as partners see them.

use gate_domain::money::Money;
use gate_domain::quote::Quote;
use gate_domain::refund::{Refund, State, kept};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ReasonBody;
use crate::instant::to_rfc3339;
use crate::words::{Mode, RefundStatus};

/// What starts a refund.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRefundBody {
    /// How much the user gets back, in the currency that they paid in. Where nothing is said: all
    /// that is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 40, example = "25.00")]
    pub amount: Option<String>,
}

/// Part of the payment of a completed buy that goes back to where it came from, or all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefundBody {
    /// Its id.
    #[schema(example = "rf_test_01hf7yat00fentqaxbnentqaxb")]
    pub id: String,
    /// Always `refund`.
    pub object: String,
    /// Which world.
    pub mode: Mode,
    /// Where it stands.
    pub status: RefundStatus,
    /// The transaction whose payment goes back.
    pub refid: String,
    /// The session of that transaction.
    pub session_id: String,
    /// What the user gets back.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// The part of `amount` that is the service fee: it comes back in proportion.
    pub service_fee_returned: String,
    /// What is never given back of this payment, however often it is refunded: what sending the
    /// tokens has cost, and rounding.
    pub fees_kept: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
    /// Why it failed, or is looked into.
    #[schema(required)]
    pub reason: Option<ReasonBody>,
}

impl RefundBody {
    /// A refund with the quote of its transaction.
    pub fn new(refund: &Refund, quote: &Quote) -> Self {
        let currency = &refund.amount.asset;
        let money = |units| Money::new(units, currency.clone()).to_decimal();
        Self {
            id: refund.id.to_string(),
            object: "refund".into(),
            mode: refund.tenant.mode.into(),
            status: refund.state.into(),
            refid: refund.transaction_id.to_string(),
            session_id: refund.session_id.to_string(),
            amount: refund.amount.to_decimal(),
            currency: currency.code.clone(),
            service_fee_returned: money(refund.service_units),
            fees_kept: money(kept(quote)),
            created_at: to_rfc3339(refund.created_at),
            updated_at: to_rfc3339(refund.updated_at),
            reason: refund.state.reason().map(Into::into),
        }
    }
}

impl From<State> for RefundStatus {
    fn from(state: State) -> Self {
        match state {
            State::Pending => Self::Pending,
            State::Succeeded => Self::Succeeded,
            State::Failed { .. } => Self::Failed,
            State::Review { .. } => Self::Review,
        }
    }
}
