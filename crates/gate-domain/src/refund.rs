//! Refunds: part of what was paid for a completed buy, or all that can be given back, returns to
//! where it came from because the partner wants it to.
//!
//! The service fee comes back in proportion; what sending the tokens has cost, and what rounding has
//! left over, are spent and kept. However many parts a payment is given back in, they add up to the
//! same.

use serde::{Deserialize, Serialize};

use crate::catalogue::Side;
use crate::event::EventType;
use crate::ids::{RefundId, SessionId, Tenant, TransactionId};
use crate::money::Money;
use crate::quote::{FeeKind, Quote};
use crate::reason::Reason;
use crate::time::Millis;

/// A refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Its id.
    pub id: RefundId,
    /// Whose it is.
    pub tenant: Tenant,
    /// The transaction whose payment goes back.
    pub transaction_id: TransactionId,
    /// The session of that transaction.
    pub session_id: SessionId,
    /// What the user gets back.
    pub amount: Money,
    /// How much of that is the service fee, in smallest units.
    pub service_units: i128,
    /// Where it stands.
    pub state: State,
    /// When it was asked for.
    pub created_at: Millis,
    /// When it last moved.
    pub updated_at: Millis,
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum State {
    /// The money is on its way back.
    Pending,
    /// It is back.
    Succeeded,
    /// It did not leave.
    Failed {
        /// Why.
        reason: Reason,
    },
    /// Nobody knows; a person looks into it.
    Review {
        /// What is unknown.
        reason: Reason,
    },
}

/// What can happen to a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The provider has given the money back.
    Paid,
    /// The provider has not and will not.
    Refused,
    /// We have asked long enough and nobody knows.
    Unresolved,
    /// A person has found out that the money is back.
    FoundPaid,
    /// A person has found out that the money did not leave.
    FoundUnpaid,
}

/// What an event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The refund moved on. What that causes follows from where it stands now.
    Moved(State),
    /// Old news; replaying it is harmless.
    Unchanged,
}

/// An event that makes no sense in a state. It is logged and changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has ended in another way.
    #[error("the refund has ended")]
    Ended,
    /// There is nothing to find out.
    #[error("the refund is not in review")]
    NotInReview,
}

/// Why a refund cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRefundable {
    /// Tokens that users sent us are not given back.
    #[error("sales are not refunded")]
    Sale,
    /// All that can be given back has been.
    #[error("nothing is left to give back")]
    NothingLeft,
    /// It is more than what is left.
    #[error("more than what can be given back")]
    TooMuch,
}

/// A part of a payment that goes back, in smallest units of the currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// All of it.
    pub amount: i128,
    /// The service fee in it.
    pub service: i128,
}

impl Share {
    /// What is no fee.
    pub const fn principal(&self) -> i128 {
        self.amount - self.service
    }
}

/// What can be given back of a payment in all: what was paid without what is spent for good.
pub fn refundable(quote: &Quote) -> i128 {
    quote.fiat.units - kept(quote)
}

/// What is never given back: the network's cost and the rounding.
pub fn kept(quote: &Quote) -> i128 {
    quote.fee_units(FeeKind::Network) + quote.fee_units(FeeKind::Rounding)
}

/// The next part: `wanted`, or all that is left after `before` went back.
pub fn next_share(
    quote: &Quote,
    before: i128,
    wanted: Option<i128>,
) -> Result<Share, NotRefundable> {
    if quote.side == Side::OffRamp || quote.paid_in.is_some() {
        return Err(NotRefundable::Sale);
    }
    let left = refundable(quote) - before;
    if left <= 0 {
        return Err(NotRefundable::NothingLeft);
    }
    let amount = wanted.unwrap_or(left);
    assert!(amount > 0, "callers refuse nothing and less");
    if amount > left {
        return Err(NotRefundable::TooMuch);
    }
    let service = service_until(quote, before + amount) - service_until(quote, before);
    Ok(Share { amount, service })
}

/// The service fee in the first `units` that go back, rounded down.
fn service_until(quote: &Quote, units: i128) -> i128 {
    let service = quote.fee_units(FeeKind::Service);
    service.checked_mul(units).expect("amounts are bounded far below i128") / refundable(quote)
}

impl State {
    /// The word on the wire.
    pub const fn status(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed { .. } => "failed",
            Self::Review { .. } => "review",
        }
    }

    /// Why it stands where it stands, if there is a reason.
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Pending | Self::Succeeded => None,
            Self::Failed { reason } | Self::Review { reason } => Some(reason),
        }
    }

    /// What partners are told when a refund comes to stand here; nothing while a person looks.
    pub const fn event(self) -> Option<EventType> {
        match self {
            Self::Pending => Some(EventType::RefundCreated),
            Self::Succeeded => Some(EventType::RefundSucceeded),
            Self::Failed { .. } => Some(EventType::RefundFailed),
            Self::Review { .. } => None,
        }
    }

    /// The only transition function.
    pub fn apply(self, event: Event) -> Result<Step, Refused> {
        use Event as E;
        match self {
            Self::Pending => match event {
                E::Paid => Ok(Step::Moved(Self::Succeeded)),
                E::Refused => Ok(Step::Moved(Self::Failed { reason: Reason::RefundRefused })),
                E::Unresolved => Ok(Step::Moved(Self::Review { reason: Reason::RefundUnresolved })),
                E::FoundPaid | E::FoundUnpaid => Err(Refused::NotInReview),
            },
            Self::Review { .. } => match event {
                E::Paid | E::FoundPaid => Ok(Step::Moved(Self::Succeeded)),
                E::Refused | E::FoundUnpaid => {
                    Ok(Step::Moved(Self::Failed { reason: Reason::RefundRefused }))
                }
                E::Unresolved => Ok(Step::Unchanged),
            },
            Self::Succeeded => match event {
                E::Paid => Ok(Step::Unchanged),
                E::Refused | E::Unresolved => Err(Refused::Ended),
                E::FoundPaid | E::FoundUnpaid => Err(Refused::NotInReview),
            },
            Self::Failed { .. } => match event {
                E::Refused => Ok(Step::Unchanged),
                E::Paid | E::Unresolved => Err(Refused::Ended),
                E::FoundPaid | E::FoundUnpaid => Err(Refused::NotInReview),
            },
        }
    }
}
