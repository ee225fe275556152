//! Every route, in one list per resource.

mod create_body;
mod embed;
mod health;
mod sessions;
mod stream;
mod test_helpers;
mod webhooks;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::routing::get;
use gate_app::App;
use gate_app::vault::hash_api_key;
use gate_domain::Millis;
use gate_domain::ids::Tenant;
use tokio::sync::{Semaphore, watch};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::assets;
use crate::error::ApiError;

/// Streams of journeys that are open at the same time; a page without one polls.
const STREAMS_MAX: usize = 2_000;

/// What handlers share.
#[derive(Clone)]
pub(crate) struct ServerState(Arc<Shared>);

struct Shared {
    app: App,
    known_keys: KnownKeys,
    streams: Arc<Semaphore>,
    stopping: watch::Receiver<bool>,
}

impl ServerState {
    pub(crate) fn new(app: App, stopping: watch::Receiver<bool>) -> Self {
        let streams = Arc::new(Semaphore::new(STREAMS_MAX));
        Self(Arc::new(Shared { app, known_keys: KnownKeys::default(), streams, stopping }))
    }

    pub(crate) fn app(&self) -> &App {
        &self.0.app
    }

    pub(crate) fn known_keys(&self) -> &KnownKeys {
        &self.0.known_keys
    }

    pub(crate) fn streams(&self) -> &Arc<Semaphore> {
        &self.0.streams
    }

    /// Turns true when the server is about to stop: streams end then.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stopping.clone()
    }
}

/// The API and the runtime of the hosted pages.
pub(crate) fn api() -> OpenApiRouter<ServerState> {
    let runtime = OpenApiRouter::new()
        .routes(routes!(embed::bootstrap))
        .routes(routes!(embed::refresh))
        .routes(routes!(embed::journey))
        .routes(routes!(stream::journey_stream))
        .routes(routes!(embed::quote))
        .routes(routes!(embed::accept_quote))
        .routes(routes!(embed::wallet))
        .routes(routes!(embed::back))
        .routes(routes!(embed::pay))
        .routes(routes!(embed::challenge))
        .routes(routes!(embed::retry))
        .routes(routes!(embed::cancel));
    OpenApiRouter::new()
        .routes(routes!(sessions::create, sessions::list))
        .routes(routes!(sessions::retrieve))
        .routes(routes!(sessions::cancel))
        .routes(routes!(webhooks::list_deliveries))
        .routes(routes!(webhooks::replay))
        .routes(routes!(webhooks::test))
        .routes(routes!(test_helpers::complete))
        .routes(routes!(test_helpers::fail))
        .routes(routes!(test_helpers::expire))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .merge(runtime)
}

/// The hosted pages and the loader.
pub(crate) fn pages() -> Router<ServerState> {
    Router::new()
        .route("/embed/{partner_id}/{mode}", get(assets::embed_page))
        .route("/checkout", get(assets::checkout_page))
        .route("/gate.js", get(assets::loader))
        .route("/assets/{*path}", get(assets::asset))
}

pub(crate) async fn not_found() -> ApiError {
    ApiError::UnknownRoute
}

pub(crate) async fn method_not_allowed() -> ApiError {
    ApiError::MethodNotAllowed
}

/// Keys that were looked up a moment ago, so that a busy partner's key is not read for each request.
/// A key that is revoked works on for at most [`KnownKeys::KEPT_MS`].
#[derive(Default)]
pub(crate) struct KnownKeys(Mutex<HashMap<[u8; 32], (Tenant, Millis)>>);

impl KnownKeys {
    /// How long a look-up is good: 2 s.
    const KEPT_MS: i64 = 2_000;
    /// How many are kept; more, and all are forgotten.
    const KEPT_MAX: usize = 4_096;

    pub(crate) fn find(&self, key: &str, now: Millis) -> Option<Tenant> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (tenant, until) = known.get(&hash_api_key(key))?;
        (now < *until).then(|| tenant.clone())
    }

    pub(crate) fn keep(&self, key: &str, tenant: &Tenant, now: Millis) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= Self::KEPT_MAX {
            known.clear();
        }
        known.insert(hash_api_key(key), (tenant.clone(), now.plus_ms(Self::KEPT_MS)));
    }
}
