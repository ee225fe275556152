//! `/v1/embed/identity`: the identity step of the sandbox.

use axum::Json;
use axum::extract::State;
use gate_app::identity::end_identity_check;
use gate_wire::ErrorBody;
use gate_wire::embed::IdentityBody;
use gate_wire::journey::Journey;
use gate_wire::words::IdentityOutcome;

use super::ServerState;
use crate::auth::PageVisitor;
use crate::body::JsonObject;
use crate::error::ApiError;
use crate::fields::Fields;

/// Say how the identity check ends. Test mode only: in live mode nobody vouches for themselves.
#[utoipa::path(post, path = "/v1/embed/identity", tag = "Embed",
    operation_id = "endIdentityCheck", request_body = IdentityBody,
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn identity(
    State(state): State<ServerState>,
    page: PageVisitor,
    JsonObject(body): JsonObject,
) -> Result<Json<Journey>, ApiError> {
    let mut fields = Fields::new(body);
    let outcome = match fields.text("outcome", 20).as_deref() {
        Some("approved") => Some(IdentityOutcome::Approved),
        Some("rejected") => Some(IdentityOutcome::Rejected),
        Some(_) => {
            fields.problem("outcome", "field_range", "outcome must be approved or rejected.");
            None
        }
        None => None,
    };
    let outcome = fields.finish(outcome)?;
    Ok(Json(end_identity_check(state.app(), &page.tenant, &page.session_id, outcome).await?))
}
