//! The proof that a row is locked by the current transaction.

use std::ops::Deref;

/// Evidence that the row behind `T` is locked by the current transaction. Only this crate makes
/// one, and only the functions that save take one, so a save cannot start from a stale read.
pub struct Locked<T>(T);

impl<T> Locked<T> {
    pub(crate) fn new(row: T) -> Self {
        Self(row)
    }

    pub(crate) fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Locked<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}
