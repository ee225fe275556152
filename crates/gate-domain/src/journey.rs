//! The journey: what the user sees and may do next, computed from stored state alone. A refresh, a
//! second tab or another device therefore shows the same step.

use crate::catalogue::{Offer, Refusal, Token};
use crate::hosted::tokens_on_offer;
use crate::quote::Quote;
use crate::reason::Reason;
use crate::session::{Choice, FlightStage, IdentityCheck, Session, Stage, State};
use crate::time::Millis;
use crate::transaction::{self, Transaction};

/// After this long without news the page says that it takes longer than usual: 8 s.
const SLOW_AFTER_MS: i64 = 8_000;

/// What the user sees. One step at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Choose what to buy and look at the price.
    Amount {
        /// What there is to choose from.
        options: Vec<Token>,
        /// What is chosen, or else the first option.
        selected: Token,
        /// The price on the table.
        quote: Option<&'a Quote>,
        /// Why the user is here again.
        notice: Option<Notice>,
    },
    /// Say where the tokens go.
    Wallet {
        /// The accepted price.
        quote: &'a Quote,
    },
    /// Pay.
    Payment {
        /// The accepted price.
        quote: &'a Quote,
        /// Where the tokens go.
        address: &'a str,
    },
    /// Show who they are; the purchase then goes on where it was.
    Identity {
        /// What has to be confirmed.
        check: IdentityCheck,
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
    /// The session is over.
    Ended,
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

/// What the user sees now.
///
/// `offer` is what the session's partner can offer now, `quote` the one that the session's choice or its transaction names, `transaction` the
/// session's own; `now` decides whether the price still holds.
///
/// # Panics
/// When the rows contradict each other, for example a completed session without a transaction: the
/// store writes them in one transaction, so that is a mistake of ours.
pub fn step<'a>(
    session: &'a Session,
    offer: &Offer,
    quote: Option<&'a Quote>,
    transaction: Option<&'a Transaction>,
    now: Millis,
) -> Step<'a> {
    let quote_of_payment = || quote.expect("a transaction has a quote");
    let paying = || transaction.expect("a session with a payment has a transaction");
    match &session.state {
        State::Open { stage: Stage::Failed { reason, refunded }, choice }
            if choice.identity.is_none() =>
        {
            Step::Failed {
                reason: *reason,
                refunded: *refunded,
                can_retry: tokens_on_offer(&session.terms, offer).is_ok(),
                transaction,
            }
        }
        State::Open { stage: Stage::AwaitingPayment, choice: Choice { identity: None, .. } } => {
            Step::Challenge { quote: quote_of_payment(), card_last4: card_last4(paying()) }
        }
        State::Open { choice, .. } => match tokens_on_offer(&session.terms, offer) {
            Err(refusal) => Step::Unavailable { refusal },
            Ok(options) => open_step(choice, options, quote, now),
        },
        State::InFlight { stage, .. } => Step::Processing {
            stage: match stage {
                FlightStage::Processing => match paying().state {
                    transaction::State::AwaitingPayment { .. } => ProcessingStage::Authorising,
                    transaction::State::PaymentReceived { .. }
                    | transaction::State::Settling { .. }
                    | transaction::State::Completed { .. }
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
            let transaction::State::Completed { chain_transaction, .. } = &paying().state else {
                unreachable!("a completed session has a completed transaction")
            };
            Step::Done { quote: quote_of_payment(), transaction: paying(), chain_transaction }
        }
        State::Expired | State::Cancelled => Step::Ended,
    }
}

/// The end of the card's number; a payment on a rail has none.
fn card_last4(transaction: &Transaction) -> &str {
    transaction.means.card().map_or("", |card| card.last4.as_str())
}

/// A step in which the user decides, while there is something on offer.
fn open_step<'a>(
    choice: &'a Choice,
    options: Vec<Token>,
    quote: Option<&'a Quote>,
    now: Millis,
) -> Step<'a> {
    if let Some(check) = choice.identity {
        return Step::Identity { check };
    }
    let Some(quote) = quote else { return amount_step(options, None, None) };
    if !options.iter().any(|token| token.is(&quote.crypto.asset)) {
        return amount_step(options, None, Some(Notice::AssetNotAvailable));
    }
    match (choice.accepted, &choice.address) {
        (false, _) => amount_step(options, Some(quote), None),
        (true, _) if quote.lapsed(now) => {
            amount_step(options, Some(quote), Some(Notice::QuoteExpired))
        }
        (true, None) => Step::Wallet { quote },
        (true, Some(address)) => Step::Payment { quote, address: address.as_str() },
    }
}

fn amount_step(options: Vec<Token>, quote: Option<&Quote>, notice: Option<Notice>) -> Step<'_> {
    let quoted = quote.and_then(|quote| options.iter().find(|token| token.is(&quote.crypto.asset)));
    let selected = quoted.or(options.first()).expect("there is something on offer").clone();
    Step::Amount { selected, options, quote, notice }
}
