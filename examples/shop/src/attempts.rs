//! A new attempt for an order whose last one came to nothing: new number, new key, new session.

use gate_partner::{Answer, GateError, SessionFacts, reconcile};

use crate::chain::chain;
use crate::db::DbError;
use crate::fulfil::{Source, apply};
use crate::ids::{OrderId, random_idempotency_key};
use crate::orders::{NewAttempt, Order, find_order, insert_attempt, request_for};
use crate::shop::Shop;
use crate::status::Status;

#[derive(Debug, thiserror::Error)]
pub(crate) enum AttemptError {
    #[error("no such order")]
    NotFound,
    #[error(transparent)]
    Gate(#[from] GateError),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Start over, if there is something to start over. Safe to repeat: a second click finds the order
/// pending and changes nothing.
///
/// After a failed payment the session is still open, and its user may still pay in it. It is
/// withdrawn first, so that one order is not paid twice; if that turns out to be too late, the order
/// takes whatever the session says and there is no new attempt.
pub(crate) async fn start_attempt(shop: &Shop, id: &OrderId) -> Result<(), AttemptError> {
    let mut order = load(shop, id).await?;
    if order.status == Status::Failed
        && let Some(session_id) = order.attempt.session_id.clone()
    {
        let answer = withdraw(shop, &session_id).await?;
        let now = shop.now();
        let write = move |tx: &rusqlite::Transaction<'_>| {
            let source = Source::Read { request_id: answer.request_id.as_deref() };
            apply(tx, &answer.value, source, now)
        };
        shop.db.run(write).await?;
        order = load(shop, id).await?;
    }
    // Still failed means still open: another attempt now could be a second payment.
    if matches!(order.status, Status::Cancelled | Status::Expired) {
        let now = shop.now();
        let public_url = shop.config.public_url.clone();
        let environment = shop.gate.mode().as_str();
        let write = move |tx: &rusqlite::Transaction<'_>| {
            insert_next(tx, &order, &public_url, environment, now)
        };
        shop.db.run(write).await?;
    }
    Ok(())
}

/// Cancel a session, or learn why it cannot be cancelled.
async fn withdraw(shop: &Shop, session_id: &str) -> Result<Answer<SessionFacts>, GateError> {
    match shop.gate.cancel_session(session_id).await {
        Ok(Answer { value, request_id, replayed }) => {
            Ok(Answer { value: SessionFacts::from_session(&value), request_id, replayed })
        }
        Err(error) => {
            tracing::info!(
                error = chain(&error),
                "{session_id} could not be withdrawn; reading it instead"
            );
            reconcile::read(&shop.gate, session_id).await
        }
    }
}

fn insert_next(
    tx: &rusqlite::Transaction<'_>,
    seen: &Order,
    public_url: &str,
    environment: &str,
    now: i64,
) -> Result<(), DbError> {
    let number = seen.attempt.number + 1;
    let moved = tx.execute(
        "update orders set status = 'pending', attempt = :next, updated_at = :now
         where order_id = :order_id and attempt = :seen and status in ('cancelled', 'expired')",
        rusqlite::named_params! {
            ":next": number,
            ":now": now,
            ":order_id": seen.id.as_str(),
            ":seen": seen.attempt.number,
        },
    )?;
    if moved == 0 {
        return Ok(()); // somebody else was quicker, with the same wish
    }
    let attempt = NewAttempt {
        order_id: &seen.id,
        number,
        key: &random_idempotency_key(),
        request: &request_for(&seen.id, number, &seen.amount, public_url),
        environment,
    };
    insert_attempt(tx, &attempt, now)
}

async fn load(shop: &Shop, id: &OrderId) -> Result<Order, AttemptError> {
    let id = id.clone();
    shop.db.run(move |tx| find_order(tx, &id)).await?.ok_or(AttemptError::NotFound)
}
