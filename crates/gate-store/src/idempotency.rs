//! Idempotency keys: claimed in the transaction that does the work, with its answer.

use std::collections::HashMap;

use gate_domain::ids::Tenant;
use gate_domain::time::Millis;

use crate::learned::Foreseen;
use crate::postgres::Array;
use crate::tx::Engine;
use crate::{Row, Sql, StoreError, Tx, sql};

/// Where a key is claimed.
pub(crate) const TABLE: &str = "idempotency_keys";

const FIND: Sql = sql("select fingerprint, status, response from idempotency_keys
    where partner_id = $1 and mode = $2 and key_hash = $3");
const INSERT: Sql = sql("insert into idempotency_keys
    (partner_id, mode, key_hash, fingerprint, status, response, created_at)
    values ($1, $2, $3, $4, $5, $6, $7)");
const ANY_BEFORE: Sql =
    sql("select created_at from idempotency_keys where created_at < $1 limit 1");
const PURGE: Sql = sql("delete from idempotency_keys where (partner_id, mode, key_hash) in
    (select partner_id, mode, key_hash from idempotency_keys
        where created_at < $1 order by created_at limit $2)");

/// [`FIND`] for many requests, on PostgreSQL. The limit keeps each look-up a look into the index.
const FIND_MANY: Sql = sql("select asked.place, fingerprint, status, response
    from unnest($1::text[], $2::text[], $3::bytea[]) with ordinality
        as asked (partner_id, mode, key_hash, place)
    cross join lateral (select fingerprint, status, response from idempotency_keys known
        where known.partner_id = asked.partner_id and known.mode = asked.mode
            and known.key_hash = asked.key_hash limit 1) known");

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

/// What is kept of a request: the fingerprint of its body, and its answer.
pub(crate) type Remembered = (Vec<u8>, Answer);

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

fn read(row: &Row<'_>) -> Result<Remembered, StoreError> {
    Ok((row.get(0)?, Answer { status: row.get(1)?, response: row.get(2)? }))
}

impl Tx {
    /// Whether this request was answered before.
    pub fn recall(&mut self, request: &IdempotentRequest) -> Result<Recall, StoreError> {
        let known = match self.learned().take_request(request) {
            Foreseen::Asked(known) => known,
            Foreseen::NotAsked => self.find_request(request)?,
        };
        Ok(match known {
            None => Recall::New,
            Some((fingerprint, answer)) if fingerprint == request.fingerprint => {
                Recall::Done(answer)
            }
            Some(_) => Recall::Different,
        })
    }

    fn find_request(
        &mut self,
        request: &IdempotentRequest,
    ) -> Result<Option<Remembered>, StoreError> {
        let (partner, mode) = (request.tenant.partner.as_str(), request.tenant.mode.as_str());
        self.query_opt(FIND, &[&partner, &mode, &request.key_hash], read)
    }

    /// Look requests up in one go, before the closures that will ask for them run. A twin that
    /// commits in between is noticed when the key is claimed. On SQLite asking costs nothing.
    pub(crate) fn recall_ahead(
        &mut self,
        requests: &[IdempotentRequest],
    ) -> Result<(), StoreError> {
        let Engine::Postgres(connection) = &mut self.engine else { return Ok(()) };
        let partners =
            requests.iter().map(|request| Some(request.tenant.partner.as_str())).collect();
        let modes = requests.iter().map(|request| Some(request.tenant.mode.as_str())).collect();
        let hashes = requests.iter().map(|request| Some(request.key_hash.as_slice())).collect();
        let columns = [Array::Texts(partners), Array::Texts(modes), Array::Bytes(hashes)];
        let rows = connection.query_many(FIND_MANY, &columns)?;
        let mut found: HashMap<usize, Remembered> = HashMap::new();
        for row in &rows {
            let place: i64 = row.get(0);
            let answer = Answer { status: row.get(2), response: row.get(3) };
            found.insert(usize::try_from(place - 1).unwrap_or(usize::MAX), (row.get(1), answer));
        }
        for (place, request) in requests.iter().enumerate() {
            self.learned().learn_request(request, found.remove(&place));
        }
        Ok(())
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
        let claimed = self.write(
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
        );
        match claimed {
            Err(StoreError::Unique { .. }) => Err(self.retry()),
            other => other,
        }
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
