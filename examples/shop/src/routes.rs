//! The shop's addresses, and what is true of every answer.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use gate_partner::inbox::BODY_BYTES_MAX;

use crate::pages::{assets, checkout, events, lists, mailbox, order, pay, product};
use crate::shop::Shop;
use crate::{hooks, webhooks};

const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
const FORM_BYTES_MAX: usize = 4 * 1024;

pub(crate) fn router(shop: Arc<Shop>) -> Router {
    let pages = Router::new()
        .route("/", get(product::show))
        .route("/orders", get(lists::show).post(product::buy))
        .route("/orders.json", get(lists::show_json))
        .route("/orders/{id}", get(order::show))
        .route("/orders/{id}/status", get(order::show_status))
        .route("/orders/{id}/attempts", post(order::retry))
        .route("/orders/{id}/pay", get(pay::show))
        .route("/orders/{id}/checkout", get(checkout::show))
        .route("/events", get(events::show))
        .route("/events.json", get(events::show_json))
        .route("/mailbox", get(mailbox::show))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX));
    let webhooks = Router::new()
        .route("/webhooks/0gate", post(webhooks::take_webhook))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    let mut router = Router::new()
        .merge(pages)
        .merge(webhooks)
        .route("/shop.css", get(assets::css))
        .route("/shop.js", get(assets::script))
        .route("/icon.svg", get(assets::icon))
        .route("/healthz", get(|| async { "ok" }));
    if shop.config.test_hooks {
        router = router.merge(hooks::routes());
    }
    router
        .fallback(crate::pages::not_found)
        .layer(from_fn(bound_time))
        .layer(from_fn_with_state(Arc::clone(&shop), add_headers))
        .with_state(shop)
}

/// Reading a body is part of a request, so a slow sender is bounded too.
async fn bound_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

/// Own files and the gateway's origin; nothing inline, nobody else.
async fn add_headers(State(shop): State<Arc<Shop>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let gate = shop.gate.origin();
    let policy = format!(
        "default-src 'none'; script-src 'self' {gate}; connect-src 'self' {gate}; \
         frame-src {gate}; style-src 'self'; img-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'"
    );
    let policy = HeaderValue::from_str(&policy).expect("an origin is printable ASCII");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // An order's address opens its page, so others see the origin and no more.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("strict-origin"));
    // A page may hold a client secret, and a status is only true now.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
