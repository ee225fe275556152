//! How long one partner waits for its webhooks while the endpoint of another hangs.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::children::Child;
use super::deliveries;
use super::fresh::Fresh;
use super::load::{Measured, Target, fresh_keys};
use crate::gateway::Ready;

/// Webhooks a second of the partner that is measured.
const PER_SECOND: u32 = 20;
/// Webhooks that wait for the endpoint that hangs.
const STUCK: usize = 2_000;

/// The neighbour's delay alone, and next to an endpoint that answers nobody in time.
pub(super) async fn measure(
    fresh: &Fresh,
    receiver: &Child,
    period: Duration,
) -> Result<(Measured, Measured)> {
    let hung = Target::creates(&fresh.gateway.ready)?;
    let neighbour = Target::creates(&another_partner(fresh, receiver).await?)?;
    let alone = deliveries::latency(&neighbour, receiver, PER_SECOND, period).await?;
    let mut connection = hung.connect().await?;
    let mut keys = fresh_keys(0);
    for _ in 0..STUCK {
        let (status, _) = connection.exchange(&hung.request(&mut keys)).await?;
        ensure!(status == 201, "answered {status}");
    }
    let beside = deliveries::latency(&neighbour, receiver, PER_SECOND, period).await?;
    Ok((alone, beside))
}

async fn another_partner(fresh: &Fresh, receiver: &Child) -> Result<Ready> {
    let launch = &fresh.launch;
    let made = launch.administer(&["partner", "create", "Neighbour"]).await?;
    let id = made["id"].as_str().context("a partner's id")?;
    let of = ["--partner", id];
    let key = launch.administer(&[&["keys", "create"], &of[..]].concat()).await?;
    let origin = "http://localhost:3000";
    launch.administer(&[&["origins", "add", origin], &of[..]].concat()).await?;
    launch.administer(&[&["endpoints", "add", &receiver.address], &of[..]].concat()).await?;
    let secret_key = key["secret"].as_str().context("a key")?.to_owned();
    Ok(Ready { secret_key, ..fresh.gateway.ready.clone() })
}
