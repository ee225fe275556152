//! `gate trigger`: make an event happen. Nothing is invented: the sandbox is driven over its API until
//! the fact is there, and with it the event, its place in the feed, its deliveries and its webhooks.
//!
//! `--set` changes the requests that make the fact, so the gateway checks it like any other. What cannot
//! be asked for (`event.…`) can only be changed in a copy that goes to `--forward-to`.

mod endpoint;
mod make;
mod recipes;
mod sets;

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;
use gate_domain::event::EventType;
use gate_partner::{Mode, Request};
use reqwest::Url;
use serde_json::{Value, json};

use super::event::Event;
use super::forward::{Forwarder, receiver};
use super::gateway::{Gateway, GatewayArgs};
use super::out::{Color, line, usage};
use super::state::Files;
use make::{Made, make};
use sets::{Set, Sets};

/// How long an event may take to be there once its fact is.
const WAIT_S: i64 = 15;

#[derive(Args)]
#[command(after_help = "Examples:
  gate trigger gate_session.completed
  gate trigger gate_session.completed --set amount=25.00 --set metadata.order=1001
  gate trigger rail.pay_in.settled --set quote.amount=50.00 --set session.user_reference=u_1
  gate trigger customer.updated --set change.first_name=Ada --set change.metadata.vip:=true
  gate trigger gate_session.failed --forward-to 4242 --set event.data.currency=XXX
  gate trigger --list

`name=text` sets a text, `name:=json` anything else. A name without a prefix belongs to what is made
first. What begins with `event.` cannot really happen; it is changed in a copy that is signed with the
secret of `gate listen --print-secret` and sent to --forward-to alone.")]
pub(crate) struct TriggerArgs {
    #[command(flatten)]
    pub(crate) gateway: GatewayArgs,
    /// The event that is to happen.
    #[arg(
        value_name = "EVENT",
        required_unless_present = "list",
        value_parser = PossibleValuesParser::new(EventType::ALL.iter().map(|known| known.as_str())),
        hide_possible_values = true
    )]
    event: Option<String>,
    /// Set a field of the requests that make it happen. May be repeated.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = sets::read)]
    sets: Vec<Set>,
    /// Send the event to this receiver too, at once.
    #[arg(long, value_name = "URL", value_parser = receiver)]
    forward_to: Option<Url>,
    /// List every event, what makes it happen, and which requests can be set.
    #[arg(long)]
    list: bool,
}

pub(crate) async fn run(args: TriggerArgs) -> Result<()> {
    let Some(event_type) = args.event.as_deref().filter(|_| !args.list) else {
        return list(&args);
    };
    let recipe = recipes::find(event_type);
    let sets = Sets::sort(args.sets, recipe.requests).map_err(usage)?;
    if sets.change_the_event() && args.forward_to.is_none() {
        return Err(usage(
            "What begins with `event.` cannot really happen: it is changed in a copy of the event, and --forward-to says where that goes.",
        ));
    }
    let gateway = args.gateway.connect()?;
    if gateway.mode() == Mode::Live {
        return Err(usage("Events are made in test mode only: this key is for live mode."));
    }
    let files = args.forward_to.as_ref().map(|_| Files::open(&gateway)).transpose()?;
    let place = gateway.end_of_feed().await?;
    let made = make(&gateway, recipe, &sets).await?;
    let event = find(&gateway, event_type, &made, place).await?;

    let mut copy = event.clone();
    if sets.change_the_event() {
        copy = sets.change(&event)?;
    }
    let exchange = match (args.forward_to, files) {
        (Some(url), Some(files)) => {
            let forwarder = Forwarder::new(url, &[], false, files.secret()?)?;
            Some(forwarder.send(&copy).await)
        }
        _ => None,
    };
    let out = gateway.out;
    let value = json!({
        "event": event.value(), "made": made.value(), "changed": sets.change_the_event(),
        "forwarded": exchange.as_ref().map(super::forward::Exchange::value),
    });
    out.tell(&value, || {
        let mut text = String::new();
        for step in &made.steps {
            let _ = writeln!(text, "{}", out.paint(Color::Grey, step));
        }
        let _ = writeln!(
            text,
            "{}  {}  {}  (event {} of the feed)",
            out.paint(Color::Green, &event.event_type),
            event.id,
            event.subject(),
            event.sequence
        );
        if let Some(exchange) = &exchange {
            let what = if sets.change_the_event() { "a changed copy" } else { "it" };
            let _ = writeln!(text, "Sent {what} to the receiver: {}", exchange.words(out));
        }
        text
    })?;
    match exchange {
        Some(exchange) if !exchange.accepted() => Err(crate::admin::Told.into()),
        _ => Ok(()),
    }
}

/// The event of what was made. Some facts take the workers a moment.
async fn find(gateway: &Gateway, event_type: &str, made: &Made, place: i64) -> Result<Event> {
    // Whatever it is about stands in it, as the id of its data or beside it.
    let about = format!("\"{}\"", made.subject);
    let mut place = place;
    let patience = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    while tokio::time::Instant::now() < patience {
        let request = Request::get(&["v1", "events"])
            .query("after", Some(place))
            .query("type", Some(event_type))
            .query("wait", Some(WAIT_S));
        let events = gateway.events(&request).await?;
        for event in events {
            place = event.sequence;
            if event.body.contains(&about) || made.subject.is_empty() {
                return Ok(event);
            }
        }
    }
    bail!("{} was made, but no {event_type} came of it within 30 s.", made.subject)
}

fn list(args: &TriggerArgs) -> Result<()> {
    let recipes =
        || EventType::ALL.iter().map(|known| (known.as_str(), recipes::find(known.as_str())));
    if args.gateway.json {
        let rows: Vec<Value> = recipes()
            .map(|(name, it)| json!({ "event": name, "how": it.how, "requests": it.requests }))
            .collect();
        return line(&Value::from(rows).to_string());
    }
    let rows: Vec<_> = recipes()
        .map(|(name, it)| [name.to_owned(), it.how.to_owned(), it.requests.join(", ")])
        .collect();
    let text = crate::words::table(["EVENT", "WHAT HAPPENS", "CAN BE SET"], &rows);
    line(text.trim_end())
}

/// Read the id of what was made.
fn id_of(value: &Value) -> Result<String> {
    Ok(value["id"].as_str().context("the gateway's answer has no id")?.to_owned())
}
