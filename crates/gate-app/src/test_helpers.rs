//! Test helpers: force what would otherwise take a user, a bank and a network. Test mode only.

mod advance_time;
mod ask_identity;

use gate_domain::catalogue::Side;
use gate_domain::destination::{Destination, Family, spell};
use gate_domain::hosted::choices;
use gate_domain::ids::{Mode, SessionId, Tenant};
use gate_domain::rail::Card;
use gate_domain::reason::Reason;
use gate_domain::session::{Event, Refused, Session, Stage, State};
use gate_domain::transaction::{self, PaymentStep};
use gate_rails::{PriceSource, Rails, TestAccount};
use gate_store::{Locked, Tx};

use crate::advance::{advance_session, advance_transaction, find_agreed_quote};
use crate::app::{App, Scope};
use crate::choose::{PaidWith, QuoteWanted, make_quote, paid_with};
use crate::deposits::{Transfer, end_sale, go_on, receive_transfer, write_down_sale};
use crate::halt::is_halted;
use crate::journey::JourneyError;
use crate::limits::admit_forced;
use crate::pay::{lock_own_transaction, start_payment};

pub use advance_time::{ADVANCE_MAX_S, advance_time};
pub use ask_identity::require_kyc;

/// What to force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Force {
    /// The purchase succeeds, whatever it takes.
    Complete,
    /// The payment fails; one that was made already goes back.
    Fail,
    /// The lifetime passes now.
    Expire,
}

/// Force an outcome. The same rules as in a real journey decide what it leads to; while payments are
/// paused only the lifetime passes.
pub async fn force(
    app: &App,
    tenant: &Tenant,
    id: &SessionId,
    outcome: Force,
) -> Result<Session, JourneyError> {
    if tenant.mode != Mode::Test {
        return Err(JourneyError::NotFound);
    }
    let rails = app.rails(tenant.mode).ok_or(JourneyError::NotEnabled)?.clone();
    let (tenant, id) = (tenant.clone(), id.clone());
    app.write(move |tx, scope| {
        if outcome != Force::Expire && is_halted(tx)? {
            return Err(JourneyError::Paused);
        }
        let session = lock_identified(tx, scope, &tenant, &id, outcome)?;
        match outcome {
            Force::Expire => {
                return Ok(advance_session(tx, scope, session, &Event::ExpiryForced)?);
            }
            Force::Complete => {
                ensure_payment(tx, scope, session, &rails, ("succeeds", "4242"))?;
                force_completion(tx, scope, &*rails.prices, &tenant, &id)?;
            }
            Force::Fail => {
                // The worker sends this charge later: the bank must then agree with what we forced.
                ensure_payment(tx, scope, session, &rails, ("declined", "0002"))?;
                force_failure(tx, scope, &tenant, &id)?;
            }
        }
        tx.find_session(&tenant, &id)?.ok_or(JourneyError::NotFound)
    })
    .await
}

/// A payment is forced whoever the user is: an identity check that is in the way passes first.
fn lock_identified(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &SessionId,
    outcome: Force,
) -> Result<Locked<Session>, JourneyError> {
    let session = lock(tx, tenant, id)?;
    let asked = session.choice().is_some_and(|choice| choice.identity.is_some());
    if outcome == Force::Expire || !asked {
        return Ok(session);
    }
    advance_session(tx, scope, session, &Event::IdentityConfirmed)?;
    lock(tx, tenant, id)
}

fn lock(tx: &mut Tx, tenant: &Tenant, id: &SessionId) -> Result<Locked<Session>, JourneyError> {
    tx.lock_session(tenant, id)?.ok_or(JourneyError::NotFound)
}

/// Bring a session to the point where a payment is under way, with this card if it has to begin one.
fn ensure_payment(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    rails: &Rails,
    (card, last4): (&str, &str),
) -> Result<(), JourneyError> {
    let (tenant, id) = (session.tenant.clone(), session.id.clone());
    match &session.state {
        State::Completed | State::Expired | State::Cancelled => return Err(Refused::Ended.into()),
        State::InFlight { .. }
        | State::Open { stage: Stage::AwaitingPayment | Stage::AwaitingDeposit, .. } => {
            return Ok(());
        }
        State::Open { .. } => {}
    }
    let choices = choices(&session.terms, session.flow(), &scope.offer(&tenant));
    let choices = choices.map_err(JourneyError::Unavailable)?;
    let asset = choices.tokens.first().ok_or(JourneyError::AssetNotAvailable)?.asset();
    let from = paid_with(&choices, &asset, &PaidWith::default())?;
    let method = choices.method.as_str();
    let wanted = QuoteWanted { method, asset: &asset, from: from.as_ref() };
    let quote = make_quote(scope, &session, choices.side, &wanted, &*rails.prices)?;
    tx.insert_quote(&tenant, &quote)?;
    let family_of = |asset| scope.catalogue().family(asset).ok_or(JourneyError::AssetNotAvailable);
    let family = family_of(&asset)?;
    let known = session.choice().and_then(|choice| choice.address.as_ref());
    let known = known.is_some_and(|known| known.family == family);

    advance_session(tx, scope, session, &Event::QuoteGiven(quote.id.clone()))?;
    let accepted = Event::QuoteAccepted(quote.id.clone());
    let session = lock(tx, &tenant, &id)?;
    advance_session(tx, scope, session, &accepted)?;
    if !known {
        let session = lock(tx, &tenant, &id)?;
        advance_session(tx, scope, session, &Event::AddressGiven(test_address(family)))?;
    }
    if let Some(from) = &from {
        let back_to = Event::BackToGiven(test_address(family_of(from)?));
        let session = lock(tx, &tenant, &id)?;
        advance_session(tx, scope, session, &back_to)?;
        let session = lock(tx, &tenant, &id)?;
        let admitted = admit_forced(tx, scope, &session)?;
        return write_down_sale(tx, scope, session, &quote.id, admitted);
    }
    if choices.side == Side::OffRamp {
        let asked = choices.payout_of(&quote).ok_or(Refused::OutOfStep)?.account;
        let mut known = rails.test_accounts.iter().map(TestAccount::account);
        let account = known.find(|account| account.kind() == asked).ok_or(Refused::OutOfStep)?;
        let account = rails.accounts.tokenise(&account, scope.now)?;
        let session = lock(tx, &tenant, &id)?;
        advance_session(tx, scope, session, &Event::AccountGiven(account))?;
        let session = lock(tx, &tenant, &id)?;
        let admitted = admit_forced(tx, scope, &session)?;
        return write_down_sale(tx, scope, session, &quote.id, admitted);
    }
    let card = Card { token: card.into(), last4: last4.into() };
    let session = lock(tx, &tenant, &id)?;
    let admitted = admit_forced(tx, scope, &session)?;
    start_payment(tx, scope, session, &quote.id, &card, admitted)
}

/// Where forced purchases go when nobody gave an address.
fn test_address(family: Family) -> Destination {
    Destination { family, address: spell(family, &[7; 32]), memo: None }
}

fn force_completion(
    tx: &mut Tx,
    scope: &Scope<'_>,
    prices: &dyn PriceSource,
    tenant: &Tenant,
    id: &SessionId,
) -> Result<(), JourneyError> {
    use transaction::{Event as E, State as S};
    loop {
        let session = lock(tx, tenant, id)?;
        let transaction = lock_own_transaction(tx, &session)?.ok_or(Refused::OutOfStep)?;
        let tail = transaction.id.as_str().rsplit('_').next().unwrap_or_default();
        if let S::AwaitingPayment { step: PaymentStep::Repricing } = &transaction.state {
            go_on(tx, scope, session, transaction)?;
            continue;
        }
        if let (S::AwaitingPayment { .. }, Some(means)) =
            (&transaction.state, transaction.means.deposit())
        {
            let transfer = Transfer {
                mode: tenant.mode,
                address: means.address.clone(),
                amount: find_agreed_quote(tx, &transaction)?.taken().clone(),
                transfer: format!("forced_in_{tail}"),
                output: 0,
            };
            receive_transfer(tx, scope, prices, &transfer)?;
            continue;
        }
        let event = match &transaction.state {
            S::AwaitingPayment { .. } => E::PaymentSucceeded { payment: format!("sim_pay_{tail}") },
            S::PaymentReceived { .. } | S::Settling { .. } => {
                E::PayoutSucceeded { chain_transaction: format!("forced_{tail}") }
            }
            S::Review { payment: None, .. } => {
                E::PaymentSucceeded { payment: format!("sim_pay_{tail}") }
            }
            S::Completed { .. } | S::Reversed { .. } => return Ok(()),
            S::Failed { .. } | S::RefundPending { .. } | S::Refunded { .. } | S::Review { .. } => {
                return Err(Refused::OutOfStep.into());
            }
        };
        advance_transaction(tx, scope, session, transaction, &event, None)?;
    }
}

fn force_failure(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &SessionId,
) -> Result<(), JourneyError> {
    use transaction::{Event as E, State as S};
    let session = lock(tx, tenant, id)?;
    let transaction = lock_own_transaction(tx, &session)?.ok_or(Refused::OutOfStep)?;
    if matches!(transaction.state, S::AwaitingPayment { .. })
        && transaction.means.deposit().is_some()
    {
        return Ok(end_sale(tx, scope, session, transaction, Reason::ForcedFailure)?);
    }
    let event = match &transaction.state {
        S::PaymentReceived { .. } | S::Settling { .. }
            if transaction.means.deposit().is_some_and(|means| means.account.is_some()) =>
        {
            E::PayoutBounced
        }
        S::PaymentReceived { .. } | S::Settling { .. } => E::PayoutFailed,
        S::AwaitingPayment { .. }
        | S::Completed { .. }
        | S::Reversed { .. }
        | S::Failed { .. }
        | S::RefundPending { .. }
        | S::Refunded { .. }
        | S::Review { .. } => E::PaymentDeclined { reason: Reason::ForcedFailure },
    };
    Ok(advance_transaction(tx, scope, session, transaction, &event, None)?)
}
