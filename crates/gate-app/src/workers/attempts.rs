//! One attempt at a delivery: signed afresh, sent, judged. In the sandbox it may meet the faults that
//! the partner asked for.

use gate_domain::chaos::{Chaos, Fate};
use gate_domain::delivery::{DeliveryStatus, next_attempt_at};
use gate_domain::ids::EndpointId;
use gate_domain::time::Millis;
use gate_store::{AttemptOutcome, ClaimedDelivery, Target};
use gate_wire::signature::{WebhookSecret, gate_signatures, standard_signatures};
use tracing::error;

use super::sender::{Outgoing, Sender, Sent};
use crate::app::App;

/// How long a delivery waits when the fault is ours: 1 min.
const OUR_FAULT_WAIT_MS: i64 = 60_000;

/// An endpoint with the secrets that sign for it now, opened.
pub(super) struct Signed {
    url: String,
    /// Newest first; or why there are none.
    secrets: Result<Vec<WebhookSecret>, String>,
    chaos: Option<Chaos>,
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
        Self { url: target.url, secrets, chaos: target.chaos }
    }

    /// Make one attempt, and say how it ended.
    pub(super) async fn attempt(
        &self,
        app: &App,
        sender: &dyn Sender,
        claim: &ClaimedDelivery,
    ) -> AttemptOutcome {
        let secrets = match &self.secrets {
            Ok(secrets) => secrets,
            Err(error) => return later(claim, app.now(), OUR_FAULT_WAIT_MS, error, false),
        };
        let post = || sender.send(sign(app.now(), secrets, &self.url, claim));
        let fate = self.chaos.map_or(Fate::Sent, |chaos| chaos.fate(&claim.id, claim.attempt));
        let sent = match fate {
            Fate::Sent => post().await,
            Fate::SentTwice => {
                let first = post().await;
                post().await;
                first
            }
            Fate::Dropped => Sent::Failed { error: "chaos: dropped on its way, as asked".into() },
            Fate::Delayed(wait_ms) => {
                return later(claim, app.now(), wait_ms, "chaos: delayed, as asked", false);
            }
            Fate::Overtaken(wait_ms) => {
                return later(claim, app.now(), wait_ms, "chaos: set aside, as asked", true);
            }
        };
        let [jitter] = app.ids().random();
        judge(claim, sent, app.now(), jitter)
    }
}

/// Sign an attempt, afresh each time: a retry hours later must still be in its receiver's window.
fn sign(now: Millis, secrets: &[WebhookSecret], url: &str, claim: &ClaimedDelivery) -> Outgoing {
    let seconds = now.unix_seconds();
    let body = claim.body.as_bytes();
    let event_id = claim.event_id.to_string();
    Outgoing {
        mode: claim.tenant.mode,
        url: url.to_owned(),
        headers: vec![
            ("content-type", "application/json".into()),
            ("gate-signature", gate_signatures(secrets, seconds, body)),
            ("x-0bit-timestamp", seconds.to_string()),
            ("x-0bit-event-id", event_id.clone()),
            ("x-0bit-event-type", claim.event_type.clone()),
            ("webhook-signature", standard_signatures(secrets, &event_id, seconds, body)),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-id", event_id),
        ],
        body: claim.body.clone(),
    }
}

/// What was not sent says nothing about the receiver: it waits, and its schedule does not count it.
fn later(
    claim: &ClaimedDelivery,
    now: Millis,
    wait_ms: i64,
    why: &str,
    overtaken: bool,
) -> AttemptOutcome {
    AttemptOutcome {
        status: DeliveryStatus::Pending,
        failures: claim.failures,
        next_attempt_at: Some(now.plus_ms(wait_ms)),
        response_status: None,
        error: Some(why.to_owned()),
        response_excerpt: None,
        ended_at: now,
        overtaken,
    }
}

/// What an answer means: any 2xx is success, everything else is tried again until the schedule ends.
fn judge(claim: &ClaimedDelivery, sent: Sent, now: Millis, jitter: u8) -> AttemptOutcome {
    let (response_status, excerpt, error) = match sent {
        Sent::Answered { status, excerpt } => {
            let error = (!(200..300).contains(&status)).then(|| format!("answered {status}"));
            (Some(i64::from(status)), Some(excerpt), error)
        }
        Sent::Failed { error } => (None, None, Some(error)),
    };
    let failures = claim.failures + i64::from(error.is_some());
    let next = error.as_ref().and_then(|_| next_attempt_at(failures, now, jitter));
    let status = match (&error, next) {
        (None, _) => DeliveryStatus::Succeeded,
        (Some(_), Some(_)) => DeliveryStatus::Pending,
        (Some(_), None) => DeliveryStatus::DeadLettered,
    };
    AttemptOutcome {
        status,
        failures,
        next_attempt_at: next,
        response_status,
        error,
        response_excerpt: excerpt,
        ended_at: now,
        overtaken: false,
    }
}
