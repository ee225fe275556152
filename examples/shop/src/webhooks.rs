//! `POST /webhooks/0gate`: verify, insert once, answer. The worker does the rest.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use gate_partner::inbox::{Inserted, receive};
use serde_json::{Value, json};

use crate::chain::chain;
use crate::shop::Shop;

/// The body is taken as bytes: the signature is over those, not over what a parser makes of them.
pub(crate) async fn take_webhook(
    State(shop): State<Arc<Shop>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> (StatusCode, Json<Value>) {
    if shop.hold_webhooks.load(Ordering::Relaxed) {
        return answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": "held by a test" }));
    }
    let body = match body {
        Ok(body) => body,
        Err(error) => return answer(error.status(), &json!({ "error": error.body_text() })),
    };
    let secrets = std::slice::from_ref(&shop.config.webhook_secret);
    let now = shop.now() / 1000;
    match receive(shop.as_ref(), secrets, &headers, &body, now).await {
        Ok(received) => {
            let duplicate = received.inserted == Inserted::Duplicate;
            if !duplicate {
                shop.inbox_bell.notify_one();
            }
            answer(StatusCode::OK, &json!({ "received": true, "duplicate": duplicate }))
        }
        Err(error) => {
            tracing::warn!(error = chain(&error), "a webhook was not taken in");
            let status =
                StatusCode::from_u16(error.status()).expect("the statuses of a refusal are valid");
            answer(status, &json!({ "error": error.to_string() }))
        }
    }
}

fn answer(status: StatusCode, body: &Value) -> (StatusCode, Json<Value>) {
    (status, Json(body.clone()))
}
