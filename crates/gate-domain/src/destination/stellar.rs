//! Addresses of Stellar (SEP 23): base32 of a version, a key and a checksum. `G` is an account, `M`
//! an account with a number in it, which takes the place of a memo.

use super::{DestinationError as Error, Family};

/// The value of each character is its place.
pub(super) const CHARACTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ACCOUNT: u8 = 6 << 3;
const NUMBERED_ACCOUNT: u8 = 12 << 3;
const SECRET: u8 = 18 << 3;
const CHARS_MAX: usize = 69;

/// The address as it is spelt, or why it is none.
pub(super) fn parse(text: &str) -> Result<String, Error> {
    let bytes = decode(text).ok_or(Error::Form(Family::Stellar))?;
    let fits = match (bytes.first(), bytes.len()) {
        (Some(&(ACCOUNT | SECRET)), length) => length == 35,
        (Some(&NUMBERED_ACCOUNT), length) => length == 43,
        _ => false,
    };
    if !fits {
        return Err(Error::Form(Family::Stellar));
    }
    let (body, sum) = bytes.split_at(bytes.len() - 2);
    if crc16(body).to_le_bytes() != *sum {
        return Err(Error::Checksum);
    }
    if body[0] == SECRET { Err(Error::SecretKey) } else { Ok(text.to_owned()) }
}

/// The account that an address with a number inside is of; none for any other text.
pub(super) fn account(text: &str) -> Option<String> {
    let bytes = decode(text).filter(|bytes| bytes.first() == Some(&NUMBERED_ACCOUNT))?;
    Some(super::spelling::numbered(ACCOUNT, bytes.get(1..33)?))
}

/// The bytes of a text, whose left over bits are zero.
fn decode(text: &str) -> Option<Vec<u8>> {
    let value = |character| CHARACTERS.iter().position(|known| *known == character);
    let values: Option<Vec<u8>> = text
        .bytes()
        .take(CHARS_MAX + 1)
        .map(|character| u8::try_from(value(character)?).ok())
        .collect();
    let values = values.filter(|values| values.len() <= CHARS_MAX)?;
    super::bech32::to_bytes(&values)
}

/// CRC-16 with the polynomial 0x1021, from zero (the one that XMODEM uses).
pub(super) fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum: u16, byte| {
        (0..8).fold(sum ^ (u16::from(*byte) << 8), |sum, _| {
            if sum & 0x8000 == 0 { sum << 1 } else { (sum << 1) ^ 0x1021 }
        })
    })
}
