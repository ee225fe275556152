//! Secrets in the wrong place. A secret in an address ends up in logs, histories and referrers, so
//! such a request is refused, and the refusal says to roll the secret. It is never repeated.

use axum::extract::Request;
use axum::http::{HeaderMap, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;

/// Where publishable keys may stand beside the bearer place.
pub(crate) const PUBLISHABLE_KEY: &str = "x-publishable-key";
/// Fewer characters behind its prefix are no secret of ours, only a word that begins like one.
const TAIL_CHARS_MIN: usize = 20;

/// A kind of secret, by what has to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secret {
    /// `sk_…`
    ApiKey,
    /// `whsec_…`
    Webhook,
    /// `gsec_…`
    Client,
}

/// Where it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the path or the query.
    Address,
    /// Where a publishable key belongs: in a header or a field that browsers send.
    Browser,
}

const PREFIXES: [(&str, Secret); 4] = [
    ("sk_test_", Secret::ApiKey),
    ("sk_live_", Secret::ApiKey),
    ("whsec_", Secret::Webhook),
    ("gsec_gs_", Secret::Client),
];

/// Refuse a request that carries a secret in its address, or a secret key where a publishable one
/// belongs.
pub(crate) async fn refuse_exposed(request: Request, next: Next) -> Response {
    let exposed = in_address(request.uri()).map(|secret| (secret, Place::Address));
    let exposed = exposed.or_else(|| {
        let secret = in_publishable_place(request.headers())?;
        Some((secret, Place::Browser))
    });
    match exposed {
        Some((secret, place)) => ApiError::SecretExposed(secret, place).into_response(),
        None => next.run(request).await,
    }
}

/// The path as it may be logged.
pub(crate) fn path_for_log(uri: &Uri) -> &str {
    if find_secret(uri.path()).is_some() { "(a path with a secret)" } else { uri.path() }
}

fn in_address(uri: &Uri) -> Option<Secret> {
    find_secret(uri.path()).or_else(|| find_secret(uri.query()?))
}

fn in_publishable_place(headers: &HeaderMap) -> Option<Secret> {
    find_secret(headers.get(PUBLISHABLE_KEY)?.to_str().ok()?)
}

/// The first secret in a text, also behind percent signs.
pub(crate) fn find_secret(text: &str) -> Option<Secret> {
    let decoded;
    let text = if text.contains('%') {
        decoded = decode(text);
        decoded.as_str()
    } else {
        text
    };
    PREFIXES.into_iter().find_map(|(prefix, secret)| {
        let found = text.match_indices(prefix).any(|(place, _)| {
            let tail = text[place + prefix.len()..].bytes();
            tail.take_while(|byte| is_secret_byte(*byte)).take(TAIL_CHARS_MIN).count()
                == TAIL_CHARS_MIN
        });
        found.then_some(secret)
    })
}

/// Base64 in both alphabets, and what joins the parts of a client secret.
fn is_secret_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+' | b'/')
}

/// Percent signs undone as the query parser does it; what is no UTF-8 behind them cannot be part of
/// a secret.
fn decode(text: &str) -> String {
    let bytes = text.replace('+', "%2B").replace(['&', '='], "%0A");
    let pairs = url::form_urlencoded::parse(bytes.as_bytes());
    pairs.map(|(text, _)| text.into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_wherever_they_stand_and_words_are_left_alone() {
        let tail = "abcdefghijklmnopqrst";
        for (text, found) in [
            (format!("/v1/x/sk_test_{tail}"), Some(Secret::ApiKey)),
            (format!("a=1&key=sk_live_{tail}&b=2"), Some(Secret::ApiKey)),
            (format!("key=sk%5Ftest_{tail}"), Some(Secret::ApiKey)),
            (format!("key=%73k_test_{tail}"), Some(Secret::ApiKey)),
            (format!("sk_test_sk_test_{tail}"), Some(Secret::ApiKey)),
            ("s=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(), Some(Secret::Webhook)),
            ("s=whsec_MfKQ9r8GKYq%2BTwjUPD8ILPZIo2LaLaSw".into(), Some(Secret::Webhook)),
            (format!("cs=gsec_gs_test_{tail}"), Some(Secret::Client)),
            (format!("/x/pk_test_{tail}"), None),
            (format!("/x/gs_test_{tail}"), None),
            ("sk_test_short".into(), None),
            ("gsec_x".into(), None),
            ("%FF%ff%".into(), None),
        ] {
            assert_eq!(find_secret(&text), found, "{text}");
        }
    }
}
