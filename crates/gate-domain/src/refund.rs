//! Refunds: part of what was paid for a completed buy, or all that can be given back, returns to
//! where it came from because the partner wants it to.
//!
//! The service fee comes back in proportion; what sending the tokens has cost, and what rounding has
//! left over, are spent and kept. However many parts a payment is given back in, they add up to the
//! same.

use crate::catalogue::Side;
use crate::quote::{FeeKind, Quote};

/// Why a refund cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRefundable {
    /// Tokens that users sent us are not given back.
    #[error("sales are not refunded")]
    Sale,
    /// All that can be given back has been.
    #[error("nothing is left to give back")]
    NothingLeft,
    /// It is more than what is left.
    #[error("more than what can be given back")]
    TooMuch,
}

/// A part of a payment that goes back, in smallest units of the currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// All of it.
    pub amount: i128,
    /// The service fee in it.
    pub service: i128,
}

impl Share {
    /// What is no fee.
    pub const fn principal(&self) -> i128 {
        self.amount - self.service
    }
}

/// What can be given back of a payment in all: what was paid without what is spent for good.
pub fn refundable(quote: &Quote) -> i128 {
    quote.fiat.units - kept(quote)
}

/// What is never given back: the network's cost and the rounding.
pub fn kept(quote: &Quote) -> i128 {
    quote.fee_units(FeeKind::Network) + quote.fee_units(FeeKind::Rounding)
}

/// The next part: `wanted`, or all that is left after `before` went back.
pub fn next_share(
    quote: &Quote,
    before: i128,
    wanted: Option<i128>,
) -> Result<Share, NotRefundable> {
    if quote.side == Side::OffRamp {
        return Err(NotRefundable::Sale);
    }
    let left = refundable(quote) - before;
    if left <= 0 {
        return Err(NotRefundable::NothingLeft);
    }
    let amount = wanted.unwrap_or(left);
    assert!(amount > 0, "callers refuse nothing and less");
    if amount > left {
        return Err(NotRefundable::TooMuch);
    }
    let service = service_until(quote, before + amount) - service_until(quote, before);
    Ok(Share { amount, service })
}

/// The service fee in the first `units` that go back, rounded down.
fn service_until(quote: &Quote, units: i128) -> i128 {
    let service = quote.fee_units(FeeKind::Service);
    service.checked_mul(units).expect("amounts are bounded far below i128") / refundable(quote)
}
