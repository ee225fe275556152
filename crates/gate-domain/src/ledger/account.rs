//! The accounts of one partner's books in one mode. Balances are derived from entries, never edited.

use std::fmt;

/// Where money can be. What stands at a rail is told apart rail by rail.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Account {
    /// What the provider of a card rail owes us.
    ProviderReceivable(RailWord),
    /// Our money at the bank of a rail, where transfers come in and go out.
    Bank(RailWord),
    /// What we owe the user until it is delivered or given back.
    UserFunds,
    /// What we have earned.
    ServiceFees,
    /// What users have paid for sending tokens: the network's cost.
    NetworkFees,
    /// Rounding in our favour.
    Rounding,
    /// The seam between a currency and a token: one leaves here as the other arrives.
    Exchange,
    /// Our own tokens.
    Treasury,
    /// What was given back after it had been delivered: the partner answers for it.
    Refunds,
    /// Payments that were taken back after their delivery: the house bears them.
    Losses,
    /// What a person who looked into a transaction could not place: somebody has it twice.
    Suspense,
}

/// The payment method that a rail serves, such as `card` or `sepa_transfer`: lower case letters,
/// digits and underscores.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RailWord(String);

impl RailWord {
    /// Read a word.
    pub fn parse(word: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let fits = (1..=40).contains(&word.len()) && word.bytes().all(plain);
        fits.then(|| Self(word.to_owned()))
    }
}

impl Account {
    /// Read the name in the store: the account's word, and after a colon the rail's.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some((word, rail)) = name.split_once(':') {
            let rail = RailWord::parse(rail)?;
            return match word {
                "provider_receivable" => Some(Self::ProviderReceivable(rail)),
                "bank" => Some(Self::Bank(rail)),
                _ => None,
            };
        }
        [
            Self::UserFunds,
            Self::ServiceFees,
            Self::NetworkFees,
            Self::Rounding,
            Self::Exchange,
            Self::Treasury,
            Self::Refunds,
            Self::Losses,
            Self::Suspense,
        ]
        .into_iter()
        .find(|account| account.word() == name)
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::ProviderReceivable(_) => "provider_receivable",
            Self::Bank(_) => "bank",
            Self::UserFunds => "user_funds",
            Self::ServiceFees => "service_fees",
            Self::NetworkFees => "network_fees",
            Self::Rounding => "rounding",
            Self::Exchange => "exchange",
            Self::Treasury => "treasury",
            Self::Refunds => "refunds",
            Self::Losses => "losses",
            Self::Suspense => "suspense",
        }
    }
}

/// The name in the store, such as `provider_receivable:card` or `treasury`.
impl fmt::Display for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())?;
        if let Self::ProviderReceivable(rail) | Self::Bank(rail) = self {
            write!(out, ":{}", rail.0)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        for name in ["provider_receivable:card", "bank:sepa_transfer", "treasury", "suspense"] {
            assert_eq!(Account::parse(name).map(|account| account.to_string()), Some(name.into()));
        }
        for name in ["", "bank", "bank:", "bank:A", "treasury:card", "bank:card:card", "other"] {
            assert_eq!(Account::parse(name), None, "{name}");
        }
    }
}
