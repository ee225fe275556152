//! The journey: what the user sees and may do next, computed from stored state alone. A refresh, a
//! second tab or another device therefore shows the same step.

use crate::catalogue::{TokenInfo, find_token, list_options};
use crate::quote::Quote;
use crate::reason::Reason;
use crate::session::{FlightStage, Session, Stage, State};
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
        options: Vec<TokenInfo>,
        /// What is chosen, or else the first option.
        selected: TokenInfo,
        /// The price on the table.
        quote: Option<&'a Quote>,
        /// The price that the user had accepted no longer holds.
        lapsed: bool,
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
        /// The transaction that failed.
        transaction: Option<&'a Transaction>,
    },
    /// The session is over.
    Ended,
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
/// `quote` is the one that the session's choice or its transaction names, `transaction` the
/// session's own; `now` decides whether the price still holds.
///
/// # Panics
/// When the rows contradict each other, for example a completed session without a transaction: the
/// store writes them in one transaction, so that is a mistake of ours.
pub fn step<'a>(
    session: &'a Session,
    quote: Option<&'a Quote>,
    transaction: Option<&'a Transaction>,
    now: Millis,
) -> Step<'a> {
    let quote_of_payment = || quote.expect("a transaction has a quote");
    let paying = || transaction.expect("a session with a payment has a transaction");
    match &session.state {
        State::Open { stage, choice } => match stage {
            Stage::Failed { reason, refunded } => {
                Step::Failed { reason: *reason, refunded: *refunded, transaction }
            }
            Stage::AwaitingPayment => {
                Step::Challenge { quote: quote_of_payment(), card_last4: &paying().card.last4 }
            }
            Stage::Created | Stage::Opened | Stage::Quoted => match (quote, &choice.address) {
                (Some(quote), _) if choice.accepted && quote.lapsed(now) => {
                    amount_step(session, Some(quote), true)
                }
                (Some(quote), None) if choice.accepted => Step::Wallet { quote },
                (Some(quote), Some(address)) if choice.accepted => {
                    Step::Payment { quote, address: address.as_str() }
                }
                (quote, _) => amount_step(session, quote, false),
            },
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

fn amount_step<'a>(session: &Session, quote: Option<&'a Quote>, lapsed: bool) -> Step<'a> {
    let terms = &session.terms;
    let options = list_options(terms.target_token.as_deref(), terms.target_network.as_deref());
    let quoted = quote.and_then(|quote| {
        let network = quote.crypto.asset.network.as_deref()?;
        find_token(&quote.crypto.asset.code, network)
    });
    let first = options.first().copied();
    let selected =
        quoted.or(first).expect("create refuses a session that leaves nothing to choose");
    Step::Amount { selected, options, quote, lapsed }
}
