//! Large answers travel compressed when the caller can read that.

use axum::body::HttpBody;
use axum::http::{Response, StatusCode, header};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

/// Smaller answers fit into a packet or two as they are: 1 KiB.
const COMPRESSED_FROM: u64 = 1024;

/// gzip and br for the answers that are worth it.
pub(crate) fn compression() -> CompressionLayer<Worth> {
    CompressionLayer::new().quality(CompressionLevel::Precise(4)).compress_when(Worth)
}

/// Text of 1 KiB and more. A stream must not be held back, and an answer that shows a new secret
/// (201) is left alone: the size of a compressed secret beside a caller's own text says something
/// about it. What is encoded already is never encoded twice.
#[derive(Clone, Copy)]
pub(crate) struct Worth;

impl Predicate for Worth {
    fn should_compress<B: HttpBody>(&self, response: &Response<B>) -> bool {
        let content_type = response.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let text = content_type == "application/json"
            || (content_type.starts_with("text/") && content_type != "text/event-stream");
        let large = SizeAbove::new(COMPRESSED_FROM).should_compress(response);
        response.status() == StatusCode::OK && text && large
    }
}
