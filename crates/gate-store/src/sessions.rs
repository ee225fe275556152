//! Sessions.

use gate_domain::ids::{SessionId, Tenant};
use gate_domain::session::{Effect, Session, State, Step};
use gate_domain::time::Millis;

use crate::locked::Locked;
use crate::read::{Reader, to_json};
use crate::{Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into sessions
    (partner_id, mode, id, status, terms, state, transaction_id, revision, created_at, updated_at,
        expiry_due_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10)");
const FIND: Sql = sql("select partner_id, mode, id, terms, state, transaction_id, revision,
        created_at, updated_at
    from sessions where partner_id = $1 and mode = $2 and id = $3");
const LOCK: Sql = FIND.for_update();
const SAVE: Sql = sql("update sessions set status = $4, state = $5, transaction_id = $6,
        revision = $7, updated_at = $8, expiry_due_at = $9
    where partner_id = $1 and mode = $2 and id = $3");
const LIST: Sql = sql("select partner_id, mode, id, terms, state, transaction_id, revision,
        created_at, updated_at
    from sessions where partner_id = $1 and mode = $2 and id < $3 order by id desc limit $4");
const LIST_BY_STATUS: Sql = sql("select partner_id, mode, id, terms, state, transaction_id,
        revision, created_at, updated_at
    from sessions where partner_id = $1 and mode = $2 and status = $5 and id < $3
    order by id desc limit $4");
const LIST_EXPIRED: Sql = sql("select partner_id, mode, id from sessions
    where expiry_due_at is not null and expiry_due_at <= $1 order by expiry_due_at limit $2");

pub(crate) const STATEMENTS: &[Sql] =
    &[INSERT, FIND, LOCK, SAVE, LIST, LIST_BY_STATUS, LIST_EXPIRED];

impl Tx {
    /// Write down a new session.
    pub fn insert_session(&mut self, session: &Session) -> Result<(), StoreError> {
        let (partner, mode) = (session.tenant.partner.as_str(), session.tenant.mode.as_str());
        self.write(
            INSERT,
            &[
                &partner,
                &mode,
                &session.id.as_str(),
                &session.status(),
                &to_json(&session.terms),
                &to_json(&session.state),
                &session.transaction.as_ref().map(ToString::to_string),
                &session.revision,
                &session.created_at.0,
                &expiry_due_at(session),
            ],
        )?;
        Ok(())
    }

    /// Read a session. Reading changes nothing.
    pub fn find_session(
        &mut self,
        tenant: &Tenant,
        id: &SessionId,
    ) -> Result<Option<Session>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND, &[&partner, &mode, &id.as_str()], read)
    }

    /// Read a session and keep everybody else from changing it until the transaction ends.
    pub fn lock_session(
        &mut self,
        tenant: &Tenant,
        id: &SessionId,
    ) -> Result<Option<Locked<Session>>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let session = self.query_opt(LOCK, &[&partner, &mode, &id.as_str()], read)?;
        Ok(session.map(Locked::new))
    }

    /// A page of sessions, newest first, after the one named (or from the newest).
    pub fn list_sessions(
        &mut self,
        tenant: &Tenant,
        status: Option<&str>,
        after: Option<&SessionId>,
        limit: i64,
    ) -> Result<Vec<Session>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let after = after.map_or_else(|| after_all(tenant), ToString::to_string);
        match status {
            None => self.query(LIST, &[&partner, &mode, &after, &limit], read),
            Some(status) => {
                self.query(LIST_BY_STATUS, &[&partner, &mode, &after, &limit, &status], read)
            }
        }
    }

    /// Sessions whose lifetime has passed, oldest first, of all partners: a worker's question.
    pub fn list_expired_sessions(
        &mut self,
        now: Millis,
        limit: i64,
    ) -> Result<Vec<(Tenant, SessionId)>, StoreError> {
        self.query(LIST_EXPIRED, &[&now.0, &limit], |row| {
            let reader = Reader::new(row, "sessions", 2);
            Ok((reader.tenant()?, reader.parse(2)?))
        })
    }

    /// The one way a session changes: the new state and everything that it causes, together or
    /// not at all. `touch` may set the session's transaction; `carry_out` is called for each effect with the
    /// session as it is saved.
    pub fn advance_session<E: From<StoreError>>(
        &mut self,
        seen: Locked<Session>,
        step: Step,
        now: Millis,
        touch: impl FnOnce(&mut Session),
        mut carry_out: impl FnMut(&mut Self, &Session, Effect) -> Result<(), E>,
    ) -> Result<Session, E> {
        let mut session = seen.into_inner();
        let Step::Moved { next, effects } = step else { return Ok(session) };
        session.state = next;
        session.revision += 1;
        session.updated_at = now.max(session.updated_at);
        touch(&mut session);
        let (partner, mode) = (session.tenant.partner.as_str(), session.tenant.mode.as_str());
        self.write(
            SAVE,
            &[
                &partner,
                &mode,
                &session.id.as_str(),
                &session.status(),
                &to_json(&session.state),
                &session.transaction.as_ref().map(ToString::to_string),
                &session.revision,
                &session.updated_at.0,
                &expiry_due_at(&session),
            ],
        )?;
        for effect in effects {
            carry_out(self, &session, effect)?;
        }
        Ok(session)
    }
}

/// Sorts behind every id of a tenant, under any collation: it is built like one, of the last letter.
fn after_all(tenant: &Tenant) -> String {
    format!("{}_{}_{}", SessionId::PREFIX, tenant.mode, "z".repeat(26))
}

/// Only a session without money in flight can expire.
fn expiry_due_at(session: &Session) -> Option<i64> {
    match session.state {
        State::Open { .. } => Some(session.terms.expires_at.0),
        State::InFlight { .. } | State::Completed | State::Expired | State::Cancelled => None,
    }
}

fn read(row: &Row<'_>) -> Result<Session, StoreError> {
    let reader = Reader::new(row, "sessions", 2);
    Ok(Session {
        tenant: reader.tenant()?,
        id: reader.parse(2)?,
        terms: reader.json(3)?,
        state: reader.json(4)?,
        transaction: reader.parse_opt(5)?,
        revision: reader.int(6)?,
        created_at: Millis(reader.int(7)?),
        updated_at: Millis(reader.int(8)?),
    })
}
