//! Why a transaction failed, in words that fit how it is paid and where it stands.

use gate_domain::Reason;
use gate_domain::session::Flow;
use gate_domain::transaction::{State, Transaction};

use crate::error::ReasonBody;

impl ReasonBody {
    /// A reason as things stand with the transaction that it is about.
    pub fn about(reason: Reason, transaction: Option<&Transaction>) -> Self {
        let mut told = Self::from(reason);
        let Some(transaction) = transaction else { return told };
        if let Some(message) = message(reason, transaction) {
            told.message = message.into();
        }
        if let Some(next_step) = next_step(reason, transaction) {
            told.next_step = Some(next_step.into());
        }
        told
    }
}

/// What happened, where the words of a purchase that is under way do not fit.
fn message(reason: Reason, transaction: &Transaction) -> Option<&'static str> {
    use Reason as R;
    let by_bank = transaction.flow() == Flow::OffRamp;
    match (reason, is_back(transaction)) {
        (R::Abandoned, _) if transaction.means.deposit().is_none() => None,
        (R::Abandoned, _) if by_bank => {
            Some("The sale ended before any tokens had come. Nothing has moved.")
        }
        (R::Abandoned, _) => Some("The swap ended before any tokens had come. Nothing has moved."),
        (R::PayoutUnresolved, _) if by_bank => {
            Some("The bank has not told us how the transfer ended. We are looking into it.")
        }
        (R::PayoutFailed, false) if by_bank => {
            Some("The money could not be paid out. What you gave goes back to where it came from.")
        }
        (R::PayoutFailed, true) if by_bank => Some(
            "The money could not be paid out. What you gave has gone back to where it came from.",
        ),
        (R::PayoutFailed, true) => {
            Some("The tokens could not be sent. What you gave has gone back to where it came from.")
        }
        (R::PaidTooLate, true) => Some(
            "The payment was confirmed after the session had ended. It has gone back to the card.",
        ),
        (R::DepositShort, true) => Some(
            "Less arrived than was agreed, and the price has lapsed. What arrived has gone back to your wallet.",
        ),
        (R::DepositLate, true) => Some(
            "Your tokens arrived after the price had lapsed. They have gone back to your wallet.",
        ),
        (R::NewPriceDeclined, true) => {
            Some("The new price was not accepted. Your tokens have gone back to your wallet.")
        }
        (R::LimitReached, true) => Some(
            "At the new price this is more than you can move. Your tokens have gone back to your wallet.",
        ),
        (R::PayoutBounced, true) => {
            Some("The bank did not take the money. Your tokens have gone back to your wallet.")
        }
        _ => None,
    }
}

/// What to do, where the words of a purchase that is under way do not fit.
fn next_step(reason: Reason, transaction: &Transaction) -> Option<&'static str> {
    use Reason as R;
    match (reason, is_back(transaction)) {
        (R::PayoutFailed, true) if transaction.flow() == Flow::OffRamp => {
            Some("Start again with another account.")
        }
        (R::PayoutFailed, true) => Some("Start again with another address."),
        (R::PaidTooLate, true) => Some("Start a new purchase when you are ready."),
        _ => None,
    }
}

fn is_back(transaction: &Transaction) -> bool {
    matches!(transaction.state, State::Refunded { .. })
}
