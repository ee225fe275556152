//! HTTP as somebody outside speaks it: an answer is an answer, and everything else means that we
//! do not know whether it was done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use reqwest::header::LOCATION;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tokio::time::sleep;

use super::book::Book;
use crate::gateway::Ready;

const ANSWER_MAX: Duration = Duration::from_secs(10);
/// How long somebody keeps trying: through many kills.
const PATIENCE: Duration = Duration::from_mins(1);
const TRY_EVERY: Duration = Duration::from_millis(40);

/// What everybody outside shares.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    ready: Ready,
    shop_url: String,
    book: Arc<Book>,
    stopping: Arc<AtomicBool>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("not JSON: {}", self.body))
    }

    /// An answer with this status, or a complaint.
    pub(super) fn expect(self, status: u16, what: &str) -> Result<Self> {
        if self.status != status {
            bail!("{what} was answered with {}: {}", self.status, self.body);
        }
        Ok(self)
    }
}

impl Client {
    pub(super) fn new(ready: Ready, book: Arc<Book>) -> Result<Self> {
        let http = plain_http()?;
        let shop_url = ready.shop_url.clone().context("the gateway started no shop")?;
        Ok(Self { http, ready, shop_url, book, stopping: Arc::default() })
    }

    pub(super) fn book(&self) -> &Book {
        &self.book
    }

    pub(super) fn shop_url(&self) -> &str {
        &self.shop_url
    }

    pub(super) fn publishable_key(&self) -> &str {
        &self.ready.publishable_key
    }

    /// Nobody begins anything new from now on.
    pub(super) fn stop_starting(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// A request to the gateway.
    pub(super) fn gate(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.ready.base_url))
    }

    /// A request to the gateway with the secret key.
    pub(super) fn backend(&self, method: Method, path: &str) -> RequestBuilder {
        self.gate(method, path).bearer_auth(&self.ready.secret_key)
    }

    /// A request to the shop.
    pub(super) fn shop(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.shop_url))
    }

    /// Ask once. None when nobody knows what became of it.
    pub(super) async fn ask(&self, request: RequestBuilder) -> Option<Answer> {
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let location = response.headers().get(LOCATION);
        let location = location.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = response.text().await.ok()?;
        match status {
            // Away, busy, or working on the same request: all three mean "again, a little later".
            425 | 429 | 502..=504 => None,
            500.. => {
                self.book.problem(format!("a server answered {status}: {body}"));
                None
            }
            _ => Some(Answer { status, location, body }),
        }
    }

    /// Ask until there is an answer. Only for what is safe to repeat.
    pub(super) async fn insist(&self, request: impl Fn() -> RequestBuilder) -> Result<Answer> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(answer) = self.ask(request()).await {
                return Ok(answer);
            }
            sleep(TRY_EVERY).await;
        }
        bail!("no answer within {PATIENCE:?}: {:?}", request().build().map(|it| it.url().clone()))
    }
}

/// A client that follows nothing, keeps connections and is not patient for ever.
pub(super) fn plain_http() -> Result<reqwest::Client> {
    // The first caller wins; both would install the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(ANSWER_MAX)
        .build()
        .context("cannot make an HTTP client")
}
