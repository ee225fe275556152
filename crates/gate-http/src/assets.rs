//! The hosted pages and the loader, built into the binary.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gate_domain::ids::{Mode, PartnerId, Tenant};
use rust_embed::RustEmbed;

use crate::error::ApiError;
use crate::path::Path;
use crate::routes::ServerState;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Web;

const PAGE: &str = "surface/index.html";
/// No script but ours, no third party at all (decisions, "Page and parent").
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; \
    form-action 'none'; object-src 'none'; frame-ancestors ";
const A_YEAR: &str = "public, max-age=31536000, immutable";
const FIVE_MINUTES: &str = "public, max-age=300";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The page in a frame: only the partner's own origins may frame it.
pub(crate) async fn embed_page(
    State(state): State<ServerState>,
    Path((partner, mode)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let tenant = PartnerId::parse(&partner).ok().zip(Mode::parse(&mode));
    let (partner, mode) = tenant.ok_or(ApiError::UnknownRoute)?;
    let tenant = Tenant { partner, mode };
    let origins = state.app().store().read(move |tx| tx.list_origins(&tenant)).await?;
    let ancestors = if origins.is_empty() { "'none'".to_owned() } else { origins.join(" ") };
    page(&headers, &ancestors)
}

/// The page on its own, for the redirect.
pub(crate) async fn checkout_page(headers: HeaderMap) -> Result<Response, ApiError> {
    page(&headers, "'none'")
}

fn page(headers: &HeaderMap, ancestors: &str) -> Result<Response, ApiError> {
    let mut response = file(PAGE, headers)?;
    let policy =
        HeaderValue::from_str(&format!("{POLICY}{ancestors}")).map_err(|_| ApiError::Internal)?;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The loader that partners put into their pages.
pub(crate) async fn loader(headers: HeaderMap) -> Result<Response, ApiError> {
    let mut response = file("gate.js", &headers)?;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(FIVE_MINUTES));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    Ok(response)
}

/// A part of the page, under a name that changes with its content.
pub(crate) async fn asset(
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let mut response = file(&format!("surface/assets/{path}"), &headers)?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(A_YEAR));
    Ok(response)
}

fn file(path: &str, headers: &HeaderMap) -> Result<Response, ApiError> {
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let brotli = accepts.is_some_and(|accepts| accepts.split(',').any(|word| word.trim() == "br"));
    let twin = brotli.then(|| Web::get(&format!("{path}.br"))).flatten();
    let encoded = twin.is_some();
    let file = twin.or_else(|| Web::get(path)).ok_or(ApiError::UnknownRoute)?;
    let mut response = (StatusCode::OK, file.data.into_owned()).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, content_type(path)),
        (header::VARY, "accept-encoding"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if encoded {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    Ok(response)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
