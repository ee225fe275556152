//! What stands between the gateway and the shop's webhook door: it passes everything on, byte for
//! byte, and remembers what the shop has accepted. It outlives every kill.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;

use super::book::Book;
use super::client::plain_http;

/// A webhook that the shop has accepted.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) event_id: String,
    pub(super) event_type: String,
    pub(super) sequence: u64,
    pub(super) session_id: String,
}

/// The relay. It serves until the program ends.
pub(super) struct Relay {
    pub(super) url: String,
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    shop_door: String,
    arrivals: Mutex<Vec<Arrival>>,
    book: Arc<Book>,
}

impl Relay {
    pub(super) async fn start(shop_url: &str, book: Arc<Book>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("a port for the relay")?;
        let url = format!("http://{}/", listener.local_addr()?);
        let shop_door = format!("{shop_url}/webhooks/0gate");
        let http = plain_http()?;
        let inner = Arc::new(Inner { http, shop_door, arrivals: Mutex::default(), book });
        let router = Router::new().route("/", post(pass_on)).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, inner })
    }

    /// Everything that has arrived, in order, repeats too.
    pub(super) fn arrivals(&self) -> Vec<Arrival> {
        self.inner.arrivals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn pass_on(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut request = inner.http.post(&inner.shop_door).body(body.clone());
    for (name, value) in &headers {
        if name != header::HOST && name != header::CONTENT_LENGTH {
            request = request.header(name, value);
        }
    }
    let status = match request.send().await {
        Ok(response) => response.status(),
        Err(_) => return StatusCode::BAD_GATEWAY,
    };
    if status.is_success() {
        match read(&body) {
            Some(arrival) => {
                inner.arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(arrival);
            }
            None => inner.book.problem(format!("a webhook that is no event: {body:?}")),
        }
    } else if status.is_client_error() {
        inner.book.problem(format!("the shop refused a webhook with {status}: {body:?}"));
    }
    status
}

fn read(body: &[u8]) -> Option<Arrival> {
    let event: Value = serde_json::from_slice(body).ok()?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Some(Arrival {
        event_id: text(&event["id"])?,
        event_type: text(&event["type"])?,
        sequence: event["sequence"].as_u64()?,
        session_id: text(&event["data"]["id"])?,
    })
}
