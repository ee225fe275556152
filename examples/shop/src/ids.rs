//! Names that the shop makes: random, so that they can be neither guessed nor used twice.

use std::fmt::{self, Write as _};

use gate_partner::IdempotencyKey;
use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const ORDER_PREFIX: &str = "ord_";
const TAIL: usize = 26;

/// An order's id. It opens the order's page, so it has 130 random bits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OrderId(String);

impl OrderId {
    pub(crate) fn random() -> Self {
        Self(format!("{ORDER_PREFIX}{}", random_tail()))
    }

    /// Read an id from a path. What no shop of ours could have made is not looked up.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        is_tail(text.strip_prefix(ORDER_PREFIX)?).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The name of one click on Buy. The form carries it, so that a double click is one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PurchaseId(String);

impl PurchaseId {
    pub(crate) fn random() -> Self {
        Self(random_tail())
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        is_tail(text).then(|| Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A random UUID (version 4), for one attempt.
pub(crate) fn random_idempotency_key() -> IdempotencyKey {
    let mut bytes: [u8; 16] = random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex(&bytes);
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    IdempotencyKey::parse(&parts.join("-")).expect("a UUID is printable")
}

/// SHA-256 as hex: enough to recognise a client secret again, and no use to a thief.
pub(crate) fn fingerprint(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes what is written to it");
        text
    })
}

fn random_tail() -> String {
    let bytes: [u8; TAIL] = random();
    bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
}

fn is_tail(text: &str) -> bool {
    text.len() == TAIL && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_again_and_nothing_else_is() {
        let id = OrderId::random();
        assert_eq!(OrderId::parse(id.as_str()), Some(id.clone()));
        assert_ne!(id, OrderId::random());
        let purchase = PurchaseId::random();
        assert_eq!(PurchaseId::parse(purchase.as_str()), Some(purchase));
        for bad in ["", "ord_", "ord_../../etc/passwd", "ord_<script>alert(1)</script>"] {
            assert_eq!(OrderId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_idempotency_key_is_a_uuid() {
        let key = random_idempotency_key();
        let lengths: Vec<_> = key.as_str().split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(key.as_str().as_bytes()[14], b'4');
        assert_ne!(key, random_idempotency_key());
    }

    #[test]
    fn a_fingerprint_is_sha_256() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(fingerprint(""), empty);
    }
}
