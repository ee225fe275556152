//! The file that says where prices come from.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gate_domain::money::Asset;
use gate_domain::price::Agreement;
use gate_domain::quote::Rate;
use gate_domain::time::Millis;
use serde::Deserialize;

use super::bodies::Shape;
use super::exchanges::{Exchange, Exchanges};
use super::fixed::FixedTable;
use crate::PriceSource;
use crate::simulator::SimulatedMarket;

const EXCHANGES_MAX: usize = 8;
const PAIRS_MAX: usize = 64;
const SHOCK_BPS: std::ops::RangeInclusive<i64> = -9_999..=100_000;

/// A token, wherever it lives, in a currency. Written `ETH/EUR`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pair {
    pub(super) token: String,
    pub(super) currency: String,
}

impl Pair {
    pub(super) fn of(token: &Asset, currency: &Asset) -> Self {
        Self { token: token.code.clone(), currency: currency.code.clone() }
    }

    fn parse(text: &str) -> Result<Self, PricesError> {
        let good = |part: &str| {
            (2..=12).contains(&part.len())
                && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        };
        match text.split_once('/') {
            Some((token, currency)) if good(token) && good(currency) => {
                Ok(Self { token: token.into(), currency: currency.into() })
            }
            _ => Err(PricesError::new(format!("{text:?} is no pair, such as \"ETH/EUR\""))),
        }
    }
}

/// Why a file cannot be used, as a sentence without its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PricesError(String);

impl PricesError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Draft {
    Simulated(DraftSimulated),
    Fixed(BTreeMap<String, String>),
    Exchanges(DraftExchanges),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct DraftSimulated {
    seed: u32,
    frozen: bool,
    shocks_bps: BTreeMap<String, i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftExchanges {
    pairs: Vec<String>,
    sources: Vec<DraftExchange>,
    #[serde(default = "five")]
    every_seconds: i64,
    #[serde(default = "thirty")]
    fresh_seconds: i64,
    #[serde(default = "two")]
    sources_min: usize,
    #[serde(default = "one_percent")]
    spread_bps_max: i64,
    #[serde(default = "three_seconds")]
    deadline_ms: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftExchange {
    shape: Shape,
    name: Option<String>,
    url: Option<String>,
    #[serde(default)]
    symbols: BTreeMap<String, String>,
}

const fn five() -> i64 {
    5
}

const fn thirty() -> i64 {
    30
}

const fn two() -> usize {
    2
}

const fn one_percent() -> i64 {
    100
}

const fn three_seconds() -> u64 {
    3_000
}

/// Read a file with one table of the three `[simulated]`, `[fixed]` and `[exchanges]`. Exchanges are
/// asked through the proxy, where there is one.
pub fn read_file(path: &Path, proxy: Option<&str>) -> Result<Arc<dyn PriceSource>, PricesError> {
    let text = std::fs::read_to_string(path)
        .map_err(|why| PricesError(format!("{} cannot be read: {why}", path.display())))?;
    read_text(&text, proxy)
        .map_err(|PricesError(why)| PricesError(format!("{}: {why}", path.display())))
}

/// Read the text of such a file.
pub fn read_text(text: &str, proxy: Option<&str>) -> Result<Arc<dyn PriceSource>, PricesError> {
    let draft: Draft = toml::from_str(text)
        .map_err(|error| PricesError(error.to_string().trim_end().to_owned()))?;
    match draft {
        Draft::Simulated(draft) => simulated(draft),
        Draft::Fixed(table) => fixed(&table),
        Draft::Exchanges(draft) => exchanges(&draft, proxy),
    }
}

fn simulated(draft: DraftSimulated) -> Result<Arc<dyn PriceSource>, PricesError> {
    if let Some((symbol, _)) = draft.shocks_bps.iter().find(|(_, bps)| !SHOCK_BPS.contains(bps)) {
        return Err(PricesError(format!("the shock of {symbol} must be from -9999 to 100000")));
    }
    Ok(Arc::new(SimulatedMarket {
        seed: draft.seed.into(),
        frozen_at: draft.frozen.then_some(Millis(0)),
        shocks_bps: draft.shocks_bps,
    }))
}

fn fixed(table: &BTreeMap<String, String>) -> Result<Arc<dyn PriceSource>, PricesError> {
    let read = |(pair, price): (&String, &String)| {
        let rate = Rate::parse(price)
            .ok_or_else(|| PricesError(format!("{price:?} is no price for {pair}")))?;
        Ok((Pair::parse(pair)?, rate))
    };
    let table: Result<HashMap<_, _>, PricesError> = table.iter().map(read).collect();
    Ok(Arc::new(FixedTable(table?)))
}

fn exchanges(
    draft: &DraftExchanges,
    proxy: Option<&str>,
) -> Result<Arc<dyn PriceSource>, PricesError> {
    let pairs: Result<Vec<_>, _> = draft.pairs.iter().map(|pair| Pair::parse(pair)).collect();
    let pairs = pairs?;
    let bounds = [
        ((1..=PAIRS_MAX).contains(&pairs.len()), "there must be 1 to 64 pairs"),
        ((1..=EXCHANGES_MAX).contains(&draft.sources.len()), "there must be 1 to 8 sources"),
        ((1..=3_600).contains(&draft.every_seconds), "every_seconds must be from 1 to 3600"),
        ((1..=3_600).contains(&draft.fresh_seconds), "fresh_seconds must be from 1 to 3600"),
        (
            draft.fresh_seconds > draft.every_seconds,
            "fresh_seconds must be more than every_seconds",
        ),
        (
            (1..=draft.sources.len()).contains(&draft.sources_min),
            "sources_min must be from 1 to the number of sources",
        ),
        ((1..=5_000).contains(&draft.spread_bps_max), "spread_bps_max must be from 1 to 5000"),
        ((100..=10_000).contains(&draft.deadline_ms), "deadline_ms must be from 100 to 10000"),
    ];
    if let Some((_, why)) = bounds.into_iter().find(|(fits, _)| !fits) {
        return Err(PricesError::new(why));
    }
    let mut known: Vec<Exchange> = Vec::new();
    for source in &draft.sources {
        let exchange = exchange(source, &pairs)?;
        if known.iter().any(|other| other.name == exchange.name) {
            return Err(PricesError(format!("there are two sources named {:?}", exchange.name)));
        }
        known.push(exchange);
    }
    let agreement = Agreement {
        fresh_ms: draft.fresh_seconds * 1_000,
        sources_min: draft.sources_min,
        spread_bps_max: draft.spread_bps_max,
    };
    let deadline = Duration::from_millis(draft.deadline_ms);
    let proxy = proxy.map(reqwest::Proxy::all).transpose();
    let proxy = proxy.map_err(|_| PricesError::new("the proxy is no URL"))?;
    let every_ms = draft.every_seconds * 1_000;
    Ok(Arc::new(Exchanges::new(known, agreement, every_ms, deadline, proxy)))
}

fn exchange(draft: &DraftExchange, pairs: &[Pair]) -> Result<Exchange, PricesError> {
    let shape = draft.shape;
    let name = draft.name.clone().unwrap_or_else(|| shape.name().to_owned());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !(1..=30).contains(&name.len()) || !name.bytes().all(plain) {
        return Err(PricesError(format!("{name:?} is no name: 1 to 30 letters, digits, _ and -")));
    }
    let url = draft.url.clone().unwrap_or_else(|| shape.usual_url().to_owned());
    let parsed = url.parse::<reqwest::Url>().ok();
    let local = parsed
        .as_ref()
        .and_then(|url| url.host_str())
        .is_some_and(|host| host == "localhost" || host == "127.0.0.1" || host == "[::1]");
    let fits = parsed.is_some_and(|url| {
        let scheme = url.scheme() == "https" || (url.scheme() == "http" && local);
        scheme && url.query().is_none() && url.fragment().is_none() && url.username().is_empty()
    });
    if !fits {
        return Err(PricesError(format!(
            "{url:?} must begin with https://, or with http:// and a loopback host"
        )));
    }
    let mut symbols = HashMap::new();
    for pair in pairs {
        let symbol = shape.symbol(&pair.token, &pair.currency);
        symbols.insert(pair.clone(), symbol);
    }
    for (pair, symbol) in &draft.symbols {
        let pair = Pair::parse(pair)?;
        if !pairs.contains(&pair) {
            let why = format!("{name} has a symbol for a pair that is not among the pairs");
            return Err(PricesError(why));
        }
        match symbol.as_str() {
            // An exchange that does not trade a pair is not asked about it.
            "" => drop(symbols.remove(&pair)),
            symbol if symbol.bytes().all(plain) => drop(symbols.insert(pair, symbol.to_owned())),
            _ => return Err(PricesError(format!("{symbol:?} is no symbol of an exchange"))),
        }
    }
    Ok(Exchange { name, shape, url: url.trim_end_matches('/').to_owned(), symbols })
}
