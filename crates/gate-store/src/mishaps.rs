//! Mishaps of single transactions, which only tests let happen.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What goes wrong with a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// Nothing of it is written.
    Refused,
    /// All of it is written, and its caller does not hear so.
    Unheard,
}

/// Which transaction of a store meets one.
#[derive(Default)]
pub(crate) struct Mishaps {
    begun: AtomicUsize,
    expected: Mutex<Option<(usize, Mishap)>>,
}

impl Mishaps {
    pub(crate) fn expect(&self, expected: Option<(usize, Mishap)>) {
        *self.expected.lock().unwrap_or_else(PoisonError::into_inner) = expected;
        self.begun.store(0, Ordering::Relaxed);
    }

    pub(crate) fn begun(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }

    /// A transaction begins: what goes wrong with it.
    pub(crate) fn next(&self) -> Option<Mishap> {
        let at = self.begun.fetch_add(1, Ordering::Relaxed);
        let expected = *self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        expected.filter(|(place, _)| *place == at).map(|(_, mishap)| mishap)
    }
}
