//! The servers beside the gateway, each in a process of its own: two that remember nothing, and one
//! that takes webhooks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Requests that the bare pipeline has under way at the same time, as many as a lane of ours.
const POSTS_MAX: usize = 32;
/// How long the slow receiver takes.
const SLOW: Duration = Duration::from_secs(10);

/// A server that reads a body and answers with so many bytes, always the same.
pub(crate) fn run_bare_server(answer_bytes: usize) -> Result<()> {
    let answer = Bytes::from(vec![b' '; answer_bytes]);
    let handler = move |_: Bytes| {
        let answer = answer.clone();
        async move {
            let json = [(header::CONTENT_TYPE, "application/json")];
            (StatusCode::CREATED, json, answer).into_response()
        }
    };
    serve(Router::new().route("/v1/gate_sessions", post(handler)))
}

/// A server that answers like the bare one and posts an announcement of its own for each request,
/// over kept connections, to a receiver: what delivery costs when nothing is remembered or signed.
pub(crate) fn run_bare_pipeline(answer_bytes: usize, receiver: String) -> Result<()> {
    let answer = Bytes::from(vec![b' '; answer_bytes]);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let (wanted, mut queue) = mpsc::unbounded_channel::<u64>();
    let posting = async move {
        let mut posts = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some(number) = queue.recv(), if posts.len() < POSTS_MAX => {
                    let body = format!("{{\"id\":\"gs_bare_{number}\",\"padding\":\"{}\"}}", "x".repeat(1_000));
                    posts.push(client.post(&receiver).body(body).send());
                }
                Some(_) = posts.next() => {}
                else => return,
            }
        }
    };
    let count = Arc::new(AtomicU64::new(0));
    let handler = move |_: Bytes| {
        let (answer, wanted, count) = (answer.clone(), wanted.clone(), Arc::clone(&count));
        async move {
            let _ = wanted.send(count.fetch_add(1, Ordering::Relaxed));
            let json = [(header::CONTENT_TYPE, "application/json")];
            (StatusCode::CREATED, json, answer).into_response()
        }
    };
    let router = Router::new().route("/v1/gate_sessions", post(handler));
    serve_beside(router, posting)
}

/// Sessions whose creation was announced, with the microsecond of the first announcement.
type Arrivals = Arc<Mutex<Vec<(String, i64)>>>;

/// A server that takes webhooks. `GET /count` answers how many, `GET /arrivals` which and when.
pub(crate) fn run_receiver() -> Result<()> {
    let router = Router::new()
        .route("/", post(take))
        .route("/slow", post(take_slowly))
        .route("/count", get(count))
        .route("/arrivals", get(list))
        .with_state(Arrivals::default());
    serve(router)
}

async fn take(State(arrivals): State<Arrivals>, body: Bytes) -> StatusCode {
    let at = jiff::Timestamp::now().as_microsecond();
    // The session's id is the only one of its kind in the body; a parser would cost more than this.
    let body = String::from_utf8_lossy(&body);
    let session_id = body.split_once("\"id\":\"gs_").and_then(|(_, rest)| rest.split_once('"'));
    let Some((tail, _)) = session_id else { return StatusCode::BAD_REQUEST };
    lock(&arrivals).push((format!("gs_{tail}"), at));
    StatusCode::OK
}

/// Longer than any attempt may take.
async fn take_slowly() -> StatusCode {
    tokio::time::sleep(SLOW).await;
    StatusCode::OK
}

async fn count(State(arrivals): State<Arrivals>) -> String {
    lock(&arrivals).len().to_string()
}

async fn list(State(arrivals): State<Arrivals>) -> String {
    let lines: Vec<_> =
        lock(&arrivals).iter().map(|(session_id, at)| format!("{session_id} {at}")).collect();
    lines.join("\n")
}

fn lock(arrivals: &Arrivals) -> std::sync::MutexGuard<'_, Vec<(String, i64)>> {
    arrivals.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serve on a free port of this machine, and say on the first line which one, until killed.
fn serve(router: Router) -> Result<()> {
    serve_beside(router, std::future::pending())
}

fn serve_beside(router: Router, beside: impl Future<Output = ()> + Send + 'static) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(async {
        tokio::spawn(beside);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}/", listener.local_addr()?);
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        Ok(axum::serve(listener, router).await?)
    })
}
