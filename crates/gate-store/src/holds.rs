//! Holds: written once, changed once at most, ended once. Nothing here updates or deletes.

use std::collections::BTreeMap;

use gate_domain::ids::{Tenant, TransactionId};
use gate_domain::ledger::{Hold, HoldEnd};
use gate_domain::quote::Quote;
use gate_domain::time::Millis;

use crate::read::Reader;
use crate::{Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into holds
    (partner_id, mode, subject, transaction_id, account, asset, units, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)");
// The first end counts: what a rail says later contradicts itself, and a person looks into it.
const END: Sql = sql("insert into hold_ends (partner_id, mode, subject, ended, created_at)
    values ($1, $2, $3, $4, $5) on conflict do nothing");
const CHANGE: Sql = sql("insert into hold_changes (partner_id, mode, subject, units, created_at)
    values ($1, $2, $3, $4, $5)");
/// What is held now: each subject with the columns of its hold.
macro_rules! held {
    ($and:literal, $from:literal, $which:literal) => {
        concat!(
            "select h.subject, h.account, h.asset, coalesce(c.units, h.units)",
            $and,
            " from holds h
    left join hold_changes c
        on c.partner_id = h.partner_id and c.mode = h.mode and c.subject = h.subject
    left join hold_ends e
        on e.partner_id = h.partner_id and e.mode = h.mode and e.subject = h.subject ",
            $from,
            " where e.subject is null ",
            $which
        )
    };
}

const LIST_HELD: Sql =
    sql(held!("", "", "and h.partner_id = $1 and h.mode = $2 order by h.subject"));
const LIST_PROMISED: Sql = sql(held!(
    ", q.body",
    "join transactions t on t.partner_id = h.partner_id and t.mode = h.mode and t.id = h.subject
    join quotes q on q.partner_id = t.partner_id and q.mode = t.mode and q.id = t.quote_id",
    ""
));
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
pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT,
    CHANGE,
    END,
    LIST_HELD,
    COUNT,
    LIST_AMISS,
    LIST_UNHELD,
    LIST_STRAY_ENDS,
    LIST_PROMISED,
];

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
        let (transaction, (account, asset, units)) = (transaction.as_str(), columns(hold));
        self.write(
            INSERT,
            &[&partner, &mode, &subject, &transaction, &account, &asset, &units, &now.0],
        )
    }

    /// Hold so many smallest units from now on, of the same asset on the same account.
    ///
    /// # Errors
    /// [`StoreError::Unique`] when it was changed before.
    pub fn change_hold(
        &mut self,
        tenant: &Tenant,
        subject: &str,
        units: i128,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.write(CHANGE, &[&partner, &mode, &subject, &units.to_string(), &now.0])
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
        let promised = self.query(LIST_PROMISED, &[], |row| {
            let held = (row.get(1)?, row.get(2)?, row.get(3)?);
            // One that cannot be read promises nothing, and must not keep the others from being seen.
            let quote = Reader::new(row, "quotes", 0).json::<Quote>(4).ok();
            let promised = quote.filter(|quote| quote.delivered().units > 0);
            let promised = promised.map(|quote| columns(&Hold::of_payout(&quote)));
            Ok((row.get::<String>(0)?, promised == Some(held)))
        })?;
        let otherwise = promised.into_iter().filter(|(_, as_promised)| !as_promised);
        let otherwise = otherwise.take(usize::try_from(limit).unwrap_or(usize::MAX));
        amiss.extend(otherwise.map(|(subject, _)| subject));
        Ok(amiss)
    }
}

/// The columns of a hold.
fn columns(hold: &Hold) -> (String, String, String) {
    (hold.account.to_string(), hold.amount.asset.key(), hold.amount.units.to_string())
}
