//! Accounts by their IBAN: the number with its checksum and the form of its country, and the BIC beside it.

use std::fmt;

use iban::{Iban, IbanLike as _, ParseIbanError};

use super::last4;

/// A checked account. Its `Debug` is blank.
#[derive(Clone, PartialEq, Eq)]
pub struct BankAccount {
    /// The IBAN without spaces, upper case.
    pub iban: String,
    /// The BIC, upper case, where one was given.
    pub bic: Option<String>,
}

/// Why a text is no bank account, in words for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BankAccountError {
    /// It cannot be an IBAN.
    #[error("An IBAN begins with two letters and two digits, such as DE89 3704 0044 0532 0130 00.")]
    Form,
    /// The country has no IBAN.
    #[error("There is no country whose IBAN begins with these letters.")]
    Country,
    /// Too long, too short, or letters where this country has digits.
    #[error("The IBAN does not have the length and form of its country.")]
    CountryForm,
    /// A typing mistake.
    #[error("The characters of this IBAN do not fit together, so one of them may be wrong.")]
    Checksum,
    /// It cannot be a BIC.
    #[error("A BIC has 8 or 11 characters, such as COBADEFF.")]
    Bic,
    /// The two name different countries.
    #[error("The IBAN and the BIC are of different countries.")]
    BicCountry,
}

/// The country of an IBAN, and a territory whose banks have its IBANs and a BIC of their own.
const SHARED: [(&str, &str); 14] = [
    ("FR", "GF"),
    ("FR", "GP"),
    ("FR", "MQ"),
    ("FR", "MF"),
    ("FR", "BL"),
    ("FR", "NC"),
    ("FR", "PF"),
    ("FR", "PM"),
    ("FR", "RE"),
    ("FR", "WF"),
    ("FR", "YT"),
    ("GB", "GG"),
    ("GB", "IM"),
    ("GB", "JE"),
];

impl fmt::Debug for BankAccount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("BankAccount(..)")
    }
}

impl BankAccount {
    /// The country of its bank, two letters.
    pub fn country(&self) -> &str {
        &self.iban[..2]
    }

    /// The last four characters, for the user.
    pub fn last4(&self) -> &str {
        last4(&self.iban)
    }

    /// Read an IBAN, with or without spaces and in any case, and perhaps a BIC.
    pub fn parse(iban: &str, bic: Option<&str>) -> Result<Self, BankAccountError> {
        let compact = compact(iban);
        let iban = match compact.parse::<Iban>() {
            Ok(iban) => iban.electronic_str().to_owned(),
            Err(ParseIbanError::UnknownCountry(_)) => return Err(BankAccountError::Country),
            Err(ParseIbanError::InvalidBban(_)) => return Err(BankAccountError::CountryForm),
            Err(ParseIbanError::InvalidBaseIban { source }) => {
                return Err(match source {
                    iban::ParseBaseIbanError::InvalidChecksum => BankAccountError::Checksum,
                    iban::ParseBaseIbanError::InvalidFormat => BankAccountError::Form,
                });
            }
        };
        let bic = bic.map(compact_bic).transpose()?;
        if let Some(bic) = &bic {
            let (account, bank) = (&iban[..2], &bic[4..6]);
            if account != bank && !SHARED.contains(&(account, bank)) {
                return Err(BankAccountError::BicCountry);
            }
        }
        Ok(Self { iban, bic })
    }
}

fn compact(text: &str) -> String {
    text.split_whitespace().collect::<String>().to_ascii_uppercase()
}

/// Four letters for the bank, two for the country, two for the place, and perhaps three for the
/// branch.
fn compact_bic(text: &str) -> Result<String, BankAccountError> {
    let bic = compact(text);
    let bytes = bic.as_bytes();
    let fits = matches!(bytes.len(), 8 | 11)
        && bytes[..6].iter().all(u8::is_ascii_uppercase)
        && bytes[6..].iter().all(u8::is_ascii_alphanumeric);
    fits.then_some(bic).ok_or(BankAccountError::Bic)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // Made for this test: any account with the check digits that follow from it.
    const VALID: [&str; 6] = ["DE", "AT", "NL", "FR", "GB", "NO"];

    /// A number of the country's form with its right check digits (ISO 7064, modulo 97).
    fn made(country: &str) -> String {
        let account = match country {
            "DE" => "100200300000123456",
            "AT" => "1200000123456789",
            "NL" => "ABNA0123456789",
            "FR" => "3000600001AB34567890189",
            "GB" => "NWBK60161331926819",
            _ => "86011117947",
        };
        let moved = format!("{account}{country}00");
        let remainder = moved.bytes().fold(0u32, |sum, byte| match byte {
            b'0'..=b'9' => (sum * 10 + u32::from(byte - b'0')) % 97,
            letter => (sum * 100 + u32::from(letter - b'A') + 10) % 97,
        });
        format!("{country}{:02}{account}", 98 - remainder)
    }

    #[test]
    fn an_account_of_each_form_is_read_in_any_spelling() {
        for country in VALID {
            let iban = made(country);
            let lower = iban.to_lowercase();
            let spaced = [&lower[..4], &lower[4..8], &lower[8..]].join(" ");
            for text in [&iban, &spaced] {
                assert_eq!(BankAccount::parse(text, None).unwrap().iban, iban, "{text}");
            }
        }
        let account = BankAccount::parse(&made("DE"), Some("cobadeff xxx")).unwrap();
        assert_eq!(account.bic.as_deref(), Some("COBADEFFXXX"));
        let french = made("FR");
        assert!(BankAccount::parse(&french, Some("BNPAREFF")).is_ok(), "Réunion has French IBANs");
        assert!(BankAccount::parse(&french, Some("BNPADEFF")).is_err());
        let jersey = BankAccount::parse(&made("GB"), Some("NWBKJE22"));
        assert!(jersey.is_ok(), "so has Jersey British ones");
    }

    #[test]
    fn what_is_no_account_is_told_why() {
        use BankAccountError as E;
        let german = made("DE");
        let short = format!("{}{}", &german[..4], &german[5..]);
        for (iban, bic, why) in [
            ("", None, E::Form),
            ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", None, E::Form),
            ("DE00100200300000123456", None, E::Checksum),
            (short.as_str(), None, E::Checksum),
            (german.as_str(), Some("COBADEF"), E::Bic),
            (german.as_str(), Some("COBA1EFF"), E::Bic),
            (german.as_str(), Some("BNPAFRPP"), E::BicCountry),
        ] {
            assert_eq!(BankAccount::parse(iban, bic), Err(why), "{iban} {bic:?}");
        }
        // The right check digits of a form that the country does not have, and of no country.
        for (text, why) in [("DE", E::CountryForm), ("XX", E::Country)] {
            let moved = format!("1002003000001234{text}00");
            let remainder = moved.bytes().fold(0u32, |sum, byte| match byte {
                b'0'..=b'9' => (sum * 10 + u32::from(byte - b'0')) % 97,
                letter => (sum * 100 + u32::from(letter - b'A') + 10) % 97,
            });
            let iban = format!("{text}{:02}1002003000001234", 98 - remainder);
            assert_eq!(BankAccount::parse(&iban, None), Err(why), "{iban}");
        }
    }

    proptest! {
        /// A digit for a digit, a letter for a letter: 97 is prime, so none goes unnoticed.
        #[test]
        fn one_changed_character_is_refused(country in 0usize..6, place in 0usize..40, by in 1u8..10) {
            let iban = made(VALID[country]);
            let mut bytes = iban.clone().into_bytes();
            let place = place % bytes.len();
            bytes[place] = match bytes[place] {
                digit @ b'0'..=b'9' => b'0' + (digit - b'0' + by) % 10,
                letter => b'A' + (letter - b'A' + by) % 26,
            };
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert!(BankAccount::parse(&changed, None).is_err(), "{changed}");
        }
    }
}
