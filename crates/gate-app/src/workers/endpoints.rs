//! What is left to do about endpoints that changed: give up what waited for those that were removed,
//! and forget secrets whose overlap is over.

use gate_store::{StoreError, Tx};

use crate::app::App;
use crate::endpoints::{BURIED_MAX, ENDPOINT_DELETED};

/// Secrets that are forgotten in one step.
const SECRETS_MAX: i64 = 100;

/// Give up what still waits for endpoints that were removed, a step of each. Answers how many
/// deliveries.
pub async fn bury_orphans(app: &App) -> Result<u64, StoreError> {
    let mut buried = 0;
    for endpoint in app.store().read(Tx::list_orphaned_endpoints).await? {
        let step =
            app.write(move |tx, _| tx.bury_deliveries(&endpoint, ENDPOINT_DELETED, BURIED_MAX));
        buried += step.await?;
    }
    Ok(buried)
}

/// Forget rolled secrets that no longer sign. Answers how many.
pub async fn purge_secrets(app: &App) -> Result<u64, StoreError> {
    let now = app.now();
    if !app.store().read(move |tx| tx.any_ended_secret(now)).await? {
        return Ok(0);
    }
    app.write(move |tx, _| tx.purge_ended_secrets(now, SECRETS_MAX)).await
}
