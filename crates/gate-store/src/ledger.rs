//! The ledger: append-only. Nothing here updates or deletes.

use gate_domain::ids::{PostingId, Tenant, TransactionId};
use gate_domain::ledger::Posting;
use gate_domain::time::Millis;

use crate::read::Reader;
use crate::{Sql, StoreError, Tx, sql};

const INSERT_POSTING: Sql = sql("insert into postings
    (partner_id, mode, id, transaction_id, booking, created_at) values ($1, $2, $3, $4, $5, $6)");
const INSERT_ENTRY: Sql = sql("insert into entries
    (partner_id, mode, posting_id, line, account, asset, units) values ($1, $2, $3, $4, $5, $6, $7)");
const LIST_ENTRIES: Sql = sql("select partner_id, mode, posting_id, line, account, asset, units
    from entries where (partner_id, mode, posting_id, line) > ($1, $2, $3, $4)
    order by partner_id, mode, posting_id, line limit $5");

pub(crate) const STATEMENTS: &[Sql] = &[INSERT_POSTING, INSERT_ENTRY, LIST_ENTRIES];

/// Where a line of the ledger stands. The default is before the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryPlace {
    /// The partner's id.
    pub partner: String,
    /// The mode's word.
    pub mode: String,
    /// The posting that it belongs to.
    pub posting_id: String,
    /// Its place in the posting, from 0.
    pub line: i64,
}

/// One stored line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryRow {
    /// Where it stands.
    pub place: EntryPlace,
    /// The account's word.
    pub account: String,
    /// The asset's key, such as `USDC.base`.
    pub asset: String,
    /// Smallest units, signed.
    pub units: i128,
}

impl Tx {
    /// Book a posting for a transaction.
    ///
    /// # Errors
    /// [`StoreError::Unique`] when this fact is booked for this transaction already.
    pub fn insert_posting(
        &mut self,
        tenant: &Tenant,
        id: &PostingId,
        transaction: &TransactionId,
        posting: &Posting,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let booking = posting.booking().as_str();
        self.write(
            INSERT_POSTING,
            &[&partner, &mode, &id.as_str(), &transaction.as_str(), &booking, &now.0],
        )?;
        for (line, entry) in (0i64..).zip(posting.entries()) {
            self.write(
                INSERT_ENTRY,
                &[
                    &partner,
                    &mode,
                    &id.as_str(),
                    &line,
                    &entry.account.as_str(),
                    &entry.amount.asset.key(),
                    &entry.amount.units.to_string(),
                ],
            )?;
        }
        Ok(())
    }

    /// Every line of the ledger in pages, after the one named: the auditor's question.
    pub fn list_entries(
        &mut self,
        after: &EntryPlace,
        limit: i64,
    ) -> Result<Vec<EntryRow>, StoreError> {
        let EntryPlace { partner, mode, posting_id, line } = after;
        self.query(LIST_ENTRIES, &[partner, mode, posting_id, line, &limit], |row| {
            let reader = Reader::new(row, "entries", 2);
            let place = EntryPlace {
                partner: row.get(0)?,
                mode: row.get(1)?,
                posting_id: row.get(2)?,
                line: row.get(3)?,
            };
            Ok(EntryRow {
                place,
                account: row.get(4)?,
                asset: row.get(5)?,
                units: reader.word(6, |text| text.parse().ok())?,
            })
        })
    }
}
