//! `/v1/quotes` (contract, sections 8.1 to 8.3).

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use gate_app::quotes::{LockQuote, lock_quote, preview_quotes};
use gate_domain::catalogue::Entitlement;
use gate_domain::ids::QuoteId;
use gate_wire::ErrorBody;
use gate_wire::list::ListBody;
use gate_wire::quote::{LockQuoteBody, PreviewQuotesBody, QuotePreviewBody, SignedQuoteBody};

use super::ServerState;
use super::quote_body::{read_lock, read_preview};
use crate::auth::Partner;
use crate::body::JsonObject;
use crate::error::ApiError;
use crate::idempotent::{answer, answered_before, idempotent_request};
use crate::path::Path;

const PATH: &str = "/v1/quotes";
const PREVIEW_PATH: &str = "/v1/quotes/preview";

/// Look at what a payment would come to, by every method that could take it.
///
/// One indicative option per method, in the order of the catalogue; none when no method works for
/// this currency and country. Nothing is locked, signed or kept.
#[utoipa::path(post, path = "/v1/quotes/preview", tag = "Quotes", operation_id = "previewQuotes",
    request_body = PreviewQuotesBody,
    responses(
        (status = 200, body = ListBody<QuotePreviewBody>),
        (status = "default", body = ErrorBody)))]
pub(super) async fn preview(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    JsonObject(body): JsonObject,
) -> Result<Json<ListBody<QuotePreviewBody>>, ApiError> {
    let app = state.app();
    let wanted = read_preview(body, &app.offer(&tenant))?;
    let quotes = preview_quotes(app, &tenant, &wanted)?;
    let options = quotes.iter().map(QuotePreviewBody::new).collect();
    Ok(Json(ListBody::new(PREVIEW_PATH, options, false)))
}

/// Lock a price: signed, and good for one payment until it lapses.
///
/// It is redeemed by a pay-in or pay-out, or by the payment on the hosted page of a session that was
/// created with it as `quote_preview_id`. Needs the entitlement `rails`.
#[utoipa::path(post, path = "/v1/quotes", tag = "Quotes", operation_id = "lockQuote",
    request_body = LockQuoteBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "One per logical attempt.")),
    responses((status = 201, body = SignedQuoteBody), (status = "default", body = ErrorBody)))]
pub(super) async fn lock(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    headers: HeaderMap,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let app = state.app();
    let request = idempotent_request(&tenant, &Method::POST, PATH, &headers, &body)?;
    let offer = app.offer(&tenant);
    offer.entitled(Entitlement::Rails)?;
    let lock = match read_lock(body, &offer) {
        Ok(lock) => lock,
        // What was locked once is answered again, even if it could not be locked any more.
        Err(problem) => return answered_before(app, request, problem).await,
    };
    let command = LockQuote {
        tenant,
        request,
        wanted: lock.wanted,
        payment_method: lock.payment_method,
        lock_s: lock.lock_s,
        on_lapse: lock.on_lapse,
    };
    Ok(answer(lock_quote(app, command).await?, None))
}

/// Read a signed quote. One that has lapsed or was redeemed says so.
#[utoipa::path(get, path = "/v1/quotes/{id}", tag = "Quotes", operation_id = "retrieveSignedQuote",
    params(("id" = String, Path)),
    responses((status = 200, body = SignedQuoteBody), (status = "default", body = ErrorBody)))]
pub(super) async fn retrieve(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
) -> Result<Json<SignedQuoteBody>, ApiError> {
    let app = state.app();
    app.offer(&tenant).entitled(Entitlement::Rails)?;
    let id = QuoteId::parse(&id).map_err(|_| ApiError::NotFound("quote"))?;
    let signed = app.store().read(move |tx| tx.find_signed_quote(&tenant, &id)).await?;
    let signed = signed.ok_or(ApiError::NotFound("quote"))?;
    Ok(Json(SignedQuoteBody::new(&signed, app.now())))
}
