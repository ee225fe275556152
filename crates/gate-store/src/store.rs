//! The store's front: take a closure, hand it to a thread, give back its answer. It refuses to
//! wait for a place in a queue, and it never blocks the thread that asks.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};

use tokio::sync::oneshot;

#[cfg(feature = "testing")]
use crate::mishaps::{Mishap, Mishaps};
use crate::{
    IdempotentRequest, Place, Stats, StoreError, StoreOptions, Tx,
    job::{Job, job},
    postgres,
    queue::{Queue, Refused},
    sqlite,
    stats::Counters,
};

/// A database, shared by cloning. Dropping the last clone lets the threads finish what was
/// queued; [`Store::close`] also waits for it.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    queues: Arc<Queues>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    ours_alone: bool,
    #[cfg(feature = "testing")]
    mishaps: Mishaps,
}

/// What the front and the threads of an engine have in common.
pub(crate) struct Queues {
    pub(crate) writes: Queue<Box<dyn Job>>,
    pub(crate) reads: Queue<Box<dyn Job>>,
    pub(crate) counters: Counters,
}

impl Store {
    /// Open a database and bring its schema to what this program needs (see
    /// [`StoreOptions::schema`]). Blocks until that is done; may be called from anywhere.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::OldSqlite`], [`StoreError::Migration`],
    /// [`StoreError::Unavailable`], and what the engine says.
    pub fn open(options: StoreOptions) -> Result<Self, StoreError> {
        // The PostgreSQL client blocks, which it refuses to do on a thread of a runtime.
        let opened = thread::spawn(move || Self::open_here(&options)).join();
        opened.unwrap_or_else(|panic| Err(StoreError::panicked(&*panic)))
    }

    fn open_here(options: &StoreOptions) -> Result<Self, StoreError> {
        let queues = Arc::new(Queues {
            writes: Queue::new(options.queue_max),
            reads: Queue::new(options.queue_max),
            counters: Counters::default(),
        });
        let threads = match &options.place {
            Place::Sqlite { path } => sqlite::start(path, options, &queues)?,
            Place::Postgres { url } => postgres::start(url, options, &queues)?,
        };
        let ours_alone = matches!(options.place, Place::Sqlite { .. });
        let shared = Shared {
            queues,
            threads: Mutex::new(threads),
            ours_alone,
            #[cfg(feature = "testing")]
            mishaps: Mishaps::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Whether no other process can be on this database, as on SQLite.
    pub fn is_ours_alone(&self) -> bool {
        self.shared.ours_alone
    }

    /// Run a closure in a transaction and answer once it is durable, or once it is certain that
    /// nothing of it was written (see [`StoreError::OutcomeUnknown`] for the one exception).
    ///
    /// The closure may run several times, so what it captures is read, not consumed, and what
    /// it causes outside the database is a row. An `Err` rolls it back. It starts only while
    /// its caller is waiting; once started, it is carried through even if the caller leaves.
    ///
    /// # Errors
    /// The closure's own; [`StoreError::Overloaded`], [`StoreError::Panicked`],
    /// [`StoreError::Unavailable`], [`StoreError::OutcomeUnknown`], [`StoreError::Full`].
    pub async fn write<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        F: Fn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_for(None, closure).await
    }

    /// [`Store::write`] for a closure that asks about a request first ([`Tx::recall`]): closures that
    /// share a transaction have all their requests looked up in one go.
    ///
    /// # Errors
    /// As for [`Store::write`].
    pub async fn write_once<T, E, F>(&self, request: IdempotentRequest, closure: F) -> Result<T, E>
    where
        F: Fn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_for(Some(request), closure).await
    }

    async fn write_for<T, E, F>(
        &self,
        request: Option<IdempotentRequest>,
        closure: F,
    ) -> Result<T, E>
    where
        F: Fn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        #[cfg(feature = "testing")]
        let mishap = self.shared.mishaps.next();
        #[cfg(feature = "testing")]
        if mishap == Some(Mishap::Refused) {
            return Err(StoreError::Overloaded.into());
        }
        let answer = self.enqueue(&self.shared.queues.writes, request, closure)?;
        let answered = answer.await.unwrap_or_else(|_| Err(StoreError::OutcomeUnknown.into()));
        #[cfg(feature = "testing")]
        if mishap == Some(Mishap::Unheard) && answered.is_ok() {
            return Err(StoreError::OutcomeUnknown.into());
        }
        answered
    }

    /// Let one transaction meet a mishap: the one that is begun so many after this call.
    #[cfg(feature = "testing")]
    pub fn expect_mishap(&self, expected: Option<(usize, Mishap)>) {
        self.shared.mishaps.expect(expected);
    }

    /// How many transactions were begun since [`Store::expect_mishap`].
    #[cfg(feature = "testing")]
    pub fn begun(&self) -> usize {
        self.shared.mishaps.begun()
    }

    /// Run a closure that only reads, over one unchanging snapshot. Both engines enforce it.
    ///
    /// # Errors
    /// As for [`Store::write`], and [`StoreError::ReadOnly`] when it tries to write.
    pub async fn read<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        F: Fn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let answer = self.enqueue(&self.shared.queues.reads, None, closure)?;
        answer.await.unwrap_or_else(|_| Err(stopped().into()))
    }

    /// [`Store::write`] for synchronous code.
    ///
    /// # Panics
    /// On a thread of an async runtime, where waiting would hold up everybody else.
    pub fn write_blocking<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        F: Fn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let answer = self.enqueue(&self.shared.queues.writes, None, closure)?;
        answer.blocking_recv().unwrap_or_else(|_| Err(StoreError::OutcomeUnknown.into()))
    }

    /// [`Store::read`] for synchronous code.
    ///
    /// # Panics
    /// On a thread of an async runtime, where waiting would hold up everybody else.
    pub fn read_blocking<T, E, F>(&self, closure: F) -> Result<T, E>
    where
        F: Fn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let answer = self.enqueue(&self.shared.queues.reads, None, closure)?;
        answer.blocking_recv().unwrap_or_else(|_| Err(stopped().into()))
    }

    /// What the store has done so far.
    pub fn stats(&self) -> Stats {
        let Queues { writes, reads, counters } = &*self.shared.queues;
        Stats {
            writes: counters.writes.read(),
            commits: counters.commits.read(),
            retries: counters.retries.read(),
            skipped: counters.skipped.read(),
            refused: counters.refused.read(),
            writes_waiting: writes.len(),
            reads_waiting: reads.len(),
        }
    }

    /// Take no more work, finish what is queued, and close every connection. On SQLite the
    /// write-ahead log is folded into the file. Other clones answer
    /// [`StoreError::Unavailable`] from then on. Closing twice is harmless.
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        let store = self.clone();
        thread::spawn(move || {
            store.close_blocking();
            let _ = done.send(());
        });
        let _ = closed.await;
    }

    /// [`Store::close`] for synchronous code. Not for a closure of this store: it would wait
    /// for itself.
    pub fn close_blocking(&self) {
        self.shared.queues.close();
        // Held while joining, so that whoever closes second also waits.
        let mut threads = self.shared.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for thread in threads.drain(..) {
            let _ = thread.join(); // a panic there has been printed, and has nobody to go to
        }
    }
}

impl Queues {
    fn close(&self) {
        self.writes.close();
        self.reads.close();
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.queues.close();
    }
}

impl Store {
    fn enqueue<T, E, F>(
        &self,
        queue: &Queue<Box<dyn Job>>,
        request: Option<IdempotentRequest>,
        closure: F,
    ) -> Result<oneshot::Receiver<Result<T, E>>, StoreError>
    where
        F: Fn(&mut Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (job, answer) = job(request, closure);
        match queue.push(job) {
            Ok(()) => Ok(answer),
            Err(Refused::Full) => {
                self.shared.queues.counters.refused.add(1);
                Err(StoreError::Overloaded)
            }
            Err(Refused::Closed) => Err(stopped()),
        }
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}
