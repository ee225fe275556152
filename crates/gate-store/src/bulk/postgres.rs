//! `COPY`, a table at a time, and statistics at the end, as a database of this size would have them.

use std::fmt::Write as _;
use std::io::Write as _;

use postgres::types::Type;
use postgres::{Client, Error, NoTls};

use super::template::{Cell, Raw, RawTable, Template, written};
use super::{BEGIN_FEEDS, END_FEEDS, Repetition, TABLES};
use crate::StoreError;

pub(super) struct Database(Client);

impl Database {
    pub(super) fn open(url: &str) -> Result<Self, StoreError> {
        let mut client = Client::connect(url, NoTls).map_err(StoreError::other)?;
        client.batch_execute("set synchronous_commit = off").map_err(StoreError::other)?;
        Ok(Self(client))
    }

    pub(super) fn batch(&mut self, text: &str) -> Result<(), StoreError> {
        self.0.batch_execute(text).map_err(StoreError::other)
    }

    pub(super) fn text(&mut self, sql: &str, number: i64) -> Result<Option<String>, StoreError> {
        let row = self.0.query_opt(sql, &[&number]).map_err(StoreError::other)?;
        Ok(row.map(|row| row.get(0)))
    }

    /// Read the world and empty its tables.
    pub(super) fn take_world(&mut self) -> Result<Template, StoreError> {
        let mut tables = Vec::new();
        for name in TABLES {
            tables.push(self.read(name).map_err(StoreError::other)?);
            self.0.batch_execute(&format!("truncate {name}")).map_err(StoreError::other)?;
        }
        let last = "select max(last_sequence) from feeds";
        let sequences = self.0.query_one(last, &[]).map_err(StoreError::other)?.get(0);
        Ok(Template::new(tables, sequences))
    }

    fn read(&mut self, name: &'static str) -> Result<RawTable, Error> {
        let statement = self.0.prepare(&format!("select * from {name}"))?;
        let columns = statement.columns().iter().map(|column| column.name().to_owned()).collect();
        let rows = self.0.query(&statement, &[])?;
        let rows = rows.iter().map(|row| {
            (0..row.len()).map(|place| raw(row, place)).collect::<Result<Vec<_>, Error>>()
        });
        Ok(RawTable { name, columns, rows: rows.collect::<Result<_, _>>()? })
    }

    pub(super) fn write(
        &mut self,
        template: &Template,
        batch: &[Repetition],
    ) -> Result<(), StoreError> {
        self.write_batch(template, batch).map_err(StoreError::other)
    }

    fn write_batch(
        &mut self,
        template: &Template,
        batch: &[Repetition],
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut transaction = self.0.transaction()?;
        for table in &template.tables {
            let columns = table.columns.join(", ");
            let copy = format!("copy {} ({columns}) from stdin", table.name);
            let mut writer = transaction.copy_in(&copy)?;
            let mut line = String::new();
            for repetition in batch.iter().filter(|copy| copy.fills(table.name)) {
                for row in &table.rows {
                    line.clear();
                    for (place, cell) in row.iter().enumerate() {
                        line.push_str(if place == 0 { "" } else { "\t" });
                        write_cell(cell, *repetition, &mut line);
                    }
                    line.push('\n');
                    writer.write_all(line.as_bytes())?;
                }
            }
            writer.finish()?;
        }
        Ok(transaction.commit()?)
    }

    pub(super) fn finish(
        &mut self,
        removed_through: i64,
        last_sequence: i64,
    ) -> Result<(), StoreError> {
        self.0.execute(BEGIN_FEEDS, &[&removed_through]).map_err(StoreError::other)?;
        self.0.execute(END_FEEDS, &[&last_sequence]).map_err(StoreError::other)?;
        for table in TABLES {
            let tidy = format!("vacuum (analyze) {table}");
            self.0.batch_execute(&tidy).map_err(StoreError::other)?;
        }
        self.0.batch_execute("checkpoint").map_err(StoreError::other)
    }
}

/// Our schema has integers, text and bytes only.
fn raw(row: &postgres::Row, place: usize) -> Result<Raw, Error> {
    let kind = row.columns()[place].type_();
    let found = if *kind == Type::INT8 {
        row.try_get::<_, Option<i64>>(place)?.map(Raw::Integer)
    } else if *kind == Type::BYTEA {
        row.try_get::<_, Option<Vec<u8>>>(place)?.map(Raw::Bytes)
    } else {
        row.try_get::<_, Option<String>>(place)?.map(Raw::Text)
    };
    Ok(found.unwrap_or(Raw::Null))
}

/// A value as `COPY` reads it: what separates values and lines is escaped.
fn write_cell(cell: &Cell, repetition: Repetition, line: &mut String) {
    let _ = match cell {
        Cell::Null => line.write_str("\\N"),
        Cell::Integer(number) => write!(line, "{number}"),
        Cell::Instant(millis) => write!(line, "{}", millis - repetition.earlier_ms),
        Cell::Sequence(number) => write!(line, "{}", number + repetition.sequence),
        Cell::Bytes(bytes) => {
            line.push_str("\\\\x");
            bytes.iter().try_for_each(|byte| write!(line, "{byte:02x}"))
        }
        Cell::Text(pieces) => {
            for character in written(pieces, repetition).chars() {
                match character {
                    '\\' => line.push_str("\\\\"),
                    '\t' => line.push_str("\\t"),
                    '\n' => line.push_str("\\n"),
                    '\r' => line.push_str("\\r"),
                    other => line.push(other),
                }
            }
            Ok(())
        }
    };
}
