//! What the store has done so far, in numbers, for the metrics page and for tests.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the store was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Write closures that committed.
    pub writes: u64,
    /// Commits that made them durable; fewer than `writes` when closures shared one.
    pub commits: u64,
    /// Times a closure was run again after a concurrent change.
    pub retries: u64,
    /// Closures skipped because their caller had gone before their turn.
    pub skipped: u64,
    /// Closures refused because too many waited.
    pub refused: u64,
    /// Write closures waiting now.
    pub writes_waiting: usize,
    /// Read closures waiting now.
    pub reads_waiting: usize,
}

/// The running counts, shared by all threads of a store.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) writes: Counter,
    pub(crate) commits: Counter,
    pub(crate) retries: Counter,
    pub(crate) skipped: Counter,
    pub(crate) refused: Counter,
}

#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
