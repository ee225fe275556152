//! `/v1/rails` (contract, section 8.4), and the test helpers that say how a rail payment ends.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use gate_app::rails::{
    RailOutcome, StartRailPayment, find_rail_payment, force_rail_payment, start_rail_payment,
};
use gate_domain::catalogue::Entitlement;
use gate_domain::ids::{Mode, PayInId, PayOutId, QuoteId, SessionId, Tenant};
use gate_domain::rail_payment::{RailKind, RailPaymentId};
use gate_wire::ErrorBody;
use gate_wire::rail::{RailPaymentBody, StartRailPaymentBody};
use serde_json::{Map, Value};

use super::ServerState;
use crate::auth::Partner;
use crate::body::{JsonObject, NoBody};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::idempotent::{answer, idempotent_request};
use crate::path::Path;

const PAY_INS: &str = "/v1/rails/pay_ins";
const PAY_OUTS: &str = "/v1/rails/pay_outs";

/// What a quote decides: a field of a price never comes from the caller.
const FROM_THE_QUOTE: [&str; 22] = [
    "amount",
    "asset",
    "crypto_amount",
    "currency",
    "exchange_rate",
    "fees",
    "fiat_amount",
    "flow",
    "method",
    "network",
    "payment_method",
    "payout_method",
    "price",
    "quote",
    "rate",
    "side",
    "target_network",
    "target_token",
    "token",
    "token_amount",
    "total_fees",
    "on_lapse",
];

/// Whom the money comes from or goes to: the session and the verified user say that.
const FROM_THE_USER: [&str; 30] = [
    "account_holder",
    "account_number",
    "address",
    "bank_account",
    "beneficiary",
    "bic",
    "card",
    "country_code",
    "customer",
    "customer_id",
    "date_of_birth",
    "destination",
    "email",
    "first_name",
    "iban",
    "kyc_package",
    "last_name",
    "name",
    "payout_address",
    "payout_destination",
    "payout_instructions",
    "phone",
    "pix_key",
    "recipient",
    "routing_number",
    "sort_code",
    "swift",
    "user",
    "user_id",
    "wallet_address",
];

/// Start a pay-in: redeem a signed quote that buys, in a session that knows where the tokens go.
///
/// Amount, currency, asset and method come from the quote, the user and their accounts from the
/// session. Nothing else is accepted. Needs the entitlement `rails`.
#[utoipa::path(post, path = "/v1/rails/pay_ins", tag = "Rails", operation_id = "createPayIn",
    request_body = StartRailPaymentBody,
    params(("Idempotency-Key" = String, Header, description = "One per logical attempt.")),
    responses((status = 201, body = RailPaymentBody), (status = "default", body = ErrorBody)))]
pub(super) async fn create_pay_in(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    headers: HeaderMap,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    start(&state, tenant, &headers, body, RailKind::PayIn).await
}

/// Start a pay-out: redeem a signed quote that sells. The money goes to the verified user's account.
///
/// Amount, currency, asset and method come from the quote, the user and their accounts from the
/// session. Nothing else is accepted. Needs the entitlement `rails`.
#[utoipa::path(post, path = "/v1/rails/pay_outs", tag = "Rails", operation_id = "createPayOut",
    request_body = StartRailPaymentBody,
    params(("Idempotency-Key" = String, Header, description = "One per logical attempt.")),
    responses((status = 201, body = RailPaymentBody), (status = "default", body = ErrorBody)))]
pub(super) async fn create_pay_out(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    headers: HeaderMap,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    start(&state, tenant, &headers, body, RailKind::PayOut).await
}

/// Read a pay-in.
#[utoipa::path(get, path = "/v1/rails/pay_ins/{id}", tag = "Rails", operation_id = "retrievePayIn",
    params(("id" = String, Path)),
    responses((status = 200, body = RailPaymentBody), (status = "default", body = ErrorBody)))]
pub(super) async fn retrieve_pay_in(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
) -> Result<Json<RailPaymentBody>, ApiError> {
    find(&state, tenant, PayInId::parse(&id).ok().map(RailPaymentId::PayIn), "pay-in").await
}

/// Read a pay-out.
#[utoipa::path(get, path = "/v1/rails/pay_outs/{id}", tag = "Rails",
    operation_id = "retrievePayOut", params(("id" = String, Path)),
    responses((status = 200, body = RailPaymentBody), (status = "default", body = ErrorBody)))]
pub(super) async fn retrieve_pay_out(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
) -> Result<Json<RailPaymentBody>, ApiError> {
    find(&state, tenant, PayOutId::parse(&id).ok().map(RailPaymentId::PayOut), "pay-out").await
}

/// Settle a rail payment now: what the user gives has come in, and they have what they get.
#[utoipa::path(post, path = "/v1/test_helpers/rails/{id}/settle", tag = "Test helpers",
    operation_id = "settleRailPayment", params(("id" = String, Path)),
    responses((status = 200, body = RailPaymentBody), (status = "default", body = ErrorBody)))]
pub(super) async fn settle(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
    _: NoBody,
) -> Result<Json<RailPaymentBody>, ApiError> {
    force(&state, &tenant, &id, RailOutcome::Settle).await
}

/// Make a rail payment fail: nothing comes in, or what came in goes back.
#[utoipa::path(post, path = "/v1/test_helpers/rails/{id}/fail", tag = "Test helpers",
    operation_id = "failRailPayment", params(("id" = String, Path)),
    responses((status = 200, body = RailPaymentBody), (status = "default", body = ErrorBody)))]
pub(super) async fn fail(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
    _: NoBody,
) -> Result<Json<RailPaymentBody>, ApiError> {
    force(&state, &tenant, &id, RailOutcome::Fail).await
}

/// Withdraw a rail payment, while nothing has come in.
#[utoipa::path(post, path = "/v1/test_helpers/rails/{id}/cancel", tag = "Test helpers",
    operation_id = "cancelRailPayment", params(("id" = String, Path)),
    responses((status = 200, body = RailPaymentBody), (status = "default", body = ErrorBody)))]
pub(super) async fn cancel(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
    _: NoBody,
) -> Result<Json<RailPaymentBody>, ApiError> {
    force(&state, &tenant, &id, RailOutcome::Cancel).await
}

async fn start(
    state: &ServerState,
    tenant: Tenant,
    headers: &HeaderMap,
    body: Map<String, Value>,
    kind: RailKind,
) -> Result<Response, ApiError> {
    let app = state.app();
    let path = match kind {
        RailKind::PayIn => PAY_INS,
        RailKind::PayOut => PAY_OUTS,
    };
    let request = idempotent_request(&tenant, &Method::POST, path, headers, &body)?;
    let request = request.ok_or(ApiError::IdempotencyKeyRequired)?;
    app.offer(&tenant).entitled(Entitlement::Rails)?;
    let (quote, session) = read_start(body)?;
    if app.rails(tenant.mode).is_none() {
        return Err(ApiError::NotEnabled);
    }
    let quote_id = QuoteId::parse(&quote).map_err(|_| ApiError::NotFound("quote"))?;
    let session_id = SessionId::parse(&session).map_err(|_| ApiError::NotFound("session"))?;
    let command = StartRailPayment { tenant, request, kind, quote_id, session_id };
    let answered = start_rail_payment(app, command).await?;
    Ok(answer(answered, None))
}

/// The quote and the session, and nothing else.
fn read_start(body: Map<String, Value>) -> Result<(String, String), ApiError> {
    let mut fields = Fields::new(body);
    let quote = fields.text("quote_id", 64);
    let session = fields.text("session_id", 64);
    for name in FROM_THE_QUOTE {
        let message = format!("{name} comes from the quote and is not accepted. Leave it out.");
        fields.refuse(name, "field_not_accepted", message);
    }
    for name in FROM_THE_USER {
        let message = format!(
            "{name} comes from the session and the verified user and is not accepted. Leave it out."
        );
        fields.refuse(name, "field_not_accepted", message);
    }
    fields.finish(quote.zip(session))
}

async fn find(
    state: &ServerState,
    tenant: Tenant,
    id: Option<RailPaymentId>,
    what: &'static str,
) -> Result<Json<RailPaymentBody>, ApiError> {
    let app = state.app();
    app.offer(&tenant).entitled(Entitlement::Rails)?;
    let id = id.ok_or(ApiError::NotFound(what))?;
    let found = app.store().read(move |tx| find_rail_payment(tx, &tenant, &id)).await?;
    found.map(Json).ok_or(ApiError::NotFound(what))
}

async fn force(
    state: &ServerState,
    tenant: &Tenant,
    id: &str,
    outcome: RailOutcome,
) -> Result<Json<RailPaymentBody>, ApiError> {
    if tenant.mode != Mode::Test {
        return Err(ApiError::UnknownRoute);
    }
    let id = RailPaymentId::parse(id).map_err(|_| ApiError::NotFound("rail payment"))?;
    Ok(Json(force_rail_payment(state.app(), tenant, &id, outcome).await?))
}
