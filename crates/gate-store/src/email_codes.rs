//! Codes that prove that somebody reads an e-mail address. This crate sees neither the address nor the
//! code.

use gate_domain::ids::{Mode, SessionId, Tenant};
use gate_domain::time::Millis;

use crate::read::Reader;
use crate::{Param, Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into email_codes
    (partner_id, mode, session_id, number, email_hash, email_sealed, code_hash, tries, sent_at)
    values ($1, $2, $3, $4, $5, $6, $7, 0, $8)");
const FIND_LAST: Sql = sql("select number, email_hash, email_sealed, code_hash, tries, sent_at
    from email_codes where partner_id = $1 and mode = $2 and session_id = $3
    order by number desc limit 1");
const LIST_SENT: Sql = sql("select sent_at from email_codes
    where partner_id = $1 and mode = $2 and session_id = $3 and sent_at > $4 order by sent_at");
const LIST_SENT_TO: Sql = sql("select sent_at from email_codes
    where mode = $1 and email_hash = $2 and sent_at > $3 order by sent_at");
const LIST_SENT_TO_BY: Sql = sql("select sent_at from email_codes
    where partner_id = $1 and mode = $2 and email_hash = $3 and sent_at > $4 order by sent_at");
const LIST_UNUSED: Sql = sql("select sent_at from
    (select sent_at from email_codes where partner_id = $1 and mode = $2 and sent_at > $3
        and code_hash is not null order by sent_at desc limit $4) as newest order by sent_at");
const SAVE: Sql = sql("update email_codes set tries = $5, code_hash = $6
    where partner_id = $1 and mode = $2 and session_id = $3 and number = $4");
const LIST_SESSIONS: Sql = sql("select distinct partner_id, mode, session_id from email_codes
    where mode = $1 and email_hash = $2 order by partner_id, session_id");
const ERASE: Sql = sql("delete from email_codes where mode = $1 and email_hash = $2");
const REMOVE_OLD: Sql =
    sql("delete from email_codes where (partner_id, mode, session_id, number) in
    (select partner_id, mode, session_id, number from email_codes where sent_at < $1 limit $2)");

pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT,
    FIND_LAST,
    LIST_SENT,
    LIST_SENT_TO,
    LIST_SENT_TO_BY,
    LIST_UNUSED,
    SAVE,
    LIST_SESSIONS,
    ERASE,
    REMOVE_OLD,
];

/// A code that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailCode {
    /// From 1, for each session.
    pub number: i64,
    /// The keyed hash of the address.
    pub email_hash: Vec<u8>,
    /// The address.
    pub email_sealed: Vec<u8>,
    /// The keyed hash of the code; none once it has been used.
    pub code_hash: Option<Vec<u8>>,
    /// Wrong codes so far.
    pub tries: i64,
    /// When it was sent, by the session's clock.
    pub sent_at: Millis,
}

impl Tx {
    /// Write down a code that is sent in a session, which this transaction has locked.
    pub fn insert_email_code(
        &mut self,
        tenant: &Tenant,
        session: &SessionId,
        code: &EmailCode,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let EmailCode { number, email_hash, email_sealed, code_hash, tries: _, sent_at } = code;
        let params: [&dyn Param; 8] = [
            &partner,
            &mode,
            &session.as_str(),
            number,
            email_hash,
            email_sealed,
            code_hash,
            &sent_at.0,
        ];
        self.write(INSERT, &params)
    }

    /// The last code of a session.
    pub fn find_email_code(
        &mut self,
        tenant: &Tenant,
        session: &SessionId,
    ) -> Result<Option<EmailCode>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND_LAST, &[&partner, &mode, &session.as_str()], read)
    }

    /// When codes were sent in a session after `since`, oldest first.
    pub fn list_codes_sent(
        &mut self,
        tenant: &Tenant,
        session: &SessionId,
        since: Millis,
    ) -> Result<Vec<Millis>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let params: [&dyn Param; 4] = [&partner, &mode, &session.as_str(), &since.0];
        self.query(LIST_SENT, &params, |row| Ok(Millis(row.get(0)?)))
    }

    /// The same for an address, whoever's page it was named on.
    pub fn list_codes_sent_to(
        &mut self,
        mode: Mode,
        email_hash: &[u8],
        since: Millis,
    ) -> Result<Vec<Millis>, StoreError> {
        let params: [&dyn Param; 3] = [&mode.as_str(), &email_hash, &since.0];
        self.query(LIST_SENT_TO, &params, |row| Ok(Millis(row.get(0)?)))
    }

    /// The same for an address, on one partner's pages.
    pub fn list_codes_sent_to_by(
        &mut self,
        tenant: &Tenant,
        email_hash: &[u8],
        since: Millis,
    ) -> Result<Vec<Millis>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let params: [&dyn Param; 4] = [&partner, &mode, &email_hash, &since.0];
        self.query(LIST_SENT_TO_BY, &params, |row| Ok(Millis(row.get(0)?)))
    }

    /// The same for the newest codes, up to `limit`, that were sent on a partner's pages and that nobody
    /// has typed.
    pub fn list_codes_unused(
        &mut self,
        tenant: &Tenant,
        since: Millis,
        limit: i64,
    ) -> Result<Vec<Millis>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let params: [&dyn Param; 4] = [&partner, &mode, &since.0, &limit];
        self.query(LIST_UNUSED, &params, |row| Ok(Millis(row.get(0)?)))
    }

    /// Save what became of the last code of a session that this transaction has locked.
    pub fn save_email_code(
        &mut self,
        tenant: &Tenant,
        session: &SessionId,
        code: &EmailCode,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let params: [&dyn Param; 6] =
            [&partner, &mode, &session.as_str(), &code.number, &code.tries, &code.code_hash];
        self.write(SAVE, &params)
    }

    /// The sessions in which codes were sent to an address.
    pub fn list_sessions_of_email(
        &mut self,
        mode: Mode,
        email_hash: &[u8],
    ) -> Result<Vec<(Tenant, SessionId)>, StoreError> {
        self.query(LIST_SESSIONS, &[&mode.as_str(), &email_hash], |row| {
            let reader = Reader::new(row, "email_codes", 2);
            Ok((reader.tenant()?, reader.parse(2)?))
        })
    }

    /// Forget every code that was sent to an address of a user.
    pub(crate) fn erase_email_codes(
        &mut self,
        mode: Mode,
        email_hash: &[u8],
    ) -> Result<(), StoreError> {
        self.write(ERASE, &[&mode.as_str(), &email_hash])
    }

    /// Forget some of the codes that were sent before this instant; how many.
    pub fn remove_old_email_codes(
        &mut self,
        before: Millis,
        limit: i64,
    ) -> Result<u64, StoreError> {
        self.execute(REMOVE_OLD, &[&before.0, &limit])
    }
}

fn read(row: &Row<'_>) -> Result<EmailCode, StoreError> {
    Ok(EmailCode {
        number: row.get(0)?,
        email_hash: row.get(1)?,
        email_sealed: row.get(2)?,
        code_hash: row.get(3)?,
        tries: row.get(4)?,
        sent_at: Millis(row.get(5)?),
    })
}
