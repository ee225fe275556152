//! What is asked, and how long the answers take.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::Value;

use super::super::connection::Connection;
use super::super::load::Target;
use super::Marks;
use crate::gateway::Ready;

/// Requests to one gateway before the other one has its turn.
const TURN: usize = 10;
const TURNS: usize = 40;
/// The first turns warm up and do not count.
const WARM_TURNS: usize = 5;

/// One question.
pub(super) struct Case {
    pub(super) name: &'static str,
    /// The question on the first page that a deep one is compared with.
    pub(super) first_page: Option<&'static str>,
    path: fn(&Marks) -> String,
}

/// A gateway to ask, and where deep pages begin there.
pub(super) struct Asked<'a> {
    pub(super) ready: &'a Ready,
    pub(super) marks: &'a Marks,
}

/// Microseconds, sorted.
#[derive(Default)]
pub(super) struct Latencies {
    /// How many rows the large database's page has, or how many were counted at most.
    pub(super) rows: usize,
    pub(super) small: Vec<u64>,
    pub(super) large: Vec<u64>,
}

impl Latencies {
    /// Those of one gateway.
    pub(super) fn side(&mut self, is_large: bool) -> &mut Vec<u64> {
        if is_large { &mut self.large } else { &mut self.small }
    }
}

pub(super) fn cases() -> Vec<Case> {
    let case = |name, first_page, path: fn(&Marks) -> String| Case { name, first_page, path };
    vec![
        case("sessions, page 1", None, |_| "gate_sessions?limit=100".into()),
        case("sessions, page 5,000", Some("sessions, page 1"), |marks| {
            format!("gate_sessions?limit=100&starting_after={}", marks.session)
        }),
        case("completed sessions, page 1", None, |_| {
            "gate_sessions?limit=100&status=completed".into()
        }),
        case("completed sessions, deep", Some("completed sessions, page 1"), |marks| {
            format!("gate_sessions?limit=100&status=completed&starting_after={}", marks.session)
        }),
        case("open sessions (1 of 20)", None, |_| "gate_sessions?limit=100&status=open".into()),
        case("one old session", None, |marks| format!("gate_sessions/{}", marks.session)),
        case("transactions, page 1", None, |_| "transactions?limit=100".into()),
        case("transactions, deep", Some("transactions, page 1"), |marks| {
            format!("transactions?limit=100&starting_after={}", marks.transaction)
        }),
        case("completed transactions", None, |_| "transactions?limit=100&status=completed".into()),
        case("transactions in review (none)", None, |_| {
            "transactions?limit=100&status=review".into()
        }),
        case("transactions of one session", None, |marks| {
            format!("transactions?limit=100&session_id={}", marks.session)
        }),
        case("events, page 1", None, |_| "events?limit=100".into()),
        case("events, deep", Some("events, page 1"), |marks| {
            format!("events?limit=100&starting_after={}", marks.event)
        }),
        case("events of one session", None, |marks| {
            format!("events?limit=100&session_id={}", marks.session)
        }),
        case("events of one type", None, |_| "events?limit=100&type=gate_session.cancelled".into()),
        case("events of a type that never was", None, |_| {
            "events?limit=100&type=kyc.required".into()
        }),
        case("the feed from an old place", Some("events, page 1"), |marks| {
            format!("events?limit=100&after={}", marks.sequence)
        }),
        case("deliveries, page 1", None, |_| "webhooks/deliveries?limit=100".into()),
        case("deliveries, skip 5,000", None, |_| "webhooks/deliveries?limit=100&skip=5000".into()),
        case("deliveries that succeeded", None, |_| {
            "webhooks/deliveries?limit=100&status=succeeded".into()
        }),
        case("deliveries that died (none)", None, |_| {
            "webhooks/deliveries?limit=100&status=dead_lettered".into()
        }),
    ]
}

/// Ask both in turns. None when this gateway has no such list yet.
pub(super) async fn measure(
    case: &Case,
    small: Asked<'_>,
    large: Asked<'_>,
) -> Result<Option<Latencies>> {
    let mut small = Line::open(case, small).await?;
    let mut large = Line::open(case, large).await?;
    for turn in 0..TURNS {
        for line in [&mut small, &mut large] {
            for _ in 0..TURN {
                if !line.ask(turn >= WARM_TURNS).await? {
                    return Ok(None);
                }
            }
        }
    }
    small.latencies.sort_unstable();
    large.latencies.sort_unstable();
    Ok(Some(Latencies { rows: large.rows, small: small.latencies, large: large.latencies }))
}

/// A connection that asks one question.
struct Line {
    connection: Connection,
    request: Vec<u8>,
    rows: usize,
    latencies: Vec<u64>,
}

impl Line {
    async fn open(case: &Case, asked: Asked<'_>) -> Result<Self> {
        let target = Target::creates(asked.ready)?;
        let request = target.other("GET", &format!("/v1/{}", (case.path)(asked.marks)));
        let connection = target.connect().await?;
        Ok(Self { connection, request, rows: 0, latencies: Vec::new() })
    }

    /// False when there is no such route.
    async fn ask(&mut self, counts: bool) -> Result<bool> {
        let started = Instant::now();
        let (status, body) = self.connection.exchange(&self.request).await?;
        let took = started.elapsed().as_micros();
        if status == 404 && String::from_utf8_lossy(body).contains("route_not_found") {
            return Ok(false);
        }
        ensure!(status == 200, "answered {status}: {}", String::from_utf8_lossy(body));
        if counts {
            self.latencies.push(u64::try_from(took).unwrap_or(u64::MAX));
        } else {
            let page: Value = serde_json::from_slice(body)?;
            self.rows = page["data"].as_array().map_or(1, Vec::len);
        }
        Ok(true)
    }
}
