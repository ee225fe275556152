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
const DOLLARS: [(&str, i64); 3] =
    [("USDC", 100_000_000), ("USDT", 100_000_000), ("ETH", 3_200 * 100_000_000)];

/// Units of a currency per dollar, in steps of 10⁻⁸.
const PER_DOLLAR: [(&str, i64); 3] =
    [("USD", 100_000_000), ("EUR", 92_000_000), ("GBP", 79_000_000)];

/// The simulated market.
pub struct SimulatedMarket;

impl PriceSource for SimulatedMarket {
    fn price(&self, token: &Asset, currency: &Asset, now: Millis) -> Option<Price> {
        let look_up = |table: &[(&str, i64)], code: &str| {
            table.iter().find(|(name, _)| *name == code).map(|(_, value)| i128::from(*value))
        };
        let dollars = look_up(&DOLLARS, &token.code)?;
        let per_dollar = look_up(&PER_DOLLAR, &currency.code)?;
        let resting = dollars * per_dollar / 100_000_000;
        let moved = resting + resting * i128::from(swing_ppm(&token.code, now)) / 1_000_000;
        // Sending on Ethereum itself costs more than on the networks above it.
        let network_units = if token.network.as_deref() == Some("ethereum") { 2_50 } else { 35 };
        Some(Price {
            rate: Rate(i64::try_from(moved).ok()?),
            fees: FeePolicy { service_bps: 149, service_minimum_units: 50, network_units },
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
    use gate_domain::catalogue::{list_currencies, list_tokens};

    use super::*;

    #[test]
    fn every_pair_of_the_catalogue_has_a_price_that_moves_and_repeats() {
        for token in list_tokens() {
            for currency in list_currencies() {
                let at = |ms| {
                    let price =
                        SimulatedMarket.price(&token.asset(), &currency.asset(), Millis(ms));
                    price.expect("a price for every pair").rate
                };
                assert_eq!(at(0), at(TICK_MS - 1));
                let distinct: std::collections::BTreeSet<_> =
                    (0..20).map(|tick| at(tick * TICK_MS)).collect();
                assert!(distinct.len() > 10, "{distinct:?}");
            }
        }
    }
}
