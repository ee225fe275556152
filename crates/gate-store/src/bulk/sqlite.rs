//! Prepared inserts in large transactions that nobody waits for. The file is flushed at the end.

use std::path::Path;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::template::{Cell, Raw, RawTable, Template, written};
use super::{BEGIN_FEEDS, END_FEEDS, Repetition, TABLES};
use crate::StoreError;

pub(super) struct Database(Connection);

impl Database {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path).map_err(StoreError::other)?;
        let set_up = "pragma journal_mode = wal; pragma synchronous = off;
            pragma cache_size = -262144;";
        connection.execute_batch(set_up).map_err(StoreError::other)?;
        Ok(Self(connection))
    }

    pub(super) fn text(&mut self, sql: &str, number: i64) -> Result<Option<String>, StoreError> {
        self.0.query_row(sql, [number], |row| row.get(0)).optional().map_err(StoreError::other)
    }

    /// Read the world and empty its tables.
    pub(super) fn take_world(&mut self) -> Result<Template, StoreError> {
        let mut tables = Vec::new();
        for name in TABLES {
            tables.push(self.read(name).map_err(StoreError::other)?);
            self.0.execute(&format!("delete from {name}"), []).map_err(StoreError::other)?;
        }
        let last = "select max(last_sequence) from feeds";
        let sequences = self.0.query_row(last, [], |row| row.get(0)).map_err(StoreError::other)?;
        Ok(Template::new(tables, sequences))
    }

    fn read(&self, name: &'static str) -> rusqlite::Result<RawTable> {
        let mut statement = self.0.prepare(&format!("select * from {name}"))?;
        let columns: Vec<_> = statement.column_names().map(str::to_owned).collect();
        let rows = statement.query_map([], |row| {
            (0..columns.len()).map(|place| Ok(raw(row.get_ref(place)?))).collect()
        })?;
        let rows = rows.collect::<rusqlite::Result<_>>()?;
        Ok(RawTable { name, columns, rows })
    }

    pub(super) fn write(
        &mut self,
        template: &Template,
        batch: &[Repetition],
    ) -> Result<(), StoreError> {
        self.write_batch(template, batch).map_err(StoreError::other)
    }

    fn write_batch(&mut self, template: &Template, batch: &[Repetition]) -> rusqlite::Result<()> {
        let transaction = self.0.transaction()?;
        for table in &template.tables {
            let places: Vec<_> = (1..=table.columns.len()).map(|n| format!("${n}")).collect();
            let (columns, places) = (table.columns.join(", "), places.join(", "));
            let text = format!("insert into {} ({columns}) values ({places})", table.name);
            let mut insert = transaction.prepare_cached(&text)?;
            for repetition in batch.iter().filter(|copy| copy.fills(table.name)) {
                for row in &table.rows {
                    insert.execute(params_from_iter(row.iter().map(|c| value(c, *repetition))))?;
                }
            }
        }
        transaction.commit()
    }

    pub(super) fn finish(
        &mut self,
        removed_through: i64,
        last_sequence: i64,
    ) -> Result<(), StoreError> {
        let done = || {
            self.0.execute(BEGIN_FEEDS, [removed_through])?;
            self.0.execute(END_FEEDS, [last_sequence])?;
            self.0.execute_batch("pragma synchronous = full; pragma wal_checkpoint(truncate);")
        };
        done().map_err(StoreError::other)
    }
}

fn raw(value: ValueRef<'_>) -> Raw {
    match value {
        ValueRef::Null | ValueRef::Real(_) => Raw::Null, // we store no floats
        ValueRef::Integer(number) => Raw::Integer(number),
        ValueRef::Text(text) => Raw::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Raw::Bytes(bytes.to_vec()),
    }
}

fn value(cell: &Cell, repetition: Repetition) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Integer(number) => Value::Integer(*number),
        Cell::Instant(millis) => Value::Integer(millis - repetition.earlier_ms),
        Cell::Sequence(number) => Value::Integer(number + repetition.sequence),
        Cell::Bytes(bytes) => Value::Blob(bytes.clone()),
        Cell::Text(pieces) => Value::Text(written(pieces, repetition)),
    }
}
