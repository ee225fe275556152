//! The shop's SQLite file: one connection, one writer at a time, each unit of work a transaction.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

const SCHEMA: &str = include_str!("schema.sql");
const SCHEMA_VERSION: i64 = 1;

/// The file. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Db(Arc<Mutex<Connection>>);

/// What can go wrong in the shop's own house.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DbError {
    #[error("the shop's database failed")]
    Sqlite(#[from] rusqlite::Error),
    #[error("a row in {table} does not parse: {problem}")]
    Corrupt { table: &'static str, problem: String },
    #[error("the database has schema {found}; this shop knows {SCHEMA_VERSION}")]
    Schema { found: i64 },
    #[error("the shop is stopping")]
    Stopping,
}

impl Db {
    pub(crate) fn open(path: &Path) -> Result<Self, DbError> {
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        // An answered webhook must survive a power cut, or the gateway will not send it again.
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        migrate(&mut connection)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Run `work` in a transaction on a thread that may block. An error rolls it back.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        let connection = Arc::clone(&self.0);
        let task = tokio::task::spawn_blocking(move || {
            // A panic in an earlier closure rolled its transaction back; the connection is sound.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&tx)?;
            tx.commit()?;
            Ok(result)
        });
        task.await.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(DbError::Stopping),
        })
    }
}

fn migrate(connection: &mut Connection) -> Result<(), DbError> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match found {
        SCHEMA_VERSION => {}
        0 => {
            tx.execute_batch(SCHEMA)?;
            tx.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        }
        found => return Err(DbError::Schema { found }),
    }
    Ok(tx.commit()?)
}
