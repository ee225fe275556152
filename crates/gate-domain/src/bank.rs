//! What the money of a sale can go to: an account of a bank in its country's own terms, a Pix key, or
//! a card. Whatever was typed is read here, and no further than to whoever turns it into a token.

mod iban;
mod pix;
mod uk;
mod us;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use iban::{BankAccount, BankAccountError};
pub use pix::{PixKey, PixKeyError};
pub use uk::{SortCode, SortCodeError, UkAccount, UkAccountNumber, UkAccountNumberError};
pub use us::{
    AccountType, RoutingNumber, RoutingNumberError, UsAccount, UsAccountNumber,
    UsAccountNumberError,
};

/// What a way of being paid out asks its user for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// An IBAN. What was stored before there were others is one.
    #[default]
    Iban,
    /// A sort code and an account number of the United Kingdom, or the IBAN that is made of them.
    SortCode,
    /// A routing number of the American Bankers Association, an account number, and whether it is a
    /// checking or a savings account.
    Aba,
    /// A key of Pix, in Brazil.
    Pix,
    /// A card.
    Card,
}

impl AccountKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Iban, Self::SortCode, Self::Aba, Self::Pix, Self::Card];

    /// The word in a catalogue and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Iban => "iban",
            Self::SortCode => "sort_code",
            Self::Aba => "aba",
            Self::Pix => "pix",
            Self::Card => "card",
        }
    }

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What to send for it, for whoever sent something else.
    pub const fn wants(self) -> &'static str {
        match self {
            Self::Iban => "Send iban.",
            Self::SortCode => "Send sort_code and account_number, or a British iban.",
            Self::Aba => "Send routing_number, account_number and account_type.",
            Self::Pix => "Send pix_key.",
            Self::Card => "Send card.",
        }
    }
}

/// A card as typed; whoever turns it into a token checks it, as for a payment.
#[derive(Clone, PartialEq, Eq)]
pub struct PayoutCard {
    /// The number.
    pub number: String,
    /// `MM/YY`.
    pub expiry: String,
}

/// What the money of a sale goes to, as the user named it. Its `Debug` says the kind only.
#[derive(Clone, PartialEq, Eq)]
pub enum Account {
    /// An IBAN.
    Iban(BankAccount),
    /// An account of the United Kingdom.
    Uk(UkAccount),
    /// An account of the United States.
    Us(UsAccount),
    /// A key of Pix.
    Pix(PixKey),
    /// A card.
    Card(PayoutCard),
}

impl fmt::Debug for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Account({}, ..)", self.kind().as_str())
    }
}

impl Account {
    /// What kind it is of.
    pub const fn kind(&self) -> AccountKind {
        match self {
            Self::Iban(_) => AccountKind::Iban,
            Self::Uk(_) => AccountKind::SortCode,
            Self::Us(_) => AccountKind::Aba,
            Self::Pix(_) => AccountKind::Pix,
            Self::Card(_) => AccountKind::Card,
        }
    }

    /// The same account in the terms of a kind, if it has any: a British IBAN is a sort code and an
    /// account number.
    pub fn as_kind(self, kind: AccountKind) -> Option<Self> {
        if let (Self::Iban(account), AccountKind::SortCode) = (&self, kind) {
            return UkAccount::of_iban(account).map(Self::Uk);
        }
        (self.kind() == kind).then_some(self)
    }
}

/// The digits of a text that holds nothing but digits and what people put between them.
fn digits(text: &str) -> Option<String> {
    let between = |c: char| c.is_whitespace() || matches!(c, '-' | '.' | '/' | '–');
    let kept: String = text.chars().filter(|c| !between(*c)).collect();
    kept.bytes().all(|byte| byte.is_ascii_digit()).then_some(kept)
}

/// The value of each digit.
fn values(digits: &str) -> impl DoubleEndedIterator<Item = u32> {
    digits.bytes().map(|byte| u32::from(byte - b'0'))
}

/// The last four characters, and of a short text no more than half of it: the rest has to stay unknown.
fn last4(text: &str) -> &str {
    &text[text.len() - (text.len() / 2).min(4)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_british_iban_is_a_sort_code_and_an_account_number() {
        let iban = |text| Account::Iban(BankAccount::parse(text, None).unwrap());
        let british = iban("GB29 NWBK 6016 1331 9268 19");
        let Some(Account::Uk(account)) = british.clone().as_kind(AccountKind::SortCode) else {
            panic!("it is one")
        };
        assert_eq!((account.sort_code.as_str(), account.number.as_str()), ("601613", "31926819"));
        assert_eq!(british.clone().as_kind(AccountKind::Iban), Some(british));
        let german = iban("DE09 0000 0000 0000 0000 01");
        assert_eq!(german.clone().as_kind(AccountKind::SortCode), None);
        assert_eq!(german.as_kind(AccountKind::Aba), None);
    }

    #[test]
    fn nothing_of_an_account_is_shown_by_accident() {
        let account = Account::Iban(BankAccount::parse("DE09000000000000000001", None).unwrap());
        assert_eq!(format!("{account:?}"), "Account(iban, ..)");
        assert_eq!(format!("{:?}", PixKey::parse("ada@example.com")), "Ok(PixKey(..))");
    }

    #[test]
    fn no_more_than_half_of_a_short_account_is_shown() {
        for (length, shown) in [(1, ""), (2, "b"), (3, "c"), (4, "cd"), (5, "de"), (6, "def")] {
            let name = &"abcdef"[..length];
            let key = PixKey::parse(&format!("{name}@example.com")).unwrap();
            assert_eq!(key.last4(), shown, "{name}");
        }
        for (number, shown) in
            [("1234", "34"), ("12345", "45"), ("123456", "456"), ("12345678", "5678")]
        {
            assert_eq!(UsAccountNumber::parse(number).unwrap().last4(), shown, "{number}");
        }
        // All others are long: an IBAN has fifteen characters, a British account eight digits.
        let norwegian = BankAccount::parse("NO93 8601 1117 947", None).unwrap();
        assert_eq!(norwegian.last4(), "7947");
        assert_eq!(UkAccountNumber::parse("123456").unwrap().last4(), "3456");
    }

    #[test]
    fn every_kind_is_read_again() {
        for kind in AccountKind::ALL {
            assert_eq!(AccountKind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
