//! `/v1/webhooks/...` (contract, sections 11.6 to 11.8).

use axum::Json;
use axum::extract::{RawQuery, State};
use gate_app::webhooks::{replay_delivery, send_test_webhook};
use gate_domain::delivery::DeliveryStatus;
use gate_domain::ids::DeliveryId;
use gate_store::DeliveryRow;
use gate_wire::ErrorBody;
use gate_wire::delivery::DeliveryBody;
use gate_wire::instant::to_rfc3339;
use gate_wire::list::ListBody;

use super::ServerState;
use super::sessions::cut;
use crate::auth::Partner;
use crate::body::NoBody;
use crate::error::ApiError;
use crate::path::Path;
use crate::query::Query;

const PATH: &str = "/v1/webhooks/deliveries";
/// Rows that are skipped are read all the same.
const SKIP_MAX: i64 = 10_000;

/// List deliveries, newest first. The body that was sent is never shown.
#[utoipa::path(get, path = "/v1/webhooks/deliveries", tag = "Webhooks",
    operation_id = "listWebhookDeliveries",
    params(
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 200, description = "50 where nothing is said."),
        ("skip" = Option<i64>, Query, minimum = 0, maximum = 10000, description = "0 where nothing is said."),
        ("status" = Option<String>, Query, description = "pending, in_flight, succeeded or dead_lettered."),
    ),
    responses((status = 200, body = ListBody<DeliveryBody>), (status = "default", body = ErrorBody)))]
pub(super) async fn list_deliveries(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    RawQuery(query): RawQuery,
) -> Result<Json<ListBody<DeliveryBody>>, ApiError> {
    let mut query = Query::parse(query.as_deref())?;
    let limit = query.integer("limit", 1, 200, 50);
    let skip = query.integer("skip", 0, SKIP_MAX, 0);
    let status = query.word("status", &DeliveryStatus::ALL.map(DeliveryStatus::as_str));
    query.finish()?;
    let status = status.and_then(DeliveryStatus::parse);
    let rows = state
        .app()
        .store()
        .read(move |tx| tx.list_deliveries(&tenant, status, limit + 1, skip))
        .await?;
    let (rows, has_more) = cut(rows, limit);
    Ok(Json(ListBody::new(PATH, rows.into_iter().map(delivery_body).collect(), has_more)))
}

/// Send a dead-lettered delivery again.
#[utoipa::path(post, path = "/v1/webhooks/deliveries/{id}/replay", tag = "Webhooks",
    operation_id = "replayWebhookDelivery", params(("id" = String, Path)),
    responses((status = 200, body = DeliveryBody), (status = "default", body = ErrorBody)))]
pub(super) async fn replay(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
    _: NoBody,
) -> Result<Json<DeliveryBody>, ApiError> {
    let id = DeliveryId::parse(&id).map_err(|_| ApiError::NotFound("delivery"))?;
    let row = state.app().write(move |tx, scope| replay_delivery(tx, scope, &tenant, &id)).await?;
    Ok(Json(delivery_body(row)))
}

/// Queue a signed `webhook.test`, and poll the list for what becomes of it.
#[utoipa::path(post, path = "/v1/webhooks/test", tag = "Webhooks",
    operation_id = "sendWebhookTest",
    responses((status = 200, body = DeliveryBody), (status = "default", body = ErrorBody)))]
pub(super) async fn test(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    _: NoBody,
) -> Result<Json<DeliveryBody>, ApiError> {
    let row = state.app().write(move |tx, scope| send_test_webhook(tx, scope, &tenant)).await?;
    Ok(Json(delivery_body(row)))
}

fn delivery_body(row: DeliveryRow) -> DeliveryBody {
    DeliveryBody {
        object: "webhook_delivery".into(),
        id: row.id.to_string(),
        event_id: row.event_id.to_string(),
        event_type: row.event_type,
        target_url: row.target_url,
        status: row.status.as_str().into(),
        attempts: row.attempts,
        last_response_status: row.last_response_status,
        last_error: row.last_error,
        next_attempt_at: row.next_attempt_at.map(to_rfc3339),
        delivered_at: row.delivered_at.map(to_rfc3339),
    }
}
