//! Memos: what tells accounts behind one address apart.

use std::fmt;

use super::Family;

/// The most bytes of a memo of Stellar that is text.
const TEXT_BYTES_MAX: usize = 28;

/// A memo as its family takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Memo {
    /// A destination tag of the XRP Ledger.
    Tag(u32),
    /// A number of Stellar.
    Number(u64),
    /// A text of Stellar.
    Text(String),
}

/// A memo as a person gives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypedMemo<'a> {
    /// Its characters; empty ones are none.
    pub memo: Option<&'a str>,
    /// It is a text, though it may consist of digits.
    pub is_text: bool,
    /// One that may be left out is wanted all the same.
    pub needed: bool,
}

impl<'a> TypedMemo<'a> {
    /// A memo, or none, where none is asked for.
    pub const fn of(memo: Option<&'a str>) -> Self {
        Self { memo, is_text: false, needed: false }
    }
}

/// Why a memo cannot be used, in words for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoError {
    /// An account that shares its address cannot be reached without one, and nobody said that this is
    /// none.
    #[error(
        "An account at an exchange needs a {0}: copy it from where you copied the address, or say that yours has none."
    )]
    Needed(&'static str),
    /// This family has none.
    #[error("There is no memo on this network. Leave it out.")]
    Unused,
    /// The address has one inside already.
    #[error("This address has its memo inside. Leave the memo out.")]
    Inside,
    /// Not a number of 32 bits.
    #[error("A destination tag is a number from 0 to 4294967295.")]
    Tag,
    /// Too long.
    #[error("A memo is a number, or a text of at most 28 bytes.")]
    Text,
}

impl fmt::Display for Memo {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => write!(out, "{tag}"),
            Self::Number(number) => write!(out, "{number}"),
            Self::Text(text) => out.write_str(text),
        }
    }
}

/// Whether an address has its memo inside.
fn is_inside(family: Family, address: &str) -> bool {
    family == Family::Stellar && address.starts_with('M')
}

impl Memo {
    /// The same characters as the other kind of memo that Stellar has, where they can be both. Whoever
    /// types a memo of digits may have said either.
    pub fn mistaken(&self) -> Option<Self> {
        match self {
            Self::Tag(_) => None,
            Self::Number(number) => Some(Self::Text(number.to_string())),
            Self::Text(text) => plain_number(text).map(Self::Number),
        }
    }

    /// Read a memo for an address of a family. Digits are a number where they are not said to be a text.
    pub fn read(
        family: Family,
        address: &str,
        typed: TypedMemo<'_>,
    ) -> Result<Option<Self>, MemoError> {
        let memo = typed.memo.map(str::trim).filter(|memo| !memo.is_empty());
        let inside = is_inside(family, address);
        match (memo, family.memo_name()) {
            (Some(_), None) => Err(MemoError::Unused),
            (Some(_), Some(_)) if inside => Err(MemoError::Inside),
            (None, Some(name)) if typed.needed && !inside => Err(MemoError::Needed(name)),
            (None, _) => Ok(None),
            (Some(text), Some(_)) => parse(family, text, typed.is_text).map(Some),
        }
    }
}

fn parse(family: Family, text: &str, is_text: bool) -> Result<Memo, MemoError> {
    if family == Family::Xrp {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let tag = text.parse().ok().filter(|_| digits && !is_text);
        return tag.map(Memo::Tag).ok_or(MemoError::Tag);
    }
    match plain_number(text).filter(|_| !is_text) {
        Some(number) => Ok(Memo::Number(number)),
        None if text.len() <= TEXT_BYTES_MAX => Ok(Memo::Text(text.to_owned())),
        None => Err(MemoError::Text),
    }
}

/// The number that a text is. With zeros before it, it is a text: as a number it would lose them.
fn plain_number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| number.to_string() == text)
}
