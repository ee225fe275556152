//! Holds: written once, ended once. Nothing here updates or deletes.

use std::collections::BTreeMap;

use gate_domain::ids::{Tenant, TransactionId};
use gate_domain::ledger::{Hold, HoldEnd};
use gate_domain::time::Millis;

use crate::read::Reader;
use crate::{Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into holds
    (partner_id, mode, subject, transaction_id, account, asset, units, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)");
// The first end counts: what a rail says later contradicts itself, and a person looks into it.
const END: Sql = sql("insert into hold_ends (partner_id, mode, subject, ended, created_at)
    values ($1, $2, $3, $4, $5) on conflict do nothing");
const LIST_HELD: Sql = sql("select h.subject, h.account, h.asset, h.units from holds h
    left join hold_ends e
        on e.partner_id = h.partner_id and e.mode = h.mode and e.subject = h.subject
    where h.partner_id = $1 and h.mode = $2 and e.subject is null order by h.subject");
const COUNT: Sql = sql("select count(*) from holds");
// A hold stands exactly as long as its transaction or refund is under way, ends only where there was
// one, and ends as posted only where something was booked as gone.
const LIST_AMISS: Sql = sql("select h.subject from holds h
        left join hold_ends e
            on e.partner_id = h.partner_id and e.mode = h.mode and e.subject = h.subject
        left join transactions t
            on t.partner_id = h.partner_id and t.mode = h.mode and t.id = h.subject
        left join refunds r
            on r.partner_id = h.partner_id and r.mode = h.mode and r.id = h.subject
    where (t.id is null and r.id is null)
        or (e.subject is null and coalesce(t.status, r.status)
            in ('completed', 'failed', 'refunded', 'succeeded'))
        or (r.status in ('pending', 'review') and e.subject is not null)
        or (t.status in ('awaiting_payment', 'payment_received', 'settling')
            and e.subject is not null)
        or (e.ended = 'posted' and not exists (select 1 from postings p
            where p.partner_id = h.partner_id and p.mode = h.mode
                and p.transaction_id = h.transaction_id and p.subject = h.subject
                and p.booking in ('tokens_delivered', 'money_paid_out', 'refund_paid')))
    limit $1");
const LIST_UNHELD: Sql = sql("select t.id from transactions t
    left join holds h on h.partner_id = t.partner_id and h.mode = t.mode and h.subject = t.id
    where h.subject is null
        and t.status in ('awaiting_payment', 'payment_received', 'settling')
    limit $1");
const LIST_STRAY_ENDS: Sql = sql("select e.subject from hold_ends e
    left join holds h on h.partner_id = e.partner_id and h.mode = e.mode and h.subject = e.subject
    where h.subject is null limit $1");

pub(crate) const STATEMENTS: &[Sql] =
    &[INSERT, END, LIST_HELD, COUNT, LIST_AMISS, LIST_UNHELD, LIST_STRAY_ENDS];

impl Tx {
    /// Hold an amount for `subject`: a transaction, or one of its refunds.
    ///
    /// # Errors
    /// [`StoreError::Unique`] when it holds something already.
    pub fn insert_hold(
        &mut self,
        tenant: &Tenant,
        subject: &str,
        transaction: &TransactionId,
        hold: &Hold,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.write(
            INSERT,
            &[
                &partner,
                &mode,
                &subject,
                &transaction.as_str(),
                &hold.account.to_string(),
                &hold.amount.asset.key(),
                &hold.amount.units.to_string(),
                &now.0,
            ],
        )
    }

    /// End what is held for a subject. What has ended stays as it ended.
    pub fn end_hold(
        &mut self,
        tenant: &Tenant,
        subject: &str,
        end: HoldEnd,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.write(END, &[&partner, &mode, &subject, &end.as_str(), &now.0])
    }

    /// What is held of a partner now, in smallest units by account and asset.
    pub fn sum_held(
        &mut self,
        tenant: &Tenant,
    ) -> Result<BTreeMap<(String, String), i128>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let mut sums = BTreeMap::new();
        self.query(LIST_HELD, &[&partner, &mode], |row| {
            let units: i128 = Reader::new(row, "holds", 0).word(3, |text| text.parse().ok())?;
            *sums.entry((row.get(1)?, row.get(2)?)).or_insert(0) += units;
            Ok(())
        })?;
        Ok(sums)
    }

    /// How many holds there ever were.
    pub fn count_holds(&mut self) -> Result<i64, StoreError> {
        self.query_one(COUNT, &[], |row| row.get(0))
    }

    /// Transactions and refunds whose hold does not fit where they stand.
    pub fn list_holds_amiss(&mut self, limit: i64) -> Result<Vec<String>, StoreError> {
        let mut amiss = Vec::new();
        for statement in [LIST_AMISS, LIST_UNHELD, LIST_STRAY_ENDS] {
            amiss.extend(self.query(statement, &[&limit], |row| row.get::<String>(0))?);
        }
        Ok(amiss)
    }
}
