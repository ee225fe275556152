//! The ledger: append-only, and chained by hashes. Nothing here updates or deletes, and the database
//! refuses whoever does.

use std::fmt::Write as _;

use gate_domain::ids::{PostingId, Tenant, TransactionId};
use gate_domain::ledger::{Line, Posting, Record, imbalance};
use gate_domain::time::Millis;
use sha2::{Digest, Sha256};

use crate::feeds::ChainEnd;
use crate::{Row, Sql, StoreError, Tx, sql};

const INSERT_POSTING: Sql = sql("insert into postings
    (partner_id, mode, number, id, transaction_id, subject, booking, created_at, previous, hash)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
const INSERT_ENTRY: Sql = sql("insert into entries
    (partner_id, mode, number, line, account, asset, units) values ($1, $2, $3, $4, $5, $6, $7)");
const LIST: Sql = sql("select partner_id, mode, number, id, transaction_id, subject, booking,
        created_at, previous, hash
    from postings where (partner_id, mode, number) > ($1, $2, $3)
    order by partner_id, mode, number limit $4");
const LIST_LINES: Sql = sql("select partner_id, mode, number, account, asset, units
    from entries where (partner_id, mode, number) > ($1, $2, $3)
        and (partner_id, mode, number) <= ($4, $5, $6)
    order by partner_id, mode, number, line");
const LIST_OF_TENANT: Sql = sql("select partner_id, mode, number, id, transaction_id, subject,
        booking, created_at, previous, hash
    from postings where partner_id = $1 and mode = $2 and number > $3 order by number limit $4");
const LIST_OF_TRANSACTION: Sql =
    sql("select partner_id, mode, number, id, transaction_id, subject,
        booking, created_at, previous, hash
    from postings where partner_id = $1 and mode = $2 and transaction_id = $3 order by number");
const LIST_CHAIN_ENDS: Sql = sql("select partner_id, mode, last_posting, ledger_head from feeds
    where (partner_id, mode) > ($1, $2) order by partner_id, mode limit $3");
// Lines whose posting is missing: they belong to no fact.
const LIST_STRAY_LINES: Sql = sql("select e.partner_id, e.mode, e.number from entries e
    left join postings p on p.partner_id = e.partner_id and p.mode = e.mode and p.number = e.number
    where p.number is null limit $1");

pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT_POSTING,
    INSERT_ENTRY,
    LIST,
    LIST_LINES,
    LIST_OF_TENANT,
    LIST_OF_TRANSACTION,
    LIST_CHAIN_ENDS,
    LIST_STRAY_LINES,
];

/// A posting as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostingRow {
    /// What its hash covers.
    pub record: Record,
    /// The hash that was stored with it.
    pub hash: String,
}

/// Where a posting stands among all. The default is before the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PostingPlace {
    /// The partner's id.
    pub partner: String,
    /// The mode's word.
    pub mode: String,
    /// Its place in the chain, from 1.
    pub number: i64,
}

/// SHA-256 of a posting's canonical text, in hexadecimal.
pub fn hash_of(record: &Record) -> String {
    let digest = Sha256::digest(record.text());
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

impl PostingRow {
    /// Where it stands.
    pub fn place(&self) -> PostingPlace {
        let Record { partner, mode, number, .. } = &self.record;
        PostingPlace { partner: partner.clone(), mode: mode.clone(), number: *number }
    }
}

impl Tx {
    /// Book a posting about `subject`: a transaction, or one of its refunds.
    ///
    /// # Errors
    /// [`StoreError::Unique`] when this fact is booked already.
    ///
    /// # Panics
    /// When it does not balance.
    pub fn insert_posting(
        &mut self,
        tenant: &Tenant,
        id: &PostingId,
        transaction: &TransactionId,
        subject: &str,
        posting: &Posting,
        now: Millis,
    ) -> Result<(), StoreError> {
        assert!(imbalance(posting.entries()).is_empty(), "nothing is booked out of balance");
        let end = self.lock_chain(tenant)?;
        let lines = posting.entries().iter().map(|entry| Line {
            account: entry.account.to_string(),
            asset: entry.amount.asset.key(),
            units: entry.amount.units.to_string(),
        });
        let record = Record {
            partner: tenant.partner.to_string(),
            mode: tenant.mode.to_string(),
            number: end.number + 1,
            id: id.to_string(),
            transaction: transaction.to_string(),
            subject: subject.to_owned(),
            booking: posting.booking().as_str().to_owned(),
            created_at: now.0,
            previous: end.head,
            lines: lines.collect(),
        };
        let hash = hash_of(&record);
        self.write_posting(&record, &hash)?;
        self.chain_grew(tenant, ChainEnd { number: record.number, head: hash });
        Ok(())
    }

    fn write_posting(&mut self, record: &Record, hash: &str) -> Result<(), StoreError> {
        let Record { partner, mode, number, id, transaction, .. } = record;
        let Record { subject, booking, created_at, previous, lines, .. } = record;
        self.write(
            INSERT_POSTING,
            &[
                partner,
                mode,
                number,
                id,
                transaction,
                subject,
                booking,
                created_at,
                previous,
                &hash,
            ],
        )?;
        for (place, Line { account, asset, units }) in (0i64..).zip(lines) {
            self.write(INSERT_ENTRY, &[partner, mode, number, &place, account, asset, units])?;
        }
        Ok(())
    }

    /// Every posting with its lines in pages, after the one named: the auditor's question.
    pub fn list_postings(
        &mut self,
        after: &PostingPlace,
        limit: i64,
    ) -> Result<Vec<PostingRow>, StoreError> {
        let PostingPlace { partner, mode, number } = after;
        let rows = self.query(LIST, &[partner, mode, number, &limit], read)?;
        self.with_lines(after, rows)
    }

    /// A page of one partner's postings with their lines, in the order of their chain.
    pub fn list_own_postings(
        &mut self,
        tenant: &Tenant,
        after: i64,
        limit: i64,
    ) -> Result<Vec<PostingRow>, StoreError> {
        let (partner, mode) = (tenant.partner.to_string(), tenant.mode.to_string());
        self.list_chain(&PostingPlace { partner, mode, number: after }, limit)
    }

    /// The same of whichever chain this is a place in, after that place.
    pub fn list_chain(
        &mut self,
        after: &PostingPlace,
        limit: i64,
    ) -> Result<Vec<PostingRow>, StoreError> {
        let PostingPlace { partner, mode, number } = after;
        let rows = self.query(LIST_OF_TENANT, &[partner, mode, number, &limit], read)?;
        self.with_lines(after, rows)
    }

    /// The postings of one transaction with their lines, in order.
    pub fn list_postings_of(
        &mut self,
        tenant: &Tenant,
        transaction: &TransactionId,
    ) -> Result<Vec<PostingRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let rows =
            self.query(LIST_OF_TRANSACTION, &[&partner, &mode, &transaction.as_str()], read)?;
        let mut whole = Vec::with_capacity(rows.len());
        for row in rows {
            let place = row.place();
            let before = PostingPlace { number: place.number - 1, ..place };
            whole.extend(self.with_lines(&before, vec![row])?);
        }
        Ok(whole)
    }

    /// Where chains end as their partners' feeds have it, with the hash of the last posting: a page,
    /// behind the chain of `after`.
    pub fn list_chain_ends(
        &mut self,
        after: &PostingPlace,
        limit: i64,
    ) -> Result<Vec<(PostingPlace, String)>, StoreError> {
        self.query(LIST_CHAIN_ENDS, &[&after.partner, &after.mode, &limit], |row| {
            let place =
                PostingPlace { partner: row.get(0)?, mode: row.get(1)?, number: row.get(2)? };
            Ok((place, row.get(3)?))
        })
    }

    /// Lines that belong to no posting.
    pub fn list_stray_lines(&mut self, limit: i64) -> Result<Vec<PostingPlace>, StoreError> {
        self.query(LIST_STRAY_LINES, &[&limit], |row| {
            Ok(PostingPlace { partner: row.get(0)?, mode: row.get(1)?, number: row.get(2)? })
        })
    }

    /// Put the lines to postings that follow each other, and come after `after`.
    fn with_lines(
        &mut self,
        after: &PostingPlace,
        mut rows: Vec<PostingRow>,
    ) -> Result<Vec<PostingRow>, StoreError> {
        let Some(last) = rows.last().map(PostingRow::place) else { return Ok(rows) };
        let mut found = rows.iter_mut().peekable();
        self.query(
            LIST_LINES,
            &[&after.partner, &after.mode, &after.number, &last.partner, &last.mode, &last.number],
            |row| {
                let place =
                    PostingPlace { partner: row.get(0)?, mode: row.get(1)?, number: row.get(2)? };
                let line = Line { account: row.get(3)?, asset: row.get(4)?, units: row.get(5)? };
                // Lines come in the order of their postings; one without a posting is passed over.
                while found.next_if(|posting| before(&posting.place(), &place)).is_some() {}
                if let Some(posting) = found.peek_mut().filter(|posting| posting.place() == place) {
                    posting.record.lines.push(line);
                }
                Ok(())
            },
        )?;
        Ok(rows)
    }
}

/// Whether one place comes before another. Ids are ASCII, so every collation sorts them alike.
fn before(one: &PostingPlace, other: &PostingPlace) -> bool {
    let key = |place: &PostingPlace| (place.partner.clone(), place.mode.clone(), place.number);
    key(one) < key(other)
}

fn read(row: &Row<'_>) -> Result<PostingRow, StoreError> {
    let record = Record {
        partner: row.get(0)?,
        mode: row.get(1)?,
        number: row.get(2)?,
        id: row.get(3)?,
        transaction: row.get(4)?,
        subject: row.get(5)?,
        booking: row.get(6)?,
        created_at: row.get(7)?,
        previous: row.get(8)?,
        lines: Vec::new(),
    };
    Ok(PostingRow { record, hash: row.get(9)? })
}
