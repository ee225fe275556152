//! Refunds of completed transactions.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use gate_app::refunds::{CreateRefund, create_refund, find_refund, list_refunds};
use gate_domain::ids::{RefundId, TransactionId};
use gate_wire::ErrorBody;
use gate_wire::list::ListBody;
use gate_wire::refund::{CreateRefundBody, RefundBody};

use super::ServerState;
use super::sessions::cut;
use crate::auth::Partner;
use crate::body::JsonObject;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::idempotent::{answer, idempotent_request};
use crate::path::Path;
use crate::query::Query;

/// Give a completed payment back, whole or in part.
///
/// The money goes back to where it came from. The user keeps what was delivered. The service fee
/// comes back in proportion; what sending the tokens has cost is spent and kept. One refund of a
/// transaction is under way at a time.
#[utoipa::path(post, path = "/v1/transactions/{refid}/refunds", tag = "Refunds",
    operation_id = "createRefund", request_body = CreateRefundBody,
    params(("refid" = String, Path),
        ("Idempotency-Key" = String, Header, description = "One per logical attempt.")),
    responses((status = 201, body = RefundBody), (status = "default", body = ErrorBody)))]
pub(super) async fn create(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(refid): Path<String>,
    headers: HeaderMap,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let app = state.app();
    let transaction = TransactionId::parse(&refid);
    let path = path_of(&refid);
    let request = idempotent_request(&tenant, &Method::POST, &path, &headers, &body)?;
    let request = Some(request.ok_or(ApiError::IdempotencyKeyRequired)?);
    let mut fields = Fields::new(body);
    let amount = fields.text_opt("amount", 40);
    fields.finish(Some(()))?;
    if app.rails(tenant.mode).is_none() {
        return Err(ApiError::NotEnabled);
    }
    let transaction_id = transaction.map_err(|_| ApiError::NotFound("transaction"))?;
    let command = CreateRefund { tenant, request, transaction_id, amount };
    let answered = app.write(move |tx, scope| create_refund(tx, scope, &command)).await?;
    Ok(answer(answered, None))
}

/// List the refunds of a transaction, newest first.
#[utoipa::path(get, path = "/v1/transactions/{refid}/refunds", tag = "Refunds",
    operation_id = "listRefunds",
    params(
        ("refid" = String, Path),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 100, description = "10 where nothing is said."),
        ("starting_after" = Option<String>, Query, pattern = "^rf_(test|live)_[0-7][0-9a-hjkmnp-tv-z]{25}$", description = "The id of the last refund of the page before."),
    ),
    responses((status = 200, body = ListBody<RefundBody>), (status = "default", body = ErrorBody)))]
pub(super) async fn list(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(refid): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<ListBody<RefundBody>>, ApiError> {
    let mut query = Query::parse(query.as_deref())?;
    let limit = query.integer("limit", 1, 100, 10);
    let after = query.id("starting_after", RefundId::parse);
    query.finish()?;
    let missing = ApiError::NotFound("transaction");
    let Ok(id) = TransactionId::parse(&refid) else { return Err(missing) };
    let list = move |tx: &mut _| list_refunds(tx, &tenant, &id, after.as_ref(), limit + 1);
    let rows = state.app().store().read(list).await?.ok_or(missing)?;
    let (rows, has_more) = cut(rows, limit);
    Ok(Json(ListBody::new(&path_of(&refid), rows, has_more)))
}

/// Read a refund.
#[utoipa::path(get, path = "/v1/refunds/{id}", tag = "Refunds", operation_id = "retrieveRefund",
    params(("id" = String, Path)),
    responses((status = 200, body = RefundBody), (status = "default", body = ErrorBody)))]
pub(super) async fn retrieve(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
) -> Result<Json<RefundBody>, ApiError> {
    let id = RefundId::parse(&id).map_err(|_| ApiError::NotFound("refund"))?;
    let found = state.app().store().read(move |tx| find_refund(tx, &tenant, &id)).await?;
    found.map(Json).ok_or(ApiError::NotFound("refund"))
}

fn path_of(refid: &str) -> String {
    format!("/v1/transactions/{refid}/refunds")
}
