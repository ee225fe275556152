//! Opening a SQLite file: one process at a time, a library that can be trusted, and every
//! connection set up the same way.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::explain;
use crate::StoreError;

/// The first version without the known faults of the write-ahead log.
const OLDEST: (i32, &str) = (3_051_003, "3.51.3");
/// Only an operator's own tools can hold the file; they get this long.
pub(super) const BUSY_MAX: Duration = Duration::from_secs(5);
/// More statements than we have, so that none is prepared twice.
const STATEMENTS_MAX: usize = 512;

/// A database file that is ours alone until the last clone of the lock is dropped.
pub(super) struct Place {
    pub(super) path: PathBuf,
    _lock: File,
}

impl Place {
    pub(super) fn claim(path: &Path) -> Result<Self, StoreError> {
        if rusqlite::version_number() < OLDEST.0 {
            return Err(StoreError::OldSqlite { found: rusqlite::version(), needed: OLDEST.1 });
        }
        let unavailable =
            |error: io::Error| StoreError::Unavailable(format!("{}: {error}", path.display()));
        // One file, one name: a lock taken through a link must be the same lock.
        private(path).map_err(unavailable)?;
        let path = path.canonicalize().map_err(unavailable)?;
        let lock = private(&beside(&path, ".lock")).map_err(unavailable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse(format!(
                "{} is already open in another process. Stop that one first, or use \
                 PostgreSQL to run several",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(unavailable(error)),
        }
    }

    /// The connection that writes. It makes the file a write-ahead-log database, fully synced. What
    /// savepoints need for going back stays in memory: in a temporary file it costs two writes per
    /// changed page.
    pub(super) fn writer(&self) -> Result<Connection, StoreError> {
        let connection = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let set_up = || {
            let mode: String =
                connection.query_row("pragma journal_mode = wal", [], |row| row.get(0))?;
            connection.execute_batch(
                "pragma synchronous = full;
                 pragma foreign_keys = on;
                 pragma wal_autocheckpoint = 0;
                 pragma temp_store = memory;
                 pragma cache_size = -16384;",
            )?;
            Ok(mode)
        };
        let mode = set_up().map_err(|error| explain(&connection, error))?;
        if mode == "wal" {
            Ok(connection)
        } else {
            let why = format!("{} cannot keep a write-ahead log here", self.path.display());
            Err(StoreError::Unavailable(why))
        }
    }

    /// The connection that folds the log into the file while the writer goes on.
    pub(super) fn checkpointer(&self) -> Result<Connection, StoreError> {
        let connection = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let set_up = connection.execute_batch("pragma synchronous = full;");
        set_up.map_err(|error| explain(&connection, error))?;
        Ok(connection)
    }

    /// A connection that cannot write.
    pub(super) fn reader(&self) -> Result<Connection, StoreError> {
        self.connect(OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    /// Where the write-ahead log is.
    pub(super) fn log(&self) -> PathBuf {
        beside(&self.path, "-wal")
    }

    fn connect(&self, access: OpenFlags) -> Result<Connection, StoreError> {
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        let set_up = || {
            // One plan per statement, whatever its parameters are, as in the other engine. Without
            // this SQLite prepares a statement anew for each call when it might find a better plan.
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
            connection.busy_timeout(BUSY_MAX)?;
            connection.execute_batch("pragma mmap_size = 0; pragma trusted_schema = off;")
        };
        set_up().map_err(|error| explain(&connection, error))?;
        Ok(connection)
    }
}

/// Open a file that only its owner can read, making it when missing. SQLite gives the log the
/// same permissions.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}
