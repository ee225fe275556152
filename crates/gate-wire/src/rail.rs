//! Rail payments as partners see them (contract, section 8.4).

use gate_domain::quote::Quote;
use gate_domain::rail_payment::{RailPayment, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ReasonBody;
use crate::instant::to_rfc3339;
use crate::words::{Mode, RailStatus};

/// What starts a rail payment. Everything economic is in the quote, and the user and their accounts
/// are known from the session: no other field is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartRailPaymentBody {
    /// The signed quote to redeem: `on_ramp` for a pay-in, `off_ramp` for a pay-out.
    #[schema(min_length = 1, max_length = 64, example = "qt_test_01hf7yat00fentqaxbnentqaxb")]
    pub quote_id: String,
    /// The session that it belongs to. Its amount, currency and pins agree with the quote.
    #[schema(min_length = 1, max_length = 64, example = "gs_test_01hf7yat00fentqaxbnentqaxb")]
    pub session_id: String,
}

/// A payment that a partner started over the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RailPaymentBody {
    /// Its id: `pi_..` or `po_..`.
    pub id: String,
    /// `rail_pay_in` or `rail_pay_out`.
    #[schema(pattern = "^rail_pay_(in|out)$")]
    pub object: String,
    /// `pay_in` or `pay_out`.
    #[schema(pattern = "^pay_(in|out)$")]
    pub kind: String,
    /// Which world.
    pub mode: Mode,
    /// Where it stands.
    pub status: RailStatus,
    /// Its session.
    pub session_id: String,
    /// The quote that it redeemed.
    pub quote_id: String,
    /// The transaction that moves the money.
    pub refid: String,
    /// The method, from the quote.
    pub payment_method: String,
    /// What the user pays in all; for a pay-out, what they receive.
    pub fiat_amount: String,
    /// ISO 4217.
    pub currency: String,
    /// What the user receives; for a pay-out, what they give.
    pub crypto_amount: String,
    /// The symbol of the asset.
    pub asset: String,
    /// The network of the asset.
    pub network: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
    /// Why, where it failed or was cancelled.
    #[schema(required)]
    pub reason: Option<ReasonBody>,
}

impl RailPaymentBody {
    /// A rail payment with the quote that it redeemed.
    pub fn new(payment: &RailPayment, quote: &Quote) -> Self {
        let kind = payment.id.kind().as_str();
        Self {
            id: payment.id.to_string(),
            object: format!("rail_{kind}"),
            kind: kind.into(),
            mode: payment.tenant.mode.into(),
            status: payment.state.into(),
            session_id: payment.session_id.to_string(),
            quote_id: payment.quote_id.to_string(),
            refid: payment.transaction_id.to_string(),
            payment_method: quote.payment_method.clone(),
            fiat_amount: quote.fiat.to_decimal(),
            currency: quote.fiat.asset.code.clone(),
            crypto_amount: quote.crypto.to_decimal(),
            asset: quote.crypto.asset.code.clone(),
            network: quote.crypto.asset.network.clone().unwrap_or_default(),
            created_at: to_rfc3339(payment.created_at),
            updated_at: to_rfc3339(payment.updated_at),
            reason: payment.state.reason().map(Into::into),
        }
    }
}

impl From<State> for RailStatus {
    fn from(state: State) -> Self {
        match state {
            State::Processing => Self::Processing,
            State::Settled => Self::Settled,
            State::Failed { .. } => Self::Failed,
            State::Cancelled { .. } => Self::Cancelled,
        }
    }
}
