//! HTTP: translate, and nothing else. A handler takes, calls and gives; rules live in the domain,
//! transactions in the use cases.

mod access;
mod assets;
mod auth;
mod body;
mod compress;
mod config;
mod cors;
mod edge;
mod error;
mod etag;
mod exposed;
mod fields;
mod idempotent;
mod json;
mod measure;
mod metadata;
mod methods;
mod openapi;
mod path;
mod query;
mod rate_limit;
mod reference;
mod request;
mod routes;
mod serve;
mod unread;
mod version;

use axum::Router;
use axum::middleware;
use gate_app::App;
use tokio::sync::watch;

pub use config::{HttpConfig, Rate, RateLimits};
pub use measure::serve_metrics;
pub use openapi::{Json, openapi_document};
pub use serve::serve;

/// Everything that this gateway serves: the API, the runtime of the hosted pages, and the pages.
///
/// `stopping` turns true when the server is about to stop: readiness turns off and streams end.
pub fn router(app: App, config: &HttpConfig, stopping: watch::Receiver<bool>) -> Router {
    let state = routes::ServerState::new(app, stopping);
    let limits = rate_limit::Limits::new(state.clone(), config);
    let (api, _) = routes::api().split_for_parts();
    Router::new()
        .merge(api)
        .merge(routes::pages())
        .fallback(routes::not_found)
        .method_not_allowed_fallback(methods::method_not_allowed)
        .layer(compress::compression())
        .layer(middleware::from_fn(exposed::refuse_exposed))
        .layer(middleware::from_fn_with_state(limits, rate_limit::limit))
        .layer(middleware::from_fn(version::refuse_other_versions))
        .layer(middleware::from_fn(cors::allow_pages))
        .layer(middleware::from_fn(version::echo_version))
        .layer(middleware::from_fn_with_state(state.clone(), request::identify))
        .layer(middleware::from_fn(unread::read_to_the_end))
        .layer(middleware::from_fn_with_state(state.clone(), measure::measure))
        .with_state(state)
}
