//! Addresses made of bytes, for parties that are not real: nobody has the key of one.

use super::bech32::{self, Variant};
use super::{Family, base58, stellar};
use crate::wallet;

/// An address of a family, made of these bytes.
///
/// # Panics
/// When what is made here is not what the family reads: that is a mistake of ours.
pub fn spell(family: Family, bytes: &[u8; 32]) -> String {
    let text = match family {
        Family::Evm => {
            let digits = bytes[..20].iter().map(|byte| format!("{byte:02x}"));
            let text: String = ["0x".to_owned()].into_iter().chain(digits).collect();
            wallet::Address::parse(&text).expect("forty hexadecimal digits").as_str().to_owned()
        }
        Family::Bitcoin => segwit("bc", 0, &bytes[..20], Variant::Bech32),
        Family::Tron => checked(0x41, &bytes[..20], base58::BITCOIN),
        Family::Xrp => checked(0x00, &bytes[..20], base58::RIPPLE),
        Family::Stellar => numbered(6 << 3, bytes),
        Family::Solana => base58::encode(bytes, base58::BITCOIN),
    };
    family.parse(&text).expect("what is spelt here is read there")
}

/// A version and a body with their checksum.
pub(super) fn checked(version: u8, body: &[u8], alphabet: &[u8; 58]) -> String {
    let mut bytes = [&[version], body].concat();
    bytes.extend(base58::checksum(&bytes));
    base58::encode(&bytes, alphabet)
}

/// A witness program with its checksum.
pub(super) fn segwit(prefix: &str, version: u8, program: &[u8], variant: Variant) -> String {
    let values: Vec<u8> = [version].into_iter().chain(fives(program)).collect();
    let padded = bech32::expand(prefix).chain(values.iter().copied()).chain([0; 6]);
    let sum = bech32::polymod(padded) ^ variant.constant();
    let sum = (0..6).map(|place| ((sum >> (5 * (5 - place))) & 31).to_le_bytes()[0]);
    let data = values.iter().copied().chain(sum);
    let data: String = data.map(|v| char::from(bech32::CHARACTERS[usize::from(v)])).collect();
    format!("{prefix}1{data}")
}

/// A version and a body with the checksum of Stellar.
pub(super) fn numbered(version: u8, body: &[u8]) -> String {
    let mut bytes = [&[version], body].concat();
    bytes.extend(stellar::crc16(&bytes).to_le_bytes());
    fives(&bytes).iter().map(|v| char::from(stellar::CHARACTERS[usize::from(*v)])).collect()
}

/// Bytes as values of five bits, the last one filled up with zeros.
fn fives(bytes: &[u8]) -> Vec<u8> {
    let bits: Vec<u8> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |n| (byte >> n) & 1)).collect();
    bits.chunks(5).map(|five| (0..5).fold(0, |v, n| v * 2 + five.get(n).unwrap_or(&0))).collect()
}
