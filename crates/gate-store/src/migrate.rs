//! Bringing a schema to what this program needs: numbered files, each applied once, in its own
//! transaction, with its checksum kept. It refuses a database made by a newer release, and one
//! whose files have changed since.

use std::{collections::BTreeMap, fmt::Write as _};

use sha2::{Digest, Sha256};

use crate::{Schema, Sql, StoreError, Tx, error::chain, sql, tx::Engine};

const CREATE: &str = "create table if not exists schema_migrations (
    version bigint not null primary key, file text not null, checksum text not null)";
const IS_THERE_SQLITE: Sql =
    sql("select count(*) from sqlite_master where type = 'table' and name = 'schema_migrations'");
const IS_THERE_POSTGRES: Sql = sql("select count(*) from information_schema.tables
    where table_name = 'schema_migrations' and table_schema = any(current_schemas(false))");
const LIST: Sql = sql("select version, file, checksum from schema_migrations order by version");
const RECORD: Sql =
    sql("insert into schema_migrations (version, file, checksum) values ($1, $2, $3)");

/// What a migration does beyond its text.
pub type Afterwards = fn(&mut Tx) -> Result<(), StoreError>;

/// One step of the schema.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    /// `NNNN_name.sql`; the number is its version.
    pub file: &'static str,
    /// One text for both engines. After a line `-- on sqlite:` or `-- on postgres:` only that one
    /// reads on, until a line says otherwise; `-- on both:` ends it.
    pub text: &'static str,
    /// What no text can do, in the same transaction.
    pub then: Option<Afterwards>,
}

/// A migration as the database remembers it.
struct Applied {
    file: String,
    checksum: String,
}

/// Check the database against the list, and apply what is missing if that is wanted.
/// The caller keeps other processes out meanwhile.
pub(crate) fn migrate(tx: &mut Tx, list: &[Migration], schema: Schema) -> Result<(), StoreError> {
    if schema == Schema::Upgrade {
        tx.engine.batch(CREATE)?;
    }
    let applied = applied(tx)?;
    let pending = pending(list, &applied)?;
    match schema {
        Schema::Upgrade => pending.into_iter().try_for_each(|migration| apply(tx, migration)),
        Schema::Require if pending.is_empty() => Ok(()),
        Schema::Require => {
            let files: Vec<_> = pending.iter().map(|migration| migration.file).collect();
            refuse(format!("the database is behind: apply {} first", files.join(", ")))
        }
    }
}

fn applied(tx: &mut Tx) -> Result<BTreeMap<i64, Applied>, StoreError> {
    let is_there = match tx.engine {
        Engine::Sqlite(_) => IS_THERE_SQLITE,
        Engine::Postgres(_) => IS_THERE_POSTGRES,
    };
    if tx.query_one(is_there, &[], |row| row.get::<i64>(0))? == 0 {
        return Ok(BTreeMap::new());
    }
    let read = |row: &crate::Row<'_>| {
        Ok((row.get(0)?, Applied { file: row.get(1)?, checksum: row.get(2)? }))
    };
    Ok(tx.query(LIST, &[], read)?.into_iter().collect())
}

/// What is still to do, in order, once everything done before has been recognised.
fn pending<'a>(
    list: &'a [Migration],
    applied: &BTreeMap<i64, Applied>,
) -> Result<Vec<&'a Migration>, StoreError> {
    let known: BTreeMap<i64, &Migration> =
        list.iter().map(|migration| (migration.version(), migration)).collect();
    assert_eq!(known.len(), list.len(), "two migrations have the same number");

    for (version, Applied { file, checksum }) in applied {
        let Some(migration) = known.get(version) else {
            return refuse(format!(
                "the database was made by another, probably newer release: it has {file}, \
                 which this program does not know. Run that release, or restore a backup"
            ));
        };
        if migration.checksum() != *checksum {
            return refuse(format!(
                "{file} has changed since it was applied to this database. Put the file back as \
                 it was, and make the change in a new one"
            ));
        }
    }

    let newest = applied.keys().next_back();
    let pending = known.into_iter().filter(|(version, _)| !applied.contains_key(version));
    let pending: Vec<_> = pending.map(|(_, migration)| migration).collect();
    if let Some(skipped) = pending.iter().find(|first| Some(&first.version()) < newest) {
        return refuse(format!(
            "{} is older than what was applied to this database, but was not applied itself. \
             Give it the next free number",
            skipped.file
        ));
    }
    Ok(pending)
}

fn apply(tx: &mut Tx, migration: &Migration) -> Result<(), StoreError> {
    let file = migration.file;
    let steps = |tx: &mut Tx| {
        tx.reset();
        tx.engine.begin()?;
        let text = migration.text_on(matches!(tx.engine, Engine::Sqlite(_)));
        tx.engine.batch(&text)?;
        if let Some(then) = migration.then {
            then(tx)?;
        }
        tx.execute(RECORD, &[&migration.version(), &file, &migration.checksum()])?;
        tx.engine.commit()
    };
    steps(tx).map_err(|error| {
        tx.engine.rollback();
        StoreError::Migration(format!("{file} could not be applied: {}", chain(&error)))
    })?;
    tracing::info!(file, "applied {file}");
    Ok(())
}

fn refuse<T>(why: String) -> Result<T, StoreError> {
    Err(StoreError::Migration(why))
}

impl Migration {
    fn version(&self) -> i64 {
        let number = self.file.split('_').next().and_then(|digits| digits.parse().ok());
        number.expect("a migration's file is called NNNN_name.sql")
    }

    /// The text that one engine reads.
    fn text_on(&self, sqlite: bool) -> String {
        let mut reads = true;
        let mut text = String::with_capacity(self.text.len());
        for line in self.text.lines() {
            match line.trim() {
                "-- on sqlite:" => reads = sqlite,
                "-- on postgres:" => reads = !sqlite,
                "-- on both:" => reads = true,
                _ if reads => {
                    text.push_str(line);
                    text.push('\n');
                }
                _ => {}
            }
        }
        text
    }

    /// A hash of the text. Line ends do not count: a checkout may change them.
    fn checksum(&self) -> String {
        let digest = Sha256::digest(self.text.replace("\r\n", "\n"));
        digest.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrations::MIGRATIONS;

    #[test]
    fn every_file_is_in_the_list_and_in_order() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let files = std::fs::read_dir(folder).unwrap();
        let mut files: Vec<_> =
            files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        files.retain(|file| file.split('.').next_back() == Some("sql"));
        files.sort_unstable();
        let listed: Vec<_> = MIGRATIONS.iter().map(|migration| migration.file).collect();
        assert_eq!(listed, files);
        pending(MIGRATIONS, &BTreeMap::new()).unwrap(); // the names parse, no number twice
    }

    #[test]
    fn each_engine_reads_its_own_words() {
        let text = "a\n-- on sqlite:\nb\n-- on postgres:\nc\n-- on both:\nd\n";
        let mixed = Migration { file: "0001_a.sql", text, then: None };
        assert_eq!(
            (mixed.text_on(true), mixed.text_on(false)),
            ("a\nb\nd\n".into(), "a\nc\nd\n".into())
        );
    }

    #[test]
    fn line_ends_do_not_change_a_checksum() {
        let unix = Migration { file: "0001_a.sql", text: "a\nb\n", then: None };
        let windows = Migration { text: "a\r\nb\r\n", ..unix };
        assert_eq!(unix.checksum(), windows.checksum());
        assert_ne!(unix.checksum(), Migration { text: "a\nc\n", ..unix }.checksum());
    }
}
