//! Exchanges that this file plays itself: bodies in the shapes of three of them, served on loopback.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use gate_domain::money::Asset;
use gate_domain::price::NoPrice;
use gate_domain::quote::Rate;
use gate_domain::time::Millis;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::bodies::{BadBody, Shape};
use super::read_text;
use crate::{Price, PriceSource};

fn kraken(bid: &str, ask: &str) -> String {
    format!(
        r#"{{"error":[],"result":{{"XETHZEUR":{{"a":["{ask}","1","1.000"],"b":["{bid}","2","2.000"],"c":["1.0","0.1"],"v":["9.1","9.2"]}}}}}}"#
    )
}

fn coinbase(bid: &str, ask: &str) -> String {
    format!(
        r#"{{"ask":"{ask}","bid":"{bid}","volume":"12.5","trade_id":7,"price":"1.00","size":"0.1","time":"2026-01-01T00:00:00Z"}}"#
    )
}

fn binance(bid: &str, ask: &str) -> String {
    format!(
        r#"{{"symbol":"ETHEUR","bidPrice":"{bid}","bidQty":"1.0","askPrice":"{ask}","askQty":"2.0"}}"#
    )
}

#[test]
fn each_shape_is_read_exactly_and_nothing_else() {
    use Shape::{Binance, Coinbase, Kraken};
    let told = BadBody::Told("EQuery:Unknown asset pair".into());
    let two = r#"{"error":[],"result":{"A":{"a":["1"],"b":["1"]},"B":{"a":["1"],"b":["1"]}}}"#;
    for (shape, body, read) in [
        (Kraken, kraken("2900.10000", "2900.20001"), Ok("2900.15000500")),
        (Coinbase, coinbase("2900.1", "2900.3"), Ok("2900.20000000")),
        (Binance, binance("0.00000123", "0.00000124"), Ok("0.00000123")),
        (Kraken, r#"{"error":["EQuery:Unknown asset pair"]}"#.into(), Err(told)),
        (Kraken, r#"{"error":[],"result":{}}"#.into(), Err(BadBody::Shape)),
        (Kraken, two.into(), Err(BadBody::Shape)),
        (Coinbase, coinbase("2900.3", "2900.1"), Err(BadBody::Crossed)),
        (Coinbase, coinbase("0", "2900.1"), Err(BadBody::Number)),
        (Coinbase, coinbase("1e3", "2900.1"), Err(BadBody::Number)),
        // A number that is not a text has gone through a floating point number somewhere.
        (Coinbase, r#"{"ask":2900.1,"bid":2900.1}"#.into(), Err(BadBody::Shape)),
        (Binance, binance("1", "1").replace("ETHEUR", "BTCEUR"), Err(BadBody::Shape)),
        (Binance, String::new(), Err(BadBody::Shape)),
        (Binance, "<html>".into(), Err(BadBody::Shape)),
    ] {
        let found = shape.read("ETHEUR", body.as_bytes()).map(Rate::to_decimal);
        assert_eq!(found, read.map(str::to_owned), "{body}");
    }
}

/// What each path answers: a status and a body. `None` never answers.
type Answers = Arc<Mutex<HashMap<&'static str, Option<(u16, String)>>>>;

const KRAKEN: &str = "/kraken/0/public/Ticker?pair=ETHEUR";
const COINBASE: &str = "/coinbase/products/ETH-EUR/ticker";
const BINANCE: &str = "/binance/api/v3/ticker/bookTicker?symbol=ETHEUR";

async fn serve(answers: Answers) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let answers = Arc::clone(&answers);
            tokio::spawn(async move {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await.unwrap());
                }
                let request = String::from_utf8(request).unwrap();
                let path = request.split(' ').nth(1).unwrap();
                let answer = answers.lock().unwrap().get(path).cloned();
                let (status, body) = match answer {
                    Some(Some(answer)) => answer,
                    Some(None) => std::future::pending().await,
                    None => (404, String::new()),
                };
                let head = format!(
                    "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(body.as_bytes()).await;
            });
        }
    });
    format!("http://{address}")
}

struct Played {
    answers: Answers,
    prices: Arc<dyn PriceSource>,
}

impl Played {
    async fn new() -> Self {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let answers = Answers::default();
        let url = serve(Arc::clone(&answers)).await;
        let source = |shape: &str| {
            format!("[[exchanges.sources]]\nshape = \"{shape}\"\nurl = \"{url}/{shape}/\"\n")
        };
        let text = format!(
            "[exchanges]\npairs = [\"ETH/EUR\"]\ndeadline_ms = 200\n{}{}{}",
            source("kraken"),
            source("coinbase"),
            source("binance"),
        );
        Self { answers, prices: read_text(&text, None).unwrap() }
    }

    fn say(&self, path: &'static str, body: &str) {
        self.answers.lock().unwrap().insert(path, Some((200, body.to_owned())));
    }

    fn price(&self, now: i64) -> Result<Price, NoPrice> {
        self.prices.price(&eth(), &euro(), Millis(now))
    }

    fn problems(&self) -> Vec<Option<String>> {
        let reports = self.prices.reports(&eth(), &euro(), Millis(0));
        reports.into_iter().map(|report| report.problem).collect()
    }
}

fn eth() -> Asset {
    Asset { code: "ETH".into(), network: Some("base".into()), decimals: 18 }
}

fn euro() -> Asset {
    Asset { code: "EUR".into(), network: None, decimals: 2 }
}

#[tokio::test]
async fn the_median_of_what_exchanges_say_is_sold_by_while_it_is_fresh() {
    let played = Played::new().await;
    assert_eq!(played.price(0), Err(NoPrice::TooFewFresh { fresh: 0, wanted: 2 }));
    played.say(KRAKEN, &kraken("2900.00", "2900.00"));
    played.say(COINBASE, &coinbase("2910.00", "2910.00"));
    played.say(BINANCE, &binance("2902.00", "2902.00"));
    played.prices.refresh(Millis(1_000)).await;
    let price = played.price(2_000).unwrap();
    assert_eq!((price.rate.to_decimal().as_str(), price.at), ("2902.00000000", Millis(1_000)));
    assert_eq!(price.source, "median of binance, coinbase, kraken");

    // Nobody asks before it is time.
    played.say(KRAKEN, &kraken("2950.00", "2950.00"));
    played.prices.refresh(Millis(5_999)).await;
    assert_eq!(played.price(5_999).unwrap().at, Millis(1_000));
    // 48 euro are more than the 1 % that they may be apart.
    played.prices.refresh(Millis(6_000)).await;
    let apart = Err(NoPrice::Disagreement { spread_bps: 165, most_bps: 100 });
    assert_eq!(played.price(6_000), apart);

    // One that falls silent is left out once it is old; then the others are, and there is no price.
    played.answers.lock().unwrap().insert(KRAKEN, None);
    played.prices.refresh(Millis(12_000)).await;
    assert_eq!(played.price(12_000), apart, "still fresh");
    assert_eq!(played.price(36_001).unwrap().source, "median of binance, coinbase");
    assert_eq!(played.price(42_001), Err(NoPrice::TooFewFresh { fresh: 0, wanted: 2 }));
    let dollar = Asset { code: "USD".into(), ..euro() };
    let unknown = played.prices.price(&eth(), &dollar, Millis(0));
    assert_eq!(unknown, Err(NoPrice::NoMarket));
}

#[tokio::test]
async fn an_exchange_that_misbehaves_is_told_about_and_left_out() {
    let played = Played::new().await;
    played.say(KRAKEN, &"x".repeat(65 * 1024));
    played.answers.lock().unwrap().insert(COINBASE, None);
    played.answers.lock().unwrap().insert(BINANCE, Some((302, binance("1", "1"))));
    played.prices.refresh(Millis(0)).await;
    let problems: Vec<_> = played.problems().into_iter().flatten().collect();
    assert_eq!(
        problems,
        [
            "its answer has more than 65536 bytes",
            "no complete answer within 200ms",
            "it answered 302",
        ]
    );
    assert_eq!(played.price(0), Err(NoPrice::TooFewFresh { fresh: 0, wanted: 2 }));
    played.say(KRAKEN, &kraken("1.00", "1.00"));
    played.say(COINBASE, &coinbase("1.00", "1.00"));
    played.prices.refresh(Millis(5_000)).await;
    assert_eq!(played.price(5_000).unwrap().source, "median of coinbase, kraken");
}

/// Two exchanges at a place, asked through a proxy.
fn proxied(place: &str, proxy: &str) -> Arc<dyn PriceSource> {
    let source = |shape: &str| {
        format!("[[exchanges.sources]]\nshape = \"{shape}\"\nurl = \"{place}/{shape}/\"\n")
    };
    let (one, other) = (source("kraken"), source("coinbase"));
    let text = format!("[exchanges]\npairs = [\"ETH/EUR\"]\ndeadline_ms = 500\n{one}{other}");
    read_text(&text, Some(proxy)).unwrap()
}

#[tokio::test]
async fn exchanges_are_asked_through_the_proxy_and_never_around_it() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let answers = Answers::default();
    let server = serve(Arc::clone(&answers)).await;
    let say = |path, body: String| answers.lock().unwrap().insert(path, Some((200, body)));
    // A proxy is asked with the whole address; nobody listens at this one.
    say("http://127.0.0.1:1/kraken/0/public/Ticker?pair=ETHEUR", kraken("2900.00", "2900.00"));
    say("http://127.0.0.1:1/coinbase/products/ETH-EUR/ticker", coinbase("2902.00", "2902.00"));
    let prices = proxied("http://127.0.0.1:1", &server);
    prices.refresh(Millis(0)).await;
    let price = prices.price(&eth(), &euro(), Millis(0)).unwrap();
    assert_eq!(price.source, "median of coinbase, kraken");
    // And where the proxy is gone, exchanges that answer are not asked all the same.
    say(KRAKEN, kraken("2900.00", "2900.00"));
    say(COINBASE, coinbase("2902.00", "2902.00"));
    let prices = proxied(&server, "http://127.0.0.1:1");
    prices.refresh(Millis(0)).await;
    let none = Err(NoPrice::TooFewFresh { fresh: 0, wanted: 2 });
    assert_eq!(prices.price(&eth(), &euro(), Millis(0)), none);
}

#[test]
fn a_table_says_what_was_written_down() {
    let prices = read_text("[fixed]\n\"ETH/EUR\" = \"2900.5\"", None).unwrap();
    let price = prices.price(&eth(), &euro(), Millis(7)).unwrap();
    assert_eq!((price.rate.to_decimal().as_str(), price.at), ("2900.50000000", Millis(7)));
    assert_eq!(price.source, "fixed_table");
    let dollar = Asset { code: "USD".into(), ..euro() };
    assert_eq!(prices.price(&eth(), &dollar, Millis(7)), Err(NoPrice::NoMarket));
    let frozen =
        read_text("[simulated]\nfrozen = true\nshocks_bps = { ETH = -5000 }", None).unwrap();
    let at = |now| frozen.price(&eth(), &euro(), Millis(now)).unwrap().rate;
    assert_eq!(at(0), at(86_400_000));
}

#[test]
fn each_mistake_of_a_file_is_told() {
    let exchanges = |lines: &str, source: &str| {
        format!("[exchanges]\n{lines}\n[[exchanges.sources]]\nshape = \"kraken\"\n{source}\n")
    };
    let pairs = "pairs = [\"ETH/EUR\"]\nsources_min = 1\n";
    for (text, why) in [
        (String::new(), "wanted exactly 1 element"),
        ("[guessed]".into(), "unknown variant `guessed`"),
        ("[fixed]\nETH = \"1\"".into(), "\"ETH\" is no pair, such as \"ETH/EUR\""),
        ("[fixed]\n\"ETH/EUR\" = \"1,5\"".into(), "\"1,5\" is no price for ETH/EUR"),
        ("[simulated]\nshocks_bps = { ETH = -10000 }".into(), "the shock of ETH must be"),
        (exchanges("pairs = []", ""), "there must be 1 to 64 pairs"),
        (exchanges("pairs = [\"ETH/EUR\"]", ""), "sources_min must be"),
        (exchanges(&format!("{pairs}fresh_seconds = 5"), ""), "fresh_seconds must be more"),
        (exchanges(&format!("{pairs}spread_bps_max = 0"), ""), "spread_bps_max must be"),
        (exchanges(&format!("{pairs}deadline_ms = 10001"), ""), "deadline_ms must be"),
        (exchanges(&format!("{pairs}often = 1"), ""), "unknown field `often`"),
        (exchanges(pairs, "url = \"http://api.example.com\""), "must begin with https://"),
        (exchanges(pairs, "url = \"https://u@api.example.com\""), "must begin with https://"),
        (exchanges(pairs, "name = \"a, b\""), "\"a, b\" is no name"),
        (exchanges(pairs, "symbols = { \"BTC/EUR\" = \"XBTEUR\" }"), "not among the pairs"),
        (exchanges(pairs, "symbols = { \"ETH/EUR\" = \"a&b\" }"), "is no symbol"),
        (
            exchanges(pairs, "[[exchanges.sources]]\nshape = \"kraken\""),
            "there are two sources named \"kraken\"",
        ),
    ] {
        let told = read_text(&text, None).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told.contains(why), "{text}\n{told}");
    }
}
