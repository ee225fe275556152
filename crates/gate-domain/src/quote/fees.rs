//! What we charge on top of a price, and the lines of the bill that say so.

use serde::{Deserialize, Serialize};

use super::QuoteError;
use super::sums::{checked_mul, div_ceil};
use crate::money::{Asset, Money};

/// What a part of the charge is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeKind {
    /// Ours, by the amount.
    Service,
    /// Ours, whatever the amount.
    Fixed,
    /// The network's, for sending the tokens.
    Network,
    /// What is left because tokens are not infinitely divisible; almost always zero and then not listed.
    Rounding,
}

impl FeeKind {
    /// Under which kind it is booked: what is ours is one income.
    #[must_use]
    pub const fn booked_as(self) -> Self {
        match self {
            Self::Service | Self::Fixed => Self::Service,
            Self::Network => Self::Network,
            Self::Rounding => Self::Rounding,
        }
    }
}

/// One line of the bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fee {
    /// What it is for.
    pub kind: FeeKind,
    /// How much, in the currency of the charge.
    pub amount: Money,
}

/// What we charge on top of the price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeePolicy {
    /// Share of the charge, in hundredths of a percent.
    pub service_bps: i64,
    /// The least that the share comes to, in smallest units of the currency.
    pub service_minimum_units: i128,
    /// The most that the share comes to, even where the minimum is more; none is without limit.
    pub service_maximum_units: Option<i128>,
    /// Beside the share, in smallest units of the currency.
    pub fixed_units: i128,
    /// What sending costs, in smallest units of the currency.
    pub network_units: i128,
}

impl FeePolicy {
    /// What we take of an amount by its size, rounded up.
    pub(super) fn service(self, units: i128) -> Result<i128, QuoteError> {
        let share = checked_mul(units, i128::from(self.service_bps))?;
        let least = div_ceil(share, 10_000).max(self.service_minimum_units);
        Ok(self.service_maximum_units.map_or(least, |most| least.min(most)))
    }
}

/// The lines of a bill, without those that are zero.
pub(super) fn bill<const LINES: usize>(
    lines: [(FeeKind, i128); LINES],
    currency: &Asset,
) -> Vec<Fee> {
    let fee = |(kind, units)| Fee { kind, amount: Money::new(units, currency.clone()) };
    lines.into_iter().filter(|(_, units)| *units != 0).map(fee).collect()
}
