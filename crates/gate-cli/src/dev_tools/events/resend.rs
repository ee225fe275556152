//! `gate events resend`: a replay, and how far it is.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use clap::builder::PossibleValuesParser;
use gate_domain::Millis;
use gate_partner::Request;
use gate_wire::instant::{from_rfc3339, to_rfc3339};
use gate_wire::replay::{CreateReplayBody, ReplayBody};
use reqwest::Url;
use serde_json::json;

use super::super::forward::{Forwarder, receiver};
use super::super::gateway::{Gateway, idempotency_key};
use super::super::listen::pattern;
use super::super::out::{Progress, usage};
use super::super::state::Files;
use crate::admin::Told;

const LOOK_EVERY: Duration = Duration::from_millis(200);
const STANDINGS: [&str; 4] = ["never_attempted", "pending", "dead_lettered", "succeeded"];

#[derive(Args)]
pub(super) struct ResendArgs {
    /// The events. They are sent whether they arrived or not.
    #[arg(value_name = "EVENT", required_unless_present = "since", num_args = 0..=1000)]
    ids: Vec<String>,
    /// Everything since then that has not arrived: 90s, 30m, 2h, 7d, or an instant such as
    /// 2026-11-24T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = instant, conflicts_with = "ids")]
    since: Option<String>,
    /// And before then.
    #[arg(long, value_name = "TIME", value_parser = instant, requires = "since")]
    until: Option<String>,
    /// Of these types only.
    #[arg(long, value_name = "TYPE", value_delimiter = ',', value_parser = pattern)]
    events: Vec<String>,
    /// Only what stands like this with an endpoint. May be repeated.
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = PossibleValuesParser::new(STANDINGS))]
    status: Vec<String>,
    /// To this endpoint only, and so not to `gate listen`.
    #[arg(long, value_name = "ENDPOINT")]
    endpoint: Option<String>,
    /// Deliveries that are queued in a second at most.
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(i64).range(1..=1_000))]
    rate: Option<i64>,
    /// Send them to this receiver instead, straight from here, and to nobody else.
    #[arg(long, value_name = "URL", value_parser = receiver,
        conflicts_with_all = ["since", "endpoint", "rate", "status", "events"])]
    forward_to: Option<Url>,
    /// Do not wait until everything is queued.
    #[arg(long)]
    no_wait: bool,
}

/// Read an instant, or how long ago it was.
fn instant(text: &str) -> Result<String, String> {
    if let Some(instant) = from_rfc3339(text) {
        return Ok(to_rfc3339(instant));
    }
    let ago = crate::words::seconds(text).map_err(
        |_| "must be a length of time such as 2h, or an instant such as 2026-11-24T12:00:00Z",
    )?;
    let now = gate_app::Clock::system().now();
    Ok(to_rfc3339(Millis(now.0 - ago * 1_000)))
}

pub(super) async fn run(gateway: &Gateway, args: ResendArgs) -> Result<()> {
    if let Some(url) = args.forward_to {
        return forward(gateway, &args.ids, url).await;
    }
    let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
    let named = !args.ids.is_empty();
    // Whoever names an event wants it sent, whatever became of it.
    let statuses = some(args.status).or_else(|| named.then(|| STANDINGS.map(str::to_owned).into()));
    let body = CreateReplayBody {
        since: args.since,
        until: args.until,
        event_ids: some(args.ids),
        endpoint_id: args.endpoint,
        event_types: some(args.events),
        statuses,
        rate_per_second: args.rate,
    };
    let request = Request::post(&["v1", "webhooks", "replay"]).body(&body).key(idempotency_key());
    let mut replay: ReplayBody = gateway.ask(&request).await?;
    let mut progress = Progress::new();
    while !args.no_wait && replay.status == "running" {
        progress.show(&format!(
            "{}: looked at {} of {}, queued {}",
            replay.id, replay.examined, replay.total, replay.queued
        ));
        tokio::time::sleep(LOOK_EVERY).await;
        replay = gateway.ask(&Request::get(&["v1", "webhooks", "replay", &replay.id])).await?;
    }
    drop(progress);
    let ReplayBody { id, status, total, examined, queued, .. } = &replay;
    gateway.out.tell(&json!(replay), || {
        let events = if *total == 1 { "one event".to_owned() } else { format!("{total} events") };
        let how = match (status.as_str(), *queued) {
            ("running", _) => format!("looked at {examined} of {events} so far"),
            (_, 0) => format!("looked at {events}; no endpoint is to get anything again"),
            (_, 1) => format!("looked at {events} and queued one delivery"),
            (_, queued) => format!("looked at {events} and queued {queued} deliveries"),
        };
        let listeners = match &replay.endpoint_id {
            None => " A `gate listen` that runs carries it out by itself.",
            Some(_) => "",
        };
        format!("{id} is {status}: {how}.{listeners}")
    })
}

async fn forward(gateway: &Gateway, ids: &[String], url: Url) -> Result<()> {
    if ids.is_empty() {
        return Err(usage("--forward-to needs the events by their ids."));
    }
    let forwarder = Forwarder::new(url, &[], false, Files::open(gateway)?.secret()?)?;
    let mut accepted = true;
    for id in ids {
        let event = gateway.event(id).await?;
        let exchange = forwarder.send(&event).await;
        accepted &= exchange.accepted();
        let mut value = exchange.value();
        value["event_id"] = id.as_str().into();
        gateway.out.tell(&value, || {
            format!("{}  {id}  ->  {}", event.event_type, exchange.words(gateway.out))
        })?;
    }
    if accepted { Ok(()) } else { Err(Told.into()) }
}
