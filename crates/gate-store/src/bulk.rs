//! Many copies of what a database holds, so that a measurement can ask how work grows with what is
//! stored. A gateway writes a small world once, by its real code; the copies differ from it in
//! their ids, their instants and their places in the feed, as if it had happened again and again.
//!
//! It copies the tables that grow with sessions and knows nothing about their columns. It is no
//! part of a gateway: nobody else may have the database open, and a failure leaves half of it.

mod postgres;
mod sqlite;
mod template;

use crate::{Place, StoreError};
use template::Template;

/// The tables that grow with every session, and that lists read. The books are not among them: they
/// are chained, and a copy of a posting would be found out.
const TABLES: [&str; 7] =
    ["sessions", "quotes", "transactions", "commands", "events", "deliveries", "attempts"];

/// Those of them that retention empties.
const KEPT_FOR_A_WHILE: [&str; 3] = ["events", "deliveries", "attempts"];

/// Copies that share a transaction.
const BATCH: u32 = 200;

/// One repetition of the world, `BATCH` of which are written at once.
#[derive(Clone, Copy)]
struct Repetition {
    /// How much earlier than the original it happened.
    earlier_ms: i64,
    /// What is added to places in the feed.
    sequence: i64,
    /// Its events are still there.
    recent: bool,
}

impl Repetition {
    /// Whether it has rows in this table.
    fn fills(self, table: &str) -> bool {
        self.recent || !KEPT_FOR_A_WHILE.contains(&table)
    }
}

/// Replace the world in the database by `copies` of it, `apart_ms` one after another, the newest of
/// them at the time of the original. Only the newest `recent` still have their events, as retention
/// would leave them. `progress` is told how many have been written.
///
/// # Errors
/// What the engine says, and [`StoreError::Corrupt`] for a column of a type that is not ours.
pub fn multiply(
    place: &Place,
    copies: u32,
    recent: u32,
    apart_ms: i64,
    mut progress: impl FnMut(u32),
) -> Result<(), StoreError> {
    let mut database = Database::open(place)?;
    let template = database.take_world()?;
    let without_events = copies.saturating_sub(recent);
    let mut written = 0;
    while written < copies {
        let batch: Vec<_> = (written..copies.min(written + BATCH))
            .map(|number| Repetition {
                earlier_ms: i64::from(copies - 1 - number) * apart_ms,
                sequence: i64::from(number) * template.sequences,
                recent: number >= without_events,
            })
            .collect();
        database.write(&template, &batch)?;
        written += u32::try_from(batch.len()).expect("a batch is small");
        progress(written);
    }
    let place = |copies: u32| i64::from(copies) * template.sequences;
    database.finish(place(without_events), place(copies))
}

/// The first place of the feed that is still there.
///
/// # Errors
/// What the engine says.
pub fn first_sequence(place: &Place) -> Result<i64, StoreError> {
    let removed = "select cast(removed_through as text) from feed_beginnings
        where removed_through > $1 order by removed_through desc limit 1";
    let removed = text(place, removed, 0)?.and_then(|text| text.parse::<i64>().ok());
    Ok(removed.unwrap_or(0) + 1)
}

/// The id of the row with so many newer ones before it, if there are that many.
///
/// # Errors
/// What the engine says, also about a table that does not exist.
pub fn id_at(place: &Place, table: &str, newer: i64) -> Result<Option<String>, StoreError> {
    text(place, &format!("select id from {table} order by id desc limit 1 offset $1"), newer)
}

/// Whether the rails are still asked for something. Copies of that would all be due at once.
///
/// # Errors
/// What the engine says.
pub fn has_unfinished_commands(place: &Place) -> Result<bool, StoreError> {
    let unfinished = "select id from commands where due_at is not null and due_at > $1 limit 1";
    Ok(text(place, unfinished, 0)?.is_some())
}

fn text(place: &Place, sql: &str, number: i64) -> Result<Option<String>, StoreError> {
    match Database::open(place)? {
        Database::Sqlite(mut database) => database.text(sql, number),
        Database::Postgres(mut database) => database.text(sql, number),
    }
}

/// Make an empty database on a PostgreSQL server, in place of one that has the name.
///
/// # Errors
/// What the engine says.
pub fn create_database(server: &str, name: &str) -> Result<(), StoreError> {
    drop_database(server, name)?;
    postgres::Database::open(server)?.batch(&format!("create database {name}"))
}

/// Remove a database from a PostgreSQL server, also from under its users.
///
/// # Errors
/// What the engine says.
pub fn drop_database(server: &str, name: &str) -> Result<(), StoreError> {
    postgres::Database::open(server)?.batch(&format!("drop database if exists {name} with (force)"))
}

/// Where the feeds begin and end, as SQL of both engines.
const BEGIN_FEEDS: &str = "insert into feed_beginnings (partner_id, mode, removed_through)
    select partner_id, mode, cast($1 as bigint) from feeds
    where last_sequence > 0 and cast($1 as bigint) > 0";
const END_FEEDS: &str = "update feeds set last_sequence = $1 where last_sequence > 0";

/// The engines' own quick ways in.
enum Database {
    Sqlite(sqlite::Database),
    Postgres(postgres::Database),
}

impl Database {
    fn open(place: &Place) -> Result<Self, StoreError> {
        Ok(match place {
            Place::Sqlite { path } => Self::Sqlite(sqlite::Database::open(path)?),
            Place::Postgres { url } => Self::Postgres(postgres::Database::open(url)?),
        })
    }

    fn take_world(&mut self) -> Result<Template, StoreError> {
        match self {
            Self::Sqlite(database) => database.take_world(),
            Self::Postgres(database) => database.take_world(),
        }
    }

    fn write(&mut self, template: &Template, batch: &[Repetition]) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(database) => database.write(template, batch),
            Self::Postgres(database) => database.write(template, batch),
        }
    }

    fn finish(&mut self, removed_through: i64, last_sequence: i64) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(database) => database.finish(removed_through, last_sequence),
            Self::Postgres(database) => database.finish(removed_through, last_sequence),
        }
    }
}
