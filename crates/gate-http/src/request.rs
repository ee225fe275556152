//! What is true of every request: it has an id, failures have one shape, and one line in the log
//! says how it went, without keys, queries or bodies.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gate_app::keys::key_shape;
use gate_domain::ids::{Mode, RequestId};
use tracing::info;

use crate::auth::bearer;
use crate::error::ApiError;
use crate::exposed::path_for_log;
use crate::routes::ServerState;

const REQUEST_ID: &str = "x-request-id";

/// Give the request an id, and its failure a body.
pub(crate) async fn identify(
    State(state): State<ServerState>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let app = state.app();
    let mode = bearer(request.headers()).and_then(key_shape).map_or(Mode::Test, |key| key.mode);
    let id = RequestId::new(mode, app.ids().seed(app.now()));
    let api = request.uri().path().starts_with("/v1/");
    let (method, path) = (request.method().clone(), path_for_log(request.uri()).to_owned());

    let mut response = next.run(request).await;
    if let Some(error) = response.extensions_mut().remove::<Arc<ApiError>>() {
        let body = Json(error.body(id.as_str())).into_response();
        let (status, mut headers) = (response.status(), std::mem::take(response.headers_mut()));
        headers.remove(header::CONTENT_LENGTH);
        response = body;
        *response.status_mut() = status;
        response.headers_mut().extend(headers);
    }
    let value = HeaderValue::from_str(id.as_str()).expect("ids are plain ASCII");
    response.headers_mut().insert(REQUEST_ID, value);
    if api {
        let no_store = HeaderValue::from_static("no-store");
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(no_store);
        let nosniff = HeaderValue::from_static("nosniff");
        response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    }
    let (status, took_ms) = (response.status().as_u16(), started.elapsed().as_millis());
    info!(%id, status, took_ms, "{method} {path} {status}");
    response
}
