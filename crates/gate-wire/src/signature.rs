//! Signing and verifying webhooks, in both schemes (contract, section 11.3; Standard Webhooks 1.0.0).
//!
//! One secret serves both: `Gate-Signature` keys its HMAC with the whole string, Standard Webhooks
//! with the bytes that the part behind `whsec_` encodes.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How far the time of a signature may be from the receiver's clock, in seconds, both ways.
pub const TOLERANCE_S: i64 = 300;

const PREFIX: &str = "whsec_";

/// The secret of an endpoint. Its `Debug` is blank.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecret(String);

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("WebhookSecret(..)")
    }
}

/// A secret that no endpoint of ours has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook secret is whsec_ and the base64 of its bytes")]
pub struct InvalidSecret;

impl WebhookSecret {
    /// A secret of 32 random bytes.
    pub fn new(random: [u8; 32]) -> Self {
        Self(format!("{PREFIX}{}", STANDARD.encode(random)))
    }

    /// Read a secret again.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let bytes = text.strip_prefix(PREFIX).and_then(|tail| STANDARD.decode(tail).ok());
        bytes.filter(|bytes| !bytes.is_empty()).ok_or(InvalidSecret)?;
        Ok(Self(text.to_owned()))
    }

    /// The text, for the one place that shows or seals it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The value of `Gate-Signature` for a body sent at `unix_seconds`.
    pub fn gate_signature(&self, unix_seconds: i64, body: &[u8]) -> String {
        format!("t={unix_seconds},v1={}", self.gate_digest(unix_seconds, body))
    }

    /// The value of `webhook-signature` for an event sent at `unix_seconds`.
    pub fn standard_signature(&self, event_id: &str, unix_seconds: i64, body: &[u8]) -> String {
        let key = STANDARD.decode(&self.0[PREFIX.len()..]).expect("checked when it was made");
        let time = unix_seconds.to_string();
        let digest = mac(&key, &[event_id.as_bytes(), b".", time.as_bytes(), b".", body]);
        format!("v1,{}", STANDARD.encode(digest))
    }

    fn gate_digest(&self, unix_seconds: i64, body: &[u8]) -> String {
        hex(&mac(self.0.as_bytes(), &[unix_seconds.to_string().as_bytes(), b".", body]))
    }

    /// Check a `Gate-Signature` against the raw body. `now` is the receiver's clock, Unix seconds.
    ///
    /// Of several `v1` any may match (a rolled secret overlaps); unknown parts are ignored.
    pub fn verify(&self, header: &str, body: &[u8], now: i64) -> Result<(), SignatureError> {
        let mut time = None;
        let mut signatures = Vec::new();
        for part in header.split(',') {
            match part.trim().split_once('=') {
                Some(("t", value)) => time = Some(value),
                Some(("v1", value)) => signatures.push(value),
                Some(_) | None => {}
            }
        }
        let time = time.and_then(|time| time.parse::<i64>().ok()).filter(|time| *time > 0);
        let time = time.ok_or(SignatureError::Malformed)?;
        if signatures.is_empty() {
            return Err(SignatureError::Malformed);
        }
        if now.abs_diff(time) > TOLERANCE_S.unsigned_abs() {
            return Err(SignatureError::Stale);
        }
        let digest = mac(self.0.as_bytes(), &[time.to_string().as_bytes(), b".", body]);
        let expected = hex(&digest);
        let matches = |given: &&str| bool::from(given.as_bytes().ct_eq(expected.as_bytes()));
        if signatures.iter().any(matches) { Ok(()) } else { Err(SignatureError::Mismatch) }
    }
}

/// The value of `Gate-Signature` while several secrets sign, newest first. The official client reads
/// the last `v1`, so a receiver that still has the oldest secret goes on working with it.
pub fn gate_signatures(secrets: &[WebhookSecret], unix_seconds: i64, body: &[u8]) -> String {
    secrets.iter().fold(format!("t={unix_seconds}"), |header, secret| {
        header + ",v1=" + &secret.gate_digest(unix_seconds, body)
    })
}

/// The value of `webhook-signature` while several secrets sign, newest first.
pub fn standard_signatures(
    secrets: &[WebhookSecret],
    event_id: &str,
    unix_seconds: i64,
    body: &[u8],
) -> String {
    let sign = |secret: &WebhookSecret| secret.standard_signature(event_id, unix_seconds, body);
    secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
}

/// Why a signature was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not `t=<unix seconds>,v1=<hex>`.
    #[error("the Gate-Signature header is missing or malformed")]
    Malformed,
    /// Older or newer than [`TOLERANCE_S`].
    #[error("the signature's time is more than {TOLERANCE_S} s away from now")]
    Stale,
    /// Another secret, or another body.
    #[error("the signature does not match the body")]
    Mismatch,
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_test_1"}"#;
    const NOW: i64 = 1_700_000_000;

    fn secret() -> WebhookSecret {
        WebhookSecret::new([7; 32])
    }

    #[test]
    fn what_we_sign_verifies_and_nothing_else_does() {
        let secret = secret();
        let header = secret.gate_signature(NOW, BODY);
        assert_eq!(secret.verify(&header, BODY, NOW + TOLERANCE_S), Ok(()));
        assert_eq!(secret.verify(&header, BODY, NOW - TOLERANCE_S), Ok(()));
        assert_eq!(secret.verify(&header, BODY, NOW + 301), Err(SignatureError::Stale));
        assert_eq!(secret.verify(&header, BODY, NOW - 301), Err(SignatureError::Stale));
        assert_eq!(secret.verify(&header, b"{}", NOW), Err(SignatureError::Mismatch));
        let other = WebhookSecret::new([8; 32]);
        assert_eq!(other.verify(&header, BODY, NOW), Err(SignatureError::Mismatch));
    }

    #[test]
    fn a_rolled_secret_sends_two_signatures_and_either_is_enough() {
        let (old, new) = (secret(), WebhookSecret::new([8; 32]));
        let header = gate_signatures(&[new.clone(), old.clone()], NOW, BODY);
        let last = header.rsplit_once(',').unwrap().1;
        assert!(old.gate_signature(NOW, BODY).ends_with(last), "the older one is last");
        let one = gate_signatures(std::slice::from_ref(&new), NOW, BODY);
        assert_eq!(one, new.gate_signature(NOW, BODY));
        let standard = standard_signatures(&[new.clone(), old.clone()], "evt_1", NOW, BODY);
        let each = [&new, &old].map(|secret| secret.standard_signature("evt_1", NOW, BODY));
        assert_eq!(standard, each.join(" "));
        assert_eq!(old.verify(&header, BODY, NOW), Ok(()));
        assert_eq!(new.verify(&header, BODY, NOW), Ok(()));
    }

    #[test]
    fn half_a_header_is_malformed() {
        for header in ["", "t=1700000000", "v1=ab", "t=-1,v1=ab", "t=x,v1=ab", "nonsense"] {
            assert_eq!(
                secret().verify(header, BODY, NOW),
                Err(SignatureError::Malformed),
                "{header}"
            );
        }
    }

    /// The example of the Standard Webhooks specification.
    #[test]
    fn standard_webhooks_example() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = secret.standard_signature(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", secret()), "WebhookSecret(..)");
    }
}
