//! The threads of a SQLite store: one that writes, some that read, one that folds the log into
//! the file. The writer owns the others, so whoever joins it has joined them all.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{
    group,
    open::{BUSY_MAX, Place},
};
use crate::{
    StoreError, StoreOptions, Tx,
    job::{Job, Verdict},
    migrate::migrate,
    store::Queues,
    tx::Engine,
};

/// The log is restarted past this. Smaller means more stalls, larger means longer ones.
const LOG_BYTES_MAX: u64 = 256 << 20;
/// How often the writer looks at the log's size.
const LOG_LOOK: Duration = Duration::from_millis(20);
/// How long the writer leaves the log alone when a long read kept it from restarting it.
const LOG_PATIENCE: Duration = Duration::from_secs(1);
/// How often the log is folded into the file.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(200);
/// How often a read that asks for it is run again.
const READ_TRIES_MAX: u32 = 8;

/// Open the file, bring its schema up to date, and start the threads.
pub(crate) fn start(
    path: &Path,
    options: &StoreOptions,
    queues: &Arc<Queues>,
) -> Result<Vec<JoinHandle<()>>, StoreError> {
    let place = Arc::new(Place::claim(path)?);
    let mut tx = Tx::new(Engine::Sqlite(place.writer()?), false);
    migrate(&mut tx, options.migrations, options.schema)?;

    let checkpointer = place.checkpointer()?;
    let readers = (0..options.readers.get()).map(|_| place.reader());
    let readers = readers.collect::<Result<Vec<_>, _>>()?;

    let (stop, stopped) = mpsc::channel::<()>();
    let mut helpers = Vec::with_capacity(readers.len() + 1);
    for connection in readers {
        let (queues, place) = (Arc::clone(queues), Arc::clone(&place));
        helpers.push(thread::spawn(move || {
            read_all(Tx::new(Engine::Sqlite(connection), true), &queues);
            drop(place); // the lock goes last
        }));
    }
    helpers.push(thread::spawn({
        let (queues, place) = (Arc::clone(queues), Arc::clone(&place));
        move || {
            checkpoint_all(&checkpointer, &queues, &stopped);
            drop(checkpointer);
            drop(place);
        }
    }));

    let queues = Arc::clone(queues);
    let writer = thread::spawn(move || {
        write_all(&mut tx, &queues, Log::new(place.log()));
        drop(stop);
        for helper in helpers {
            let _ = helper.join();
        }
        drop(tx); // the last connection to close folds the log into the file
        drop(place);
    });
    Ok(vec![writer])
}

fn write_all(tx: &mut Tx, queues: &Queues, mut log: Log) {
    loop {
        let jobs = queues.writes.take(group::GROUP_MAX);
        if jobs.is_empty() {
            return;
        }
        // A panic that gets here came from delivering an answer, not from a closure. Callers
        // not answered yet learn that the outcome is unknown; the thread lives on.
        let group = AssertUnwindSafe(|| group::run(tx, jobs, queues));
        if catch_unwind(group).is_err() {
            tracing::error!("a panic while answering callers");
            tx.engine.rollback();
        }
        log.restart_when_long(tx.sqlite());
    }
}

fn read_all(mut tx: Tx, queues: &Queues) {
    while let Some(job) = queues.reads.take(1).pop() {
        let read = AssertUnwindSafe(|| read_one(&mut tx, job, queues));
        if catch_unwind(read).is_err() {
            tracing::error!("a panic while answering a caller");
            tx.engine.rollback();
        }
    }
}

fn read_one(tx: &mut Tx, mut job: Box<dyn Job>, queues: &Queues) {
    if job.is_abandoned() {
        queues.counters.skipped.add(1);
        return;
    }
    for _ in 0..READ_TRIES_MAX {
        if let Err(error) = tx.engine.begin() {
            return job.answer(Some(error));
        }
        let verdict = job.run(tx);
        tx.engine.rollback(); // there is nothing to keep
        if verdict != Verdict::Retry {
            break;
        }
        queues.counters.retries.add(1);
    }
    job.answer(None);
}

/// Fold the log into the file from time to time, when something was written since.
fn checkpoint_all(connection: &Connection, queues: &Queues, stopped: &mpsc::Receiver<()>) {
    let mut seen = 0;
    while stopped.recv_timeout(CHECKPOINT_EVERY) == Err(RecvTimeoutError::Timeout) {
        let commits = queues.counters.commits.read();
        if commits != seen {
            seen = commits;
            checkpoint(connection, "pragma wal_checkpoint(passive)");
        }
    }
}

/// Answers whether the checkpoint got all it wanted.
fn checkpoint(connection: &Connection, pragma: &str) -> bool {
    let busy = connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    busy.inspect_err(|error| tracing::error!(%error, "a checkpoint failed")).is_ok_and(|it| it == 0)
}

/// Fold the whole log into the file and cut it to nothing. Readers are not waited for long:
/// every writer waits meanwhile.
fn restart_log(connection: &Connection) -> bool {
    let restarted = connection.busy_timeout(LOG_LOOK).is_ok()
        && checkpoint(connection, "pragma wal_checkpoint(truncate)");
    let _ = connection.busy_timeout(BUSY_MAX); // it succeeded before with another number
    restarted
}

/// The log's size, watched by the writer: a thread of its own never finds a gap between groups.
struct Log {
    path: PathBuf,
    bytes_max: u64,
    look_at: Instant,
}

impl Log {
    fn new(path: PathBuf) -> Self {
        Self { path, bytes_max: LOG_BYTES_MAX, look_at: Instant::now() }
    }

    fn restart_when_long(&mut self, connection: &Connection) {
        let now = Instant::now();
        if now < self.look_at {
            return;
        }
        self.look_at = now + LOG_LOOK;
        let bytes = fs::metadata(&self.path).map_or(0, |file| file.len());
        if bytes > self.bytes_max && !restart_log(connection) {
            tracing::warn!(bytes, "a long read keeps the write-ahead log from being restarted");
            self.look_at = Instant::now() + LOG_PATIENCE;
        }
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::testing::TestPlace;

    #[test]
    fn a_long_log_is_restarted_once_no_read_needs_it() {
        let home = TestPlace::sqlite();
        let place = Place::claim(&home.path()).unwrap();
        let (writer, reader) = (place.writer().unwrap(), place.reader().unwrap());
        let mut log = Log { bytes_max: 100_000, ..Log::new(place.log()) };
        let bytes = || fs::metadata(place.log()).unwrap().len();

        writer.execute_batch("create table filler (bytes blob)").unwrap();
        log.restart_when_long(&writer);
        assert!(bytes() > 0, "a short log is left alone");

        reader.execute_batch("begin; select count(*) from filler;").unwrap();
        writer.execute_batch("insert into filler values (zeroblob(200000))").unwrap();
        log.look_at = Instant::now();
        log.restart_when_long(&writer);
        assert!(bytes() > 200_000, "a read still looks at what was before");

        reader.execute_batch("rollback").unwrap();
        log.look_at = Instant::now();
        log.restart_when_long(&writer);
        assert_eq!(bytes(), 0);
    }
}
