//! A price as the page shows it.

use gate_domain::quote::{self, Quote};
use gate_domain::time::Millis;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::instant::to_rfc3339;
use crate::words::{FeeKind, Side};

/// A price with every part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuoteBody {
    /// Its id.
    pub id: String,
    /// Which way the money goes.
    pub side: Side,
    /// What the user pays in all; for a sale, what they are paid.
    pub fiat_amount: String,
    /// ISO 4217.
    pub currency: String,
    /// What the user receives; for a sale, what they send.
    pub crypto_amount: String,
    /// The token's symbol.
    pub target_token: String,
    /// The network.
    pub target_network: String,
    /// What a swap is paid with; none for a buy or a sale.
    #[schema(required)]
    pub paid_in: Option<PaidInBody>,
    /// The price of one token without fees.
    pub exchange_rate: String,
    /// Every fee.
    pub fees: Vec<FeeBody>,
    /// All fees together.
    pub total_fees: String,
    /// RFC 3339.
    pub expires_at: String,
    /// Whether the price no longer holds.
    pub lapsed: bool,
    /// How long a price holds in all, seconds. Time that the sandbox let pass does not count.
    pub locked_for_seconds: i64,
}

/// The tokens that a swap is paid with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaidInBody {
    /// How many.
    pub amount: String,
    /// The symbol.
    pub token: String,
    /// The network.
    pub network: String,
    /// The price of one of them without fees.
    pub exchange_rate: String,
}

/// One line of the bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeeBody {
    /// What it is for.
    pub kind: FeeKind,
    /// For people.
    pub label: String,
    /// In the currency of the charge.
    pub amount: String,
}

impl QuoteBody {
    /// A quote as the page sees it at `now`.
    pub fn new(quote: &Quote, now: Millis) -> Self {
        let fees = quote.fees.iter().map(|fee| FeeBody {
            kind: fee.kind.into(),
            label: match fee.kind {
                quote::FeeKind::Service => "Service fee",
                quote::FeeKind::Fixed => "Fixed fee",
                quote::FeeKind::Network => "Network fee",
                quote::FeeKind::Rounding => "Rounding",
            }
            .into(),
            amount: fee.amount.to_decimal(),
        });
        Self {
            id: quote.id.to_string(),
            side: quote.side.into(),
            fiat_amount: quote.fiat.to_decimal(),
            currency: quote.fiat.asset.code.clone(),
            crypto_amount: quote.crypto.to_decimal(),
            target_token: quote.crypto.asset.code.clone(),
            target_network: quote.crypto.asset.network.clone().unwrap_or_default(),
            paid_in: quote.paid_in.as_ref().map(|paid| PaidInBody {
                amount: paid.amount.to_decimal(),
                token: paid.amount.asset.code.clone(),
                network: paid.amount.asset.network.clone().unwrap_or_default(),
                exchange_rate: paid.rate.to_decimal(),
            }),
            exchange_rate: quote.rate.to_decimal(),
            fees: fees.collect(),
            total_fees: quote.total_fees().to_decimal(),
            expires_at: to_rfc3339(quote.expires_at),
            lapsed: quote.lapsed(now),
            locked_for_seconds: (quote.expires_at.0 - quote.created_at.0).max(0) / 1000,
        }
    }
}
