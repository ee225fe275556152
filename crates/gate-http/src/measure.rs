//! How long requests take, by route and class of answer, and the page that shows it to a monitor: on a
//! listener of its own, never on the public one.

use std::io;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use gate_app::App;
use gate_app::metrics::render;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::error;

use crate::routes::ServerState;

/// The text format of Prometheus.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Count a request.
pub(crate) async fn measure(
    State(state): State<ServerState>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let response = next.run(request).await;
    // What no route matched has no end of names.
    let route = route.as_ref().map_or("other", MatchedPath::as_str);
    let method = if method.as_str().len() <= 7 { method.as_str() } else { "other" };
    let status = response.status().as_u16();
    state.app().metrics().answered(method, route, status, started.elapsed());
    response
}

/// Serve `/metrics` on `listener` until `stopping` turns true.
///
/// # Errors
/// What the listener answers when it cannot take connections any more.
pub async fn serve_metrics(
    app: App,
    listener: TcpListener,
    mut stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let router = Router::new().route("/metrics", get(metrics)).with_state(app);
    let server = axum::serve(listener, router).with_graceful_shutdown(async move {
        let _ = stopping.wait_for(|stopping| *stopping).await;
    });
    server.await
}

async fn metrics(State(app): State<App>) -> Response {
    match render(&app).await {
        Ok(text) => ([(header::CONTENT_TYPE, FORMAT)], text).into_response(),
        Err(error) => {
            error!(%error, "the metrics cannot be read");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
