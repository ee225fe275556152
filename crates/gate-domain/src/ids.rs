//! Ids: `<prefix>_<mode>_<26 characters>`, each kind a type of its own.
//!
//! The characters are a `UUIDv7` (RFC 9562, section 5.7) in Crockford's base 32, lower case, so that ids
//! sort by the millisecond that they were made in. The random part comes in from outside.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Millis;

/// The two separate worlds. Nothing of one is visible from the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The sandbox: the simulator's money only.
    Test,
    /// Real money.
    Live,
}

impl Mode {
    /// The word in ids, keys and bodies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "test" => Some(Self::Test),
            "live" => Some(Self::Live),
            _ => None,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// What an id is made of: the instant, and 10 bytes from a cryptographic source.
#[derive(Clone, Copy, Debug)]
pub struct Seed {
    /// When the thing was made.
    pub at: Millis,
    /// Randomness; 74 of the 80 bits are used.
    pub random: [u8; 10],
}

/// Text that is no id of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a {expected} id")]
pub struct InvalidId {
    /// The prefix that was expected, such as `gs`.
    pub expected: &'static str,
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TAIL_CHARS: usize = 26;

/// The 26 characters of a `UUIDv7`.
fn tail(seed: Seed) -> String {
    let milliseconds = u128::from(seed.at.0.max(0).unsigned_abs()) & 0xFFFF_FFFF_FFFF;
    let mut random = [0u8; 16];
    random[6..].copy_from_slice(&seed.random);
    let random = u128::from_be_bytes(random);
    let version_and_a = 0x7000 | ((random >> 64) & 0x0FFF);
    let variant_and_b = 0x8000_0000_0000_0000 | (random & 0x3FFF_FFFF_FFFF_FFFF);
    let mut value = (milliseconds << 80) | (version_and_a << 64) | variant_and_b;
    let mut characters = [0u8; TAIL_CHARS];
    for place in characters.iter_mut().rev() {
        *place = ALPHABET[(value & 31) as usize];
        value >>= 5;
    }
    characters.iter().map(|byte| char::from(*byte)).collect()
}

fn is_tail(text: &str) -> bool {
    // 26 × 5 bits are two more than 128, so the first character is at most 7.
    text.len() == TAIL_CHARS
        && text.bytes().all(|byte| ALPHABET.contains(&byte))
        && text.as_bytes()[0] <= b'7'
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The prefix of this kind of id.
            pub const PREFIX: &'static str = $prefix;

            /// A new id. The same mode and seed make the same id.
            pub fn new(mode: Mode, seed: Seed) -> Self {
                Self(format!("{}_{}_{}", $prefix, mode, tail(seed)))
            }

            /// Read an id, refusing anything that we could not have made.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let rest = text.strip_prefix(concat!($prefix, "_"));
                match rest.and_then(|rest| rest.split_once('_')) {
                    Some((mode, tail)) if Mode::parse(mode).is_some() && is_tail(tail) => {
                        Ok(Self(text.to_owned()))
                    }
                    _ => Err(InvalidId { expected: $prefix }),
                }
            }

            /// The text of the id.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        id!(@text $name);
    };
    (@text $name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = String::deserialize(from)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(/** A session: one user's attempt to buy, sell or swap. */ SessionId, "gs");
id!(/** A transaction; the contract calls it `refid`. */ TransactionId, "tx");
id!(/** A price with its fees, good until it lapses. */ QuoteId, "qt");
id!(/** A fact that partners are told. */ EventId, "evt");
id!(/** One event on its way to one endpoint. */ DeliveryId, "wd");
id!(/** Where a partner receives webhooks. */ EndpointId, "we");
id!(/** One request to the API. */ RequestId, "req");
id!(/** An API key (the key itself is never stored). */ KeyId, "key");
id!(/** A partner's own record of one of its customers. */ CustomerId, "cus");
id!(/** A payment that a partner takes in on a rail. */ PayInId, "pi");
id!(/** A payment that a partner sends out on a rail. */ PayOutId, "po");
id!(/** Part of a completed payment that goes back, or all of it. */ RefundId, "rf");
id!(/** Tokens that came in for a sale. */ DepositId, "dp");
id!(/** Tokens that came in for nobody. */ StrayId, "st");
id!(/** One call for everything to be delivered again. */ ReplayId, "rp");
id!(/** A command to a rail, and the key that the rail dedupes on. */ CommandId, "cmd");
id!(/** A name or an address that is held because of a list of sanctions. */ ScreeningId, "scr");
id!(/** Somebody whom the gateway knows, whichever partner's page they are on. */ UserId, "usr");
id!(/** One question to a verifier about who somebody is. */ IdentityCheckId, "idc");
id!(/** A mail to a user. */ MailId, "mail");
id!(/** A set of ledger entries that sum to zero. */ PostingId, "post");

/// A partner: the company that integrates. It has no mode; it lives in both worlds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct PartnerId(String);

impl PartnerId {
    /// A new id.
    pub fn new(seed: Seed) -> Self {
        Self(format!("ptr_{}", tail(seed)))
    }

    /// Read an id.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        match text.strip_prefix("ptr_") {
            Some(rest) if is_tail(rest) => Ok(Self(text.to_owned())),
            _ => Err(InvalidId { expected: "ptr" }),
        }
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

id!(@text PartnerId);

/// Whose row, and in which world: both are part of every query.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tenant {
    /// The partner that the row belongs to.
    pub partner: PartnerId,
    /// Its mode.
    pub mode: Mode,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: Seed = Seed { at: Millis(1_700_000_000_000), random: [0xAB; 10] };

    #[test]
    fn an_id_shows_its_kind_its_mode_and_a_uuid_v7() {
        let id = SessionId::new(Mode::Test, SEED);
        insta::assert_snapshot!(id, @"gs_test_01hf7yat00fentqaxbnentqaxb");
        assert_eq!(SessionId::parse(id.as_str()), Ok(id));
    }

    #[test]
    fn ids_sort_by_time() {
        let later = Seed { at: Millis(SEED.at.0 + 1), random: [0; 10] };
        assert!(EventId::new(Mode::Test, SEED) < EventId::new(Mode::Test, later));
    }

    #[test]
    fn what_we_could_not_have_made_is_refused() {
        for text in [
            "",
            "gs_test_",
            "tx_test_01hf7yat00fanapaxbnenaqaxb",
            "gs_demo_01hf7yat00fanapaxbnenaqaxb",
            "gs_test_01HF7YAT00FANAPAXBNENAQAXB",
            "gs_test_81hf7yat00fanapaxbnenaqaxb",
            "gs_test_01hf7yat00fanapaxbnenaqaxb0",
            "gs_test_01hf7yat00fanapaxbnenaqaxé",
        ] {
            assert_eq!(SessionId::parse(text), Err(InvalidId { expected: "gs" }), "{text}");
        }
    }
}
