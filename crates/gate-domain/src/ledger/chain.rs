//! The chain: each posting of a partner in a mode is numbered from 1 without gaps, and its hash
//! covers its content and the hash before it. Whoever holds an export can check it without us.

use std::fmt::Write as _;

/// What stands before the first posting of a chain.
pub const BEFORE_THE_FIRST: &str =
    "0000000000000000000000000000000000000000000000000000000000000000";

/// A posting as it is stored, word for word: nothing is parsed before it is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The partner's id.
    pub partner: String,
    /// The mode's word.
    pub mode: String,
    /// Its place in the chain, from 1.
    pub number: i64,
    /// Its id.
    pub id: String,
    /// The transaction that it belongs to.
    pub transaction: String,
    /// What the fact is about: the transaction itself, or one of its refunds.
    pub subject: String,
    /// The word of the fact.
    pub booking: String,
    /// When it was written, in milliseconds since 1970.
    pub created_at: i64,
    /// The hash of the posting before, in hexadecimal.
    pub previous: String,
    /// Its lines, in their order.
    pub lines: Vec<Line>,
}

/// One line, word for word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The account's name.
    pub account: String,
    /// The asset's key, such as `USDC.base`.
    pub asset: String,
    /// Smallest units in decimal digits, with a minus sign where something leaves.
    pub units: String,
}

impl Record {
    /// The canonical text: what SHA-256 is taken of, as UTF-8 (docs/OPERATIONS.md, "The ledger").
    pub fn text(&self) -> String {
        let mut text = String::from("0gate-posting-v1\n");
        let Self { partner, mode, number, id, transaction, subject, booking, .. } = self;
        let _ = write!(
            text,
            "{}\n{partner}\n{mode}\n{number}\n{id}\n{transaction}\n{subject}\n{booking}\n{}\n",
            self.previous, self.created_at
        );
        for Line { account, asset, units } in &self.lines {
            let _ = writeln!(text, "{account} {asset} {units}");
        }
        text
    }
}
