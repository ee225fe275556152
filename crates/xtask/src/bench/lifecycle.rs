//! How long a gateway takes to serve and to end, and what memory it holds.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::children::Child;
use super::deliveries;
use super::fresh::Fresh;
use super::load::Target;
use super::report::Report;

const CONNECTIONS: usize = 32;
/// How long the load runs before the gateway is asked to end.
const LOADED_FOR: Duration = Duration::from_secs(1);

/// Everything once, each figure into the report.
pub(super) async fn measure(
    report: &mut Report,
    gate: &Path,
    postgres: Option<&str>,
    period: Duration,
) -> Result<()> {
    let receiver = Child::receiver().await?;
    let Fresh { gateway, launch, _postgres, _folder } =
        Fresh::start(gate, postgres, Some(&receiver.address)).await?;
    report.note("memory after the start", megabytes(gateway.resident_bytes()?), "MB");
    let target = Target::creates(&gateway.ready)?;
    deliveries::until_delivered(&target, &receiver, CONNECTIONS, period, 1).await?;
    report.note("memory after creates and deliveries", megabytes(gateway.resident_bytes()?), "MB");

    let asked = Instant::now();
    gateway.stop().await?;
    report.note("stop, idle", millis(asked.elapsed()), "ms");

    let started = Instant::now();
    let gateway = launch.start().await?;
    report.note("start to ready, on existing data", millis(started.elapsed()), "ms");

    let target = Target::creates(&gateway.ready)?;
    // Its connections break when the gateway ends: that is the point.
    let load = tokio::spawn(async move { target.load(CONNECTIONS, period * 4).await.map(drop) });
    tokio::time::sleep(LOADED_FOR).await;
    let asked = Instant::now();
    gateway.stop().await?;
    report.note("stop, under load", millis(asked.elapsed()), "ms");
    load.abort();
    Ok(())
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "memory is far below 2^52 bytes")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
