//! Commands to the outside world. Each is written down before it is sent, carries an id that the
//! other side dedupes on, and is safe to send again.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::bank::AccountKind;
use crate::destination::Destination;
use crate::ids::{CommandId, DepositId, RefundId, TransactionId};
use crate::money::Money;
use crate::rail_payment::RailPaymentId;
use crate::time::Millis;

/// What a transaction asks of a rail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandKind {
    /// Take in what the user gives: charge the card, or collect the transfer.
    Charge,
    /// Hand the answer to the second step to the bank.
    Confirm,
    /// Let go of a payment that nobody will confirm any more.
    Void,
    /// Deliver what the user gets: send the tokens, or pay out the money of a sale.
    Payout,
    /// Give back what was taken in.
    Refund,
}

impl CommandKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Charge, Self::Confirm, Self::Void, Self::Payout, Self::Refund];

    /// The word in the store and in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Charge => "charge",
            Self::Confirm => "confirm",
            Self::Void => "void",
            Self::Payout => "payout",
            Self::Refund => "refund",
        }
    }
}

/// A card as the provider knows it. The number itself never reaches us for good: the provider
/// turns it into a token first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The provider's token.
    pub token: String,
    /// The last four digits, for the user.
    pub last4: String,
}

/// What the money of a sale goes to, as the provider knows it. Like a card's, its number never reaches
/// us for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayoutAccount {
    /// What it is.
    #[serde(default)]
    pub kind: AccountKind,
    /// The provider's token.
    pub token: String,
    /// The last four characters, for the user; fewer of what is short.
    pub last4: String,
    /// The country of its bank, two letters of ISO 3166.
    pub country: String,
}

/// How the tokens of a sale or a swap come in, and where everything goes that leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepositMeans {
    /// Where the user sends them: nobody else is given this address.
    pub address: Destination,
    /// Where tokens go back to.
    pub back_to: Destination,
    /// Where the money of a sale goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<PayoutAccount>,
}

/// What a transaction takes in what the user gives by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// A card, on the hosted page.
    Card(Card),
    /// A transfer that the partner asked for over the API.
    Rail(RailPaymentId),
    /// Tokens that the user sends from their wallet.
    Deposit(DepositMeans),
}

impl Means {
    /// The card, if it is one.
    pub const fn card(&self) -> Option<&Card> {
        match self {
            Self::Card(card) => Some(card),
            Self::Rail(_) | Self::Deposit(_) => None,
        }
    }

    /// The rail payment, if it is one.
    pub const fn rail(&self) -> Option<&RailPaymentId> {
        match self {
            Self::Rail(id) => Some(id),
            Self::Card(_) | Self::Deposit(_) => None,
        }
    }

    /// How tokens come in, if they do.
    pub const fn deposit(&self) -> Option<&DepositMeans> {
        match self {
            Self::Deposit(means) => Some(means),
            Self::Card(_) | Self::Rail(_) => None,
        }
    }
}

/// What the user typed for the bank. Its `Debug` is blank.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChallengeCode(String);

impl ChallengeCode {
    /// A code as typed.
    pub fn new(code: String) -> Self {
        Self(code)
    }

    /// The digits, for the rail that hands them to the bank.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ChallengeCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ChallengeCode(..)")
    }
}

/// A command as a rail receives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// The key that the other side dedupes on.
    pub id: CommandId,
    /// The transaction that it serves.
    pub transaction_id: TransactionId,
    /// The refund that it pays, where a partner wants a completed payment back. What goes back by
    /// itself, because it could not be delivered for, has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<RefundId>,
    /// The tokens that it sends back, where they were not what a sale takes in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposit_id: Option<DepositId>,
    /// What to do.
    pub kind: CommandKind,
    /// How much, of what.
    pub amount: Money,
    /// What to charge, confirm, let go, refund or pay out by.
    pub means: Means,
    /// The method that its money moves by, as the capability file names it: two of them may pay out
    /// to accounts of one kind. None for tokens, and in what was written before methods were named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Where the tokens go; none for a sale, whose money goes to the verified user's account.
    pub address: Option<Destination>,
    /// The code of the second step, for `Confirm`. Forgotten once it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge_code: Option<ChallengeCode>,
    /// When the command was written down.
    pub created_at: Millis,
}

/// 12 to 19 digits with the check digit of ISO/IEC 7812-1.
pub fn is_card_number(digits: &str) -> bool {
    if !(12..=19).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            let doubled = if place % 2 == 1 { digit * 2 } else { digit };
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    sum.is_multiple_of(10)
}
