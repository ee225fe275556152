//! Hooks for end-to-end tests. They exist only with `test_hooks` (which `gate dev` sets) and are no
//! example to follow.
//!
//! - `POST /test/webhooks/hold` with `{"hold": true}`: the webhook route answers 503 and stores
//!   nothing, as if the webhook were held back. `{"hold": false}` ends it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::shop::Shop;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hold {
    hold: bool,
}

pub(crate) fn routes() -> Router<Arc<Shop>> {
    Router::new().route("/test/webhooks/hold", post(hold_webhooks))
}

async fn hold_webhooks(State(shop): State<Arc<Shop>>, Json(wish): Json<Hold>) -> Json<Hold> {
    shop.hold_webhooks.store(wish.hold, Ordering::Relaxed);
    Json(wish)
}
