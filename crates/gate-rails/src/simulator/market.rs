//! A market that moves a little every ten seconds, the same way on every machine.

use std::collections::BTreeMap;

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use gate_domain::money::Asset;
use gate_domain::price::NoPrice;
use gate_domain::quote::Rate;
use gate_domain::time::Millis;

use crate::{Price, PriceSource, Report};

/// Its name in quotes.
const NAME: &str = "simulated_market";

/// How long a price stands still.
const TICK_MS: i64 = 10_000;
/// The most that a price moves either way, in millionths: 0.3 %.
const SWING_PPM: i64 = 3_000;

/// Dollars per token, in steps of 10⁻⁸.
const DOLLARS: [(&str, i64); 16] = [
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
    ("BTC", 96_000 * 100_000_000),
    ("SOL", 180 * 100_000_000),
    ("XRP", 240_000_000),
    ("XLM", 32_000_000),
    ("TRX", 28_000_000),
];

/// Units of a currency per dollar, in steps of 10⁻⁸.
const PER_DOLLAR: [(&str, i64); 29] = [
    ("USD", 100_000_000),
    ("EUR", 92_000_000),
    ("GBP", 79_000_000),
    ("AED", 367_000_000),
    ("AUD", 152_000_000),
    ("BRL", 540_000_000),
    ("CAD", 138_000_000),
    ("CHF", 88_000_000),
    ("CZK", 2_250_000_000),
    ("DKK", 686_000_000),
    ("HKD", 780_000_000),
    ("HUF", 36_000_000_000),
    ("IDR", 1_600_000_000_000),
    ("ILS", 360_000_000),
    ("INR", 8_400_000_000),
    ("JPY", 15_000_000_000),
    ("KRW", 137_000_000_000),
    ("MXN", 1_850_000_000),
    ("MYR", 440_000_000),
    ("NOK", 1_080_000_000),
    ("NZD", 167_000_000),
    ("PHP", 5_700_000_000),
    ("PLN", 395_000_000),
    ("RON", 458_000_000),
    ("SEK", 1_050_000_000),
    ("SGD", 133_000_000),
    ("THB", 3_400_000_000),
    ("TRY", 3_400_000_000),
    ("ZAR", 1_800_000_000),
];

/// The simulated market: what it says is a function of its settings and the time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimulatedMarket {
    /// Another seed, other moves; 0 is the usual ones.
    pub seed: u64,
    /// The moment at which it stands still.
    pub frozen_at: Option<Millis>,
    /// How far the price of a token is off its usual one, in hundredths of a percent, by symbol.
    pub shocks_bps: BTreeMap<String, i64>,
}

impl SimulatedMarket {
    fn rate(&self, token: &Asset, currency: &Asset, now: Millis) -> Option<Rate> {
        let (_, dollars) = DOLLARS.iter().find(|(symbol, _)| *symbol == token.code)?;
        let (_, per_dollar) = PER_DOLLAR.iter().find(|(code, _)| *code == currency.code)?;
        let (dollars, per_dollar) = (i128::from(*dollars), i128::from(*per_dollar));
        let resting = dollars * per_dollar / 100_000_000;
        let shock_bps = self.shocks_bps.get(&token.code).copied().unwrap_or_default();
        let resting = resting + resting * i128::from(shock_bps) / 10_000;
        let swing = swing_ppm(&token.code, self.seed, self.frozen_at.unwrap_or(now));
        let moved = resting + resting * i128::from(swing) / 1_000_000;
        i64::try_from(moved).ok().filter(|steps| *steps > 0).map(Rate)
    }
}

impl PriceSource for SimulatedMarket {
    fn price(&self, token: &Asset, currency: &Asset, now: Millis) -> Result<Price, NoPrice> {
        let rate = self.rate(token, currency, now).ok_or(NoPrice::NoMarket)?;
        Ok(Price { rate, source: NAME.into(), at: now })
    }

    fn refresh(&self, _: Millis) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }

    fn reports(&self, token: &Asset, currency: &Asset, now: Millis) -> Vec<Report> {
        let rate = self.rate(token, currency, now);
        let report = |rate| Report { source: NAME.into(), last: Some((rate, now)), problem: None };
        rate.map(report).into_iter().collect()
    }
}

/// Where the price stands in this tick: from `-SWING_PPM` to `SWING_PPM`.
fn swing_ppm(code: &str, seed: u64, now: Millis) -> i64 {
    let tick = now.0.div_euclid(TICK_MS).unsigned_abs();
    let seed = code.bytes().fold(tick ^ seed, |mixed, byte| mixed.rotate_left(7) ^ u64::from(byte));
    let mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    let span = u64::try_from(2 * SWING_PPM + 1).expect("a positive constant");
    i64::try_from(mixed % span).expect("smaller than the span") - SWING_PPM
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn asset(code: &str) -> Asset {
        Asset { code: code.into(), network: None, decimals: 6 }
    }

    fn at(market: &SimulatedMarket, token: &str, currency: &str, ms: i64) -> Rate {
        let price = market.price(&asset(token), &asset(currency), Millis(ms));
        price.expect("a price for every pair").rate
    }

    #[test]
    fn every_pair_has_a_price_that_moves_and_repeats() {
        let market = SimulatedMarket::default();
        for (token, _) in DOLLARS {
            for (currency, _) in PER_DOLLAR {
                let at = |ms| at(&market, token, currency, ms);
                assert_eq!(at(0), at(TICK_MS - 1));
                let distinct: BTreeSet<_> = (0..20).map(|tick| at(tick * TICK_MS)).collect();
                assert!(distinct.len() > 10, "{token} in {currency}: {distinct:?}");
            }
        }
        let unknown = market.price(&asset("DOGE"), &asset("EUR"), Millis(0));
        assert_eq!(unknown, Err(NoPrice::NoMarket));
    }

    #[test]
    fn it_can_be_seeded_frozen_and_shocked() {
        let usual = SimulatedMarket::default();
        let seeded = SimulatedMarket { seed: 7, ..usual.clone() };
        let moves = |market: &SimulatedMarket| -> Vec<_> {
            (0..5).map(|tick| at(market, "ETH", "EUR", tick * TICK_MS)).collect()
        };
        assert_eq!(moves(&seeded), moves(&seeded.clone()));
        assert_ne!(moves(&seeded), moves(&usual));
        let frozen = SimulatedMarket { frozen_at: Some(Millis(5 * TICK_MS)), ..usual.clone() };
        assert_eq!(moves(&frozen), [at(&usual, "ETH", "EUR", 5 * TICK_MS); 5]);
        let shocks_bps = BTreeMap::from([("ETH".to_owned(), -5_000)]);
        let shocked = SimulatedMarket { shocks_bps, ..usual.clone() };
        assert_eq!(at(&shocked, "ETH", "EUR", 0).0, at(&usual, "ETH", "EUR", 0).0 / 2);
        assert_eq!(at(&shocked, "USDC", "EUR", 0), at(&usual, "USDC", "EUR", 0));
    }
}
