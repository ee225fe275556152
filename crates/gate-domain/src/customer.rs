//! Customers: a partner's own record of one of its customers (contract, section 9.2). It is not
//! what the gateway finds out when it verifies somebody.

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::ids::{CustomerId, Tenant};
use crate::time::Millis;

/// The longest e-mail address: what fits into the path of RFC 5321.
pub const EMAIL_CHARS_MAX: usize = 254;
/// The longest name of a partner's own.
pub const EXTERNAL_ID_CHARS_MAX: usize = 200;
/// The longest first or last name.
pub const NAME_CHARS_MAX: usize = 128;
/// The longest phone number, with its plus sign (E.164).
pub const PHONE_CHARS_MAX: usize = 16;

/// Where the verification of every customer stands: there is none yet.
pub const KYC_UNVERIFIED: &str = "unverified";

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Whose it is.
    pub tenant: Tenant,
    /// What is known about the person. It rests sealed.
    pub person: Person,
    /// When it was made.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
}

/// Everything about a customer that is about a person, in one piece, so that it is sealed and
/// erased as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The address, as the partner wrote it. It never changes.
    pub email: Email,
    /// The partner's own name for the customer. It never changes.
    pub external_id: Option<ExternalId>,
    /// The number. It never changes.
    pub phone: Option<Phone>,
    /// Where they live.
    pub country_code: Option<CountryCode>,
    /// 1 to 128 characters.
    pub first_name: Option<String>,
    /// 1 to 128 characters.
    pub last_name: Option<String>,
    /// The partner's notes, a JSON object as text.
    pub metadata: String,
}

/// What a PATCH may change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerChange {
    /// Where they live.
    pub country_code: Change<CountryCode>,
    /// 1 to 128 characters.
    pub first_name: Change<String>,
    /// 1 to 128 characters.
    pub last_name: Change<String>,
    /// The whole object; cleared, it is empty.
    pub metadata: Change<String>,
}

impl Person {
    /// The person after a change; none when nothing is different.
    #[must_use]
    pub fn changed(&self, change: CustomerChange) -> Option<Self> {
        let CustomerChange { country_code, first_name, last_name, metadata } = change;
        let next = Self {
            country_code: country_code.over(self.country_code.clone()),
            first_name: first_name.over(self.first_name.clone()),
            last_name: last_name.over(self.last_name.clone()),
            metadata: metadata.over(Some(self.metadata.clone())).unwrap_or_else(|| "{}".into()),
            ..self.clone()
        };
        (next != *self).then_some(next)
    }
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $check:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Check and take the text; none when it is not one.
            pub fn parse(text: &str) -> Option<Self> {
                $check(text).map(Self)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                Self::parse(&text).ok_or_else(|| concat!("not an ", stringify!($name)).into())
            }
        }

        impl From<$name> for String {
            fn from(checked: $name) -> Self {
                checked.0
            }
        }
    };
}

checked_text!(
    /// An e-mail address by the rule of HTML's e-mail field, at most 254 characters
    /// (<https://html.spec.whatwg.org/#valid-e-mail-address>).
    Email, check_email
);
checked_text!(
    /// 1 to 200 characters of `A-Z a-z 0-9 . _ : -`.
    ExternalId, check_external_id
);
checked_text!(
    /// A plus sign and 2 to 15 digits, the first not zero (E.164).
    Phone, check_phone
);
checked_text!(
    /// Two letters, kept in capitals (ISO 3166-1).
    CountryCode, check_country_code
);

impl Email {
    /// What addresses are compared by: case makes no difference.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

fn check_email(text: &str) -> Option<String> {
    let (name, host) = text.rsplit_once('@')?;
    let name_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    let label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let good = text.len() <= EMAIL_CHARS_MAX
        && !name.is_empty()
        && name.bytes().all(name_byte)
        && host.split('.').all(label);
    good.then(|| text.to_owned())
}

fn check_external_id(text: &str) -> Option<String> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    let good = (1..=EXTERNAL_ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(known);
    good.then(|| text.to_owned())
}

fn check_phone(text: &str) -> Option<String> {
    let digits = text.strip_prefix('+')?;
    let good = (2..PHONE_CHARS_MAX).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    good.then(|| text.to_owned())
}

fn check_country_code(text: &str) -> Option<String> {
    let good = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    good.then(|| text.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["a@b", "ada.lovelace+gate@example.co.uk", "o'neil@xn--bcher-kva.example"] {
            assert!(Email::parse(good).is_some(), "{good}");
        }
        let long = format!("{}@example.com", "a".repeat(243));
        for bad in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@@example.com",
            "ada lovelace@example.com",
            "ada@-example.com",
            "ada@example..com",
            "ada@exämple.com",
            "ada@example.com\n",
            &long,
        ] {
            assert!(Email::parse(bad).is_none(), "{bad}");
        }
        assert!(Email::parse(&long[1..]).is_some(), "254 characters");
        assert_eq!(Email::parse("Ada@Example.COM").unwrap().folded(), "ada@example.com");
    }

    #[test]
    fn names_numbers_and_countries() {
        assert!(ExternalId::parse("crm:user-7_a.b").is_some());
        for bad in ["", "a b", "é", "a/b", &"x".repeat(201)] {
            assert!(ExternalId::parse(bad).is_none(), "{bad}");
        }
        assert!(Phone::parse("+4915112345678").is_some());
        for bad in ["", "+", "+1", "491511234", "+0123", "+1234567890123456", "+49 151"] {
            assert!(Phone::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(CountryCode::parse("de").unwrap().as_str(), "DE");
        for bad in ["", "d", "deu", "d1", "dé"] {
            assert!(CountryCode::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_is_left_out_stays_and_null_clears() {
        let person = Person {
            email: Email::parse("ada@example.com").unwrap(),
            external_id: None,
            phone: None,
            country_code: CountryCode::parse("GB"),
            first_name: Some("Ada".into()),
            last_name: None,
            metadata: r#"{"vip":true}"#.into(),
        };
        assert_eq!(person.changed(CustomerChange::default()), None);
        let same = CustomerChange { first_name: Change::Set("Ada".into()), ..Default::default() };
        assert_eq!(person.changed(same), None, "the same again is no change");
        let change = CustomerChange {
            country_code: Change::Clear,
            last_name: Change::Set("Lovelace".into()),
            metadata: Change::Clear,
            ..Default::default()
        };
        let changed = person.changed(change).unwrap();
        assert_eq!((changed.country_code, changed.metadata.as_str()), (None, "{}"));
        assert_eq!(changed.first_name.as_deref(), Some("Ada"));
        assert_eq!(changed.last_name.as_deref(), Some("Lovelace"));
    }

    #[test]
    fn what_rests_is_read_back_only_if_it_is_right() {
        assert!(serde_json::from_str::<Email>("\"ada@example.com\"").is_ok());
        assert!(serde_json::from_str::<Email>("\"ada\"").is_err());
    }
}
