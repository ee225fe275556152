//! The threads of a PostgreSQL store, each with a connection.
//!
//! Closures that wait together share a transaction and its flush to disk, as on SQLite. One thread
//! at a time runs closures and then hands on to the next while it commits, so the groups of one
//! process never wait for each other's locks in a circle. A closure that fails in company, or
//! meets a concurrent change of another process, is run again in a transaction of its own, until
//! it gets through or its time is up.

use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio_postgres::Config;

use super::{Connection, Kind};
use crate::{
    StoreError, StoreOptions, Tx,
    error::chain,
    job::{Job, Verdict},
    migrate::migrate,
    queue::Queue,
    store::Queues,
    tx::Engine,
};

/// Closures that may share one commit.
const GROUP_MAX: usize = 64;
/// The first pause between tries; it doubles up to the last. Measured with 40 closures that
/// lock two rows in opposite orders: shorter pauses take three times as long in all.
const PAUSE_MIN: Duration = Duration::from_millis(32);
const PAUSE_MAX: Duration = Duration::from_millis(512);
/// How long a thread that cannot connect leaves the work to the others before it tries again.
const STEP_ASIDE: Duration = Duration::from_millis(100);
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
    let retry_for = options.retry_for;
    let (writing, reading, baton) = (Arc::default(), Arc::default(), Arc::default());
    let threads = writers.chain(readers).map(|kind| {
        let mut worker = Worker {
            kind,
            tx: connection(Arc::clone(&config), kind),
            peers: Arc::clone(if kind == Kind::Read { &reading } else { &writing }),
            is_counted: false,
            baton: Arc::clone(&baton),
            retry_for,
            jitter: Jitter::new(),
            queues: Arc::clone(queues),
        };
        thread::spawn(move || worker.run_all())
    });
    Ok(threads.collect())
}

/// The address as given, with bounds on how long a dead network may go unnoticed.
fn configure(url: &str) -> Result<Config, StoreError> {
    let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
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

/// One thread, with what it keeps from one closure to the next.
struct Worker {
    kind: Kind,
    tx: Tx,
    /// How many threads of this kind are connected, and whether this one is counted there.
    peers: Arc<AtomicUsize>,
    is_counted: bool,
    /// Held by the thread that runs closures which write.
    baton: Arc<Mutex<()>>,
    retry_for: Duration,
    jitter: Jitter,
    queues: Arc<Queues>,
}

impl Worker {
    fn run_all(&mut self) {
        let queues = Arc::clone(&self.queues);
        let queue = if self.kind == Kind::Read { &queues.reads } else { &queues.writes };
        let baton = Arc::clone(&self.baton);
        loop {
            self.connect(queue);
            let turn = (self.kind != Kind::Read)
                .then(|| baton.lock().unwrap_or_else(PoisonError::into_inner));
            let jobs = queue.take(if turn.is_some() { GROUP_MAX } else { 1 });
            if jobs.is_empty() {
                return;
            }
            // A panic that gets here did not come from a closure. A caller not answered yet
            // learns that the outcome is unknown; the thread lives on.
            if catch_unwind(AssertUnwindSafe(|| self.run_group(jobs, turn))).is_err() {
                tracing::error!("a panic while answering a caller");
                self.tx.engine.rollback();
            }
        }
    }

    /// Run closures in one transaction; those that cannot share one, each in its own. The turn
    /// ends before the commit.
    fn run_group(&mut self, mut jobs: Jobs, turn: Turn<'_>) {
        let company = self.kind == Kind::Write && (jobs.len() > 1 || self.queues.writes.len() > 0);
        let mut turn = turn;
        if company {
            jobs = self.share_commit(jobs, turn.take());
        }
        for job in jobs {
            self.run(job, turn.take());
        }
    }

    /// One transaction for all, and for as many latecomers as fit. Answers those whose work was
    /// undone with the group's, maybe through no fault of theirs.
    fn share_commit(&mut self, jobs: Jobs, turn: Turn<'_>) -> Jobs {
        if self.tx.engine.begin().is_err() {
            return jobs; // each will see for itself
        }
        self.tx.begin_group(true);
        let mut ran: Vec<(Box<dyn Job>, bool)> = Vec::with_capacity(GROUP_MAX);
        let mut jobs = VecDeque::from(jobs);
        if self.look_ahead(&jobs).is_err() {
            self.tx.engine.rollback();
            return jobs.into();
        }
        loop {
            if jobs.is_empty() {
                jobs.extend(self.queues.writes.take_now(GROUP_MAX - ran.len()));
                if self.look_ahead(&jobs).is_err() {
                    self.tx.engine.rollback();
                    return ran.into_iter().map(|(job, _)| job).chain(jobs).collect();
                }
            }
            let Some(mut job) = jobs.pop_front() else { break };
            if job.is_abandoned() {
                self.queues.counters.skipped.add(1);
                continue;
            }
            match job.run(&mut self.tx) {
                Verdict::Commit => ran.push((job, true)),
                // A refusal that wrote nothing has nothing to undo.
                Verdict::Rollback if !self.tx.wrote() && !self.tx.failed() => {
                    ran.push((job, false));
                }
                Verdict::Rollback | Verdict::Retry => {
                    self.tx.engine.rollback();
                    return ran.into_iter().map(|(job, _)| job).chain([job]).chain(jobs).collect();
                }
            }
        }
        if self.tx.flush().is_err() {
            self.tx.engine.rollback();
            return ran.into_iter().map(|(job, _)| job).collect();
        }
        drop(turn);
        self.finish(ran)
    }

    /// Ask about the requests of closures before they run.
    fn look_ahead(&mut self, jobs: &VecDeque<Box<dyn Job>>) -> Result<(), StoreError> {
        let requests: Vec<_> = jobs.iter().filter_map(|job| job.request()).cloned().collect();
        if requests.is_empty() { Ok(()) } else { self.tx.recall_ahead(&requests) }
    }

    /// Commit, then answer.
    fn finish(&mut self, ran: Vec<(Box<dyn Job>, bool)>) -> Jobs {
        let writes = ran.iter().filter(|(_, commit)| *commit).count();
        let mut again = Jobs::new();
        match self.tx.engine.commit() {
            Ok(()) => {
                self.queues.counters.writes.add(writes as u64);
                self.queues.counters.commits.add(u64::from(writes > 0));
                for (job, _) in ran {
                    job.answer(None);
                }
            }
            Err(StoreError::OutcomeUnknown) => {
                for (job, commit) in ran {
                    if commit {
                        job.answer(Some(StoreError::OutcomeUnknown));
                    } else {
                        again.push(job);
                    }
                }
            }
            // The server said no: nothing of it is there.
            Err(_) => again.extend(ran.into_iter().map(|(job, _)| job)),
        }
        again
    }

    /// Connect before taking work. A thread that cannot would answer its callers at once, take
    /// the next ones, and so fail closures that others could run: it steps aside while others
    /// are connected. When nobody is, somebody has to say so.
    fn connect(&mut self, queue: &Queue<Box<dyn Job>>) {
        loop {
            let is_connected = self.tx.engine.connect().is_ok();
            self.count(is_connected);
            if is_connected || self.peers.load(Ordering::Relaxed) == 0 || queue.is_closed() {
                return;
            }
            thread::sleep(STEP_ASIDE);
        }
    }

    fn count(&mut self, is_connected: bool) {
        if is_connected && !self.is_counted {
            self.peers.fetch_add(1, Ordering::Relaxed);
        } else if !is_connected && self.is_counted {
            self.peers.fetch_sub(1, Ordering::Relaxed);
        }
        self.is_counted = is_connected;
    }

    /// Run a closure until it is through, or its time is up.
    fn run(&mut self, mut job: Box<dyn Job>, mut turn: Turn<'_>) {
        let give_up_at = Instant::now() + self.retry_for;
        let mut pause = PAUSE_MIN;
        loop {
            if job.is_abandoned() {
                self.queues.counters.skipped.add(1);
                return;
            }
            match self.run_once(&mut *job, turn.take()) {
                Tried::Done { instead } => return job.answer(instead),
                Tried::Conflicted { instead } if Instant::now() >= give_up_at => {
                    tracing::warn!("a transaction kept meeting concurrent changes");
                    return job.answer(instead);
                }
                Tried::Conflicted { .. } => {}
            }
            self.queues.counters.retries.add(1);
            thread::sleep(self.jitter.around(pause));
            pause = PAUSE_MAX.min(pause * 2);
        }
    }

    fn run_once(&mut self, job: &mut dyn Job, turn: Turn<'_>) -> Tried {
        if let Err(error) = self.tx.engine.begin() {
            return Tried::Done { instead: Some(error) };
        }
        self.tx.begin_group(false);
        let verdict = job.run(&mut self.tx);
        if verdict != Verdict::Commit || self.kind == Kind::Read {
            self.tx.engine.rollback(); // of a read there is nothing to keep
        } else if let Err(error) = self.flush_and_commit(turn) {
            return if matches!(error, StoreError::Retry) {
                Tried::Conflicted { instead: Some(error) }
            } else {
                Tried::Done { instead: Some(error) }
            };
        } else {
            self.queues.counters.writes.add(1);
            self.queues.counters.commits.add(1);
        }
        if verdict == Verdict::Retry {
            Tried::Conflicted { instead: None }
        } else {
            Tried::Done { instead: None }
        }
    }

    fn flush_and_commit(&mut self, turn: Turn<'_>) -> Result<(), StoreError> {
        if let Err(error) = self.tx.flush() {
            self.tx.engine.rollback();
            return Err(error);
        }
        drop(turn);
        self.tx.engine.commit()
    }
}

/// Closures on their way.
type Jobs = Vec<Box<dyn Job>>;
/// The right to run closures that write, while it is held.
type Turn<'a> = Option<MutexGuard<'a, ()>>;

/// How a try ended, and what to answer instead of the closure's own result.
enum Tried {
    Done { instead: Option<StoreError> },
    Conflicted { instead: Option<StoreError> },
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
