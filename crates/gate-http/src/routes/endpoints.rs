//! `/v1/webhook_endpoints` (decisions, "Events and webhooks").

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use gate_app::App;
use gate_app::endpoints::{
    DisabledBy, OVERLAP_DEFAULT_S, OVERLAP_MAX_S, change_endpoint, create_endpoint,
    delete_endpoint, endpoint_body, find_endpoint, roll_endpoint_secret,
};
use gate_domain::ids::{EndpointId, Mode};
use gate_wire::ErrorBody;
use gate_wire::endpoint::{
    CreateEndpointBody, DeletedEndpointBody, EndpointBody, EndpointWithSecretBody, RollSecretBody,
    UpdateEndpointBody,
};
use gate_wire::list::ListBody;

use super::ServerState;
use super::endpoint_body::{read_change, read_create};
use super::sessions::cut;
use crate::auth::Partner;
use crate::body::{JsonObject, MaybeObject, NoBody};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::idempotent::{answer, idempotent_request};
use crate::path::Path;
use crate::query::Query;

const PATH: &str = "/v1/webhook_endpoints";

/// Create an endpoint. Its secret is in this answer and in no later one.
///
/// An `Idempotency-Key` makes it safe to repeat; the repeat shows the secret again. There are at most
/// 20 endpoints in a mode.
#[utoipa::path(post, path = "/v1/webhook_endpoints", tag = "Webhook endpoints",
    operation_id = "createWebhookEndpoint", request_body = CreateEndpointBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "One per logical attempt.")),
    responses((status = 201, body = EndpointWithSecretBody), (status = "default", body = ErrorBody)))]
pub(super) async fn create(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    headers: HeaderMap,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let request = idempotent_request(&tenant, &Method::POST, PATH, &headers, &body)?;
    let command = read_create(body, tenant, request)?;
    let app = state.app();
    check_target(app, command.tenant.mode, &command.url).await?;
    let created = app.write(move |tx, scope| create_endpoint(tx, scope, &command)).await?;
    Ok(answer(created.answered, Some(("secret", created.secret.expose()))))
}

/// Where a URL leads is looked at now, so that its owner hears of it, and again at every dial.
async fn check_target(app: &App, mode: Mode, url: &str) -> Result<(), ApiError> {
    let led = app.config().egress(mode).check(url).await;
    led.map_err(|why| ApiError::field("/url", "url_invalid", &format!("url: {why}.")))
}

/// List endpoints, newest first. Removed ones are not among them.
#[utoipa::path(get, path = "/v1/webhook_endpoints", tag = "Webhook endpoints",
    operation_id = "listWebhookEndpoints",
    params(
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 100, description = "10 where nothing is said."),
        ("starting_after" = Option<String>, Query, pattern = "^we_(test|live)_[0-7][0-9a-hjkmnp-tv-z]{25}$", description = "The id of the last endpoint of the page before."),
    ),
    responses((status = 200, body = ListBody<EndpointBody>), (status = "default", body = ErrorBody)))]
pub(super) async fn list(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    RawQuery(query): RawQuery,
) -> Result<Json<ListBody<EndpointBody>>, ApiError> {
    let mut query = Query::parse(query.as_deref())?;
    let limit = query.integer("limit", 1, 100, 10);
    let after = query.id("starting_after", EndpointId::parse);
    query.finish()?;
    let app = state.app();
    let rows = app.store().read(move |tx| tx.list_endpoints(&tenant, after.as_ref(), limit + 1));
    let (rows, has_more) = cut(rows.await?, limit);
    let data = rows.iter().map(|row| endpoint_body(app.vault(), row, app.now())).collect();
    Ok(Json(ListBody::new(PATH, data, has_more)))
}

/// Read an endpoint.
#[utoipa::path(get, path = "/v1/webhook_endpoints/{id}", tag = "Webhook endpoints",
    operation_id = "retrieveWebhookEndpoint", params(("id" = String, Path)),
    responses((status = 200, body = EndpointBody), (status = "default", body = ErrorBody)))]
pub(super) async fn retrieve(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
) -> Result<Json<EndpointBody>, ApiError> {
    let (id, app) = (endpoint_id(&id)?, state.app());
    let row = app.store().read(move |tx| find_endpoint(tx, &tenant, &id)).await?;
    Ok(Json(endpoint_body(app.vault(), &row, app.now())))
}

/// Change an endpoint. What is left out stays; `null` clears the description, and goes back to every
/// type of event.
///
/// Events that were queued before keep their delivery: they go to the new URL, whatever the new
/// filter. While an endpoint is disabled nothing is sent to it and nothing new is queued for it; what
/// waits goes on when it is enabled again, and a replay queues what was missed.
#[utoipa::path(patch, path = "/v1/webhook_endpoints/{id}", tag = "Webhook endpoints",
    operation_id = "updateWebhookEndpoint", params(("id" = String, Path)),
    request_body = UpdateEndpointBody,
    responses((status = 200, body = EndpointBody), (status = "default", body = ErrorBody)))]
pub(super) async fn update(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
    JsonObject(body): JsonObject,
) -> Result<Json<EndpointBody>, ApiError> {
    let id = endpoint_id(&id)?;
    let change = read_change(body, tenant.mode)?;
    let app = state.app();
    if let Some(url) = &change.url {
        check_target(app, tenant.mode, url).await?;
    }
    let row = app
        .write(move |tx, scope| {
            change_endpoint(tx, scope, &tenant, &id, &change, DisabledBy::Partner)
        })
        .await?;
    Ok(Json(endpoint_body(app.vault(), &row, app.now())))
}

/// Remove an endpoint. What waits for it is given up with the error `endpoint_deleted`.
///
/// A second removal answers the same.
#[utoipa::path(delete, path = "/v1/webhook_endpoints/{id}", tag = "Webhook endpoints",
    operation_id = "deleteWebhookEndpoint", params(("id" = String, Path)),
    responses((status = 200, body = DeletedEndpointBody), (status = "default", body = ErrorBody)))]
pub(super) async fn delete(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
    _: NoBody,
) -> Result<Json<DeletedEndpointBody>, ApiError> {
    let id = endpoint_id(&id)?;
    let left = state.app().write(move |tx, scope| delete_endpoint(tx, scope, &tenant, &id)).await?;
    Ok(Json(left))
}

/// Give an endpoint a new secret, which is in this answer and in no later one.
///
/// The secret of now signs on beside it for `overlap_seconds`, so that your servers can change over
/// one by one. `0` stops it, and every older one, at once: for a secret that leaked.
#[utoipa::path(post, path = "/v1/webhook_endpoints/{id}/roll_secret", tag = "Webhook endpoints",
    operation_id = "rollWebhookEndpointSecret",
    params(
        ("id" = String, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "One per logical attempt."),
    ),
    request_body = Option<RollSecretBody>,
    responses((status = 200, body = EndpointWithSecretBody), (status = "default", body = ErrorBody)))]
pub(super) async fn roll_secret(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
    headers: HeaderMap,
    MaybeObject(body): MaybeObject,
) -> Result<Response, ApiError> {
    let id = endpoint_id(&id)?;
    let path = format!("{PATH}/{id}/roll_secret");
    let request = idempotent_request(&tenant, &Method::POST, &path, &headers, &body)?;
    let mut fields = Fields::new(body);
    let overlap_s = fields.integer_opt("overlap_seconds", 0, OVERLAP_MAX_S);
    let overlap_s = fields.finish(Some(overlap_s))?.unwrap_or(OVERLAP_DEFAULT_S);
    let rolled = state
        .app()
        .write(move |tx, scope| {
            roll_endpoint_secret(tx, scope, &tenant, &id, overlap_s, request.as_ref())
        })
        .await?;
    Ok(answer(rolled.answered, Some(("secret", rolled.secret.expose()))))
}

/// An id that we could not have made belongs to nothing.
pub(super) fn endpoint_id(text: &str) -> Result<EndpointId, ApiError> {
    EndpointId::parse(text).map_err(|_| ApiError::NotFound("webhook endpoint"))
}
