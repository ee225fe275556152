//! How much each caller may ask: a token bucket for each secret key, and one for each address that
//! comes without one (decisions, "Rate limits").
//!
//! Every answer of the API says how much is left. A key that was not seen lately is looked up in the
//! store, so the look-ups of one address are limited too: guessing keys costs the guesser, not us.

mod address;
mod buckets;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gate_app::keys::key_shape;
use gate_app::vault::hash_api_key;
use gate_store::KeyKind;
use ipnet::IpNet;

use crate::auth::bearer;
use crate::config::HttpConfig;
use crate::error::ApiError;
use crate::routes::ServerState;
use buckets::{Buckets, Verdict};

pub(crate) const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
pub(crate) const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
pub(crate) const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// The buckets of this process. Cloning shares them.
#[derive(Clone)]
pub(crate) struct Limits(Arc<Inner>);

struct Inner {
    state: ServerState,
    trusted_proxies: Vec<IpNet>,
    /// By the hash of the key.
    keys: Option<Buckets<[u8; 32]>>,
    /// Keys that have to be looked up, by the address that sent them.
    look_ups: Option<Buckets<IpAddr>>,
    addresses: Option<Buckets<IpAddr>>,
}

impl Limits {
    pub(crate) fn new(state: ServerState, config: &HttpConfig) -> Self {
        let limits = config.rate_limits;
        Self(Arc::new(Inner {
            state,
            trusted_proxies: config.trusted_proxies.clone(),
            keys: limits.per_key.map(Buckets::new),
            look_ups: limits.per_key.map(Buckets::new),
            addresses: limits.per_address.map(Buckets::new),
        }))
    }

    /// What this request's bucket says; none where there is no limit.
    fn ask(&self, request: &Request) -> Option<Verdict> {
        let Inner { state, trusted_proxies, keys, look_ups, addresses } = &*self.0;
        let address = || address::address_of(request, trusted_proxies);
        let Some(key) = secret_key(request) else {
            return addresses.as_ref().map(|buckets| buckets.take(address()));
        };
        let hash = hash_api_key(key);
        if !state.app().known_keys().knows(&hash, state.app().now()) {
            let look_up = look_ups.as_ref()?.take(address());
            if look_up.retry_after_s.is_some() {
                return Some(look_up);
            }
        }
        keys.as_ref().map(|buckets| buckets.take(hash))
    }
}

/// The secret key of a partner's backend. The hosted runtime takes none.
fn secret_key(request: &Request) -> Option<&str> {
    if request.uri().path().starts_with("/v1/embed/") {
        return None;
    }
    let key = bearer(request.headers())?;
    key_shape(key).filter(|shape| shape.kind == KeyKind::Secret).map(|_| key)
}

/// Refuse what is too much, and tell everybody how much is left.
pub(crate) async fn limit(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    // The reference is the one page that costs something to send.
    let path = request.uri().path();
    if !path.starts_with("/v1/") && path != "/docs" {
        return next.run(request).await;
    }
    let Some(verdict) = limits.ask(&request) else { return next.run(request).await };
    let mut response = match verdict.retry_after_s {
        Some(retry_after_s) => ApiError::RateLimited { retry_after_s }.into_response(),
        None => next.run(request).await,
    };
    tell(response.headers_mut(), verdict);
    response
}

fn tell(headers: &mut HeaderMap, verdict: Verdict) {
    headers.insert(LIMIT, verdict.limit.into());
    headers.insert(REMAINING, verdict.remaining.into());
    headers.insert(RESET, HeaderValue::from(verdict.reset_s));
}
