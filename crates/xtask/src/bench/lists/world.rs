//! The world that is repeated: twenty sessions with everything that their ends leave behind.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use gate_store::{Place, bulk};
use serde_json::Value;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::super::connection::Connection;
use super::super::load::{Target, fresh_keys};
use crate::gateway::Launch;

/// How many sessions the world has.
pub(super) const SESSIONS: u32 = 20;
/// How far apart its repetitions are: a session each second.
pub(super) const APART_MS: i64 = 20_000;

/// How many of the newest sessions still have their events: six days of them.
pub(super) const RECENT_SESSIONS: u32 = 500_000;

/// Of twenty sessions: how each but the last one ends. Some are paid, most are left behind.
const ENDINGS: [(&str, usize); 4] = [
    ("test_helpers/{}/complete", 4),
    ("test_helpers/{}/expire", 12),
    ("{}/cancel", 2),
    ("test_helpers/{}/fail", 1),
];
const SETTLE_MAX: Duration = Duration::from_mins(1);

/// Write it by a gateway that then stops.
pub(super) async fn make(launch: &Launch, place: &Place) -> Result<()> {
    let gateway = launch.start().await?;
    let target = Target::creates(&gateway.ready)?;
    let mut connection = target.connect().await?;
    let mut endings = ENDINGS.iter().flat_map(|(path, times)| std::iter::repeat_n(*path, *times));
    for number in 0..SESSIONS {
        let request = target.request(&mut fresh_keys(number.into()));
        let created = json(connection.exchange(&request).await?, 201)?;
        let Some(ending) = endings.next() else { continue };
        let id = created["id"].as_str().unwrap_or_default();
        let path = ending.replace("{}", &format!("gate_sessions/{id}"));
        let request = target.other("POST", &format!("/v1/{path}"));
        let (status, body) = connection.exchange(&request).await?;
        ensure!(status < 300, "{path} answered {status}: {}", String::from_utf8_lossy(body));
    }
    settled(&target, &mut connection, place).await?;
    gateway.stop().await
}

/// Wait until the money has arrived, the rails are asked for nothing more and every webhook is out.
async fn settled(target: &Target, connection: &mut Connection, place: &Place) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < SETTLE_MAX {
        let mut waiting = 0;
        for status in ["pending", "in_flight"] {
            waiting += count(target, connection, "webhooks/deliveries", status).await?;
        }
        let completed = count(target, connection, "gate_sessions", "completed").await?;
        let place = place.clone();
        let asks = spawn_blocking(move || bulk::has_unfinished_commands(&place)).await??;
        if waiting == 0 && completed == ENDINGS[0].1 && !asks {
            return Ok(());
        }
        sleep(Duration::from_millis(50)).await;
    }
    bail!("it did not come to rest within {SETTLE_MAX:?}")
}

async fn count(
    target: &Target,
    connection: &mut Connection,
    list: &str,
    status: &str,
) -> Result<usize> {
    let request = target.other("GET", &format!("/v1/{list}?limit=100&status={status}"));
    let list = json(connection.exchange(&request).await?, 200)?;
    Ok(list["data"].as_array().map_or(0, Vec::len))
}

fn json((status, body): (u16, &[u8]), wanted: u16) -> Result<Value> {
    ensure!(status == wanted, "answered {status}: {}", String::from_utf8_lossy(body));
    Ok(serde_json::from_slice(body)?)
}
