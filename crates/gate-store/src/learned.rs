//! What a transaction has learned and may rely on to its end, so that closures that share it do not
//! ask again: who takes a partner's events, where its pages are, and which requests are new.

use std::collections::HashMap;
use std::sync::Arc;

use gate_domain::ids::Tenant;

use crate::idempotency::{IdempotentRequest, Remembered};
use crate::{Sql, TakingEndpoint};

#[derive(Default)]
pub(crate) struct Learned {
    takers: HashMap<Tenant, Arc<[TakingEndpoint]>>,
    origins: HashMap<Tenant, Arc<[String]>>,
    /// Asked before any closure ran. Whoever is told takes it along: the second look is fresh.
    requests: HashMap<(Tenant, Vec<u8>), Option<Remembered>>,
}

/// What is known of a request before its closure runs.
pub(crate) enum Foreseen {
    /// Nobody has looked.
    NotAsked,
    /// What was found, if anything.
    Asked(Option<Remembered>),
}

impl Learned {
    /// The transaction is over, or another closure must not rely on this one.
    pub(crate) fn forget(&mut self) {
        self.takers.clear();
        self.origins.clear();
        self.requests.clear();
    }

    /// A statement is about to change something: what was learned of its table is no longer true.
    pub(crate) fn unlearn(&mut self, sql: Sql) {
        if sql.changes("endpoints") {
            self.takers.clear();
        } else if sql.changes("origins") {
            self.origins.clear();
        }
    }

    pub(crate) fn takers(&mut self) -> &mut HashMap<Tenant, Arc<[TakingEndpoint]>> {
        &mut self.takers
    }

    pub(crate) fn origins(&mut self) -> &mut HashMap<Tenant, Arc<[String]>> {
        &mut self.origins
    }

    /// What was found about a request in advance, once.
    pub(crate) fn take_request(&mut self, request: &IdempotentRequest) -> Foreseen {
        if self.requests.is_empty() {
            return Foreseen::NotAsked;
        }
        match self.requests.remove(&(request.tenant.clone(), request.key_hash.clone())) {
            None => Foreseen::NotAsked,
            Some(found) => Foreseen::Asked(found),
        }
    }

    pub(crate) fn learn_request(&mut self, request: &IdempotentRequest, found: Option<Remembered>) {
        self.requests.insert((request.tenant.clone(), request.key_hash.clone()), found);
    }
}
