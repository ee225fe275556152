//! The worker that keeps the database's picture of itself fresh while it grows fast.

use gate_store::{StoreError, Tx};
use tokio::sync::{Notify, watch};
use tracing::debug;

use super::run_passes;
use crate::app::App;

pub(super) async fn run(app: App, stopped: watch::Receiver<bool>) {
    run_passes(&app, "statistics", &Notify::new(), stopped, || async {
        refresh(&app).await?;
        Ok(false)
    })
    .await;
}

/// Count again what has changed much.
async fn refresh(app: &App) -> Result<(), StoreError> {
    let tables = app.store().write(Tx::refresh_statistics).await?;
    if !tables.is_empty() {
        debug!(?tables, "counted {} again", tables.join(", "));
    }
    Ok(())
}
