//! HTTP: translate, and nothing else. A handler takes, calls and gives; rules live in the domain,
//! transactions in the use cases.

mod assets;
mod auth;
mod body;
mod cors;
mod error;
mod fields;
mod idempotent;
mod openapi;
mod path;
mod query;
mod request;
mod routes;
mod serve;

use axum::Router;
use axum::middleware;
use gate_app::App;
use tokio::sync::watch;

pub use openapi::openapi_document;
pub use serve::serve;

/// Everything that this gateway serves: the API, the runtime of the hosted pages, and the pages.
///
/// `stopping` turns true when the server is about to stop: readiness turns off and streams end.
pub fn router(app: App, stopping: watch::Receiver<bool>) -> Router {
    let state = routes::ServerState::new(app, stopping);
    let (api, _) = routes::api().split_for_parts();
    Router::new()
        .merge(api)
        .merge(routes::pages())
        .fallback(routes::not_found)
        .method_not_allowed_fallback(routes::method_not_allowed)
        .layer(middleware::from_fn(cors::allow_pages))
        .layer(middleware::from_fn_with_state(state.clone(), request::identify))
        .with_state(state)
}
