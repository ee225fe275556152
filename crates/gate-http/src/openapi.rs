//! The OpenAPI document, made from the handlers and the bodies.

use utoipa::openapi::{InfoBuilder, OpenApi};

/// The version of the public contract.
const VERSION: &str = "2026-05-25";

/// The document as it is committed and as the page's types are made from.
pub fn openapi_document() -> OpenApi {
    let (_, mut document) = crate::routes::api().split_for_parts();
    document.info = InfoBuilder::new()
        .title("Gate API")
        .version(VERSION)
        .description(Some("Sessions, the hosted runtime, and webhooks of 0Gate."))
        .build();
    document
}
