//! Every route, in one list per resource.

mod account_fields;
mod branding;
mod capabilities;
mod chaos;
mod create_body;
mod customers;
mod deposits;
mod embed;
mod endpoint_body;
mod endpoints;
mod events;
mod health;
mod identity;
mod mails;
mod quote_body;
mod quotes;
mod rails;
mod refunds;
mod replays;
mod sales;
mod sessions;
mod stream;
mod test_helpers;
mod transactions;
mod webhooks;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use gate_app::App;
use gate_app::readiness::{Unready, find_unready};
use tokio::sync::{Mutex, Semaphore, watch};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::assets;
use crate::error::ApiError;

/// Streams of journeys that are open at the same time; a page without one polls.
const STREAMS_MAX: usize = 2_000;

/// Requests that wait for an event at the same time; more are answered at once.
const WAITERS_MAX: usize = 512;

/// How long it is remembered whether this process does its work.
const UNREADY_KEPT: Duration = Duration::from_secs(1);

/// What handlers share.
#[derive(Clone)]
pub(crate) struct ServerState(Arc<Shared>);

struct Shared {
    app: App,
    streams: Arc<Semaphore>,
    waiters: Arc<Semaphore>,
    stopping: watch::Receiver<bool>,
    unready: Mutex<Option<(Instant, Vec<Unready>)>>,
}

impl ServerState {
    pub(crate) fn new(app: App, stopping: watch::Receiver<bool>) -> Self {
        let streams = Arc::new(Semaphore::new(STREAMS_MAX));
        let waiters = Arc::new(Semaphore::new(WAITERS_MAX));
        let unready = Mutex::new(None);
        Self(Arc::new(Shared { app, streams, waiters, stopping, unready }))
    }

    /// What does not work, as of this second: whoever asks more often gets the same answer.
    pub(crate) async fn unready(&self) -> Vec<Unready> {
        let mut known = self.0.unready.lock().await;
        match &*known {
            Some((at, unready)) if at.elapsed() < UNREADY_KEPT => unready.clone(),
            _ => {
                let unready = find_unready(self.app()).await;
                *known = Some((Instant::now(), unready.clone()));
                unready
            }
        }
    }

    pub(crate) fn app(&self) -> &App {
        &self.0.app
    }

    pub(crate) fn streams(&self) -> &Arc<Semaphore> {
        &self.0.streams
    }

    /// Places to wait for an event in.
    pub(crate) fn waiters(&self) -> &Arc<Semaphore> {
        &self.0.waiters
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
        .routes(routes!(sales::flow))
        .routes(routes!(sales::account))
        .routes(routes!(sales::refund_address))
        .routes(routes!(sales::deposit))
        .routes(routes!(sales::decline))
        .routes(routes!(sales::simulated_deposit))
        .routes(routes!(embed::wallet))
        .routes(routes!(embed::back))
        .routes(routes!(embed::pay))
        .routes(routes!(embed::challenge))
        .routes(routes!(identity::identity))
        .routes(routes!(identity::email))
        .routes(routes!(identity::code))
        .routes(routes!(identity::details))
        .routes(routes!(embed::retry))
        .routes(routes!(embed::cancel));
    OpenApiRouter::new()
        .routes(routes!(sessions::create, sessions::list))
        .routes(routes!(sessions::retrieve))
        .routes(routes!(sessions::cancel))
        .routes(routes!(quotes::preview))
        .routes(routes!(quotes::lock))
        .routes(routes!(quotes::retrieve))
        .routes(routes!(rails::create_pay_in))
        .routes(routes!(rails::retrieve_pay_in))
        .routes(routes!(rails::create_pay_out))
        .routes(routes!(rails::retrieve_pay_out))
        .routes(routes!(rails::settle))
        .routes(routes!(rails::fail))
        .routes(routes!(rails::cancel))
        .routes(routes!(transactions::list))
        .routes(routes!(transactions::retrieve))
        .routes(routes!(deposits::list))
        .routes(routes!(refunds::create, refunds::list))
        .routes(routes!(refunds::retrieve))
        .routes(routes!(endpoints::create, endpoints::list))
        .routes(routes!(endpoints::retrieve, endpoints::update, endpoints::delete))
        .routes(routes!(endpoints::roll_secret))
        .routes(routes!(events::list))
        .routes(routes!(events::retrieve))
        .routes(routes!(webhooks::list_deliveries))
        .routes(routes!(webhooks::retrieve_delivery))
        .routes(routes!(webhooks::list_attempts))
        .routes(routes!(replays::create, replays::list))
        .routes(routes!(replays::retrieve))
        .routes(routes!(replays::cancel))
        .routes(routes!(webhooks::replay))
        .routes(routes!(webhooks::test))
        .routes(routes!(test_helpers::complete))
        .routes(routes!(test_helpers::fail))
        .routes(routes!(deposits::simulate))
        .routes(routes!(deposits::lose))
        .routes(routes!(chaos::begin, chaos::retrieve))
        .routes(routes!(test_helpers::expire))
        .routes(routes!(test_helpers::require_identity))
        .routes(routes!(test_helpers::advance))
        .routes(routes!(mails::list))
        .routes(routes!(customers::create, customers::list))
        .routes(routes!(customers::retrieve, customers::update, customers::delete))
        .routes(routes!(branding::retrieve, branding::update))
        .routes(routes!(capabilities::countries))
        .routes(routes!(capabilities::currencies))
        .routes(routes!(capabilities::assets))
        .routes(routes!(capabilities::asset))
        .routes(routes!(capabilities::payment_methods))
        .routes(routes!(capabilities::payout_methods))
        .routes(routes!(capabilities::eligibility))
        .routes(routes!(capabilities::identity_levels))
        .routes(routes!(crate::openapi::serve_document))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .merge(runtime)
}

/// The hosted pages and the loader.
pub(crate) fn pages() -> Router<ServerState> {
    Router::new()
        .route("/embed/{partner_id}/{mode}", get(assets::embed_page))
        .route("/checkout", get(assets::checkout_page))
        .route("/checkout/{partner_id}/{mode}", get(assets::branded_checkout_page))
        .route("/docs", get(crate::reference::serve_reference))
        .route("/gate.js", get(assets::loader))
        .route("/assets/{*path}", get(assets::asset))
}

pub(crate) async fn not_found() -> ApiError {
    ApiError::UnknownRoute
}
