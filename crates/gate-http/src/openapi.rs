//! The OpenAPI document: shapes from the handlers and the bodies, and what follows for every
//! operation alike (credentials, failures, headers, examples) added in one place.

mod about;
mod access;
mod examples;
mod failures;
mod json;
mod responses;
mod tidy;
mod webhooks;

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gate_wire::reversal::ReversalBody;
use utoipa::openapi::ComponentsBuilder;

use crate::etag::{etag_of, is_known};

pub(crate) use about::TAGS;
pub(crate) use access::Access;
pub(crate) use examples::{event_example, example_of};
pub use json::Json;
pub(crate) use webhooks::sentence as event_sentence;

#[cfg(test)]
mod tests;

/// The document as it is committed and served, and as the page's types are made from.
pub fn openapi_document() -> Json {
    let (_, mut made) = crate::routes::api().split_for_parts();
    // No operation answers it; an event carries it.
    let told = ComponentsBuilder::new().schema_from::<ReversalBody>().build();
    made.components.get_or_insert_default().schemas.extend(told.schemas);
    let made = made.to_json().expect("the document can be written");
    let mut document: Json = serde_json::from_str(&made).expect("it was written just now");
    about::introduce(&mut document);
    tidy::tidy(&mut document);
    for (path, item) in document.entry("paths").fields_mut() {
        for (_, operation) in item.fields_mut() {
            operation.set("security", Access::of(path).security());
        }
    }
    examples::show(&mut document);
    responses::describe(&mut document);
    document.entry("components").set("securitySchemes", access::security_schemes());
    webhooks::describe(&mut document);
    document
}

/// The document as this process serves it: made once.
struct Served {
    text: String,
    etag: HeaderValue,
}

static SERVED: LazyLock<Served> = LazyLock::new(|| {
    let text = openapi_document().to_string();
    let etag = etag_of(&text);
    Served { text, etag }
});

/// This document: OpenAPI 3.1.
///
/// It needs no key. Ask again with `If-None-Match` and the answer's `ETag`: while nothing has
/// changed, the answer is 304 and has no body.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "Reference", operation_id = "retrieveOpenApi",
    params(("If-None-Match" = Option<String>, Header, description = "The ETag of the copy that you have.")),
    responses(
        (status = 200, description = "The document.", body = Object),
        (status = 304, description = "Your copy is good.")))]
pub(crate) async fn serve_document(headers: HeaderMap) -> Response {
    let served = &*SERVED;
    let mut response = if is_known(&headers, &served.etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        (json, served.text.as_str()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, served.etag.clone());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}
