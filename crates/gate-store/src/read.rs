//! Reading stored text back into domain values. What no longer parses is corrupt, never a default.

use std::fmt::Display;

use gate_domain::ids::{Mode, PartnerId, Tenant};
use serde::de::DeserializeOwned;

use crate::{Row, StoreError};

/// A row of `table`, as its columns are read one by one.
pub(crate) struct Reader<'a> {
    row: &'a Row<'a>,
    table: &'static str,
    key_column: usize,
}

impl<'a> Reader<'a> {
    /// `key_column` is where the row's own id stands, for the error.
    pub(crate) fn new(row: &'a Row<'a>, table: &'static str, key_column: usize) -> Self {
        Self { row, table, key_column }
    }

    pub(crate) fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.row.get(column)
    }

    /// A number that is stored in more bits than it has.
    pub(crate) fn number(&self, column: usize) -> Result<u32, StoreError> {
        u32::try_from(self.int(column)?).map_err(|error| self.corrupt(&error))
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, StoreError> {
        self.row.get(column)
    }

    /// A value that is stored as its text.
    pub(crate) fn parse<T>(&self, column: usize) -> Result<T, StoreError>
    where
        T: TryFrom<String>,
        T::Error: Display,
    {
        T::try_from(self.text(column)?).map_err(|error| self.corrupt(&error))
    }

    /// The same, where null is allowed.
    pub(crate) fn parse_opt<T>(&self, column: usize) -> Result<Option<T>, StoreError>
    where
        T: TryFrom<String>,
        T::Error: Display,
    {
        let text: Option<String> = self.row.get(column)?;
        text.map(|text| T::try_from(text).map_err(|error| self.corrupt(&error))).transpose()
    }

    /// A value that is stored as one of a set of words.
    pub(crate) fn word<T>(
        &self,
        column: usize,
        parse: fn(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        let word = self.text(column)?;
        parse(&word).ok_or_else(|| self.corrupt(&format_args!("unknown word {word:?}")))
    }

    /// A value that is stored as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: usize) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|error| self.corrupt(&error))
    }

    /// The same, where null is allowed.
    pub(crate) fn json_opt<T: DeserializeOwned>(
        &self,
        column: usize,
    ) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self.row.get(column)?;
        let read = |text: String| serde_json::from_str(&text).map_err(|error| self.corrupt(&error));
        text.map(read).transpose()
    }

    /// The partner and mode of a row that begins with them.
    pub(crate) fn tenant(&self) -> Result<Tenant, StoreError> {
        Ok(Tenant { partner: self.parse::<PartnerId>(0)?, mode: self.word(1, Mode::parse)? })
    }

    /// The row does not mean anything.
    pub(crate) fn corrupt(&self, why: &dyn Display) -> StoreError {
        let id = self.row.get::<String>(self.key_column).unwrap_or_default();
        StoreError::Corrupt { table: self.table, id, why: why.to_string() }
    }
}

/// A domain value as stored JSON.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("stored values have string keys and no custom failures")
}
