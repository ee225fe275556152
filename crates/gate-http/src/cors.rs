//! Where a browser of another origin may call: the embed runtime, which is opened by a key and an
//! exact origin or by a token, never by a cookie.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Everything below this path, and nothing else.
const RUNTIME: &str = "/v1/embed/";
const ALLOWED_HEADERS: &str =
    "authorization, content-type, gate-version, x-publishable-key, x-embed-token";
const READABLE_HEADERS: &str = "x-request-id, retry-after, gate-version, ratelimit-limit, \
    ratelimit-remaining, ratelimit-reset";
const PREFLIGHT_SECONDS: &str = "600";

/// Answer preflights, and let the page read what it is told.
pub(crate) async fn allow_pages(request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with(RUNTIME) {
        return next.run(request).await;
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let preflight = request.method() == Method::OPTIONS;
    let mut response =
        if preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        allow(headers, origin, preflight);
    }
    response
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue, preflight: bool) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers
        .insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(READABLE_HEADERS));
    if preflight {
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS),
            (header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}
