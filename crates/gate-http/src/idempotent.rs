//! `Idempotency-Key` on the way in, the remembered answer on the way out (decisions, "Idempotency").

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gate_app::App;
use gate_app::idempotency::Answered;
use gate_domain::ids::Tenant;
use gate_store::{IdempotentRequest, Recall};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::error::ApiError;

const KEY: &str = "idempotency-key";
const KEY_CHARS_MAX: usize = 255;
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The logical request behind this key, path and body; none when no key was sent.
pub(crate) fn idempotent_request(
    tenant: &Tenant,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &Map<String, Value>,
) -> Result<Option<IdempotentRequest>, ApiError> {
    let Some(key) = headers.get(KEY) else { return Ok(None) };
    let key = key.to_str().map_err(|_| ApiError::IdempotencyKeyInvalid)?.trim();
    // The IETF draft puts the key in quotes; both spellings mean the same key.
    let quoted = key.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
    let key = quoted.filter(|key| !key.is_empty()).unwrap_or(key);
    let printable = key.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if !printable || !(1..=KEY_CHARS_MAX).contains(&key.len()) {
        return Err(ApiError::IdempotencyKeyInvalid);
    }
    let scope = Sha256::digest(format!("{method}\n{path}\n{key}"));
    // serde_json keeps fields sorted, so this text is the same for every order of them.
    let canonical = serde_json::to_string(body).expect("a parsed body can be written again");
    Ok(Some(IdempotentRequest {
        tenant: tenant.clone(),
        key_hash: scope[..16].to_vec(),
        fingerprint: Sha256::digest(canonical).to_vec(),
    }))
}

/// What the same key answered before, or else the problem: what was done once is answered again, even
/// if it could not be done any more.
pub(crate) async fn answered_before(
    app: &App,
    request: Option<IdempotentRequest>,
    problem: ApiError,
) -> Result<Response, ApiError> {
    let Some(request) = request else { return Err(problem) };
    let known = app.store().read(move |tx| tx.recall(&request)).await;
    match known {
        Ok(Recall::Done(before)) => Ok(answer(Answered { answer: before, replayed: true }, None)),
        Ok(Recall::New | Recall::Different) | Err(_) => Err(problem),
    }
}

/// Send a remembered answer. A secret that is shown once is no part of what is stored; it is named
/// here and appended.
pub(crate) fn answer(answered: Answered, shown_once: Option<(&str, &str)>) -> Response {
    let Answered { answer, replayed } = answered;
    let mut body = answer.response;
    if let Some((name, secret)) = shown_once {
        let open = body.strip_suffix('}').expect("a remembered answer is a JSON object");
        body = format!("{open},\"{name}\":\"{secret}\"}}");
    }
    let status = u16::try_from(answer.status).ok().and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.expect("only statuses of ours are remembered");
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let mut response = (status, json, body).into_response();
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
