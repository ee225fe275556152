//! The retention worker: removes events whose time is over, with their deliveries and attempts, and mails
//! to users, a few in a transaction, so that nobody waits for it.

use std::time::Duration;

use gate_store::StoreError;
use tokio::sync::{Notify, watch};
use tracing::info;

use super::run_passes_every;
use crate::app::App;
use crate::identity::MAILS_KEPT_MS;

/// Feeds that are looked at in one pass.
const FEEDS_MAX: i64 = 100;
/// Events that are removed in one transaction.
const BATCH_MAX: i64 = 100;
/// Between two transactions, so that others have their turn.
const REST: Duration = Duration::from_millis(20);
/// Old events are a matter of days, so nobody has to look each second.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// The worker of a running process.
pub(super) async fn run(app: App, stopped: watch::Receiver<bool>) {
    run_passes_every(LOOK_EVERY, &app, "retention", &Notify::new(), stopped, || async {
        let removed = remove_old_events(&app).await? + remove_old_mails(&app).await?;
        if removed > 0 {
            tokio::time::sleep(REST).await;
        }
        Ok(removed > 0)
    })
    .await;
}

/// One pass: a step of every feed that begins with something old. Answers how many events went.
pub async fn remove_old_events(app: &App) -> Result<usize, StoreError> {
    let Some(kept_ms) = app.config().retention_ms else { return Ok(0) };
    let before = app.now().plus_ms(-kept_ms);
    let old = app.store().read(move |tx| tx.list_old_feeds(before, FEEDS_MAX)).await?;
    let mut removed = 0;
    for tenant in old {
        let step = app.write(move |tx, _| tx.remove_old_events(&tenant, before, BATCH_MAX));
        let gone: Result<usize, StoreError> = step.await;
        removed += gone?;
    }
    if removed > 0 {
        info!(removed, "removed {removed} events whose time is over");
    }
    Ok(removed)
}

/// One pass: some of the mails and codes whose day is over. Answers how many went.
pub async fn remove_old_mails(app: &App) -> Result<usize, StoreError> {
    let before = app.now().plus_ms(-MAILS_KEPT_MS);
    let remove = app.write(move |tx, _| {
        let mails = tx.remove_old_mails(before, BATCH_MAX)?;
        Ok::<_, StoreError>(mails + tx.remove_old_email_codes(before, BATCH_MAX)?)
    });
    Ok(usize::try_from(remove.await?).unwrap_or(usize::MAX))
}
