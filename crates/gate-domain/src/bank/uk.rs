//! Accounts of the United Kingdom: a sort code and an account number.

use std::fmt;

use super::{BankAccount, digits, last4};

/// Six digits that name a branch.
#[derive(Clone, PartialEq, Eq)]
pub struct SortCode(String);

/// Eight digits.
#[derive(Clone, PartialEq, Eq)]
pub struct UkAccountNumber(String);

/// A checked account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UkAccount {
    /// The branch.
    pub sort_code: SortCode,
    /// The account there.
    pub number: UkAccountNumber,
}

/// Why a text is no sort code, in words for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A sort code has 6 digits, such as 30-90-09.")]
pub struct SortCodeError;

/// Why a text is no account number, in words for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("An account number has 6 to 8 digits, such as 33669933.")]
pub struct UkAccountNumberError;

impl SortCode {
    /// Read a sort code, with or without dashes or spaces.
    pub fn parse(text: &str) -> Result<Self, SortCodeError> {
        digits(text).filter(|code| code.len() == 6).map(Self).ok_or(SortCodeError)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl UkAccountNumber {
    /// Read an account number. Those of six or seven digits, which a few banks still print, get the
    /// zeros in front that their eight are made with.
    pub fn parse(text: &str) -> Result<Self, UkAccountNumberError> {
        let number = digits(text).filter(|number| (6..=8).contains(&number.len()));
        number.map(|number| Self(format!("{number:0>8}"))).ok_or(UkAccountNumberError)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last four, for the user.
    pub fn last4(&self) -> &str {
        last4(&self.0)
    }
}

impl UkAccount {
    /// What a British IBAN is made of: four letters for the bank, the sort code, the account number.
    pub(super) fn of_iban(account: &BankAccount) -> Option<Self> {
        let parts = account.iban.strip_prefix("GB")?;
        let (sort_code, number) = parts.get(6..)?.split_at_checked(6)?;
        let sort_code = SortCode::parse(sort_code).ok()?;
        Some(Self { sort_code, number: UkAccountNumber::parse(number).ok()? })
    }
}

impl fmt::Debug for SortCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SortCode(..)")
    }
}

impl fmt::Debug for UkAccountNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("UkAccountNumber(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for text in ["309009", "30-90-09", "30 90 09", " 30–90–09 "] {
            assert_eq!(SortCode::parse(text).unwrap().as_str(), "309009", "{text}");
        }
        for (text, number) in
            [("33669933", "33669933"), ("3366 9933", "33669933"), ("123456", "00123456")]
        {
            assert_eq!(UkAccountNumber::parse(text).unwrap().as_str(), number, "{text}");
        }
        assert_eq!(UkAccountNumber::parse("1234567").unwrap().last4(), "4567");
    }

    #[test]
    fn what_is_none_is_told_what_would_be() {
        for text in ["", "30900", "3090090", "30-90-O9", "٣٠٩٠٠٩"] {
            assert_eq!(SortCode::parse(text), Err(SortCodeError), "{text}");
        }
        for text in ["", "12345", "123456789", "1234567x", "GB29NWBK60161331926819"] {
            assert_eq!(UkAccountNumber::parse(text), Err(UkAccountNumberError), "{text}");
        }
    }
}
