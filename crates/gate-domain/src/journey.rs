//! The journey: what the user sees and may do next, computed from stored state alone. A refresh, a
//! second tab or another device therefore shows the same step.

use crate::bank::AccountKind;
use crate::catalogue::{Offer, Refusal, Token};
use crate::destination::{Destination, Family};
use crate::hosted::{Choices, Payout, choices_for, flows};
use crate::limits::Standing;
use crate::money::Money;
use crate::person::{Ask, Person};
use crate::quote::Quote;
use crate::rail::{DepositMeans, PayoutAccount};
use crate::reason::Reason;
use crate::session::{
    Choice, FlightStage, Flow, IdentityCheck, IdentityStage, Session, Stage, State,
};
use crate::time::Millis;
use crate::transaction::{self, PaymentStep, Transaction};

/// After this long without news the page says that it takes longer than usual: 8 s.
const SLOW_AFTER_MS: i64 = 8_000;

/// What the user sees. One step at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Choose what to buy or sell and look at the price.
    Amount {
        /// What the user wants to do.
        flow: Flow,
        /// What they could want.
        flows: Vec<Flow>,
        /// What there is to choose from.
        options: Vec<Token>,
        /// What is chosen, or else the first option.
        selected: Token,
        /// What a swap can be paid with; empty otherwise.
        from_options: Vec<Token>,
        /// What it is paid with.
        from_selected: Option<Box<Token>>,
        /// How the user of a sale can be paid out; empty otherwise.
        payouts: Vec<Payout>,
        /// How they are.
        payout: Option<Payout>,
        /// The price on the table.
        quote: Option<&'a Quote>,
        /// Why the user is here again.
        notice: Option<Notice>,
    },
    /// Say where the money of a sale goes.
    Account {
        /// The accepted price.
        quote: &'a Quote,
        /// What its way of being paid out asks for.
        asks: AccountKind,
    },
    /// Say where the tokens go; for a sale, where they would go back to.
    Wallet {
        /// The accepted price.
        quote: &'a Quote,
        /// Whose kind of address it has to be.
        family: Family,
        /// It is for what would go back.
        refund: bool,
    },
    /// Pay.
    Payment {
        /// The accepted price.
        quote: &'a Quote,
        /// Where the tokens go.
        address: &'a Destination,
    },
    /// Look at a sale or a swap once more before tokens are sent.
    Confirm {
        /// The accepted price.
        quote: &'a Quote,
        /// Where tokens would go back to.
        back_to: &'a Destination,
        /// Where the tokens of a swap go.
        address: Option<&'a Destination>,
        /// Where the money of a sale goes.
        account: Option<&'a PayoutAccount>,
    },
    /// Send tokens.
    Deposit {
        /// The agreed price.
        quote: &'a Quote,
        /// Where to, and what becomes of them.
        means: &'a DepositMeans,
        /// The transaction that waits for them.
        transaction: &'a Transaction,
        /// What has come.
        received: Money,
        /// The price holds no longer: what comes now meets another.
        lapsed: bool,
    },
    /// Say yes or no to a new price for tokens that came too late.
    NewPrice {
        /// The price that had been agreed.
        agreed: &'a Quote,
        /// The new one; none until it is asked for.
        quote: Option<&'a Quote>,
        /// The transaction that holds the tokens.
        transaction: &'a Transaction,
    },
    /// Show who they are; the purchase then goes on where it was.
    Identity {
        /// What has to be confirmed, and how far they are.
        check: IdentityCheck,
        /// The address that a code was sent to, masked.
        email: Option<&'a str>,
        /// What they are asked for now.
        asks: Vec<Ask>,
    },
    /// Confirm the payment with the bank.
    Challenge {
        /// The accepted price.
        quote: &'a Quote,
        /// The card in question.
        card_last4: &'a str,
    },
    /// Wait; money may be moving.
    Processing {
        /// What for.
        stage: ProcessingStage,
        /// The agreed price.
        quote: &'a Quote,
        /// The transaction that is under way.
        transaction: &'a Transaction,
        /// It takes longer than usual.
        slow: bool,
    },
    /// The tokens are there.
    Done {
        /// The agreed price.
        quote: &'a Quote,
        /// The transaction.
        transaction: &'a Transaction,
        /// The transfer on its network.
        chain_transaction: &'a str,
    },
    /// The attempt failed; what now.
    Failed {
        /// Why.
        reason: Reason,
        /// Whether the payment was made and went back.
        refunded: bool,
        /// Whether there is anything to try again with now.
        can_retry: bool,
        /// The transaction that failed.
        transaction: Option<&'a Transaction>,
    },
    /// What the user came for is not on offer now. When it is again, the journey goes on where it
    /// was.
    Unavailable {
        /// Why.
        refusal: Box<Refusal>,
    },
    /// The address that the partner has fixed is held: nothing moves to or from it. Why is not for the
    /// user. When it is let go, the journey goes on where it was.
    Held,
    /// The session is over.
    Ended {
        /// What the user wanted to do, as far as it is known.
        flow: Option<Flow>,
    },
}

/// Why the user chooses again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The price that they had accepted no longer holds.
    QuoteExpired,
    /// The token that they had chosen is not on offer any more.
    AssetNotAvailable,
}

/// What the user waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessingStage {
    /// For the bank.
    Authorising,
    /// For the network.
    Sending,
    /// For the refund.
    Refunding,
    /// For a person.
    Review,
}

/// What has been stored about one session, beside itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stored<'a> {
    /// The price on the table, or the one that the session's transaction was agreed at.
    pub quote: Option<&'a Quote>,
    /// The session's own transaction.
    pub transaction: Option<&'a Transaction>,
    /// A new price on the table, while a transaction has another.
    pub new_quote: Option<&'a Quote>,
    /// What has come in for a sale, in smallest units of the token.
    pub received_units: i128,
    /// When the price of a sale lapses that waits for tokens.
    pub lapses_at: Option<Millis>,
    /// The address that the last code was sent to, masked.
    pub email: Option<&'a str>,
    /// What the user has shown of themselves.
    pub person: Option<&'a Person>,
    /// How well the user is known, and what they have moved already.
    pub standing: Standing,
    /// Whether the address that the partner has fixed is held.
    pub fixed_address_held: bool,
}

/// What the user sees now.
///
/// `offer` is what the session's partner can offer now; `now` decides whether the price still holds.
///
/// # Panics
/// When the rows contradict each other, for example a completed session without a transaction: the
/// store writes them in one transaction, so that is a mistake of ours.
pub fn step<'a>(session: &'a Session, offer: &Offer, stored: Stored<'a>, now: Millis) -> Step<'a> {
    let Stored { quote, transaction, person, standing, .. } = stored;
    let flow = session.flow();
    let lives_in = person.and_then(|person| person.country.as_ref());
    let seen_in = session.choice().and_then(|choice| choice.seen_in.as_ref());
    let countries: Vec<_> = lives_in.into_iter().chain(seen_in).collect();
    let choices = || choices_for(&session.terms, flow, offer, (&countries, &standing));
    let quote_of_payment = || quote.expect("a transaction has a quote");
    let paying = || transaction.expect("a session with a payment has a transaction");
    match &session.state {
        State::Open { stage: Stage::Failed { reason, refunded }, choice }
            if choice.identity.is_none() =>
        {
            Step::Failed {
                reason: *reason,
                refunded: *refunded,
                can_retry: choices().is_ok()
                    && !session.cannot_deliver()
                    && !stored.fixed_address_held,
                transaction,
            }
        }
        State::Open { stage: Stage::AwaitingPayment, choice: Choice { identity: None, .. } } => {
            Step::Challenge { quote: quote_of_payment(), card_last4: card_last4(paying()) }
        }
        State::Open { stage: Stage::AwaitingDeposit, choice: Choice { identity: None, .. } } => {
            deposit_step(quote_of_payment(), paying(), stored, now)
        }
        State::Open { .. } if stored.fixed_address_held => Step::Held,
        State::Open { choice, .. } => match choices() {
            Err(refusal) => Step::Unavailable { refusal },
            Ok(options) => {
                if let Some(check) = choice.identity {
                    return identity_step(check, offer, stored);
                }
                let amount = AmountStep { flow, flows: flows(&session.terms, offer), options };
                open_step(choice, amount, (offer, stored), now)
            }
        },
        State::InFlight { stage: FlightStage::Processing, .. }
            if matches!(
                paying().state,
                transaction::State::AwaitingPayment { step: PaymentStep::Partial }
            ) =>
        {
            deposit_step(quote_of_payment(), paying(), stored, now)
        }
        State::InFlight { stage: FlightStage::Repricing, .. } => Step::NewPrice {
            agreed: quote_of_payment(),
            quote: stored.new_quote,
            transaction: paying(),
        },
        State::InFlight { stage, .. } => Step::Processing {
            stage: match stage {
                FlightStage::Processing | FlightStage::Repricing => match paying().state {
                    transaction::State::AwaitingPayment { .. } => ProcessingStage::Authorising,
                    transaction::State::PaymentReceived { .. }
                    | transaction::State::Settling { .. }
                    | transaction::State::Completed { .. }
                    | transaction::State::Reversed { .. }
                    | transaction::State::Failed { .. }
                    | transaction::State::RefundPending { .. }
                    | transaction::State::Refunded { .. }
                    | transaction::State::Review { .. } => ProcessingStage::Sending,
                },
                FlightStage::Refunding { .. } => ProcessingStage::Refunding,
                FlightStage::Review { .. } => ProcessingStage::Review,
            },
            quote: quote_of_payment(),
            transaction: paying(),
            slow: now >= paying().updated_at.plus_ms(SLOW_AFTER_MS),
        },
        State::Completed => {
            let chain_transaction = paying().state.chain_transaction();
            let chain_transaction =
                chain_transaction.expect("the transaction of a completed session has delivered");
            Step::Done { quote: quote_of_payment(), transaction: paying(), chain_transaction }
        }
        State::Expired | State::Cancelled => {
            Step::Ended { flow: session.terms.flow.or(transaction.map(Transaction::flow)) }
        }
    }
}

/// The end of the card's number; a payment on a rail has none.
fn card_last4(transaction: &Transaction) -> &str {
    transaction.means.card().map_or("", |card| card.last4.as_str())
}

/// Tokens are to come.
fn deposit_step<'a>(
    quote: &'a Quote,
    transaction: &'a Transaction,
    stored: Stored<'a>,
    now: Millis,
) -> Step<'a> {
    let means = transaction.means.deposit().expect("whoever waits for tokens has said where");
    let received = Money::new(stored.received_units, quote.taken().asset.clone());
    let lapsed = stored.lapses_at.is_some_and(|lapses_at| now >= lapses_at);
    Step::Deposit { quote, means, transaction, received, lapsed }
}

/// What the first step offers.
struct AmountStep {
    flow: Flow,
    flows: Vec<Flow>,
    options: Choices,
}

/// The question who the user is, or what of it is left.
fn identity_step<'a>(check: IdentityCheck, offer: &Offer, stored: Stored<'a>) -> Step<'a> {
    let asks = match check.stage {
        IdentityStage::Details { .. } => {
            let asks = &offer.catalogue().identity().rung(check.level).asks;
            stored.person.map_or_else(|| asks.clone(), |person| check.asks(asks, person))
        }
        IdentityStage::Email | IdentityStage::Code | IdentityStage::Checking { .. } => Vec::new(),
    };
    Step::Identity { check, email: stored.email, asks }
}

/// A step in which the user decides, while there is something on offer.
fn open_step<'a>(
    choice: &'a Choice,
    amount: AmountStep,
    (offer, stored): (&Offer, Stored<'a>),
    now: Millis,
) -> Step<'a> {
    let Some(quote) = stored.quote else { return amount.step(None, None) };
    if !amount.options.hold(quote) {
        return amount.step(None, Some(Notice::AssetNotAvailable));
    }
    if !choice.accepted {
        return amount.step(Some(quote), None);
    }
    if quote.lapsed(now) {
        return amount.step(Some(quote), Some(Notice::QuoteExpired));
    }
    // Networks of one family share addresses; to any other one the user names another.
    let (asset, sent) = (&quote.crypto.asset, &quote.taken().asset);
    let family = |asset| offer.catalogue().family(asset);
    let family_of = |asset| family(asset).expect("what is on offer is known");
    let fits = |address: &&Destination, asset| family(asset) == Some(address.family);
    let address = choice.address.as_ref().filter(|address| fits(address, asset));
    let back_to = choice.back_to.as_ref().filter(|address| fits(address, sent));
    let wallet = || Step::Wallet { quote, family: family_of(asset), refund: false };
    let refund = || Step::Wallet { quote, family: family_of(sent), refund: true };
    match quote.flow() {
        Flow::OnRamp => match address {
            None => wallet(),
            Some(address) => Step::Payment { quote, address },
        },
        Flow::OffRamp => {
            let payout = amount.options.payout_of(quote).expect("what holds can be paid out");
            // What was named for another way of being paid out may not fit this one, and a country may
            // have closed since.
            let currency = quote.fiat.asset.code.as_str();
            let fits = |known: &&PayoutAccount| payout.takes(known, currency, offer);
            let account = choice.account.as_ref().filter(fits);
            match (account, address) {
                (None, _) => Step::Account { quote, asks: payout.account },
                (Some(_), None) => refund(),
                (account @ Some(_), Some(back_to)) => {
                    Step::Confirm { quote, back_to, address: None, account }
                }
            }
        }
        Flow::Swap => match (address, back_to) {
            (None, _) => wallet(),
            (Some(_), None) => refund(),
            (address @ Some(_), Some(back_to)) => {
                Step::Confirm { quote, back_to, address, account: None }
            }
        },
    }
}

impl AmountStep {
    fn step(self, quote: Option<&Quote>, notice: Option<Notice>) -> Step<'_> {
        let Self { flow, flows, options: Choices { tokens: options, from, payouts, .. } } = self;
        let quoted =
            quote.and_then(|quote| options.iter().find(|token| token.is(&quote.crypto.asset)));
        let selected = quoted.or(options.first()).expect("there is something on offer").clone();
        let paid = quote.and_then(|quote| quote.paid_in.as_ref()).map(|paid| &paid.amount.asset);
        let paid = paid.and_then(|asset| from.iter().find(|token| token.is(asset)));
        // Nobody swaps a token for itself.
        let other = || from.iter().find(|token| **token != selected);
        let from_selected = paid.or_else(other).cloned().map(Box::new);
        let agreed =
            |payout: &&Payout| quote.is_some_and(|quote| quote.payment_method == payout.id);
        let payout = payouts.iter().find(agreed).or(payouts.first()).cloned();
        Step::Amount {
            flow,
            flows,
            selected,
            options,
            from_options: from,
            from_selected,
            payouts,
            payout,
            quote,
            notice,
        }
    }
}
