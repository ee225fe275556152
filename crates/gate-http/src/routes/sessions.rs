//! `/v1/gate_sessions` (contract, section 4.1).

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use gate_app::App;
use gate_app::cancel_session::cancel_session;
use gate_app::create_session::{CreateSession, create_session, created_before};
use gate_domain::ids::{QuoteId, SessionId, Tenant};
use gate_domain::quote::Quote;
use gate_domain::session::Session;
use gate_store::{StoreError, Tx};
use gate_wire::ErrorBody;
use gate_wire::list::ListBody;
use gate_wire::session::{CreateSessionBody, CreatedSessionBody, SessionBody};
use gate_wire::words::SessionStatus;
use serde_json::{Map, Value};

use super::ServerState;
use super::create_body::read_create;
use crate::auth::Partner;
use crate::body::{JsonObject, NoBody};
use crate::error::ApiError;
use crate::idempotent::{answer, idempotent_request};
use crate::path::Path;
use crate::query::Query;

const PATH: &str = "/v1/gate_sessions";

/// Create a session. Send an `Idempotency-Key`, and the same one when you repeat the request.
#[utoipa::path(post, path = "/v1/gate_sessions", tag = "Sessions", operation_id = "createSession",
    request_body = CreateSessionBody,
    params(("Idempotency-Key" = String, Header, description = "One per logical attempt.")),
    responses((status = 201, body = CreatedSessionBody), (status = "default", body = ErrorBody)))]
pub(super) async fn create(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    headers: HeaderMap,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let request = idempotent_request(&tenant, &Method::POST, PATH, &headers, &body)?;
    let request = request.ok_or(ApiError::IdempotencyKeyRequired)?;
    let app = state.app();
    let quote = find_named_quote(app, &tenant, &body).await?;
    let created = match read_create(body, tenant.mode, &app.offer(&tenant), quote.as_ref()) {
        Ok((terms, lifetime_s)) => {
            let command = CreateSession { tenant, request: request.clone(), terms, lifetime_s };
            app.write_once(request, move |tx, scope| create_session(tx, scope, &command)).await?
        }
        // What was created once is answered again, even if it could not be created any more.
        Err(problem) => {
            let before = app.store().read(move |tx| created_before(tx, &request)).await;
            before.ok().flatten().ok_or(problem)?
        }
    };
    let secret = app.vault().client_secret(&created.session_id);
    Ok(answer(created.answered, Some(("client_secret", &secret))))
}

/// The signed quote that a body names. It never changes, so it may be read ahead; whether it can
/// still be redeemed is asked where the session is written.
async fn find_named_quote(
    app: &App,
    tenant: &Tenant,
    body: &Map<String, Value>,
) -> Result<Option<Quote>, StoreError> {
    let named = body.get("quote_preview_id").and_then(Value::as_str);
    let Some(id) = named.and_then(|text| QuoteId::parse(text).ok()) else { return Ok(None) };
    let tenant = tenant.clone();
    let signed = app.store().read(move |tx| tx.find_signed_quote(&tenant, &id)).await?;
    Ok(signed.map(|signed| signed.quote))
}

/// Read a session. Reading never expires or changes it.
#[utoipa::path(get, path = "/v1/gate_sessions/{id}", tag = "Sessions",
    operation_id = "retrieveSession", params(("id" = String, Path)),
    responses((status = 200, body = SessionBody), (status = "default", body = ErrorBody)))]
pub(super) async fn retrieve(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
) -> Result<Json<SessionBody>, ApiError> {
    let id = session_id(&id)?;
    let session = state.app().store().read(move |tx| tx.find_session(&tenant, &id)).await?;
    Ok(Json((&session.ok_or(ApiError::NotFound("session"))?).into()))
}

/// List sessions, newest first.
#[utoipa::path(get, path = "/v1/gate_sessions", tag = "Sessions", operation_id = "listSessions",
    params(
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 100, description = "10 where nothing is said."),
        ("starting_after" = Option<String>, Query, pattern = "^gs_(test|live)_[0-7][0-9a-hjkmnp-tv-z]{25}$", description = "The id of the last session of the page before."),
        ("status" = Option<SessionStatus>, Query, description = "Those that stand here."),
        ("client_reference_id" = Option<String>, Query, min_length = 1, max_length = 200, description = "The session that you call so, or none."),
    ),
    responses((status = 200, body = ListBody<SessionBody>), (status = "default", body = ErrorBody)))]
pub(super) async fn list(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    RawQuery(query): RawQuery,
) -> Result<Json<ListBody<SessionBody>>, ApiError> {
    let mut query = Query::parse(query.as_deref())?;
    let limit = query.integer("limit", 1, 100, 10);
    let status = query.word("status", &["open", "completed", "expired", "cancelled"]);
    let after = query.id("starting_after", SessionId::parse);
    let reference = query.text("client_reference_id", 200);
    query.finish()?;
    let rows = state
        .app()
        .store()
        .read(move |tx| match &reference {
            Some(reference) => list_by_reference(tx, &tenant, reference, status, after.as_ref()),
            None => tx.list_sessions(&tenant, status, after.as_ref(), limit + 1),
        })
        .await?;
    let (rows, has_more) = cut(rows, limit);
    Ok(Json(ListBody::new(PATH, rows.iter().map(Into::into).collect(), has_more)))
}

/// The session of a reference, as a page of one row or none.
fn list_by_reference(
    tx: &mut Tx,
    tenant: &Tenant,
    reference: &str,
    status: Option<&str>,
    after: Option<&SessionId>,
) -> Result<Vec<Session>, StoreError> {
    let Some(known) = tx.find_client_reference(tenant, reference)? else { return Ok(Vec::new()) };
    let session = tx.find_session(tenant, &known.session_id)?;
    let wanted = |session: &Session| {
        status.is_none_or(|status| session.status() == status)
            && after.is_none_or(|after| session.id < *after)
    };
    Ok(session.into_iter().filter(wanted).collect())
}

/// Cancel an open session. A second cancel is a conflict.
#[utoipa::path(post, path = "/v1/gate_sessions/{id}/cancel", tag = "Sessions",
    operation_id = "cancelSession", params(("id" = String, Path)),
    responses((status = 201, body = SessionBody), (status = "default", body = ErrorBody)))]
pub(super) async fn cancel(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
    _: NoBody,
) -> Result<(StatusCode, Json<SessionBody>), ApiError> {
    let id = session_id(&id)?;
    let session =
        state.app().write(move |tx, scope| cancel_session(tx, scope, &tenant, &id)).await?;
    Ok((StatusCode::CREATED, Json((&session).into())))
}

/// An id that we could not have made belongs to nothing.
pub(super) fn session_id(text: &str) -> Result<SessionId, ApiError> {
    SessionId::parse(text).map_err(|_| ApiError::NotFound("session"))
}

/// One row more than asked for says whether there is another page.
pub(super) fn cut<T>(mut rows: Vec<T>, limit: i64) -> (Vec<T>, bool) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    (rows, has_more)
}
