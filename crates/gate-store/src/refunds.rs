//! Refunds of completed transactions.

use gate_domain::ids::{RefundId, Tenant, TransactionId};
use gate_domain::refund::{Refund, State};
use gate_domain::time::Millis;

use crate::locked::Locked;
use crate::read::{Reader, to_json};
use crate::{Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into refunds
    (partner_id, mode, id, transaction_id, session_id, amount, service_units, status, state,
        created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)");
const FIND: Sql = sql("select partner_id, mode, id, transaction_id, session_id, amount,
        service_units, state, created_at, updated_at
    from refunds where partner_id = $1 and mode = $2 and id = $3");
const LOCK: Sql = FIND.for_update();
const SAVE: Sql = sql("update refunds set status = $4, state = $5, updated_at = $6
    where partner_id = $1 and mode = $2 and id = $3");
const LIST_OF_TRANSACTION: Sql = sql("select partner_id, mode, id, transaction_id, session_id,
        amount, service_units, state, created_at, updated_at
    from refunds where partner_id = $1 and mode = $2 and transaction_id = $3 and id < $4
    order by id desc limit $5");
const LIST_ALL_OF_TRANSACTION: Sql = sql("select partner_id, mode, id, transaction_id, session_id,
        amount, service_units, state, created_at, updated_at
    from refunds where partner_id = $1 and mode = $2 and transaction_id = $3 order by id");
const LIST_IN_REVIEW: Sql = sql("select partner_id, mode, id, transaction_id, session_id,
        amount, service_units, state, created_at, updated_at
    from refunds where partner_id = $1 and mode = $2 and status in ('pending', 'review')
        and status = 'review'
    order by id limit $3");
// A refund that succeeded is booked once, and no other is; it is of a completed transaction.
// A payment that was taken back may have been given back in part before.
const LIST_MISBOOKED: Sql = sql("select r.id from refunds r
    left join transactions t
        on t.partner_id = r.partner_id and t.mode = r.mode and t.id = r.transaction_id
    where t.id is null
        or (t.status <> 'completed' and not exists (select 1 from postings p
            where p.partner_id = t.partner_id and p.mode = t.mode and p.transaction_id = t.id
                and p.booking = 'payment_reversed'))
        or (case when r.status = 'succeeded' then 1 else 0 end) <> (select count(*) from postings p
            where p.partner_id = r.partner_id and p.mode = r.mode
                and p.transaction_id = r.transaction_id and p.subject = r.id)
    limit $1");

pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT,
    FIND,
    LOCK,
    SAVE,
    LIST_OF_TRANSACTION,
    LIST_ALL_OF_TRANSACTION,
    LIST_IN_REVIEW,
    LIST_MISBOOKED,
];

impl Tx {
    /// Write down a new refund.
    ///
    /// # Errors
    /// [`StoreError::Unique`] when another one of its transaction is under way.
    pub fn insert_refund(&mut self, refund: &Refund) -> Result<(), StoreError> {
        let tenant = &refund.tenant;
        self.write(
            INSERT,
            &[
                &tenant.partner.as_str(),
                &tenant.mode.as_str(),
                &refund.id.as_str(),
                &refund.transaction_id.as_str(),
                &refund.session_id.as_str(),
                &to_json(&refund.amount),
                &refund.service_units.to_string(),
                &refund.state.status(),
                &to_json(&refund.state),
                &refund.created_at.0,
            ],
        )
    }

    /// Read a refund.
    pub fn find_refund(
        &mut self,
        tenant: &Tenant,
        id: &RefundId,
    ) -> Result<Option<Refund>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND, &[&partner, &mode, &id.as_str()], read)
    }

    /// Read a refund and keep everybody else from changing it. Its session and transaction are
    /// locked first, always in that order.
    pub fn lock_refund(
        &mut self,
        tenant: &Tenant,
        id: &RefundId,
    ) -> Result<Option<Locked<Refund>>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let refund = self.query_opt(LOCK, &[&partner, &mode, &id.as_str()], read)?;
        Ok(refund.map(Locked::new))
    }

    /// Save where a refund has come to.
    pub fn save_refund(
        &mut self,
        seen: Locked<Refund>,
        state: State,
        now: Millis,
    ) -> Result<Refund, StoreError> {
        let mut refund = seen.into_inner();
        refund.state = state;
        refund.updated_at = now.max(refund.updated_at);
        self.write(
            SAVE,
            &[
                &refund.tenant.partner.as_str(),
                &refund.tenant.mode.as_str(),
                &refund.id.as_str(),
                &refund.state.status(),
                &to_json(&refund.state),
                &refund.updated_at.0,
            ],
        )?;
        Ok(refund)
    }

    /// A page of a transaction's refunds, newest first, after the one named (or from the newest).
    pub fn list_refunds(
        &mut self,
        tenant: &Tenant,
        transaction: &TransactionId,
        after: Option<&RefundId>,
        limit: i64,
    ) -> Result<Vec<Refund>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let after = after.map_or_else(
            || format!("{}_{}_{}", RefundId::PREFIX, tenant.mode, "z".repeat(26)),
            ToString::to_string,
        );
        let transaction = transaction.as_str();
        self.query(LIST_OF_TRANSACTION, &[&partner, &mode, &transaction, &after, &limit], read)
    }

    /// Every refund of a transaction, in order. There are few: each takes at least one unit, and one
    /// at a time is under way.
    pub fn list_all_refunds(
        &mut self,
        tenant: &Tenant,
        transaction: &TransactionId,
    ) -> Result<Vec<Refund>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query(LIST_ALL_OF_TRANSACTION, &[&partner, &mode, &transaction.as_str()], read)
    }

    /// Refunds that a person has to look into, oldest first.
    pub fn list_refunds_in_review(
        &mut self,
        tenant: &Tenant,
        limit: i64,
    ) -> Result<Vec<Refund>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query(LIST_IN_REVIEW, &[&partner, &mode, &limit], read)
    }

    /// Refunds whose postings do not fit their status, or whose transaction is not completed.
    pub fn list_misbooked_refunds(&mut self, limit: i64) -> Result<Vec<String>, StoreError> {
        self.query(LIST_MISBOOKED, &[&limit], |row| row.get(0))
    }
}

fn read(row: &Row<'_>) -> Result<Refund, StoreError> {
    let reader = Reader::new(row, "refunds", 2);
    Ok(Refund {
        tenant: reader.tenant()?,
        id: reader.parse(2)?,
        transaction_id: reader.parse(3)?,
        session_id: reader.parse(4)?,
        amount: reader.json(5)?,
        service_units: reader.word(6, |text| text.parse().ok())?,
        state: reader.json(7)?,
        created_at: Millis(reader.int(8)?),
        updated_at: Millis(reader.int(9)?),
    })
}
