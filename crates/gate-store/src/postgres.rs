//! PostgreSQL: one connection that mends itself between transactions, statements on it, and
//! what its errors mean to us. It must live on a plain thread: the client blocks.

mod threads;

use std::{
    collections::HashMap,
    error::Error as StdError,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use postgres::{
    Client, Config, Error, NoTls, Statement,
    error::{Severity, SqlState},
    types::ToSql,
};

pub(crate) use threads::start;

use crate::{Param, Row, Sql, StoreError, error::chain, tx::misuse};

/// After a failed attempt to connect, how long to answer at once without trying again.
const DOWN_FOR: Duration = Duration::from_millis(500);

/// A connection, made when first needed and again when lost.
pub(crate) struct Connection {
    config: Arc<Config>,
    kind: Kind,
    client: Option<Client>,
    statements: HashMap<(usize, usize, &'static str), Statement>,
    down_until: Option<Instant>,
}

/// What a connection is for, and so how its session is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Write,
    Read,
    Migrate,
}

impl Connection {
    pub(crate) fn new(config: Arc<Config>, kind: Kind) -> Self {
        Self { config, kind, client: None, statements: HashMap::new(), down_until: None }
    }

    pub(crate) fn execute(&mut self, sql: Sql, params: &[&dyn Param]) -> Result<u64, StoreError> {
        let statement = self.statement(sql, params)?;
        if !statement.columns().is_empty() {
            return Err(misuse(sql, "it gives rows back, so query it"));
        }
        self.run(|client| client.execute(&statement, &borrowed(params)))
    }

    pub(crate) fn query(
        &mut self,
        sql: Sql,
        params: &[&dyn Param],
        read: &mut dyn FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let statement = self.statement(sql, params)?;
        let rows = self.run(|client| client.query(&statement, &borrowed(params)))?;
        rows.iter().try_for_each(|row| read(&Row::postgres(row)))
    }

    pub(crate) fn prepare(&mut self, sql: Sql) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.get(&sql.key()) {
            return Ok(statement.clone());
        }
        let text = format!("{}{}", sql.text(), sql.lock_clause());
        let statement = self.run(|client| client.prepare(&text))?;
        self.statements.insert(sql.key(), statement.clone());
        Ok(statement)
    }

    pub(crate) fn batch(&mut self, text: &str) -> Result<(), StoreError> {
        self.run(|client| client.batch_execute(text))
    }

    /// Begin a transaction, connecting first if need be. A connection that was lost while idle
    /// is replaced here without anybody noticing: nothing has been done on it.
    pub(crate) fn begin(&mut self) -> Result<(), StoreError> {
        let begin = match self.kind {
            Kind::Write | Kind::Migrate => "begin isolation level read committed, read write",
            Kind::Read => "begin isolation level repeatable read, read only",
        };
        let was_connected = self.client.is_some();
        self.connect()?;
        match self.batch(begin) {
            Err(StoreError::Unavailable(_)) if was_connected => {
                self.connect()?;
                self.batch(begin)
            }
            done => done,
        }
    }

    /// Commit. Only an error the server itself reports, while staying connected, is certain.
    pub(crate) fn commit(&mut self) -> Result<(), StoreError> {
        let Some(client) = &mut self.client else { return Err(StoreError::OutcomeUnknown) };
        let Err(error) = client.batch_execute("commit") else { return Ok(()) };
        if is_lost(&error) || error.as_db_error().is_none() {
            tracing::error!(error = chain(&error), "the outcome of a commit is unknown");
            self.disconnect();
            return Err(StoreError::OutcomeUnknown);
        }
        Err(explain(error))
    }

    /// Undo the transaction, or failing that drop the connection, which undoes it as well.
    pub(crate) fn rollback(&mut self) {
        if self.client.is_some() && self.batch("rollback").is_err() {
            self.disconnect();
        }
    }

    /// Connect if need be.
    pub(crate) fn connect(&mut self) -> Result<(), StoreError> {
        if self.client.is_some() {
            return Ok(());
        }
        if self.down_until.is_some_and(|until| Instant::now() < until) {
            return Err(StoreError::Unavailable("PostgreSQL did not answer just now".to_owned()));
        }
        let connect = || {
            let mut client = self.config.connect(NoTls)?;
            client.batch_execute(self.kind.set_up())?;
            Ok(client)
        };
        let client = connect().map_err(|error: Error| {
            self.down_until = Some(Instant::now() + DOWN_FOR);
            tracing::error!(error = chain(&error), "cannot connect to PostgreSQL");
            StoreError::Unavailable(chain(&error))
        })?;
        self.client = Some(client);
        self.down_until = None;
        Ok(())
    }

    fn disconnect(&mut self) {
        self.client = None;
        self.statements.clear();
    }

    /// The statement, prepared once per connection, for this many parameters.
    fn statement(&mut self, sql: Sql, params: &[&dyn Param]) -> Result<Statement, StoreError> {
        let statement = self.prepare(sql)?;
        if statement.params().len() == params.len() {
            Ok(statement)
        } else {
            Err(misuse(sql, "it was given another number of parameters than it takes"))
        }
    }

    fn run<T>(
        &mut self,
        run: impl FnOnce(&mut Client) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        let gone = || StoreError::Unavailable("the connection was lost".to_owned());
        let client = self.client.as_mut().ok_or_else(gone)?;
        run(client).map_err(|error| {
            if is_lost(&error) {
                self.disconnect();
            }
            explain(error)
        })
    }
}

impl Kind {
    /// Settings anybody may make. The bounds keep a lost client, or a lock nobody gives back,
    /// from holding up everybody else; a migration may take its time.
    fn set_up(self) -> &'static str {
        match self {
            Self::Write => {
                "set lock_timeout = '100ms'; set statement_timeout = '30s';
                 set idle_in_transaction_session_timeout = '60s';
                 select set_config('synchronous_commit', 'on', false)
                    where current_setting('synchronous_commit') = 'off';"
            }
            Self::Read => {
                "set statement_timeout = '30s'; set idle_in_transaction_session_timeout = '60s';"
            }
            Self::Migrate => "set lock_timeout = '60s'; set statement_timeout = 0;",
        }
    }
}

fn borrowed<'a>(params: &'a [&'a dyn Param]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|param| *param as &(dyn ToSql + Sync)).collect()
}

/// Whether the connection is of no more use.
fn is_lost(error: &Error) -> bool {
    match error.as_db_error() {
        Some(database) => database.parsed_severity() != Some(Severity::Error),
        None => error.is_closed() || error.source().is_some_and(<dyn StdError>::is::<io::Error>),
    }
}

/// What an error of PostgreSQL means to us.
fn explain(error: Error) -> StoreError {
    let Some(database) = error.as_db_error() else {
        return if is_lost(&error) {
            tracing::warn!(error = chain(&error), "the connection to PostgreSQL was lost");
            StoreError::Unavailable(chain(&error))
        } else {
            StoreError::other(error)
        };
    };
    let code = database.code();
    let again = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
    ];
    let full = [SqlState::DISK_FULL, SqlState::IO_ERROR];
    let busy = [SqlState::QUERY_CANCELED, SqlState::TOO_MANY_CONNECTIONS];
    if *code == SqlState::UNIQUE_VIOLATION {
        StoreError::Unique { table: database.table().unwrap_or_default().to_owned() }
    } else if again.contains(code) {
        tracing::debug!(error = chain(&error), "met a concurrent change");
        StoreError::Retry
    } else if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        StoreError::ReadOnly
    } else if full.contains(code) {
        tracing::error!(error = chain(&error), "the database's disk is full or failing");
        StoreError::Full(chain(&error))
    } else if is_lost(&error) || busy.contains(code) {
        tracing::warn!(error = chain(&error), "PostgreSQL is not available");
        StoreError::Unavailable(chain(&error))
    } else {
        StoreError::other(error)
    }
}
