//! The worker that writes down when keys were last used, so that no request waits for it.

use gate_store::{StoreError, Tx};
use tokio::sync::{Notify, watch};

use crate::app::App;
use crate::known_keys::NOTED_EVERY_MS;

/// One pass: write down the uses that this process has seen, each key at most once a minute, also
/// when several processes see it. Answers how many keys it looked at.
pub async fn record_key_uses(app: &App) -> Result<usize, StoreError> {
    let now = app.now();
    let uses = app.known_keys().take_uses(now);
    let count = uses.len();
    if count > 0 {
        let write = move |tx: &mut Tx| {
            for (tenant, id, used_at) in &uses {
                tx.record_key_use(tenant, id, *used_at, now.plus_ms(-NOTED_EVERY_MS))?;
            }
            Ok::<_, StoreError>(())
        };
        app.store().write(write).await?;
    }
    Ok(count)
}

pub(super) async fn run(app: App, stopped: watch::Receiver<bool>) {
    // Nobody wakes it: a use may wait.
    let wake = Notify::new();
    let pass = || async { record_key_uses(&app).await.map(|_| false) };
    super::run_passes(&app, "key_uses", &wake, stopped, pass).await;
}
