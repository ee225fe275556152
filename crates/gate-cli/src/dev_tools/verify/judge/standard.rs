//! The scheme of Standard Webhooks, which signs its id and its time with the body: `v1` with the secret,
//! `v1a` with the endpoint's key pair.

use gate_wire::signature::WebhookSecret;

use super::super::paste::{GATE_SIGNATURE, STANDARD_ID, STANDARD_TIME};
use super::super::secret::Key;
use super::{Finding, Judge};

const HEADER: &str = "webhook-signature";
/// The base64 of the 64 bytes of an Ed25519 signature.
const ASYMMETRIC_CHARS: usize = 88;

/// The place of the given signature that an id, a time and a body match.
type PlaceOf<'a> = dyn Fn(&str, i64, &[u8]) -> Option<usize> + 'a;

impl<'a> Judge<'a> {
    pub(super) fn standard(&mut self, key: &Key, value: &str) {
        let Some((id, time)) = self.signed_headers() else { return };
        let parts: Vec<_> =
            value.split_whitespace().filter_map(|part| part.split_once(',')).collect();
        let ours = match key {
            Key::Secret(_) => "v1",
            Key::Public(_) => "v1a",
        };
        let given: Vec<_> =
            parts.iter().filter(|(version, _)| *version == ours).map(|(_, text)| *text).collect();
        if given.is_empty() {
            self.find(nothing_to_check(key, &parts));
            return;
        }
        let place_of = |id: &str, time: i64, body: &[u8]| match key {
            Key::Secret(secret) => {
                let expected = digest(secret, id, time, body);
                given.iter().position(|given| *given == expected)
            }
            Key::Public(key) => given.iter().position(|given| key.verifies(given, id, time, body)),
        };
        let place = |body: &[u8]| place_of(id, time, body);
        let matched = self.matched(HEADER, given.len(), &place);
        if !matched && self.time_changed(id, time, &place_of) {
            return;
        }
        if !matched && !self.id_swapped(id, time, &place_of) {
            match key {
                Key::Secret(secret) => {
                    let expected = digest(secret, id, time, self.given.body);
                    self.why_not(HEADER, &given, &expected, &place);
                }
                Key::Public(_) => match given.iter().find_map(|given| what_is_wrong_with(given)) {
                    Some(message) => self.find(Finding::wrong("header_malformed", message)),
                    None if self.body_changed(&place) => {}
                    None => self.no_trace(
                        HEADER,
                        "key pair",
                        "the public key with the endpoint's: each endpoint has its own, and a roll of its secret does not change it.",
                    ),
                },
            }
        }
        self.time(STANDARD_TIME, time, matched);
    }

    /// The id and the time that were signed, as their headers say.
    fn signed_headers(&mut self) -> Option<(&'a str, i64)> {
        let (id, time) = (self.header(STANDARD_ID), self.header(STANDARD_TIME));
        let missing: Vec<_> = [(STANDARD_ID, id), (STANDARD_TIME, time)]
            .into_iter()
            .filter_map(|(name, value)| value.is_none().then_some(name))
            .collect();
        let (Some(id), Some(time)) = (id, time) else {
            let verified = !self.verified.is_empty();
            let message = format!(
                "webhook-signature cannot be checked without {}: they are part of what is signed.",
                missing.join(" and ")
            );
            // The other scheme stands on its own.
            self.find(if verified {
                Finding::note("header_incomplete", message)
            } else {
                Finding::wrong("header_incomplete", message)
            });
            return None;
        };
        let seconds = time.parse::<i64>().ok().filter(|seconds| *seconds > 0);
        if seconds.is_none() {
            self.find(Finding::wrong(
                "header_malformed",
                format!("webhook-timestamp {time:?} is no number of seconds."),
            ));
        }
        seconds.map(|seconds| (id, seconds))
    }

    /// Whether the time of the header is another one than the time that was signed.
    fn time_changed(&mut self, id: &str, time: i64, place_of: &PlaceOf<'_>) -> bool {
        let gate = self.header(GATE_SIGNATURE);
        let gate =
            gate.and_then(|value| value.split(',').find_map(|part| part.trim().strip_prefix("t=")));
        let others = [gate, self.header("x-0bit-timestamp")];
        let others = others.into_iter().flatten().filter_map(|time| time.parse::<i64>().ok());
        for other in others.filter(|other| *other != time) {
            if place_of(id, other, self.given.body).is_some() {
                let message =
                    format!("webhook-timestamp is {time}, but the signature was made for {other}.");
                self.find(Finding::wrong("time_changed", message));
                return true;
            }
        }
        false
    }

    /// Whether the id of the header is another one than the id that was signed.
    fn id_swapped(&mut self, id: &str, time: i64, place_of: &PlaceOf<'_>) -> bool {
        let event: Option<serde_json::Value> = serde_json::from_slice(self.given.body).ok();
        let inside = event.as_ref().and_then(|event| event["id"].as_str());
        let ours = self.header("x-0bit-event-id");
        for other in [inside, ours].into_iter().flatten().filter(|other| *other != id) {
            if place_of(other, time, self.given.body).is_some() {
                let message =
                    format!("webhook-id is {id}, but the signature was made for {other}.");
                self.find(Finding::wrong("id_swapped", message).next(
                    "The headers of two webhooks were mixed up, or somebody changed the id.",
                ));
                return true;
            }
        }
        false
    }
}

fn digest(secret: &WebhookSecret, id: &str, time: i64, body: &[u8]) -> String {
    secret.standard_signature(id, time, body).trim_start_matches("v1,").to_owned()
}

/// What to say where no signature is of the kind that the key checks.
fn nothing_to_check(key: &Key, parts: &[(&str, &str)]) -> Finding {
    let has = |wanted| parts.iter().any(|(version, _)| *version == wanted);
    match key {
        Key::Secret(_) if has("v1a") => Finding::note(
            "asymmetric_only",
            "webhook-signature has only v1a, which is checked with the endpoint's public key and not with a secret.",
        )
        .next("Give the endpoint's `public_key`, whpk_..., in place of the secret."),
        Key::Secret(_) => Finding::wrong(
            "header_malformed",
            "webhook-signature has no v1,<base64>: the signature is missing.",
        ),
        Key::Public(_) if has("v1") => Finding::wrong(
            "symmetric_only",
            "webhook-signature has only v1, which is checked with the endpoint's secret and not with a public key.",
        )
        .next("v1a is sent beside it while the endpoint's `asymmetric` is true."),
        Key::Public(_) => Finding::wrong(
            "header_malformed",
            "webhook-signature has no v1a,<base64>: the signature is missing.",
        ),
    }
}

/// A v1a that cannot be a signature at all.
fn what_is_wrong_with(signature: &str) -> Option<String> {
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    if !signature.bytes().all(base64) {
        return Some("webhook-signature's v1a is no base64: it has other characters in it.".into());
    }
    let length = signature.len();
    (length != ASYMMETRIC_CHARS).then(|| {
        format!("webhook-signature's v1a has {length} characters instead of {ASYMMETRIC_CHARS}.")
    })
}
