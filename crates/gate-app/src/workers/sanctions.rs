//! Looks whether the files of the list of sanctions have changed: a few questions to the file system
//! a second.

use tokio::sync::{Notify, watch};
use tracing::{info, warn};

use super::run_passes;
use crate::app::App;
use crate::screening::SanctionsList;

/// Look until told to stop.
pub(super) async fn run(app: App, list: SanctionsList, stopped: watch::Receiver<bool>) {
    let nobody = Notify::new();
    run_passes(&app, "sanctions", &nobody, stopped, || async {
        look(&list).await;
        Ok(false)
    })
    .await;
}

async fn look(list: &SanctionsList) {
    let mine = list.clone();
    let looked = tokio::task::spawn_blocking(move || mine.refresh()).await;
    match looked.expect("reading a list does not panic") {
        Ok(false) => {}
        Ok(true) => {
            let entries = list.current().list.entries();
            info!(entries, "the list of sanctions has changed: {entries} entries");
        }
        Err(error) => {
            warn!(%error, "the list of sanctions has changed and cannot be read, so the one before stays in use");
        }
    }
}
