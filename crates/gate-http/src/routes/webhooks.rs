//! `/v1/webhooks/...` (contract, sections 11.6 to 11.8).

use axum::Json;
use axum::extract::{RawQuery, State};
use gate_app::webhooks::{replay_delivery, send_test_webhook};
use gate_domain::delivery::DeliveryStatus;
use gate_domain::ids::{DeliveryId, EndpointId, EventId, SessionId};
use gate_store::{AttemptRow, DeliveryQuery, DeliveryRow, StoreError, Tx};
use gate_wire::ErrorBody;
use gate_wire::delivery::{AttemptBody, DeliveryBody, DeliveryStatus as WireStatus};
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
        ("status" = Option<WireStatus>, Query, description = "Where the deliveries stand."),
        ("endpoint_id" = Option<String>, Query, min_length = 1, max_length = 200, description = "Deliveries to this endpoint."),
        ("event_id" = Option<String>, Query, min_length = 1, max_length = 200, description = "Deliveries of this event."),
        ("session_id" = Option<String>, Query, min_length = 1, max_length = 200, description = "Deliveries of all events of this session. Not together with `event_id`."),
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
    let endpoint_id = query.text("endpoint_id", 200).map(|text| EndpointId::parse(&text));
    let event_id = query.text("event_id", 200).map(|text| EventId::parse(&text));
    let session_id = query.text("session_id", 200).map(|text| SessionId::parse(&text));
    if event_id.is_some() && session_id.is_some() {
        query.refuse(
            "session_id",
            "session_id is for all events of a session, event_id for one: send one of the two.",
        );
    }
    query.finish()?;
    // An id that we could not have made belongs to nothing.
    let (Ok(endpoint_id), Ok(event_id), Ok(session_id)) =
        (endpoint_id.transpose(), event_id.transpose(), session_id.transpose())
    else {
        return Ok(Json(ListBody::new(PATH, Vec::new(), false)));
    };
    let status = status.and_then(DeliveryStatus::parse);
    let query = DeliveryQuery { status, endpoint_id, event_id, session_id, limit: limit + 1, skip };
    let rows = state.app().store().read(move |tx| tx.list_deliveries(&tenant, &query)).await?;
    let (rows, has_more) = cut(rows, limit);
    Ok(Json(ListBody::new(PATH, rows.into_iter().map(delivery_body).collect(), has_more)))
}

/// Read a delivery.
#[utoipa::path(get, path = "/v1/webhooks/deliveries/{id}", tag = "Webhooks",
    operation_id = "retrieveWebhookDelivery", params(("id" = String, Path)),
    responses((status = 200, body = DeliveryBody), (status = "default", body = ErrorBody)))]
pub(super) async fn retrieve_delivery(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
) -> Result<Json<DeliveryBody>, ApiError> {
    let id = delivery_id(&id)?;
    let row = state.app().store().read(move |tx| tx.find_delivery(&tenant, &id)).await?;
    Ok(Json(delivery_body(row.ok_or(ApiError::NotFound("delivery"))?)))
}

/// List the attempts of a delivery, newest first: when, how long, and what was answered.
///
/// An attempt is written down before it is sent. One without an end is under way, or its gateway died
/// over it and nobody knows whether it arrived; it was sent again then.
#[utoipa::path(get, path = "/v1/webhooks/deliveries/{id}/attempts", tag = "Webhooks",
    operation_id = "listWebhookAttempts",
    params(
        ("id" = String, Path),
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 100, description = "50 where nothing is said."),
        ("starting_after" = Option<i64>, Query, minimum = 1, description = "The number of the last attempt of the page before."),
    ),
    responses((status = 200, body = ListBody<AttemptBody>), (status = "default", body = ErrorBody)))]
pub(super) async fn list_attempts(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<ListBody<AttemptBody>>, ApiError> {
    let id = delivery_id(&id)?;
    let mut query = Query::parse(query.as_deref())?;
    let limit = query.integer("limit", 1, 100, 50);
    let before = query.integer("starting_after", 1, i64::MAX, i64::MAX);
    query.finish()?;
    let url = format!("{PATH}/{id}/attempts");
    let list = move |tx: &mut Tx| match tx.find_delivery(&tenant, &id)? {
        None => Ok(None),
        Some(_) => tx.list_attempts(&tenant, &id, before, limit + 1).map(Some),
    };
    let rows: Result<_, StoreError> = state.app().store().read(list).await;
    let (rows, has_more) = cut(rows?.ok_or(ApiError::NotFound("delivery"))?, limit);
    Ok(Json(ListBody::new(&url, rows.into_iter().map(attempt_body).collect(), has_more)))
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
    let id = delivery_id(&id)?;
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

fn delivery_id(text: &str) -> Result<DeliveryId, ApiError> {
    DeliveryId::parse(text).map_err(|_| ApiError::NotFound("delivery"))
}

fn attempt_body(row: AttemptRow) -> AttemptBody {
    AttemptBody {
        object: "webhook_attempt".into(),
        number: row.number,
        started_at: to_rfc3339(row.started_at),
        ended_at: row.ended_at.map(to_rfc3339),
        duration_ms: row.ended_at.map(|ended_at| ended_at.0 - row.started_at.0),
        response_status: row.response_status,
        error: row.error,
        response_excerpt: row.response_excerpt,
    }
}

fn delivery_body(row: DeliveryRow) -> DeliveryBody {
    DeliveryBody {
        object: "webhook_delivery".into(),
        id: row.id.to_string(),
        event_id: row.event_id.to_string(),
        event_type: row.event_type,
        endpoint_id: row.endpoint_id.to_string(),
        target_url: row.target_url,
        status: row.status.as_str().into(),
        attempts: row.attempts,
        last_response_status: row.last_response_status,
        last_error: row.last_error,
        next_attempt_at: row.next_attempt_at.map(to_rfc3339),
        delivered_at: row.delivered_at.map(to_rfc3339),
        created_at: to_rfc3339(row.created_at),
    }
}
