//! A transaction: one attempt to turn what the user gives into what they get, from the charge to the
//! last unit. A buy turns a payment into tokens, by a card or a pay-in; a sale turns tokens into
//! money, by a pay-out. The machine is the same: take in, deliver, or else give back.

use serde::{Deserialize, Serialize};

use crate::destination::Destination;
use crate::ids::{QuoteId, SessionId, Tenant, TransactionId};
use crate::ledger::Booking;
use crate::rail::{CommandKind, DepositMeans, Means};
use crate::rail_payment::RailKind;
use crate::reason::Reason;
use crate::session::Flow;
use crate::time::Millis;

/// What never changes about a transaction, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its id, the contract's `refid`.
    pub id: TransactionId,
    /// Whose it is.
    pub tenant: Tenant,
    /// The session that it was made in.
    pub session_id: SessionId,
    /// The price that was agreed.
    pub quote_id: QuoteId,
    /// Where the tokens of a buy go.
    pub address: Option<Destination>,
    /// What is charged.
    pub means: Means,
    /// Where it stands.
    pub state: State,
    /// When it was made.
    pub created_at: Millis,
    /// When it last moved.
    pub updated_at: Millis,
}

impl Transaction {
    /// What the outside calls it: the rail payment, or else the card provider's payment once there
    /// is one.
    pub fn rail_reference(&self) -> Option<&str> {
        match &self.means {
            Means::Rail(id) => Some(id.as_str()),
            Means::Card(_) | Means::Deposit(_) => self.state.payment(),
        }
    }

    /// What the user does by it.
    pub fn flow(&self) -> Flow {
        match &self.means {
            Means::Deposit(DepositMeans { account: None, .. }) => Flow::Swap,
            Means::Deposit(DepositMeans { account: Some(_), .. }) => Flow::OffRamp,
            Means::Rail(id) if id.kind() == RailKind::PayOut => Flow::OffRamp,
            Means::Card(_) | Means::Rail(_) => Flow::OnRamp,
        }
    }
}

/// Where a transaction stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum State {
    /// The charge is on its way; money may be moving and we do not know yet.
    AwaitingPayment {
        /// How far the payment is.
        step: PaymentStep,
    },
    /// The card is charged; the tokens are about to be sent.
    PaymentReceived {
        /// The provider's name for the payment.
        payment: String,
    },
    /// The network has the transfer; it is not final yet.
    Settling {
        /// The provider's name for the payment.
        payment: String,
    },
    /// The tokens are there.
    Completed {
        /// The provider's name for the payment.
        payment: String,
        /// The transfer on its network.
        chain_transaction: String,
        /// What became of the payment, if it was taken back afterwards.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reversal: Option<Reversal>,
    },
    /// The payment was taken back after the tokens had arrived; a person finds out for how long.
    Reversed {
        /// The provider's name for the payment.
        payment: String,
        /// The transfer on its network.
        chain_transaction: String,
    },
    /// Nothing was charged, or all of it was let go.
    Failed {
        /// Why.
        reason: Reason,
    },
    /// The card was charged and the payment is on its way back.
    RefundPending {
        /// The provider's name for the payment.
        payment: String,
        /// Why it goes back.
        reason: Reason,
    },
    /// The payment is back on the card.
    Refunded {
        /// The provider's name for the payment.
        payment: String,
        /// Why it went back.
        reason: Reason,
        /// What became of it, if it was also taken back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reversal: Option<Reversal>,
    },
    /// Nobody knows how it ended; a person looks into it.
    Review {
        /// The provider's name for the payment, if one is known.
        payment: Option<String>,
        /// What is unknown.
        reason: Reason,
        /// How the payment went back, where the tokens are gone too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back: Option<Back>,
    },
}

/// How a payment went back for which tokens are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Back {
    /// We gave it back.
    Refunded,
    /// It was taken back from us.
    Reversed,
    /// Both: it is gone twice.
    Twice,
}

/// How a payment ended that was taken back after its delivery, or after it had been given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reversal {
    /// It stays with the one who paid: the house bears it.
    Lost,
    /// It came again.
    Reinstated,
}

/// How far a payment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStep {
    /// The provider has the charge.
    Authorising,
    /// The bank wants to hear from the user; nothing is charged yet.
    Challenge,
    /// The bank has the user's answer.
    Confirming,
    /// The user is to send tokens; none have come.
    Deposit,
    /// Some have come, and more are to.
    Partial,
    /// All have come after the price had lapsed: the user is asked about a new one.
    Repricing,
}

/// What can happen to a transaction. Most are answers of a rail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The bank wants the second step.
    ChallengeRequired,
    /// The user has answered the second step.
    ChallengeAnswered,
    /// The card is charged.
    PaymentSucceeded {
        /// The provider's name for the payment.
        payment: String,
    },
    /// The card is not charged and never will be by this command.
    PaymentDeclined {
        /// Why.
        reason: Reason,
    },
    /// We have asked long enough and nobody knows.
    PaymentUnresolved,
    /// Some of the tokens have come.
    DepositPartial,
    /// All tokens have come, too late for the price.
    DepositLate,
    /// The session ended while the second step was open or before any token had come, or its answer
    /// did not reach the bank in time.
    Abandoned,
    /// The network has the transfer.
    PayoutSubmitted,
    /// The transfer is final.
    PayoutSucceeded {
        /// The transfer on its network.
        chain_transaction: String,
    },
    /// The tokens did not leave.
    PayoutFailed,
    /// The bank did not take the money of a sale.
    PayoutBounced,
    /// We have asked long enough and nobody knows.
    PayoutUnresolved,
    /// The payment is back on the card.
    RefundSucceeded,
    /// The refund was refused or never answered.
    RefundFailed,
    /// The provider has let go of the payment.
    Voided,
    /// The payment was taken back from us: a chargeback, or a transfer that was recalled.
    PaymentReversed,
    /// A person has found out how it ended.
    ReviewResolved {
        /// How.
        outcome: Resolution,
    },
}

/// How a transaction ended that nobody knew the end of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "snake_case")]
pub enum Resolution {
    /// The user has what they get.
    Completed {
        /// The provider's name for the payment, where none was known.
        payment: Option<String>,
        /// The transfer that brought it, by its name outside; none where one is known, or nothing was
        /// delivered.
        transfer: Option<String>,
    },
    /// What the user gave is with them again.
    Refunded {
        /// The provider's name for the payment, where none was known.
        payment: Option<String>,
    },
    /// Nothing was ever taken from the user.
    Failed,
}

/// What a move causes. Carried out in the transaction that saves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Book these entries.
    Book(Booking),
    /// Write down this command.
    Send(CommandKind),
    /// Forget this command if nobody has sent it yet.
    Withdraw(CommandKind),
}

/// What an event did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The transaction moved on.
    Moved {
        /// Where to.
        next: State,
        /// What that causes.
        effects: Vec<Effect>,
    },
    /// Old news; replaying it is harmless.
    Unchanged,
}

/// An event that makes no sense in a state. It is logged and changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The payment was never asked for this.
    #[error("the payment is not at this step")]
    OutOfStep,
    /// The transaction has ended in another way.
    #[error("the transaction has ended")]
    Ended,
    /// Two answers name different payments.
    #[error("the answer names another payment")]
    OtherPayment,
    /// Nothing of the payment is here that could be taken back.
    #[error("nothing of the payment is left that could be taken back")]
    NothingToReverse,
    /// There is nothing to find out.
    #[error("the transaction is not in review")]
    NotInReview,
    /// Without the provider's name for it, nobody can say that there was a payment.
    #[error("no payment is known: name it, or say that nothing was taken")]
    PaymentUnnamed,
    /// Nobody knows of a transfer, so nobody can say that it arrived.
    #[error("no transfer is known: name the one that brought the user what they get")]
    TransferUnnamed,
    /// A person names a transfer where another one is known, or nothing was delivered.
    #[error("no transfer is to be named here: what was delivered is known")]
    TransferKnown,
    /// The payment is booked, so something was taken.
    #[error("a payment has come in: it was either delivered for or given back")]
    MoneyCameIn,
}

impl State {
    /// The word on the wire (decisions, "Quotes, transactions, rails").
    pub const fn status(&self) -> &'static str {
        match self {
            Self::AwaitingPayment { .. } => "awaiting_payment",
            Self::PaymentReceived { .. } => "payment_received",
            Self::Settling { .. } => "settling",
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
            Self::RefundPending { .. } => "refund_pending",
            Self::Refunded { .. } => "refunded",
            Self::Review { .. } | Self::Reversed { .. } => "review",
        }
    }

    /// Why it stands where it stands, if there is a reason.
    pub const fn reason(&self) -> Option<Reason> {
        match self {
            Self::Failed { reason }
            | Self::RefundPending { reason, .. }
            | Self::Refunded { reason, .. }
            | Self::Review { reason, .. } => Some(*reason),
            Self::Reversed { .. } | Self::Completed { reversal: Some(Reversal::Lost), .. } => {
                Some(Reason::PaymentReversed)
            }
            Self::AwaitingPayment { .. }
            | Self::PaymentReceived { .. }
            | Self::Settling { .. }
            | Self::Completed { .. } => None,
        }
    }

    /// The provider's name for the payment, once one is known.
    pub fn payment(&self) -> Option<&str> {
        match self {
            Self::AwaitingPayment { .. } | Self::Failed { .. } => None,
            Self::PaymentReceived { payment }
            | Self::Settling { payment }
            | Self::Completed { payment, .. }
            | Self::Reversed { payment, .. }
            | Self::RefundPending { payment, .. }
            | Self::Refunded { payment, .. } => Some(payment),
            Self::Review { payment, .. } => payment.as_deref(),
        }
    }

    /// Whether the payment was taken back and came again.
    pub const fn is_reinstated(&self) -> bool {
        matches!(
            self,
            Self::Completed { reversal: Some(Reversal::Reinstated), .. }
                | Self::Refunded { reversal: Some(Reversal::Reinstated), .. }
        )
    }

    /// Whether it counts against its user's limits: not once it has ended without moving anything.
    pub const fn counts(&self) -> bool {
        match self {
            Self::AwaitingPayment { .. }
            | Self::PaymentReceived { .. }
            | Self::Settling { .. }
            | Self::Completed { .. }
            | Self::Reversed { .. }
            | Self::RefundPending { .. }
            | Self::Review { .. } => true,
            Self::Failed { .. } | Self::Refunded { .. } => false,
        }
    }

    /// The transfer that delivered, once one is known to be final.
    pub fn chain_transaction(&self) -> Option<&str> {
        match self {
            Self::Completed { chain_transaction, .. }
            | Self::Reversed { chain_transaction, .. } => Some(chain_transaction),
            Self::AwaitingPayment { .. }
            | Self::PaymentReceived { .. }
            | Self::Settling { .. }
            | Self::Failed { .. }
            | Self::RefundPending { .. }
            | Self::Refunded { .. }
            | Self::Review { .. } => None,
        }
    }

    /// The only transition function. Every pair is written out.
    pub fn apply(&self, event: &Event) -> Result<Step, Refused> {
        use Event as E;
        use State as S;
        match self {
            S::AwaitingPayment { step } => step.apply(event),
            S::PaymentReceived { payment } => match event {
                E::PaymentSucceeded { payment: other } => same_payment(payment, other),
                E::PayoutSubmitted => moved(S::Settling { payment: payment.clone() }, &[]),
                E::PayoutSucceeded { chain_transaction } => completed(payment, chain_transaction),
                E::PayoutFailed => refund(payment, Reason::PayoutFailed, &[]),
                E::PayoutBounced => refund(payment, Reason::PayoutBounced, &[]),
                E::PayoutUnresolved => review(Some(payment.as_str()), Reason::PayoutUnresolved),
                E::ChallengeRequired | E::ChallengeAnswered => Ok(Step::Unchanged),
                E::PaymentDeclined { .. } | E::PaymentUnresolved => Err(Refused::OtherPayment),
                E::DepositPartial
                | E::DepositLate
                | E::Abandoned
                | E::RefundSucceeded
                | E::RefundFailed
                | E::Voided => Err(Refused::OutOfStep),
                E::PaymentReversed => reversed_early(payment, CommandKind::Payout),
                E::ReviewResolved { .. } => Err(Refused::NotInReview),
            },
            S::Settling { payment } => match event {
                E::PaymentSucceeded { payment: other } => same_payment(payment, other),
                E::PayoutSubmitted => Ok(Step::Unchanged),
                E::PayoutSucceeded { chain_transaction } => completed(payment, chain_transaction),
                E::PayoutFailed => refund(payment, Reason::PayoutFailed, &[]),
                E::PayoutBounced => refund(payment, Reason::PayoutBounced, &[]),
                E::PayoutUnresolved => review(Some(payment.as_str()), Reason::PayoutUnresolved),
                E::ChallengeRequired | E::ChallengeAnswered => Ok(Step::Unchanged),
                E::PaymentDeclined { .. } | E::PaymentUnresolved => Err(Refused::OtherPayment),
                E::DepositPartial
                | E::DepositLate
                | E::Abandoned
                | E::RefundSucceeded
                | E::RefundFailed
                | E::Voided => Err(Refused::OutOfStep),
                E::PaymentReversed => reversed_early(payment, CommandKind::Payout),
                E::ReviewResolved { .. } => Err(Refused::NotInReview),
            },
            S::Completed { payment, chain_transaction, reversal } => match event {
                E::PaymentSucceeded { payment: other } => same_payment(payment, other),
                E::PayoutSucceeded { chain_transaction: other } if other == chain_transaction => {
                    Ok(Step::Unchanged)
                }
                E::ChallengeRequired | E::ChallengeAnswered | E::PayoutSubmitted => {
                    Ok(Step::Unchanged)
                }
                E::PaymentDeclined { .. }
                | E::PaymentUnresolved
                | E::Abandoned
                | E::DepositPartial
                | E::DepositLate
                | E::PayoutSucceeded { .. }
                | E::PayoutFailed
                | E::PayoutBounced
                | E::PayoutUnresolved
                | E::RefundSucceeded
                | E::RefundFailed
                | E::Voided => Err(Refused::Ended),
                E::PaymentReversed if reversal.is_some() => Ok(Step::Unchanged),
                E::PaymentReversed => moved(
                    S::Reversed {
                        payment: payment.clone(),
                        chain_transaction: chain_transaction.clone(),
                    },
                    &[Effect::Book(Booking::PaymentReversed)],
                ),
                E::ReviewResolved { .. } => Err(Refused::NotInReview),
            },
            S::Reversed { payment, chain_transaction } => match event {
                E::PaymentSucceeded { payment: other } => same_payment(payment, other),
                E::PayoutSucceeded { chain_transaction: other } if other == chain_transaction => {
                    Ok(Step::Unchanged)
                }
                E::ChallengeRequired
                | E::ChallengeAnswered
                | E::PayoutSubmitted
                | E::PaymentReversed => Ok(Step::Unchanged),
                E::PaymentDeclined { .. }
                | E::PaymentUnresolved
                | E::Abandoned
                | E::DepositPartial
                | E::DepositLate
                | E::PayoutSucceeded { .. }
                | E::PayoutFailed
                | E::PayoutBounced
                | E::PayoutUnresolved
                | E::RefundSucceeded
                | E::RefundFailed
                | E::Voided => Err(Refused::Ended),
                E::ReviewResolved { outcome } => {
                    reversal_resolved(payment, chain_transaction, outcome)
                }
            },
            S::Failed { reason } => match event {
                // Money that comes after we gave up is never dropped: it goes back.
                E::PaymentSucceeded { payment } => {
                    refund(payment, Reason::PaidTooLate, &[Effect::Book(Booking::PaymentCaptured)])
                }
                E::PaymentDeclined { .. } | E::Voided | E::ChallengeRequired => Ok(Step::Unchanged),
                E::Abandoned if *reason == Reason::Abandoned => Ok(Step::Unchanged),
                E::ChallengeAnswered
                | E::PaymentUnresolved
                | E::Abandoned
                | E::DepositPartial
                | E::DepositLate
                | E::PayoutSubmitted
                | E::PayoutSucceeded { .. }
                | E::PayoutFailed
                | E::PayoutBounced
                | E::PayoutUnresolved
                | E::RefundSucceeded
                | E::RefundFailed => Err(Refused::Ended),
                E::PaymentReversed => Err(Refused::NothingToReverse),
                E::ReviewResolved { .. } => Err(Refused::NotInReview),
            },
            S::RefundPending { payment, reason } => match event {
                E::PaymentSucceeded { payment: other } => same_payment(payment, other),
                E::RefundSucceeded => given_back(payment, *reason),
                E::RefundFailed => review(Some(payment.as_str()), Reason::RefundFailed),
                E::ChallengeRequired | E::ChallengeAnswered | E::PayoutSubmitted => {
                    Ok(Step::Unchanged)
                }
                E::PayoutFailed | E::PayoutBounced | E::Voided => Ok(Step::Unchanged),
                E::PaymentDeclined { .. } | E::PaymentUnresolved => Err(Refused::OtherPayment),
                // Tokens that left although the payout was said to have failed: a person decides, also
                // whether the payment goes back if it has not gone yet.
                E::PayoutSucceeded { .. } => moved(
                    S::Review {
                        payment: Some(payment.clone()),
                        reason: Reason::DeliveredBeforeRefund,
                        back: None,
                    },
                    &[
                        Effect::Book(Booking::TokensDelivered),
                        Effect::Withdraw(CommandKind::Refund),
                    ],
                ),
                E::DepositPartial | E::DepositLate | E::Abandoned | E::PayoutUnresolved => {
                    Err(Refused::OutOfStep)
                }
                E::PaymentReversed => reversed_early(payment, CommandKind::Refund),
                E::ReviewResolved { .. } => Err(Refused::NotInReview),
            },
            S::Refunded { payment, reason, reversal } => match event {
                E::PaymentSucceeded { payment: other } => same_payment(payment, other),
                // It was taken back, and the refund that had been sent was paid too.
                E::RefundSucceeded if *reason == Reason::PaymentReversed => {
                    gone_twice(payment, Reason::PaymentReversed)
                }
                E::RefundSucceeded | E::PayoutFailed | E::PayoutBounced | E::Voided => {
                    Ok(Step::Unchanged)
                }
                E::ChallengeRequired | E::ChallengeAnswered | E::PayoutSubmitted => {
                    Ok(Step::Unchanged)
                }
                E::PayoutSucceeded { .. } if reason.tokens_left() => Ok(Step::Unchanged),
                E::PayoutSucceeded { .. } => {
                    let back = match (reason, reversal) {
                        (Reason::PaymentReversed, _) => Back::Reversed,
                        (_, Some(_)) => Back::Twice,
                        (_, None) => Back::Refunded,
                    };
                    delivered_after_all(payment, back)
                }
                E::PaymentDeclined { .. }
                | E::PaymentUnresolved
                | E::DepositPartial
                | E::DepositLate
                | E::Abandoned
                | E::PayoutUnresolved
                | E::RefundFailed => Err(Refused::Ended),
                E::PaymentReversed if *reason == Reason::PaymentReversed || reversal.is_some() => {
                    Ok(Step::Unchanged)
                }
                // It had been given back, and was taken back too.
                E::PaymentReversed => gone_twice(payment, Reason::PaymentReversed),
                E::ReviewResolved { .. } => Err(Refused::NotInReview),
            },
            S::Review { payment, reason, back } => match event {
                // The answer came after we had given up on it: the story goes on where it stopped.
                E::PaymentSucceeded { payment: other } => match payment {
                    Some(payment) => same_payment(payment, other),
                    None => received(other),
                },
                E::PaymentDeclined { reason } if payment.is_none() => failed(*reason),
                E::Abandoned if payment.is_none() => abandoned(),
                E::PayoutSucceeded { chain_transaction } => match payment {
                    Some(payment) if *reason == Reason::PayoutUnresolved => {
                        completed(payment, chain_transaction)
                    }
                    Some(_) if reason.tokens_left() => Ok(Step::Unchanged),
                    Some(payment) if *reason == Reason::PaymentReversed => {
                        delivered_after_all(payment, Back::Twice)
                    }
                    Some(_) | None => Err(Refused::OutOfStep),
                },
                E::PayoutFailed => match payment {
                    Some(payment) if *reason == Reason::PayoutUnresolved => {
                        refund(payment, Reason::PayoutFailed, &[])
                    }
                    Some(_) | None => Err(Refused::OutOfStep),
                },
                E::PayoutBounced => match payment {
                    Some(payment) if *reason == Reason::PayoutUnresolved => {
                        refund(payment, Reason::PayoutBounced, &[])
                    }
                    Some(_) | None => Err(Refused::OutOfStep),
                },
                E::RefundSucceeded => match payment {
                    Some(payment) if *reason == Reason::RefundFailed => {
                        given_back(payment, Reason::PayoutFailed)
                    }
                    Some(payment) if *reason == Reason::DeliveredBeforeRefund => {
                        delivered_and_back(payment, Back::Refunded, &[])
                    }
                    Some(payment) if *back == Some(Back::Reversed) => gone_twice(payment, *reason),
                    Some(_)
                        if matches!(
                            reason,
                            Reason::DeliveredAndRefunded | Reason::PaymentReversed
                        ) =>
                    {
                        Ok(Step::Unchanged)
                    }
                    Some(_) | None => Err(Refused::OutOfStep),
                },
                E::PaymentUnresolved
                | E::PayoutUnresolved
                | E::RefundFailed
                | E::PayoutSubmitted
                | E::ChallengeRequired
                | E::ChallengeAnswered
                | E::Voided => Ok(Step::Unchanged),
                E::PaymentDeclined { .. } | E::DepositPartial | E::DepositLate | E::Abandoned => {
                    Err(Refused::OutOfStep)
                }
                E::PaymentReversed => match payment {
                    Some(_) if *reason == Reason::PaymentReversed => Ok(Step::Unchanged),
                    Some(payment) if *reason == Reason::PayoutUnresolved => {
                        reversed_early(payment, CommandKind::Payout)
                    }
                    Some(payment) if *reason == Reason::RefundFailed => {
                        reversed_early(payment, CommandKind::Refund)
                    }
                    Some(payment) if *reason == Reason::DeliveredBeforeRefund => {
                        let unsent = [Effect::Withdraw(CommandKind::Refund)];
                        delivered_and_back(payment, Back::Reversed, &unsent)
                    }
                    Some(payment) if *back == Some(Back::Refunded) => gone_twice(payment, *reason),
                    Some(_) if back.is_some() => Ok(Step::Unchanged),
                    Some(_) => Err(Refused::NothingToReverse),
                    None => Err(Refused::OutOfStep),
                },
                E::ReviewResolved { outcome } => match payment {
                    Some(payment) => resolved(payment, *reason, *back, outcome),
                    None => resolved_without_payment(*reason, outcome),
                },
            },
        }
    }
}

impl PaymentStep {
    /// Before what the user gives has come in. Split from the rest because each step differs.
    fn apply(self, event: &Event) -> Result<Step, Refused> {
        use Event as E;
        let at = |step| State::AwaitingPayment { step };
        match event {
            E::PaymentSucceeded { payment } => received(payment),
            E::PaymentDeclined { reason } => failed(*reason),
            E::ChallengeRequired => match self {
                Self::Authorising => moved(at(Self::Challenge), &[]),
                Self::Challenge | Self::Confirming => Ok(Step::Unchanged),
                Self::Deposit | Self::Partial | Self::Repricing => Err(Refused::OutOfStep),
            },
            E::ChallengeAnswered => match self {
                Self::Challenge => {
                    moved(at(Self::Confirming), &[Effect::Send(CommandKind::Confirm)])
                }
                Self::Confirming => Ok(Step::Unchanged),
                Self::Authorising | Self::Deposit | Self::Partial | Self::Repricing => {
                    Err(Refused::OutOfStep)
                }
            },
            E::DepositPartial => match self {
                Self::Deposit => moved(at(Self::Partial), &[]),
                Self::Partial => Ok(Step::Unchanged),
                Self::Authorising | Self::Challenge | Self::Confirming | Self::Repricing => {
                    Err(Refused::OutOfStep)
                }
            },
            E::DepositLate => match self {
                Self::Deposit | Self::Partial => moved(at(Self::Repricing), &[]),
                Self::Repricing => Ok(Step::Unchanged),
                Self::Authorising | Self::Challenge | Self::Confirming => Err(Refused::OutOfStep),
            },
            E::Abandoned => match self {
                Self::Challenge | Self::Confirming => abandoned(),
                Self::Deposit => failed(Reason::Abandoned),
                Self::Authorising | Self::Partial | Self::Repricing => Err(Refused::OutOfStep),
            },
            E::PaymentUnresolved => match self {
                Self::Authorising | Self::Confirming => review(None, Reason::PaymentUnresolved),
                Self::Challenge | Self::Deposit | Self::Partial | Self::Repricing => {
                    Err(Refused::OutOfStep)
                }
            },
            E::PayoutSubmitted
            | E::PayoutSucceeded { .. }
            | E::PayoutFailed
            | E::PayoutBounced
            | E::PayoutUnresolved
            | E::RefundSucceeded
            | E::RefundFailed
            | E::Voided => Err(Refused::OutOfStep),
            E::PaymentReversed => Err(Refused::NothingToReverse),
            E::ReviewResolved { .. } => Err(Refused::NotInReview),
        }
    }
}

fn moved(next: State, effects: &[Effect]) -> Result<Step, Refused> {
    Ok(Step::Moved { next, effects: effects.to_vec() })
}

fn same_payment(ours: &str, theirs: &str) -> Result<Step, Refused> {
    if ours == theirs { Ok(Step::Unchanged) } else { Err(Refused::OtherPayment) }
}

fn received(payment: &str) -> Result<Step, Refused> {
    moved(
        State::PaymentReceived { payment: payment.to_owned() },
        &[Effect::Book(Booking::PaymentCaptured), Effect::Send(CommandKind::Payout)],
    )
}

fn completed(payment: &str, chain_transaction: &str) -> Result<Step, Refused> {
    let (payment, chain_transaction) = (payment.to_owned(), chain_transaction.to_owned());
    moved(
        State::Completed { payment, chain_transaction, reversal: None },
        &[Effect::Book(Booking::TokensDelivered)],
    )
}

fn failed(reason: Reason) -> Result<Step, Refused> {
    moved(State::Failed { reason }, &[])
}

/// The bank was asked and nobody answers it any more: the provider is to let go.
fn abandoned() -> Result<Step, Refused> {
    moved(State::Failed { reason: Reason::Abandoned }, &[Effect::Send(CommandKind::Void)])
}

fn refund(payment: &str, reason: Reason, first: &[Effect]) -> Result<Step, Refused> {
    let effects = [first, &[Effect::Send(CommandKind::Refund)]].concat();
    moved(State::RefundPending { payment: payment.to_owned(), reason }, &effects)
}

/// The payment is back where it came from.
fn given_back(payment: &str, reason: Reason) -> Result<Step, Refused> {
    moved(
        State::Refunded { payment: payment.to_owned(), reason, reversal: None },
        &[Effect::Book(Booking::PaymentRefunded)],
    )
}

/// It was given back and taken back: the second time is the house's loss, and put before a person.
fn gone_twice(payment: &str, reason: Reason) -> Result<Step, Refused> {
    let back = Some(Back::Twice);
    moved(
        State::Review { payment: Some(payment.to_owned()), reason, back },
        &[Effect::Book(Booking::PaymentReversed)],
    )
}

/// Tokens are gone and so is the payment: booked as it happened, and put before a person.
fn delivered_after_all(payment: &str, back: Back) -> Result<Step, Refused> {
    let (payment, reason) = (Some(payment.to_owned()), Reason::DeliveredAndRefunded);
    let next = State::Review { payment, reason, back: Some(back) };
    moved(next, &[Effect::Book(Booking::TokensDelivered)])
}

/// The tokens are known to be gone, and now the payment is too.
fn delivered_and_back(payment: &str, back: Back, then: &[Effect]) -> Result<Step, Refused> {
    let (payment, reason) = (Some(payment.to_owned()), Reason::DeliveredAndRefunded);
    let effects = [&[Effect::Book(Booking::PaymentRefunded)], then].concat();
    moved(State::Review { payment, reason, back: Some(back) }, &effects)
}

fn review(payment: Option<&str>, reason: Reason) -> Result<Step, Refused> {
    moved(State::Review { payment: payment.map(str::to_owned), reason, back: None }, &[])
}

/// The payment was taken back before anything is known to have been delivered for it: it is back where
/// it came from, and `unsent` is not to be sent. What was sent all the same is answered for later.
fn reversed_early(payment: &str, unsent: CommandKind) -> Result<Step, Refused> {
    moved(
        State::Refunded {
            payment: payment.to_owned(),
            reason: Reason::PaymentReversed,
            reversal: None,
        },
        &[Effect::Book(Booking::PaymentRefunded), Effect::Withdraw(unsent)],
    )
}

/// What a person found out about a payment that was taken back after its delivery: it came again, or
/// it stays with the one who paid. The transaction is completed either way, by the same transfer.
fn reversal_resolved(
    payment: &str,
    chain_transaction: &str,
    outcome: &Resolution,
) -> Result<Step, Refused> {
    let (named, reversal) = match outcome {
        Resolution::Completed { transfer: Some(transfer), .. } if transfer != chain_transaction => {
            return Err(Refused::TransferKnown);
        }
        Resolution::Completed { payment, .. } => (payment, Reversal::Reinstated),
        Resolution::Refunded { payment } => (payment, Reversal::Lost),
        Resolution::Failed => return Err(Refused::MoneyCameIn),
    };
    if named.as_deref().is_some_and(|named| named != payment) {
        return Err(Refused::OtherPayment);
    }
    let came_again = (reversal == Reversal::Reinstated).then_some(Booking::PaymentReinstated);
    let next = State::Completed {
        payment: payment.to_owned(),
        chain_transaction: chain_transaction.to_owned(),
        reversal: Some(reversal),
    };
    moved(next, &came_again.into_iter().map(Effect::Book).collect::<Vec<_>>())
}

/// What a person found out about a transaction whose payment is booked. What was not booked yet is,
/// and what the user then has twice is written off.
fn resolved(
    payment: &str,
    reason: Reason,
    back: Option<Back>,
    outcome: &Resolution,
) -> Result<Step, Refused> {
    let named = match outcome {
        Resolution::Completed { payment, .. } | Resolution::Refunded { payment } => payment,
        Resolution::Failed => return Err(Refused::MoneyCameIn),
    };
    if named.as_deref().is_some_and(|named| named != payment) {
        return Err(Refused::OtherPayment);
    }
    let payment = payment.to_owned();
    if reason == Reason::PaymentReversed {
        // It went back twice, and nothing was delivered: one of the two came again, or is lost.
        let (reversal, effects): (_, &[Effect]) = match outcome {
            Resolution::Completed { transfer: Some(_), .. } => return Err(Refused::TransferKnown),
            Resolution::Completed { .. } => {
                (Reversal::Reinstated, &[Effect::Book(Booking::PaymentReinstated)])
            }
            Resolution::Refunded { .. } | Resolution::Failed => (Reversal::Lost, &[]),
        };
        let reversal = Some(reversal);
        return moved(State::Refunded { payment, reason: closed(reason), reversal }, effects);
    }
    // What was taken back stays with the one who paid.
    let reversal = matches!(back, Some(Back::Reversed | Back::Twice)).then_some(Reversal::Lost);
    let delivered = reason.tokens_left();
    let returned = reason == Reason::DeliveredAndRefunded;
    let (next, missing) = match outcome {
        Resolution::Completed { transfer, .. } => {
            let chain_transaction = transfer.clone().ok_or(Refused::TransferUnnamed)?;
            let next = State::Completed { payment, chain_transaction, reversal };
            (next, (!delivered).then_some(Booking::TokensDelivered))
        }
        Resolution::Refunded { .. } | Resolution::Failed => (
            State::Refunded { payment, reason: closed(reason), reversal },
            (!returned).then_some(Booking::PaymentRefunded),
        ),
    };
    let both = matches!(next, State::Completed { .. }) && returned
        || matches!(next, State::Refunded { .. }) && delivered;
    let effects: Vec<_> =
        missing.into_iter().chain(both.then_some(Booking::WrittenOff)).map(Effect::Book).collect();
    moved(next, &effects)
}

/// The same where nobody knew of a payment: nothing is booked yet.
fn resolved_without_payment(reason: Reason, outcome: &Resolution) -> Result<Step, Refused> {
    match outcome {
        Resolution::Failed => failed(Reason::Abandoned),
        Resolution::Completed { transfer: None, .. } => Err(Refused::TransferUnnamed),
        Resolution::Completed { payment: Some(payment), transfer: Some(transfer) } => moved(
            State::Completed {
                payment: payment.clone(),
                chain_transaction: transfer.clone(),
                reversal: None,
            },
            &[Effect::Book(Booking::PaymentCaptured), Effect::Book(Booking::TokensDelivered)],
        ),
        Resolution::Refunded { payment: Some(payment) } => moved(
            State::Refunded { payment: payment.clone(), reason: closed(reason), reversal: None },
            &[Effect::Book(Booking::PaymentCaptured), Effect::Book(Booking::PaymentRefunded)],
        ),
        Resolution::Completed { payment: None, .. } | Resolution::Refunded { payment: None } => {
            Err(Refused::PaymentUnnamed)
        }
    }
}

/// Why something went back, once nobody looks into it any more.
const fn closed(reason: Reason) -> Reason {
    if reason.tokens_left() { Reason::DeliveredAndRefunded } else { Reason::PayoutFailed }
}
