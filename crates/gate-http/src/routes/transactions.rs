//! `/v1/transactions` (contract, section 9.1).

use axum::Json;
use axum::extract::{RawQuery, State};
use gate_app::advance::find_agreed_quote;
use gate_domain::ids::{SessionId, TransactionId};
use gate_store::{StoreError, TransactionFilter};
use gate_wire::ErrorBody;
use gate_wire::list::ListBody;
use gate_wire::transaction::TransactionBody;
use gate_wire::words::TransactionStatus;

use super::ServerState;
use super::sessions::cut;
use crate::auth::Partner;
use crate::error::ApiError;
use crate::path::Path;
use crate::query::Query;

const PATH: &str = "/v1/transactions";

const STATUSES: [&str; 8] = [
    "awaiting_payment",
    "payment_received",
    "settling",
    "completed",
    "failed",
    "refund_pending",
    "refunded",
    "review",
];

/// List transactions, newest first: every attempt to pay on the hosted page, and every pay-in and
/// pay-out.
#[utoipa::path(get, path = "/v1/transactions", tag = "Transactions",
    operation_id = "listTransactions",
    params(
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 100, description = "10 where nothing is said."),
        ("starting_after" = Option<String>, Query, pattern = "^tx_(test|live)_[0-7][0-9a-hjkmnp-tv-z]{25}$", description = "The refid of the last transaction of the page before."),
        ("status" = Option<TransactionStatus>, Query, description = "Those that stand here."),
        ("session_id" = Option<String>, Query, min_length = 1, max_length = 64, description = "Those of one session. A session that is not yours has none."),
    ),
    responses((status = 200, body = ListBody<TransactionBody>), (status = "default", body = ErrorBody)))]
pub(super) async fn list(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    RawQuery(query): RawQuery,
) -> Result<Json<ListBody<TransactionBody>>, ApiError> {
    let mut query = Query::parse(query.as_deref())?;
    let limit = query.integer("limit", 1, 100, 10);
    let status = query.word("status", &STATUSES);
    let after = query.id("starting_after", TransactionId::parse);
    let session = query.text("session_id", 64);
    query.finish()?;
    let Ok(session) = session.map(|id| SessionId::parse(&id)).transpose() else {
        // No session of ours has such an id, so no transaction belongs to it.
        return Ok(Json(ListBody::new(PATH, Vec::new(), false)));
    };
    let filter = TransactionFilter { status, session };
    let rows = state
        .app()
        .store()
        .read(move |tx| tx.list_transactions(&tenant, &filter, after.as_ref(), limit + 1))
        .await?;
    let (rows, has_more) = cut(rows, limit);
    let bodies = rows.iter().map(|(transaction, quote)| TransactionBody::new(transaction, quote));
    Ok(Json(ListBody::new(PATH, bodies.collect(), has_more)))
}

/// Read a transaction.
#[utoipa::path(get, path = "/v1/transactions/{refid}", tag = "Transactions",
    operation_id = "retrieveTransaction", params(("refid" = String, Path)),
    responses((status = 200, body = TransactionBody), (status = "default", body = ErrorBody)))]
pub(super) async fn retrieve(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(refid): Path<String>,
) -> Result<Json<TransactionBody>, ApiError> {
    let refid = TransactionId::parse(&refid).map_err(|_| ApiError::NotFound("transaction"))?;
    let read = state.app().store().read(move |tx| {
        let Some(transaction) = tx.find_transaction(&tenant, &refid)? else { return Ok(None) };
        let quote = find_agreed_quote(tx, &transaction)?;
        Ok::<_, StoreError>(Some(TransactionBody::new(&transaction, &quote)))
    });
    read.await?.map(Json).ok_or(ApiError::NotFound("transaction"))
}
