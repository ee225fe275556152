//! The sweeper: ends sessions whose lifetime has passed and sales whose tokens did not come, takes back leases of workers that are
//! gone, and forgets old idempotency keys, all in small steps.

use gate_domain::session::{Event, Refused};
use gate_store::StoreError;
use tokio::sync::{Notify, watch};
use tracing::{error, info};

use super::endpoints::{bury_orphans, purge_secrets};
use super::run_passes;
use crate::advance::{AdvanceError, advance_session};
use crate::app::App;
use crate::deposits::look_after_deposits;

/// Rows in one step.
const BATCH_MAX: i64 = 100;
/// How long an idempotency key is kept: 48 h, twice what is promised.
const KEY_KEPT_MS: i64 = 48 * 3_600_000;

/// The worker of a running process. Nobody wakes it; it looks by itself.
pub(super) async fn run(app: App, stopped: watch::Receiver<bool>) {
    run_passes(&app, "sweep", &Notify::new(), stopped, || async {
        release_lost_leases(&app).await?;
        let expired = expire_due_sessions(&app).await?;
        let given_back = look_after_deposits(&app).await?;
        let purged = purge_idempotency_keys(&app).await?;
        let buried = bury_orphans(&app).await?;
        let forgotten = purge_secrets(&app).await?;
        Ok(expired > 0 || given_back > 0 || purged > 0 || buried > 0 || forgotten > 0)
    })
    .await;
}

/// Expire what is overdue. Answers how many sessions ended; one with money in flight never does.
pub async fn expire_due_sessions(app: &App) -> Result<usize, StoreError> {
    let now = app.now();
    let due = app.store().read(move |tx| tx.list_expired_sessions(now, BATCH_MAX)).await?;
    let mut ended = 0;
    for (tenant, id) in due {
        let expired = app
            .write(move |tx, scope| {
                let Some(session) = tx.lock_session(&tenant, &id)? else { return Ok(()) };
                let event = Event::DeadlinePassed { now: scope.now };
                advance_session(tx, scope, session, &event).map(|_| ())
            })
            .await;
        match expired {
            Ok(()) => ended += 1,
            // Between the look and the lock a payment began, or somebody was quicker.
            Err(AdvanceError::Session(
                Refused::PaymentInFlight | Refused::Ended | Refused::NotDue,
            )) => {}
            // One row that cannot be read must not keep all the others.
            Err(AdvanceError::Store(error @ StoreError::Corrupt { .. })) => {
                error!(%error, "a session cannot expire");
            }
            Err(AdvanceError::Store(error)) => return Err(error),
            Err(refused @ (AdvanceError::Session(_) | AdvanceError::Transaction(_))) => {
                info!(%refused, "a session could not expire now");
            }
        }
    }
    Ok(ended)
}

/// Make deliveries due again whose worker is gone.
pub async fn release_lost_leases(app: &App) -> Result<(), StoreError> {
    let now = app.now();
    let lost = app.store().read(move |tx| tx.any_lost_lease(now)).await?;
    if lost {
        app.write(|tx, scope| {
            scope.wake_deliveries();
            tx.release_deliveries(scope.now, scope.now)
        })
        .await?;
    }
    Ok(())
}

/// Forget idempotency keys whose time is over. Answers how many.
pub async fn purge_idempotency_keys(app: &App) -> Result<u64, StoreError> {
    let before = app.now().plus_ms(-KEY_KEPT_MS);
    let old = app.store().read(move |tx| tx.any_idempotency_key_before(before)).await?;
    if !old {
        return Ok(0);
    }
    app.write(move |tx, _| tx.purge_idempotency_keys(before, BATCH_MAX)).await
}
