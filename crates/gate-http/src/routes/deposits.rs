//! Deposits: the tokens that came in for a sale.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use gate_app::deposits::{Simulated, simulate_deposit, simulate_stray};
use gate_domain::ids::{Mode, TransactionId};
use gate_store::{StoreError, Tx};
use gate_wire::ErrorBody;
use gate_wire::deposit::{DepositBody, StrayBody, TestDepositBody, TestStrayBody};
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
/// or less, more, another token, too late, or the same one twice.
#[utoipa::path(post, path = "/v1/test_helpers/deposits", tag = "Test helpers",
    operation_id = "createTestDeposit", request_body = TestDepositBody,
    responses((status = 201, body = DepositBody), (status = "default", body = ErrorBody)))]
pub(super) async fn simulate(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    JsonObject(body): JsonObject,
) -> Result<(StatusCode, Json<DepositBody>), ApiError> {
    if tenant.mode != Mode::Test {
        return Err(ApiError::UnknownRoute);
    }
    let mut fields = Fields::new(body);
    let session = fields.text("session_id", 200);
    let simulated = Simulated {
        amount: fields.text_opt("amount", 40),
        token: fields.text_opt("token", 12),
        network: fields.text_opt("network", 40),
        transfer: fields.line_opt("transfer_id", 100),
        output: output(&mut fields),
    };
    let session = session_id(&fields.finish(session)?)?;
    let deposit = simulate_deposit(state.app(), &tenant, &session, simulated).await?;
    Ok((StatusCode::CREATED, Json((&deposit).into())))
}

/// Which payment of its transaction a transfer is.
fn output(fields: &mut Fields) -> u32 {
    let number = fields.integer_opt("output", 0, u32::MAX.into());
    number.and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

/// Show the simulator an incoming transfer that nobody can tell whose it is: with a memo that nobody was
/// given, or without one. It waits for an operator to find out.
#[utoipa::path(post, path = "/v1/test_helpers/strays", tag = "Test helpers",
    operation_id = "createTestStray", request_body = TestStrayBody,
    responses((status = 201, body = StrayBody), (status = "default", body = ErrorBody)))]
pub(super) async fn lose(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    JsonObject(body): JsonObject,
) -> Result<(StatusCode, Json<StrayBody>), ApiError> {
    if tenant.mode != Mode::Test {
        return Err(ApiError::UnknownRoute);
    }
    let mut fields = Fields::new(body);
    let session = fields.text("session_id", 200);
    let memo = fields.text_opt("memo", 100);
    let simulated = Simulated {
        amount: fields.text_opt("amount", 40),
        transfer: fields.line_opt("transfer_id", 100),
        output: output(&mut fields),
        ..Simulated::default()
    };
    let session = session_id(&fields.finish(session)?)?;
    let stray = simulate_stray(state.app(), &tenant, &session, memo, simulated).await?;
    Ok((StatusCode::CREATED, Json((&stray).into())))
}
