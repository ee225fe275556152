//! Load: many connections, each asking again as soon as it is answered, and what that measures.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tokio::task::JoinSet;

use super::connection::Connection;
use crate::gateway::Ready;
use crate::random::Random;

/// What is not counted: connections are opened, and caches and branches warm up.
const WARM_UP: Duration = Duration::from_millis(500);

/// Makes the idempotency keys of one measurement differ from those of the next, and of an earlier run
/// over the same data.
static MEASUREMENTS: LazyLock<AtomicU64> = LazyLock::new(|| {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    AtomicU64::new(u64::try_from(since.as_nanos()).unwrap_or_default())
});

/// Where to send which request.
#[derive(Clone)]
pub(super) struct Target {
    address: String,
    secret_key: String,
    /// The request around its idempotency key.
    before_key: String,
    after_key: String,
}

/// What a measurement has found.
#[derive(Clone, Debug, Default)]
pub(super) struct Measured {
    pub(super) count: usize,
    /// With what was asked and answered outside of the time that counts.
    pub(super) total: usize,
    pub(super) took: Duration,
    /// In microseconds, sorted.
    pub(super) latencies: Vec<u64>,
}

impl Measured {
    pub(super) fn new(mut latencies: Vec<u64>, total: usize, took: Duration) -> Self {
        latencies.sort_unstable();
        Self { count: latencies.len(), total, took, latencies }
    }
}

impl Target {
    /// Creates as a shop sends them: some 300 bytes, a key of its own each.
    pub(super) fn creates(ready: &Ready) -> Result<Self> {
        let origin = "http://localhost:3000";
        let body = json!({
            "amount": "100.00", "currency": "EUR", "target_token": "USDC", "target_network": "base",
            "flow": "on_ramp", "user_reference": "customer-81723",
            "return_url": format!("{origin}/orders/81723/done"),
            "cancel_url": format!("{origin}/orders/81723"),
            "metadata": { "order_id": "81723", "cart": "c-55120", "campaign": "autumn" },
        })
        .to_string();
        let address = authority(&ready.base_url)?;
        let before_key = format!(
            "POST /v1/gate_sessions HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nIdempotency-Key: ",
            ready.secret_key,
            body.len()
        );
        let (secret_key, after_key) = (ready.secret_key.clone(), format!("\r\n\r\n{body}"));
        Ok(Self { address, secret_key, before_key, after_key })
    }

    /// The same requests to another server.
    pub(super) fn elsewhere(&self, base_url: &str) -> Result<Self> {
        Ok(Self { address: authority(base_url)?, ..self.clone() })
    }

    pub(super) async fn connect(&self) -> Result<Connection> {
        Connection::open(&self.address).await
    }

    /// A request with a key that nobody has used.
    pub(super) fn request(&self, random: &mut Random) -> Vec<u8> {
        let key = format!("{:016x}{:016x}", random.next(), random.next());
        [self.before_key.as_bytes(), key.as_bytes(), self.after_key.as_bytes()].concat()
    }

    /// Another request, without a body.
    pub(super) fn other(&self, method: &str, path: &str) -> Vec<u8> {
        let Self { address, secret_key, .. } = self;
        let length = if method == "GET" { "" } else { "Content-Length: 0\r\n" };
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\n\
             Authorization: Bearer {secret_key}\r\n{length}\r\n"
        )
        .into_bytes()
    }

    /// How long an answer is.
    pub(super) async fn answer_bytes(&self) -> Result<usize> {
        let mut connection = self.connect().await?;
        let (status, body) = connection.exchange(&self.request(&mut fresh_keys(0))).await?;
        ensure!(status == 201, "{}", String::from_utf8_lossy(body));
        Ok(body.len())
    }

    /// Ask over so many connections for so long.
    pub(super) async fn load(&self, connections: usize, period: Duration) -> Result<Measured> {
        let count_from = Instant::now() + WARM_UP;
        let end = count_from + period;
        let mut tasks = JoinSet::new();
        for number in 0..connections {
            let (target, keys) = (self.clone(), fresh_keys(number as u64));
            tasks.spawn(async move { target.ask_until(keys, count_from, end).await });
        }
        let (mut latencies, mut total) = (Vec::new(), 0);
        while let Some(task) = tasks.join_next().await {
            let (mut counted, asked) = task.context("a connection broke off")??;
            latencies.append(&mut counted);
            total += asked;
        }
        Ok(Measured::new(latencies, total, period))
    }

    async fn ask_until(
        &self,
        mut keys: Random,
        count_from: Instant,
        end: Instant,
    ) -> Result<(Vec<u64>, usize)> {
        let mut connection = self.connect().await?;
        let (mut latencies, mut total) = (Vec::new(), 0);
        let mut asked = Instant::now();
        while asked < end {
            let (status, body) = connection.exchange(&self.request(&mut keys)).await?;
            ensure!(status == 201, "answered {status}: {}", String::from_utf8_lossy(body));
            let answered = Instant::now();
            total += 1;
            if asked >= count_from && answered <= end {
                let took = answered.duration_since(asked).as_micros();
                latencies.push(u64::try_from(took).unwrap_or(u64::MAX));
            }
            asked = answered;
        }
        Ok((latencies, total))
    }
}

/// Keys that no other connection and no earlier measurement uses.
pub(super) fn fresh_keys(connection: u64) -> Random {
    let measurement = MEASUREMENTS.fetch_add(1, Ordering::Relaxed);
    Random::part(measurement, connection)
}

fn authority(base_url: &str) -> Result<String> {
    let authority = base_url.strip_prefix("http://").context("an address on this machine")?;
    Ok(authority.trim_end_matches('/').to_owned())
}
