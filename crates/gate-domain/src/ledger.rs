//! Double entry: money moves by balanced postings only. Per asset, every posting sums to zero.

mod account;
mod chain;
mod hold;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalogue::Side;
use crate::money::{Asset, Money};
use crate::quote::{CARD, FeeKind, Quote};
use crate::refund::Share;

pub use account::{Account, RailWord};
pub use chain::{BEFORE_THE_FIRST, Line, Record};
pub use hold::{Hold, HoldEnd};

/// The facts that move money: what the user gives has come in, what they get has left, or else what
/// they gave has gone back. A buy and a sale have words of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Booking {
    /// The payment of a buy has come in.
    PaymentCaptured,
    /// The tokens of a buy have left, final on their network.
    TokensDelivered,
    /// The payment of a buy went back.
    PaymentRefunded,
    /// The tokens of a sale have come in.
    TokensReceived,
    /// The money of a sale was paid out.
    MoneyPaidOut,
    /// The tokens of a sale went back.
    TokensReturned,
    /// Part of the payment of a completed buy, or all of it, went back at the partner's wish.
    RefundPaid,
    /// The user has both what they gave and what they get, and a person has closed the case.
    WrittenOff,
    /// The payment of a completed buy was taken back from us: the house bears it.
    PaymentReversed,
    /// It came again.
    PaymentReinstated,
}

impl Booking {
    /// The word in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaymentCaptured => "payment_captured",
            Self::TokensDelivered => "tokens_delivered",
            Self::PaymentRefunded => "payment_refunded",
            Self::TokensReceived => "tokens_received",
            Self::MoneyPaidOut => "money_paid_out",
            Self::TokensReturned => "tokens_returned",
            Self::RefundPaid => "refund_paid",
            Self::WrittenOff => "written_off",
            Self::PaymentReversed => "payment_reversed",
            Self::PaymentReinstated => "payment_reinstated",
        }
    }

    /// The same fact in the words of this side.
    #[must_use]
    pub const fn on(self, side: Side) -> Self {
        match (side, self) {
            (
                _,
                Self::RefundPaid
                | Self::WrittenOff
                | Self::PaymentReversed
                | Self::PaymentReinstated,
            ) => self,
            (Side::OnRamp, Self::PaymentCaptured | Self::TokensReceived) => Self::PaymentCaptured,
            (Side::OnRamp, Self::TokensDelivered | Self::MoneyPaidOut) => Self::TokensDelivered,
            (Side::OnRamp, Self::PaymentRefunded | Self::TokensReturned) => Self::PaymentRefunded,
            (Side::OffRamp, Self::PaymentCaptured | Self::TokensReceived) => Self::TokensReceived,
            (Side::OffRamp, Self::TokensDelivered | Self::MoneyPaidOut) => Self::MoneyPaidOut,
            (Side::OffRamp, Self::PaymentRefunded | Self::TokensReturned) => Self::TokensReturned,
        }
    }
}

/// One line: so much onto (positive) or off (negative) an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which account.
    pub account: Account,
    /// How much, signed.
    pub amount: Money,
}

/// Entries that belong together and sum to zero per asset. Only this module makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    booking: Booking,
    entries: Vec<Entry>,
}

impl Posting {
    /// The fact behind it.
    pub fn booking(&self) -> Booking {
        self.booking
    }

    /// Its lines.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries that a fact about a transaction causes, in the words of its side.
    ///
    /// # Panics
    /// When the entries do not balance: that is a mistake of ours, and nothing may be written. So is
    /// a fact that does not move the whole of a quote: [`Posting::of_refund`], [`Posting::of_reversal`]
    /// and [`Posting::of_reinstatement`] know how much.
    pub fn of(booking: Booking, quote: &Quote) -> Self {
        let booking = booking.on(quote.side);
        if let Some(paid) = &quote.paid_in {
            return Self::of_swap(booking, quote, &paid.amount);
        }
        let fiat = |account, units: i128| Entry {
            account,
            amount: Money::new(units, quote.fiat.asset.clone()),
        };
        let token = |account, units: i128| Entry {
            account,
            amount: Money::new(units, quote.crypto.asset.clone()),
        };
        let (money, tokens, fees) =
            (quote.fiat.units, quote.crypto.units, quote.total_fees().units);
        let mut entries = match booking {
            Booking::PaymentCaptured => {
                vec![fiat(till(quote), money), fiat(Account::UserFunds, -money)]
            }
            Booking::PaymentRefunded => {
                vec![fiat(Account::UserFunds, money), fiat(till(quote), -money)]
            }
            Booking::TokensDelivered => vec![
                fiat(Account::UserFunds, money),
                fiat(Account::Exchange, fees - money),
                token(Account::Exchange, tokens),
                token(Account::Treasury, -tokens),
            ],
            Booking::TokensReceived => {
                vec![token(Account::Treasury, tokens), token(Account::UserFunds, -tokens)]
            }
            Booking::TokensReturned => {
                vec![token(Account::UserFunds, tokens), token(Account::Treasury, -tokens)]
            }
            Booking::MoneyPaidOut => vec![
                token(Account::UserFunds, tokens),
                token(Account::Exchange, -tokens),
                fiat(Account::Exchange, money + fees),
                fiat(till(quote), -money),
            ],
            Booking::WrittenOff => {
                let over = |account, units| Entry {
                    account,
                    amount: Money::new(units, quote.taken().asset.clone()),
                };
                let units = quote.taken().units;
                vec![over(Account::UserFunds, -units), over(Account::Suspense, units)]
            }
            Booking::RefundPaid | Booking::PaymentReversed | Booking::PaymentReinstated => {
                unreachable!("it knows by itself how much it moves")
            }
        };
        if matches!(booking, Booking::TokensDelivered | Booking::MoneyPaidOut) {
            entries.extend([
                fiat(Account::ServiceFees, -quote.fee_units(FeeKind::Service)),
                fiat(Account::NetworkFees, -quote.fee_units(FeeKind::Network)),
                fiat(Account::Rounding, -quote.fee_units(FeeKind::Rounding)),
            ]);
        }
        Self::new(booking, entries)
    }

    /// The same for a swap, which is a buy that tokens pay for.
    fn of_swap(booking: Booking, quote: &Quote, paid: &Money) -> Self {
        let over = |account, units: i128, asset: &Asset| Entry {
            account,
            amount: Money::new(units, asset.clone()),
        };
        let (given, fiat, token) = (&paid.asset, &quote.fiat.asset, &quote.crypto.asset);
        match booking {
            Booking::TokensDelivered => Self::new(
                booking,
                vec![
                    over(Account::UserFunds, paid.units, given),
                    over(Account::Exchange, -paid.units, given),
                    over(Account::Exchange, quote.total_fees().units, fiat),
                    over(Account::ServiceFees, -quote.fee_units(FeeKind::Service), fiat),
                    over(Account::NetworkFees, -quote.fee_units(FeeKind::Network), fiat),
                    over(Account::Rounding, -quote.fee_units(FeeKind::Rounding), fiat),
                    over(Account::Exchange, quote.crypto.units, token),
                    over(Account::Treasury, -quote.crypto.units, token),
                ],
            ),
            Booking::PaymentRefunded => {
                Self::moved(Booking::TokensReturned, paid, &Account::UserFunds, &Account::Treasury)
            }
            Booking::WrittenOff => {
                Self::moved(booking, paid, &Account::Suspense, &Account::UserFunds)
            }
            Booking::PaymentCaptured
            | Booking::TokensReceived
            | Booking::MoneyPaidOut
            | Booking::TokensReturned
            | Booking::RefundPaid
            | Booking::PaymentReversed
            | Booking::PaymentReinstated => {
                unreachable!("a swap takes in deposits, which nobody gives or takes back")
            }
        }
    }

    /// The entries that tokens cause that a user has sent: they are here, and nobody's until a sale
    /// takes them in.
    pub fn of_deposit(amount: &Money) -> Self {
        Self::moved(Booking::TokensReceived, amount, &Account::Treasury, &Account::Suspense)
    }

    /// The entries that it causes that a sale takes in tokens which are here.
    pub fn of_tokens_taken(quote: &Quote) -> Self {
        Self::moved(Booking::TokensReceived, quote.taken(), &Account::Suspense, &Account::UserFunds)
    }

    /// The entries that tokens cause that no sale has taken in, once they are back.
    pub fn of_deposit_returned(amount: &Money) -> Self {
        Self::moved(Booking::TokensReturned, amount, &Account::Suspense, &Account::Treasury)
    }

    /// So much onto one account and off another.
    fn moved(booking: Booking, amount: &Money, onto: &Account, off: &Account) -> Self {
        let asset = &amount.asset;
        let entry = |account: &Account, units| Entry {
            account: account.clone(),
            amount: Money::new(units, asset.clone()),
        };
        Self::new(booking, vec![entry(onto, amount.units), entry(off, -amount.units)])
    }

    /// The entries that it causes that a refund was paid.
    ///
    /// # Panics
    /// As [`Posting::of`].
    pub fn of_refund(quote: &Quote, share: &Share) -> Self {
        let fiat = |account, units: i128| Entry {
            account,
            amount: Money::new(units, quote.fiat.asset.clone()),
        };
        let entries = vec![
            fiat(Account::Refunds, share.principal()),
            fiat(Account::ServiceFees, share.service),
            fiat(till(quote), -share.amount),
        ];
        Self::new(Booking::RefundPaid, entries)
    }

    /// The entries that it causes that so much of a payment was taken back after its delivery.
    pub fn of_reversal(quote: &Quote, units: i128) -> Self {
        let taken = Money::new(units, quote.fiat.asset.clone());
        Self::moved(Booking::PaymentReversed, &taken, &Account::Losses, &till(quote))
    }

    /// The entries that it causes that it came again.
    pub fn of_reinstatement(quote: &Quote, units: i128) -> Self {
        let back = Money::new(units, quote.fiat.asset.clone());
        Self::moved(Booking::PaymentReinstated, &back, &till(quote), &Account::Losses)
    }

    fn new(booking: Booking, entries: Vec<Entry>) -> Self {
        let entries: Vec<_> = entries.into_iter().filter(|entry| entry.amount.units != 0).collect();
        assert!(!entries.is_empty(), "a fact that moves nothing is not booked");
        assert!(imbalance(&entries).is_empty(), "a posting must sum to zero per asset");
        Self { booking, entries }
    }
}

/// Where the money of a quote's rail stands.
fn till(quote: &Quote) -> Account {
    let rail = RailWord::parse(&quote.payment_method).expect("the catalogue checks its methods");
    if quote.payment_method == CARD {
        Account::ProviderReceivable(rail)
    } else {
        Account::Bank(rail)
    }
}

/// The assets that do not sum to zero, with what is over.
pub fn imbalance(entries: &[Entry]) -> BTreeMap<Asset, i128> {
    let mut sums = BTreeMap::new();
    for entry in entries {
        let sum: &mut i128 = sums.entry(entry.amount.asset.clone()).or_insert(0);
        *sum = sum.checked_add(entry.amount.units).expect("amounts are bounded far below i128");
    }
    sums.retain(|_, units| *units != 0);
    sums
}
