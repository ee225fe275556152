//! Reading a catalogue file. Every mistake is told at once, each with its line and what would be
//! right there.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use gate_domain::catalogue::Catalogue;
use serde::Deserialize;
use toml::Spanned;

mod checks;
mod fees;
mod identity;
#[cfg(test)]
mod sums;
#[cfg(test)]
mod tests;

/// The file that ships inside the binary.
const WORLD: &str = include_str!("world.toml");

/// The catalogue that ships inside the binary.
pub fn world_wide() -> Arc<Catalogue> {
    static CATALOGUE: LazyLock<Arc<Catalogue>> =
        LazyLock::new(|| Arc::new(read_text(WORLD).expect("a test reads the shipped file")));
    Arc::clone(&CATALOGUE)
}

/// Why there is no catalogue.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be read.
    #[error("{} cannot be read: {why}", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the operating system says.
        why: std::io::Error,
    },
    /// The file can be read and is wrong.
    #[error("{} is not a valid catalogue:\n{problems}", .path.display())]
    Invalid {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        problems: Problems,
    },
}

/// Everything that is wrong with a text, by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where, counted from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.0.iter().enumerate() {
            let end = if place == 0 { "" } else { "\n" };
            write!(out, "{end}  line {}: {}", problem.line, problem.message)?;
        }
        Ok(())
    }
}

/// Read and check a file.
pub fn read_file(path: &Path) -> Result<Catalogue, FileError> {
    let text = fs::read_to_string(path)
        .map_err(|why| FileError::Unreadable { path: path.to_owned(), why })?;
    read_text(&text).map_err(|problems| FileError::Invalid { path: path.to_owned(), problems })
}

/// Read and check the text of a file.
pub fn read_text(text: &str) -> Result<Catalogue, Problems> {
    match toml::from_str::<Draft>(text) {
        Ok(draft) => checks::build(text, &draft),
        Err(error) => {
            let place = error.span().map_or(0, |span| span.start);
            let message = format!("{}.", error.message().trim_end_matches('.').replace('\n', " "));
            Err(Problems(vec![Problem { line: line_of(text, place), message }]))
        }
    }
}

/// The line that a place in a text is on.
fn line_of(text: &str, place: usize) -> usize {
    text.as_bytes().iter().take(place).filter(|byte| **byte == b'\n').count() + 1
}

/// A word with its place in the text.
type Word = Spanned<String>;

/// The file as it is written, before anything is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    flows: Vec<Word>,
    currencies: BTreeMap<Word, DraftLimits>,
    networks: BTreeMap<Word, DraftNetwork>,
    assets: Vec<DraftAsset>,
    payment_methods: Vec<DraftMethod>,
    payout_methods: Vec<DraftMethod>,
    countries: BTreeMap<Word, DraftCountry>,
    /// None where the file says nothing: then those of the program.
    fees: Option<Vec<Spanned<DraftFee>>>,
    /// The same.
    identity: Option<DraftIdentity>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftIdentity {
    currency: Word,
    #[serde(default)]
    worth: BTreeMap<Word, Word>,
    #[serde(default)]
    guest: DraftGuest,
    basic: DraftRung,
    enhanced: DraftRung,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftGuest {
    transaction: Option<Word>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftRung {
    transaction: Word,
    day: Word,
    month: Word,
    #[serde(default)]
    asks: Vec<Word>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftFee {
    method: Option<String>,
    country: Option<String>,
    asset: Option<String>,
    network: Option<String>,
    basis_points: Option<i64>,
    #[serde(default)]
    minimum: BTreeMap<Word, Word>,
    #[serde(default)]
    maximum: BTreeMap<Word, Word>,
    #[serde(default)]
    fixed: BTreeMap<Word, Word>,
    #[serde(default)]
    network_cost: BTreeMap<Word, Word>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftLimits {
    minimum: Option<Word>,
    maximum: Option<Word>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftNetwork {
    name: String,
    family: Option<Word>,
    chain_id: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftAsset {
    symbol: Word,
    name: String,
    #[serde(default = "yes")]
    active: bool,
    #[serde(default)]
    sides: Vec<Word>,
    networks: Vec<DraftToken>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftToken {
    chain: Word,
    decimals: Spanned<i64>,
    contract: Option<Word>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftMethod {
    id: Word,
    name: String,
    currencies: Vec<Word>,
    #[serde(default)]
    countries: Vec<Word>,
    #[serde(default)]
    limits: BTreeMap<Word, DraftLimits>,
    /// None where the file says nothing: then that of the program's method of this name.
    account: Option<Word>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftCountry {
    currency: Word,
    name: Option<String>,
    #[serde(default = "yes")]
    supported: bool,
}

const fn yes() -> bool {
    true
}
