//! Holds: an amount that is promised and therefore nobody else's, from the promise to its end. What
//! is held is still on its account; what is available there is the balance without it.

use super::account::Account;
use super::till;
use crate::catalogue::Side;
use crate::money::Money;
use crate::quote::Quote;
use crate::reason::Reason;
use crate::transaction::State;

/// An amount that is held on an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Which account it will leave.
    pub account: Account,
    /// How much: more than nothing.
    pub amount: Money,
}

/// How a hold ended. It ends once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldEnd {
    /// What was held has left, by a posting.
    Posted,
    /// It is not needed: nothing leaves.
    Voided,
    /// The one who was to pay for it did not in time.
    Expired,
}

impl HoldEnd {
    /// The word in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Posted => "posted",
            Self::Voided => "voided",
            Self::Expired => "expired",
        }
    }

    /// What it means for what a transaction has promised that it stands here now; none while the
    /// promise stands. The first end counts.
    pub const fn of(state: &State) -> Option<Self> {
        match state {
            State::Completed { .. } | State::Reversed { .. } => Some(Self::Posted),
            State::Review { reason, .. } if reason.tokens_left() => Some(Self::Posted),
            State::Failed { reason: Reason::Abandoned } => Some(Self::Expired),
            State::Failed { .. } | State::Refunded { .. } => Some(Self::Voided),
            State::AwaitingPayment { .. }
            | State::PaymentReceived { .. }
            | State::Settling { .. }
            | State::RefundPending { .. }
            | State::Review { .. } => None,
        }
    }
}

impl Hold {
    /// What a transaction promises from its charge on: tokens of the treasury, or for a sale money
    /// at the bank of its rail.
    pub fn of_payout(quote: &Quote) -> Self {
        let account = match quote.side {
            Side::OnRamp => Account::Treasury,
            Side::OffRamp => till(quote),
        };
        Self::new(account, quote.delivered().clone())
    }

    /// What a refund promises: money where the payment stands.
    pub fn of_refund(quote: &Quote, amount: &Money) -> Self {
        Self::new(till(quote), amount.clone())
    }

    fn new(account: Account, amount: Money) -> Self {
        assert!(amount.units > 0, "nothing cannot be held");
        Self { account, amount }
    }
}
