//! Tokens come in: a transfer is written down and booked, and its sale follows.

use gate_domain::catalogue::Charged;
use gate_domain::deposit::{
    AfterLapse, Cause, Deposit, NEW_PRICE_MS, State, Verdict, in_words, judge,
};
use gate_domain::destination::Destination;
use gate_domain::ids::{DepositId, Mode, QuoteId};
use gate_domain::ledger::Posting;
use gate_domain::money::Money;
use gate_domain::quote::{Quote, price, price_sale, worth};
use gate_domain::reason::Reason;
use gate_domain::session::Session;
use gate_domain::stray::Stray;
use gate_domain::transaction::{Event, Transaction};
use gate_rails::PriceSource;
use gate_store::{DepositAddress, Locked, StoreError, Tx};
use tracing::{info, warn};

use super::give_back::end_sale;
use super::{
    DepositError, announce_deposit, book, command_return, counted_units, requote, stray,
    take_in_counted,
};
use crate::advance::{advance_transaction, find_agreed_quote};
use crate::app::Scope;
use crate::limits::{Mover, lock_mover};

/// A transfer on a network, final there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// In which world.
    pub mode: Mode,
    /// Where it went.
    pub address: Destination,
    /// How much of what.
    pub amount: Money,
    /// The name on its network of the transaction that it is in.
    pub transfer: String,
    /// Which payment of that transaction it is: the output on Bitcoin, the log of a token on a chain like
    /// Ethereum, the operation on Stellar, the instruction on Solana. 0 where a transaction is one payment.
    pub output: u32,
}

impl Transfer {
    /// The network that it is on.
    pub(super) fn network(&self) -> &str {
        self.amount.asset.network.as_deref().unwrap_or_default()
    }

    /// What tells it from every other one on its network.
    pub(super) fn name(&self) -> (&str, u32) {
        (&self.transfer, self.output)
    }
}

/// What a transfer was written down as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is for a sale or a swap.
    Deposit(Deposit),
    /// Nobody waits at its address, or at its address with its memo.
    Stray(Stray),
}

impl Received {
    /// The deposit, if it is one.
    pub fn deposit(self) -> Option<Deposit> {
        match self {
            Self::Deposit(deposit) => Some(deposit),
            Self::Stray(_) => None,
        }
    }

    /// The stray, if it is one.
    pub fn stray(self) -> Option<Stray> {
        match self {
            Self::Stray(stray) => Some(stray),
            Self::Deposit(_) => None,
        }
    }
}

/// Take note of a transfer. The same one again changes nothing.
pub fn receive_transfer(
    tx: &mut Tx,
    scope: &Scope<'_>,
    prices: &dyn PriceSource,
    transfer: &Transfer,
) -> Result<Received, DepositError> {
    // What was nobody's before is told again, perhaps after somebody was given this address.
    if let Some(known) =
        tx.find_stray_transfer(transfer.mode, transfer.network(), transfer.name())?
    {
        return Ok(Received::Stray(known));
    }
    if let Some(known) = find_known(tx, transfer)? {
        return Ok(Received::Deposit(known));
    }
    if let Some(waiting) = find_waiting(tx, transfer)? {
        let deposit = take_in(tx, scope, prices, transfer, &waiting, Claim::New)?;
        return Ok(Received::Deposit(deposit));
    }
    refuse_other_family(scope, transfer)?;
    tx.claim_transfer(transfer.mode, transfer.network(), transfer.name())?;
    Ok(Received::Stray(stray::write_down(tx, scope, transfer)?))
}

/// The deposit that a transfer is already, whatever address and memo it is told with now.
fn find_known(tx: &mut Tx, transfer: &Transfer) -> Result<Option<Deposit>, StoreError> {
    let known = tx.find_deposit_transfer(transfer.mode, transfer.network(), transfer.name())?;
    if let Some(known) = known.as_ref().filter(|known| known.amount != transfer.amount) {
        let (id, told) = (&known.id, in_words(&transfer.amount));
        warn!(%id, told, "the transfer of {id} is told again as another amount");
    }
    Ok(known)
}

/// Whoever tells of tokens that are not on a network of their address's family mistakes one of the two,
/// and what went back would be lost. What was written down before is not asked.
fn refuse_other_family(scope: &Scope<'_>, transfer: &Transfer) -> Result<(), DepositError> {
    match scope.catalogue().family(&transfer.amount.asset) {
        Some(family) if family != transfer.address.family => Err(DepositError::OtherFamily),
        _ => Ok(()),
    }
}

/// Who waits for a transfer: at its address with its memo, or else with what its memo may have been
/// mistaken for. Of that there is one at most.
fn find_waiting(tx: &mut Tx, transfer: &Transfer) -> Result<Option<DepositAddress>, StoreError> {
    let mistaken = transfer.address.mistaken();
    for address in [&transfer.address].into_iter().chain(&mistaken) {
        let waiting = tx.find_deposit_address(address)?;
        let waiting = waiting.filter(|waiting| waiting.tenant.mode == transfer.mode);
        if waiting.is_some() {
            return Ok(waiting);
        }
    }
    Ok(None)
}

/// Whether a transfer was written down before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// It is told for the first time.
    New,
    /// It was a stray until now.
    OfStray,
}

/// Take in a transfer that is to a transaction's address, or was found to be meant for it.
pub(super) fn take_in(
    tx: &mut Tx,
    scope: &Scope<'_>,
    prices: &dyn PriceSource,
    transfer: &Transfer,
    waiting: &DepositAddress,
    claim: Claim,
) -> Result<Deposit, DepositError> {
    let tenant = &waiting.tenant;
    let missing = || StoreError::Corrupt {
        table: "deposit_addresses",
        id: waiting.transaction_id.to_string(),
        why: "its session or transaction is missing".into(),
    };
    let session = tx.lock_session(tenant, &waiting.session_id)?.ok_or_else(missing)?;
    // Tokens that come too late may count for more than they did.
    let lapsed = scope.now >= waiting.lapses_at;
    let mover = if lapsed { Some(lock_mover(tx, scope, &session)?) } else { None };
    let transaction = tx.lock_transaction(tenant, &waiting.transaction_id)?.ok_or_else(missing)?;
    // Whoever held these locks before may have been told of it too.
    if let Some(known) = find_known(tx, transfer)? {
        return Ok(known);
    }
    refuse_other_family(scope, transfer)?;
    if claim == Claim::New {
        tx.claim_transfer(transfer.mode, transfer.network(), transfer.name())?;
    }

    let quote = find_agreed_quote(tx, &transaction)?;
    let counted = counted_units(&tx.list_deposits(tenant, &transaction.id)?);
    let verdict = judge(&transaction.state, &quote, lapsed, counted, &transfer.amount);
    let whole = transfer.amount.units;
    let (state, back_units) = match verdict {
        Verdict::Partial => (State::Counted, 0),
        Verdict::Complete { surplus_units } | Verdict::Late { surplus_units } => {
            (State::Counted, surplus_units)
        }
        Verdict::Unexpected => (State::Returning { cause: Cause::Unexpected }, whole),
        Verdict::Foreign(cause) => (State::Held { cause }, whole),
    };
    let deposit = Deposit {
        id: DepositId::new(tenant.mode, scope.seed()),
        tenant: tenant.clone(),
        session_id: session.id.clone(),
        transaction_id: transaction.id.clone(),
        amount: transfer.amount.clone(),
        transfer: transfer.transfer.clone(),
        output: transfer.output,
        back_units,
        state,
        created_at: scope.now,
        updated_at: scope.now,
    };
    tx.insert_deposit(&deposit)?;
    book(tx, scope, &deposit, &Posting::of_deposit(&deposit.amount))?;
    scope.session_changed(&session.id);
    let (id, amount) = (&deposit.id, in_words(&deposit.amount));
    info!(%id, amount, ?verdict, "{id} came in");

    match verdict {
        Verdict::Partial => {
            tx.set_deposit_due(tenant, &transaction.id, Some(waiting.lapses_at))?;
            advance_transaction(tx, scope, session, transaction, &Event::DepositPartial, None)?;
        }
        Verdict::Complete { .. } => complete(tx, scope, session, transaction, &deposit.transfer)?,
        Verdict::Late { .. } => {
            let mover = mover.expect("the price has lapsed");
            let fresh = price_now(scope, &session, &quote, prices);
            let prices = (&quote, fresh);
            late(tx, scope, session, transaction, &mover, prices, &deposit.transfer)?;
        }
        Verdict::Unexpected => command_return(tx, scope, &deposit, &transaction)?,
        Verdict::Foreign(_) => {
            warn!(%id, amount, "{id} is not what was agreed on; a person has to decide");
            announce_deposit(tx, scope, &deposit)?;
        }
    }
    Ok(tx.find_deposit(tenant, &deposit.id)?.unwrap_or(deposit))
}

/// Everything is there: the sale goes on, and what is too much goes back.
pub(super) fn complete(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    transaction: Locked<Transaction>,
    transfer: &str,
) -> Result<(), DepositError> {
    tx.set_deposit_due(&transaction.tenant, &transaction.id, None)?;
    take_in_counted(tx, scope, &transaction)?;
    let event = Event::PaymentSucceeded { payment: transfer.to_owned() };
    Ok(advance_transaction(tx, scope, session, transaction, &event, None)?)
}

/// Everything is there, too late for the price: what the quote says about that happens.
fn late(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    transaction: Locked<Transaction>,
    mover: &Mover,
    (quote, fresh): (&Quote, Option<Quote>),
    transfer: &str,
) -> Result<(), DepositError> {
    let by_now = fresh.as_ref().map(|fresh| fresh.delivered().units);
    match quote.on_lapse.decide(quote.delivered().units, by_now) {
        AfterLapse::Ask => {
            let until = scope.now.plus_ms(NEW_PRICE_MS);
            tx.set_deposit_due(&transaction.tenant, &transaction.id, Some(until))?;
            advance_transaction(tx, scope, session, transaction, &Event::DepositLate, None)?;
            Ok(())
        }
        AfterLapse::Convert => {
            let fresh = fresh.expect("it was compared");
            if !mover.recount(tx, scope, &transaction, &fresh)? {
                return end_sale(tx, scope, session, transaction, Reason::LimitReached);
            }
            tx.insert_quote(&transaction.tenant, &fresh)?;
            let transaction = requote(tx, scope, transaction, &fresh)?;
            complete(tx, scope, session, transaction, transfer)
        }
        AfterLapse::Return => end_sale(tx, scope, session, transaction, Reason::DepositLate),
    }
}

/// What the tokens of a sale or a swap bring by now; none when there is no price for them.
pub(super) fn price_now(
    scope: &Scope<'_>,
    session: &Session,
    agreed: &Quote,
    prices: &dyn PriceSource,
) -> Option<Quote> {
    let (token, currency) = (&agreed.crypto.asset, &agreed.fiat.asset);
    let mut paid_in = agreed.paid_in.clone();
    let market = prices.price(token, currency, scope.now).ok()?;
    let fees = scope.offer(&session.tenant).fees(&Charged {
        currency: &currency.code,
        method: &agreed.payment_method,
        country: None,
        asset: &token.code,
        network: token.network.as_deref(),
    });
    let numbers = match &mut paid_in {
        None => price_sale(&agreed.crypto, currency, market.rate, fees),
        Some(paid) => {
            paid.rate = prices.price(&paid.amount.asset, currency, scope.now).ok()?.rate;
            let value = worth(&paid.amount, currency, paid.rate).ok()?;
            price(&value, token, market.rate, fees)
        }
    };
    let numbers = numbers.ok()?;
    Some(Quote {
        id: QuoteId::new(session.tenant.mode, scope.seed()),
        session_id: Some(session.id.clone()),
        fiat: numbers.fiat,
        crypto: numbers.crypto,
        paid_in,
        rate: market.rate,
        fees: numbers.fees,
        source: market.source,
        priced_at: Some(market.at).filter(|at| *at != scope.now),
        created_at: scope.now,
        expires_at: scope.now.plus_ms(gate_domain::quote::LOCK_MS),
        ..agreed.clone()
    })
}
