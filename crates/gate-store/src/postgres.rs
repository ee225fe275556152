//! PostgreSQL: one connection that mends itself between transactions, statements on it, and
//! what its errors mean to us. It must live on a plain thread: it blocks until the server answers.
//!
//! A statement whose answer nobody needs yet is put off and sent together with the next one, so
//! that a transaction waits for the network a few times only.

mod put_off;
mod threads;

use std::{
    collections::{HashMap, hash_map::Entry},
    error::Error as StdError,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::try_join_all;
use tokio::runtime::Runtime;
use tokio_postgres::{
    Client, Config, Error, NoTls, Statement,
    error::{Severity, SqlState},
    types::ToSql,
};

pub(crate) use put_off::Array;
pub(crate) use put_off::Value;
pub(crate) use threads::start;

use put_off::PutOff;

use crate::{Param, Row, Sql, StoreError, error::chain, idempotency, tx::misuse};

/// How many statements may be put off.
const PUT_OFF_MAX: usize = 256;
/// After a failed attempt to connect, how long to answer at once without trying again.
const DOWN_FOR: Duration = Duration::from_millis(500);

/// A connection, made when first needed and again when lost.
pub(crate) struct Connection {
    config: Arc<Config>,
    kind: Kind,
    /// Drives the connection while this thread waits.
    runtime: Runtime,
    client: Option<Client>,
    put_off: put_off::Queue,
    statements: Statements,
    /// The inserts among them, over arrays.
    many: Statements,
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
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Self {
            config,
            kind,
            runtime: runtime.expect("a runtime of one thread needs a few file descriptors"),
            client: None,
            put_off: put_off::Queue::default(),
            statements: HashMap::new(),
            many: HashMap::new(),
            down_until: None,
        }
    }

    pub(crate) fn execute(&mut self, sql: Sql, params: &[&dyn Param]) -> Result<u64, StoreError> {
        let statement = self.statement(sql, params)?;
        if !statement.columns().is_empty() {
            return Err(misuse(sql, "it gives rows back, so query it"));
        }
        let params = borrowed(params);
        self.run(async |client| client.execute(&statement, &params).await)
    }

    /// Run a statement some time before the commit. Its failure is that of whatever comes next.
    pub(crate) fn put_off(&mut self, sql: Sql, params: &[&dyn Param]) -> Result<(), StoreError> {
        let params = self.kept(sql, params)?;
        self.put_off.push(sql, params);
        self.catch_up_if_full()
    }

    /// The same with a statement that must change one row. When it changes none, whatever comes next is
    /// told to begin again.
    pub(crate) fn put_off_change(
        &mut self,
        sql: Sql,
        params: &[&dyn Param],
    ) -> Result<(), StoreError> {
        let params = self.kept(sql, params)?;
        self.put_off.push_change(sql, params);
        self.catch_up_if_full()
    }

    fn kept(&mut self, sql: Sql, params: &[&dyn Param]) -> Result<Vec<Value>, StoreError> {
        let statement = self.statement(sql, params)?;
        if !statement.columns().is_empty() {
            return Err(misuse(sql, "it gives rows back, so query it"));
        }
        Ok(params.iter().map(|param| param.kept()).collect())
    }

    fn catch_up_if_full(&mut self) -> Result<(), StoreError> {
        if self.put_off.len() < PUT_OFF_MAX { Ok(()) } else { self.catch_up() }
    }

    /// Run what was put off.
    pub(crate) fn catch_up(&mut self) -> Result<(), StoreError> {
        if self.put_off.len() == 0 { Ok(()) } else { self.run(async |_| Ok(())) }
    }

    /// Ask one question over arrays. Its text is for PostgreSQL alone.
    pub(crate) fn query_many(
        &mut self,
        sql: Sql,
        arrays: &[Array<'_>],
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let statement = self.prepare(sql)?;
        let params: Vec<_> = arrays.iter().map(Array::as_sql).collect();
        self.run(async |client| client.query(&statement, &params).await)
    }

    pub(crate) fn query(
        &mut self,
        sql: Sql,
        params: &[&dyn Param],
        read: &mut dyn FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let statement = self.statement(sql, params)?;
        let params = borrowed(params);
        let rows = self.run(async |client| client.query(&statement, &params).await)?;
        rows.iter().try_for_each(|row| read(&Row::postgres(row)))
    }

    pub(crate) fn prepare(&mut self, sql: Sql) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.get(&sql.key()) {
            return Ok(statement.clone());
        }
        let text = format!("{}{}", sql.text(), sql.lock_clause());
        let statement = self.run(async |client| client.prepare(&text).await)?;
        self.statements.insert(sql.key(), statement.clone());
        Ok(statement)
    }

    pub(crate) fn batch(&mut self, text: &str) -> Result<(), StoreError> {
        self.run(async |client| client.batch_execute(text).await)
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
        let Some(client) = &self.client else { return Err(StoreError::OutcomeUnknown) };
        assert!(self.put_off.len() == 0, "what was put off is run before a commit");
        let Err(error) = self.runtime.block_on(client.batch_execute("commit")) else {
            return Ok(());
        };
        if is_lost(&error) || error.as_db_error().is_none() {
            tracing::error!(error = chain(&error), "the outcome of a commit is unknown");
            self.disconnect();
            return Err(StoreError::OutcomeUnknown);
        }
        Err(explain(error))
    }

    /// Undo the transaction, or failing that drop the connection, which undoes it as well.
    pub(crate) fn rollback(&mut self) {
        self.put_off.take();
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
        let connect = async {
            let (client, connection) = self.config.connect(NoTls).await?;
            // It ends with the client, and its errors reach whoever waits for an answer.
            tokio::spawn(connection);
            client.batch_execute(self.kind.set_up()).await?;
            Ok(client)
        };
        let client = self.runtime.block_on(connect).map_err(|error: Error| {
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
        self.put_off.take();
        self.statements.clear();
        self.many.clear();
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

    /// Wait for the server: first what was put off, then this, all in one go.
    fn run<T>(
        &mut self,
        run: impl AsyncFnOnce(&Client) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        let gone = || StoreError::Unavailable("the connection was lost".to_owned());
        let put_off = self.put_off.take();
        let client = self.client.as_ref().ok_or_else(gone)?;
        let (statements, many) = (&self.statements, &mut self.many);
        let done = self.runtime.block_on(async {
            for repeated in put_off.iter().filter(|put_off| put_off.repetitions.len() > 1) {
                let key = repeated.sql.key();
                let once = &statements[&key];
                if let Entry::Vacant(place) = many.entry(key)
                    && let Some(text) = put_off::over_arrays(repeated.sql, once.params())
                {
                    place.insert(client.prepare(&text).await?);
                }
            }
            let many = &*many;
            let earlier = put_off.iter().map(|one| run_put_off(client, one, statements, many));
            // The first to fail is the one to tell of: those after it fail because of it.
            let (earlier, this) = futures::join!(try_join_all(earlier), run(client));
            Ok((earlier, this))
        });
        let done = match done {
            // What it was told to change has been changed by somebody else.
            Ok((Ok(earlier), Ok(_))) if earlier.contains(&Kept::No) => {
                return Err(StoreError::Retry);
            }
            Ok((Ok(_), this)) => this.map_err(|error| (error, false)),
            Ok((Err(error), _)) | Err(error) => Err((error, true)),
        };
        done.map_err(|(error, was_put_off)| {
            if is_lost(&error) {
                self.disconnect();
            }
            match explain(error) {
                // A twin was quicker: run again, to find its answer.
                StoreError::Unique { table } if was_put_off && table == idempotency::TABLE => {
                    StoreError::Retry
                }
                other => other,
            }
        })
    }
}

type Statements = HashMap<(usize, usize, &'static str), Statement>;

/// Whether a statement changed as many rows as it had to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    Yes,
    No,
}

async fn run_put_off(
    client: &Client,
    put_off: &PutOff,
    statements: &Statements,
    many: &Statements,
) -> Result<Kept, Error> {
    let key = put_off.sql.key();
    let changed = if let [params] = &put_off.repetitions[..] {
        let params: Vec<_> = params.iter().map(Value::as_sql).collect();
        client.execute(&statements[&key], &params).await?
    } else {
        let arrays = put_off::turned(&put_off.repetitions);
        let params: Vec<_> = arrays.iter().map(Array::as_sql).collect();
        client.execute(&many[&key], &params).await?
    };
    Ok(if put_off.changes_one && changed != 1 { Kept::No } else { Kept::Yes })
}

impl Kind {
    /// Settings anybody may make. The bounds keep a lost client, or a lock nobody gives back,
    /// from holding up everybody else; a migration may take its time.
    fn set_up(self) -> &'static str {
        match self {
            Self::Write => {
                // Every question that is asked again and again walks an index in its order and stops
                // early. A bitmap reads all that fits and sorts it: it looks cheaper to a planner whose
                // counts of what is pending are a second old.
                "set enable_bitmapscan = off;
                 set lock_timeout = '100ms'; set statement_timeout = '30s';
                 set idle_in_transaction_session_timeout = '60s';
                 select set_config('synchronous_commit', 'on', false)
                    where current_setting('synchronous_commit') = 'off';"
            }
            Self::Read => {
                "set enable_bitmapscan = off;
                 set statement_timeout = '30s'; set idle_in_transaction_session_timeout = '60s';"
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
