//! Reasons with remedies: why something was refused or failed, and what to do next.

use serde::{Deserialize, Serialize};

/// Why a payment failed or a session ended without one. The words are a promise to partners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The bank said no, without saying why.
    CardDeclined,
    /// The bank said that the account is short.
    InsufficientFunds,
    /// The second step (3-D Secure) was refused or answered wrongly.
    AuthenticationFailed,
    /// The session ended while the user had the second step in front of them.
    Abandoned,
    /// The provider never said how the payment ended; a person looks into it.
    PaymentUnresolved,
    /// The tokens could not be sent; the payment goes back.
    PayoutFailed,
    /// The provider never said how the sending ended; a person looks into it.
    PayoutUnresolved,
    /// The payment could not be given back; a person looks into it.
    RefundFailed,
    /// A payment was confirmed after its session had ended; it goes back.
    PaidTooLate,
    /// The tokens arrived after the payment had been sent back; a person looks into it.
    DeliveredBeforeRefund,
    /// The tokens arrived and the payment went back; a person looks into it.
    DeliveredAndRefunded,
    /// The user has to show who they are before the purchase goes on.
    IdentityRequired,
    /// It could not be confirmed that the user is who they say.
    IdentityRejected,
    /// The payment was withdrawn before any money had come in.
    PaymentCancelled,
    /// A test helper asked for a failure.
    ForcedFailure,
    /// The provider did not give a payment back that the partner wanted refunded.
    RefundRefused,
    /// The provider never said what became of a refund; a person looks into it.
    RefundUnresolved,
    /// Fewer tokens came than were agreed on, and the price has lapsed; they go back.
    DepositShort,
    /// The tokens came after the price had lapsed; they go back.
    DepositLate,
    /// The tokens came after the price had lapsed, and the user did not take the new one; they go back.
    NewPriceDeclined,
    /// The tokens came after the price had lapsed, and are more than the user may move at the new one;
    /// they go back.
    LimitReached,
    /// The bank did not take the money of a sale; the tokens go back.
    PayoutBounced,
    /// The payment was taken back from us: a chargeback, or a transfer that was recalled.
    PaymentReversed,
}

impl Reason {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::CardDeclined => "card_declined",
            Self::InsufficientFunds => "insufficient_funds",
            Self::AuthenticationFailed => "authentication_failed",
            Self::Abandoned => "abandoned",
            Self::PaymentUnresolved => "payment_unresolved",
            Self::PayoutFailed => "payout_failed",
            Self::PayoutUnresolved => "payout_unresolved",
            Self::RefundFailed => "refund_failed",
            Self::PaidTooLate => "paid_too_late",
            Self::DeliveredBeforeRefund => "delivered_before_refund",
            Self::DeliveredAndRefunded => "delivered_and_refunded",
            Self::IdentityRequired => "identity_required",
            Self::IdentityRejected => "identity_rejected",
            Self::PaymentCancelled => "payment_cancelled",
            Self::ForcedFailure => "forced_failure",
            Self::RefundRefused => "refund_refused",
            Self::RefundUnresolved => "refund_unresolved",
            Self::DepositShort => "deposit_short",
            Self::DepositLate => "deposit_late",
            Self::NewPriceDeclined => "new_price_declined",
            Self::LimitReached => "limit_reached",
            Self::PayoutBounced => "payout_bounced",
            Self::PaymentReversed => "payment_reversed",
        }
    }

    /// What happened, for the user.
    pub const fn message(self) -> &'static str {
        match self {
            Self::CardDeclined => "The bank declined the card. Nothing was charged.",
            Self::InsufficientFunds => {
                "The bank says that the account does not hold enough. Nothing was charged."
            }
            Self::AuthenticationFailed => {
                "The bank could not confirm that it is you. Nothing was charged."
            }
            Self::Abandoned => "The payment was not confirmed in time. Nothing was charged.",
            Self::PaymentUnresolved => {
                "The payment provider has not told us how the payment ended. We are looking into it."
            }
            Self::PayoutFailed => {
                "The tokens could not be sent. What you gave goes back to where it came from."
            }
            Self::PayoutUnresolved => {
                "The network has not told us how the transfer ended. We are looking into it."
            }
            Self::RefundFailed => {
                "The payment could not be given back yet. We are looking into it."
            }
            Self::PaidTooLate => {
                "The payment was confirmed after the session had ended. It goes back to the card."
            }
            Self::DeliveredBeforeRefund | Self::DeliveredAndRefunded => {
                "The tokens arrived although the payment was being returned. We are looking into it."
            }
            Self::IdentityRequired => {
                "We have to confirm who you are before this purchase can go on."
            }
            Self::IdentityRejected => "We could not confirm who you are. Nothing was charged.",
            Self::PaymentCancelled => "The payment was cancelled. No money has moved.",
            Self::ForcedFailure => "A test helper made this payment fail.",
            Self::RefundRefused => {
                "The payment provider did not take the refund. No money has moved."
            }
            Self::RefundUnresolved => {
                "The payment provider has not told us what became of the refund. We are looking into it."
            }
            Self::DepositShort => {
                "Less arrived than was agreed, and the price has lapsed. What arrived goes back to your wallet."
            }
            Self::DepositLate => {
                "Your tokens arrived after the price had lapsed. They go back to your wallet."
            }
            Self::NewPriceDeclined => {
                "The new price was not accepted. Your tokens go back to your wallet."
            }
            Self::LimitReached => {
                "At the new price this is more than you can move. Your tokens go back to your wallet."
            }
            Self::PayoutBounced => {
                "The bank did not take the money. Your tokens go back to your wallet."
            }
            Self::PaymentReversed => "The payment was taken back by the bank that it came from.",
        }
    }

    /// What the user can do about it.
    pub const fn next_step(self) -> &'static str {
        match self {
            Self::CardDeclined => "Try another card, or ask your bank.",
            Self::InsufficientFunds => "Try another card, or a smaller purchase.",
            Self::AuthenticationFailed => "Try again and confirm the payment with your bank.",
            Self::Abandoned | Self::PaymentCancelled => "Start again when you are ready.",
            Self::PaymentUnresolved
            | Self::PayoutUnresolved
            | Self::RefundFailed
            | Self::DeliveredBeforeRefund
            | Self::DeliveredAndRefunded
            | Self::PaymentReversed => {
                "There is nothing to do now. Keep the transaction number for questions."
            }
            Self::PayoutFailed => "Wait for the refund, then start again with another address.",
            Self::PaidTooLate => "Wait for the refund, then start a new purchase.",
            Self::IdentityRequired => {
                "Confirm your identity; the purchase then goes on where it was."
            }
            Self::IdentityRejected => "Try again, or go back to the shop.",
            Self::ForcedFailure => "Try again.",
            Self::DepositShort | Self::DepositLate | Self::NewPriceDeclined => {
                "Start again with a fresh price, and send the whole amount at once."
            }
            Self::LimitReached => "Start again with a smaller amount.",
            Self::PayoutBounced => "Start again with another bank account.",
            Self::RefundRefused => {
                "Try the refund again later, or give the money back another way."
            }
            Self::RefundUnresolved => {
                "There is nothing to do now. Keep the refund's number for questions."
            }
        }
    }

    /// Whether trying again in the same session can help.
    pub const fn retryable(self) -> bool {
        match self {
            Self::CardDeclined
            | Self::InsufficientFunds
            | Self::AuthenticationFailed
            | Self::Abandoned
            | Self::PayoutFailed
            | Self::PaymentCancelled
            | Self::IdentityRequired
            | Self::IdentityRejected
            | Self::ForcedFailure
            | Self::RefundRefused
            | Self::DepositShort
            | Self::DepositLate
            | Self::NewPriceDeclined
            | Self::LimitReached
            | Self::PayoutBounced => true,
            Self::PaymentUnresolved
            | Self::PayoutUnresolved
            | Self::RefundFailed
            | Self::DeliveredBeforeRefund
            | Self::DeliveredAndRefunded
            | Self::PaidTooLate
            | Self::PaymentReversed
            | Self::RefundUnresolved => false,
        }
    }

    /// Whether the tokens are known to have left although the payment goes back.
    pub const fn tokens_left(self) -> bool {
        matches!(self, Self::DeliveredBeforeRefund | Self::DeliveredAndRefunded)
    }
}
