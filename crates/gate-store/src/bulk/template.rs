//! A small world, taken apart where its copies differ: at the instant in an id, at a time, and at a
//! place in the feed.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::Repetition;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Of the 26 characters of an id, the first ten are its millisecond.
const TIME_CHARS: usize = 10;
const TAIL_CHARS: usize = 26;
const SEQUENCE: &str = "\"sequence\":";

/// What a column holds, as the engine gave it.
#[derive(Clone, Debug)]
pub(super) enum Raw {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// The rows of one table as they were read.
pub(super) struct RawTable {
    pub(super) name: &'static str,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Raw>>,
}

/// The world, ready to be repeated.
pub(super) struct Template {
    pub(super) tables: Vec<Table>,
    /// How many places of the feed it takes.
    pub(super) sequences: i64,
}

pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
}

pub(super) enum Cell {
    Null,
    Integer(i64),
    /// Milliseconds since 1970 that a copy moves to its own time.
    Instant(i64),
    Sequence(i64),
    Text(Vec<Piece>),
    Bytes(Vec<u8>),
}

pub(super) enum Piece {
    Plain(String),
    /// An id's millisecond; what follows it is plain.
    IdTime(i64),
    Sequence(i64),
}

impl Template {
    pub(super) fn new(tables: Vec<RawTable>, sequences: i64) -> Self {
        let tails = tails_of(&tables);
        let tables = tables.into_iter().map(|table| {
            let cell = |(column, raw): (&String, Raw)| match raw {
                Raw::Null => Cell::Null,
                Raw::Bytes(bytes) => Cell::Bytes(bytes),
                Raw::Integer(number) if column == "sequence" => Cell::Sequence(number),
                Raw::Integer(number) if happened(column) => Cell::Instant(number),
                Raw::Integer(number) => Cell::Integer(number),
                Raw::Text(text) => Cell::Text(pieces_of(&text, &tails)),
            };
            let rows = table.rows.into_iter();
            let rows = rows.map(|row| table.columns.iter().zip(row).map(cell).collect()).collect();
            Table { name: table.name, columns: table.columns, rows }
        });
        Self { tables: tables.collect(), sequences }
    }
}

/// A text as it is in one repetition.
pub(super) fn written(pieces: &[Piece], repetition: Repetition) -> String {
    let mut text = String::new();
    for piece in pieces {
        piece.write(repetition, &mut text);
    }
    text
}

impl Piece {
    fn write(&self, repetition: Repetition, out: &mut String) {
        match self {
            Self::Plain(text) => out.push_str(text),
            Self::IdTime(millis) => {
                let millis = millis - repetition.earlier_ms;
                for place in (0..TIME_CHARS).rev() {
                    let digit = usize::try_from((millis >> (5 * place)) & 31).unwrap_or_default();
                    out.push(char::from(ALPHABET[digit]));
                }
            }
            Self::Sequence(number) => {
                let _ = write!(out, "{}", number + repetition.sequence);
            }
        }
    }
}

/// Whether a column says when something happened, and not when something is to happen.
fn happened(column: &str) -> bool {
    column.ends_with("_at") && !column.ends_with("due_at") && !column.starts_with("next_")
}

/// The part behind the mode of every id of a row. Ids of others, such as the partner's, stay.
fn tails_of(tables: &[RawTable]) -> HashSet<String> {
    let mut tails = HashSet::new();
    for table in tables {
        let Some(place) = table.columns.iter().position(|column| column == "id") else { continue };
        for row in &table.rows {
            if let Raw::Text(id) = &row[place]
                && let Some((_, tail)) = id.rsplit_once('_')
                && tail.len() == TAIL_CHARS
            {
                tails.insert(tail.to_owned());
            }
        }
    }
    tails
}

fn pieces_of(text: &str, tails: &HashSet<String>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let (taken, piece) = if let Some(tail) = tail_at(text, rest, tails) {
            (TIME_CHARS, Some(Piece::IdTime(millis_of(&tail[..TIME_CHARS]))))
        } else if let Some(after) = rest.strip_prefix(SEQUENCE) {
            plain.push_str(SEQUENCE);
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            (SEQUENCE.len() + digits, after[..digits].parse().ok().map(Piece::Sequence))
        } else {
            plain.push(next);
            (next.len_utf8(), None)
        };
        if let Some(piece) = piece {
            pieces.push(Piece::Plain(std::mem::take(&mut plain)));
            pieces.push(piece);
        }
        rest = &rest[taken..];
    }
    pieces.push(Piece::Plain(plain));
    pieces
}

/// The tail of an id that begins here, right behind an underscore.
fn tail_at<'a>(text: &str, rest: &'a str, tails: &HashSet<String>) -> Option<&'a str> {
    let before = text.len() - rest.len();
    let behind_underscore = before > 0 && text.as_bytes()[before - 1] == b'_';
    let tail = behind_underscore.then(|| rest.get(..TAIL_CHARS)).flatten()?;
    tails.contains(tail).then_some(tail)
}

fn millis_of(characters: &str) -> i64 {
    characters.bytes().fold(0, |number, byte| {
        let digit = ALPHABET.iter().position(|letter| *letter == byte).unwrap_or_default();
        number << 5 | i64::try_from(digit).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "gs_test_01hf7yat00fentqaxbnentqaxb";

    #[test]
    fn ids_and_sequences_move_and_the_rest_stays() {
        let table = RawTable {
            name: "sessions",
            columns: vec!["id".into(), "created_at".into(), "expiry_due_at".into()],
            rows: vec![vec![Raw::Text(ID.into()), Raw::Integer(1_000), Raw::Integer(1_000)]],
        };
        let tails = tails_of(std::slice::from_ref(&table));
        let body = format!("{{\"sequence\":41,\"id\":\"{ID}\",\"of\":\"ptr_{}\"}}", "0".repeat(26));
        let pieces = pieces_of(&body, &tails);
        let same = Repetition { earlier_ms: 0, sequence: 0, recent: true };
        assert_eq!(written(&pieces, same), body);
        let earlier = Repetition { earlier_ms: 32, sequence: 100, recent: true };
        let expected = body.replace("01hf7yat00", "01hf7yasz0").replace(":41,", ":141,");
        assert_eq!(written(&pieces, earlier), expected);
        let template = Template::new(vec![table], 1);
        let row = &template.tables[0].rows[0];
        assert!(matches!(row[1], Cell::Instant(1_000)) && matches!(row[2], Cell::Integer(1_000)));
    }
}
