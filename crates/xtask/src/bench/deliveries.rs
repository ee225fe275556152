//! Creates with a webhook each: how many arrive, and how soon.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::children::Child;
use super::connection::Connection;
use super::load::{Measured, Target, fresh_keys};

/// How long the last webhook may take.
const ARRIVE_MAX: Duration = Duration::from_mins(2);
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Well below the deadline of an attempt.
const PILE_UP_MAX: Duration = Duration::from_secs(5);

/// Connections that share a steady rate.
pub(super) const STEADY_CONNECTIONS: usize = 8;

/// Load, and wait until every webhook has arrived. Answers the creates, and what was both created
/// and delivered, from the first request to the last arrival.
pub(super) async fn until_delivered(
    target: &Target,
    receiver: &Child,
    connections: usize,
    period: Duration,
    endpoints: usize,
) -> Result<(Measured, Measured)> {
    let started = Instant::now();
    let before = arrived(receiver).await?;
    let created = target.load(connections, period).await?;
    let count = created.total * endpoints;
    wait_for_arrivals(receiver, before + count).await?;
    Ok((created, counted(count, started.elapsed())))
}

/// Pile up webhooks before a receiver that is held, and let it go: how fast they flow off. The load
/// must be over before an attempt's deadline, or attempts fail and wait.
pub(super) async fn drain(
    target: &Target,
    receiver: &Child,
    connections: usize,
    period: Duration,
) -> Result<Measured> {
    let before = arrived(receiver).await?;
    receiver.hold(true)?;
    let created = target.load(connections, period.min(PILE_UP_MAX)).await;
    receiver.hold(false)?;
    let (created, started) = (created?, Instant::now());
    wait_for_arrivals(receiver, before + created.total).await?;
    Ok(counted(created.total, started.elapsed()))
}

fn counted(count: usize, took: Duration) -> Measured {
    Measured { count, total: count, took, latencies: Vec::new() }
}

/// How many webhooks have arrived.
async fn arrived(receiver: &Child) -> Result<usize> {
    let mut connection = Connection::open(&authority(receiver)).await?;
    get(&mut connection, "/count").await?.parse().context("a count")
}

/// Wait until so many webhooks have arrived.
async fn wait_for_arrivals(receiver: &Child, wanted: usize) -> Result<()> {
    let mut connection = Connection::open(&authority(receiver)).await?;
    let started = Instant::now();
    let mut count = 0;
    while started.elapsed() < ARRIVE_MAX {
        count = get(&mut connection, "/count").await?.parse().context("a count")?;
        if count >= wanted {
            return Ok(());
        }
        sleep(LOOK_EVERY).await;
    }
    anyhow::bail!("only {count} of {wanted} webhooks arrived within {ARRIVE_MAX:?}")
}

/// From the answer of a create to the arrival of its webhook, at a rate that makes no queue.
pub(super) async fn latency(
    target: &Target,
    receiver: &Child,
    per_second: u32,
    period: Duration,
) -> Result<Measured> {
    let connections = u32::try_from(STEADY_CONNECTIONS)?;
    let every = Duration::from_secs(1) * connections / per_second;
    let before = arrived(receiver).await?;
    let mut tasks = JoinSet::new();
    for number in 0..STEADY_CONNECTIONS {
        let target = target.clone();
        tasks.spawn(async move { create_steadily(&target, number as u64, every, period).await });
    }
    let mut answered = HashMap::new();
    while let Some(task) = tasks.join_next().await {
        answered.extend(task.context("a connection broke off")??);
    }
    wait_for_arrivals(receiver, before + answered.len()).await?;
    let mut connection = Connection::open(&authority(receiver)).await?;
    let arrivals = get(&mut connection, "/arrivals").await?;
    let mut latencies = Vec::with_capacity(answered.len());
    for line in arrivals.lines() {
        let (session_id, at) = line.split_once(' ').context("an arrival")?;
        let at: i64 = at.parse().context("an arrival's time")?;
        if let Some(answered_at) = answered.remove(session_id) {
            // A webhook may be quicker than the answer on its way to us.
            latencies.push(u64::try_from(at - answered_at).unwrap_or(0));
        }
    }
    ensure!(answered.is_empty(), "{} webhooks never arrived", answered.len());
    let total = latencies.len();
    Ok(Measured::new(latencies, total, period))
}

async fn create_steadily(
    target: &Target,
    number: u64,
    every: Duration,
    period: Duration,
) -> Result<Vec<(String, i64)>> {
    let mut connection = target.connect().await?;
    let mut keys = fresh_keys(number);
    // The connections take turns within a tick.
    sleep(every * u32::try_from(number)? / u32::try_from(STEADY_CONNECTIONS)?).await;
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut answered = Vec::new();
    let started = Instant::now();
    while started.elapsed() < period {
        ticks.tick().await;
        let (status, body) = connection.exchange(&target.request(&mut keys)).await?;
        let at = jiff::Timestamp::now().as_microsecond();
        ensure!(status == 201, "answered {status}");
        let session: Value = serde_json::from_slice(body)?;
        answered.push((session["id"].as_str().context("a session's id")?.to_owned(), at));
    }
    Ok(answered)
}

async fn get(connection: &mut Connection, path: &str) -> Result<String> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: receiver\r\n\r\n");
    let (status, body) = connection.exchange(request.as_bytes()).await?;
    ensure!(status == 200, "{path} was answered with {status}");
    Ok(String::from_utf8(body.to_vec())?)
}

fn authority(receiver: &Child) -> String {
    receiver.address.trim_start_matches("http://").trim_end_matches('/').to_owned()
}
