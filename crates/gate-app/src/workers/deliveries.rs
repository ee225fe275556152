//! The webhook worker: claims what is due, signs and sends it outside of any transaction, and
//! records the outcome against its lease.
//!
//! Each endpoint with something due has a lane of its own, so one slow receiver holds up nobody
//! else. A crash at any point leads to a repeat with the same event id, never to a loss.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::join_all;
use gate_domain::delivery::{DeliveryStatus, next_attempt_at};
use gate_domain::ids::EndpointId;
use gate_domain::time::Millis;
use gate_store::{AttemptOutcome, ClaimedDelivery, StoreError, Target};
use gate_wire::signature::WebhookSecret;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use super::run_passes;
use super::sender::{Outgoing, Sender, Sent};
use crate::app::App;

/// Requests that one endpoint gets at the same time.
const PER_ENDPOINT_MAX: i64 = 32;
/// Endpoints that are served at the same time.
const LANES_MAX: usize = 256;
/// How long a claim holds: the deadline of an attempt and a margin to record it.
const LEASE_MS: i64 = 30_000;

/// How long a delivery waits when the fault is ours: 1 min.
const OUR_FAULT_WAIT_MS: i64 = 60_000;

/// What a pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Answered 2xx.
    pub succeeded: usize,
    /// Will be tried again.
    pub retried: usize,
    /// Given up.
    pub dead_lettered: usize,
    /// Somebody else holds the lease by now.
    pub lease_lost: usize,
}

impl Tally {
    /// Attempts in all.
    pub fn total(self) -> usize {
        self.succeeded + self.retried + self.dead_lettered + self.lease_lost
    }

    fn add(&mut self, other: Self) {
        self.succeeded += other.succeeded;
        self.retried += other.retried;
        self.dead_lettered += other.dead_lettered;
        self.lease_lost += other.lease_lost;
    }
}

/// The worker of a running process.
pub(super) async fn run(app: App, sender: Arc<dyn Sender>, stopped: watch::Receiver<bool>) {
    let lanes = Lanes::default();
    let tasks = Mutex::new(JoinSet::new());
    run_passes("webhook", app.deliveries_wake(), stopped.clone(), || async {
        for endpoint in due_endpoints(&app).await? {
            let mut busy = lock(&lanes);
            if busy.len() < LANES_MAX && busy.insert(endpoint.clone()) {
                let (app, sender) = (app.clone(), Arc::clone(&sender));
                let lane = run_lane(app, sender, endpoint, Arc::clone(&lanes), stopped.clone());
                let mut tasks = lock(&tasks);
                while tasks.try_join_next().is_some() {}
                tasks.spawn(lane);
            }
        }
        Ok(false)
    })
    .await;
    let mut tasks = tasks.into_inner().unwrap_or_else(PoisonError::into_inner);
    while tasks.join_next().await.is_some() {}
}

/// Serve one endpoint until nothing of it is due.
async fn run_lane(
    app: App,
    sender: Arc<dyn Sender>,
    endpoint: EndpointId,
    lanes: Lanes,
    stopped: watch::Receiver<bool>,
) {
    let lane = Lane { lanes, endpoint };
    let mut rounds = 0;
    loop {
        let round = deliver_round(&app, &*sender, &lane.endpoint).await;
        if let Err(error) = &round {
            let endpoint = &lane.endpoint;
            error!(%endpoint, %error, "a round of deliveries failed; it will be looked at again");
        }
        let idle = round.map_or(true, |tally| tally.total() == 0);
        if idle || *stopped.borrow() {
            break;
        }
        rounds += 1;
    }
    drop(lane);
    // Something may have become due between the last claim and leaving. A lane that found nothing
    // at all does not ask for another look: what is due may be leased by somebody else.
    if rounds > 0 {
        app.deliveries_wake().notify_one();
    }
}

/// The endpoints that are being served.
type Lanes = Arc<Mutex<HashSet<EndpointId>>>;

/// A place among them, given back however the lane ends.
struct Lane {
    lanes: Lanes,
    endpoint: EndpointId,
}

impl Drop for Lane {
    fn drop(&mut self) {
        lock(&self.lanes).remove(&self.endpoint);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One pass over everything that is due: what tests call.
pub async fn deliver_due(app: &App, sender: &dyn Sender) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    loop {
        let mut round = Tally::default();
        for endpoint in due_endpoints(app).await? {
            round.add(deliver_round(app, sender, &endpoint).await?);
        }
        if round.total() == 0 {
            return Ok(tally);
        }
        tally.add(round);
    }
}

async fn due_endpoints(app: &App) -> Result<Vec<EndpointId>, StoreError> {
    let now = app.now();
    app.store().read(move |tx| tx.list_due_endpoints(now)).await
}

/// Claim, send, record: once, for one endpoint.
async fn deliver_round(
    app: &App,
    sender: &dyn Sender,
    endpoint: &EndpointId,
) -> Result<Tally, StoreError> {
    let token = u128::from_be_bytes(app.ids().random()).to_string();
    let id = endpoint.clone();
    let claimed = app
        .write(move |tx, scope| {
            let until = scope.now.plus_ms(LEASE_MS);
            tx.claim_deliveries(&id, scope.now, until, &token, PER_ENDPOINT_MAX)
        })
        .await?;
    let Some((target, claims)) = claimed else { return Ok(Tally::default()) };
    let secret = open_secret(app, endpoint, &target);
    let attempts = claims.into_iter().map(|claim| {
        let (secret, url) = (secret.as_ref(), target.url.as_str());
        async move {
            let sent = match secret {
                Ok(secret) => sender.send(sign(app.now(), secret, url, &claim)).await,
                Err(error) => return record(app, our_fault(&claim, app.now(), error), claim).await,
            };
            let [jitter] = app.ids().random();
            record(app, judge(&claim, sent, app.now(), jitter), claim).await
        }
    });
    let mut tally = Tally::default();
    for recorded in join_all(attempts).await {
        tally.add(recorded?);
    }
    Ok(tally)
}

fn open_secret(app: &App, endpoint: &EndpointId, target: &Target) -> Result<WebhookSecret, String> {
    let opened = app.vault().open(endpoint.as_str(), &target.secret_sealed);
    let secret = opened.map_err(|error| error.to_string());
    let secret =
        secret.and_then(|text| WebhookSecret::parse(&text).map_err(|error| error.to_string()));
    if let Err(error) = &secret {
        error!(%endpoint, %error, "cannot sign webhooks for this endpoint");
    }
    secret
}

/// Sign an attempt, afresh each time: a retry hours later must still be in its receiver's window.
fn sign(now: Millis, secret: &WebhookSecret, url: &str, claim: &ClaimedDelivery) -> Outgoing {
    let seconds = now.unix_seconds();
    let body = claim.body.as_bytes();
    let event_id = claim.event_id.to_string();
    Outgoing {
        url: url.to_owned(),
        headers: vec![
            ("content-type", "application/json".into()),
            ("gate-signature", secret.gate_signature(seconds, body)),
            ("x-0bit-timestamp", seconds.to_string()),
            ("x-0bit-event-id", event_id.clone()),
            ("x-0bit-event-type", claim.event_type.clone()),
            ("webhook-signature", secret.standard_signature(&event_id, seconds, body)),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-id", event_id),
        ],
        body: claim.body.clone(),
    }
}

async fn record(
    app: &App,
    outcome: AttemptOutcome,
    claim: ClaimedDelivery,
) -> Result<Tally, StoreError> {
    log(&claim, &outcome);
    let status = outcome.status;
    let recorded = app
        .write(move |tx, scope| {
            // The next event of the same session may have waited for this one.
            scope.wake_deliveries();
            tx.record_delivery(&claim, &outcome)
        })
        .await?;
    let mut tally = Tally::default();
    match status {
        _ if !recorded => tally.lease_lost = 1,
        DeliveryStatus::Succeeded => tally.succeeded = 1,
        DeliveryStatus::Pending | DeliveryStatus::InFlight => tally.retried = 1,
        DeliveryStatus::DeadLettered => tally.dead_lettered = 1,
    }
    Ok(tally)
}

/// What we could not sign says nothing about the receiver: it waits, and its schedule does not count it.
fn our_fault(claim: &ClaimedDelivery, now: Millis, error: &str) -> AttemptOutcome {
    AttemptOutcome {
        status: DeliveryStatus::Pending,
        failures: claim.failures,
        next_attempt_at: Some(now.plus_ms(OUR_FAULT_WAIT_MS)),
        response_status: None,
        error: Some(error.to_owned()),
        response_excerpt: None,
        ended_at: now,
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
    }
}

fn log(claim: &ClaimedDelivery, outcome: &AttemptOutcome) {
    let (id, attempt) = (&claim.id, claim.attempt);
    let error = outcome.error.as_deref().unwrap_or_default();
    match outcome.status {
        DeliveryStatus::Succeeded => info!(%id, attempt, "delivered {id}"),
        DeliveryStatus::Pending | DeliveryStatus::InFlight => {
            warn!(%id, attempt, error, "could not deliver {id}; it will be tried again");
        }
        DeliveryStatus::DeadLettered => {
            error!(%id, attempt, error, "gave up on {id}; only a replay sends it again");
        }
    }
}
