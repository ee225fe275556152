//! Base58: bytes as letters and digits that are hard to mistake for each other, with or without
//! four bytes of a double SHA-256 at the end.

use sha2::{Digest as _, Sha256};

/// The alphabet of Bitcoin, which most use.
pub(super) const BITCOIN: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// The alphabet of the XRP Ledger, whose addresses so begin with an r.
pub(super) const RIPPLE: &[u8; 58] = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";

/// No address is longer.
const CHARS_MAX: usize = 64;
const CHECKSUM_BYTES: usize = 4;

/// Why a text cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Other characters, nothing at all, or too much.
    Form,
    /// It can be read, and its end does not follow from its beginning.
    Checksum,
}

/// The bytes of a text.
pub(super) fn decode(text: &str, alphabet: &[u8; 58]) -> Result<Vec<u8>, Flaw> {
    if text.is_empty() || text.len() > CHARS_MAX {
        return Err(Flaw::Form);
    }
    // Least significant byte first; each character multiplies by 58 and adds its value.
    let mut bytes: Vec<u8> = Vec::new();
    for character in text.bytes() {
        let value = alphabet.iter().position(|known| *known == character).ok_or(Flaw::Form)?;
        let mut carry = value;
        for byte in &mut bytes {
            carry += usize::from(*byte) * 58;
            *byte = u8::try_from(carry % 256).expect("less than 256");
            carry /= 256;
        }
        if carry > 0 {
            bytes.push(u8::try_from(carry).expect("58 × 255 + 57 leaves less than 58 to carry"));
        }
    }
    // Zeros in front have no value: each is a first character of its own.
    let zeros = text.bytes().take_while(|character| *character == alphabet[0]).count();
    bytes.extend(std::iter::repeat_n(0, zeros));
    bytes.reverse();
    Ok(bytes)
}

/// The text of bytes.
pub(super) fn encode(bytes: &[u8], alphabet: &[u8; 58]) -> String {
    let mut digits: Vec<u8> = Vec::new();
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) * 256;
            *digit = u8::try_from(carry % 58).expect("less than 58");
            carry /= 58;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 58).expect("less than 58"));
            carry /= 58;
        }
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    digits.extend(std::iter::repeat_n(0, zeros));
    digits.iter().rev().map(|digit| char::from(alphabet[usize::from(*digit)])).collect()
}

/// The bytes of a text less its checksum, which holds.
pub(super) fn decode_checked(text: &str, alphabet: &[u8; 58]) -> Result<Vec<u8>, Flaw> {
    let mut bytes = decode(text, alphabet)?;
    let body = bytes.len().checked_sub(CHECKSUM_BYTES).ok_or(Flaw::Form)?;
    if bytes[body..] != checksum(&bytes[..body]) {
        return Err(Flaw::Checksum);
    }
    bytes.truncate(body);
    Ok(bytes)
}

/// What four bytes follow these.
pub(super) fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let twice = Sha256::digest(Sha256::digest(bytes));
    [twice[0], twice[1], twice[2], twice[3]]
}
