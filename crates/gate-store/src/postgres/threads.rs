//! The threads of a PostgreSQL store. Each has a connection and runs one closure at a time in a
//! transaction of its own: sharing one would hold strangers' row locks. A closure that meets a
//! concurrent change is run again here, until it gets through or its time is up.

use std::{
    hash::{BuildHasher, RandomState},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use postgres::Config;

use super::{Connection, Kind};
use crate::{
    StoreError, StoreOptions, Tx,
    error::chain,
    job::{Job, Verdict},
    migrate::migrate,
    queue::Queue,
    stats::Counters,
    store::Queues,
    tx::Engine,
};

/// How long a closure is run again after concurrent changes.
const RETRY_FOR: Duration = Duration::from_secs(10);
/// The first pause between tries; it doubles up to the last.
const PAUSE_MIN: Duration = Duration::from_millis(2);
const PAUSE_MAX: Duration = Duration::from_millis(128);
/// One migration at a time, whoever runs it.
const MIGRATION_LOCK: &str = "select pg_advisory_lock(4720616515410)";

/// Connect, bring the schema up to date, and start the threads.
pub(crate) fn start(
    url: &str,
    options: &StoreOptions,
    queues: &Arc<Queues>,
) -> Result<Vec<JoinHandle<()>>, StoreError> {
    let config = Arc::new(configure(url)?);
    let mut tx = connection(Arc::clone(&config), Kind::Migrate);
    tx.engine.connect()?;
    if options.schema == crate::Schema::Upgrade {
        tx.engine.batch(MIGRATION_LOCK).map_err(|error| {
            let why = format!("another process has been migrating the database: {error}");
            StoreError::Migration(why)
        })?;
    }
    migrate(&mut tx, options.migrations, options.schema)?;
    drop(tx); // and with its connection the lock

    let writers = (0..options.postgres_writers.get()).map(|_| Kind::Write);
    let readers = (0..options.readers.get()).map(|_| Kind::Read);
    let threads = writers.chain(readers).map(|kind| {
        let (config, queues) = (Arc::clone(&config), Arc::clone(queues));
        thread::spawn(move || run_all(kind, config, &queues))
    });
    Ok(threads.collect())
}

/// The address as given, with bounds on how long a dead network may go unnoticed.
fn configure(url: &str) -> Result<Config, StoreError> {
    let mut config: Config = url.parse().map_err(|error: postgres::Error| {
        StoreError::Unavailable(format!("the database's address is wrong: {}", chain(&error)))
    })?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(5));
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(Duration::from_secs(15));
    }
    if config.get_application_name().is_none() {
        config.application_name("gate");
    }
    Ok(config)
}

fn connection(config: Arc<Config>, kind: Kind) -> Tx {
    Tx::new(Engine::Postgres(Box::new(Connection::new(config, kind))), kind == Kind::Read)
}

fn run_all(kind: Kind, config: Arc<Config>, queues: &Queues) {
    let queue: &Queue<_> = if kind == Kind::Read { &queues.reads } else { &queues.writes };
    let mut tx = connection(config, kind);
    let _ = tx.engine.connect(); // early is kind to the first caller; late will do
    let mut jitter = Jitter::new();
    while let Some(job) = queue.take(1).pop() {
        // A panic that gets here did not come from a closure. A caller not answered yet learns
        // that the outcome is unknown; the thread lives on.
        let run = AssertUnwindSafe(|| run_one(&mut tx, job, kind, &mut jitter, &queues.counters));
        if catch_unwind(run).is_err() {
            tracing::error!("a panic while answering a caller");
            tx.engine.rollback();
        }
    }
}

fn run_one(
    tx: &mut Tx,
    mut job: Box<dyn Job>,
    kind: Kind,
    jitter: &mut Jitter,
    counters: &Counters,
) {
    let give_up_at = Instant::now() + RETRY_FOR;
    let mut pause = PAUSE_MIN;
    loop {
        if job.is_abandoned() {
            counters.skipped.add(1);
            return;
        }
        if let Err(error) = tx.engine.begin() {
            return job.answer(Some(error));
        }
        let failure = match job.run(tx) {
            Verdict::Commit if kind == Kind::Read => {
                tx.engine.rollback(); // there is nothing to keep
                return job.answer(None);
            }
            Verdict::Commit => match tx.engine.commit() {
                Ok(()) => {
                    counters.writes.add(1);
                    counters.commits.add(1);
                    return job.answer(None);
                }
                Err(StoreError::Retry) => Some(StoreError::Retry),
                Err(error) => {
                    return job.answer(Some(error));
                }
            },
            Verdict::Rollback => {
                tx.engine.rollback();
                return job.answer(None);
            }
            Verdict::Retry => {
                tx.engine.rollback();
                None
            }
        };
        if Instant::now() >= give_up_at {
            tracing::warn!("a transaction kept meeting concurrent changes");
            return job.answer(failure);
        }
        counters.retries.add(1);
        thread::sleep(jitter.around(pause));
        pause = PAUSE_MAX.min(pause * 2);
    }
}

/// Pauses that differ, so that two closures in each other's way do not meet again and again.
struct Jitter(u64);

impl Jitter {
    fn new() -> Self {
        Self(RandomState::new().hash_one(0) | 1)
    }

    /// Between half of a pause and all of it.
    fn around(&mut self, pause: Duration) -> Duration {
        // Xorshift: any spread will do.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let share = u32::try_from(self.0 % 512).expect("a remainder of 512 fits");
        pause / 2 + pause / 1024 * share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_differ_and_stay_in_bounds() {
        let mut jitter = Jitter::new();
        let pauses: std::collections::BTreeSet<_> =
            (0..100).map(|_| jitter.around(PAUSE_MAX)).collect();
        assert!(pauses.len() > 50);
        assert!(pauses.iter().all(|pause| (PAUSE_MAX / 2..=PAUSE_MAX).contains(pause)));
    }
}
