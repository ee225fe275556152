//! `/v1/embed/...`: bootstrap, and the runtime of the hosted pages. Partners may draw their own
//! pages on it.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use gate_app::bootstrap::{Bootstrap, Bootstrapped};
use gate_app::keys::origin_of;
use gate_app::pay::TypedCard;
use gate_app::{choose, journey as journeys, pay as payments};
use gate_domain::ids::QuoteId;
use gate_domain::rail::ChallengeCode;
use gate_domain::session::BackTo;
use gate_store::KeyKind;
use gate_wire::ErrorBody;
use gate_wire::embed::{
    AcceptQuoteBody, BackBody, BootstrapBody, BootstrappedBody, CardBody, ChallengeBody, PayBody,
    QuoteRequestBody, RefreshedBody, WalletBody,
};
use gate_wire::instant::to_rfc3339;
use gate_wire::journey::Journey;
use gate_wire::session::SessionBody;

use serde_json::{Map, Value};

use super::ServerState;
use super::identity::six_digits;
use crate::auth::{PageVisitor, TokenHolder, authenticate, bearer};
use crate::body::{JsonObject, NoBody};
use crate::edge;
use crate::error::ApiError;
use crate::exposed::{PUBLISHABLE_KEY, Place, Secret, find_secret};
use crate::fields::Fields;

pub(super) type Answer = Result<Json<Journey>, ApiError>;

/// Exchange a publishable key, an allowed origin and a client secret for an embed token.
#[utoipa::path(post, path = "/v1/embed/bootstrap", tag = "Embed",
    operation_id = "createEmbedToken", request_body = BootstrapBody,
    responses((status = 200, body = BootstrappedBody), (status = "default", body = ErrorBody)))]
pub(super) async fn bootstrap(
    State(state): State<ServerState>,
    headers: HeaderMap,
    JsonObject(body): JsonObject,
) -> Result<Json<BootstrappedBody>, ApiError> {
    let mut fields = Fields::new(body);
    let client_secret = fields.text_opt("clientSecret", 200);
    let requested_scopes = fields.texts_opt("requested_scopes");
    let key_in_body = fields.text_opt("publishable_key", 200);
    fields.finish(Some(()))?;
    if key_in_body.as_deref().is_some_and(|key| find_secret(key).is_some()) {
        return Err(ApiError::SecretExposed(Secret::ApiKey, Place::Browser));
    }
    let key_in_header = headers.get(PUBLISHABLE_KEY).and_then(|value| value.to_str().ok());
    let key = bearer(&headers).or(key_in_header).or(key_in_body.as_deref());
    let key = key.ok_or(ApiError::NoKey)?;
    let tenant = authenticate(&state, key, KeyKind::Publishable).await?.tenant.clone();
    let (origin, seen_in) = (origin(&headers), edge::country(&headers));
    let ask = Bootstrap { tenant, origin, client_secret, requested_scopes, seen_in };
    let opened = gate_app::bootstrap::bootstrap(state.app(), ask.clone()).await?;
    Ok(Json(bootstrapped(&ask, opened)))
}

/// The origin that a browser states; some old ones state the whole page only.
fn origin(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match text(header::ORIGIN) {
        Some(origin) => Some(origin.to_owned()),
        None => text(header::REFERER).and_then(origin_of),
    }
}

fn bootstrapped(ask: &Bootstrap, opened: Bootstrapped) -> BootstrappedBody {
    let session = opened.session.as_ref().map(SessionBody::from);
    BootstrappedBody {
        embed_token: opened.token.token,
        expires_at: to_rfc3339(opened.token.expires_at),
        partner_id: ask.tenant.partner.to_string(),
        mode: ask.tenant.mode.to_string(),
        session_id: session.as_ref().map(|session| session.id.clone()),
        amount: session.as_ref().map(|session| session.amount.clone()),
        currency: session.as_ref().map(|session| session.currency.clone()),
        target_token: session.as_ref().and_then(|session| session.target_token.clone()),
        target_network: session.as_ref().and_then(|session| session.target_network.clone()),
        return_url: session.as_ref().map(|session| session.return_url.clone()),
        flow: session.as_ref().and_then(|session| session.flow.clone()),
        branding: (&opened.branding).into(),
    }
}

/// A fresh token for a page whose token is about to end.
#[utoipa::path(post, path = "/v1/embed/refresh", tag = "Embed", operation_id = "refreshEmbedToken",
    responses((status = 200, body = RefreshedBody), (status = "default", body = ErrorBody)))]
pub(super) async fn refresh(
    State(state): State<ServerState>,
    TokenHolder(visitor): TokenHolder,
    _: NoBody,
) -> Result<Json<RefreshedBody>, ApiError> {
    let token = gate_app::bootstrap::refresh(state.app(), &visitor).await?;
    let expires_at = to_rfc3339(token.expires_at);
    Ok(Json(RefreshedBody { embed_token: token.token, expires_at }))
}

/// What the page shows now.
#[utoipa::path(get, path = "/v1/embed/journey", tag = "Embed", operation_id = "retrieveJourney",
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn journey(State(state): State<ServerState>, page: PageVisitor) -> Answer {
    let journey = journeys::open_journey(state.app(), &page.tenant, &page.session_id).await?;
    Ok(Json(journey))
}

/// Put a fresh price on the table.
#[utoipa::path(post, path = "/v1/embed/quote", tag = "Embed", operation_id = "requestQuote",
    request_body = QuoteRequestBody,
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn quote(
    State(state): State<ServerState>,
    page: PageVisitor,
    JsonObject(body): JsonObject,
) -> Answer {
    let mut fields = Fields::new(body);
    let token = fields.text("target_token", 12);
    let network = fields.text("target_network", 40);
    let from = choose::PaidWith {
        token: fields.text_opt("from_token", 12),
        network: fields.text_opt("from_network", 40),
    };
    let payout = fields.text_opt("payout_method", 64);
    let token = fields.finish(token.zip(network))?;
    let app = state.app();
    let wanted = choose::Wanted { token, from, payout };
    Ok(Json(choose::request_quote(app, &page.tenant, &page.session_id, wanted).await?))
}

/// Say yes to the price on the table.
#[utoipa::path(post, path = "/v1/embed/quote/accept", tag = "Embed", operation_id = "acceptQuote",
    request_body = AcceptQuoteBody,
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn accept_quote(
    State(state): State<ServerState>,
    page: PageVisitor,
    JsonObject(body): JsonObject,
) -> Answer {
    let mut fields = Fields::new(body);
    let quote_id = quote_id(&mut fields);
    let quote_id = fields.finish(quote_id)?;
    Ok(Json(choose::accept_quote(state.app(), &page.tenant, &page.session_id, quote_id).await?))
}

/// Say where the tokens go.
#[utoipa::path(post, path = "/v1/embed/wallet", tag = "Embed", operation_id = "giveWallet",
    request_body = WalletBody,
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn wallet(
    State(state): State<ServerState>,
    page: PageVisitor,
    JsonObject(body): JsonObject,
) -> Answer {
    let typed = read_address(body)?;
    Ok(Json(choose::give_address(state.app(), &page.tenant, &page.session_id, typed).await?))
}

/// An address as typed, with what is said of its memo.
pub(super) fn read_address(body: Map<String, Value>) -> Result<choose::TypedAddress, ApiError> {
    let mut fields = Fields::new(body);
    let address = fields.text("address", 100);
    let memo = fields.text_opt("memo", 100);
    let memo_is_text = fields.boolean_opt("memo_is_text").unwrap_or(false);
    let without_memo = fields.boolean_opt("without_memo").unwrap_or(false);
    let address = fields.finish(address)?;
    Ok(choose::TypedAddress { address, memo, memo_is_text, without_memo })
}

/// Change an earlier answer.
#[utoipa::path(post, path = "/v1/embed/back", tag = "Embed", operation_id = "stepBack",
    request_body = BackBody,
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn back(
    State(state): State<ServerState>,
    page: PageVisitor,
    JsonObject(body): JsonObject,
) -> Answer {
    let mut fields = Fields::new(body);
    let to = match fields.text("to", 20).as_deref() {
        Some("amount") => Some(BackTo::Amount),
        Some("wallet") => Some(BackTo::Wallet),
        Some("account") => Some(BackTo::Account),
        Some("refund_address") => Some(BackTo::RefundAddress),
        Some(_) => {
            let message = "to must be amount, wallet, account or refund_address.";
            fields.problem("to", "field_range", message);
            None
        }
        None => None,
    };
    let to = fields.finish(to)?;
    Ok(Json(choose::step_back(state.app(), &page.tenant, &page.session_id, to).await?))
}

/// Pay. Safe to repeat: a payment that is under way goes on.
#[utoipa::path(post, path = "/v1/embed/pay", tag = "Embed", operation_id = "pay",
    request_body = PayBody,
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn pay(
    State(state): State<ServerState>,
    page: PageVisitor,
    JsonObject(body): JsonObject,
) -> Answer {
    let mut fields = Fields::new(body);
    let quote_id = quote_id(&mut fields);
    let card = fields.inside("card", |card| {
        let number = card.text("number", 40);
        let expiry = card.text("expiry", 10);
        let cvc = card.text("cvc", 10);
        Some(CardBody { number: number?, expiry: expiry?, cvc: cvc? })
    });
    let (quote_id, card) = fields.finish(quote_id.zip(card))?;
    let typed = TypedCard { number: &card.number, expiry: &card.expiry, cvc: &card.cvc };
    let app = state.app();
    Ok(Json(payments::pay(app, &page.tenant, &page.session_id, quote_id, typed).await?))
}

/// Answer the bank's second step.
#[utoipa::path(post, path = "/v1/embed/challenge", tag = "Embed", operation_id = "answerChallenge",
    request_body = ChallengeBody,
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn challenge(
    State(state): State<ServerState>,
    page: PageVisitor,
    JsonObject(body): JsonObject,
) -> Answer {
    let mut fields = Fields::new(body);
    let code = six_digits(&mut fields);
    let code = ChallengeCode::new(fields.finish(code)?);
    Ok(Json(payments::answer_challenge(state.app(), &page.tenant, &page.session_id, code).await?))
}

/// Try again after a failure.
#[utoipa::path(post, path = "/v1/embed/retry", tag = "Embed", operation_id = "retryJourney",
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn retry(
    State(state): State<ServerState>,
    page: PageVisitor,
    _: NoBody,
) -> Answer {
    Ok(Json(choose::retry(state.app(), &page.tenant, &page.session_id).await?))
}

/// Give up. A payment that is in flight cannot be given up.
#[utoipa::path(post, path = "/v1/embed/cancel", tag = "Embed", operation_id = "cancelJourney",
    responses((status = 200, body = Journey), (status = "default", body = ErrorBody)))]
pub(super) async fn cancel(
    State(state): State<ServerState>,
    page: PageVisitor,
    _: NoBody,
) -> Answer {
    Ok(Json(choose::give_up(state.app(), &page.tenant, &page.session_id).await?))
}

pub(super) fn quote_id(fields: &mut Fields) -> Option<QuoteId> {
    let text = fields.text("quote_id", 60)?;
    let id = QuoteId::parse(&text).ok();
    if id.is_none() {
        fields.problem("quote_id", "quote_id_invalid", "quote_id must be the id of a quote.");
    }
    id
}
