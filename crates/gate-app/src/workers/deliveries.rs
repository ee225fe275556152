//! The webhook worker: claims what is due, signs and sends it outside of any transaction, and
//! records the outcome against its lease.
//!
//! Each endpoint with something due has a lane of its own, so one slow receiver holds up nobody
//! else, and within a lane one slow request holds up its own session only. A lease is renewed while
//! its request is under way. A crash at any point leads to a repeat with the same event id, never to
//! a loss.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use gate_domain::delivery::DeliveryStatus;
use gate_domain::ids::{EndpointId, PartnerId};
use gate_store::{AttemptOutcome, Claim, ClaimRequest, ClaimedDelivery, StoreError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at, sleep, sleep_until};
use tracing::{error, info, warn};

use super::attempts::{Attempted, Signed};
use super::lanes::{Lane, Lanes, Place, Places, lock};
use super::run_passes;
use super::sender::Sender;
use crate::app::App;
use crate::endpoint_health::{observe, switch_off};

/// While requests are under way, a claim of a few waits so long for more to claim together.
const GATHER: Duration = Duration::from_millis(5);
/// How long an endpoint is served while others wait for a lane.
const TURN: Duration = Duration::from_millis(250);
/// An endpoint that is held back for less than this keeps its lane.
const SHORT_HOLD_MS: i64 = 1_000;

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
    let lanes = Arc::new(Lanes::default());
    let places = Places::new(app.config().deliveries.clone());
    let tasks = Mutex::new(JoinSet::new());
    run_passes(&app, "webhook", app.deliveries_wake(), stopped.clone(), || async {
        let fresh = lanes.assign(due_endpoints(&app).await?);
        let mut tasks = lock(&tasks);
        while tasks.try_join_next().is_some() {}
        for (partner, lane) in fresh {
            let worker = LaneWorker {
                lease_token: lease_token(&app),
                app: app.clone(),
                sender: Arc::clone(&sender),
                partner,
                places: Arc::clone(&places),
                troubled: Arc::default(),
            };
            tasks.spawn(worker.serve(lane, stopped.clone()));
        }
        Ok(false)
    })
    .await;
    let mut tasks = tasks.into_inner().unwrap_or_else(PoisonError::into_inner);
    while tasks.join_next().await.is_some() {}
}

/// Serves one endpoint until nothing of it is due, or its turn is over.
struct LaneWorker {
    app: App,
    sender: Arc<dyn Sender>,
    partner: PartnerId,
    places: Arc<Places>,
    /// All claims of a lane have one token, so that one statement renews them; the number of the
    /// attempt tells them apart.
    lease_token: String,
    /// Something failed since the last success.
    troubled: Arc<AtomicBool>,
}

impl LaneWorker {
    async fn serve(self, lane: Lane, stopped: watch::Receiver<bool>) {
        let limits = &self.app.config().deliveries;
        let mut sending: JoinSet<Result<(), StoreError>> = JoinSet::new();
        let mut renewal = interval_at(Instant::now() + limits.renew_every, limits.renew_every);
        let began = Instant::now();
        let (mut claimed_at, mut served) = (began, false);
        // Whether a claim may find something, whether this lane is to end, whether it renews.
        let (mut hopeful, mut leaving, mut sound) = (true, false, true);
        loop {
            leaving |= *stopped.borrow() || (lane.is_wanted() && began.elapsed() >= TURN);
            let room = limits.per_endpoint.saturating_sub(sending.len());
            let worth_it = sending.is_empty()
                || room * 2 >= limits.per_endpoint
                || (room > 0 && claimed_at.elapsed() >= GATHER);
            if hopeful && !leaving && worth_it {
                let places = self.places.take(&self.partner, room);
                if places.is_empty() {
                    if sending.is_empty() {
                        self.places.freed().await;
                        continue;
                    }
                    hopeful = false; // one of ours will end
                } else {
                    claimed_at = Instant::now();
                    hopeful = false;
                    match self.claim(&lane.endpoint, places.len()).await {
                        Ok(Claim::Taken(target, claims)) => {
                            hopeful = true;
                            served = true;
                            let target = Arc::new(Signed::new(&self.app, &lane.endpoint, *target));
                            for (claim, place) in claims.into_iter().zip(places) {
                                sending.spawn(self.send(Arc::clone(&target), claim, place));
                            }
                        }
                        Ok(Claim::Nothing) => {}
                        Ok(Claim::Held(until)) => {
                            let wait_ms = until.0 - self.app.now().0;
                            if sending.is_empty() && wait_ms <= SHORT_HOLD_MS {
                                drop(places);
                                let wait_ms = u64::try_from(wait_ms).unwrap_or(0).max(1);
                                sleep(Duration::from_millis(wait_ms)).await;
                                hopeful = true;
                                continue;
                            }
                        }
                        Err(error) => {
                            let endpoint = &lane.endpoint;
                            error!(%endpoint, %error, "a claim failed; it will be made again");
                            leaving = true;
                        }
                    }
                }
            }
            if sending.is_empty() && (leaving || !hopeful) {
                break;
            }
            tokio::select! {
                Some(ended) = sending.join_next() => {
                    // What waited for this one may go now.
                    hopeful = true;
                    let failed = match ended {
                        Ok(Ok(())) => None,
                        Ok(Err(error)) => Some(error.to_string()),
                        Err(error) => Some(error.to_string()),
                    };
                    if let Some(error) = failed {
                        let endpoint = &lane.endpoint;
                        error!(%endpoint, error, "an outcome was not recorded; it is sent again");
                        // Its lease must be able to end.
                        (leaving, sound) = (true, false);
                    }
                }
                () = lane.look.notified() => hopeful = true,
                _ = renewal.tick(), if sound && !sending.is_empty() => self.renew().await,
                () = sleep_until(claimed_at + GATHER), if hopeful && !leaving && room > 0 => {}
            }
        }
        drop(lane);
        // Something may have become due between the last claim and leaving. A lane that found
        // nothing at all does not ask for another look: what is due may be leased by somebody else.
        if served {
            self.app.deliveries_wake().notify_one();
        }
    }

    async fn claim(&self, endpoint: &EndpointId, limit: usize) -> Result<Claim, StoreError> {
        claim(&self.app, endpoint, &self.lease_token, limit).await
    }

    /// Send one, and record what came of it.
    fn send(
        &self,
        target: Arc<Signed>,
        claim: ClaimedDelivery,
        place: Place,
    ) -> impl Future<Output = Result<(), StoreError>> + use<> {
        let (app, sender) = (self.app.clone(), Arc::clone(&self.sender));
        let troubled = Arc::clone(&self.troubled);
        async move {
            let began = Instant::now();
            let attempted = target.attempt(&app, &*sender, &claim).await;
            app.metrics().attempted(&claim, &attempted.outcome, began.elapsed());
            let recorded = record(&app, attempted, &target, &troubled, claim).await;
            drop(place);
            recorded.map(drop)
        }
    }

    async fn renew(&self) {
        let (token, lease_ms) = (self.lease_token.clone(), self.app.config().deliveries.lease_ms);
        let renewed =
            self.app.write(move |tx, scope| tx.renew_leases(&token, scope.now.plus_ms(lease_ms)));
        if let Err(error) = renewed.await {
            let error: StoreError = error;
            warn!(%error, "leases could not be renewed; it will be tried again");
        }
    }
}

/// One pass over everything that is due: what tests call.
pub async fn deliver_due(app: &App, sender: &dyn Sender) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    loop {
        let mut round = Tally::default();
        for (_, endpoint) in due_endpoints(app).await? {
            round.add(deliver_round(app, sender, &endpoint).await?);
        }
        if round.total() == 0 {
            return Ok(tally);
        }
        tally.add(round);
    }
}

async fn due_endpoints(app: &App) -> Result<Vec<(PartnerId, EndpointId)>, StoreError> {
    let now = app.now();
    app.store().read(move |tx| tx.list_due_endpoints(now)).await
}

fn lease_token(app: &App) -> String {
    u128::from_be_bytes(app.ids().random()).to_string()
}

async fn claim(
    app: &App,
    endpoint: &EndpointId,
    token: &str,
    limit: usize,
) -> Result<Claim, StoreError> {
    let (endpoint, lease_token) = (endpoint.clone(), token.to_owned());
    let limit = i64::try_from(limit).unwrap_or(1);
    let lease_ms = app.config().deliveries.lease_ms;
    app.write(move |tx, scope| {
        let request = ClaimRequest {
            endpoint: endpoint.clone(),
            limit,
            lease_token: lease_token.clone(),
            lease_until: scope.now.plus_ms(lease_ms),
        };
        tx.claim_deliveries(&request, scope.now)
    })
    .await
}

/// Claim, send, record: once, for one endpoint.
async fn deliver_round(
    app: &App,
    sender: &dyn Sender,
    endpoint: &EndpointId,
) -> Result<Tally, StoreError> {
    let limit = app.config().deliveries.per_endpoint;
    let Claim::Taken(target, claims) = claim(app, endpoint, &lease_token(app), limit).await? else {
        return Ok(Tally::default());
    };
    let target = Signed::new(app, endpoint, *target);
    let troubled = AtomicBool::new(false);
    let attempts = claims.into_iter().map(|claim| {
        let (target, troubled) = (&target, &troubled);
        async move {
            let attempted = target.attempt(app, sender, &claim).await;
            record(app, attempted, target, troubled, claim).await
        }
    });
    let mut tally = Tally::default();
    for recorded in join_all(attempts).await {
        tally.add(recorded?);
    }
    Ok(tally)
}

async fn record(
    app: &App,
    attempted: Attempted,
    target: &Signed,
    troubled: &AtomicBool,
    claim: ClaimedDelivery,
) -> Result<Tally, StoreError> {
    let Attempted { outcome, sign } = attempted;
    log(&claim, &outcome);
    let (status, probe) = (outcome.status, target.probe);
    let succeeded = status == DeliveryStatus::Succeeded;
    if !succeeded {
        troubled.store(true, Ordering::Relaxed);
    }
    // A success of an endpoint that is well changes nothing about it.
    let told = target.troubled || troubled.load(Ordering::Relaxed);
    let sign = sign.filter(|_| told);
    let (tenant, endpoint) = (claim.tenant.clone(), claim.endpoint_id.clone());
    let (recorded, off) = app
        .write(move |tx, scope| {
            // The next event of the same session may have waited for this one.
            scope.wake_deliveries();
            let recorded = tx.record_delivery(&claim, &outcome)?;
            let off = match sign.filter(|_| recorded) {
                Some(sign) => observe(tx, scope, &claim, probe, sign, outcome.error.as_deref())?,
                None => None,
            };
            Ok::<_, StoreError>((recorded, off))
        })
        .await?;
    if succeeded && sign.is_some() {
        troubled.store(false, Ordering::Relaxed);
    }
    if let Some(why) = off {
        // In a transaction of its own: an endpoint is locked before anything else of it.
        app.write(move |tx, scope| switch_off(tx, scope, &tenant, &endpoint, why)).await?;
    }
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
            // It is its partner who should act, and who sees it in the log of deliveries.
            warn!(%id, attempt, error, "gave up on {id}; only a replay sends it again");
        }
    }
}
