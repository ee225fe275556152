//! Wallet addresses of EVM chains, with the checksum of EIP-55.

use serde::{Deserialize, Serialize};
use sha3::{Digest, Keccak256};

/// An address in its checksummed spelling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(String);

/// Why a text is no address, in words for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It does not start with `0x`.
    #[error("An address starts with 0x.")]
    Prefix,
    /// It has the wrong length.
    #[error("An address has 40 characters after 0x.")]
    Length,
    /// A character that is no hexadecimal digit.
    #[error("An address holds only the digits 0 to 9 and the letters a to f.")]
    NotHex,
    /// Mixed case, and not the case that EIP-55 prescribes: most likely a typing mistake.
    #[error("The upper and lower case letters do not fit together, so a character may be wrong.")]
    Checksum,
    /// Tokens sent there are gone.
    #[error("This is the zero address: nobody can spend what is sent to it.")]
    Zero,
}

impl AddressError {
    /// What the user should do.
    pub const fn next_step(self) -> &'static str {
        match self {
            Self::Checksum => "Copy the address from your wallet again.",
            Self::Zero => "Use the address of a wallet that you control.",
            Self::Prefix | Self::Length | Self::NotHex => {
                "Paste the whole address from your wallet."
            }
        }
    }
}

impl Address {
    /// Read an address. One that is all lower or all upper case carries no checksum and is taken
    /// as it is; mixed case must match EIP-55.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let digits = text.strip_prefix("0x").or(text.strip_prefix("0X"));
        let digits = digits.ok_or(AddressError::Prefix)?;
        if digits.chars().count() != 40 {
            return Err(AddressError::Length);
        }
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(AddressError::NotHex);
        }
        if digits.bytes().all(|byte| byte == b'0') {
            return Err(AddressError::Zero);
        }
        let checksummed = checksum(&digits.to_ascii_lowercase());
        let has = |test: fn(&u8) -> bool| digits.as_bytes().iter().any(test);
        let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
        if mixed && checksummed[2..] != *digits {
            return Err(AddressError::Checksum);
        }
        Ok(Self(checksummed))
    }

    /// The checksummed text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// EIP-55: a letter is upper case where the matching digit of the hash of the lower case text is 8 or more.
fn checksum(lower: &str) -> String {
    let hash = Keccak256::digest(lower.as_bytes());
    let cased = lower.char_indices().map(|(index, character)| {
        let nibble = (hash[index / 2] >> (if index % 2 == 0 { 4 } else { 0 })) & 0xF;
        if nibble >= 8 { character.to_ascii_uppercase() } else { character }
    });
    "0x".chars().chain(cased).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // The test vectors of EIP-55.
    const VECTORS: [&str; 4] = [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ];

    #[test]
    fn the_vectors_of_the_standard_pass_and_any_case_change_fails() {
        for vector in VECTORS {
            assert_eq!(Address::parse(vector).unwrap().as_str(), vector);
            let lower = format!("0x{}", vector[2..].to_lowercase());
            assert_eq!(Address::parse(&lower).unwrap().as_str(), vector);
            for (index, character) in vector.char_indices().skip(2) {
                if !character.is_ascii_alphabetic() {
                    continue;
                }
                let mut wrong: Vec<char> = vector.chars().collect();
                wrong[index] = if character.is_ascii_lowercase() {
                    character.to_ascii_uppercase()
                } else {
                    character.to_ascii_lowercase()
                };
                let wrong: String = wrong.into_iter().collect();
                assert_eq!(Address::parse(&wrong), Err(AddressError::Checksum), "{wrong}");
            }
        }
    }

    #[test]
    fn what_is_no_address_is_told_why() {
        let zero = format!("0x{}", "0".repeat(40));
        let not_hex = format!("0x{}", "g".repeat(40));
        for (text, why) in [
            ("", AddressError::Prefix),
            ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", AddressError::Prefix),
            ("0x1234", AddressError::Length),
            (not_hex.as_str(), AddressError::NotHex),
            (zero.as_str(), AddressError::Zero),
        ] {
            assert_eq!(Address::parse(text), Err(why), "{text}");
        }
    }
}
