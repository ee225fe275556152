//! The two strings that must never be mixed up: who we are, and which attempt this is.

use std::fmt;

use reqwest::header::HeaderValue;

const KEY_BYTES_MAX: usize = 255;

/// Whether real money is behind a key (contract, section 2). Read from the key's prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The simulator.
    Test,
    /// Real money.
    Live,
}

impl Mode {
    /// `test` or `live`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }
}

/// A secret key (contract, section 1.2). For servers only; its `Debug` is blank.
#[derive(Clone)]
pub struct SecretKey {
    authorization: HeaderValue,
    mode: Mode,
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SecretKey(..)")
    }
}

/// Not a secret key. The text is not repeated, since it may be another secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret key begins with sk_test_ or sk_live_ and goes on with printable characters")]
pub struct InvalidSecretKey;

impl SecretKey {
    /// Read a key. A publishable key (`pk_..`) is refused here and not by the first request.
    pub fn parse(text: &str) -> Result<Self, InvalidSecretKey> {
        let (mode, tail) = match (text.strip_prefix("sk_test_"), text.strip_prefix("sk_live_")) {
            (Some(tail), _) => (Mode::Test, tail),
            (_, Some(tail)) => (Mode::Live, tail),
            (None, None) => return Err(InvalidSecretKey),
        };
        if tail.is_empty() || !tail.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidSecretKey);
        }
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {text}")).map_err(|_| InvalidSecretKey)?;
        authorization.set_sensitive(true);
        Ok(Self { authorization, mode })
    }

    /// The mode that everything done with this key belongs to.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    pub(crate) fn authorization(&self) -> HeaderValue {
        self.authorization.clone()
    }
}

/// The name of one logical attempt (contract, section 3.4).
///
/// Make it once, store it before the first call, and use it again for every retry of the same body.
/// A fresh key on a retry makes a second session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

/// Not an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key has 1 to {KEY_BYTES_MAX} printable ASCII characters")]
pub struct InvalidIdempotencyKey;

impl IdempotencyKey {
    /// Take a key that the caller made. Any opaque printable text will do; a UUID is a good choice.
    pub fn parse(text: &str) -> Result<Self, InvalidIdempotencyKey> {
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > KEY_BYTES_MAX || !printable {
            return Err(InvalidIdempotencyKey);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text, to store it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_key_knows_its_mode_and_does_not_show_itself() {
        let key = SecretKey::parse("sk_test_abc").unwrap();
        assert_eq!(key.mode(), Mode::Test);
        assert_eq!(SecretKey::parse("sk_live_abc").unwrap().mode(), Mode::Live);
        assert_eq!(format!("{key:?}"), "SecretKey(..)");
        assert!(!format!("{:?}", key.authorization()).contains("abc"));
    }

    #[test]
    fn other_keys_are_refused() {
        for text in ["", "pk_test_abc", "sk_test_", "sk_prod_abc", "sk_test_a b", "sk_test_a\n"] {
            assert_eq!(SecretKey::parse(text).unwrap_err(), InvalidSecretKey, "{text:?}");
        }
    }

    #[test]
    fn an_idempotency_key_is_printable_and_bounded() {
        assert!(IdempotencyKey::parse("order-1:attempt-2").is_ok());
        assert!(IdempotencyKey::parse(&"k".repeat(255)).is_ok());
        for text in ["", "two words", "tab\t", "schlüssel", &"k".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(text), Err(InvalidIdempotencyKey), "{text:?}");
        }
    }
}
