//! `/v1/webhooks/replay`: delivering again in bulk.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use gate_app::replays::{CreateReplay, cancel_replay, create_replay, find_replay, replay_body};
use gate_domain::Millis;
use gate_domain::ids::{EndpointId, EventId, ReplayId, Tenant};
use gate_domain::replay::{EVENTS_MAX, RATE_DEFAULT, RATE_MAX, Standing};
use gate_store::IdempotentRequest;
use gate_wire::ErrorBody;
use gate_wire::instant::from_rfc3339;
use gate_wire::list::ListBody;
use gate_wire::replay::{CreateReplayBody, ReplayBody};
use serde_json::{Map, Value};

use super::ServerState;
use super::endpoint_body::read_filter;
use super::sessions::cut;
use crate::auth::Partner;
use crate::body::{JsonObject, NoBody};
use crate::error::ApiError;
use crate::fields::{Fields, shown};
use crate::idempotent::{answer, idempotent_request};
use crate::path::Path;
use crate::query::Query;

const PATH: &str = "/v1/webhooks/replay";

/// Deliver again: everything since a time, or a list of events.
///
/// Without `statuses` that is whatever has not arrived: events that were given up, that wait for
/// their next attempt, and that an endpoint never got because it was paused or filtered them out. Event
/// ids stay the same, so a receiver that got one already recognises it. Events of one session keep their
/// order. The call answers at once; read the replay to see how far it is.
#[utoipa::path(post, path = "/v1/webhooks/replay", tag = "Webhooks",
    operation_id = "createWebhookReplay", request_body = CreateReplayBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "One per logical attempt.")),
    responses((status = 201, body = ReplayBody), (status = "default", body = ErrorBody)))]
pub(super) async fn create(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    headers: HeaderMap,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let request = idempotent_request(&tenant, &Method::POST, PATH, &headers, &body)?;
    let command = read_create(body, tenant, request)?;
    let app = state.app();
    let answered = app.write(move |tx, scope| create_replay(tx, scope, &command)).await?;
    Ok(answer(answered, None))
}

/// List replays, newest first.
#[utoipa::path(get, path = "/v1/webhooks/replay", tag = "Webhooks",
    operation_id = "listWebhookReplays",
    params(
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 100, description = "10 where nothing is said."),
        ("starting_after" = Option<String>, Query, pattern = "^rp_(test|live)_[0-7][0-9a-hjkmnp-tv-z]{25}$", description = "The id of the last replay of the page before."),
    ),
    responses((status = 200, body = ListBody<ReplayBody>), (status = "default", body = ErrorBody)))]
pub(super) async fn list(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    RawQuery(query): RawQuery,
) -> Result<Json<ListBody<ReplayBody>>, ApiError> {
    let mut query = Query::parse(query.as_deref())?;
    let limit = query.integer("limit", 1, 100, 10);
    let after = query.id("starting_after", ReplayId::parse);
    query.finish()?;
    let store = state.app().store();
    let rows = store.read(move |tx| tx.list_replays(&tenant, after.as_ref(), limit + 1)).await?;
    let (rows, has_more) = cut(rows, limit);
    Ok(Json(ListBody::new(PATH, rows.iter().map(replay_body).collect(), has_more)))
}

/// Read a replay, and see how far it is.
#[utoipa::path(get, path = "/v1/webhooks/replay/{id}", tag = "Webhooks",
    operation_id = "retrieveWebhookReplay", params(("id" = String, Path)),
    responses((status = 200, body = ReplayBody), (status = "default", body = ErrorBody)))]
pub(super) async fn retrieve(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
) -> Result<Json<ReplayBody>, ApiError> {
    let id = replay_id(&id)?;
    let row = state.app().store().read(move |tx| find_replay(tx, &tenant, &id)).await?;
    Ok(Json(replay_body(&row)))
}

/// Stop a replay. What it queued by then is delivered; one that has ended stays as it is.
#[utoipa::path(post, path = "/v1/webhooks/replay/{id}/cancel", tag = "Webhooks",
    operation_id = "cancelWebhookReplay", params(("id" = String, Path)),
    responses((status = 200, body = ReplayBody), (status = "default", body = ErrorBody)))]
pub(super) async fn cancel(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
    _: NoBody,
) -> Result<Json<ReplayBody>, ApiError> {
    let id = replay_id(&id)?;
    let row = state.app().write(move |tx, scope| cancel_replay(tx, scope, &tenant, &id)).await?;
    Ok(Json(replay_body(&row)))
}

fn replay_id(text: &str) -> Result<ReplayId, ApiError> {
    ReplayId::parse(text).map_err(|_| ApiError::NotFound("replay"))
}

fn read_create(
    body: Map<String, Value>,
    tenant: Tenant,
    request: Option<IdempotentRequest>,
) -> Result<CreateReplay, ApiError> {
    let mut fields = Fields::new(body);
    let since = read_instant(&mut fields, "since");
    let until = read_instant(&mut fields, "until");
    let event_ids = fields.texts_opt("event_ids");
    if event_ids.as_ref().is_some_and(|ids| !(1..=EVENTS_MAX).contains(&ids.len())) {
        let message = format!("event_ids must have 1 to {EVENTS_MAX} entries.");
        fields.problem("event_ids", "field_length", message);
    }
    let endpoint_id = fields.text_opt("endpoint_id", 200);
    let patterns = fields.texts_opt("event_types");
    let event_types = read_filter(&mut fields, patterns);
    let standings = read_standings(&mut fields);
    let rate = fields.integer_opt("rate_per_second", 1, RATE_MAX);
    fields.finish(Some(()))?;
    // What we could not have made belongs to nothing.
    let event_ids: Option<Result<Vec<_>, _>> =
        event_ids.map(|ids| ids.iter().map(|id| EventId::parse(id)).collect());
    let event_ids = event_ids.transpose().map_err(|_| ApiError::NotFound("event"))?;
    let endpoint_id = endpoint_id.map(|id| EndpointId::parse(&id)).transpose();
    Ok(CreateReplay {
        tenant,
        request,
        since,
        until,
        event_ids,
        endpoint_id: endpoint_id.map_err(|_| ApiError::NotFound("webhook endpoint"))?,
        event_types,
        standings,
        rate_per_second: rate.unwrap_or(RATE_DEFAULT),
    })
}

fn read_instant(fields: &mut Fields, name: &str) -> Option<Millis> {
    let text = fields.text_opt(name, 64)?;
    let instant = from_rfc3339(&text);
    if instant.is_none() {
        let message = format!("{name} must be a time in RFC 3339, such as 2026-11-23T12:00:00Z.");
        fields.problem(name, "instant_invalid", message);
    }
    instant
}

fn read_standings(fields: &mut Fields) -> Vec<Standing> {
    let Some(words) = fields.texts_opt("statuses") else { return Standing::NOT_ARRIVED.to_vec() };
    if words.is_empty() || words.len() > Standing::ALL.len() {
        fields.problem("statuses", "field_length", "statuses must have 1 to 4 entries.");
    }
    let known = Standing::ALL.map(Standing::as_str).join(", ");
    let mut standings = Vec::new();
    for (index, word) in words.iter().enumerate() {
        if let Some(standing) = Standing::parse(word) {
            standings.push(standing);
        } else {
            let message = format!("There is no status {:?}; there are {known}.", shown(word));
            fields.problem(&format!("statuses/{index}"), "field_range", message);
        }
    }
    standings
}
