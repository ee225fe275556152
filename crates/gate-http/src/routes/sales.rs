//! `/v1/embed/...` for sales and swaps: what to do, where the money goes, where the tokens are to come, and a new
//! price for tokens that came too late.

use axum::Json;
use axum::extract::State;
use gate_app::deposits::{Simulated, decline_new_price, simulate_deposit, start_deposit};
use gate_app::{choose, journey as journeys};
use gate_domain::ids::Mode;
use gate_domain::session::Flow;
use gate_wire::ErrorBody;
use gate_wire::embed::{
    AcceptQuoteBody, AccountRequestBody, FlowBody, SimulatedDepositBody, WalletBody,
};
use gate_wire::journey::Journey;

use super::ServerState;
use super::account_fields::read_account;
use super::embed::{Answer, quote_id, read_address};
use crate::auth::PageVisitor;
use crate::body::{JsonObject, MaybeObject, NoBody};
use crate::error::ApiError;
use crate::fields::Fields;

/// Choose what to do, where the partner leaves that open. It forgets the price on the table.
#[utoipa::path(post, path = "/v1/embed/flow", tag = "Embed", operation_id = "chooseFlow",
    request_body = FlowBody,
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn flow(
    State(state): State<ServerState>,
    page: PageVisitor,
    JsonObject(body): JsonObject,
) -> Answer {
    let mut fields = Fields::new(body);
    let flow = fields.text("flow", 20).and_then(|word| {
        let flow = Flow::parse(&word);
        if flow.is_none() {
            let message = "flow must be on_ramp, off_ramp or swap.";
            fields.problem("flow", "field_range", message);
        }
        flow
    });
    let flow = fields.finish(flow)?;
    Ok(Json(choose::choose_flow(state.app(), &page.tenant, &page.session_id, flow).await?))
}

/// Say where the money of a sale goes, in the fields of the step's `account_kind`. Only a token and the
/// last four characters are kept.
#[utoipa::path(post, path = "/v1/embed/account", tag = "Embed", operation_id = "giveAccount",
    request_body = AccountRequestBody,
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn account(
    State(state): State<ServerState>,
    page: PageVisitor,
    JsonObject(body): JsonObject,
) -> Answer {
    let mut fields = Fields::new(body);
    let account = read_account(&mut fields);
    let account = fields.finish(account)?;
    Ok(Json(choose::give_account(state.app(), &page.tenant, &page.session_id, account).await?))
}

/// Say where the tokens that a swap is paid with would go back to.
#[utoipa::path(post, path = "/v1/embed/refund_address", tag = "Embed",
    operation_id = "giveRefundAddress", request_body = WalletBody,
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn refund_address(
    State(state): State<ServerState>,
    page: PageVisitor,
    JsonObject(body): JsonObject,
) -> Answer {
    let typed = read_address(body)?;
    let (app, tenant, session) = (state.app(), &page.tenant, &page.session_id);
    Ok(Json(choose::give_refund_address(app, tenant, session, typed).await?))
}

/// Ask for the address to send the tokens to. Safe to repeat: a sale that is under way goes on.
#[utoipa::path(post, path = "/v1/embed/deposit", tag = "Embed", operation_id = "startDeposit",
    request_body = AcceptQuoteBody,
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn deposit(
    State(state): State<ServerState>,
    page: PageVisitor,
    JsonObject(body): JsonObject,
) -> Answer {
    let mut fields = Fields::new(body);
    let quote_id = quote_id(&mut fields);
    let quote_id = fields.finish(quote_id)?;
    Ok(Json(start_deposit(state.app(), &page.tenant, &page.session_id, quote_id).await?))
}

/// Say no to a new price: the tokens that came too late go back.
#[utoipa::path(post, path = "/v1/embed/quote/decline", tag = "Embed",
    operation_id = "declineQuote",
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn decline(
    State(state): State<ServerState>,
    page: PageVisitor,
    _: NoBody,
) -> Answer {
    Ok(Json(decline_new_price(state.app(), &page.tenant, &page.session_id).await?))
}

/// Let the simulator send tokens. In live mode this does not exist.
#[utoipa::path(post, path = "/v1/embed/simulated_deposit", tag = "Embed",
    operation_id = "simulateDeposit", request_body = Option<SimulatedDepositBody>,
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn simulated_deposit(
    State(state): State<ServerState>,
    page: PageVisitor,
    MaybeObject(body): MaybeObject,
) -> Answer {
    if page.tenant.mode != Mode::Test {
        return Err(ApiError::UnknownRoute);
    }
    let mut fields = Fields::new(body);
    let amount = fields.text_opt("amount", 40);
    fields.finish(Some(()))?;
    let (app, tenant, session) = (state.app(), &page.tenant, &page.session_id);
    let simulated = Simulated { amount, ..Simulated::default() };
    simulate_deposit(app, tenant, session, simulated).await?;
    Ok(Json(journeys::find_journey(app, tenant, session).await?))
}
