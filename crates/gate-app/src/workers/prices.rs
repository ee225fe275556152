//! Asks for prices, so that nobody has to wait for one: what they say is kept in memory.

use tokio::sync::{Notify, watch};

use super::run_passes;
use crate::app::App;

/// Ask until told to stop. Where prices come from decides how often.
pub(super) async fn run(app: App, stopped: watch::Receiver<bool>) {
    let nobody = Notify::new();
    run_passes(&app, "prices", &nobody, stopped, || async {
        app.refresh_prices().await;
        Ok(false)
    })
    .await;
}
