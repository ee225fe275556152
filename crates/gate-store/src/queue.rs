//! A bounded queue that several threads take from, one item or a whole group at a time.
//! It refuses what does not fit instead of waiting, and everything once closed.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
    len_max: usize,
}

struct State<T> {
    items: VecDeque<T>,
    idle: usize,
    closed: bool,
}

/// Why an item was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Full,
    Closed,
}

impl<T> Queue<T> {
    pub(crate) fn new(len_max: usize) -> Self {
        let state = State { items: VecDeque::new(), idle: 0, closed: false };
        Self { state: Mutex::new(state), filled: Condvar::new(), len_max }
    }

    pub(crate) fn push(&self, item: T) -> Result<(), Refused> {
        let mut state = self.lock();
        if state.closed {
            return Err(Refused::Closed);
        }
        if state.items.len() >= self.len_max {
            return Err(Refused::Full);
        }
        state.items.push_back(item);
        let somebody_waits = state.idle > 0;
        drop(state);
        if somebody_waits {
            self.filled.notify_one(); // a system call, so only when it helps
        }
        Ok(())
    }

    /// Wait for items and take up to `count_max` of them, oldest first.
    /// Empty means that the queue is closed and drained.
    pub(crate) fn take(&self, count_max: usize) -> Vec<T> {
        let mut state = self.lock();
        while state.items.is_empty() && !state.closed {
            state.idle += 1;
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
        state.take(count_max)
    }

    /// Take up to `count_max` items that are there already.
    pub(crate) fn take_now(&self, count_max: usize) -> Vec<T> {
        self.lock().take(count_max)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().items.len()
    }

    /// Take nothing new; what is in the queue is still handed out.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    /// Nothing in here panics with the lock held, so a poisoned lock guards whole data.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn take(&mut self, count_max: usize) -> Vec<T> {
        let count = count_max.min(self.items.len());
        self.items.drain(..count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_in_order_and_in_groups() {
        let queue = Queue::new(3);
        for item in 1..=3 {
            queue.push(item).unwrap();
        }
        assert_eq!(queue.push(4), Err(Refused::Full));
        assert_eq!(queue.take(2), [1, 2]);
        queue.push(4).unwrap();
        queue.close();
        assert_eq!(queue.push(5), Err(Refused::Closed));
        assert_eq!(queue.take(9), [3, 4], "what was taken in is handed out after closing");
        assert_eq!(queue.take(9), [0; 0]);
    }

    #[test]
    fn every_item_reaches_exactly_one_taker() {
        let queue = Queue::new(10_000);
        let mut taken: Vec<u32> = std::thread::scope(|scope| {
            let takers: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        let mut mine = Vec::new();
                        loop {
                            let some = queue.take(7);
                            if some.is_empty() {
                                return mine;
                            }
                            mine.extend(some);
                        }
                    })
                })
                .collect();
            (0..10_000).for_each(|item| queue.push(item).unwrap());
            queue.close();
            takers.into_iter().flat_map(|taker| taker.join().unwrap()).collect()
        });
        taken.sort_unstable();
        assert!(taken.into_iter().eq(0..10_000));
    }
}
