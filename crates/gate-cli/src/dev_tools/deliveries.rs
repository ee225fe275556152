//! `gate deliveries`: what was sent where, what was answered, and sending it once more.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use gate_domain::delivery::DeliveryStatus;
use gate_partner::Request;
use gate_wire::delivery::{AttemptBody, DeliveryBody};
use gate_wire::list::ListBody;
use serde_json::json;

use super::gateway::{Gateway, GatewayArgs};
use super::out::Progress;
use crate::admin::Told;
use crate::words::{minute, or_dash};

const LOOK_EVERY: Duration = Duration::from_millis(200);
/// A little more than an attempt can take.
const PATIENCE: Duration = Duration::from_secs(15);

#[derive(Args)]
#[command(after_help = "Examples:
  gate deliveries list --status dead_lettered
  gate deliveries list --endpoint we_test_01k... --limit 200 --json
  gate deliveries list --session gs_test_01k...
  gate deliveries show wd_test_01k...
  gate deliveries replay wd_test_01k...

A replay is for what was given up, and goes to the delivery's own endpoint. `gate events resend` sends an
event to every endpoint and to `gate listen`, whatever became of it.")]
pub(crate) struct DeliveriesArgs {
    #[command(flatten)]
    pub(crate) gateway: GatewayArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List deliveries, newest first.
    List {
        /// Only those that stand like this.
        #[arg(long, value_parser = PossibleValuesParser::new(DeliveryStatus::ALL.map(DeliveryStatus::as_str)))]
        status: Option<String>,
        /// Only those to this endpoint.
        #[arg(long)]
        endpoint: Option<String>,
        /// Only those of this event.
        #[arg(long)]
        event: Option<String>,
        /// Only those of this session's events.
        #[arg(long, conflicts_with = "event")]
        session: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=200))]
        limit: i64,
        /// Leave out this many first.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=10_000))]
        skip: i64,
    },
    /// Show a delivery and its attempts: when, how long, and what was answered.
    Show {
        /// The delivery.
        #[arg(value_name = "DELIVERY")]
        id: String,
    },
    /// Send a delivery again that was given up, and show what comes of it.
    Replay {
        /// The delivery.
        #[arg(value_name = "DELIVERY")]
        id: String,
        /// Do not wait for the answer.
        #[arg(long)]
        no_wait: bool,
    },
}

pub(crate) async fn run(args: DeliveriesArgs) -> Result<()> {
    let gateway = args.gateway.connect()?;
    match args.action {
        Action::List { status, endpoint, event, session, limit, skip } => {
            let request = Request::get(&["v1", "webhooks", "deliveries"])
                .query("status", status)
                .query("endpoint_id", endpoint)
                .query("event_id", event)
                .query("session_id", session)
                .query("limit", Some(limit))
                .query("skip", Some(skip));
            let page: ListBody<DeliveryBody> = gateway.ask(&request).await?;
            gateway.out.tell(&json!(page), || {
                if page.data.is_empty() {
                    return "There is no such delivery.".into();
                }
                let next = skip + limit;
                let more = if page.has_more {
                    format!("There are more: --skip {next}")
                } else {
                    String::new()
                };
                format!("{}{more}", table(&page.data))
            })
        }
        Action::Show { id } => {
            let delivery: DeliveryBody = gateway.ask(&path(&id)).await?;
            show(&gateway, &delivery).await
        }
        Action::Replay { id, no_wait } => replay(&gateway, &id, no_wait).await,
    }
}

fn path(id: &str) -> Request {
    Request::get(&["v1", "webhooks", "deliveries", id])
}

async fn show(gateway: &Gateway, delivery: &DeliveryBody) -> Result<()> {
    let request = Request::get(&["v1", "webhooks", "deliveries", &delivery.id, "attempts"]);
    let page: ListBody<AttemptBody> = gateway.ask(&request.query("limit", Some(100))).await?;
    let value = json!({ "delivery": delivery, "attempts": page.data });
    gateway.out.tell(&value, || {
        let DeliveryBody { id, event_id, event_type, endpoint_id, target_url, status, .. } = delivery;
        let mut text = format!(
            "Delivery  {id}, {status}\nEvent     {event_id}, {event_type}\nEndpoint  {endpoint_id}, {target_url}\n"
        );
        if let Some(at) = &delivery.next_attempt_at {
            let _ = writeln!(text, "Next      {} UTC", minute(at));
        }
        if page.data.is_empty() {
            return text + "\nThere has been no attempt yet.";
        }
        let rows: Vec<_> = page.data.iter().map(attempt_row).collect();
        text + "\n" + &crate::words::table(["ATTEMPT", "AT", "TOOK", "ANSWER", "WHAT IT SAID"], &rows)
    })
}

fn attempt_row(attempt: &AttemptBody) -> [String; 5] {
    let excerpt = attempt.response_excerpt.as_deref().unwrap_or_default();
    let said = excerpt.split_whitespace().collect::<Vec<_>>().join(" ");
    let said = attempt.error.clone().filter(|_| said.is_empty()).unwrap_or(said);
    [
        attempt.number.to_string(),
        attempt.started_at.get(..19).unwrap_or(&attempt.started_at).replace('T', " "),
        attempt.duration_ms.map_or_else(|| "-".into(), |ms| format!("{ms} ms")),
        or_dash(attempt.response_status.map(|status| status.to_string()).as_deref()),
        said.chars().take(60).collect(),
    ]
}

async fn replay(gateway: &Gateway, id: &str, no_wait: bool) -> Result<()> {
    let request = Request::post(&["v1", "webhooks", "deliveries", id, "replay"]);
    let mut delivery: DeliveryBody = gateway.ask(&request).await?;
    let before = delivery.attempts;
    let started = tokio::time::Instant::now();
    let mut progress = Progress::new();
    // One attempt is what was asked for; what its schedule does afterwards is not waited for.
    while !no_wait && delivery.status != "succeeded" && started.elapsed() < PATIENCE {
        if delivery.attempts > before && delivery.status != "in_flight" {
            break;
        }
        progress.show(&format!("{id} is {}", delivery.status));
        tokio::time::sleep(LOOK_EVERY).await;
        delivery = gateway.ask(&path(id)).await?;
    }
    drop(progress);
    show(gateway, &delivery).await?;
    if no_wait || delivery.status == "succeeded" { Ok(()) } else { Err(Told.into()) }
}

/// Deliveries in lines.
pub(super) fn table(deliveries: &[DeliveryBody]) -> String {
    let rows: Vec<_> = deliveries
        .iter()
        .map(|delivery| {
            let status = delivery.last_response_status.map(|status| status.to_string());
            let last = status.or_else(|| delivery.last_error.clone());
            [
                delivery.id.clone(),
                delivery.event_type.clone(),
                delivery.target_url.clone(),
                delivery.status.clone(),
                delivery.attempts.to_string(),
                or_dash(last.as_deref()),
                delivery.created_at.get(..19).unwrap_or_default().replace('T', " "),
            ]
        })
        .collect();
    crate::words::table(
        ["DELIVERY", "EVENT", "TO", "STATUS", "ATTEMPTS", "LAST ANSWER", "CREATED"],
        &rows,
    )
}
