//! Bech32 (BIP 173) and bech32m (BIP 350): five bits a character behind a readable prefix, with a
//! checksum that notices every mistake in up to four characters.

/// The value of each character is its place.
pub(super) const CHARACTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

const CHECKSUM_CHARS: usize = 6;
const CHARS_MAX: usize = 90;

/// Which of the two it is: they differ in what the checksum must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    Bech32,
    Bech32m,
}

impl Variant {
    pub(super) const fn constant(self) -> u32 {
        match self {
            Self::Bech32 => 1,
            Self::Bech32m => 0x2bc8_30a3,
        }
    }
}

/// Prefix (lower case), values of five bits without the checksum, and which checksum held; none
/// when neither did.
pub(super) type Decoded = (String, Vec<u8>, Option<Variant>);

/// Take a text apart; none when it does not have the form at all. One case throughout.
pub(super) fn decode(text: &str) -> Option<Decoded> {
    let lower = text.to_ascii_lowercase();
    let one_case = text == lower || text == text.to_ascii_uppercase();
    let fits = one_case && text.is_ascii() && text.len() <= CHARS_MAX;
    let (prefix, data) = lower.rsplit_once('1').filter(|_| fits)?;
    let value = |character| CHARACTERS.iter().position(|known| *known == character);
    let values: Option<Vec<u8>> =
        data.bytes().map(|character| u8::try_from(value(character)?).ok()).collect();
    let mut values =
        values.filter(|values| values.len() >= CHECKSUM_CHARS && !prefix.is_empty())?;
    let sum = polymod(expand(prefix).chain(values.iter().copied()));
    let held = [Variant::Bech32, Variant::Bech32m].into_iter().find(|kind| sum == kind.constant());
    values.truncate(values.len() - CHECKSUM_CHARS);
    Some((prefix.to_owned(), values, held))
}

/// The prefix as the checksum sees it.
pub(super) fn expand(prefix: &str) -> impl Iterator<Item = u8> {
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    high.chain([0]).chain(low)
}

/// The remainder that the checksum is made of.
pub(super) fn polymod(values: impl Iterator<Item = u8>) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    values.fold(1, |sum: u32, value| {
        let top = sum >> 25;
        let next = ((sum & 0x01ff_ffff) << 5) ^ u32::from(value);
        let chosen = GENERATOR.iter().enumerate().filter(|(bit, _)| (top >> bit) & 1 == 1);
        chosen.fold(next, |next, (_, term)| next ^ term)
    })
}

/// Values of five bits as bytes; none when what is left over is a whole value or not zero.
pub(super) fn to_bytes(values: &[u8]) -> Option<Vec<u8>> {
    let (mut bits, mut held) = (0u32, 0u32);
    let mut bytes = Vec::new();
    for value in values {
        held = ((held << 5) | u32::from(*value)) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).expect("eight bits"));
        }
    }
    (bits < 5 && held & ((1 << bits) - 1) == 0).then_some(bytes)
}
