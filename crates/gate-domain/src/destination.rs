//! Where crypto goes: addresses of each family of chains, the memo that some of them need, and what
//! a person should hear before anything is sent. Bank accounts are in [`crate::bank`].
//!
//! An address is checked as far as it can be from itself: nobody can tell from here whether anyone
//! holds its key.

mod base58;
mod bech32;
mod bitcoin;
mod families;
mod memo;
mod stellar;
#[cfg(test)]
mod tests;

use crate::catalogue::Catalogue;
use crate::wallet::{self, AddressError};

pub use families::Family;
pub use memo::{Memo, MemoError};

/// A checked place to send tokens to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Whose kind of address it is.
    pub family: Family,
    /// The address as that family spells it.
    pub address: String,
    /// What tells accounts behind one address apart.
    pub memo: Option<Memo>,
}

/// Why a text is no destination, in words for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// The memo is missing or cannot be one.
    #[error(transparent)]
    Memo(#[from] MemoError),
}

/// What a person should hear before tokens go somewhere. Nothing of it is a mistake in the address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Nobody can spend what is sent there.
    Burn,
    /// The address is the contract of a token: what is sent there is lost.
    TokenContract {
        /// The token's symbol.
        symbol: String,
        /// The network of the contract.
        network: String,
    },
    /// Addresses of this family carry no checksum: a typing mistake cannot be noticed.
    NoChecksum,
    /// Accounts at exchanges need a memo here, and none was given.
    MemoMissing(&'static str),
}

impl Warning {
    /// The words for the user.
    pub fn message(&self) -> String {
        match self {
            Self::Burn => "Nobody can spend what is sent to this address.".into(),
            Self::TokenContract { symbol, network } => format!(
                "This is the contract of {symbol} on {network}, not a wallet: what is sent there is lost."
            ),
            Self::NoChecksum => {
                "A typing mistake in this address cannot be noticed: compare every character."
                    .into()
            }
            Self::MemoMissing(name) => format!(
                "If this address belongs to an exchange, it needs {name}: without it the tokens cannot be credited."
            ),
        }
    }
}

impl Destination {
    /// Read an address of a family and its memo. Spaces around both are forgiven. Where the account
    /// is one of many behind an address, as at an exchange, `memo_needed` says that it must be told.
    pub fn parse(
        family: Family,
        address: &str,
        memo: Option<&str>,
        memo_needed: bool,
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
        let memo = memo::read(family, &address, memo, memo_needed)?;
        Ok(Self { family, address, memo })
    }

    /// What to say before something is sent there.
    pub fn warnings(&self, catalogue: &Catalogue) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if self.family.burns(&self.address) {
            warnings.push(Warning::Burn);
        }
        let is_here = |contract: &String| contract.eq_ignore_ascii_case(&self.address);
        let mut tokens = catalogue.tokens();
        if let Some(token) = tokens.find(|token| token.contract.as_ref().is_some_and(is_here)) {
            let (symbol, network) = (token.symbol.clone(), token.network_name.clone());
            warnings.push(Warning::TokenContract { symbol, network });
        }
        if self.family == Family::Solana {
            warnings.push(Warning::NoChecksum);
        }
        if let Some(name) = self.family.memo_name()
            && self.memo.is_none()
            && !memo::is_inside(self.family, &self.address)
        {
            warnings.push(Warning::MemoMissing(name));
        }
        warnings
    }
}

/// Whose kind of address a text is, if it is one. The families' forms do not overlap: EVM has its
/// prefix, and all others but Solana have a checksum; so Solana is asked last.
pub fn recognise(text: &str) -> Option<Family> {
    let text = text.trim();
    // Only what begins like this can be one of Ethereum, which asks here about anything else.
    if text.starts_with("0x") || text.starts_with("0X") {
        return wallet::Address::parse(text).is_ok().then_some(Family::Evm);
    }
    let mut others = Family::ALL.into_iter().filter(|family| *family != Family::Evm);
    others.find(|family| family.parse(text).is_ok())
}
