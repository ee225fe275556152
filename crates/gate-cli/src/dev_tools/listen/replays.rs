//! Replays, as a listener carries them out. The gateway delivers to endpoints; a listener is none, so it
//! looks for new replays and reads what they name from the feed. What a replay wants is decided by what
//! the receiver has answered so far, which the listener knows.

use std::time::Duration;

use anyhow::Result;
use gate_domain::event::EventType;
use gate_domain::event_filter::EventFilter;
use gate_partner::{Gate, GateError, Request};
use gate_wire::instant::from_rfc3339;
use gate_wire::list::ListBody;
use gate_wire::replay::ReplayBody;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::super::event::Event;
use super::super::gateway::Gateway;
use super::super::state::Place;

const LOOK_EVERY: Duration = Duration::from_millis(700);
/// Replays that are looked at: many more than can run at once.
const PAGE: i64 = 50;
const EVENTS_PAGE: i64 = 100;

/// What a replay brings.
pub(super) enum Again {
    /// An event, wherever it stands. It is meant when it stands like this.
    Event { event: Box<Event>, replay: String, standings: Vec<String> },
    /// That was all.
    Done { replay: String },
    /// It cannot be carried out.
    Failed { replay: String, why: String },
}

/// The replays that there are already, the oldest first: they are not for us.
pub(super) async fn known(gateway: &Gateway) -> Result<Vec<String>> {
    let page: ListBody<ReplayBody> = gateway.ask(&newest()).await?;
    Ok(page.data.into_iter().rev().map(|replay| replay.id).collect())
}

fn newest() -> Request {
    Request::get(&["v1", "webhooks", "replay"]).query("limit", Some(PAGE))
}

/// Bring what new replays name, until nobody listens any more.
pub(super) async fn watch(gate: Gate, mut place: Place, again: mpsc::Sender<Again>) {
    while !again.is_closed() {
        // Whatever is wrong with the gateway, the feed says so.
        if let Ok(page) = gate.request::<ListBody<ReplayBody>>(&newest()).await {
            for replay in page.value.data.into_iter().rev() {
                if place.knows_replay(&replay.id) {
                    continue;
                }
                let id = replay.id.clone();
                let last = match carry_out(&gate, &replay, &again).await {
                    Ok(()) => Again::Done { replay: id.clone() },
                    // It is tried again as a whole: ids stay the same.
                    Err(error) if error.is_transient() => break,
                    Err(error) => Again::Failed { replay: id.clone(), why: error.to_string() },
                };
                place.replayed(&id);
                if again.send(last).await.is_err() {
                    return;
                }
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn carry_out(
    gate: &Gate,
    replay: &ReplayBody,
    again: &mpsc::Sender<Again>,
) -> Result<(), GateError> {
    // What is for one endpoint is not for us.
    if replay.endpoint_id.is_some() || replay.status == "cancelled" {
        return Ok(());
    }
    let bring = async |event: Event| {
        let (replay, standings) = (replay.id.clone(), replay.statuses.clone());
        // Nobody listens: the watch ends by itself.
        let _ = again.send(Again::Event { event: Box::new(event), replay, standings }).await;
    };
    if let Some(sequences) = &replay.sequences {
        for sequence in sequences {
            for event in page(gate, sequence - 1, 1).await? {
                bring(event).await;
            }
        }
        return Ok(());
    }
    let mut place = replay.after;
    while place < replay.through && !again.is_closed() {
        let events = page(gate, place, EVENTS_PAGE).await?;
        let Some(last) = events.last() else { break };
        place = last.sequence;
        for event in events {
            if event.sequence <= replay.through && names(replay, &event) {
                bring(event).await;
            }
        }
    }
    Ok(())
}

async fn page(gate: &Gate, after: i64, limit: i64) -> Result<Vec<Event>, GateError> {
    let request = Request::get(&["v1", "events"]);
    let request = request.query("after", Some(after)).query("limit", Some(limit));
    let page = gate.request::<ListBody<Box<RawValue>>>(&request).await?;
    Ok(page.value.data.iter().filter_map(|raw| Event::read(raw).ok()).collect())
}

/// Whether a replay of a time means this event. An event knows its second, a replay the millisecond:
/// at both ends of the time a little more is meant rather than less.
fn names(replay: &ReplayBody, event: &Event) -> bool {
    let since = replay.since.as_deref().and_then(from_rfc3339);
    let until = replay.until.as_deref().and_then(from_rfc3339);
    let late_enough = since.is_none_or(|since| event.created_at >= since.0.div_euclid(1_000));
    let early_enough = until.is_none_or(|until| event.created_at * 1_000 < until.0);
    let event_type = EventType::parse(&event.event_type);
    let of_the_type = match &replay.event_types {
        // A test is meant only when it is named.
        None => event_type != Some(EventType::WebhookTest),
        Some(patterns) => EventFilter::parse(patterns)
            .is_ok_and(|filter| event_type.is_some_and(|known| filter.names(known))),
    };
    late_enough && early_enough && of_the_type
}
