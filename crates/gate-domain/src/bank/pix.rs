//! Keys of Pix: whoever is paid is known by a CPF, a CNPJ, a phone number, an e-mail address or a
//! random key.

use std::fmt;

use super::{digits, last4, values};
use crate::customer::Email;

/// A checked key, as the directory of the central bank spells it.
#[derive(Clone, PartialEq, Eq)]
pub struct PixKey(String);

/// Why a text is no key, in words for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PixKeyError {
    /// It looks like none of the five.
    #[error(
        "A Pix key is a CPF, a CNPJ, a phone number with +55, an e-mail address or a random key."
    )]
    Form,
    /// Eleven digits whose last two do not follow from the others.
    #[error(
        "The digits of this CPF do not fit together, so one of them may be wrong. A phone number begins with +55."
    )]
    Cpf,
    /// Fourteen characters whose last two do not follow from the others.
    #[error("The characters of this CNPJ do not fit together, so one of them may be wrong.")]
    Cnpj,
    /// No phone number of Brazil.
    #[error("A phone number has +55, the area code and 8 or 9 digits, such as +55 11 91234-5678.")]
    Phone,
    /// No e-mail address.
    #[error("An e-mail address looks like ada@example.com, with at most 77 characters.")]
    Email,
}

/// The longest e-mail address that the directory takes.
const EMAIL_CHARS_MAX: usize = 77;
/// The places of the hyphens of a random key.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

impl PixKey {
    /// Read a key as people write it.
    pub fn parse(text: &str) -> Result<Self, PixKeyError> {
        let text = text.trim();
        let key = if text.contains('@') {
            email(text).ok_or(PixKeyError::Email)?
        } else if text.starts_with('+') {
            phone(text).ok_or(PixKeyError::Phone)?
        } else if let Some(key) = random_key(text) {
            key
        } else if let Some(cpf) = digits(text).filter(|cpf| cpf.len() == 11) {
            Some(cpf).filter(|cpf| is_cpf(cpf)).ok_or(PixKeyError::Cpf)?
        } else if let Some(cnpj) = cnpj_form(text) {
            Some(cnpj).filter(|cnpj| is_cnpj(cnpj)).ok_or(PixKeyError::Cnpj)?
        } else {
            return Err(PixKeyError::Form);
        };
        Ok(Self(key))
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last four characters, for the user; of an e-mail address, those before the `@`, and no more
    /// than half of them.
    pub fn last4(&self) -> &str {
        last4(self.0.split_once('@').map_or(self.0.as_str(), |(name, _)| name))
    }
}

impl fmt::Debug for PixKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("PixKey(..)")
    }
}

fn email(text: &str) -> Option<String> {
    let email = Email::parse(text).filter(|_| text.len() <= EMAIL_CHARS_MAX)?;
    Some(email.folded())
}

/// `+55`, an area code without zeros, and eight digits, or nine of which the first is a 9.
fn phone(text: &str) -> Option<String> {
    let kept: String = text.chars().filter(|c| !matches!(c, '(' | ')')).collect();
    let number = digits(kept.strip_prefix("+")?)?;
    let (area, line) = number.strip_prefix("55")?.split_at_checked(2)?;
    let fits = match line.len() {
        8 => !line.starts_with(['0', '1', '9']),
        9 => line.starts_with('9'),
        _ => false,
    };
    (fits && !area.contains('0')).then(|| format!("+{number}"))
}

/// A UUID, lower case.
fn random_key(text: &str) -> Option<String> {
    let fits = |(place, byte): (usize, u8)| {
        if HYPHENS.contains(&place) { byte == b'-' } else { byte.is_ascii_hexdigit() }
    };
    let good = text.len() == 36 && text.bytes().enumerate().all(fits);
    good.then(|| text.to_ascii_lowercase())
}

/// Nine digits, and two that follow from them. One digit eleven times would fit, and is nobody's.
fn is_cpf(cpf: &str) -> bool {
    let fits = |len: usize| {
        let weights = (2..).take(len);
        check_digit(values(&cpf[..len]).rev().zip(weights)) == values(&cpf[len..]).next()
    };
    !is_one_character(cpf) && fits(9) && fits(10)
}

/// Twelve letters and digits, and two digits, without what people put between them. Those that are
/// given out since July 2026 may have letters.
fn cnpj_form(text: &str) -> Option<String> {
    let between = |c: char| c.is_whitespace() || matches!(c, '.' | '/' | '-');
    let kept: String = text.chars().filter(|c| !between(*c)).collect();
    let cnpj = kept.to_ascii_uppercase();
    let fits = |(place, byte): (usize, u8)| {
        byte.is_ascii_digit() || (place < 12 && byte.is_ascii_uppercase())
    };
    (cnpj.len() == 14 && cnpj.bytes().enumerate().all(fits)).then_some(cnpj)
}

/// A letter counts for its place in ASCII less that of zero.
fn is_cnpj(cnpj: &str) -> bool {
    let fits = |len: usize| {
        let weights = (2..=9).cycle().take(len);
        let counted = cnpj[..len].bytes().map(|byte| u32::from(byte - b'0'));
        check_digit(counted.rev().zip(weights)) == values(&cnpj[len..]).next()
    };
    !is_one_character(cnpj) && fits(12) && fits(13)
}

fn is_one_character(text: &str) -> bool {
    text.bytes().all(|byte| text.as_bytes().first() == Some(&byte))
}

/// The check digit of both: what is missing to a multiple of eleven, or zero.
fn check_digit(weighed: impl Iterator<Item = (u32, u32)>) -> Option<u32> {
    let rest = weighed.map(|(value, weight)| value * weight).sum::<u32>() % 11;
    Some(if rest < 2 { 0 } else { 11 - rest })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_kind_of_key_is_read_as_people_write_it() {
        for (text, key, last4) in [
            ("529.982.247-25", "52998224725", "4725"),
            ("52998224725", "52998224725", "4725"),
            ("11.222.333/0001-81", "11222333000181", "0181"),
            // The example of the tax office for those with letters.
            ("12.abc.345/01de-35", "12ABC34501DE35", "DE35"),
            ("+55 (11) 91234-5678", "+5511912345678", "5678"),
            ("+551132345678", "+551132345678", "5678"),
            ("Ada@Example.com", "ada@example.com", "a"),
            ("maria.silva@example.com.br", "maria.silva@example.com.br", "ilva"),
            (
                " 123E4567-e89b-12d3-a456-426655440000 ",
                "123e4567-e89b-12d3-a456-426655440000",
                "0000",
            ),
        ] {
            let read = PixKey::parse(text).expect(text);
            assert_eq!((read.as_str(), read.last4()), (key, last4), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_told_why() {
        use PixKeyError as E;
        let long = format!("{}@example.com", "a".repeat(66));
        for (text, why) in [
            ("", E::Form),
            ("ada", E::Form),
            ("123", E::Form),
            ("123e4567-e89b-12d3-a456-42665544000", E::Form),
            ("529.982.247-24", E::Cpf),
            ("111.111.111-11", E::Cpf),
            ("11912345678", E::Cpf),
            ("11.222.333/0001-82", E::Cnpj),
            ("00.000.000/0000-00", E::Cnpj),
            ("12.ABC.345/01DE-36", E::Cnpj),
            ("+5511812345678", E::Phone),
            ("+551191234567", E::Phone),
            ("+5501912345678", E::Phone),
            ("+447400123456", E::Phone),
            ("+55 11 9123A-5678", E::Phone),
            ("ada@", E::Email),
            (long.as_str(), E::Email),
        ] {
            assert_eq!(PixKey::parse(text), Err(why), "{text}");
        }
    }

    /// Eleven digits or fourteen characters, with the check digits that follow.
    fn made(front: &str, weights_max: u32) -> String {
        let mut whole = front.to_owned();
        for _ in 0..2 {
            let weights = (2..=weights_max).cycle();
            let counted = whole.bytes().rev().map(|byte| u32::from(byte - b'0'));
            let sum: u32 = counted.zip(weights).map(|(value, weight)| value * weight).sum();
            let digit = (sum * 10 % 11) % 10;
            whole.push(char::from_digit(digit, 10).unwrap());
        }
        whole
    }

    proptest! {
        #[test]
        fn a_made_cpf_fits_and_one_changed_check_digit_does_not(
            front in 1u32..999_999_999,
            place in 9usize..11,
            by in 1u8..10,
        ) {
            let cpf = made(&format!("{front:09}"), 11);
            prop_assume!(!is_one_character(&cpf));
            prop_assert!(is_cpf(&cpf), "{cpf}");
            let mut bytes = cpf.into_bytes();
            bytes[place] = b'0' + (bytes[place] - b'0' + by) % 10;
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(PixKey::parse(&changed), Err(PixKeyError::Cpf), "{}", changed);
        }

        #[test]
        fn a_made_cnpj_fits_and_one_changed_check_digit_does_not(
            front in "[0-9A-Z]{11}[0-9A-Z]",
            place in 12usize..14,
            by in 1u8..10,
        ) {
            let cnpj = made(&front, 9);
            prop_assume!(!is_one_character(&cnpj));
            prop_assert!(is_cnpj(&cnpj), "{cnpj}");
            let mut bytes = cnpj.into_bytes();
            bytes[place] = b'0' + (bytes[place] - b'0' + by) % 10;
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(PixKey::parse(&changed), Err(PixKeyError::Cnpj), "{}", changed);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = PixKey::parse(&text);
            let _ = super::super::SortCode::parse(&text);
            let _ = super::super::UkAccountNumber::parse(&text);
            let _ = super::super::RoutingNumber::parse(&text);
            let _ = super::super::UsAccountNumber::parse(&text);
            let _ = super::super::BankAccount::parse(&text, None);
        }
    }
}
