//! Start a rail payment: redeem a signed quote in a session, and write down the transaction that
//! moves the money.

use gate_domain::catalogue::{Entitlement, Refusal, Wanted};
use gate_domain::destination::Destination;
use gate_domain::ids::{PayInId, PayOutId, QuoteId, SessionId, Tenant, TransactionId};
use gate_domain::limits::within_limits;
use gate_domain::rail::Means;
use gate_domain::rail_payment::{RailKind, RailPayment, RailPaymentId, State};
use gate_domain::session::{Event, Refused, Session};
use gate_domain::signed_quote::{NotRedeemable, SignedQuote};
use gate_domain::transaction::{self, PaymentStep, Transaction};
use gate_store::{IdempotentRequest, StoreError, Tx};
use gate_wire::rail::RailPaymentBody;

use super::follow::announce_rail_payment;
use crate::advance::{AdvanceError, BeginError, advance_session_with, begin_transaction};
use crate::app::{App, Scope};
use crate::idempotency::{Answered, KeyReused, answered_before, remember};
use crate::journey::overdue;
use crate::limits::{Admitted, admit, find_standing};
use crate::quotes::{announce_consumed, lock_quote_to_redeem};
use crate::screening::screen_chosen;

/// A request to start a rail payment.
#[derive(Clone, Debug)]
pub struct StartRailPayment {
    /// Whose.
    pub tenant: Tenant,
    /// The key that makes it safe to repeat.
    pub request: IdempotentRequest,
    /// In or out.
    pub kind: RailKind,
    /// The signed quote to redeem.
    pub quote_id: QuoteId,
    /// The session that it belongs to.
    pub session_id: SessionId,
}

/// Why there is no rail payment.
#[derive(Debug, thiserror::Error)]
pub enum RailError {
    /// The idempotency key was used for another body.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// It is gone or somebody else's.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// The contract or the catalogue says no.
    #[error("this is not on offer: {}", .0.message)]
    Refused(Box<Refusal>),
    /// The quote cannot be redeemed, or not in this session.
    #[error(transparent)]
    Quote(#[from] NotRedeemable),
    /// Nobody has said where the tokens go.
    #[error("the session has no wallet address")]
    NoAddress,
    /// Nothing is sent to this address. Why is not for the partner.
    #[error("the session's wallet address cannot be used")]
    AddressHeld,
    /// The session's rules refused.
    #[error(transparent)]
    Session(#[from] Refused),
    /// It has ended, or is too far for what is asked.
    #[error("the rail payment is {0}")]
    OutOfStep(&'static str),
    /// The mode has no rails.
    #[error("payments are not enabled in this mode")]
    NotEnabled,
    /// No money moves before an operator has looked at the books.
    #[error("payments are paused while the books are checked")]
    Paused,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Box<Refusal>> for RailError {
    fn from(refusal: Box<Refusal>) -> Self {
        Self::Refused(refusal)
    }
}

impl From<AdvanceError> for RailError {
    fn from(error: AdvanceError) -> Self {
        match error {
            AdvanceError::Session(refused) => Self::Session(refused),
            AdvanceError::Transaction(_) => Self::Session(Refused::OutOfStep),
            AdvanceError::Store(error) => Self::Store(error),
        }
    }
}

impl From<BeginError> for RailError {
    fn from(error: BeginError) -> Self {
        match error {
            BeginError::Halted => Self::Paused,
            BeginError::Store(error) => Self::Store(error),
        }
    }
}

/// Start a rail payment, or answer what the same key answered before. Where its tokens go is screened
/// first; the money of a pay-out goes to an account that its rail knows, which nobody is told.
pub async fn start_rail_payment(
    app: &App,
    command: StartRailPayment,
) -> Result<Answered, RailError> {
    if screen_chosen(app, &command.tenant, &command.session_id).await?.is_some() {
        return Err(RailError::AddressHeld);
    }
    app.write(move |tx, scope| begin(tx, scope, &command)).await
}

/// From here on money may be moving.
fn begin(
    tx: &mut Tx,
    scope: &Scope<'_>,
    command: &StartRailPayment,
) -> Result<Answered, RailError> {
    let tenant = &command.tenant;
    // The lock comes first: a twin that waited for it finds the answer of the other, and not merely
    // that its quote is gone.
    let session = tx.lock_session(tenant, &command.session_id)?;
    if let Some(answered) = answered_before::<RailError>(tx, &command.request)? {
        return Ok(answered);
    }
    scope.offer(tenant).entitled(Entitlement::Rails)?;
    let session = session.ok_or(RailError::NotFound("session"))?;
    let admitted = admit_known(tx, scope, &session, &command.quote_id)?;
    let signed = lock_quote_to_redeem(tx, scope, tenant, &command.quote_id)?;
    let signed = signed.ok_or(RailError::NotFound("quote"))?;
    let address = check(scope, command.kind, &session, &signed)?;

    let (transaction, payment) = write_down(scope, command, address);
    begin_transaction(tx, scope, &session, &transaction, &signed.quote)?;
    if let Some(admitted) = admitted {
        admitted.count(tx, &transaction)?;
    }
    tx.insert_rail_payment(&payment)?;
    let signed = tx.consume_quote(signed, &session.id, &transaction.id, scope.now)?;
    let body = RailPaymentBody::new(&payment, &signed.quote);
    let answered = remember(tx, scope, &command.request, 201, &body)?;

    announce_consumed(tx, scope, &signed, &session.id)?;
    announce_rail_payment(tx, scope, &payment, &signed.quote)?;
    let started = Event::RailStarted(signed.quote.id.clone());
    advance_session_with(tx, scope, session, &started, |session| {
        session.transaction = Some(transaction.id.clone());
    })?;
    Ok(answered)
}

/// Admit a session whose user is known, as the page would. Whoever its partner alone knows is its
/// partner's to answer for.
fn admit_known(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: &Session,
    quote_id: &QuoteId,
) -> Result<Option<Admitted>, RailError> {
    if session.choice().is_none_or(|choice| choice.user.is_none()) {
        return Ok(None);
    }
    if let Some(admitted) = admit(tx, scope, session)? {
        return Ok(Some(admitted));
    }
    let quote = tx.find_quote(&session.tenant, quote_id)?.ok_or(RailError::NotFound("quote"))?;
    let standing = find_standing(tx, session, scope.now)?;
    let (offer, way) = (scope.offer(&session.tenant), (quote.side, quote.payment_method.as_str()));
    within_limits(&offer, &session.terms.amount, way, &standing)?;
    // They have to show more of themselves first, or live where nothing is offered.
    Err(Refused::OutOfStep.into())
}

/// Everything that can be in the way; answers where the tokens of a buy go.
fn check(
    scope: &Scope<'_>,
    kind: RailKind,
    session: &Session,
    signed: &SignedQuote,
) -> Result<Option<Destination>, RailError> {
    let quote = &signed.quote;
    if quote.side != kind.side() {
        return Err(NotRedeemable::OtherSide { quote: quote.side, wanted: kind.side() }.into());
    }
    signed.check_active(scope.now)?;
    signed.check_terms(&session.terms)?;
    if overdue(session, scope.now) {
        return Err(Refused::Ended.into());
    }
    // The session says whether it takes a payment now, before anything is written.
    session.state.apply(&Event::RailStarted(quote.id.clone()), &session.terms)?;
    let address = match kind {
        RailKind::PayIn => {
            let family = scope.catalogue().family(&quote.crypto.asset);
            let fits = |address: &Destination| Some(address.family) == family;
            if session.terms.wallet_address.as_ref().is_some_and(|address| !fits(address)) {
                return Err(NotRedeemable::OtherAsset.into());
            }
            let known = session.choice().and_then(|choice| choice.address.clone());
            Some(known.filter(fits).ok_or(RailError::NoAddress)?)
        }
        RailKind::PayOut => None,
    };
    scope.offer(&session.tenant).check(&Wanted {
        flow: Some(quote.side.flow()),
        currency: Some(&quote.fiat.asset.code),
        asset: Some(&quote.crypto.asset.code),
        network: quote.crypto.asset.network.as_deref(),
        method: Some(&quote.payment_method),
        ..Wanted::default()
    })?;
    Ok(address)
}

fn write_down(
    scope: &Scope<'_>,
    command: &StartRailPayment,
    address: Option<Destination>,
) -> (Transaction, RailPayment) {
    let (tenant, seed) = (command.tenant.clone(), scope.seed());
    let id = match command.kind {
        RailKind::PayIn => RailPaymentId::PayIn(PayInId::new(tenant.mode, seed)),
        RailKind::PayOut => RailPaymentId::PayOut(PayOutId::new(tenant.mode, seed)),
    };
    let transaction = Transaction {
        id: TransactionId::new(tenant.mode, scope.seed()),
        tenant: tenant.clone(),
        session_id: command.session_id.clone(),
        quote_id: command.quote_id.clone(),
        address,
        means: Means::Rail(id.clone()),
        state: transaction::State::AwaitingPayment { step: PaymentStep::Authorising },
        created_at: scope.now,
        updated_at: scope.now,
    };
    let payment = RailPayment {
        id,
        tenant,
        session_id: command.session_id.clone(),
        transaction_id: transaction.id.clone(),
        quote_id: command.quote_id.clone(),
        state: State::Processing,
        created_at: scope.now,
        updated_at: scope.now,
    };
    (transaction, payment)
}
