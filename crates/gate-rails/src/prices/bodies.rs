//! What public price endpoints of exchanges answer, read without a floating point number: the price
//! is half way between the best bid and the best ask.

use std::collections::BTreeMap;

use gate_domain::price::midpoint;
use gate_domain::quote::Rate;
use serde::Deserialize;

/// Whose shape an endpoint has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Shape {
    Kraken,
    Coinbase,
    Binance,
}

/// Why an answer says no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadBody {
    #[error("the answer does not have the shape of this exchange")]
    Shape,
    #[error("the exchange says: {0}")]
    Told(String),
    #[error("the answer has a bid or an ask that is no price")]
    Number,
    #[error("the answer has a bid above the ask")]
    Crossed,
}

/// `{"error":[],"result":{"XXBTZEUR":{"a":["1.0",..],"b":["1.0",..],..}}}`: the name of the pair
/// is not always the one that was asked for, but only one was.
#[derive(Deserialize)]
struct KrakenBody {
    error: Vec<String>,
    #[serde(default)]
    result: BTreeMap<String, KrakenTicker>,
}

#[derive(Deserialize)]
struct KrakenTicker {
    a: Vec<String>,
    b: Vec<String>,
}

/// `{"ask":"1.0","bid":"1.0","price":"1.0","time":"..",..}`.
#[derive(Deserialize)]
struct CoinbaseBody {
    ask: String,
    bid: String,
}

/// `{"symbol":"BTCEUR","bidPrice":"1.0","askPrice":"1.0",..}`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BinanceBody {
    symbol: String,
    bid_price: String,
    ask_price: String,
}

impl Shape {
    /// The name in quotes.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Kraken => "kraken",
            Self::Coinbase => "coinbase",
            Self::Binance => "binance",
        }
    }

    /// Where the exchange is.
    pub(super) const fn usual_url(self) -> &'static str {
        match self {
            Self::Kraken => "https://api.kraken.com",
            Self::Coinbase => "https://api.exchange.coinbase.com",
            Self::Binance => "https://api.binance.com",
        }
    }

    /// How the exchange spells a pair, unless a file says otherwise.
    pub(super) fn symbol(self, token: &str, currency: &str) -> String {
        match self {
            Self::Kraken | Self::Binance => format!("{token}{currency}"),
            Self::Coinbase => format!("{token}-{currency}"),
        }
    }

    /// What to ask for, below the address of the exchange.
    pub(super) fn path(self, symbol: &str) -> String {
        match self {
            Self::Kraken => format!("/0/public/Ticker?pair={symbol}"),
            Self::Coinbase => format!("/products/{symbol}/ticker"),
            Self::Binance => format!("/api/v3/ticker/bookTicker?symbol={symbol}"),
        }
    }

    /// The price that an answer says.
    pub(super) fn read(self, symbol: &str, body: &[u8]) -> Result<Rate, BadBody> {
        match self {
            Self::Kraken => {
                let body: KrakenBody = parse(body)?;
                if let Some(error) = body.error.first() {
                    return Err(BadBody::Told(error.chars().take(100).collect()));
                }
                let mut tickers = body.result.values();
                let (Some(ticker), None) = (tickers.next(), tickers.next()) else {
                    return Err(BadBody::Shape);
                };
                let (Some(bid), Some(ask)) = (ticker.b.first(), ticker.a.first()) else {
                    return Err(BadBody::Shape);
                };
                between(bid, ask)
            }
            Self::Coinbase => {
                let body: CoinbaseBody = parse(body)?;
                between(&body.bid, &body.ask)
            }
            Self::Binance => {
                let body: BinanceBody = parse(body)?;
                if body.symbol != symbol {
                    return Err(BadBody::Shape);
                }
                between(&body.bid_price, &body.ask_price)
            }
        }
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, BadBody> {
    serde_json::from_slice(body).map_err(|_| BadBody::Shape)
}

fn between(bid: &str, ask: &str) -> Result<Rate, BadBody> {
    let (Some(bid), Some(ask)) = (Rate::parse(bid), Rate::parse(ask)) else {
        return Err(BadBody::Number);
    };
    if bid > ask { Err(BadBody::Crossed) } else { Ok(midpoint(bid, ask)) }
}
