//! `/v1/test_helpers/...`: force an outcome. In live mode these do not exist.

use axum::Json;
use axum::extract::State;
use gate_app::test_helpers::{Force, force};
use gate_domain::ids::{Mode, Tenant};
use gate_wire::ErrorBody;
use gate_wire::session::SessionBody;

use super::ServerState;
use super::sessions::session_id;
use crate::auth::Partner;
use crate::body::NoBody;
use crate::error::ApiError;
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

async fn forced(state: &ServerState, tenant: &Tenant, id: &str, outcome: Force) -> Answer {
    if tenant.mode != Mode::Test {
        return Err(ApiError::UnknownRoute);
    }
    let session = force(state.app(), tenant, &session_id(id)?, outcome).await?;
    Ok(Json((&session).into()))
}
