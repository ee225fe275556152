//! Quotes: a price with every fee, whose parts add up exactly.

mod fees;
mod lapse;
mod pricing;
mod rate;
mod sums;

use serde::{Deserialize, Serialize};

use crate::catalogue::Side;
use crate::ids::{QuoteId, SessionId};
use crate::money::Money;
use crate::session::Flow;
use crate::time::Millis;

pub use fees::{Fee, FeeKind, FeePolicy};
pub use lapse::OnLapse;
pub use pricing::{
    Priced, QuoteError, price, price_payout, price_sale, price_swap, tokens_for, worth,
};
pub use rate::Rate;

/// How long a quote holds where nothing is said: 120 s.
pub const LOCK_MS: i64 = 120_000;
/// The shortest time that a partner may lock a quote for: 15 s.
pub const LOCK_MIN_S: i64 = 15;
/// The longest time that a partner may lock a quote for: 20 min.
pub const LOCK_MAX_S: i64 = 1_200;
/// What the hosted page takes payments by.
pub const CARD: &str = "card";
/// What a swap is paid by.
pub const TOKENS: &str = "tokens";

/// A price, good until it lapses. It is written down once and never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Its id.
    pub id: QuoteId,
    /// The session that it was made for; none for a signed quote, which a session redeems.
    #[serde(default)]
    pub session_id: Option<SessionId>,
    /// Which way the money goes.
    #[serde(default = "buy")]
    pub side: Side,
    /// The method that the price is for.
    #[serde(default = "card")]
    pub payment_method: String,
    /// What the user pays in all; for a sale, what they receive.
    pub fiat: Money,
    /// What the user receives; for a sale, what they give.
    pub crypto: Money,
    /// What a swap is paid with, in place of money; its price is a buy for what these are worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_in: Option<PaidIn>,
    /// The price without fees.
    pub rate: Rate,
    /// Every fee. A buy: `fiat = crypto × rate (rounded up) + Σ fees`. A sale:
    /// `fiat = crypto × rate (rounded down) − Σ fees`.
    pub fees: Vec<Fee>,
    /// Where the price came from.
    pub source: String,
    /// When the source was asked, where that was not when the quote was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priced_at: Option<Millis>,
    /// What becomes of money that arrives too late.
    #[serde(default)]
    pub on_lapse: OnLapse,
    /// When it was made.
    pub created_at: Millis,
    /// When it lapses.
    pub expires_at: Millis,
}

/// The tokens that a swap is paid with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidIn {
    /// How much of which.
    pub amount: Money,
    /// The price of one of them without fees.
    pub rate: Rate,
}

// What a quote that was written before sales existed is.
fn buy() -> Side {
    Side::OnRamp
}

fn card() -> String {
    CARD.to_owned()
}

impl Quote {
    /// Whether the price no longer holds.
    pub fn lapsed(&self, now: Millis) -> bool {
        now >= self.expires_at
    }

    /// When the source of the price was asked.
    pub fn priced_at(&self) -> Millis {
        self.priced_at.unwrap_or(self.created_at)
    }

    /// What it is for.
    pub fn flow(&self) -> Flow {
        if self.paid_in.is_some() { Flow::Swap } else { self.side.flow() }
    }

    /// What the user gives: money for a buy, tokens for a sale or a swap.
    pub fn taken(&self) -> &Money {
        match (&self.paid_in, self.side) {
            (Some(paid), _) => &paid.amount,
            (None, Side::OnRamp) => &self.fiat,
            (None, Side::OffRamp) => &self.crypto,
        }
    }

    /// What the user gets: tokens for a buy or a swap, money for a sale.
    pub fn delivered(&self) -> &Money {
        match self.side {
            Side::OnRamp => &self.crypto,
            Side::OffRamp => &self.fiat,
        }
    }

    /// The method that an amount at this price moves by; none for tokens, which go to an address.
    pub fn method_of(&self, amount: &Money) -> Option<String> {
        amount.asset.network.is_none().then(|| self.payment_method.clone())
    }

    /// All fees together.
    pub fn total_fees(&self) -> Money {
        let units = self.fees.iter().map(|fee| fee.amount.units).sum();
        Money::new(units, self.fiat.asset.clone())
    }

    /// The fees that are booked as one kind together, in smallest units of the currency.
    pub fn fee_units(&self, kind: FeeKind) -> i128 {
        let booked = self.fees.iter().filter(|fee| fee.kind.booked_as() == kind);
        booked.map(|fee| fee.amount.units).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_from_before_sales_still_reads() {
        let old = r#"{"id":"qt_test_01hf7yat00fentqaxbnentqaxb",
            "session_id":"gs_test_01hf7yat00fentqaxbnentqaxb",
            "fiat":{"units":"10000","asset":{"code":"EUR","decimals":2}},
            "crypto":{"units":"1","asset":{"code":"USDC","network":"base","decimals":6}},
            "rate":92000000,"fees":[],"source":"x","created_at":1,"expires_at":2}"#;
        let quote: Quote = serde_json::from_str(old).unwrap();
        assert_eq!((quote.side, quote.payment_method.as_str()), (Side::OnRamp, CARD));
        assert!(quote.session_id.is_some());
    }
}
