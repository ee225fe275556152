//! Looks whether another process changed what is on offer: one row a second.

use tokio::sync::{Notify, watch};

use super::run_passes;
use crate::app::App;

/// Look until told to stop.
pub(super) async fn run(app: App, stopped: watch::Receiver<bool>) {
    // A change in this process is read by whoever made it.
    let nobody = Notify::new();
    run_passes(&app, "capabilities", &nobody, stopped, || async {
        app.refresh_capabilities().await?;
        Ok(false)
    })
    .await;
}
