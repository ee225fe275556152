//! Deposits: the tokens that came in for a sale.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gate_app::deposits::{Received, Simulated, simulate_deposit};
use gate_domain::ids::{Mode, TransactionId};
use gate_store::{StoreError, Tx};
use gate_wire::ErrorBody;
use gate_wire::deposit::{DepositBody, StrayBody, TestDepositBody};
use gate_wire::list::ListBody;

use super::ServerState;
use super::sessions::session_id;
use crate::auth::Partner;
use crate::body::JsonObject;
use crate::error::ApiError;
use crate::fields::Fields;
use crate::path::Path;

/// List the tokens that came in for a sale, oldest first: all of them, since wallets make few transfers.
#[utoipa::path(get, path = "/v1/transactions/{refid}/deposits", tag = "Transactions",
    operation_id = "listDeposits", params(("refid" = String, Path)),
    responses((status = 200, body = ListBody<DepositBody>), (status = "default", body = ErrorBody)))]
pub(super) async fn list(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(refid): Path<String>,
) -> Result<Json<ListBody<DepositBody>>, ApiError> {
    let missing = ApiError::NotFound("transaction");
    let Ok(id) = TransactionId::parse(&refid) else { return Err(missing) };
    let list = move |tx: &mut Tx| match tx.find_transaction(&tenant, &id)? {
        None => Ok(None),
        Some(_) => tx.list_deposits(&tenant, &id).map(Some),
    };
    let rows: Result<_, StoreError> = state.app().store().read(list).await;
    let rows = rows?.ok_or(missing)?;
    let path = format!("/v1/transactions/{refid}/deposits");
    Ok(Json(ListBody::new(&path, rows.iter().map(DepositBody::from).collect(), false)))
}

/// Show the simulator an incoming transfer to the address of a session that sells: what is missing,
/// or less, more, another token, too late, or the same one twice. One without its memo, or with one that
/// nobody was given, is nobody's until an operator has found out whose it is.
#[utoipa::path(post, path = "/v1/test_helpers/deposits", tag = "Test helpers",
    operation_id = "createTestDeposit", request_body = TestDepositBody,
    responses((status = 201, body = DepositBody), (status = 202, body = StrayBody,
        example = json!({
            "id": "st_test_01hf7yat00fentqaxbnentqaxb",
            "object": "stray_transfer",
            "address": "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
            "memo": null,
            "token": "XRP",
            "network": "xrpl",
            "amount": "45.250000",
            "transfer_id": "sim_in_1_01hf7yat00fentqaxbnentqaxb",
            "deposit_id": null,
            "created_at": "2026-11-23T12:00:00.000Z"
        })),
        (status = "default", body = ErrorBody)))]
pub(super) async fn simulate(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    if tenant.mode != Mode::Test {
        return Err(ApiError::UnknownRoute);
    }
    let mut fields = Fields::new(body);
    let session = fields.text("session_id", 200);
    let simulated = Simulated {
        amount: fields.text_opt("amount", 40),
        token: fields.text_opt("token", 12),
        network: fields.text_opt("network", 40),
        memo: fields.text_opt("memo", 100),
        without_memo: fields.boolean_opt("without_memo").unwrap_or(false),
        transfer: fields.text_opt("transfer_id", 100),
    };
    let session = session_id(&fields.finish(session)?)?;
    Ok(match simulate_deposit(state.app(), &tenant, &session, simulated).await? {
        Received::Deposit(deposit) => {
            (StatusCode::CREATED, Json(DepositBody::from(&deposit))).into_response()
        }
        Received::Stray(stray) => {
            (StatusCode::ACCEPTED, Json(StrayBody::from(&stray))).into_response()
        }
    })
}
