//! Idempotency keys: claimed in the transaction that does the work, with its answer.

use gate_domain::ids::Tenant;
use gate_domain::time::Millis;

use crate::{Sql, StoreError, Tx, sql};

const FIND: Sql = sql("select fingerprint, status, response from idempotency_keys
    where partner_id = $1 and mode = $2 and key_hash = $3");
const INSERT: Sql = sql("insert into idempotency_keys
    (partner_id, mode, key_hash, fingerprint, status, response, created_at)
    values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing");
const ANY_BEFORE: Sql =
    sql("select created_at from idempotency_keys where created_at < $1 limit 1");
const PURGE: Sql = sql("delete from idempotency_keys where (partner_id, mode, key_hash) in
    (select partner_id, mode, key_hash from idempotency_keys
        where created_at < $1 order by created_at limit $2)");

pub(crate) const STATEMENTS: &[Sql] = &[FIND, INSERT, ANY_BEFORE, PURGE];

/// One logical request.
#[derive(Clone, Debug)]
pub struct IdempotentRequest {
    /// Whose.
    pub tenant: Tenant,
    /// A short hash of method, path and key.
    pub key_hash: Vec<u8>,
    /// SHA-256 of the canonical body: a key belongs to one body.
    pub fingerprint: Vec<u8>,
}

/// An answer that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: i64,
    /// The body.
    pub response: String,
}

/// What the store knows about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recall {
    /// Nothing: do the work.
    New,
    /// It was done; answer the same again.
    Done(Answer),
    /// The key was used for another body.
    Different,
}

impl Tx {
    /// Whether this request was answered before.
    pub fn recall(&mut self, request: &IdempotentRequest) -> Result<Recall, StoreError> {
        let (partner, mode) = (request.tenant.partner.as_str(), request.tenant.mode.as_str());
        let known = self.query_opt(FIND, &[&partner, &mode, &request.key_hash], |row| {
            let fingerprint: Vec<u8> = row.get(0)?;
            Ok((fingerprint, Answer { status: row.get(1)?, response: row.get(2)? }))
        })?;
        Ok(match known {
            None => Recall::New,
            Some((fingerprint, answer)) if fingerprint == request.fingerprint => {
                Recall::Done(answer)
            }
            Some(_) => Recall::Different,
        })
    }

    /// Claim the key together with its answer. When a twin was quicker, everything this closure
    /// did is rolled back and it runs again, to find the twin's answer.
    pub fn remember(
        &mut self,
        request: &IdempotentRequest,
        answer: &Answer,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (request.tenant.partner.as_str(), request.tenant.mode.as_str());
        let inserted = self.execute(
            INSERT,
            &[
                &partner,
                &mode,
                &request.key_hash,
                &request.fingerprint,
                &answer.status,
                &answer.response,
                &now.0,
            ],
        )?;
        if inserted == 1 { Ok(()) } else { Err(self.retry()) }
    }

    /// Whether there is a key older than `before`.
    pub fn any_idempotency_key_before(&mut self, before: Millis) -> Result<bool, StoreError> {
        Ok(self.query_opt(ANY_BEFORE, &[&before.0], |_| Ok(()))?.is_some())
    }

    /// Forget keys that are older than `before`, at most `limit` of them. Answers how many.
    pub fn purge_idempotency_keys(
        &mut self,
        before: Millis,
        limit: i64,
    ) -> Result<u64, StoreError> {
        self.execute(PURGE, &[&before.0, &limit])
    }
}
