//! A new price for tokens that came after theirs had lapsed: the user says yes or no.

use gate_domain::ids::{QuoteId, SessionId, Tenant};
use gate_domain::price::NoPrice;
use gate_domain::reason::Reason;
use gate_domain::session::{Event, FlightStage, Refused, Session, State};
use gate_domain::transaction::Transaction;
use gate_rails::PriceSource;
use gate_store::{Locked, StoreError, Tx};
use gate_wire::journey::Journey;

use super::receive::{complete, price_now};
use super::{DepositError, end_sale, lock_counted, requote};
use crate::advance::{advance_session, find_agreed_quote};
use crate::app::{App, Scope};
use crate::halt::is_halted;
use crate::journey::{JourneyError, act};
use crate::limits::lock_mover;
use crate::pay::lock_own_transaction;

impl From<DepositError> for JourneyError {
    fn from(error: DepositError) -> Self {
        match error {
            DepositError::NotFound
            | DepositError::NoSale
            | DepositError::Elsewhere
            | DepositError::OtherFamily
            | DepositError::TooEarly { .. }
            | DepositError::Found
            | DepositError::Dismissed => Self::NotFound,
            DepositError::OutOfStep(_) => Self::Refused(Refused::OutOfStep),
            DepositError::Paused => Self::Paused,
            DepositError::Advance(error) => error.into(),
            DepositError::Store(error) => Self::Store(error),
        }
    }
}

/// Whether the user is asked about a new price now.
pub(crate) fn is_asked(session: &Session) -> bool {
    matches!(session.state, State::InFlight { stage: FlightStage::Repricing, .. })
}

/// Put a new price on the table. One that still holds stays.
pub(crate) fn put_new_price(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    prices: &dyn PriceSource,
) -> Result<(), JourneyError> {
    let offered = match session.choice().and_then(|choice| choice.quote.as_ref()) {
        Some(offered) => tx.find_quote(&session.tenant, offered)?,
        None => None,
    };
    if offered.is_some_and(|offered| !offered.lapsed(scope.now)) {
        return Ok(());
    }
    let transaction = lock_own_transaction(tx, &session)?.ok_or(Refused::OutOfStep)?;
    let agreed = find_agreed_quote(tx, &transaction)?;
    let fresh = price_now(scope, &session, &agreed, prices).ok_or(NoPrice::Amount)?;
    tx.insert_quote(&session.tenant, &fresh)?;
    advance_session(tx, scope, session, &Event::QuoteGiven(fresh.id))?;
    Ok(())
}

/// Say yes to the new price: the sale goes on at it. Where the user may not move that much, the tokens
/// go back.
pub(crate) fn accept_new_price(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    quote_id: &QuoteId,
) -> Result<(), JourneyError> {
    if is_halted(tx)? {
        return Err(JourneyError::Paused);
    }
    let (tenant, id) = (session.tenant.clone(), session.id.clone());
    let quote = tx.find_quote(&tenant, quote_id)?;
    let made_for_it = |made_for: &Option<SessionId>| made_for.as_ref() == Some(&id);
    let fresh = quote.filter(|quote| made_for_it(&quote.session_id));
    let fresh = fresh.ok_or(Refused::OtherQuote)?;
    if fresh.lapsed(scope.now) {
        return Err(JourneyError::QuoteExpired);
    }
    let mover = lock_mover(tx, scope, &session)?;
    advance_session(tx, scope, session, &Event::QuoteAccepted(quote_id.clone()))?;
    let (session, transaction) = lock_both(tx, &tenant, &id)?;
    if !mover.recount(tx, scope, &transaction, &fresh)? {
        return Ok(end_sale(tx, scope, session, transaction, Reason::LimitReached)?);
    }
    let transaction = requote(tx, scope, transaction, &fresh)?;
    Ok(go_on(tx, scope, session, transaction)?)
}

/// Go on with tokens that came too late, at the price that the transaction names.
pub(crate) fn go_on(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    transaction: Locked<Transaction>,
) -> Result<(), DepositError> {
    let counted = lock_counted(tx, &transaction)?;
    let transfer = counted.last().map(|deposit| deposit.transfer.clone());
    let transfer = transfer.ok_or_else(|| StoreError::Corrupt {
        table: "deposits",
        id: transaction.id.to_string(),
        why: "tokens that came too late are missing".into(),
    })?;
    complete(tx, scope, session, transaction, &transfer)
}

/// Say no to the new price: the tokens go back.
pub async fn decline_new_price(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
) -> Result<Journey, JourneyError> {
    act(app, tenant, session, |tx, scope, session| {
        if !is_asked(&session) {
            return Err(Refused::OutOfStep.into());
        }
        let transaction = lock_own_transaction(tx, &session)?.ok_or(Refused::OutOfStep)?;
        Ok(end_sale(tx, scope, session, transaction, Reason::NewPriceDeclined)?)
    })
    .await
}

fn lock_both(
    tx: &mut Tx,
    tenant: &Tenant,
    id: &SessionId,
) -> Result<(Locked<Session>, Locked<Transaction>), JourneyError> {
    let session = tx.lock_session(tenant, id)?.ok_or(JourneyError::NotFound)?;
    let transaction = lock_own_transaction(tx, &session)?.ok_or(Refused::OutOfStep)?;
    Ok((session, transaction))
}
