//! A market that moves a little every ten seconds, the same way on every machine.

use gate_domain::money::Asset;
use gate_domain::quote::{FeePolicy, Rate};
use gate_domain::time::Millis;

use crate::{Price, PriceSource};

/// How long a price stands still.
const TICK_MS: i64 = 10_000;
/// The most that a price moves either way, in millionths: 0.3 %.
const SWING_PPM: i64 = 3_000;

/// Dollars per token, in steps of 10⁻⁸.
const DOLLARS: [(&str, i64); 11] = [
    ("USDC", 100_000_000),
    ("USDT", 100_000_000),
    ("DAI", 100_000_000),
    ("EURC", 108_700_000),
    ("ETH", 3_200 * 100_000_000),
    ("WBTC", 96_000 * 100_000_000),
    ("POL", 45_000_000),
    ("ARB", 70_000_000),
    ("LINK", 18 * 100_000_000),
    ("UNI", 9 * 100_000_000),
    ("AAVE", 170 * 100_000_000),
];

/// Units of a currency per dollar, in steps of 10⁻⁸, and about how many of its smallest units a cent
/// is: fees are made of those.
const PER_DOLLAR: [(&str, i64, i128); 29] = [
    ("USD", 100_000_000, 1),
    ("EUR", 92_000_000, 1),
    ("GBP", 79_000_000, 1),
    ("AED", 367_000_000, 4),
    ("AUD", 152_000_000, 2),
    ("BRL", 540_000_000, 5),
    ("CAD", 138_000_000, 1),
    ("CHF", 88_000_000, 1),
    ("CZK", 2_250_000_000, 23),
    ("DKK", 686_000_000, 7),
    ("HKD", 780_000_000, 8),
    ("HUF", 36_000_000_000, 360),
    ("IDR", 1_600_000_000_000, 16_000),
    ("ILS", 360_000_000, 4),
    ("INR", 8_400_000_000, 84),
    ("JPY", 15_000_000_000, 2),
    ("KRW", 137_000_000_000, 14),
    ("MXN", 1_850_000_000, 19),
    ("MYR", 440_000_000, 4),
    ("NOK", 1_080_000_000, 11),
    ("NZD", 167_000_000, 2),
    ("PHP", 5_700_000_000, 57),
    ("PLN", 395_000_000, 4),
    ("RON", 458_000_000, 5),
    ("SEK", 1_050_000_000, 11),
    ("SGD", 133_000_000, 1),
    ("THB", 3_400_000_000, 34),
    ("TRY", 3_400_000_000, 34),
    ("ZAR", 1_800_000_000, 18),
];

/// The simulated market.
pub struct SimulatedMarket;

impl PriceSource for SimulatedMarket {
    fn price(&self, token: &Asset, currency: &Asset, now: Millis) -> Option<Price> {
        let (_, dollars) = DOLLARS.iter().find(|(symbol, _)| *symbol == token.code)?;
        let (_, per_dollar, cent) = PER_DOLLAR.iter().find(|(code, ..)| *code == currency.code)?;
        let (dollars, per_dollar) = (i128::from(*dollars), i128::from(*per_dollar));
        let resting = dollars * per_dollar / 100_000_000;
        let moved = resting + resting * i128::from(swing_ppm(&token.code, now)) / 1_000_000;
        // Sending on Ethereum itself costs more than on the networks above it.
        let network_cents = if token.network.as_deref() == Some("ethereum") { 2_50 } else { 35 };
        Some(Price {
            rate: Rate(i64::try_from(moved).ok()?),
            fees: FeePolicy {
                service_bps: 149,
                service_minimum_units: 50 * cent,
                network_units: network_cents * cent,
            },
            source: "simulated_market".into(),
        })
    }
}

/// Where the price stands in this tick: from `-SWING_PPM` to `SWING_PPM`.
fn swing_ppm(code: &str, now: Millis) -> i64 {
    let tick = now.0.div_euclid(TICK_MS).unsigned_abs();
    let seed = code.bytes().fold(tick, |mixed, byte| mixed.rotate_left(7) ^ u64::from(byte));
    let mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    let span = u64::try_from(2 * SWING_PPM + 1).expect("a positive constant");
    i64::try_from(mixed % span).expect("smaller than the span") - SWING_PPM
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_pair_has_a_price_that_moves_and_repeats() {
        let asset = |code: &str| Asset { code: code.into(), network: None, decimals: 6 };
        for (token, _) in DOLLARS {
            for (currency, ..) in PER_DOLLAR {
                let at = |ms| {
                    let price = SimulatedMarket.price(&asset(token), &asset(currency), Millis(ms));
                    price.expect("a price for every pair").rate
                };
                assert_eq!(at(0), at(TICK_MS - 1));
                let distinct: BTreeSet<_> = (0..20).map(|tick| at(tick * TICK_MS)).collect();
                assert!(distinct.len() > 10, "{token} in {currency}: {distinct:?}");
            }
        }
    }
}
