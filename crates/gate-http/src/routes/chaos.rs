//! `/v1/test_helpers/webhooks/chaos`: faults on purpose. In live mode it does not exist.

use axum::Json;
use axum::extract::State;
use gate_app::chaos::begin_chaos;
use gate_domain::chaos::{Chaos, LASTS_DEFAULT_S, LASTS_MAX_S, SHARE_MAX};
use gate_domain::ids::Mode;
use gate_domain::time::Millis;
use gate_wire::ErrorBody;
use gate_wire::instant::to_rfc3339;
use gate_wire::replay::{ChaosBody, CreateChaosBody};

use super::ServerState;
use crate::auth::Partner;
use crate::body::JsonObject;
use crate::error::ApiError;
use crate::fields::Fields;

/// The largest number that every JSON reader holds exactly.
const SEED_MAX: i64 = (1 << 53) - 1;

/// Let the sandbox disturb your webhooks for a while, instead of whatever it did before.
///
/// Shares are whole percent. Everything follows from the seed and the ids of the deliveries. Nothing is
/// lost for good: what is dropped is tried again by the schedule. `for_seconds: 0` ends it.
#[utoipa::path(post, path = "/v1/test_helpers/webhooks/chaos", tag = "Test helpers",
    operation_id = "beginWebhookChaos", request_body = CreateChaosBody,
    responses((status = 200, body = ChaosBody), (status = "default", body = ErrorBody)))]
pub(super) async fn begin(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    JsonObject(body): JsonObject,
) -> Result<Json<ChaosBody>, ApiError> {
    if tenant.mode != Mode::Test {
        return Err(ApiError::UnknownRoute);
    }
    let mut fields = Fields::new(body);
    let mut share = |name| fields.integer_opt(name, 0, SHARE_MAX).unwrap_or(0);
    let chaos = Chaos {
        duplicate: share("duplicate"),
        delay: share("delay"),
        drop: share("drop"),
        reorder: share("reorder"),
        seed: 0,
        ends_at: Millis(0),
    };
    let lasts_s = fields.integer_opt("for_seconds", 0, LASTS_MAX_S).unwrap_or(LASTS_DEFAULT_S);
    let seed = fields.integer_opt("seed", 0, SEED_MAX);
    fields.finish(Some(()))?;
    let app = state.app();
    let chaos =
        app.write(move |tx, scope| begin_chaos(tx, scope, &tenant, chaos, seed, lasts_s)).await?;
    Ok(Json(chaos_body(Some(chaos), app.now())))
}

/// What the sandbox does to your webhooks now.
#[utoipa::path(get, path = "/v1/test_helpers/webhooks/chaos", tag = "Test helpers",
    operation_id = "retrieveWebhookChaos",
    responses((status = 200, body = ChaosBody), (status = "default", body = ErrorBody)))]
pub(super) async fn retrieve(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
) -> Result<Json<ChaosBody>, ApiError> {
    if tenant.mode != Mode::Test {
        return Err(ApiError::UnknownRoute);
    }
    let (app, now) = (state.app(), state.app().now());
    let chaos = app.store().read(move |tx| tx.find_chaos(&tenant, now)).await?;
    Ok(Json(chaos_body(chaos, now)))
}

fn chaos_body(chaos: Option<Chaos>, now: Millis) -> ChaosBody {
    let going_on = chaos.filter(|chaos| chaos.ends_at > now);
    let chaos = going_on.unwrap_or(Chaos::NONE);
    ChaosBody {
        object: "webhook_chaos".into(),
        active: going_on.is_some(),
        duplicate: chaos.duplicate,
        delay: chaos.delay,
        drop: chaos.drop,
        reorder: chaos.reorder,
        seed: going_on.map(|chaos| chaos.seed),
        ends_at: going_on.map(|chaos| to_rfc3339(chaos.ends_at)),
    }
}
