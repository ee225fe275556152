//! Prices of exchanges: asked now and then, kept in memory, and believed while they are fresh and
//! agree. What a source says is as old as the question, not as the answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use gate_domain::money::Asset;
use gate_domain::price::{Agreement, NoPrice, Said, agree};
use gate_domain::quote::Rate;
use gate_domain::time::Millis;

use super::bodies::Shape;
use super::file::Pair;
use crate::{Price, PriceSource, Report};

/// An honest answer has a few hundred bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// How long a round of questions may take: 20 s.
const ROUND_MAX: Duration = Duration::from_secs(20);
/// Questions that are under way at the same time, over all exchanges.
const AT_ONCE_MAX: usize = 8;

/// One exchange.
pub(super) struct Exchange {
    pub(super) name: String,
    pub(super) shape: Shape,
    /// Without a slash at the end.
    pub(super) url: String,
    /// How it spells each pair that it is asked about.
    pub(super) symbols: HashMap<Pair, String>,
}

/// Several exchanges and what they last said.
pub(super) struct Exchanges {
    sources: Vec<Exchange>,
    agreement: Agreement,
    every_ms: i64,
    deadline: Duration,
    client: reqwest::Client,
    asked_at: AtomicI64,
    heard: RwLock<HashMap<(usize, Pair), Heard>>,
}

#[derive(Clone, Debug, Default)]
struct Heard {
    last: Option<(Rate, Millis)>,
    problem: Option<String>,
}

impl Exchanges {
    /// # Panics
    /// When no TLS provider was installed at the start of the program.
    pub(super) fn new(
        sources: Vec<Exchange>,
        agreement: Agreement,
        every_ms: i64,
        deadline: Duration,
        proxy: Option<reqwest::Proxy>,
    ) -> Self {
        let builder = reqwest::Client::builder();
        let builder = match proxy {
            Some(proxy) => builder.proxy(proxy),
            None => builder.no_proxy(),
        };
        let client = builder
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("0Gate/", env!("CARGO_PKG_VERSION")))
            .build()
            .expect("the program installs a TLS provider first");
        let (asked_at, heard) = (AtomicI64::new(i64::MIN), RwLock::default());
        Self { sources, agreement, every_ms, deadline, client, asked_at, heard }
    }

    /// Whether it is time to ask; whoever is told so asks, and nobody else does meanwhile.
    fn is_due(&self, now: Millis) -> bool {
        let last = self.asked_at.load(Ordering::SeqCst);
        let due = now.0.saturating_sub(last) >= self.every_ms;
        due && self
            .asked_at
            .compare_exchange(last, now.0, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok()
    }

    async fn ask(&self, exchange: &Exchange, symbol: &str) -> Result<Rate, String> {
        let url = format!("{}{}", exchange.url, exchange.shape.path(symbol));
        let exchanged = async {
            let mut response = self.client.get(url).send().await.map_err(describe)?;
            if response.status() != reqwest::StatusCode::OK {
                return Err(format!("it answered {}", response.status().as_u16()));
            }
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(describe)? {
                if body.len() + chunk.len() > BODY_BYTES_MAX {
                    return Err(format!("its answer has more than {BODY_BYTES_MAX} bytes"));
                }
                body.extend_from_slice(&chunk);
            }
            exchange.shape.read(symbol, &body).map_err(|error| error.to_string())
        };
        match tokio::time::timeout(self.deadline, exchanged).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no complete answer within {:?}", self.deadline)),
        }
    }

    fn hear(&self, place: usize, pair: &Pair, answer: Result<Rate, String>, now: Millis) {
        let mut heard = self.heard.write().unwrap_or_else(PoisonError::into_inner);
        let entry = heard.entry((place, pair.clone())).or_default();
        match answer {
            Ok(rate) => *entry = Heard { last: Some((rate, now)), problem: None },
            Err(problem) => entry.problem = Some(problem),
        }
    }

    fn known(&self, place: usize, pair: &Pair) -> Heard {
        let heard = self.heard.read().unwrap_or_else(PoisonError::into_inner);
        heard.get(&(place, pair.clone())).cloned().unwrap_or_default()
    }

    fn asked_about<'a>(&'a self, pair: &'a Pair) -> impl Iterator<Item = (usize, &'a Exchange)> {
        let all = self.sources.iter().enumerate();
        all.filter(move |(_, exchange)| exchange.symbols.contains_key(pair))
    }
}

impl PriceSource for Exchanges {
    fn price(&self, token: &Asset, currency: &Asset, now: Millis) -> Result<Price, NoPrice> {
        let pair = Pair::of(token, currency);
        if self.asked_about(&pair).next().is_none() {
            return Err(NoPrice::NoMarket);
        }
        let said = self.asked_about(&pair).filter_map(|(place, exchange)| {
            let (rate, at) = self.known(place, &pair).last?;
            Some(Said { source: exchange.name.clone(), rate, at })
        });
        let agreed = agree(&said.collect::<Vec<_>>(), self.agreement, now)?;
        let source = format!("median of {}", agreed.sources.join(", "));
        Ok(Price { rate: agreed.rate, source, at: agreed.at })
    }

    fn refresh(&self, now: Millis) -> BoxFuture<'_, ()> {
        async move {
            if !self.is_due(now) {
                return;
            }
            let mut questions = Vec::new();
            for (place, exchange) in self.sources.iter().enumerate() {
                for (pair, symbol) in &exchange.symbols {
                    let question = async move {
                        let answer = self.ask(exchange, symbol).await;
                        self.hear(place, pair, answer, now);
                    };
                    questions.push(question.boxed());
                }
            }
            let asked = stream::iter(questions).buffer_unordered(AT_ONCE_MAX).collect::<()>();
            // Who was not reached in time is asked again at the next round.
            let _ = tokio::time::timeout(ROUND_MAX, asked).await;
        }
        .boxed()
    }

    fn reports(&self, token: &Asset, currency: &Asset, _: Millis) -> Vec<Report> {
        let pair = Pair::of(token, currency);
        let report = |(place, exchange): (usize, &Exchange)| {
            let Heard { last, problem } = self.known(place, &pair);
            Report { source: exchange.name.clone(), last, problem }
        };
        self.asked_about(&pair).map(report).collect()
    }
}

fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let what = if error.is_connect() { "could not connect" } else { "the exchange broke off" };
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    format!("{what}: {cause}")
}
