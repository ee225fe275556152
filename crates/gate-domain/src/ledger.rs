//! Double entry: money moves by balanced postings only. Per asset, every posting sums to zero.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::money::{Asset, Money};
use crate::quote::{FeeKind, Quote};

/// Where money can be. Balances are derived from entries, never edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// What the card provider owes us.
    ProviderReceivable,
    /// What we owe the user until it is delivered or given back.
    UserFunds,
    /// What we have earned.
    ServiceFees,
    /// What users have paid for sending tokens.
    NetworkFees,
    /// Rounding in our favour.
    Rounding,
    /// The seam between a currency and a token: one leaves here as the other arrives.
    Exchange,
    /// Our own tokens.
    Treasury,
}

impl Account {
    /// The word in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProviderReceivable => "provider_receivable",
            Self::UserFunds => "user_funds",
            Self::ServiceFees => "service_fees",
            Self::NetworkFees => "network_fees",
            Self::Rounding => "rounding",
            Self::Exchange => "exchange",
            Self::Treasury => "treasury",
        }
    }
}

/// The facts that move money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Booking {
    /// The card was charged.
    PaymentCaptured,
    /// The tokens have left, final on their network.
    TokensDelivered,
    /// The payment went back to the card.
    PaymentRefunded,
}

impl Booking {
    /// The word in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaymentCaptured => "payment_captured",
            Self::TokensDelivered => "tokens_delivered",
            Self::PaymentRefunded => "payment_refunded",
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

    /// The entries that a fact about a purchase causes.
    ///
    /// # Panics
    /// When the entries do not balance: that is a mistake of ours, and nothing may be written.
    pub fn of(booking: Booking, quote: &Quote) -> Self {
        let fiat = |account, units: i128| Entry {
            account,
            amount: Money::new(units, quote.fiat.asset.clone()),
        };
        let token = |account, units: i128| Entry {
            account,
            amount: Money::new(units, quote.crypto.asset.clone()),
        };
        let charged = quote.fiat.units;
        let entries = match booking {
            Booking::PaymentCaptured => {
                vec![fiat(Account::ProviderReceivable, charged), fiat(Account::UserFunds, -charged)]
            }
            Booking::TokensDelivered => vec![
                fiat(Account::UserFunds, charged),
                fiat(Account::ServiceFees, -quote.fee_units(FeeKind::Service)),
                fiat(Account::NetworkFees, -quote.fee_units(FeeKind::Network)),
                fiat(Account::Rounding, -quote.fee_units(FeeKind::Rounding)),
                fiat(Account::Exchange, quote.total_fees().units - charged),
                token(Account::Exchange, quote.crypto.units),
                token(Account::Treasury, -quote.crypto.units),
            ],
            Booking::PaymentRefunded => {
                vec![fiat(Account::UserFunds, charged), fiat(Account::ProviderReceivable, -charged)]
            }
        };
        let entries: Vec<_> = entries.into_iter().filter(|entry| entry.amount.units != 0).collect();
        assert!(imbalance(&entries).is_empty(), "a posting must sum to zero per asset");
        Self { booking, entries }
    }
}

/// The assets that do not sum to zero, with what is over.
pub fn imbalance(entries: &[Entry]) -> BTreeMap<Asset, i128> {
    let mut sums = BTreeMap::new();
    for entry in entries {
        *sums.entry(entry.amount.asset.clone()).or_insert(0) += entry.amount.units;
    }
    sums.retain(|_, units| *units != 0);
    sums
}
