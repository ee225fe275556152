//! Prices that somebody wrote down: for pegged pairs, for demonstrations, and for tests.

use std::collections::HashMap;

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use gate_domain::money::Asset;
use gate_domain::price::NoPrice;
use gate_domain::quote::Rate;
use gate_domain::time::Millis;

use super::file::Pair;
use crate::{Price, PriceSource, Report};

const NAME: &str = "fixed_table";

/// A table of prices that never changes.
pub(super) struct FixedTable(pub(super) HashMap<Pair, Rate>);

impl PriceSource for FixedTable {
    fn price(&self, token: &Asset, currency: &Asset, now: Millis) -> Result<Price, NoPrice> {
        let rate = self.0.get(&Pair::of(token, currency)).ok_or(NoPrice::NoMarket)?;
        Ok(Price { rate: *rate, source: NAME.into(), at: now })
    }

    fn refresh(&self, _: Millis) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }

    fn reports(&self, token: &Asset, currency: &Asset, now: Millis) -> Vec<Report> {
        let rate = self.0.get(&Pair::of(token, currency));
        let report =
            |rate: &Rate| Report { source: NAME.into(), last: Some((*rate, now)), problem: None };
        rate.map(report).into_iter().collect()
    }
}
