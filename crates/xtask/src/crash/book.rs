//! Everything that the gateway and the shop have said, to be held against them at the end.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The notes of everybody outside.
#[derive(Default)]
pub(super) struct Book(Mutex<Notes>);

#[derive(Default)]
struct Notes {
    sessions: BTreeMap<String, SessionNote>,
    keys: Vec<KeyNote>,
    orders: BTreeMap<String, OrderNote>,
    problems: Vec<String>,
}

/// What is known about a session that was acknowledged.
#[derive(Clone, Debug, Default)]
pub(super) struct SessionNote {
    /// A final status that the API has told us: it must stay.
    pub(super) told: Option<&'static str>,
}

/// A create with its key, and the session that it was answered with.
#[derive(Clone, Debug)]
pub(super) struct KeyNote {
    pub(super) key: String,
    pub(super) body: String,
    pub(super) session_id: String,
}

/// What is known about an order of the shop.
#[derive(Clone, Debug, Default)]
pub(super) struct OrderNote {
    /// The session that it is paid by.
    pub(super) session_id: Option<String>,
    /// How the shop proved that it has fulfilled it, when we first looked.
    pub(super) proof: Option<String>,
}

impl Book {
    pub(super) fn problem(&self, problem: String) {
        self.notes().problems.push(problem);
    }

    pub(super) fn take_problems(&self) -> Vec<String> {
        std::mem::take(&mut self.notes().problems)
    }

    /// The gateway has said how a session ended.
    pub(super) fn told(&self, session_id: &str, status: &'static str) {
        self.notes().sessions.entry(session_id.to_owned()).or_default().told = Some(status);
    }

    /// A create was answered.
    pub(super) fn answered(&self, note: KeyNote) {
        let mut notes = self.notes();
        notes.sessions.entry(note.session_id.clone()).or_default();
        notes.keys.push(note);
    }

    /// The shop has taken an order.
    pub(super) fn ordered(&self, order_id: &str) {
        self.notes().orders.entry(order_id.to_owned()).or_default();
    }

    /// An order is paid by this session. It never changes, whatever is killed.
    pub(super) fn paid_by(&self, order_id: &str, session_id: &str) {
        let mut notes = self.notes();
        let order = notes.orders.entry(order_id.to_owned()).or_default();
        let first = order.session_id.get_or_insert_with(|| session_id.to_owned()).clone();
        notes.sessions.entry(session_id.to_owned()).or_default();
        if first != session_id {
            notes.problems.push(format!(
                "order {order_id} was opened with {first} and then with {session_id}"
            ));
        }
    }

    /// The shop shows that it has fulfilled an order. The proof never changes.
    pub(super) fn fulfilled(&self, order_id: &str, proof: &str) {
        let mut notes = self.notes();
        let order = notes.orders.entry(order_id.to_owned()).or_default();
        let first = order.proof.get_or_insert_with(|| proof.to_owned()).clone();
        if first != proof {
            notes.problems.push(format!(
                "order {order_id} was fulfilled more than once: first {first}, then {proof}"
            ));
        }
    }

    pub(super) fn sessions(&self) -> BTreeMap<String, SessionNote> {
        self.notes().sessions.clone()
    }

    pub(super) fn keys(&self) -> Vec<KeyNote> {
        self.notes().keys.clone()
    }

    pub(super) fn orders(&self) -> BTreeMap<String, OrderNote> {
        self.notes().orders.clone()
    }

    pub(super) fn sessions_known(&self) -> usize {
        self.notes().sessions.len()
    }

    pub(super) fn sessions_completed(&self) -> usize {
        let notes = self.notes();
        notes.sessions.values().filter(|session| session.told == Some("completed")).count()
    }

    /// Nothing in here panics with the lock held.
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
