//! Quotes: a price with every fee, whose parts add up exactly.

use serde::{Deserialize, Serialize};

use crate::ids::{QuoteId, SessionId};
use crate::money::{Asset, Money, format_decimal};
use crate::time::Millis;

/// How long a quote holds: 120 s.
pub const LOCK_MS: i64 = 120_000;

/// The price of one whole token in whole units of the currency, in steps of 10⁻⁸.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate(pub i64);

const RATE_DECIMALS: u8 = 8;

impl Rate {
    /// The rate as a decimal string with eight decimals.
    pub fn to_decimal(self) -> String {
        format_decimal(i128::from(self.0), RATE_DECIMALS)
    }
}

/// What a part of the charge is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeKind {
    /// Ours.
    Service,
    /// The network's, for sending the tokens.
    Network,
    /// What is left because tokens are not infinitely divisible; almost always zero and then not listed.
    Rounding,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeePolicy {
    /// Share of the charge, in hundredths of a percent.
    pub service_bps: i64,
    /// The least that the service costs, in smallest units of the currency.
    pub service_minimum_units: i128,
    /// What sending costs, in smallest units of the currency.
    pub network_units: i128,
}

/// A price for one session, good until it lapses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// Its id.
    pub id: QuoteId,
    /// The session that it was made for.
    pub session_id: SessionId,
    /// What the user pays in all.
    pub fiat: Money,
    /// What the user receives.
    pub crypto: Money,
    /// The price without fees.
    pub rate: Rate,
    /// Every fee; `fiat = crypto × rate (rounded up) + Σ fees`.
    pub fees: Vec<Fee>,
    /// Where the price came from.
    pub source: String,
    /// When it was made.
    pub created_at: Millis,
    /// When it lapses.
    pub expires_at: Millis,
}

/// Why there is no quote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuoteError {
    /// The fees leave nothing to buy tokens with.
    #[error("the amount does not cover the fees")]
    TooSmall,
    /// The arithmetic would leave the range that is proved exact.
    #[error("the amount is too large to quote")]
    TooLarge,
}

/// The numbers of a quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priced {
    /// What the user receives, rounded down to the token's smallest unit.
    pub crypto: Money,
    /// Every fee, in the currency of the charge.
    pub fees: Vec<Fee>,
}

impl Quote {
    /// Whether the price no longer holds.
    pub fn lapsed(&self, now: Millis) -> bool {
        now >= self.expires_at
    }

    /// All fees together.
    pub fn total_fees(&self) -> Money {
        let units = self.fees.iter().map(|fee| fee.amount.units).sum();
        Money::new(units, self.fiat.asset.clone())
    }

    /// The fees of one kind together, in smallest units of the currency.
    pub fn fee_units(&self, kind: FeeKind) -> i128 {
        self.fees.iter().filter(|fee| fee.kind == kind).map(|fee| fee.amount.units).sum()
    }
}

/// Work out what `charge` buys at `rate` once the fees are taken.
///
/// Fees are rounded up, tokens down; what the second rounding leaves over becomes a fee line of its
/// own, so that the parts add up to the unit.
pub fn price(
    charge: &Money,
    token: &Asset,
    rate: Rate,
    policy: FeePolicy,
) -> Result<Priced, QuoteError> {
    let share = checked_mul(charge.units, i128::from(policy.service_bps))?;
    let service = div_ceil(share, 10_000).max(policy.service_minimum_units);
    let net = charge.units - service - policy.network_units;
    if net <= 0 {
        return Err(QuoteError::TooSmall);
    }
    // crypto = net / rate, with both sides brought to whole numbers of their smallest units.
    let token_scale = power_of_ten(token.decimals + RATE_DECIMALS);
    let price_scale = checked_mul(i128::from(rate.0), power_of_ten(charge.asset.decimals))?;
    let crypto_units = checked_mul(net, token_scale)? / price_scale;
    if crypto_units == 0 {
        return Err(QuoteError::TooSmall);
    }
    let value = div_ceil(checked_mul(crypto_units, price_scale)?, token_scale);
    let rounding = net - value;
    assert!(rounding >= 0, "tokens are rounded down, so they cannot be worth more than was paid");

    let currency = &charge.asset;
    let fee = |kind, units| Fee { kind, amount: Money::new(units, currency.clone()) };
    let fees = [
        fee(FeeKind::Service, service),
        fee(FeeKind::Network, policy.network_units),
        fee(FeeKind::Rounding, rounding),
    ];
    let fees = fees.into_iter().filter(|fee| fee.amount.units != 0).collect();
    Ok(Priced { crypto: Money::new(crypto_units, token.clone()), fees })
}

fn checked_mul(left: i128, right: i128) -> Result<i128, QuoteError> {
    left.checked_mul(right).ok_or(QuoteError::TooLarge)
}

fn div_ceil(value: i128, by: i128) -> i128 {
    value / by + i128::from(value % by != 0)
}

fn power_of_ten(exponent: u8) -> i128 {
    10i128.pow(u32::from(exponent))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalogue::{list_currencies, list_tokens};

    const POLICY: FeePolicy =
        FeePolicy { service_bps: 149, service_minimum_units: 50, network_units: 35 };

    #[test]
    fn a_hundred_euro_of_usdc() {
        let charge = Money::new(100_00, list_currencies()[0].asset());
        let priced = price(&charge, &list_tokens()[0].asset(), Rate(92_000_000), POLICY).unwrap();
        assert_eq!(priced.crypto.to_decimal(), "106.695652");
        let fees: Vec<_> = priced.fees.iter().map(|fee| (fee.kind, fee.amount.units)).collect();
        assert_eq!(fees, [(FeeKind::Service, 149), (FeeKind::Network, 35)]);
    }

    #[test]
    fn an_amount_that_the_fees_eat_is_refused() {
        let charge = Money::new(85, list_currencies()[0].asset());
        let token = list_tokens()[0].asset();
        assert_eq!(price(&charge, &token, Rate(92_000_000), POLICY), Err(QuoteError::TooSmall));
    }

    proptest! {
        /// The sum that the contract promises, for every pair of the catalogue and at its extremes.
        #[test]
        fn the_parts_add_up_to_the_unit(
            share in 0i128..=1_000_000,
            rate in 1_000i64..=20_000_000_000_000,
            service_bps in 0i64..=1000,
        ) {
            let policy = FeePolicy { service_bps, ..POLICY };
            for currency in list_currencies() {
                let span = currency.maximum_units - currency.minimum_units;
                let charge =
                    Money::new(currency.minimum_units + span * share / 1_000_000, currency.asset());
                for token in list_tokens() {
                    let token = token.asset();
                    let Ok(priced) = price(&charge, &token, Rate(rate), policy) else { continue };
                    let scale = power_of_ten(token.decimals + RATE_DECIMALS);
                    let value = priced.crypto.units * i128::from(rate) * power_of_ten(charge.asset.decimals);
                    let fees: i128 = priced.fees.iter().map(|fee| fee.amount.units).sum();
                    prop_assert_eq!(div_ceil(value, scale) + fees, charge.units);
                    prop_assert!(priced.fees.iter().all(|fee| fee.amount.units > 0));
                }
            }
        }
    }
}
