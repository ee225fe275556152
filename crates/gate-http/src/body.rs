//! Reading a request body: bounded, JSON, an object; each way to be wrong has its own answer.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::fields::Fields;
use crate::json::Unambiguous;
use crate::routes::ServerState;

/// The largest body that is read: 256 KiB.
pub(crate) const BODY_BYTES_MAX: usize = 256 * 1024;

/// How long a body may take to arrive: 10 s.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// A body that is a JSON object. Its fields are still unchecked.
pub(crate) struct JsonObject(pub(crate) Map<String, Value>);

impl FromRequest<ServerState> for JsonObject {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &ServerState) -> Result<Self, ApiError> {
        if !is_json(&request) {
            return Err(ApiError::WrongContentType);
        }
        let bytes = read(request).await?;
        let text = std::str::from_utf8(&bytes).map_err(|_| ApiError::NotUtf8)?;
        // serde_json refuses what is nested more than 128 deep.
        let Unambiguous(value) = serde_json::from_str(text)
            .map_err(|error| ApiError::MalformedJson(error.to_string()))?;
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(ApiError::field("", "field_type", "The body must be a JSON object.")),
        }
    }
}

/// No body, or an empty object: for calls that take none.
pub(crate) struct NoBody;

impl FromRequest<ServerState> for NoBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ServerState) -> Result<Self, ApiError> {
        let MaybeObject(fields) = MaybeObject::from_request(request, state).await?;
        Fields::new(fields).finish(Some(Self))
    }
}

/// A body that is a JSON object, or no body at all, which is an empty one.
pub(crate) struct MaybeObject(pub(crate) Map<String, Value>);

impl FromRequest<ServerState> for MaybeObject {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ServerState) -> Result<Self, ApiError> {
        if request.headers().get(header::CONTENT_TYPE).is_none() {
            let bytes = read(request).await?;
            let none = Self(Map::new());
            return if bytes.is_empty() { Ok(none) } else { Err(ApiError::WrongContentType) };
        }
        let (parts, body) = request.into_parts();
        let bytes = read(Request::from_parts(parts.clone(), body)).await?;
        if bytes.is_empty() {
            return Ok(Self(Map::new()));
        }
        let request = Request::from_parts(parts, bytes.into());
        JsonObject::from_request(request, state).await.map(|JsonObject(fields)| Self(fields))
    }
}

async fn read(request: Request) -> Result<Bytes, ApiError> {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_BYTES_MAX) {
        return Err(ApiError::BodyTooLarge);
    }
    let bytes = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX);
    let bytes = tokio::time::timeout(BODY_DEADLINE, bytes).await;
    bytes.map_err(|_| ApiError::BodyTooSlow)?.map_err(|_| ApiError::BodyTooLarge)
}

fn is_json(request: &Request) -> bool {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}
