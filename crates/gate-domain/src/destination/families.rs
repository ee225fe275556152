//! Families of chains: those whose addresses are spelt the same.

use super::base58::{self, Flaw};
use super::{DestinationError as Error, bitcoin, stellar};
use crate::wallet;

/// The first byte of an address of Tron.
const TRON_VERSION: u8 = 0x41;
/// The first byte of an address of the XRP Ledger.
const XRP_VERSION: u8 = 0x00;
/// The first byte of a secret of the XRP Ledger.
const XRP_SEED_VERSION: u8 = 0x21;

/// Chains whose addresses are spelt the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Ethereum and every chain that runs its contracts.
    Evm,
    /// Bitcoin.
    Bitcoin,
    /// Tron.
    Tron,
    /// The XRP Ledger.
    Xrp,
    /// Stellar.
    Stellar,
    /// Solana.
    Solana,
}

impl Family {
    /// Every family; the one without a checksum is last.
    pub const ALL: [Self; 6] =
        [Self::Evm, Self::Bitcoin, Self::Tron, Self::Xrp, Self::Stellar, Self::Solana];

    /// The word in catalogue files, in the store and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Evm => "evm",
            Self::Bitcoin => "bitcoin",
            Self::Tron => "tron",
            Self::Xrp => "xrp",
            Self::Stellar => "stellar",
            Self::Solana => "solana",
        }
    }

    /// Read the word again.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.as_str() == word)
    }

    /// The name with its article, for sentences.
    pub const fn a_name(self) -> &'static str {
        match self {
            Self::Evm => "an Ethereum",
            Self::Bitcoin => "a Bitcoin",
            Self::Tron => "a Tron",
            Self::Xrp => "an XRP",
            Self::Stellar => "a Stellar",
            Self::Solana => "a Solana",
        }
    }

    /// What the family calls its memo; none where it has none.
    pub const fn memo_name(self) -> Option<&'static str> {
        match self {
            Self::Xrp => Some("destination tag"),
            Self::Stellar => Some("memo"),
            Self::Evm | Self::Bitcoin | Self::Tron | Self::Solana => None,
        }
    }

    /// Whether a typing mistake in an address can be noticed.
    pub const fn has_checksum(self) -> bool {
        !matches!(self, Self::Solana)
    }

    /// The address as the family spells it, or why it is none.
    pub(super) fn parse(self, text: &str) -> Result<String, Error> {
        match self {
            Self::Evm => Ok(wallet::Address::parse(text)?.as_str().to_owned()),
            Self::Bitcoin => bitcoin::parse(text),
            Self::Stellar => stellar::parse(text),
            Self::Tron => {
                base58::decode_checked(text, base58::BITCOIN)
                    .map_err(|flaw| flaw_of(self, flaw, text.starts_with('T')))
                    .and_then(|bytes| sized(self, &bytes, TRON_VERSION))?;
                Ok(text.to_owned())
            }
            Self::Xrp => {
                let bytes = base58::decode_checked(text, base58::RIPPLE)
                    .map_err(|flaw| flaw_of(self, flaw, text.starts_with('r')))?;
                if bytes.len() == 17 && bytes[0] == XRP_SEED_VERSION {
                    return Err(Error::SecretKey);
                }
                sized(self, &bytes, XRP_VERSION)?;
                Ok(text.to_owned())
            }
            // 32 bytes and nothing else: there is no checksum to ask.
            Self::Solana => match base58::decode(text, base58::BITCOIN) {
                Ok(bytes) if bytes.len() == 32 => Ok(text.to_owned()),
                Ok(_) | Err(_) => Err(Error::Form(self)),
            },
        }
    }

    /// What tells a token of the family apart from its other tokens, as the family spells it: the
    /// address of a contract or a mint, or a code and its issuer as in `USDC:G…`. None where it is none.
    pub fn parse_contract(self, text: &str) -> Option<String> {
        match self {
            Self::Bitcoin => None,
            Self::Evm | Self::Tron | Self::Solana => self.parse(text).ok(),
            Self::Xrp | Self::Stellar => {
                let (code, issuer) = text.split_once(':')?;
                let fits = (1..=12).contains(&code.len())
                    && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
                let issuer = self.parse(issuer).ok().filter(|_| fits)?;
                Some(format!("{code}:{issuer}"))
            }
        }
    }

    /// Whether nobody can spend what is sent to an address. No list of these is complete.
    pub(super) fn burns(self, address: &str) -> bool {
        match self {
            Self::Evm => {
                let digits = address.trim_start_matches("0x").to_ascii_lowercase();
                let body = digits.trim_start_matches('0');
                // The first 256 are zero and the functions that are built into every chain.
                body.len() <= 2 || body == "dead" || digits == format!("dead{:0>36}", 0)
            }
            Self::Bitcoin => address == "1111111111111111111114oLvT2",
            Self::Tron => address == "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb",
            Self::Xrp => {
                ["rrrrrrrrrrrrrrrrrrrrrhoLvTp", "rrrrrrrrrrrrrrrrrrrrBZbvji"].contains(&address)
            }
            Self::Stellar => address == "GAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAWHF",
            Self::Solana => {
                ["11111111111111111111111111111111", "1nc1nerator11111111111111111111111111111111"]
                    .contains(&address)
            }
        }
    }
}

/// Why text in base58 is no address; `begins` says whether it begins as one.
fn flaw_of(family: Family, flaw: Flaw, begins: bool) -> Error {
    match flaw {
        Flaw::Checksum if begins => Error::Checksum,
        Flaw::Checksum | Flaw::Form => Error::Form(family),
    }
}

fn sized(family: Family, bytes: &[u8], version: u8) -> Result<(), Error> {
    (bytes.len() == 21 && bytes[0] == version).then_some(()).ok_or(Error::Form(family))
}
