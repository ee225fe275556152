//! Addresses of Bitcoin: base58 for the old kinds, bech32 and bech32m for those with a witness.

use super::base58::{self, Flaw};
use super::bech32::{self, Variant};
use super::{DestinationError as Error, Family};

/// To a key, and to a script.
const VERSIONS: [u8; 2] = [0x00, 0x05];
const TEST_VERSIONS: [u8; 2] = [0x6f, 0xc4];
/// A private key as wallets export it.
const SECRET_VERSION: u8 = 0x80;
const PREFIX: &str = "bc";
const TEST_PREFIXES: [&str; 2] = ["tb", "bcrt"];

/// The address as it is spelt, or why it is none.
pub(super) fn parse(text: &str) -> Result<String, Error> {
    match bech32::decode(text) {
        Some((prefix, values, held)) if prefix == PREFIX => {
            let variant = held.ok_or(Error::Checksum)?;
            witness(&values, variant).ok_or(Error::Form(Family::Bitcoin))?;
            Ok(text.to_ascii_lowercase())
        }
        Some((prefix, _, Some(_))) if TEST_PREFIXES.contains(&prefix.as_str()) => {
            Err(Error::TestNetwork)
        }
        Some(_) | None => old(text),
    }
}

/// Whether the values are a version from 0 to 16 and a program of a length that is fit for it.
/// Version 0 has the older checksum, all others the newer one.
fn witness(values: &[u8], variant: Variant) -> Option<()> {
    let (version, program) = values.split_first()?;
    let length = bech32::to_bytes(program)?.len();
    let fits = match (version, variant) {
        (0, Variant::Bech32) => length == 20 || length == 32,
        (1, Variant::Bech32m) => length == 32,
        (2..=16, Variant::Bech32m) => (2..=40).contains(&length),
        _ => false,
    };
    fits.then_some(())
}

fn old(text: &str) -> Result<String, Error> {
    let bytes = base58::decode_checked(text, base58::BITCOIN).map_err(|flaw| match flaw {
        Flaw::Checksum if text.starts_with(['1', '3']) && text.len() <= 35 => Error::Checksum,
        Flaw::Checksum | Flaw::Form => Error::Form(Family::Bitcoin),
    })?;
    match (bytes.len(), bytes.first()) {
        (21, Some(version)) if VERSIONS.contains(version) => Ok(text.to_owned()),
        (21, Some(version)) if TEST_VERSIONS.contains(version) => Err(Error::TestNetwork),
        (33 | 34, Some(&SECRET_VERSION)) => Err(Error::SecretKey),
        _ => Err(Error::Form(Family::Bitcoin)),
    }
}
