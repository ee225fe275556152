//! The event log, for developers. Bodies stay in the database.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Html;
use serde::Serialize;

use super::{PageError, page};
use crate::clock::{for_people, for_programs};
use crate::inbox::{InboxRow, list_events};
use crate::markup::{Markup, fill, text};
use crate::shop::Shop;

#[derive(Debug, Serialize)]
pub(crate) struct EventList {
    events: Vec<EventView>,
}

#[derive(Debug, Serialize)]
struct EventView {
    event_id: String,
    event_type: String,
    processing_state: String,
    received_at: String,
    processed_at: Option<String>,
    related_reference: Option<String>,
    order_id: Option<String>,
    note: Option<String>,
}

pub(crate) async fn show(State(shop): State<Arc<Shop>>) -> Result<Html<String>, PageError> {
    let events = shop.db.run(list_events).await?;
    let rows = events.iter().map(row).collect::<Markup>();
    Ok(page(&shop, "Event log", fill(include_str!("events.html"), &[("rows", rows)])))
}

pub(crate) async fn show_json(State(shop): State<Arc<Shop>>) -> Result<Json<EventList>, PageError> {
    let events = shop.db.run(list_events).await?;
    Ok(Json(EventList { events: events.into_iter().map(view).collect() }))
}

fn view(row: InboxRow) -> EventView {
    EventView {
        event_id: row.event_id,
        event_type: row.event_type,
        processing_state: row.processing_state,
        received_at: for_programs(row.received_at),
        processed_at: row.processed_at.map(for_programs),
        related_reference: row.related_reference,
        order_id: row.order_id.map(|id| id.to_string()),
        note: row.note,
    }
}

fn row(row: &InboxRow) -> Markup {
    let or_dash = |value: Option<&str>| text(value.unwrap_or("–"));
    let order = match &row.order_id {
        Some(id) => fill(include_str!("order_link.html"), &[("order_id", text(id.as_str()))]),
        None => or_dash(None),
    };
    let values = [
        ("event_id", text(&row.event_id)),
        ("event_type", text(&row.event_type)),
        ("state", text(&row.processing_state)),
        ("order", order),
        ("session_id", or_dash(row.related_reference.as_deref())),
        ("received", text(&for_people(row.received_at))),
        ("processed", or_dash(row.processed_at.map(for_people).as_deref())),
        ("note", or_dash(row.note.as_deref())),
    ];
    fill(include_str!("event_row.html"), &values)
}
