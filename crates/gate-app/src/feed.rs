//! Reading the partner's feed of events, and waiting for more of it.

use std::time::Duration;

use gate_domain::ids::Tenant;
use gate_store::{EventQuery, EventRow, StoreError};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep, timeout_at};

use crate::app::App;

/// How often the store is asked, for what another process announced.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A page of the feed. An empty page waits up to `wait` for something to come, and is answered at
/// once when the gateway is about to stop.
pub async fn read_feed(
    app: &App,
    tenant: &Tenant,
    query: EventQuery,
    wait: Duration,
    mut stopping: watch::Receiver<bool>,
) -> Result<Vec<EventRow>, StoreError> {
    // Listening begins before looking, so that nothing falls between the two.
    let mut grown = app.feeds_grown();
    let ends = Instant::now() + wait;
    loop {
        let (owner, page) = (tenant.clone(), query.clone());
        let events = app.store().read(move |tx| tx.list_events(&owner, &page)).await?;
        let over = wait.is_zero() || Instant::now() >= ends || *stopping.borrow();
        if !events.is_empty() || over {
            return Ok(events);
        }
        tokio::select! {
            () = grows(&mut grown, tenant, ends) => {}
            _ = stopping.changed() => {}
        }
    }
}

/// Until this feed may have grown, or it is time to look anyway.
async fn grows(grown: &mut broadcast::Receiver<Tenant>, tenant: &Tenant, ends: Instant) {
    let look = ends.min(Instant::now() + LOOK_EVERY);
    loop {
        match timeout_at(look, grown.recv()).await {
            Ok(Ok(whose)) if whose == *tenant => return,
            Ok(Ok(_)) => {}
            Ok(Err(RecvError::Lagged(_))) | Err(_) => return,
            // The application is gone, and with it whoever waits.
            Ok(Err(RecvError::Closed)) => return sleep(LOOK_EVERY).await,
        }
    }
}
