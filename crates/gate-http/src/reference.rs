//! `/docs`: the reference of the API for people, made from the OpenAPI document. It needs no script
//! and no other host.

#[expect(clippy::format_push_string, reason = "the page is written once in a process")]
mod fields;
#[expect(clippy::format_push_string, reason = "the page is written once in a process")]
mod html;
#[expect(clippy::format_push_string, reason = "the page is written once in a process")]
mod operation;
#[expect(clippy::format_push_string, reason = "the page is written once in a process")]
mod page;

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use crate::etag::{etag_of, is_known};
use crate::openapi::openapi_document;
use crate::routes::ServerState;

#[cfg(test)]
mod tests;

const STYLE: &str = include_str!("reference/style.css");

struct Page {
    html: String,
    /// Only this page's own style, and nothing else at all.
    policy: HeaderValue,
}

static PAGE: LazyLock<Page> = LazyLock::new(|| {
    let style = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    let policy = HeaderValue::try_from(policy).expect("base64 is ASCII");
    Page { html: page::render(&openapi_document(), STYLE), policy }
});

/// The page.
pub(crate) async fn serve_reference(
    State(state): State<ServerState>,
    headers: HeaderMap,
) -> Response {
    let page = &*PAGE;
    let html = page.html.replace("{{base_url}}", &html::escape(&state.app().config().base_url));
    let etag = etag_of(&html);
    let mut response = if is_known(&headers, &etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        html.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, etag);
    headers.insert(header::CONTENT_SECURITY_POLICY, page.policy.clone());
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=300"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
