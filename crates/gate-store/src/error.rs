//! What can go wrong in the store. A variant exists because some caller does something different
//! because of it; everything else is [`StoreError::Other`] and has been logged with its causes.

use std::{any::Any, error::Error, fmt::Write as _};

/// An error of the store.
///
/// Unless a variant says otherwise, nothing of the closure that met it was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row with this key exists. Which columns clashed is not portable; the table is.
    #[error("a row with this key already exists in {table}")]
    Unique {
        /// The table that refused the row.
        table: String,
    },
    /// A stored row no longer parses. Never replaced by a default.
    #[error("row {id} of {table} cannot be read: {why}")]
    Corrupt {
        /// The table the row was read from.
        table: &'static str,
        /// The row's key, as text.
        id: String,
        /// What was wrong with it.
        why: String,
    },
    /// A statement failed earlier in this closure, which therefore cannot commit.
    #[error("an earlier statement of this transaction failed, so it cannot go on")]
    Poisoned,
    /// The closure panicked; the panic failed this closure alone.
    #[error("the transaction panicked: {0}")]
    Panicked(String),
    /// The queue is full. Answer "try again shortly".
    #[error("the store is overloaded; try again shortly")]
    Overloaded,
    /// The closure met a concurrent change and was run again until its time was up.
    /// Answer "try again shortly".
    #[error("the transaction kept meeting concurrent changes; try again shortly")]
    Retry,
    /// The database cannot be reached, is held by somebody else, or the store is closed.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The commit was sent and its answer never came. It may or may not have happened:
    /// report neither success nor failure, and repeat only what is safe to repeat.
    #[error("the outcome of the commit is unknown")]
    OutcomeUnknown,
    /// A write or a row lock inside a read.
    #[error("a read cannot write or lock rows")]
    ReadOnly,
    /// The disk is full or failing.
    #[error("the disk is full or failing: {0}")]
    Full(String),
    /// Text with a NUL character, which PostgreSQL cannot store.
    #[error("text with a NUL character cannot be stored")]
    NulInText,
    /// Another process (or another store of this one) has the database open.
    #[error("{0}")]
    InUse(String),
    /// The SQLite library is too old to be trusted with the write-ahead log.
    #[error(
        "SQLite {found} is too old: {needed} or newer is needed, so build with the bundled one"
    )]
    OldSqlite {
        /// The linked library's version.
        found: &'static str,
        /// The oldest version accepted.
        needed: &'static str,
    },
    /// The schema cannot be brought to, or is not, what this program needs.
    #[error("{0}")]
    Migration(String),
    /// The statement and its use disagree: a mistake in our code.
    #[error("a statement is used wrongly: {0}")]
    Misuse(String),
    /// Anything else, logged with its causes when it happened.
    #[error("the database answered with an error")]
    Other(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// Wrap an error nobody handles specially, and log it with all its causes: the engines'
    /// own messages often leave the cause out.
    pub(crate) fn other(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let error = error.into();
        tracing::error!(error = chain(&*error), "the database answered with an error");
        Self::Other(error)
    }

    /// The message a panic carried, logged where it is caught.
    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let message = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let message = message.or_else(|| panic.downcast_ref::<String>().cloned());
        let message = message.unwrap_or_else(|| "no message".to_owned());
        tracing::error!(panic = message, "a transaction panicked");
        Self::Panicked(message)
    }
}

/// An error and everything that caused it, on one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}
