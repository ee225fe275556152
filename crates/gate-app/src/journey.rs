//! The journey of one session, as its page sees it.

use gate_domain::Millis;
use gate_domain::catalogue::{Offer, Refusal, Side};
use gate_domain::deposit::Deposit;
use gate_domain::destination::{Destination, DestinationError};
use gate_domain::hosted::{Choices, choices, payouts};
use gate_domain::ids::{SessionId, Tenant};
use gate_domain::journey::{Step, Stored, step};
use gate_domain::limits::{Standing, Verdict};
use gate_domain::price::NoPrice;
use gate_domain::quote::{CARD, Quote};
use gate_domain::session::{
    Choice, Event, FlightStage, Flow, IdentityLevel, Refused, Session, Stage, State,
};
use gate_domain::transaction::Transaction;
use gate_rails::{CardProblem, Rails, TypedAccount};
use gate_store::{Locked, StoreError, Tx};
use gate_wire::embed::{
    AccountRequestBody, CardAccountBody, IbanAccountBody, PayoutCardBody, PixAccountBody,
    UkAccountBody, UsAccountBody,
};
use gate_wire::journey::{
    Journey, NotTakenBody, RailHints, Seller, TestCard, TestPayout, TestPerson, TestWallet,
};

use crate::advance::{AdvanceError, BeginError, advance_session, find_agreed_quote};
use crate::app::{App, Scope};
use crate::deposits::counted_units;
use crate::identity::{IdentityError, Shown};
use crate::limits::{find_standing, verdict};
use crate::screening::{HeldAddress, is_fixed_held, screen_fixed};
use crate::vault::Vault;

/// Transfers that a user is shown which did not count.
const NOT_TAKEN_MAX: i64 = 20;

/// Why the page cannot go on as it wanted to.
#[derive(Debug, thiserror::Error)]
pub enum JourneyError {
    /// The session is gone or somebody else's.
    #[error("no such session")]
    NotFound,
    /// The session's rules refused: ended, in flight, or another tab was quicker.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// This token, on this network, is not on offer.
    #[error("this asset is not available in this session")]
    AssetNotAvailable,
    /// What is asked for is not on offer now.
    #[error("{}", .0.message)]
    Unavailable(Box<Refusal>),
    /// No price can be made now.
    #[error("there is no price for this now: {0}")]
    NoPrice(#[from] NoPrice),
    /// The price no longer holds.
    #[error("the quote has lapsed")]
    QuoteExpired,
    /// Nothing can be sent to what was typed, and the user is told why.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// Nothing is sent to this address. Why is not for the user.
    #[error("this address cannot be used here")]
    AddressHeld(HeldAddress),
    /// The card was not taken.
    #[error(transparent)]
    Card(#[from] CardProblem),
    /// The identity step did not go on.
    #[error(transparent)]
    Identity(#[from] IdentityError),
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

impl From<AdvanceError> for JourneyError {
    fn from(error: AdvanceError) -> Self {
        match error {
            AdvanceError::Session(refused) => Self::Refused(refused),
            AdvanceError::Transaction(_) => Self::Refused(Refused::OutOfStep),
            AdvanceError::Store(error) => Self::Store(error),
        }
    }
}

impl From<BeginError> for JourneyError {
    fn from(error: BeginError) -> Self {
        match error {
            BeginError::Halted => Self::Paused,
            BeginError::Store(error) => Self::Store(error),
        }
    }
}

/// Everything that a journey is computed from.
pub(crate) struct Story {
    pub(crate) session: Session,
    quote: Option<Quote>,
    transaction: Option<Transaction>,
    new_quote: Option<Quote>,
    deposits: Option<Deposits>,
    not_taken: Vec<(Deposit, Destination)>,
    shown: Shown,
    standing: Standing,
    fixed_address_held: bool,
    seller: Seller,
}

/// What has come in for a sale, and until when its price holds.
struct Deposits {
    received_units: i128,
    lapses_at: Millis,
}

impl Story {
    fn load(
        tx: &mut Tx,
        vault: &Vault,
        tenant: &Tenant,
        id: &SessionId,
        now: Millis,
        screens: bool,
    ) -> Result<Option<Self>, StoreError> {
        let Some(session) = tx.find_session(tenant, id)? else { return Ok(None) };
        let transaction = match &session.transaction {
            Some(id) => tx.find_transaction(tenant, id)?,
            None => None,
        };
        // While a payment is under way and after it, the price is the one that was agreed; before,
        // the one on the table.
        let quote = match (&session.state, &transaction) {
            (
                State::Open { stage: Stage::AwaitingPayment | Stage::AwaitingDeposit, .. }
                | State::InFlight { .. }
                | State::Completed,
                Some(transaction),
            ) => Some(find_agreed_quote(tx, transaction)?),
            (State::Open { choice: Choice { quote: Some(offered), .. }, .. }, _) => {
                tx.find_quote(tenant, offered)?
            }
            _ => None,
        };
        let new_quote = match &session.state {
            State::InFlight {
                stage: FlightStage::Repricing,
                choice: Choice { quote: Some(offered), .. },
            } => tx.find_quote(tenant, offered)?,
            _ => None,
        };
        let deposits = match &transaction {
            Some(transaction) if transaction.means.deposit().is_some() => {
                Deposits::load(tx, transaction)?
            }
            Some(_) | None => None,
        };
        let not_taken = match session.transaction {
            Some(_) => load_not_taken(tx, &session)?,
            None => Vec::new(),
        };
        let shown = Shown::load(tx, vault, &session)?;
        let standing = find_standing(tx, &session, now)?;
        let fixed_address_held =
            screens && before_payment(&session) && is_fixed_held(tx, vault, &session)?;
        let seller = Seller {
            partner_name: tx.find_partner_name(&tenant.partner)?.unwrap_or_default(),
            branding: (&tx.find_branding(tenant)?).into(),
        };
        Ok(Some(Self {
            session,
            quote,
            transaction,
            new_quote,
            deposits,
            not_taken,
            shown,
            standing,
            fixed_address_held,
            seller,
        }))
    }

    fn journey(&self, offer: &Offer, rails: Option<&Rails>, now: Millis) -> Journey {
        let step = self.step(offer, now);
        let hints = rails.map(|rails| hints(rails, &step)).unwrap_or_default();
        let catalogue = offer.catalogue();
        let not_taken = self.not_taken.iter();
        let not_taken =
            not_taken.map(|(deposit, back_to)| NotTakenBody::new(deposit, back_to, catalogue));
        let step = (step, not_taken.collect());
        Journey::new(&self.session, step, &self.seller, &hints, catalogue, now)
    }

    fn step(&self, offer: &Offer, now: Millis) -> Step<'_> {
        let stored = Stored {
            quote: self.quote.as_ref(),
            transaction: self.transaction.as_ref(),
            new_quote: self.new_quote.as_ref(),
            received_units: self.deposits.as_ref().map_or(0, |deposits| deposits.received_units),
            lapses_at: self.deposits.as_ref().map(|deposits| deposits.lapses_at),
            email: self.shown.email.as_deref(),
            person: Some(&self.shown.person),
            standing: self.standing,
            fixed_address_held: self.fixed_address_held,
        };
        step(&self.session, offer, stored, now)
    }

    /// What the user has to show before they may pay, where paying would be next.
    fn identity_to_ask(&self, scope: &Scope<'_>) -> Option<IdentityLevel> {
        let Verdict::Ask(level) = verdict(scope, &self.session, &self.standing) else {
            return None;
        };
        let step = self.step(&scope.offer(&self.session.tenant), scope.now);
        matches!(step, Step::Payment { .. } | Step::Confirm { .. }).then_some(level)
    }
}

impl Deposits {
    fn load(tx: &mut Tx, transaction: &Transaction) -> Result<Option<Self>, StoreError> {
        let (tenant, id) = (&transaction.tenant, &transaction.id);
        let Some(waiting) = tx.find_deposit_address_of(tenant, id)? else { return Ok(None) };
        let received_units = counted_units(&tx.list_deposits(tenant, id)?);
        Ok(Some(Self { received_units, lapses_at: waiting.lapses_at }))
    }
}

/// What came for a session and was not taken in, with where it would go back to.
fn load_not_taken(
    tx: &mut Tx,
    session: &Session,
) -> Result<Vec<(Deposit, Destination)>, StoreError> {
    let tenant = &session.tenant;
    let mut not_taken = Vec::new();
    for deposit in tx.list_deposits_not_taken(tenant, &session.id, NOT_TAKEN_MAX)? {
        let transaction = tx.find_transaction(tenant, &deposit.transaction_id)?;
        let back_to = transaction.as_ref().and_then(|transaction| transaction.means.deposit());
        not_taken.extend(back_to.map(|means| (deposit, means.back_to.clone())));
    }
    Ok(not_taken)
}

fn hints(rails: &Rails, step: &Step<'_>) -> RailHints {
    let test_cards = rails.test_cards.iter().map(|card| TestCard {
        number: card.number.into(),
        label: card.label.into(),
        outcome: card.outcome.into(),
    });
    let test_payouts = rails.test_accounts.iter().map(|known| {
        let (label, outcome) = (known.label.into(), known.outcome.into());
        let account = typed(&known.typed);
        (known.account().kind().into(), TestPayout { account, label, outcome })
    });
    let test_people = rails.test_people.iter().map(|person| TestPerson {
        family_name: person.family_name.into(),
        label: person.label.into(),
        outcome: person.outcome.into(),
    });
    let test_wallets = match step {
        Step::Wallet { family, .. } => (rails.test_wallets)(*family),
        _ => Vec::new(),
    };
    let test_wallets = test_wallets.into_iter().map(|wallet| TestWallet {
        address: wallet.address,
        label: wallet.label.into(),
        outcome: wallet.outcome.into(),
    });
    RailHints {
        test_wallets: test_wallets.collect(),
        test_cards: test_cards.collect(),
        test_payouts: test_payouts.collect(),
        test_people: test_people.collect(),
        challenge_hint: rails.challenge_hint.map(str::to_owned),
    }
}

/// An account of the simulator as the page would send it.
fn typed(account: &TypedAccount) -> AccountRequestBody {
    use AccountRequestBody as Body;
    match *account {
        TypedAccount::Iban(iban) => Body::Iban(IbanAccountBody { iban: iban.into() }),
        TypedAccount::Uk { sort_code, account_number } => Body::Uk(UkAccountBody {
            sort_code: sort_code.into(),
            account_number: account_number.into(),
        }),
        TypedAccount::Us { routing_number, account_number, account_type } => {
            Body::Us(UsAccountBody {
                routing_number: routing_number.into(),
                account_number: account_number.into(),
                account_type: account_type.into(),
            })
        }
        TypedAccount::Pix(key) => Body::Pix(PixAccountBody { pix_key: key.into() }),
        TypedAccount::Card { number, expiry } => {
            let card = PayoutCardBody { number: number.into(), expiry: expiry.into() };
            Body::Card(CardAccountBody { card })
        }
    }
}

/// The journey as it stands. Reading changes nothing.
pub async fn find_journey(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
) -> Result<Journey, JourneyError> {
    let (story, now) = find_story(app, tenant, session).await?;
    Ok(story.journey(&app.offer(tenant), app.rails(tenant.mode), now))
}

/// What a journey is computed from, and at what time.
async fn find_story(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
) -> Result<(Story, Millis), JourneyError> {
    let (owner, id, vault) = (tenant.clone(), session.clone(), app.vault().clone());
    let now = app.now();
    let screens = app.config().sanctions.is_some();
    let load = move |tx: &mut Tx| Story::load(tx, &vault, &owner, &id, now, screens);
    let story = app.store().read(load).await?;
    Ok((story.ok_or(JourneyError::NotFound)?, now))
}

/// The journey as it stands, noting that the page was opened if this is the first look.
pub async fn open_journey(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
) -> Result<Journey, JourneyError> {
    let (story, now) = find_story(app, tenant, session).await?;
    if !matches!(story.session.state, State::Open { stage: Stage::Created, .. }) {
        return Ok(story.journey(&app.offer(tenant), app.rails(tenant.mode), now));
    }
    act(app, tenant, session, |tx, scope, session| {
        advance_session(tx, scope, session, &Event::PageOpened)?;
        Ok(())
    })
    .await
}

/// Let the user do something, and answer the journey that follows from it. A session whose
/// lifetime has passed expires first, so that nobody can pay in it. An address that the partner has fixed
/// is screened. Where paying would be next, users
/// are asked who they are if they have to be.
pub(crate) async fn act<F>(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    action: F,
) -> Result<Journey, JourneyError>
where
    F: Fn(&mut Tx, &Scope<'_>, Locked<Session>) -> Result<(), JourneyError> + Send + 'static,
{
    Ok(act_and_tell(app, tenant, session, action).await?.1)
}

/// The same for an action that tells something beside the journey; none where the session expired
/// instead.
pub(crate) async fn act_and_tell<T, F>(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    action: F,
) -> Result<(Option<T>, Journey), JourneyError>
where
    F: Fn(&mut Tx, &Scope<'_>, Locked<Session>) -> Result<T, JourneyError> + Send + 'static,
    T: Send + 'static,
{
    let (owner, id) = (tenant.clone(), session.clone());
    let (told, story) = app
        .write(move |tx, scope| {
            let session = tx.lock_session(&owner, &id)?.ok_or(JourneyError::NotFound)?;
            let told = if overdue(&session, scope.now) {
                let event = Event::DeadlinePassed { now: scope.now };
                advance_session(tx, scope, session, &event)?;
                None
            } else {
                screen_fixed(tx, scope, &session)?;
                Some(action(tx, scope, session)?)
            };
            let load = |tx: &mut Tx| {
                let screens = scope.sanctions().is_some();
                let story = Story::load(tx, scope.vault, &owner, &id, scope.now, screens)?;
                story.ok_or(JourneyError::NotFound)
            };
            let story = load(tx)?;
            let Some(level) = story.identity_to_ask(scope) else {
                return Ok::<_, JourneyError>((told, story));
            };
            let session = tx.lock_session(&owner, &id)?.ok_or(JourneyError::NotFound)?;
            advance_session(tx, scope, session, &Event::IdentityAsked(level))?;
            Ok((told, load(tx)?))
        })
        .await?;
    let rails = app.rails(tenant.mode);
    Ok((told, story.journey(&app.offer(tenant), rails, app.now())))
}

/// The same for whatever only makes sense while there is something to buy; `action` gets what that
/// is. When there is nothing, or not what the user had chosen, nothing happens: the journey that is
/// answered says so.
pub(crate) async fn act_on_offer<F>(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    action: F,
) -> Result<Journey, JourneyError>
where
    F: Fn(&mut Tx, &Scope<'_>, Locked<Session>, &Choices) -> Result<(), JourneyError>
        + Send
        + 'static,
{
    act(app, tenant, session, move |tx, scope, session| {
        let offer = scope.offer(&session.tenant);
        let flow = session.flow();
        match choices(&session.terms, flow, &offer) {
            Ok(choices) => action(tx, scope, session, &choices),
            Err(_) if before_payment(&session) => Ok(()),
            // What is on offer does not matter any more: the session's own rules answer.
            Err(_) => {
                let side = if flow == Flow::OffRamp { Side::OffRamp } else { Side::OnRamp };
                let tokens = offer.catalogue().tokens().cloned().collect();
                // A swap that is under way is paid with whatever it is paid with.
                let from = offer.catalogue().tokens().cloned();
                let from = if flow == Flow::Swap { from.collect() } else { Vec::new() };
                let payouts = payouts(offer.catalogue().methods());
                let method = CARD.to_owned();
                action(tx, scope, session, &Choices { side, method, payouts, tokens, from })
            }
        }
    })
    .await
}

/// Whether nothing is written down yet that may move money.
pub(crate) fn before_payment(session: &Session) -> bool {
    match session.state {
        State::Open { stage: Stage::AwaitingPayment | Stage::AwaitingDeposit, .. } => false,
        State::Open { .. } => true,
        State::InFlight { .. } | State::Completed | State::Expired | State::Cancelled => false,
    }
}

pub(crate) fn overdue(session: &Session, now: Millis) -> bool {
    matches!(session.state, State::Open { .. }) && now >= session.terms.expires_at
}
