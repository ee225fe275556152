//! The session behind an order's current attempt, and the client secret to mount it.

use gate_partner::wire::session::{CreateSessionBody, CreatedSessionBody};
use gate_partner::{GateError, IdempotencyKey, SessionFacts};
use rusqlite::{Transaction, named_params};

use crate::db::DbError;
use crate::fulfil::note_problem;
use crate::ids::{OrderId, fingerprint};
use crate::orders::{Order, find_order, note_request};
use crate::shop::Shop;
use crate::status::Status;

/// What a page needs to open the hosted flow. It is given to the browser and kept nowhere.
pub(crate) struct OpenSession {
    pub(crate) order: Order,
    pub(crate) client_secret: String,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("no such order")]
    NotFound,
    /// There is nothing to pay: the order's own page says why.
    #[error("the order is not waiting for a payment")]
    NotPayable,
    /// The gateway made something else than what was ordered, or another session than before.
    #[error("the gateway answered with another session: {0}")]
    OtherSession(String),
    #[error(transparent)]
    Gate(#[from] GateError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Create the session, or get the first answer again: the stored key and body are repeated, so a
/// reload gives the same session and the same secret, and the secret need not be stored.
pub(crate) async fn open_session(shop: &Shop, id: &OrderId) -> Result<OpenSession, OpenError> {
    let wanted = id.clone();
    let order = shop.db.run(move |tx| find_order(tx, &wanted)).await?.ok_or(OpenError::NotFound)?;
    if order.status != Status::Pending {
        return Err(OpenError::NotPayable);
    }
    let (key, body) = stored_request(&order)?;
    let attempt = order.attempt.number;
    let order_id = id.clone();
    let answer = match shop.gate.create_session(&key, &body).await {
        Ok(answer) => answer,
        Err(error) => {
            let request_id = error.request_id().map(str::to_owned);
            let note = move |tx: &Transaction<'_>| {
                note_request(tx, &order_id, attempt, request_id.as_deref())
            };
            shop.db.run(note).await?;
            return Err(error.into());
        }
    };
    let now = shop.now();
    let created = answer.value;
    let client_secret = created.client_secret.clone();
    // The session is stored before the secret leaves: whoever pays, we know for which order.
    let adopted = shop
        .db
        .run(move |tx| {
            note_request(tx, &order_id, attempt, answer.request_id.as_deref())?;
            adopt(tx, &order_id, attempt, &created, now)
        })
        .await?;
    adopted.map_err(OpenError::OtherSession)?;
    Ok(OpenSession { order, client_secret })
}

fn stored_request(order: &Order) -> Result<(IdempotencyKey, CreateSessionBody), DbError> {
    let corrupt = |problem: String| DbError::Corrupt { table: "attempts", problem };
    let key = IdempotencyKey::parse(&order.attempt.idempotency_key);
    let body = serde_json::from_str(&order.attempt.request_body);
    Ok((
        key.map_err(|error| corrupt(error.to_string()))?,
        body.map_err(|error| corrupt(error.to_string()))?,
    ))
}

/// Write down which session this attempt has, once. Another one later is a problem for a person.
fn adopt(
    tx: &Transaction<'_>,
    order_id: &OrderId,
    attempt: i64,
    created: &CreatedSessionBody,
    now: i64,
) -> Result<Result<(), String>, DbError> {
    let order = find_order(tx, order_id)?.ok_or_else(|| DbError::Corrupt {
        table: "orders",
        problem: format!("{order_id} is gone"),
    })?;
    let facts = SessionFacts::from_session(&created.session);
    if let Err(mismatch) = facts.check(&order.amount, &order.currency) {
        note_problem(tx, order_id, &mismatch.to_string(), now)?;
        return Ok(Err(mismatch.to_string()));
    }
    let adopted = tx.execute(
        "update attempts set gate_session_id = :session, client_secret_hash = :hash,
            updated_at = :now
         where order_id = :order_id and attempt = :attempt
           and (gate_session_id is null
                or (gate_session_id = :session and client_secret_hash = :hash))",
        named_params! {
            ":session": created.session.id,
            ":hash": fingerprint(&created.client_secret),
            ":now": now,
            ":order_id": order_id.as_str(),
            ":attempt": attempt,
        },
    )?;
    if adopted == 1 {
        return Ok(Ok(()));
    }
    let problem = format!("attempt {attempt} was answered with {} as well", created.session.id);
    note_problem(tx, order_id, &problem, now)?;
    Ok(Err(problem))
}
