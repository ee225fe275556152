//! The webhook worker: claims what is due, signs and sends it outside of any transaction, and
//! records the outcome against its lease.
//!
//! Each endpoint with something due has a lane of its own, so one slow receiver holds up nobody
//! else. A crash at any point leads to a repeat with the same event id, never to a loss.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::join_all;
use gate_domain::delivery::DeliveryStatus;
use gate_domain::ids::EndpointId;
use gate_store::{AttemptOutcome, ClaimedDelivery, StoreError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use super::attempts::Signed;
use super::run_passes;
use super::sender::Sender;
use crate::app::App;

/// Requests that one endpoint gets at the same time.
const PER_ENDPOINT_MAX: i64 = 32;
/// Endpoints that are served at the same time.
const LANES_MAX: usize = 256;
/// How long a claim holds: the deadline of an attempt and a margin to record it.
const LEASE_MS: i64 = 30_000;

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
    let target = Signed::new(app, endpoint, target);
    let attempts = claims.into_iter().map(|claim| {
        let target = &target;
        async move { record(app, target.attempt(app, sender, &claim).await, claim).await }
    });
    let mut tally = Tally::default();
    for recorded in join_all(attempts).await {
        tally.add(recorded?);
    }
    Ok(tally)
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
