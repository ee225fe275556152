//! Lock a price: write it down, signed, for one payment to redeem in time.

use std::sync::Arc;

use gate_domain::catalogue::Entitlement;
use gate_domain::ids::{QuoteId, Tenant};
use gate_domain::quote::{OnLapse, Quote};
use gate_domain::signed_quote::SignedQuote;
use gate_rails::PriceSource;
use gate_store::{IdempotentRequest, Tx};
use gate_wire::quote::SignedQuoteBody;

use super::consume::signature_of;
use super::price::{PriceError, PriceWanted};
use crate::app::{App, Scope};
use crate::idempotency::{Answered, answer_with, answered_before};

/// A request to lock a price.
#[derive(Clone, Debug)]
pub struct LockQuote {
    /// Whose.
    pub tenant: Tenant,
    /// The key that makes it safe to repeat, if one was sent.
    pub request: Option<IdempotentRequest>,
    /// Of what.
    pub wanted: PriceWanted,
    /// The method that the price is for.
    pub payment_method: String,
    /// How long it holds, in seconds.
    pub lock_s: i64,
    /// What becomes of money that arrives too late.
    pub on_lapse: OnLapse,
}

/// Lock a price, or answer what the same key answered before.
pub async fn lock_quote(app: &App, command: LockQuote) -> Result<Answered, PriceError> {
    let rails = app.rails(command.tenant.mode).ok_or(PriceError::NotEnabled)?;
    let prices = rails.prices.clone();
    app.write(move |tx, scope| lock(tx, scope, &command, &prices)).await
}

fn lock(
    tx: &mut Tx,
    scope: &Scope<'_>,
    command: &LockQuote,
    prices: &Arc<dyn PriceSource>,
) -> Result<Answered, PriceError> {
    if let Some(request) = &command.request
        && let Some(answered) = answered_before::<PriceError>(tx, request)?
    {
        return Ok(answered);
    }
    let (tenant, wanted) = (&command.tenant, &command.wanted);
    let offer = scope.offer(tenant);
    offer.entitled(Entitlement::Rails)?;
    let country = wanted.country.as_deref();
    let method = offer.method(
        wanted.side,
        &command.payment_method,
        Some(wanted.currency.code.as_str()),
        country,
    )?;
    let market = wanted.market(&**prices, scope.now)?;
    wanted.check_limits(&offer, &market, Some(&method.id))?;
    let id = QuoteId::new(tenant.mode, scope.seed());
    let quote = Quote {
        on_lapse: command.on_lapse,
        expires_at: scope.now.plus_seconds(command.lock_s),
        ..wanted.quote(id, &offer, &market, &method.id, scope.now)?
    };
    let signature = signature_of(scope.vault, tenant, &quote);
    tx.insert_signed_quote(tenant, &quote, &signature)?;
    let lapses_at = quote.expires_at;
    let signed =
        SignedQuote { tenant: tenant.clone(), quote, signature, lapses_at, consumed: None };
    let body = SignedQuoteBody::new(&signed, scope.now);
    Ok(answer_with(tx, scope, command.request.as_ref(), 201, &body)?)
}
