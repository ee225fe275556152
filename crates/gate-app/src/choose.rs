//! What the user chooses before paying: the asset at a price, and where the tokens go.

use gate_domain::bank::{Account, AccountKind};
use gate_domain::catalogue::{Charged, Side, Token};
use gate_domain::destination::{
    Destination, DestinationError, Family, TypedMemo, recognise_or_why,
};
use gate_domain::hosted::{Choices, Payout};
use gate_domain::ids::{QuoteId, SessionId, Tenant};
use gate_domain::money::Asset;
use gate_domain::price::NoPrice;
use gate_domain::quote::{LOCK_MAX_S, LOCK_MS, OnLapse, Quote, price, price_payout, price_swap};
use gate_domain::rail::PayoutAccount;
use gate_domain::session::{BackTo, Event, Flow, Refused, Session};
use gate_domain::time::Millis;
use gate_rails::PriceSource;
use gate_store::{Locked, StoreError, Tx};
use gate_wire::journey::Journey;

use crate::advance::advance_session;
use crate::app::{App, Scope};
use crate::deposits::{accept_new_price, is_asked, is_our_own, put_new_price};
use crate::journey::{JourneyError, act, act_on_offer};
use crate::quotes::page_quote;
use crate::screening::screen_given;

/// A price that is younger than this is not made again: 3 s.
const QUOTE_FRESH_MS: i64 = 3_000;

/// Choose what to do where the partner leaves that open.
pub async fn choose_flow(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    flow: Flow,
) -> Result<Journey, JourneyError> {
    advance(app, tenant, session, Event::FlowChosen(flow)).await
}

/// Tokens that a user wants a price for, by symbol and network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What they buy or sell, or get for a swap.
    pub token: (String, String),
    /// What they pay for a swap with.
    pub from: PaidWith,
    /// How they want to be paid out for a sale, as far as they say.
    pub payout: Option<String>,
}

/// What a user wants to pay for a swap with, as far as they say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaidWith {
    /// The symbol.
    pub token: Option<String>,
    /// The network.
    pub network: Option<String>,
}

impl Wanted {
    /// A price of one token.
    pub fn of(token: &str, network: &str) -> Self {
        let token = (token.to_owned(), network.to_owned());
        Self { token, from: PaidWith::default(), payout: None }
    }
}

/// Put a fresh price on the table. A price that the user has accepted and that still holds stays.
pub async fn request_quote(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    wanted: Wanted,
) -> Result<Journey, JourneyError> {
    let prices = app.rails(tenant.mode).ok_or(JourneyError::NotEnabled)?.prices.clone();
    act_on_offer(app, tenant, session, move |tx, scope, session, choices| {
        if is_asked(&session) {
            return put_new_price(tx, scope, session, &*prices);
        }
        let offered = offered_quote(tx, &session)?;
        let accepted = session.choice().is_some_and(|choice| choice.accepted);
        let holds = |quote: &Quote| !quote.lapsed(scope.now) && choices.hold(quote);
        if accepted && offered.as_ref().is_some_and(holds) {
            return Ok(());
        }
        let asset = asset_on_offer(&choices.tokens, &wanted.token)?;
        let from = paid_with(choices, &asset, &wanted.from)?;
        let method = choices.method_for(wanted.payout.as_deref());
        let method = method.map_err(JourneyError::Unavailable)?;
        // The price that the partner has locked is the one to offer, for as long as it holds.
        let locked = page_quote(tx, &session, scope.now)?;
        let as_wanted = |locked: &Quote| wanted.payout.is_none() || locked.payment_method == method;
        let fits = |locked: &Quote| {
            locked.crypto.asset == asset && choices.take(locked) && as_wanted(locked)
        };
        if let Some(locked) = locked.filter(fits).filter(|_| from.is_none()) {
            if offered.is_none_or(|quote| quote.id != locked.id) {
                advance_session(tx, scope, session, &Event::QuoteGiven(locked.id))?;
            }
            return Ok(());
        }
        let wanted = QuoteWanted { method, asset: &asset, from: from.as_ref() };
        if let Some(quote) = offered
            && wanted.is_met_by(&quote, scope.now)
            && tx.shifted_since(&session.tenant, &session.id, quote.created_at)? < QUOTE_FRESH_MS
        {
            return Ok(());
        }
        let quote = make_quote(scope, &session, choices.side, &wanted, &*prices)?;
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
    act_on_offer(app, tenant, session, move |tx, scope, session, choices| {
        if is_asked(&session) {
            return accept_new_price(tx, scope, session, &quote_id);
        }
        let quote = tx.find_quote(&session.tenant, &quote_id)?;
        if quote.as_ref().is_some_and(|quote| !choices.hold(quote)) {
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

/// Say where the money of a sale goes: to what its way of being paid out asks for, in a country where
/// that works.
pub async fn give_account(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    account: Account,
) -> Result<Journey, JourneyError> {
    let rails = app.rails(tenant.mode).ok_or(JourneyError::NotEnabled)?;
    let fitting = match asked_for(app, tenant, session).await? {
        Some(kind) => account.as_kind(kind),
        None => Some(account),
    };
    // The provider is asked before the transaction, which waits for nobody.
    let account = fitting.map(|account| rails.accounts.tokenise(&account, app.now()));
    let account = account.transpose()?;
    act_on_offer(app, tenant, session, move |tx, scope, session, choices| {
        let quote = offered_quote(tx, &session)?.filter(|quote| quote.side == Side::OffRamp);
        let quote = quote.filter(|_| choices.side == Side::OffRamp).ok_or(Refused::OutOfStep)?;
        let Some(payout) = choices.payout_of(&quote) else { return Ok(()) };
        let account = account.clone().filter(|account| account.kind == payout.account);
        let account = account.ok_or_else(|| JourneyError::Unavailable(payout.other_account()))?;
        check_country(scope, &session, payout, &account)?;
        give(tx, scope, session, choices, &Event::AccountGiven(account))
    })
    .await
}

/// Refuse an account in a country that is closed, or that the method does not pay out to.
pub(crate) fn check_country(
    scope: &Scope<'_>,
    session: &Session,
    payout: &Payout,
    account: &PayoutAccount,
) -> Result<(), JourneyError> {
    let (offer, currency) = (scope.offer(&session.tenant), &session.terms.amount.asset.code);
    payout.check_country(account, currency, &offer).map_err(JourneyError::Unavailable)
}

/// The kind of account that the price on the table is paid out to, as far as there is one.
async fn asked_for(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
) -> Result<Option<AccountKind>, JourneyError> {
    let (owner, id) = (tenant.clone(), session.clone());
    let read = app.store().read(move |tx| {
        let session = tx.find_session(&owner, &id)?;
        let choice = session.as_ref().and_then(Session::choice);
        let quote = choice.and_then(|choice| choice.quote.as_ref());
        quote.map_or(Ok(None), |quote| tx.find_quote(&owner, quote))
    });
    let quote: Result<Option<Quote>, StoreError> = read.await;
    let catalogue = app.catalogue();
    let account = |quote: Quote| catalogue.method(Side::OffRamp, &quote.payment_method)?.account;
    Ok(quote?.and_then(account))
}

/// An address as a user types it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedAddress {
    /// The address.
    pub address: String,
    /// The memo that belongs to it.
    pub memo: Option<String>,
    /// They say that it is a text, though it may consist of digits.
    pub memo_is_text: bool,
    /// They say that it needs none.
    pub without_memo: bool,
}

impl TypedAddress {
    /// An address, and nothing said of a memo.
    pub fn of(address: &str) -> Self {
        Self { address: address.to_owned(), ..Self::default() }
    }

    fn read(&self, family: Family) -> Result<Destination, DestinationError> {
        let memo = TypedMemo {
            memo: self.memo.as_deref(),
            is_text: self.memo_is_text,
            needed: !self.without_memo,
        };
        Destination::parse(family, &self.address, memo)
    }
}

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// What the user gets; for a sale, what would go back.
    Wallet,
    /// What would go back of a swap.
    Refund,
}

impl Purpose {
    /// What goes there.
    fn asset(self, quote: &Quote) -> &Asset {
        match self {
            Self::Wallet => &quote.crypto.asset,
            Self::Refund => &quote.taken().asset,
        }
    }

    fn given(self, address: Destination) -> Event {
        match self {
            Self::Wallet => Event::AddressGiven(address),
            Self::Refund => Event::BackToGiven(address),
        }
    }
}

/// Say where the tokens go; for a sale, where they would go back to.
pub async fn give_address(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    typed: TypedAddress,
) -> Result<Journey, JourneyError> {
    give_screened(app, tenant, session, typed, Purpose::Wallet).await
}

/// Say where the tokens that a swap is paid with would go back to.
pub async fn give_refund_address(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    typed: TypedAddress,
) -> Result<Journey, JourneyError> {
    give_screened(app, tenant, session, typed, Purpose::Refund).await
}

async fn give_screened(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    typed: TypedAddress,
    purpose: Purpose,
) -> Result<Journey, JourneyError> {
    let family = match find_family(app, tenant, session, purpose).await? {
        Some(family) => family,
        // No price is on the table: the session answers that by itself.
        None => recognise_or_why(&typed.address)?,
    };
    let address = typed.read(family)?;
    address.refuse_loss(app.catalogue())?;
    if let Some(held) = screen_given(app, tenant, session, &address.account()).await? {
        return Err(JourneyError::AddressHeld(held));
    }
    let event = purpose.given(address.clone());
    act_on_offer(app, tenant, session, move |tx, scope, session, choices| {
        if purpose == Purpose::Refund && choices.from.is_empty() {
            return Err(Refused::OutOfStep.into());
        }
        if is_our_own(tx, scope, session.tenant.mode, &address)? {
            return Err(DestinationError::OurOwn.into());
        }
        // Another tab may have chosen another network meanwhile.
        let quote = offered_quote(tx, &session)?;
        let wanted = quote.and_then(|quote| scope.catalogue().family(purpose.asset(&quote)));
        if wanted.is_some_and(|wanted| wanted != address.family) {
            return Err(Refused::OutOfStep.into());
        }
        give(tx, scope, session, choices, &event)
    })
    .await
}

/// Whose kind of address the price on the table asks for.
async fn find_family(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    purpose: Purpose,
) -> Result<Option<Family>, JourneyError> {
    let (tenant, id) = (tenant.clone(), session.clone());
    let find = move |tx: &mut Tx| {
        let session = tx.find_session(&tenant, &id)?.ok_or(JourneyError::NotFound)?;
        offered_quote(tx, &session)
    };
    let quote = app.store().read(find).await?;
    Ok(quote.and_then(|quote| app.catalogue().family(purpose.asset(&quote))))
}

/// Take an answer, while what the price on the table is for can still be had.
fn give(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    choices: &Choices,
    event: &Event,
) -> Result<(), JourneyError> {
    let quote = offered_quote(tx, &session)?;
    if quote.is_none_or(|quote| choices.hold(&quote)) {
        advance_session(tx, scope, session, event)?;
    }
    Ok(())
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

/// What a price is made for.
pub(crate) struct QuoteWanted<'a> {
    /// By which the user pays, or is paid.
    pub(crate) method: &'a str,
    /// What they buy or sell, or get for a swap.
    pub(crate) asset: &'a Asset,
    /// What they pay for a swap with.
    pub(crate) from: Option<&'a Asset>,
}

impl QuoteWanted<'_> {
    /// Asking again and again within a moment makes no new rows.
    fn is_met_by(&self, quote: &Quote, now: Millis) -> bool {
        let young = now < quote.created_at.plus_ms(QUOTE_FRESH_MS);
        let from = quote.paid_in.as_ref().map(|paid| &paid.amount.asset);
        quote.crypto.asset == *self.asset
            && from == self.from
            && quote.payment_method == self.method
            && young
            && !quote.lapsed(now)
    }
}

/// What a swap is paid with: what was asked for, and where that leaves a choice, the first that is not
/// what it brings.
pub(crate) fn paid_with(
    choices: &Choices,
    asset: &Asset,
    wanted: &PaidWith,
) -> Result<Option<Asset>, JourneyError> {
    if choices.from.is_empty() {
        return Ok(None);
    }
    let fits = |wanted: &Option<String>, word: &str| {
        wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(word))
    };
    let mut fitting = choices.from.iter().filter(|token| {
        fits(&wanted.token, &token.symbol)
            && fits(&wanted.network, &token.network)
            && token.asset() != *asset
    });
    fitting.next().map(Token::asset).map(Some).ok_or(JourneyError::AssetNotAvailable)
}

fn asset_on_offer(
    tokens: &[Token],
    (symbol, network): &(String, String),
) -> Result<Asset, JourneyError> {
    let mut wanted = tokens.iter().filter(|token| {
        token.symbol.eq_ignore_ascii_case(symbol) && token.network.eq_ignore_ascii_case(network)
    });
    wanted.next().map(Token::asset).ok_or(JourneyError::AssetNotAvailable)
}

/// A price for what the session buys, good for two minutes; or for what it sells or swaps, good for
/// twenty, since wallets and networks take their time.
pub(crate) fn make_quote(
    scope: &Scope<'_>,
    session: &Session,
    side: Side,
    &QuoteWanted { method, asset, from }: &QuoteWanted<'_>,
    prices: &dyn PriceSource,
) -> Result<Quote, JourneyError> {
    let amount = &session.terms.amount;
    let market = prices.price(asset, &amount.asset, scope.now)?;
    let fees = scope.offer(&session.tenant).fees(&Charged {
        currency: &amount.asset.code,
        method,
        country: None,
        asset: &asset.code,
        network: asset.network.as_deref(),
    });
    let (mut paid_in, mut lock_ms) = (None, LOCK_MAX_S * 1000);
    let numbers = match (side, from) {
        (Side::OnRamp, None) => {
            lock_ms = LOCK_MS;
            price(amount, asset, market.rate, fees)
        }
        (Side::OffRamp, _) => price_payout(amount, asset, market.rate, fees),
        (Side::OnRamp, Some(from)) => {
            let given = prices.price(from, &amount.asset, scope.now)?.rate;
            let swap = price_swap(amount, (from, given), (asset, market.rate), fees);
            swap.map(|(paid, numbers)| {
                paid_in = Some(paid);
                numbers
            })
        }
    };
    let numbers = numbers.map_err(|_| NoPrice::Amount)?;
    Ok(Quote {
        id: QuoteId::new(session.tenant.mode, scope.seed()),
        session_id: Some(session.id.clone()),
        side,
        payment_method: method.into(),
        fiat: numbers.fiat,
        crypto: numbers.crypto,
        paid_in,
        rate: market.rate,
        fees: numbers.fees,
        source: market.source,
        priced_at: Some(market.at).filter(|at| *at != scope.now),
        on_lapse: OnLapse::default(),
        created_at: scope.now,
        expires_at: scope.now.plus_ms(lock_ms),
    })
}
