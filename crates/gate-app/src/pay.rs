//! Pay: from the accepted price to a charge that is written down, and the second step if the bank
//! wants one.

use gate_domain::destination::Destination;
use gate_domain::ids::{QuoteId, SessionId, Tenant, TransactionId};
use gate_domain::money::Asset;
use gate_domain::rail::{Card, ChallengeCode, Means};
use gate_domain::session::{Choice, Event, Flow, Refused, Session, Stage, State};
use gate_domain::transaction::{self, PaymentStep, Transaction};
use gate_store::{Locked, StoreError, Tx};
use gate_wire::journey::Journey;

use crate::advance::{advance_session_with, advance_transaction, begin_transaction};
use crate::app::{App, Scope};
use crate::journey::{JourneyError, act, act_on_offer};
use crate::limits::{Admitted, admit};
use crate::quotes::{announce_consumed, redeem_on_page};
use crate::screening::screen_chosen;

/// How long the second step may take, from the charge on: 10 min.
const CHALLENGE_MS: i64 = 10 * 60_000;

/// A card as typed. It lives until the provider has turned it into a token.
pub struct TypedCard<'a> {
    /// The number.
    pub number: &'a str,
    /// `MM/YY`.
    pub expiry: &'a str,
    /// Three or four digits.
    pub cvc: &'a str,
}

/// Charge a card for the accepted price. Safe to repeat: a payment that is under way goes on. Where the
/// user has to show who they are first, or may not move that much, nothing is paid: the journey that is
/// answered says so.
pub async fn pay(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    quote_id: QuoteId,
    card: TypedCard<'_>,
) -> Result<Journey, JourneyError> {
    let rails = app.rails(tenant.mode).ok_or(JourneyError::NotEnabled)?;
    let card = rails.cards.tokenise(card.number, card.expiry, card.cvc, app.now())?;
    if let Some(held) = screen_chosen(app, tenant, session).await? {
        return Err(JourneyError::AddressHeld(held));
    }
    act_on_offer(app, tenant, session, move |tx, scope, session, choices| {
        if payment_under_way(&session) {
            return Ok(());
        }
        let quote = tx.find_quote(&session.tenant, &quote_id)?;
        if quote.is_some_and(|quote| !choices.hold(&quote)) {
            return Ok(());
        }
        let Some(admitted) = admit(tx, scope, &session)? else { return Ok(()) };
        start_payment(tx, scope, session, &quote_id, &card, admitted)
    })
    .await
}

/// Whether a payment, or a sale, is under way or made: then a click more changes nothing.
pub(crate) fn payment_under_way(session: &Session) -> bool {
    match &session.state {
        State::Open { stage, .. } => {
            matches!(stage, Stage::AwaitingPayment | Stage::AwaitingDeposit)
        }
        State::InFlight { .. } | State::Completed => true,
        State::Expired | State::Cancelled => false,
    }
}

/// Write down the transaction and its charge. From here on money may be moving.
pub(crate) fn start_payment(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    quote_id: &QuoteId,
    card: &Card,
    admitted: Admitted,
) -> Result<(), JourneyError> {
    let address = chosen(&session, quote_id)?.address.clone();
    let attempt = Attempt {
        id: TransactionId::new(session.tenant.mode, scope.seed()),
        address: Some(address.ok_or(Refused::OutOfStep)?),
        means: Means::Card(card.clone()),
        step: PaymentStep::Authorising,
        started: Event::PaymentStarted,
    };
    write_down(tx, scope, session, quote_id, attempt, admitted)
}

/// What is particular to one way of taking in what the user gives.
pub(crate) struct Attempt {
    /// Its id.
    pub(crate) id: TransactionId,
    /// Where the tokens of a buy go.
    pub(crate) address: Option<Destination>,
    /// How it is taken in.
    pub(crate) means: Means,
    /// What happens first.
    pub(crate) step: PaymentStep,
    /// What that means for the session.
    pub(crate) started: Event,
}

/// What the user has chosen, if the price that they act on is the one on the table.
pub(crate) fn chosen<'a>(
    session: &'a Session,
    quote_id: &QuoteId,
) -> Result<&'a Choice, JourneyError> {
    let choice = session.choice().ok_or(Refused::Ended)?;
    if choice.quote.as_ref() == Some(quote_id) {
        Ok(choice)
    } else {
        Err(Refused::OtherQuote.into())
    }
}

/// Write down a transaction at the accepted price.
pub(crate) fn write_down(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    quote_id: &QuoteId,
    attempt: Attempt,
    admitted: Admitted,
) -> Result<(), JourneyError> {
    let quote = tx.find_quote(&session.tenant, quote_id)?.ok_or(Refused::OtherQuote)?;
    // The price of a sale is not paid by card, and nobody sends tokens for what they buy.
    let sends = matches!(attempt.means, Means::Deposit(_));
    if sends == (quote.flow() == Flow::OnRamp) {
        return Err(Refused::OutOfStep.into());
    }
    if quote.lapsed(scope.now) {
        return Err(JourneyError::QuoteExpired);
    }
    // Addresses that were given for another network are asked for again.
    let catalogue = scope.catalogue();
    let fits = |to: &Destination, asset: &Asset| catalogue.family(asset) == Some(to.family);
    let back_to = attempt.means.deposit().map(|means| &means.back_to);
    let arrives = attempt.address.as_ref().is_none_or(|to| fits(to, &quote.crypto.asset));
    if !arrives || !back_to.is_none_or(|to| fits(to, &quote.taken().asset)) {
        return Err(Refused::OutOfStep.into());
    }
    // The session says whether it takes this now, before anything is written.
    session.state.apply(&attempt.started, &session.terms)?;
    let id = attempt.id;
    let transaction = Transaction {
        id: id.clone(),
        tenant: session.tenant.clone(),
        session_id: session.id.clone(),
        quote_id: quote_id.clone(),
        address: attempt.address,
        means: attempt.means,
        state: transaction::State::AwaitingPayment { step: attempt.step },
        created_at: scope.now,
        updated_at: scope.now,
    };
    begin_transaction(tx, scope, &session, &transaction, &quote)?;
    admitted.count(tx, &transaction)?;
    // A price that a partner has locked is redeemed once, by whoever pays it first.
    if quote.session_id.is_none() {
        let signed = redeem_on_page(tx, scope, &session, quote_id, &id)?;
        let signed = signed.ok_or(JourneyError::QuoteExpired)?;
        announce_consumed(tx, scope, &signed, &session.id)?;
    }
    advance_session_with(tx, scope, session, &attempt.started, |session| {
        session.transaction = Some(id);
    })?;
    Ok(())
}

/// Hand the user's answer to the second step to the bank. An answer that comes too late lets the
/// payment go instead: the price that was agreed is no option to hold on to.
pub async fn answer_challenge(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    code: ChallengeCode,
) -> Result<Journey, JourneyError> {
    act(app, tenant, session, move |tx, scope, session| {
        let transaction = lock_own_transaction(tx, &session)?.ok_or(Refused::OutOfStep)?;
        let passed_ms = tx.shifted_since(&session.tenant, &session.id, transaction.created_at)?;
        let now = scope.now.plus_ms(passed_ms);
        let in_time = now < transaction.created_at.plus_ms(CHALLENGE_MS);
        let event = match transaction.state {
            transaction::State::AwaitingPayment { step: PaymentStep::Challenge } if !in_time => {
                transaction::Event::Abandoned
            }
            _ => transaction::Event::ChallengeAnswered,
        };
        advance_transaction(tx, scope, session, transaction, &event, Some(&code))?;
        Ok(())
    })
    .await
}

/// The transaction that matters to a session, locked after it.
pub(crate) fn lock_own_transaction(
    tx: &mut Tx,
    session: &Locked<Session>,
) -> Result<Option<Locked<Transaction>>, StoreError> {
    match &session.transaction {
        Some(id) => tx.lock_transaction(&session.tenant, id),
        None => Ok(None),
    }
}
