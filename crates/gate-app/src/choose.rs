//! What the user chooses before paying: the asset at a price, and where the tokens go.

use gate_domain::catalogue::{Charged, Side, Token};
use gate_domain::ids::{QuoteId, SessionId, Tenant};
use gate_domain::money::Asset;
use gate_domain::price::NoPrice;
use gate_domain::quote::{CARD, LOCK_MS, OnLapse, Quote, price};
use gate_domain::session::{BackTo, Event, Session};
use gate_domain::time::Millis;
use gate_domain::wallet::Address;
use gate_rails::PriceSource;
use gate_store::Tx;
use gate_wire::journey::Journey;

use crate::advance::advance_session;
use crate::app::{App, Scope};
use crate::journey::{JourneyError, act, act_on_offer};
use crate::quotes::page_quote;
use crate::screening::{Screened, screen_given};

/// A price that is younger than this is not made again: 3 s.
const QUOTE_FRESH_MS: i64 = 3_000;

/// Put a fresh price on the table. A price that the user has accepted and that still holds stays.
pub async fn request_quote(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    token: String,
    network: String,
) -> Result<Journey, JourneyError> {
    let prices = app.rails(tenant.mode).ok_or(JourneyError::NotEnabled)?.prices.clone();
    act_on_offer(app, tenant, session, move |tx, scope, session, tokens| {
        let offered = offered_quote(tx, &session)?;
        let accepted = session.choice().is_some_and(|choice| choice.accepted);
        let holds = |quote: &Quote| !quote.lapsed(scope.now) && is_on_offer(quote, tokens);
        if accepted && offered.as_ref().is_some_and(holds) {
            return Ok(());
        }
        let asset = asset_on_offer(tokens, &token, &network)?;
        // The price that the partner has locked is the one to offer, for as long as it holds.
        let locked = page_quote(tx, &session, scope.now)?;
        if let Some(locked) = locked.filter(|locked| locked.crypto.asset == asset) {
            if offered.is_none_or(|quote| quote.id != locked.id) {
                advance_session(tx, scope, session, &Event::QuoteGiven(locked.id))?;
            }
            return Ok(());
        }
        if offered.is_some_and(|quote| is_fresh(&quote, &asset, scope.now)) {
            return Ok(());
        }
        let quote = make_quote(scope, &session, &asset, &*prices)?;
        tx.insert_quote(&session.tenant, &quote)?;
        advance_session(tx, scope, session, &Event::QuoteGiven(quote.id))?;
        Ok(())
    })
    .await
}

/// Say yes to the price on the table.
pub async fn accept_quote(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    quote_id: QuoteId,
) -> Result<Journey, JourneyError> {
    act_on_offer(app, tenant, session, move |tx, scope, session, tokens| {
        let quote = tx.find_quote(&session.tenant, &quote_id)?;
        if quote.as_ref().is_some_and(|quote| !is_on_offer(quote, tokens)) {
            return Ok(());
        }
        if quote.is_some_and(|quote| is_offered_to(&quote, &session) && quote.lapsed(scope.now)) {
            return Err(JourneyError::QuoteExpired);
        }
        advance_session(tx, scope, session, &Event::QuoteAccepted(quote_id.clone()))?;
        Ok(())
    })
    .await
}

/// Say where the tokens go.
pub async fn give_address(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    address: Address,
) -> Result<Journey, JourneyError> {
    if screen_given(app, tenant, session, address.as_str()).await? == Screened::Held {
        return Err(JourneyError::AddressHeld);
    }
    let event = Event::AddressGiven(address);
    act_on_offer(app, tenant, session, move |tx, scope, session, tokens| {
        let quote = offered_quote(tx, &session)?;
        if quote.is_none_or(|quote| is_on_offer(&quote, tokens)) {
            advance_session(tx, scope, session, &event)?;
        }
        Ok(())
    })
    .await
}

/// Change an earlier answer.
pub async fn step_back(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    to: BackTo,
) -> Result<Journey, JourneyError> {
    advance(app, tenant, session, Event::SteppedBack(to)).await
}

/// Try again after a failure.
pub async fn retry(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
) -> Result<Journey, JourneyError> {
    advance(app, tenant, session, Event::RetryRequested).await
}

/// Give up.
pub async fn give_up(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
) -> Result<Journey, JourneyError> {
    advance(app, tenant, session, Event::CancelRequested).await
}

async fn advance(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    event: Event,
) -> Result<Journey, JourneyError> {
    act(app, tenant, session, move |tx, scope, session| {
        advance_session(tx, scope, session, &event)?;
        Ok(())
    })
    .await
}

fn offered_quote(tx: &mut Tx, session: &Session) -> Result<Option<Quote>, JourneyError> {
    match session.choice().and_then(|choice| choice.quote.as_ref()) {
        Some(quote) => Ok(tx.find_quote(&session.tenant, quote)?),
        None => Ok(None),
    }
}

/// Whether a quote was made for this session, or is one that a partner locked.
fn is_offered_to(quote: &Quote, session: &Session) -> bool {
    quote.session_id.as_ref().is_none_or(|made_for| *made_for == session.id)
}

/// Asking again and again within a moment makes no new rows.
fn is_fresh(quote: &Quote, asset: &Asset, now: Millis) -> bool {
    let young = now < quote.created_at.plus_ms(QUOTE_FRESH_MS);
    quote.crypto.asset == *asset && young && !quote.lapsed(now)
}

/// Whether what a price was made for can still be bought.
pub(crate) fn is_on_offer(quote: &Quote, tokens: &[Token]) -> bool {
    tokens.iter().any(|token| token.is(&quote.crypto.asset))
}

fn asset_on_offer(tokens: &[Token], symbol: &str, network: &str) -> Result<Asset, JourneyError> {
    let mut wanted = tokens.iter().filter(|token| {
        token.symbol.eq_ignore_ascii_case(symbol) && token.network.eq_ignore_ascii_case(network)
    });
    wanted.next().map(Token::asset).ok_or(JourneyError::AssetNotAvailable)
}

/// A price for what the session buys, good for two minutes.
pub(crate) fn make_quote(
    scope: &Scope<'_>,
    session: &Session,
    asset: &Asset,
    prices: &dyn PriceSource,
) -> Result<Quote, JourneyError> {
    let charge = &session.terms.amount;
    let market = prices.price(asset, &charge.asset, scope.now)?;
    let fees = scope.offer(&session.tenant).fees(&Charged {
        currency: &charge.asset.code,
        method: CARD,
        country: None,
        asset: &asset.code,
        network: asset.network.as_deref(),
    });
    let numbers = price(charge, asset, market.rate, fees);
    let numbers = numbers.map_err(|_| NoPrice::Amount)?;
    Ok(Quote {
        id: QuoteId::new(session.tenant.mode, scope.seed()),
        session_id: Some(session.id.clone()),
        side: Side::OnRamp,
        payment_method: CARD.into(),
        fiat: numbers.fiat,
        crypto: numbers.crypto,
        rate: market.rate,
        fees: numbers.fees,
        source: market.source,
        priced_at: Some(market.at).filter(|at| *at != scope.now),
        on_lapse: OnLapse::default(),
        created_at: scope.now,
        expires_at: scope.now.plus_ms(LOCK_MS),
    })
}
