//! One attempt at a delivery: signed afresh, sent, judged. In the sandbox it may meet the faults that
//! the partner asked for.

use std::borrow::Cow;

use gate_domain::chaos::{Chaos, Fate};
use gate_domain::delivery::{DeliveryStatus, FailureClass, RETRY_GAPS_S, Reply, SoFar, judge};
use gate_domain::endpoint_health::Sign;
use gate_domain::endpoint_options::{EndpointHeaders, EndpointOptions, Payload, RetrySchedule};
use gate_domain::event::EventType;
use gate_domain::ids::EndpointId;
use gate_domain::time::Millis;
use gate_store::{AttemptOutcome, ClaimedDelivery, Target};
use gate_wire::event::thin;
use gate_wire::signature::{WebhookSecret, gate_signatures, standard_signatures};
use tracing::error;

use super::sender::{Outgoing, Sender, Sent};
use crate::app::App;
use crate::endpoints::open_headers;
use crate::vault::EndpointKey;

/// How long a delivery waits when the fault is ours: 1 min.
const OUR_FAULT_WAIT_MS: i64 = 60_000;

/// An endpoint with the secrets that sign for it now, opened.
pub(super) struct Signed {
    url: String,
    /// Newest first; or why there are none.
    secrets: Result<Vec<WebhookSecret>, String>,
    chaos: Option<Chaos>,
    /// How it wants them.
    options: EndpointOptions,
    /// Headers of its own; or why they cannot be sent.
    headers: Result<Option<EndpointHeaders>, String>,
    /// Signs too, where it was asked for.
    key: Option<EndpointKey>,
    /// It has failed lately, so that a success is news.
    pub(super) troubled: bool,
    /// What was claimed is to ask whether it is back.
    pub(super) probe: bool,
}

/// How an attempt ended, and what it says about its endpoint; nothing when it was not sent.
pub(super) struct Attempted {
    pub(super) outcome: AttemptOutcome,
    pub(super) sign: Option<Sign>,
}

impl Signed {
    pub(super) fn new(app: &App, endpoint: &EndpointId, target: Target) -> Self {
        let open = |sealed: &Vec<u8>| {
            let text = app.vault().open(endpoint.as_str(), sealed);
            let text = text.map_err(|error| error.to_string())?;
            WebhookSecret::parse(&text).map_err(|error| error.to_string())
        };
        let secrets: Result<Vec<_>, String> = target.secrets_sealed.iter().map(open).collect();
        if let Err(error) = &secrets {
            error!(%endpoint, %error, "cannot sign webhooks for this endpoint");
        }
        let headers = target.headers_sealed.as_deref();
        let headers = headers.map(|sealed| open_headers(app.vault(), endpoint, sealed)).transpose();
        if let Err(error) = &headers {
            error!(%endpoint, %error, "cannot open the headers of this endpoint");
        }
        Self {
            url: target.url,
            secrets,
            chaos: target.chaos,
            key: target.options.asymmetric.then(|| app.vault().endpoint_key(endpoint)),
            options: target.options,
            headers,
            troubled: target.troubled,
            probe: target.probe,
        }
    }

    /// Make one attempt, and say how it ended.
    pub(super) async fn attempt(
        &self,
        app: &App,
        sender: &dyn Sender,
        claim: &ClaimedDelivery,
    ) -> Attempted {
        let letter = match self.letter(claim) {
            Ok(letter) => letter,
            Err(error) => return later(claim, app.now(), OUR_FAULT_WAIT_MS, &error, false),
        };
        let post = || sender.send(letter.sign(app.now()));
        let fate = self.chaos.map_or(Fate::Sent, |chaos| chaos.fate(&claim.id, claim.attempt));
        let sent = match fate {
            Fate::Sent => post().await,
            Fate::SentTwice => {
                let first = post().await;
                post().await;
                first
            }
            Fate::Dropped => {
                let error = "chaos: dropped on its way, as asked".into();
                let sent = Sent::Failed { class: FailureClass::Protocol, error };
                let outcome = self.conclude(app, claim, sent).outcome;
                return Attempted { outcome, sign: None };
            }
            Fate::Delayed(wait_ms) => {
                return later(claim, app.now(), wait_ms, "chaos: delayed, as asked", false);
            }
            Fate::Overtaken(wait_ms) => {
                return later(claim, app.now(), wait_ms, "chaos: set aside, as asked", true);
            }
        };
        self.conclude(app, claim, sent)
    }

    /// What is sent, but for the signatures; or why nothing can be.
    fn letter<'a>(&'a self, claim: &'a ClaimedDelivery) -> Result<Letter<'a>, String> {
        let secrets = self.secrets.as_deref().map_err(Clone::clone)?;
        let headers = self.headers.as_ref().map_err(Clone::clone)?;
        let headers = headers.as_ref().map_or(&[][..], EndpointHeaders::expose);
        let body = match self.options.payload {
            Payload::Full => Cow::Borrowed(claim.body.as_str()),
            Payload::Thin => Cow::Owned(thin(&claim.body).map_err(|error| error.to_string())?),
        };
        Ok(Letter { claim, url: &self.url, secrets, headers, key: self.key.as_ref(), body })
    }

    /// The waits of its schedule, in seconds.
    fn gaps_s(&self) -> &[i64] {
        self.options.retry_schedule.as_ref().map_or(&RETRY_GAPS_S[..], RetrySchedule::gaps_s)
    }

    /// What an answer means.
    fn conclude(&self, app: &App, claim: &ClaimedDelivery, sent: Sent) -> Attempted {
        let now = app.now();
        let reply = match &sent {
            Sent::Answered { status, retry_after, .. } => Reply::Answered {
                status: *status,
                retry_after_ms: retry_after.as_deref().and_then(|text| retry_after_ms(text, now)),
            },
            Sent::Failed { class, .. } => Reply::Failed(*class),
        };
        let so_far =
            SoFar { attempt: claim.attempt, failures: claim.failures, gaps_s: self.gaps_s() };
        let [jitter] = app.ids().random();
        let judged = judge(reply, so_far, now, jitter);
        let (response_status, response_excerpt, error) = match sent {
            Sent::Answered { status, excerpt, redirect, .. } => {
                let error = judged.failure.map(|class| match redirect {
                    Some(origin) if class == FailureClass::Redirected => {
                        format!("answered {status}, a redirect to {origin}; nobody goes there")
                    }
                    _ => format!("answered {status}"),
                });
                // A receiver may answer what it was sent, and what is erased must not rest here.
                let event_type = EventType::parse(&claim.event_type);
                let echoes_nobody = event_type.is_some_and(|kind| !kind.is_about_a_person());
                (Some(i64::from(status)), echoes_nobody.then_some(excerpt), error)
            }
            Sent::Failed { error, .. } => (None, None, Some(error)),
        };
        let outcome = AttemptOutcome {
            status: judged.status,
            failures: judged.failures,
            next_attempt_at: judged.next_attempt_at,
            response_status,
            error,
            failure: judged.failure,
            response_excerpt,
            ended_at: now,
            overtaken: false,
        };
        Attempted { outcome, sign: Some(judged.sign) }
    }
}

/// How long a `Retry-After` asks us to wait: seconds, or an instant that is still to come. What
/// means nothing is none.
fn retry_after_ms(text: &str, now: Millis) -> Option<i64> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number has are more seconds than anybody waits.
        return Some(text.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(1000));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let at = at.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis();
    i64::try_from(at).ok()?.checked_sub(now.0).filter(|wait_ms| *wait_ms > 0)
}

/// A delivery that is ready to be signed.
struct Letter<'a> {
    claim: &'a ClaimedDelivery,
    url: &'a str,
    secrets: &'a [WebhookSecret],
    headers: &'a [(String, String)],
    key: Option<&'a EndpointKey>,
    body: Cow<'a, str>,
}

impl Letter<'_> {
    /// Sign it, afresh each time: a retry hours later must still be in its receiver's window.
    fn sign(&self, now: Millis) -> Outgoing {
        let seconds = now.unix_seconds();
        let (secrets, body) = (self.secrets, self.body.as_bytes());
        let event_id = self.claim.event_id.to_string();
        let mut standard = standard_signatures(secrets, &event_id, seconds, body);
        if let Some(key) = self.key {
            standard = format!("{standard} {}", key.sign(&event_id, seconds, body));
        }
        let ours = [
            ("content-type", "application/json".into()),
            ("gate-signature", gate_signatures(secrets, seconds, body)),
            ("x-0bit-timestamp", seconds.to_string()),
            ("x-0bit-event-id", event_id.clone()),
            ("x-0bit-event-type", self.claim.event_type.clone()),
            ("webhook-signature", standard),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-id", event_id),
        ];
        let ours = ours.into_iter().map(|(name, value)| (Cow::Borrowed(name), value));
        let theirs = self.headers.iter().cloned();
        Outgoing {
            mode: self.claim.tenant.mode,
            url: self.url.to_owned(),
            headers: ours.chain(theirs.map(|(name, value)| (name.into(), value))).collect(),
            body: self.body.clone().into_owned(),
        }
    }
}

/// What was not sent says nothing about the receiver: it waits, and its schedule does not count it.
fn later(
    claim: &ClaimedDelivery,
    now: Millis,
    wait_ms: i64,
    why: &str,
    overtaken: bool,
) -> Attempted {
    let outcome = AttemptOutcome {
        status: DeliveryStatus::Pending,
        failures: claim.failures,
        next_attempt_at: Some(now.plus_ms(wait_ms)),
        response_status: None,
        error: Some(why.to_owned()),
        failure: None,
        response_excerpt: None,
        ended_at: now,
        overtaken,
    };
    Attempted { outcome, sign: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    // T23.
    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Millis(784_111_777_000); // Sun, 06 Nov 1994 08:49:37 GMT
        for (text, expected) in [
            ("120", Some(120_000)),
            (" 7 ", Some(7_000)),
            ("0", Some(0)),
            ("99999999999999999999", Some(i64::MAX)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60_000)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", Some(60_000)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", None),
            ("-5", None),
            ("+5", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after_ms(text, now), expected, "{text:?}");
        }
    }
}
