//! The event log: insert once when a webhook comes, process in order, later.

use gate_partner::SessionFacts;
use gate_partner::inbox::{InboxStore, Inserted};
use gate_partner::wire::event::EventBody;
use rusqlite::{OptionalExtension, Transaction, named_params};

use crate::db::DbError;
use crate::fulfil::{Applied, Source, apply};
use crate::ids::OrderId;
use crate::shop::Shop;

/// How many events one pass takes.
pub(crate) const BATCH_MAX: usize = 100;
/// How many rows the page shows.
const LIST_MAX: i64 = 200;

/// A row of the log, without its body: a developer's page is no place for customer data.
#[derive(Clone, Debug)]
pub(crate) struct InboxRow {
    pub(crate) event_id: String,
    pub(crate) event_type: String,
    pub(crate) received_at: i64,
    pub(crate) processed_at: Option<i64>,
    pub(crate) processing_state: String,
    pub(crate) related_reference: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) order_id: Option<OrderId>,
}

impl InboxStore for Shop {
    type Error = DbError;

    async fn insert_once(&self, event: &EventBody, raw_body: &[u8]) -> Result<Inserted, DbError> {
        let now = self.now();
        let event_id = event.id.clone();
        let event_type = event.event_type.clone();
        let related = event.data.get("id").and_then(|id| id.as_str()).map(str::to_owned);
        let body = String::from_utf8_lossy(raw_body).into_owned();
        let insert = move |tx: &Transaction<'_>| {
            let inserted = tx.execute(
                "insert into inbox
                    (event_id, event_type, received_at, processing_state, related_reference, body)
                 values (:event_id, :event_type, :now, 'pending', :related, :body)
                 on conflict (event_id) do nothing",
                named_params! {
                    ":event_id": event_id,
                    ":event_type": event_type,
                    ":now": now,
                    ":related": related,
                    ":body": body,
                },
            )?;
            Ok(if inserted == 1 { Inserted::New } else { Inserted::Duplicate })
        };
        self.db.run(insert).await
    }
}

/// One pass: process what waits, each event in its own transaction. A stop half way loses nothing,
/// because an event is marked in the transaction that applies it. Answers how many were processed.
pub(crate) async fn process_inbox(shop: &Shop) -> Result<usize, DbError> {
    for processed in 0..BATCH_MAX {
        let now = shop.now();
        if !shop.db.run(move |tx| process_next(tx, now)).await? {
            return Ok(processed);
        }
    }
    Ok(BATCH_MAX)
}

fn process_next(tx: &Transaction<'_>, now: i64) -> Result<bool, DbError> {
    let next = tx
        .query_row(
            "select place, body from inbox where processing_state in ('pending', 'processing')
             order by place limit 1",
            [],
            |row| Ok((row.get::<_, i64>("place")?, row.get::<_, String>("body")?)),
        )
        .optional()?;
    let Some((place, body)) = next else { return Ok(false) };
    let (state, note) = process(tx, &body, now)?;
    tx.execute(
        "update inbox set processing_state = :state, note = :note, processed_at = :now
         where place = :place",
        named_params! { ":state": state, ":note": note, ":now": now, ":place": place },
    )?;
    Ok(true)
}

/// The state that the row ends in, and a note if a person may ask why.
fn process(
    tx: &Transaction<'_>,
    body: &str,
    now: i64,
) -> Result<(&'static str, Option<String>), DbError> {
    let event: EventBody = match serde_json::from_str(body) {
        Ok(event) => event,
        Err(error) => return Ok(("failed", Some(error.to_string()))),
    };
    let facts = match SessionFacts::from_event(&event) {
        Ok(Some(facts)) => facts,
        Ok(None) => return Ok(("ignored", Some("nothing to do for this type".into()))),
        Err(error) => return Ok(("failed", Some(error.to_string()))),
    };
    let source = Source::Event { id: &event.id, event_type: &event.event_type };
    Ok(match apply(tx, &facts, source, now)? {
        Applied::Changed => ("succeeded", None),
        Applied::Unchanged => ("succeeded", Some("nothing new".into())),
        // A session that is not stored yet, or another system's: the reconciler reads ours.
        Applied::UnknownSession => ("ignored", Some("no order has this session".into())),
        Applied::Mismatched(problem) => ("failed", Some(problem)),
    })
}

/// The newest events first.
pub(crate) fn list_events(tx: &Transaction<'_>) -> Result<Vec<InboxRow>, DbError> {
    let mut statement = tx.prepare_cached(
        "select i.event_id, i.event_type, i.received_at, i.processed_at, i.processing_state,
            i.related_reference, i.note, a.order_id
         from inbox i left join attempts a on a.gate_session_id = i.related_reference
         order by i.place desc limit :limit",
    )?;
    let rows = statement.query_map(named_params! { ":limit": LIST_MAX }, |row| {
        let order_id: Option<String> = row.get("order_id")?;
        Ok(InboxRow {
            event_id: row.get("event_id")?,
            event_type: row.get("event_type")?,
            received_at: row.get("received_at")?,
            processed_at: row.get("processed_at")?,
            processing_state: row.get("processing_state")?,
            related_reference: row.get("related_reference")?,
            note: row.get("note")?,
            order_id: order_id.as_deref().and_then(OrderId::parse),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
