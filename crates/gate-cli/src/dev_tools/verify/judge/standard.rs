//! The scheme of Standard Webhooks, which signs its id and its time with the body.

use gate_wire::signature::WebhookSecret;

use super::super::paste::{STANDARD_ID, STANDARD_TIME};
use super::{Finding, Judge};

impl Judge<'_> {
    pub(super) fn standard(&mut self, secret: &WebhookSecret, value: &str) {
        let id = self.header(STANDARD_ID).map(str::to_owned);
        let time = self.header(STANDARD_TIME).map(str::to_owned);
        let missing: Vec<_> = [(STANDARD_ID, &id), (STANDARD_TIME, &time)]
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
            return;
        };
        let Some(seconds) = time.parse::<i64>().ok().filter(|seconds| *seconds > 0) else {
            self.find(Finding::wrong(
                "header_malformed",
                format!("webhook-timestamp {time:?} is no number of seconds."),
            ));
            return;
        };
        let parts: Vec<_> =
            value.split_whitespace().filter_map(|part| part.split_once(',')).collect();
        let ours = parts.iter().filter(|(version, _)| *version == "v1").map(|(_, digest)| *digest);
        let ours: Vec<_> = ours.collect();
        if ours.is_empty() {
            let asymmetric = parts.iter().any(|(version, _)| *version == "v1a");
            self.find(if asymmetric {
                Finding::note(
                    "asymmetric_only",
                    "webhook-signature has only v1a, which is checked with the deployment's public key and not with a secret.",
                )
            } else {
                Finding::wrong(
                    "header_malformed",
                    "webhook-signature has no v1,<base64>: the signature is missing.",
                )
            });
            return;
        }
        let signed_id = id.clone();
        let sign = move |secret: &WebhookSecret, body: &[u8]| {
            let signed = secret.standard_signature(&signed_id, seconds, body);
            signed.trim_start_matches("v1,").to_owned()
        };
        let matched = self.matched("webhook-signature", secret, &ours, &sign);
        if !matched && !self.id_swapped(secret, &id, seconds, &ours) {
            self.why_not("webhook-signature", secret, &ours, &sign);
        }
        self.time("webhook-timestamp", seconds, matched);
    }

    /// Whether the id of the header is another one than the id that was signed.
    fn id_swapped(&mut self, secret: &WebhookSecret, id: &str, time: i64, given: &[&str]) -> bool {
        let event: Option<serde_json::Value> = serde_json::from_slice(self.given.body).ok();
        let inside = event.as_ref().and_then(|event| event["id"].as_str());
        let ours = self.header("x-0bit-event-id");
        for other in [inside, ours].into_iter().flatten().filter(|other| *other != id) {
            let signed = secret.standard_signature(other, time, self.given.body);
            if given.iter().any(|given| signed.ends_with(given)) {
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
