//! Mails to users. They rest sealed, and are found by the keyed hash of their address.

use gate_domain::ids::{MailId, Mode, Tenant};
use gate_domain::time::Millis;

use crate::read::Reader;
use crate::{Param, Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into mails
    (partner_id, mode, id, email_hash, mail_sealed, created_at) values ($1, $2, $3, $4, $5, $6)");
const LIST: Sql = sql("select id, mail_sealed, created_at from mails
    where partner_id = $1 and mode = $2 and id < $3 order by id desc limit $4");
const LIST_TO: Sql = sql("select id, mail_sealed, created_at from mails
    where partner_id = $1 and mode = $2 and id < $3 and email_hash = $5
    order by id desc limit $4");
const ERASE: Sql = sql("delete from mails where mode = $1 and email_hash = $2");
const REMOVE_OLD: Sql = sql("delete from mails where (partner_id, mode, id) in
    (select partner_id, mode, id from mails where created_at < $1 limit $2)");

pub(crate) const STATEMENTS: &[Sql] = &[INSERT, LIST, LIST_TO, ERASE, REMOVE_OLD];

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

impl Tx {
    /// Write a mail down.
    pub fn insert_mail(
        &mut self,
        tenant: &Tenant,
        email_hash: &[u8],
        mail: &MailRow,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let MailRow { id, mail_sealed, created_at } = mail;
        let params: [&dyn Param; 6] =
            [&partner, &mode, &id.as_str(), &email_hash, mail_sealed, &created_at.0];
        self.write(INSERT, &params)
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

    /// Forget every mail to an address of a user.
    pub(crate) fn erase_mails(&mut self, mode: Mode, email_hash: &[u8]) -> Result<(), StoreError> {
        self.write(ERASE, &[&mode.as_str(), &email_hash])
    }

    /// Forget some of the mails that were written before this instant; how many.
    pub fn remove_old_mails(&mut self, before: Millis, limit: i64) -> Result<u64, StoreError> {
        self.execute(REMOVE_OLD, &[&before.0, &limit])
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
