//! Mails to users. They rest sealed, and are found by the keyed hash of their address. Those of the
//! sandbox are kept to be read; those of live mode wait for a worker that sends them under a lease, and
//! what they say is forgotten then.

use std::collections::BTreeMap;

use gate_domain::ids::{MailId, Mode, SessionId, Tenant};
use gate_domain::time::Millis;

use crate::read::Reader;
use crate::{Param, Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into mails
    (partner_id, mode, id, email_hash, mail_sealed, status, attempts, due_at, good_until, created_at,
        session_id)
    values ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10)");
const LIST: Sql = sql("select id, mail_sealed, created_at from mails
    where partner_id = $1 and mode = $2 and id < $3 and mail_sealed is not null
    order by id desc limit $4");
const LIST_TO: Sql = sql("select id, mail_sealed, created_at from mails
    where partner_id = $1 and mode = $2 and id < $3 and email_hash = $5 and mail_sealed is not null
    order by id desc limit $4");
const LIST_DUE: Sql = sql("select partner_id, mode, id, mail_sealed, attempts, good_until
    from mails where due_at is not null and due_at <= $1 order by due_at limit $2")
.skip_locked();
const LEASE: Sql = sql("update mails
    set due_at = $4, lease_token = $5, attempts = attempts + 1
    where partner_id = $1 and mode = $2 and id = $3");
const PUT_OFF: Sql = sql("update mails set due_at = $5, lease_token = null
    where partner_id = $1 and mode = $2 and id = $3 and lease_token = $4 and status = 'waiting'");
const END: Sql = sql("update mails
    set status = $5, mail_sealed = null, due_at = null, lease_token = null
    where partner_id = $1 and mode = $2 and id = $3 and lease_token = $4 and status = 'waiting'");
const REMOVE_WAITING: Sql = sql("delete from mails
    where partner_id = $1 and mode = $2 and session_id = $3 and status = 'waiting'");
const FIND_OLDEST_WAITING: Sql = sql("select created_at from mails where status = 'waiting'
    order by created_at limit 1");
const COUNT: Sql = sql("select status, count(*) from mails where mode = $1 group by status");
const ERASE: Sql = sql("delete from mails where mode = $1 and email_hash = $2");
const REMOVE_OLD: Sql = sql("delete from mails where (partner_id, mode, id) in
    (select partner_id, mode, id from mails where created_at < $1 limit $2)");
const RELEASE_ALL: Sql = sql("update mails set due_at = $1, lease_token = null
    where due_at is not null and lease_token is not null");

pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT,
    LIST,
    LIST_TO,
    LIST_DUE,
    LEASE,
    PUT_OFF,
    END,
    REMOVE_WAITING,
    FIND_OLDEST_WAITING,
    COUNT,
    ERASE,
    REMOVE_OLD,
    RELEASE_ALL,
];

/// A mail that is written down.
#[derive(Clone, Debug)]
pub struct NewMail {
    /// On whose page.
    pub tenant: Tenant,
    /// Of which session.
    pub session_id: SessionId,
    /// Its id.
    pub id: MailId,
    /// The keyed hash of its address.
    pub email_hash: Vec<u8>,
    /// What it says, and to whom.
    pub mail_sealed: Vec<u8>,
    /// Until when it is worth sending; none where it is kept and not sent.
    pub good_until: Option<Millis>,
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRow {
    /// Its id.
    pub id: MailId,
    /// What it says, and to whom.
    pub mail_sealed: Vec<u8>,
    /// When it was written.
    pub created_at: Millis,
}

/// A mail that this worker holds, until the lease ends.
#[derive(Clone, Debug)]
pub struct ClaimedMail {
    /// What is to be sent; an error where that does not parse.
    pub due: Result<DueMail, String>,
    /// Its id, as it stands there.
    pub id: String,
    /// How often it was tried before.
    pub attempts: i64,
    /// Until when it is worth sending.
    pub good_until: Millis,
    partner: String,
    mode: String,
    lease_token: String,
}

/// What is to be sent.
#[derive(Clone, Debug)]
pub struct DueMail {
    /// On whose page it was written.
    pub tenant: Tenant,
    /// Its id.
    pub id: MailId,
    /// What it says, and to whom.
    pub mail_sealed: Vec<u8>,
}

/// How a mail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailEnd {
    /// A server has taken it.
    Sent,
    /// None has, or none will.
    GivenUp,
}

impl MailEnd {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::GivenUp => "given_up",
        }
    }
}

impl Tx {
    /// Write a mail down, due at once if it is to be sent.
    pub fn insert_mail(&mut self, mail: &NewMail, now: Millis) -> Result<(), StoreError> {
        let (partner, mode) = (mail.tenant.partner.as_str(), mail.tenant.mode.as_str());
        let status = if mail.good_until.is_some() { "waiting" } else { "kept" };
        let params: [&dyn Param; 10] = [
            &partner,
            &mode,
            &mail.id.as_str(),
            &mail.email_hash,
            &mail.mail_sealed,
            &status,
            &mail.good_until.map(|_| now.0),
            &mail.good_until.map(|good_until| good_until.0),
            &now.0,
            &mail.session_id.as_str(),
        ];
        self.write(INSERT, &params)
    }

    /// Forget the mails of a session, which this transaction has locked, that no server has taken yet.
    /// A worker that holds one finds its lease lost; what it is just handing over still arrives.
    pub fn remove_waiting_mails(
        &mut self,
        tenant: &Tenant,
        session: &SessionId,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.write(REMOVE_WAITING, &[&partner, &mode, &session.as_str()])
    }

    /// Mails of a partner's pages, newest first: all, or those to one address; those before
    /// `after`, or from the newest on.
    pub fn list_mails(
        &mut self,
        tenant: &Tenant,
        email_hash: Option<&[u8]>,
        after: Option<&MailId>,
        limit: i64,
    ) -> Result<Vec<MailRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        // Sorts behind every id of the tenant.
        let last = format!("{}_{mode}_{}", MailId::PREFIX, "z".repeat(26));
        let after = after.map_or(last.as_str(), MailId::as_str);
        match email_hash {
            None => self.query(LIST, &[&partner, &mode, &after, &limit], read),
            Some(email_hash) => {
                self.query(LIST_TO, &[&partner, &mode, &after, &limit, &email_hash], read)
            }
        }
    }

    /// Lease up to `limit` mails that are due, of all partners, until `lease_until`. A lease that ends
    /// unrecorded makes the mail due again.
    pub fn claim_mails(
        &mut self,
        now: Millis,
        lease_until: Millis,
        lease_token: &str,
        limit: i64,
    ) -> Result<Vec<ClaimedMail>, StoreError> {
        let claims = self.query(LIST_DUE, &[&now.0, &limit], |row| read_claim(row, lease_token))?;
        for ClaimedMail { partner, mode, id, .. } in &claims {
            self.write(LEASE, &[partner, mode, id, &lease_until.0, &lease_token])?;
        }
        Ok(claims)
    }

    /// Try a claim again then. False when the lease was lost, or the mail is gone.
    pub fn put_off_mail(
        &mut self,
        claim: &ClaimedMail,
        due_at: Millis,
    ) -> Result<bool, StoreError> {
        let ClaimedMail { partner, mode, id, lease_token, .. } = claim;
        Ok(self.execute(PUT_OFF, &[partner, mode, id, lease_token, &due_at.0])? == 1)
    }

    /// Record how a claim ended, and forget what the mail says. False when the lease was lost, or the
    /// mail is gone.
    pub fn end_mail(&mut self, claim: &ClaimedMail, end: MailEnd) -> Result<bool, StoreError> {
        let ClaimedMail { partner, mode, id, lease_token, .. } = claim;
        Ok(self.execute(END, &[partner, mode, id, lease_token, &end.as_str()])? == 1)
    }

    /// Since when the oldest mail waits to be sent.
    pub fn find_oldest_waiting_mail(&mut self) -> Result<Option<Millis>, StoreError> {
        self.query_opt(FIND_OLDEST_WAITING, &[], |row| Ok(Millis(row.get(0)?)))
    }

    /// The mails of a mode by status, as far as they are still there.
    pub fn count_mails(&mut self, mode: Mode) -> Result<BTreeMap<String, i64>, StoreError> {
        let counts = self.query(COUNT, &[&mode.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(counts.into_iter().collect())
    }

    /// Forget every mail to an address of a user.
    pub(crate) fn erase_mails(&mut self, mode: Mode, email_hash: &[u8]) -> Result<(), StoreError> {
        self.write(ERASE, &[&mode.as_str(), &email_hash])
    }

    /// Forget some of the mails that were written before this instant; how many.
    pub fn remove_old_mails(&mut self, before: Millis, limit: i64) -> Result<u64, StoreError> {
        self.execute(REMOVE_OLD, &[&before.0, &limit])
    }

    /// Make every leased mail due now. Only for a process that knows that it is the only one.
    pub fn release_mails(&mut self, now: Millis) -> Result<u64, StoreError> {
        self.execute(RELEASE_ALL, &[&now.0])
    }
}

fn read(row: &Row<'_>) -> Result<MailRow, StoreError> {
    let reader = Reader::new(row, "mails", 0);
    Ok(MailRow {
        id: reader.parse(0)?,
        mail_sealed: row.get(1)?,
        created_at: Millis(reader.int(2)?),
    })
}

fn read_claim(row: &Row<'_>, lease_token: &str) -> Result<ClaimedMail, StoreError> {
    let reader = Reader::new(row, "mails", 2);
    let due = || {
        let (tenant, id) = (reader.tenant()?, reader.parse(2)?);
        Ok::<_, StoreError>(DueMail { tenant, id, mail_sealed: row.get(3)? })
    };
    Ok(ClaimedMail {
        due: due().map_err(|error| error.to_string()),
        id: row.get(2)?,
        attempts: row.get(4)?,
        // Nothing says how long it is good: it is not.
        good_until: Millis(row.get::<Option<i64>>(5)?.unwrap_or(0)),
        partner: row.get(0)?,
        mode: row.get(1)?,
        lease_token: lease_token.to_owned(),
    })
}
