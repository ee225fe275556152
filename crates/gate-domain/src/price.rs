//! Prices as several sources say them, and whether they agree well enough to sell by.

use crate::quote::Rate;
use crate::time::Millis;

/// What one source said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its name.
    pub source: String,
    /// The price.
    pub rate: Rate,
    /// When it was asked.
    pub at: Millis,
}

/// When sources are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// How old what a source said may be, in milliseconds.
    pub fresh_ms: i64,
    /// How many must have said something that is fresh.
    pub sources_min: usize,
    /// How far the highest may be above the lowest, in hundredths of a percent of the median.
    pub spread_bps_max: i64,
}

/// A price that may be sold by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The median.
    pub rate: Rate,
    /// When the first of them was asked: the price is no younger than this.
    pub at: Millis,
    /// Who said so, in order of their names.
    pub sources: Vec<String>,
}

/// Why there is no price, as the end of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoPrice {
    /// Nobody is asked about this pair.
    #[error("no source knows this pair")]
    NoMarket,
    /// Too little is known, or it is too old.
    #[error("{fresh} of the {wanted} sources that are needed have a fresh price")]
    TooFewFresh {
        /// How many have one.
        fresh: usize,
        /// How many are needed.
        wanted: usize,
    },
    /// They say different things.
    #[error(
        "the sources are {spread_bps} hundredths of a percent apart, and {most_bps} are allowed"
    )]
    Disagreement {
        /// How far apart they are.
        spread_bps: i64,
        /// How far they may be.
        most_bps: i64,
    },
    /// The arithmetic is not made for this amount, or the fees leave nothing of it.
    #[error("this amount cannot be priced")]
    Amount,
}

/// The median of what is fresh at `now`. A price from the future is as wrong as an old one.
pub fn agree(said: &[Said], rules: Agreement, now: Millis) -> Result<Agreed, NoPrice> {
    let is_fresh = |said: &&Said| (0..=rules.fresh_ms).contains(&now.0.saturating_sub(said.at.0));
    let mut fresh: Vec<_> = said.iter().filter(is_fresh).collect();
    fresh.sort_by_key(|said| said.rate);
    let (Some(lowest), Some(highest)) = (fresh.first(), fresh.last()) else {
        return Err(NoPrice::TooFewFresh { fresh: 0, wanted: rules.sources_min.max(1) });
    };
    if fresh.len() < rules.sources_min {
        return Err(NoPrice::TooFewFresh { fresh: fresh.len(), wanted: rules.sources_min });
    }
    let (below, above) = (fresh[(fresh.len() - 1) / 2].rate, fresh[fresh.len() / 2].rate);
    let rate = midpoint(below, above);
    let spread_bps = apart_bps(lowest.rate, highest.rate, rate);
    if spread_bps > rules.spread_bps_max {
        return Err(NoPrice::Disagreement { spread_bps, most_bps: rules.spread_bps_max });
    }
    let at = fresh.iter().map(|said| said.at).min().expect("there is a lowest");
    let mut sources: Vec<_> = fresh.iter().map(|said| said.source.clone()).collect();
    sources.sort();
    Ok(Agreed { rate, at, sources })
}

/// Half way between two prices, rounded down to a step.
pub fn midpoint(below: Rate, above: Rate) -> Rate {
    Rate(i64::midpoint(below.0, above.0))
}

/// How far apart two prices are, in hundredths of a percent of a third, rounded up.
pub fn apart_bps(one: Rate, other: Rate, of: Rate) -> i64 {
    let apart = (i128::from(one.0) - i128::from(other.0)).abs() * 10_000;
    let of = i128::from(of.0.max(1));
    i64::try_from(apart / of + i128::from(apart % of != 0)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Agreement = Agreement { fresh_ms: 1_000, sources_min: 2, spread_bps_max: 100 };
    const NOW: Millis = Millis(10_000);

    fn said(rates: &[(i64, i64)]) -> Vec<Said> {
        let names = ["kraken", "coinbase", "binance", "another"];
        let each = names.into_iter().zip(rates);
        each.map(|(name, (rate, age))| Said {
            source: name.into(),
            rate: Rate(*rate),
            at: Millis(NOW.0 - age),
        })
        .collect()
    }

    #[test]
    fn fresh_sources_that_agree_give_their_median() {
        let agreed = agree(&said(&[(10_000, 5), (10_050, 900), (10_020, 0)]), RULES, NOW).unwrap();
        assert_eq!((agreed.rate, agreed.at), (Rate(10_020), Millis(9_100)));
        assert_eq!(agreed.sources, ["binance", "coinbase", "kraken"]);
        let even = agree(&said(&[(10_000, 0), (10_051, 0)]), RULES, NOW).unwrap();
        assert_eq!(even.rate, Rate(10_025), "rounded down");
        assert!(agree(&said(&[(10_000, 0), (10_100, 0)]), RULES, NOW).is_ok(), "at the bound");
    }

    #[test]
    fn what_is_old_or_alone_or_far_apart_is_no_price() {
        use NoPrice::{Disagreement, TooFewFresh};
        for (rates, why) in [
            (vec![], TooFewFresh { fresh: 0, wanted: 2 }),
            (vec![(10_000, 0)], TooFewFresh { fresh: 1, wanted: 2 }),
            (vec![(10_000, 0), (10_000, 1_001)], TooFewFresh { fresh: 1, wanted: 2 }),
            (vec![(10_000, 0), (10_000, -1)], TooFewFresh { fresh: 1, wanted: 2 }),
            (vec![(10_000, 0), (10_101, 0)], Disagreement { spread_bps: 101, most_bps: 100 }),
            (vec![(10_000, 0), (10_102, 0)], Disagreement { spread_bps: 102, most_bps: 100 }),
            (
                vec![(1, 0), (i64::MAX, 0), (1, 0)],
                Disagreement { spread_bps: i64::MAX, most_bps: 100 },
            ),
        ] {
            assert_eq!(agree(&said(&rates), RULES, NOW), Err(why), "{rates:?}");
        }
        // One that is far off but old is not asked at all; at the bound all is well.
        let fine = agree(&said(&[(10_000, 1_000), (10_100, 0), (99_999, 1_001)]), RULES, NOW);
        assert_eq!(fine.unwrap().rate, Rate(10_050));
    }
}
