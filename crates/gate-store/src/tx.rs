//! A transaction as a closure sees it. It refuses to go on after a failed statement, so that no
//! half of a closure is ever committed, on either engine.

use crate::feeds::Feeds;
use crate::learned::Learned;
use crate::{Param, Row, Sql, StoreError, postgres::Connection, row::has_nul, sqlite};

/// The transaction a closure works in. Statements are prepared once per connection and kept.
///
/// After the first error from any method here the transaction is poisoned: every further call
/// answers [`StoreError::Poisoned`], and the closure is rolled back even if it returns `Ok`.
/// Write an expected conflict as `on conflict do nothing` and look at the number of rows.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, set on its own")]
pub struct Tx {
    pub(crate) engine: Engine,
    read_only: bool,
    failed: bool,
    retry: bool,
    wrote: bool,
    shared: bool,
    feeds: Feeds,
    learned: Learned,
}

/// The two engines are a closed set.
pub(crate) enum Engine {
    Sqlite(rusqlite::Connection),
    Postgres(Box<Connection>),
}

impl Tx {
    pub(crate) fn new(engine: Engine, read_only: bool) -> Self {
        Self {
            engine,
            read_only,
            failed: false,
            retry: false,
            wrote: false,
            shared: false,
            feeds: Feeds::default(),
            learned: Learned::default(),
        }
    }

    /// Run a statement that gives no rows back; answers how many rows it changed.
    pub fn execute(&mut self, sql: Sql, params: &[&dyn Param]) -> Result<u64, StoreError> {
        self.guard(sql, params, |engine| match engine {
            Engine::Sqlite(connection) => sqlite::execute(connection, sql, params),
            Engine::Postgres(connection) => connection.execute(sql, params),
        })
    }

    /// Run a statement where the number of rows it changes says nothing. On PostgreSQL it may be
    /// sent together with a later one, which then fails in its place.
    pub fn write(&mut self, sql: Sql, params: &[&dyn Param]) -> Result<(), StoreError> {
        self.guard(sql, params, |engine| match engine {
            Engine::Sqlite(connection) => sqlite::execute(connection, sql, params).map(drop),
            Engine::Postgres(connection) => connection.put_off(sql, params),
        })
    }

    /// Run a statement that changes one row, or none where somebody else has changed it meanwhile;
    /// answers which. On PostgreSQL a closure in company is told that it was one and goes on at once;
    /// where it was none, the closure is run again, alone, and told so.
    pub fn change_one(&mut self, sql: Sql, params: &[&dyn Param]) -> Result<bool, StoreError> {
        let shared = self.shared;
        self.guard(sql, params, |engine| match engine {
            Engine::Sqlite(connection) => Ok(sqlite::execute(connection, sql, params)? == 1),
            Engine::Postgres(connection) if shared => {
                connection.put_off_change(sql, params).map(|()| true)
            }
            Engine::Postgres(connection) => Ok(connection.execute(sql, params)? == 1),
        })
    }

    /// Run a statement and read every row it gives, in order.
    pub fn query<T>(
        &mut self,
        sql: Sql,
        params: &[&dyn Param],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = Vec::new();
        self.each(sql, params, &mut |row| {
            rows.push(read(row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Run a statement that gives one row or none.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] when there are more.
    pub fn query_opt<T>(
        &mut self,
        sql: Sql,
        params: &[&dyn Param],
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut found = None;
        self.each(sql, params, &mut |row| {
            if found.is_some() {
                return Err(misuse(sql, "more than one row, where one or none was expected"));
            }
            found = Some(read(row)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Run a statement that always gives exactly one row, such as a count or `returning`.
    ///
    /// # Errors
    /// [`StoreError::Misuse`] when there is none or more than one.
    pub fn query_one<T>(
        &mut self,
        sql: Sql,
        params: &[&dyn Param],
        read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let found = self.query_opt(sql, params, read)?;
        found.ok_or_else(|| {
            self.failed = true;
            misuse(sql, "no row, where one was expected")
        })
    }

    /// Ask to be run again from the start, in a new transaction, because a concurrent change got
    /// in between: `return Err(tx.retry().into())`. Whatever the closure then returns is dropped
    /// unless the tries are used up; the last answer stands then.
    #[must_use = "return this error from the closure"]
    pub fn retry(&mut self) -> StoreError {
        self.failed = true;
        self.retry = true;
        StoreError::Retry
    }

    fn each(
        &mut self,
        sql: Sql,
        params: &[&dyn Param],
        read: &mut dyn FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.guard(sql, params, |engine| match engine {
            Engine::Sqlite(connection) => sqlite::query(connection, sql, params, read),
            Engine::Postgres(connection) => connection.query(sql, params, read),
        })
    }

    /// Every statement goes through here: refuse what one engine would let through, and let the
    /// first failure be the last statement.
    fn guard<T>(
        &mut self,
        sql: Sql,
        params: &[&dyn Param],
        run: impl FnOnce(&mut Engine) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.failed {
            return Err(StoreError::Poisoned);
        }
        let answer = if self.read_only && sql.locks() {
            Err(StoreError::ReadOnly)
        } else if params.iter().any(|param| has_nul(*param)) {
            Err(StoreError::NulInText)
        } else {
            if sql.writes() {
                self.wrote = true;
                self.learned.unlearn(sql);
            }
            run(&mut self.engine)
        };
        if let Err(error) = &answer {
            self.failed = true;
            self.retry |= matches!(error, StoreError::Retry);
        }
        answer
    }

    /// The feeds that this transaction has locked.
    pub(crate) fn feeds(&mut self) -> &mut Feeds {
        &mut self.feeds
    }

    /// What this transaction has learned.
    pub(crate) fn learned(&mut self) -> &mut Learned {
        &mut self.learned
    }

    /// The connection, for the threads that know they have SQLite.
    pub(crate) fn sqlite(&self) -> &rusqlite::Connection {
        match &self.engine {
            Engine::Sqlite(connection) => connection,
            Engine::Postgres(_) => unreachable!("only the threads of a SQLite store ask"),
        }
    }

    /// A transaction has begun. Where closures share it to the end, what one of them learned
    /// under a lock stays true for the next.
    pub(crate) fn begin_group(&mut self, shared: bool) {
        self.shared = shared;
        self.feeds.forget();
        self.learned.forget();
    }

    /// Forget the previous closure.
    pub(crate) fn reset(&mut self) {
        self.failed = false;
        self.retry = false;
        self.wrote = false;
        if !self.shared {
            self.feeds.forget();
            self.learned.forget();
        }
    }

    /// A closure that failed without a trace is over; the transaction goes on without it.
    pub(crate) fn forgive(&mut self) {
        self.failed = false;
    }

    /// Whether the closure has changed anything.
    pub(crate) fn wrote(&self) -> bool {
        self.wrote
    }

    /// Whether the closure must not commit.
    pub(crate) fn failed(&self) -> bool {
        self.failed
    }

    /// Whether the closure wants to be run again.
    pub(crate) fn wants_retry(&self) -> bool {
        self.retry
    }
}

/// The rough tools: what the threads and the migrations do around a closure.
impl Engine {
    pub(crate) fn connect(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(connection) => connection.connect(),
        }
    }

    pub(crate) fn begin(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => sqlite::batch(connection, "begin"),
            Self::Postgres(connection) => connection.begin(),
        }
    }

    pub(crate) fn commit(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => sqlite::batch(connection, "commit"),
            Self::Postgres(connection) => connection.commit(),
        }
    }

    /// Run what was put off.
    pub(crate) fn catch_up(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(connection) => connection.catch_up(),
        }
    }

    /// Undo what is open, if anything is.
    pub(crate) fn rollback(&mut self) {
        match self {
            Self::Sqlite(connection) if connection.is_autocommit() => {}
            Self::Sqlite(connection) => {
                let _ = sqlite::batch(connection, "rollback"); // an error has been logged
            }
            Self::Postgres(connection) => connection.rollback(),
        }
    }

    pub(crate) fn batch(&mut self, text: &str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(connection) => sqlite::batch(connection, text),
            Self::Postgres(connection) => connection.batch(text),
        }
    }
}

#[cfg(feature = "testing")]
impl Tx {
    /// Run several statements without parameters, such as a test's scratch tables.
    pub fn batch(&mut self, text: &str) -> Result<(), StoreError> {
        self.guard(crate::sql(""), &[], |engine| engine.batch(text))
    }

    /// Prepare a statement without running it: does this engine understand it?
    pub fn prepare(&mut self, sql: Sql) -> Result<(), StoreError> {
        self.guard(sql, &[], |engine| match engine {
            Engine::Sqlite(connection) => sqlite::prepare(connection, sql).map(drop),
            Engine::Postgres(connection) => connection.prepare(sql).map(drop),
        })
    }
}

/// A statement and its use disagree.
pub(crate) fn misuse(sql: Sql, why: &str) -> StoreError {
    tracing::error!(statement = sql.text(), why, "a statement is used wrongly");
    StoreError::Misuse(format!("{why}: {}", sql.text()))
}
