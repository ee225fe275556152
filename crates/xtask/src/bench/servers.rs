//! The servers beside the gateway, each in a process of its own: one that remembers nothing, and one
//! that takes webhooks.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

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

/// Sessions whose creation was announced, with the microsecond of the first announcement.
type Arrivals = Arc<Mutex<Vec<(String, i64)>>>;

/// A server that takes webhooks. `GET /count` answers how many, `GET /arrivals` which and when.
pub(crate) fn run_receiver() -> Result<()> {
    let router = Router::new()
        .route("/", post(take))
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
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}/", listener.local_addr()?);
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        Ok(axum::serve(listener, router).await?)
    })
}
