//! The dated version of the API. It changes only when something is taken away or narrowed; what is
//! added keeps it (docs/API.md, "Versions").

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;
use crate::fields::shown;

/// The version of the public contract.
pub(crate) const VERSION: &str = "2026-05-25";
pub(crate) const GATE_VERSION: HeaderName = HeaderName::from_static("gate-version");

/// Echo the version on every answer of the API.
pub(crate) async fn echo_version(request: Request, next: Next) -> Response {
    let api = is_api(&request);
    let mut response = next.run(request).await;
    if api {
        response.headers_mut().insert(GATE_VERSION, HeaderValue::from_static(VERSION));
    }
    response
}

/// Refuse a caller that was written for another version, before anything is done for it.
pub(crate) async fn refuse_other_versions(request: Request, next: Next) -> Response {
    let mut asked = request.headers().get_all(GATE_VERSION).into_iter();
    let other = asked.find(|asked| *asked != VERSION).filter(|_| is_api(&request));
    match other {
        Some(other) => {
            let other = shown(&String::from_utf8_lossy(other.as_bytes()));
            ApiError::VersionUnknown(other).into_response()
        }
        None => next.run(request).await,
    }
}

fn is_api(request: &Request) -> bool {
    request.uri().path().starts_with("/v1/")
}
