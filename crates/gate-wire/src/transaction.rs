//! A transaction as partners see it (contract, section 9.1), in lists and inside events.

use gate_domain::money::Money;
use gate_domain::quote::Quote;
use gate_domain::session::Flow;
use gate_domain::transaction::{State, Transaction};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ReasonBody;
use crate::instant::to_rfc3339;
use crate::words::{Action, TransactionStatus};

/// One attempt to turn what the user gives into what they get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TransactionBody {
    /// Its id.
    #[schema(example = "tx_test_01hf7yat00fentqaxbnentqaxb")]
    pub refid: String,
    /// Always `transaction`.
    pub object: String,
    /// Its session.
    pub session_id: String,
    /// The quote that its numbers come from.
    pub quote_id: String,
    /// What it does.
    pub action: Action,
    /// Where it stands.
    pub status: TransactionStatus,
    /// The symbol of the token.
    pub token: String,
    /// The network of the token.
    pub network: String,
    /// ISO 4217.
    pub currency: String,
    /// The method that the user pays by, or is paid out by.
    pub payment_method: String,
    /// What the user pays in all; for a sale, what they receive; for a swap, what it is worth.
    pub fiat_amount: String,
    /// What the user receives; for a sale, what they give.
    pub token_amount: String,
    /// What a swap is paid with; none for a buy or a sale.
    #[schema(required)]
    pub source_token: Option<String>,
    /// The network of what a swap is paid with.
    #[schema(required)]
    pub source_network: Option<String>,
    /// How much of it the user gives.
    #[schema(required)]
    pub source_amount: Option<String>,
    /// The price of one token without fees, eight decimals.
    pub exchange_rate: String,
    /// All fees together, in the currency.
    pub total_fees: String,
    /// The rail's own name for the payment: the pay-in or pay-out, or else the card provider's
    /// payment once there is one.
    #[schema(required)]
    pub local_rail_transaction_id: Option<String>,
    /// The same again, under the name that older integrations read.
    #[schema(required, deprecated)]
    pub facilita_transaction_id: Option<String>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
    /// Why it failed, goes back, or is looked into.
    #[schema(required)]
    pub reason: Option<ReasonBody>,
}

impl TransactionBody {
    /// A transaction with the quote that it was made with.
    pub fn new(transaction: &Transaction, quote: &Quote) -> Self {
        let source = quote.paid_in.as_ref().map(|paid| &paid.amount);
        let rail_reference = transaction.rail_reference().map(str::to_owned);
        Self {
            refid: transaction.id.to_string(),
            object: "transaction".into(),
            session_id: transaction.session_id.to_string(),
            quote_id: transaction.quote_id.to_string(),
            action: match quote.flow() {
                Flow::OnRamp => Action::OnRamp,
                Flow::OffRamp => Action::OffRamp,
                Flow::Swap => Action::Swap,
            },
            status: (&transaction.state).into(),
            token: quote.crypto.asset.code.clone(),
            network: quote.crypto.asset.network.clone().unwrap_or_default(),
            currency: quote.fiat.asset.code.clone(),
            payment_method: quote.payment_method.clone(),
            fiat_amount: quote.fiat.to_decimal(),
            token_amount: quote.crypto.to_decimal(),
            source_token: source.map(|paid| paid.asset.code.clone()),
            source_network: source.and_then(|paid| paid.asset.network.clone()),
            source_amount: source.map(Money::to_decimal),
            exchange_rate: quote.rate.to_decimal(),
            total_fees: quote.total_fees().to_decimal(),
            local_rail_transaction_id: rail_reference.clone(),
            facilita_transaction_id: rail_reference,
            created_at: to_rfc3339(transaction.created_at),
            updated_at: to_rfc3339(transaction.updated_at),
            reason: transaction
                .state
                .reason()
                .map(|reason| ReasonBody::about(reason, Some(transaction))),
        }
    }
}

impl From<&State> for TransactionStatus {
    fn from(state: &State) -> Self {
        match state {
            State::AwaitingPayment { .. } => Self::AwaitingPayment,
            State::PaymentReceived { .. } => Self::PaymentReceived,
            State::Settling { .. } => Self::Settling,
            State::Completed { .. } => Self::Completed,
            State::Failed { .. } => Self::Failed,
            State::RefundPending { .. } => Self::RefundPending,
            State::Refunded { .. } => Self::Refunded,
            State::Review { .. } | State::Reversed { .. } => Self::Review,
        }
    }
}
