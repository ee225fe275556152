//! Where crypto goes: addresses of each family of chains, and the memo that some of them need. Bank
//! accounts are in [`crate::bank`].
//!
//! An address is checked as far as it can be from itself: nobody can tell from here whether anyone
//! holds its key. What would certainly be lost is refused.

mod base58;
mod bech32;
mod bitcoin;
mod families;
mod memo;
mod spelling;
mod stellar;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::money::Money;
use crate::wallet::{self, AddressError};

pub use families::Family;
pub use memo::{Memo, MemoError, TypedMemo};
pub use spelling::spell;

/// What Stellar's own coin is called.
const STELLAR_COIN: &str = "XLM";

/// A checked place to send tokens to. It is stored as one text: an EVM address as it is, any other
/// as `xrp:r…`, and with a memo as `xrp:r…:tag:7`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Destination {
    /// Whose kind of address it is.
    pub family: Family,
    /// The address as that family spells it.
    pub address: String,
    /// What tells accounts behind one address apart.
    pub memo: Option<Memo>,
}

/// Why a text is no destination, in words for the user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// An address of an EVM chain that is none.
    #[error(transparent)]
    Evm(#[from] AddressError),
    /// It is an address, of another family.
    #[error("This is {} address, and the tokens go to {} address.", .found.a_name(), .wanted.a_name())]
    OtherFamily {
        /// What it is.
        found: Family,
        /// What it would have to be.
        wanted: Family,
    },
    /// It is an address of a network for experiments.
    #[error("This is an address of a test network: what is sent there is worth nothing.")]
    TestNetwork,
    /// It opens an account instead of naming it.
    #[error("This is a secret key. Show it to nobody: whoever has it has the account.")]
    SecretKey,
    /// It has the form of one, and a character is wrong.
    #[error("The characters of this address do not fit together, so one of them may be wrong.")]
    Checksum,
    /// It has a character that no address has, or it begins as none does, or is too long or short.
    #[error("This is not {} address.", .0.a_name())]
    Form(Family),
    /// It is of no network that is known here.
    #[error("This is no address of any network that is known here.")]
    Unknown,
    /// Nobody can spend what is sent there.
    #[error("Nobody can spend what is sent to this address.")]
    Burn,
    /// It is the contract of a token.
    #[error(
        "This is the contract of {symbol} on {network}, not a wallet: what is sent there is lost."
    )]
    TokenContract {
        /// The token's symbol.
        symbol: String,
        /// The network of the contract.
        network: String,
    },
    /// We gave it out ourselves, for tokens to come in.
    #[error("This is an address that we gave out ourselves, for a payment to us.")]
    OurOwn,
    /// The memo is missing or cannot be one.
    #[error(transparent)]
    Memo(#[from] MemoError),
}

impl DestinationError {
    /// What the user should do; none where the error says it.
    pub const fn next_step(&self) -> Option<&'static str> {
        match self {
            Self::Evm(error) => Some(error.next_step()),
            Self::Checksum => Some("Copy the address from your wallet again."),
            Self::OtherFamily { .. } => {
                Some("Copy the address of your wallet on the network that is named.")
            }
            Self::Form(_) | Self::Unknown => Some("Paste the whole address from your wallet."),
            Self::TestNetwork | Self::Burn | Self::TokenContract { .. } | Self::OurOwn => {
                Some("Use the address of a wallet that you control.")
            }
            Self::SecretKey | Self::Memo(_) => None,
        }
    }
}

impl Destination {
    /// Read an address of a family and its memo. Spaces around both are forgiven.
    pub fn parse(
        family: Family,
        address: &str,
        memo: TypedMemo<'_>,
    ) -> Result<Self, DestinationError> {
        let address = match family.parse(address.trim()) {
            Ok(address) => address,
            // What the text says of itself is worth more than that it is not what was wanted.
            Err(told @ (DestinationError::SecretKey | DestinationError::TestNetwork)) => {
                return Err(told);
            }
            Err(why) => {
                let found = recognise(address).filter(|found| *found != family);
                return Err(found
                    .map_or(why, |found| DestinationError::OtherFamily { found, wanted: family }));
            }
        };
        let memo = Memo::read(family, &address, memo)?;
        Ok(Self { family, address, memo })
    }

    /// The same address with its memo as the other kind, where that can be.
    pub fn mistaken(&self) -> Option<Self> {
        let memo = Some(self.memo.as_ref()?.mistaken()?);
        Some(Self { memo, ..self.clone() })
    }

    /// The account that it leads to, as lists of accounts spell it: an address of Stellar with a number
    /// inside is one of very many spellings.
    pub fn account(&self) -> String {
        match self.family {
            Family::Stellar => stellar::account(&self.address),
            Family::Evm | Family::Bitcoin | Family::Tron | Family::Xrp | Family::Solana => None,
        }
        .unwrap_or_else(|| self.address.clone())
    }

    /// Refuse what would certainly be lost there.
    pub fn refuse_loss(&self, catalogue: &Catalogue) -> Result<(), DestinationError> {
        let account = self.account();
        if self.family.burns(&account) {
            return Err(DestinationError::Burn);
        }
        // What goes to the issuer of a token ceases to be; `USDC:G…` ends with the issuer.
        let is_here = |contract: &String| {
            contract.rsplit(':').next().is_some_and(|end| end.eq_ignore_ascii_case(&account))
        };
        let mut tokens = catalogue.tokens();
        match tokens.find(|token| token.contract.as_ref().is_some_and(is_here)) {
            None => Ok(()),
            Some(token) => {
                let (symbol, network) = (token.symbol.clone(), token.network_name.clone());
                Err(DestinationError::TokenContract { symbol, network })
            }
        }
    }

    /// What a wallet's camera reads to pay so much, and whether that says everything: the standard of
    /// the family where it has one that carries the memo, and otherwise the address.
    pub fn scannable(&self, amount: &Money) -> (String, bool) {
        match &self.memo {
            // SEP-7, which pays the network's own coin where it names no other.
            Some(Memo::Number(number)) if amount.asset.code == STELLAR_COIN => {
                let (address, amount) = (&self.address, amount.to_decimal());
                let text = format!(
                    "web+stellar:pay?destination={address}&amount={amount}&memo={number}&memo_type=MEMO_ID"
                );
                (text, true)
            }
            memo => (self.address.clone(), memo.is_none()),
        }
    }

    /// Read the text again that a destination is stored as.
    pub fn from_stored(text: &str) -> Option<Self> {
        let Some((family, rest)) = text.split_once(':') else {
            let address = wallet::Address::parse(text).ok()?.as_str().to_owned();
            return Some(Self { family: Family::Evm, address, memo: None });
        };
        let family = Family::from_word(family)?;
        let mut parts = rest.splitn(3, ':');
        let address = family.parse(parts.next()?).ok()?;
        let memo = match (parts.next(), parts.next()) {
            (None, _) => None,
            (Some("tag"), Some(tag)) => Some(Memo::Tag(tag.parse().ok()?)),
            (Some("number"), Some(number)) => Some(Memo::Number(number.parse().ok()?)),
            (Some("text"), Some(text)) => Some(Memo::Text(text.to_owned())),
            (Some(_), _) => return None,
        };
        Some(Self { family, address, memo })
    }
}

/// The text that it is stored as.
impl fmt::Display for Destination {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.family != Family::Evm {
            write!(out, "{}:", self.family.as_str())?;
        }
        out.write_str(&self.address)?;
        match &self.memo {
            None => Ok(()),
            Some(Memo::Tag(tag)) => write!(out, ":tag:{tag}"),
            Some(Memo::Number(number)) => write!(out, ":number:{number}"),
            Some(Memo::Text(text)) => write!(out, ":text:{text}"),
        }
    }
}

impl From<Destination> for String {
    fn from(destination: Destination) -> Self {
        destination.to_string()
    }
}

impl TryFrom<String> for Destination {
    type Error = DestinationError;

    fn try_from(text: String) -> Result<Self, DestinationError> {
        Self::from_stored(&text).ok_or(DestinationError::Unknown)
    }
}

/// Whose kind of address a text is, or why it is nobody's.
pub fn recognise_or_why(text: &str) -> Result<Family, DestinationError> {
    let text = text.trim();
    if text.starts_with("0x") || text.starts_with("0X") {
        return Ok(wallet::Address::parse(text).map(|_| Family::Evm)?);
    }
    let mut why = DestinationError::Unknown;
    for family in Family::ALL.into_iter().filter(|family| *family != Family::Evm) {
        match family.parse(text) {
            Ok(_) => return Ok(family),
            Err(DestinationError::Form(_)) => {}
            Err(told) => why = told,
        }
    }
    Err(why)
}

/// Whose kind of address a text is, if it is one. The families' forms do not overlap: EVM has its
/// prefix, and all others but Solana have a checksum; so Solana is asked last.
pub fn recognise(text: &str) -> Option<Family> {
    recognise_or_why(text).ok()
}
