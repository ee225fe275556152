//! Whether this process lives, and whether it can do its work.

use axum::Json;
use axum::extract::State;
use gate_wire::ErrorBody;
use serde::Serialize;
use utoipa::ToSchema;

use super::ServerState;
use crate::error::ApiError;

/// How a process is.
#[derive(Serialize, ToSchema)]
pub(super) struct HealthBody {
    /// Always `ok`; anything else is an error.
    status: &'static str,
}

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "Health", operation_id = "healthz",
    responses((status = 200, body = HealthBody)))]
pub(super) async fn healthz() -> Json<HealthBody> {
    Json(HealthBody { status: "ok" })
}

/// The process does its work: its store takes writes, its workers are at it, and no webhook that could
/// go waits for it for long. Otherwise the answer names what is wrong, and it is asked anew each second.
#[utoipa::path(get, path = "/readyz", tag = "Health", operation_id = "readyz",
    responses((status = 200, body = HealthBody), (status = 503, body = ErrorBody)))]
pub(super) async fn readyz(State(state): State<ServerState>) -> Result<Json<HealthBody>, ApiError> {
    if *state.stopping().borrow() {
        return Err(ApiError::Busy);
    }
    match state.unready().await {
        unready if unready.is_empty() => Ok(Json(HealthBody { status: "ok" })),
        unready => Err(ApiError::NotReady(unready)),
    }
}
