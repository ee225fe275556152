//! `/v1/test_helpers/...`: force an outcome. In live mode these do not exist.

use axum::Json;
use axum::extract::State;
use gate_app::test_helpers::{ADVANCE_MAX_S, Force, advance_time, force, require_kyc};
use gate_domain::ids::{Mode, Tenant};
use gate_domain::session::IdentityLevel;
use gate_wire::ErrorBody;
use gate_wire::session::{AdvanceTimeBody, RequireKycBody, SessionBody};

use super::ServerState;
use super::sessions::session_id;
use crate::auth::Partner;
use crate::body::{JsonObject, MaybeObject, NoBody};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::path::Path;

type Answer = Result<Json<SessionBody>, ApiError>;

/// Complete a session, whatever that takes.
#[utoipa::path(post, path = "/v1/test_helpers/gate_sessions/{id}/complete", tag = "Test helpers",
    operation_id = "completeSession", params(("id" = String, Path)),
    responses((status = 200, body = SessionBody), (status = "default", body = ErrorBody)))]
pub(super) async fn complete(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
    _: NoBody,
) -> Answer {
    forced(&state, &tenant, &id, Force::Complete).await
}

/// Make the payment of a session fail.
#[utoipa::path(post, path = "/v1/test_helpers/gate_sessions/{id}/fail", tag = "Test helpers",
    operation_id = "failSession", params(("id" = String, Path)),
    responses((status = 200, body = SessionBody), (status = "default", body = ErrorBody)))]
pub(super) async fn fail(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
    _: NoBody,
) -> Answer {
    forced(&state, &tenant, &id, Force::Fail).await
}

/// Let the lifetime of a session pass now.
#[utoipa::path(post, path = "/v1/test_helpers/gate_sessions/{id}/expire", tag = "Test helpers",
    operation_id = "expireSession", params(("id" = String, Path)),
    responses((status = 200, body = SessionBody), (status = "default", body = ErrorBody)))]
pub(super) async fn expire(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
    _: NoBody,
) -> Answer {
    forced(&state, &tenant, &id, Force::Expire).await
}

/// Ask the user of a session who they are: its hosted page shows the identity step, and the journey
/// goes on where it was once they have passed.
#[utoipa::path(post, path = "/v1/test_helpers/gate_sessions/{id}/require_kyc",
    tag = "Test helpers", operation_id = "requireKyc", params(("id" = String, Path)),
    request_body = Option<RequireKycBody>,
    responses((status = 200, body = SessionBody), (status = "default", body = ErrorBody)))]
pub(super) async fn require_identity(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
    MaybeObject(body): MaybeObject,
) -> Answer {
    in_test_mode(&tenant)?;
    let mut fields = Fields::new(body);
    let level = match fields.text_opt("level", 20) {
        None => Some(IdentityLevel::Basic),
        Some(word) => {
            let level = IdentityLevel::parse(&word);
            if level.is_none() {
                fields.problem("level", "field_range", "level must be basic or enhanced.");
            }
            level
        }
    };
    let level = fields.finish(level)?;
    let id = session_id(&id)?;
    let app = state.app();
    let session = app.write(move |tx, scope| require_kyc(tx, scope, &tenant, &id, level)).await?;
    Ok(Json((&session).into()))
}

/// Let time pass for one session: its expiry, the price on the table, what the rails are asked, and
/// the next attempts of its webhooks move; its `created_at` stays.
#[utoipa::path(post, path = "/v1/test_helpers/gate_sessions/{id}/advance_time",
    tag = "Test helpers", operation_id = "advanceTime", params(("id" = String, Path)),
    request_body = AdvanceTimeBody,
    responses((status = 200, body = SessionBody), (status = "default", body = ErrorBody)))]
pub(super) async fn advance(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
    JsonObject(body): JsonObject,
) -> Answer {
    in_test_mode(&tenant)?;
    let mut fields = Fields::new(body);
    let seconds = fields.integer("seconds", 1, ADVANCE_MAX_S);
    let seconds = fields.finish(seconds)?;
    let id = session_id(&id)?;
    let app = state.app();
    let session =
        app.write(move |tx, scope| advance_time(tx, scope, &tenant, &id, seconds)).await?;
    Ok(Json((&session).into()))
}

/// In live mode these paths do not exist.
fn in_test_mode(tenant: &Tenant) -> Result<(), ApiError> {
    if tenant.mode == Mode::Test { Ok(()) } else { Err(ApiError::UnknownRoute) }
}

async fn forced(state: &ServerState, tenant: &Tenant, id: &str, outcome: Force) -> Answer {
    in_test_mode(tenant)?;
    let session = force(state.app(), tenant, &session_id(id)?, outcome).await?;
    Ok(Json((&session).into()))
}
