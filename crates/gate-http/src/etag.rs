//! `ETag`: what a caller has already is not sent again.

use std::fmt::Write as _;

use axum::http::{HeaderMap, HeaderValue, header};
use sha2::{Digest as _, Sha256};

/// The tag of a text: its hash, in quotes.
pub(crate) fn etag_of(text: &str) -> HeaderValue {
    let mut tag = String::from("\"");
    for byte in &Sha256::digest(text)[..16] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    HeaderValue::try_from(tag).expect("hexadecimal digits are ASCII")
}

/// Whether the caller already has what this tag names. A proxy that compresses makes a tag weak.
pub(crate) fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let tags = headers.get_all(header::IF_NONE_MATCH).into_iter();
    let mut tags = tags.filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(','));
    let etag = etag.to_str().unwrap_or_default();
    tags.any(|tag| tag.trim() == "*" || tag.trim().trim_start_matches("W/") == etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_has_already_is_known_by_its_tag() {
        let etag = HeaderValue::from_static("\"abc\"");
        let known = |sent: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, sent.parse().unwrap());
            is_known(&headers, &etag)
        };
        for sent in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*"] {
            assert!(known(sent), "{sent}");
        }
        for sent in ["\"ab\"", "abc", ""] {
            assert!(!known(sent), "{sent}");
        }
        assert_eq!(etag_of("a").len(), 34);
        assert_ne!(etag_of("a"), etag_of("b"));
    }
}
