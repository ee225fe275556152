//! Start a sale or a swap: write down the transaction and where its tokens are to come.

use gate_domain::destination::Destination;
use gate_domain::ids::{Mode, QuoteId, SessionId, Tenant, TransactionId};
use gate_domain::money::Asset;
use gate_domain::rail::{DepositMeans, Means};
use gate_domain::session::{Event, Flow, Refused, Session};
use gate_domain::transaction::PaymentStep;
use gate_rails::Rails;
use gate_store::{DepositAddress, Locked, StoreError, Tx};
use gate_wire::journey::Journey;

use crate::app::{App, Scope};
use crate::choose::check_country;
use crate::journey::{JourneyError, act_on_offer};
use crate::limits::{Admitted, admit};
use crate::pay::{Attempt, chosen, payment_under_way, write_down};
use crate::screening::screen_chosen;

/// Memos that are tried before giving up. A tag of the XRP Ledger has 32 bits, so that with a hundred million
/// of them in use each try finds a free one 97 times in a hundred.
const TURNS_MAX: u32 = 8;

/// Give the user an address for the accepted price. Safe to repeat: a sale that is under way goes on.
/// Whoever may not move that much, or not yet, gets none: the journey that is answered says so.
pub async fn start_deposit(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    quote_id: QuoteId,
) -> Result<Journey, JourneyError> {
    if let Some(held) = screen_chosen(app, tenant, session).await? {
        return Err(JourneyError::AddressHeld(held));
    }
    act_on_offer(app, tenant, session, move |tx, scope, session, choices| {
        if payment_under_way(&session) {
            return Ok(());
        }
        let quote = tx.find_quote(&session.tenant, &quote_id)?;
        if quote.as_ref().is_some_and(|quote| !choices.hold(quote)) {
            return Ok(());
        }
        // What was named for another way of being paid out is not paid to.
        let asked = quote.as_ref().and_then(|quote| choices.payout_of(quote));
        let named = session.choice().and_then(|choice| choice.account.as_ref());
        if asked.zip(named).is_some_and(|(asked, named)| asked.account != named.kind) {
            return Err(Refused::OutOfStep.into());
        }
        if let Some((asked, named)) = asked.zip(named) {
            check_country(scope, &session, asked, named)?;
        }
        let Some(admitted) = admit(tx, scope, &session)? else { return Ok(()) };
        write_down_sale(tx, scope, session, &quote_id, admitted)
    })
    .await
}

/// Write down the transaction of a sale. Nothing moves before the user sends something.
pub(crate) fn write_down_sale(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    quote_id: &QuoteId,
    admitted: Admitted,
) -> Result<(), JourneyError> {
    let choice = chosen(&session, quote_id)?.clone();
    let (tenant, session_id) = (session.tenant.clone(), session.id.clone());
    let id = TransactionId::new(tenant.mode, scope.seed());
    let quote = tx.find_quote(&tenant, quote_id)?.ok_or(Refused::OtherQuote)?;
    // The tokens of a sale go back to where they came from; those of a swap come to one address and
    // go back to another.
    let (back_to, destination, account) = match quote.flow() {
        Flow::OffRamp => (choice.address, None, choice.account),
        Flow::Swap => (choice.back_to, choice.address, None),
        Flow::OnRamp => return Err(Refused::OutOfStep.into()),
    };
    let complete = account.is_some() != destination.is_some();
    let back_to = back_to.filter(|_| complete).ok_or(Refused::OutOfStep)?;
    let address = free_address(tx, scope, &tenant, &id, &quote.taken().asset)?;
    let waiting = DepositAddress {
        tenant,
        transaction_id: id.clone(),
        session_id,
        lapses_at: quote.expires_at,
    };
    tx.insert_deposit_address(&address, &waiting, scope.now)?;
    let attempt = Attempt {
        id,
        address: destination,
        means: Means::Deposit(DepositMeans { address, back_to, account }),
        step: PaymentStep::Deposit,
        started: Event::DepositStarted,
    };
    write_down(tx, scope, session, quote_id, attempt, admitted)
}

/// Whether tokens come in at this address: whoever sends there pays us.
pub(crate) fn is_our_own(
    tx: &mut Tx,
    scope: &Scope<'_>,
    mode: Mode,
    address: &Destination,
) -> Result<bool, StoreError> {
    let is_shared = |rails: &Rails| rails.deposits.is_shared(address);
    Ok(scope.rails(mode).is_some_and(is_shared) || tx.find_deposit_address(address)?.is_some())
}

/// An address, or an address and a memo, that nobody else was given and that no stray came to: its sender
/// may send there again. A memo that can be mistaken for another one's is that one's.
fn free_address(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &TransactionId,
    asset: &Asset,
) -> Result<Destination, JourneyError> {
    let addresses = &scope.rails(tenant.mode).ok_or(JourneyError::NotEnabled)?.deposits;
    let family = scope.catalogue().family(asset).ok_or(JourneyError::AssetNotAvailable)?;
    for turn in 0..TURNS_MAX {
        let address = addresses.address_for(id, asset, family, turn);
        if !is_spoken_for(tx, &address)? {
            return Ok(address);
        }
    }
    Err(JourneyError::Store(StoreError::Retry))
}

fn is_spoken_for(tx: &mut Tx, address: &Destination) -> Result<bool, StoreError> {
    let mistaken = address.mistaken();
    for address in [address].into_iter().chain(&mistaken) {
        if tx.find_deposit_address(address)?.is_some() || tx.is_stray_at(address)? {
            return Ok(true);
        }
    }
    Ok(false)
}
