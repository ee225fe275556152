//! After the last kill: wait until everything that can be seen from outside has come to rest.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use reqwest::Method;
use serde::Deserialize;
use tokio::time::sleep;

use super::client::Client;
use super::page::find_proof;

/// Longer than a lease on PostgreSQL, where nobody knows that the worker before is gone.
const DRAIN_MAX: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(500);
const PAGE_ROWS: usize = 200;
const PAGES_MAX: usize = 1_000;

/// A delivery as the API shows it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Delivery {
    pub(super) id: String,
    pub(super) event_id: String,
    pub(super) status: String,
    last_error: Option<String>,
    next_attempt_at: Option<String>,
    /// An attempt has failed for a stated reason, and the next one was planned for later when we
    /// looked.
    #[serde(skip)]
    pub(super) waits_for_retry: bool,
}

#[derive(Deserialize)]
struct DeliveryPage {
    data: Vec<Delivery>,
    has_more: bool,
}

impl Delivery {
    fn look_at_plan(&mut self, now: Timestamp) {
        let planned = self.next_attempt_at.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
        self.waits_for_retry = self.status == "pending"
            && self.last_error.is_some()
            && planned.is_some_and(|at| at > now);
    }
}

/// Wait for the shop to know of every completed purchase and for the deliveries to end, for a while:
/// what did not end in time is for the verdict.
pub(super) async fn drain(client: &Client) -> Result<()> {
    let started = Instant::now();
    loop {
        let unfulfilled = look_at_orders(client).await?;
        let mut moving = list_deliveries(client, "?status=pending").await?;
        moving.append(&mut list_deliveries(client, "?status=in_flight").await?);
        let moving = moving.iter().filter(|delivery| !delivery.waits_for_retry).count();
        if unfulfilled + moving == 0 || started.elapsed() > DRAIN_MAX {
            return Ok(());
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Note every fulfilment. Answers how many completed purchases the shop does not know of yet.
async fn look_at_orders(client: &Client) -> Result<usize> {
    let sessions = client.book().sessions();
    let mut unfulfilled = 0;
    for (order_id, order) in client.book().orders() {
        let session = order.session_id.and_then(|id| sessions.get(&id));
        let completed = session.is_some_and(|session| session.told == Some("completed"));
        if completed && order.proof.is_none() {
            match find_proof(client, &order_id).await? {
                Some(proof) => client.book().fulfilled(&order_id, &proof),
                None => unfulfilled += 1,
            }
        }
    }
    Ok(unfulfilled)
}

/// Every delivery that the filter lets through, page by page.
pub(super) async fn list_deliveries(client: &Client, filter: &str) -> Result<Vec<Delivery>> {
    let mut deliveries = Vec::new();
    let and = if filter.is_empty() { "?" } else { "&" };
    for page in 0..PAGES_MAX {
        let skip = page * PAGE_ROWS;
        let path = format!("/v1/webhooks/deliveries{filter}{and}limit={PAGE_ROWS}&skip={skip}");
        let answer = client.insist(|| client.backend(Method::GET, &path)).await?;
        let answer = answer.expect(200, "the list of deliveries")?.body;
        let mut page: DeliveryPage =
            serde_json::from_str(&answer).context("the list of deliveries")?;
        let now = Timestamp::now();
        page.data.iter_mut().for_each(|delivery| delivery.look_at_plan(now));
        deliveries.append(&mut page.data);
        if !page.has_more {
            return Ok(deliveries);
        }
    }
    bail!("more than {} deliveries", PAGES_MAX * PAGE_ROWS)
}
