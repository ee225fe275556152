//! Accounts of the United States: the routing number of the American Bankers Association, which has a
//! check digit, and an account number, which has none.

use std::fmt;

use super::{digits, last4, values};

/// Nine digits that name a bank, of which the last follows from the others.
#[derive(Clone, PartialEq, Eq)]
pub struct RoutingNumber(String);

/// 4 to 17 digits.
#[derive(Clone, PartialEq, Eq)]
pub struct UsAccountNumber(String);

/// What an account is for; a transfer over ACH has to name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountType {
    /// Everyday money.
    Checking,
    /// Money that is put by.
    Savings,
}

/// A checked account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsAccount {
    /// The bank.
    pub routing_number: RoutingNumber,
    /// The account there.
    pub number: UsAccountNumber,
    /// What it is for.
    pub account_type: AccountType,
}

/// Why a text is no routing number, in words for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoutingNumberError {
    /// Not nine digits.
    #[error("A routing number has 9 digits, such as 021000021.")]
    Form,
    /// No bank's begins like this.
    #[error("No bank has a routing number that begins with these two digits.")]
    Prefix,
    /// A typing mistake.
    #[error("The digits of this routing number do not fit together, so one of them may be wrong.")]
    Checksum,
}

/// Why a text is no account number, in words for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("An account number has 4 to 17 digits.")]
pub struct UsAccountNumberError;

impl RoutingNumber {
    /// Read a routing number: of a bank, of one that was a thrift, or of a payment network's.
    pub fn parse(text: &str) -> Result<Self, RoutingNumberError> {
        let number = digits(text).filter(|number| number.len() == 9);
        let number = number.ok_or(RoutingNumberError::Form)?;
        // 00 is the government's, 80 that of travellers' cheques: nobody has an account there.
        if !matches!(number[..2].parse(), Ok(1..=12 | 21..=32 | 61..=72)) {
            return Err(RoutingNumberError::Prefix);
        }
        let weights = [3, 7, 1].into_iter().cycle();
        let sum: u32 = values(&number).zip(weights).map(|(digit, weight)| digit * weight).sum();
        if sum.is_multiple_of(10) { Ok(Self(number)) } else { Err(RoutingNumberError::Checksum) }
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl UsAccountNumber {
    /// Read an account number. Zeros in front belong to it.
    pub fn parse(text: &str) -> Result<Self, UsAccountNumberError> {
        let number = digits(text).filter(|number| (4..=17).contains(&number.len()));
        number.map(Self).ok_or(UsAccountNumberError)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last four, for the user, and no more than half of them.
    pub fn last4(&self) -> &str {
        last4(&self.0)
    }
}

impl AccountType {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Checking, Self::Savings];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Savings => "savings",
        }
    }

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }
}

impl fmt::Debug for RoutingNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("RoutingNumber(..)")
    }
}

impl fmt::Debug for UsAccountNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("UsAccountNumber(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn routing_numbers_of_banks_are_read() {
        // Of banks that publish theirs, and the one that Stripe made for tests.
        for text in ["021000021", "011401533", "091000019", "1100-0000 0", "322271627"] {
            assert!(RoutingNumber::parse(text).is_ok(), "{text}");
        }
        for number in ["1234", "000123456789", "12345678901234567"] {
            assert_eq!(UsAccountNumber::parse(number).unwrap().as_str(), number);
        }
        for kind in AccountType::ALL {
            assert_eq!(AccountType::parse(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn what_is_none_is_told_why() {
        use RoutingNumberError as E;
        for (text, why) in [
            ("", E::Form),
            ("02100002", E::Form),
            ("0210000210", E::Form),
            ("02100002l", E::Form),
            ("000000000", E::Prefix),
            ("131000021", E::Prefix),
            ("801000021", E::Prefix),
            ("021000022", E::Checksum),
            ("021000012", E::Checksum),
        ] {
            assert_eq!(RoutingNumber::parse(text), Err(why), "{text}");
        }
        for number in ["", "123", "123456789012345678", "12345x"] {
            assert_eq!(UsAccountNumber::parse(number), Err(UsAccountNumberError), "{number}");
        }
    }

    /// A routing number with these eight digits in front.
    fn made(front: u32) -> String {
        let front = format!("{front:08}");
        let weights = [3, 7, 1].into_iter().cycle();
        let sum: u32 = values(&front).zip(weights).map(|(digit, weight)| digit * weight).sum();
        format!("{front}{}", (10 - sum % 10) % 10)
    }

    proptest! {
        /// 3, 7 and 1 have no factor with ten in common, so no wrong digit goes unnoticed.
        #[test]
        fn one_changed_digit_is_refused(
            front in 1_000_000u32..12_999_999,
            place in 0usize..9,
            by in 1u8..10,
        ) {
            let number = made(front);
            prop_assert!(RoutingNumber::parse(&number).is_ok(), "{number}");
            let mut bytes = number.into_bytes();
            bytes[place] = b'0' + (bytes[place] - b'0' + by) % 10;
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert!(RoutingNumber::parse(&changed).is_err(), "{changed}");
        }
    }
}
