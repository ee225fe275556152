//! The shop's order book for the reconciler: which sessions to read, and what to do with a reading.

use gate_partner::RetryPolicy;
use gate_partner::reconcile::{OpenOrder, OrderBook, Reading, Tally, reconcile_due};
use rusqlite::named_params;

use crate::chain::chain;
use crate::db::DbError;
use crate::fulfil::{Source, apply};
use crate::shop::Shop;

/// How many sessions one pass reads.
const BATCH_MAX: i64 = 20;
/// However old an order is, it is read this often.
const GAP_MAX_MS: i64 = 60_000;

/// One pass. The timer is the retry, so the client does not repeat anything itself.
pub(crate) async fn reconcile_orders(shop: &Shop) -> Result<Tally, DbError> {
    let gate = shop.gate.clone().with_retry(RetryPolicy::NEVER);
    reconcile_due(&gate, shop).await
}

impl OrderBook for Shop {
    type Error = DbError;

    /// Open attempts without news for a while. The while grows with the age of the attempt, so that
    /// an abandoned order does not cost a request every few seconds.
    async fn list_due(&self) -> Result<Vec<OpenOrder>, DbError> {
        let now = self.now();
        let after = i64::try_from(self.config.reconcile_after.as_millis()).unwrap_or(i64::MAX);
        self.db
            .run(move |tx| {
                let mut statement = tx.prepare_cached(
                    "select order_id, gate_session_id from attempts
                     where gate_session_id is not null and status in ('pending', 'failed')
                       and :now - checked_at >=
                           max(:after, min((checked_at - created_at) / 4, :gap_max))
                     order by checked_at limit :limit",
                )?;
                let values = named_params! {
                    ":now": now,
                    ":after": after,
                    ":gap_max": GAP_MAX_MS,
                    ":limit": BATCH_MAX,
                };
                let rows = statement.query_map(values, |row| {
                    Ok(OpenOrder {
                        order_id: row.get("order_id")?,
                        session_id: row.get("gate_session_id")?,
                    })
                })?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }

    async fn settle(&self, order: &OpenOrder, reading: Reading) -> Result<(), DbError> {
        let now = self.now();
        let session_id = order.session_id.clone();
        match reading {
            Ok(answer) => {
                let write = move |tx: &rusqlite::Transaction<'_>| {
                    let source = Source::Read { request_id: answer.request_id.as_deref() };
                    apply(tx, &answer.value, source, now)
                };
                self.db.run(write).await.map(|_| ())
            }
            Err(error) => {
                let request_id = error.request_id().map(str::to_owned);
                tracing::warn!(
                    order.id = order.order_id,
                    error = chain(&error),
                    "could not read {session_id}"
                );
                let write = move |tx: &rusqlite::Transaction<'_>| {
                    tx.execute(
                        "update attempts set checked_at = :now,
                            last_request_id = coalesce(:request_id, last_request_id)
                         where gate_session_id = :session",
                        named_params! {
                            ":now": now,
                            ":request_id": request_id,
                            ":session": session_id,
                        },
                    )?;
                    Ok(())
                };
                self.db.run(write).await
            }
        }
    }
}
