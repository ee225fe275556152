//! Rail payments: what a partner starts over the API with a signed quote. A pay-in redeems a buy, a
//! pay-out a sale.
//!
//! The money itself is moved by a transaction; the rail payment is its public face and follows it.
//! Once a rail payment has ended it never moves again: money that comes later than that is the
//! transaction's story alone.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalogue::Side;
use crate::event::EventType;
use crate::ids::{InvalidId, PayInId, PayOutId, QuoteId, SessionId, Tenant, TransactionId};
use crate::reason::Reason;
use crate::time::Millis;
use crate::transaction;

/// Which way a rail payment goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RailKind {
    /// The user's money comes in and tokens go out.
    PayIn,
    /// The user's tokens come in and money goes out.
    PayOut,
}

impl RailKind {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PayIn => "pay_in",
            Self::PayOut => "pay_out",
        }
    }

    /// The side of the quotes that it redeems.
    pub const fn side(self) -> Side {
        match self {
            Self::PayIn => Side::OnRamp,
            Self::PayOut => Side::OffRamp,
        }
    }
}

/// The id of a rail payment. Its prefix says which kind it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RailPaymentId {
    /// `pi_..`.
    PayIn(PayInId),
    /// `po_..`.
    PayOut(PayOutId),
}

impl RailPaymentId {
    /// Read an id of either kind, refusing anything that we could not have made.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        PayInId::parse(text).map(Self::PayIn).or_else(|_| PayOutId::parse(text).map(Self::PayOut))
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        match self {
            Self::PayIn(id) => id.as_str(),
            Self::PayOut(id) => id.as_str(),
        }
    }

    /// Which way it goes.
    pub const fn kind(&self) -> RailKind {
        match self {
            Self::PayIn(_) => RailKind::PayIn,
            Self::PayOut(_) => RailKind::PayOut,
        }
    }
}

impl fmt::Display for RailPaymentId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl TryFrom<String> for RailPaymentId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<RailPaymentId> for String {
    fn from(id: RailPaymentId) -> Self {
        id.as_str().to_owned()
    }
}

/// A payment that a partner started over the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RailPayment {
    /// Its id.
    pub id: RailPaymentId,
    /// Whose it is.
    pub tenant: Tenant,
    /// The session that it belongs to.
    pub session_id: SessionId,
    /// The transaction that moves the money.
    pub transaction_id: TransactionId,
    /// The signed quote that it redeemed: every economic fact is there.
    pub quote_id: QuoteId,
    /// Where it stands.
    pub state: State,
    /// When it was started.
    pub created_at: Millis,
    /// When it last moved.
    pub updated_at: Millis,
}

/// Where a rail payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum State {
    /// Money may be moving, in or out or back.
    Processing,
    /// The user has what they get.
    Settled,
    /// Nothing was taken in, or all of it went back.
    Failed {
        /// Why.
        reason: Reason,
    },
    /// It was withdrawn before any money had come in.
    Cancelled {
        /// Why.
        reason: Reason,
    },
}

/// What a change of its transaction means for a rail payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It moved on, and the partner is told. That happens once.
    Moved(State),
    /// Nothing that the partner is told.
    Unchanged,
}

impl State {
    /// The word on the wire.
    pub const fn status(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Settled => "settled",
            Self::Failed { .. } => "failed",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// Why it ended without success, if it did.
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Processing | Self::Settled => None,
            Self::Failed { reason } | Self::Cancelled { reason } => Some(reason),
        }
    }

    /// What partners are told when a payment of this kind comes to stand here.
    pub const fn event(self, kind: RailKind) -> EventType {
        match (kind, self) {
            (RailKind::PayIn, Self::Processing) => EventType::PayInProcessing,
            (RailKind::PayIn, Self::Settled) => EventType::PayInSettled,
            (RailKind::PayIn, Self::Failed { .. }) => EventType::PayInFailed,
            (RailKind::PayIn, Self::Cancelled { .. }) => EventType::PayInCancelled,
            (RailKind::PayOut, Self::Processing) => EventType::PayOutProcessing,
            (RailKind::PayOut, Self::Settled) => EventType::PayOutSettled,
            (RailKind::PayOut, Self::Failed { .. }) => EventType::PayOutFailed,
            (RailKind::PayOut, Self::Cancelled { .. }) => EventType::PayOutCancelled,
        }
    }

    /// The only transition function: what it means that the transaction stands there now.
    pub fn follow(self, transaction: &transaction::State) -> Step {
        use transaction::State as T;
        match self {
            Self::Processing => match transaction {
                T::Completed { .. } => Step::Moved(Self::Settled),
                T::Failed { reason: reason @ Reason::PaymentCancelled } => {
                    Step::Moved(Self::Cancelled { reason: *reason })
                }
                T::Failed { reason } | T::Refunded { reason, .. } => {
                    Step::Moved(Self::Failed { reason: *reason })
                }
                T::AwaitingPayment { .. }
                | T::PaymentReceived { .. }
                | T::Settling { .. }
                | T::RefundPending { .. }
                | T::Reversed { .. }
                | T::Review { .. } => Step::Unchanged,
            },
            Self::Settled | Self::Failed { .. } | Self::Cancelled { .. } => Step::Unchanged,
        }
    }
}
