//! The one function that turns news about a session into an order's state, and fulfils it once.
//!
//! Webhooks and reads both end here. Nothing that a browser says does.

use gate_partner::{Meaning, SessionFacts};
use rusqlite::{OptionalExtension, Transaction, named_params};

use crate::db::DbError;
use crate::ids::OrderId;
use crate::orders::{parse_id, parse_status};
use crate::status::Status;

/// How we know.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'a> {
    /// A verified event.
    Event { id: &'a str, event_type: &'a str },
    /// A server-side read.
    Read { request_id: Option<&'a str> },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// The order now says what the facts say.
    Changed,
    /// Old news, or nothing new.
    Unchanged,
    /// No attempt of ours has this session.
    UnknownSession,
    /// The session is about something else. Nothing was fulfilled; a person should look.
    Mismatched(String),
}

struct Known {
    order_id: OrderId,
    attempt: i64,
    amount: String,
    currency: String,
    status: Status,
    as_of: i64,
}

/// Take in what is known about a session. Safe to repeat, in any order, from both sources at once.
pub(crate) fn apply(
    tx: &Transaction<'_>,
    facts: &SessionFacts,
    source: Source<'_>,
    now: i64,
) -> Result<Applied, DbError> {
    let Some(known) = find_attempt(tx, &facts.session_id)? else {
        return Ok(Applied::UnknownSession);
    };
    if let Err(mismatch) = facts.check(&known.amount, &known.currency) {
        note_problem(tx, &known.order_id, &mismatch.to_string(), now)?;
        touch(tx, &known, now)?;
        return Ok(Applied::Mismatched(mismatch.to_string()));
    }
    if facts.as_of_ms < known.as_of && !facts.meaning.is_final() {
        touch(tx, &known, now)?;
        return Ok(Applied::Unchanged);
    }
    let status = known.status.after(&facts.meaning);
    if known.status.is_final() && status == known.status {
        touch(tx, &known, now)?;
        return Ok(Applied::Unchanged);
    }
    save_attempt(tx, &known, facts, source, status, now)?;
    if status == Status::Completed {
        fulfil_once(tx, &known, facts, source, now)?;
    }
    save_order(tx, &known, status, now)?;
    Ok(if status == known.status { Applied::Unchanged } else { Applied::Changed })
}

/// The primary key decides. An effect outside of this database (an e-mail, a parcel) would be a job
/// row written here, in the same transaction, and carried out by its own worker.
fn fulfil_once(
    tx: &Transaction<'_>,
    known: &Known,
    facts: &SessionFacts,
    source: Source<'_>,
    now: i64,
) -> Result<(), DbError> {
    let cause = match source {
        Source::Event { id, .. } => id.to_owned(),
        Source::Read { request_id } => format!("read {}", request_id.unwrap_or("without an id")),
    };
    let inserted = tx.execute(
        "insert into fulfilments (order_id, gate_session_id, tx_refid, cause, fulfilled_at)
         values (:order_id, :session, :tx_refid, :cause, :now)
         on conflict (order_id) do nothing",
        named_params! {
            ":order_id": known.order_id.as_str(),
            ":session": facts.session_id,
            ":tx_refid": facts.tx_refid,
            ":cause": cause,
            ":now": now,
        },
    )?;
    if inserted == 1 {
        tracing::info!(order.id = %known.order_id, %cause, "fulfilled order {}", known.order_id);
        return Ok(());
    }
    let earlier: String = tx.query_row(
        "select gate_session_id from fulfilments where order_id = :order_id",
        named_params! { ":order_id": known.order_id.as_str() },
        |row| row.get("gate_session_id"),
    )?;
    if earlier != facts.session_id {
        let problem = format!("paid twice: by {earlier} and by {}", facts.session_id);
        note_problem(tx, &known.order_id, &problem, now)?;
    }
    Ok(())
}

fn find_attempt(tx: &Transaction<'_>, session_id: &str) -> Result<Option<Known>, DbError> {
    let row = tx
        .query_row(
            "select o.order_id, a.attempt, o.amount, o.currency, a.status, a.as_of
             from attempts a join orders o on o.order_id = a.order_id
             where a.gate_session_id = :session",
            named_params! { ":session": session_id },
            |row| {
                Ok((
                    row.get::<_, String>("order_id")?,
                    row.get("attempt")?,
                    row.get("amount")?,
                    row.get("currency")?,
                    row.get::<_, String>("status")?,
                    row.get("as_of")?,
                ))
            },
        )
        .optional()?;
    let Some((order_id, attempt, amount, currency, status, as_of)) = row else { return Ok(None) };
    let order_id = parse_id(&order_id)?;
    let status = parse_status("attempts", &status)?;
    Ok(Some(Known { order_id, attempt, amount, currency, status, as_of }))
}

fn save_attempt(
    tx: &Transaction<'_>,
    known: &Known,
    facts: &SessionFacts,
    source: Source<'_>,
    status: Status,
    now: i64,
) -> Result<(), DbError> {
    let (event_id, event_type, request_id) = match source {
        Source::Event { id, event_type } => (Some(id), Some(event_type), None),
        Source::Read { request_id } => (None, None, request_id),
    };
    let (phase, reason) = match &facts.meaning {
        Meaning::Pending { phase } => (Some(phase.as_str()), None),
        Meaning::Failed { reason } => (Some("failed"), reason.as_ref().map(in_words)),
        Meaning::Completed => (Some("settled"), None),
        Meaning::Cancelled | Meaning::Expired => (None, None),
    };
    tx.execute(
        "update attempts set status = :status, phase = coalesce(:phase, phase), reason = :reason,
            tx_refid = coalesce(:tx_refid, tx_refid), event_id = coalesce(:event_id, event_id),
            event_type = coalesce(:event_type, event_type),
            last_request_id = coalesce(:request_id, last_request_id),
            as_of = max(as_of, :as_of), checked_at = :now, updated_at = :now
         where order_id = :order_id and attempt = :attempt",
        named_params! {
            ":status": status.as_str(),
            ":phase": phase,
            ":reason": reason,
            ":tx_refid": facts.tx_refid,
            ":event_id": event_id,
            ":event_type": event_type,
            ":request_id": request_id,
            ":as_of": facts.as_of_ms,
            ":now": now,
            ":order_id": known.order_id.as_str(),
            ":attempt": known.attempt,
        },
    )?;
    Ok(())
}

/// The order follows its current attempt, except that a fulfilled order stays completed.
fn save_order(
    tx: &Transaction<'_>,
    known: &Known,
    status: Status,
    now: i64,
) -> Result<(), DbError> {
    tx.execute(
        "update orders set status = :status, updated_at = :now
         where order_id = :order_id and status <> 'completed'
           and (attempt = :attempt or :status = 'completed')",
        named_params! {
            ":status": status.as_str(),
            ":now": now,
            ":order_id": known.order_id.as_str(),
            ":attempt": known.attempt,
        },
    )?;
    Ok(())
}

/// There was news, even if it changed nothing: the reconciler may wait again.
fn touch(tx: &Transaction<'_>, known: &Known, now: i64) -> Result<(), DbError> {
    tx.execute(
        "update attempts set checked_at = :now where order_id = :order_id and attempt = :attempt",
        named_params! {
            ":now": now,
            ":order_id": known.order_id.as_str(),
            ":attempt": known.attempt,
        },
    )?;
    Ok(())
}

/// Leave a note for a person.
pub(crate) fn note_problem(
    tx: &Transaction<'_>,
    order_id: &OrderId,
    problem: &str,
    now: i64,
) -> Result<(), DbError> {
    tracing::error!(order.id = %order_id, problem, "order {order_id} needs a person: {problem}");
    tx.execute(
        "update orders set problem = :problem, updated_at = :now where order_id = :order_id",
        named_params! { ":problem": problem, ":now": now, ":order_id": order_id.as_str() },
    )?;
    Ok(())
}

fn in_words(reason: &gate_partner::wire::error::ReasonBody) -> String {
    match &reason.next_step {
        Some(next_step) => format!("{} {next_step}", reason.message),
        None => reason.message.clone(),
    }
}
