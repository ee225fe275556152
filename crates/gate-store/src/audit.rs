//! Questions of the auditor: they walk whole tables, so nothing on a hot path asks them.

use std::collections::BTreeMap;

use gate_domain::time::Millis;

use crate::tx::Engine;
use crate::{Sql, StoreError, Tx, sql};

const COUNT_SESSIONS: Sql = sql("select status, count(*) from sessions group by status");
const COUNT_TRANSACTIONS: Sql = sql("select status, count(*) from transactions group by status");
const COUNT_DELIVERIES: Sql = sql("select status, count(*) from deliveries group by status");
const LIST_FEED_GAPS: Sql = sql("select f.partner_id, f.mode from feeds f
    where f.last_sequence <> (select count(*) from events e
            where e.partner_id = f.partner_id and e.mode = f.mode)
        + coalesce((select b.removed_through from feed_beginnings b
            where b.partner_id = f.partner_id and b.mode = f.mode), 0)");
/// Transactions whose postings do not fit their status: all of them, or the one that is named.
// What each status says about the books: how often the payment came, the tokens left, the payment
// went back. Where a person closed a case in which the user has both, that is written off, and all
// three were booked. A payment that was taken back after its delivery, and perhaps came again, says
// nothing about the status: the house bears it.
macro_rules! misbooked {
    ($which:literal) => {
        concat!(
            "select t.id from transactions t where ",
            $which,
            " and t.status <> 'review'
        and (case when t.status in ('awaiting_payment', 'failed') then 0 else 100 end
            + case when t.status = 'completed' then 10 else 0 end
            + case when t.status = 'refunded' then 1 else 0 end)
        <> (select coalesce(sum(case
                when p.booking in ('payment_captured', 'tokens_received') then 100
                when p.booking in ('tokens_delivered', 'money_paid_out') then 10
                when p.booking in ('payment_refunded', 'tokens_returned') then 1
                when p.booking in ('payment_reversed', 'payment_reinstated') then 0
                when t.status = 'completed' then -1 else -10 end), 0)
            from postings p where p.partner_id = t.partner_id and p.mode = t.mode
                and p.transaction_id = t.id and p.subject = t.id)
    limit $1"
        )
    };
}

const LIST_MISBOOKED: Sql = sql(misbooked!("1 = 1"));
const FIND_MISBOOKED: Sql = sql(misbooked!("t.partner_id = $2 and t.mode = $3 and t.id = $4"));
// What keeps the books append-only: two for each of the six tables.
const COUNT_GUARDS_SQLITE: Sql = sql("select count(*) from sqlite_master
    where type = 'trigger' and (name like '%_stay' or name like '%_remain')
        and tbl_name in ('postings', 'entries', 'holds', 'hold_changes', 'hold_ends',
            'operator_actions')");
const COUNT_GUARDS_POSTGRES: Sql = sql("select count(*) from pg_trigger g
    join pg_class c on c.oid = g.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any(current_schemas(false)) and g.tgenabled = 'O'
        and (g.tgname like '%_stay' or g.tgname like '%_remain')
        and c.relname in ('postings', 'entries', 'holds', 'hold_changes', 'hold_ends',
            'operator_actions')");
const LIST_SETTLED_TWICE: Sql =
    sql("select session_id from transactions where status = 'completed'
    group by partner_id, mode, session_id having count(*) > 1 limit $1");
const LIST_BOOKED_TWICE: Sql = sql("select transaction_id from postings
    group by partner_id, mode, transaction_id, subject, booking having count(*) > 1 limit $1");
const LIST_BOOKED_FOR_NOTHING: Sql = sql("select p.id from postings p
    left join transactions t
        on t.partner_id = p.partner_id and t.mode = p.mode and t.id = p.transaction_id
    where t.id is null limit $1");
// A session that is completed stays so, though its payment may be taken back.
const LIST_OUT_OF_STEP: Sql = sql("select s.id from sessions s left join transactions t
        on t.partner_id = s.partner_id and t.mode = s.mode and t.id = s.transaction_id
    where (s.status = 'completed' and (t.status is null or t.status <> 'completed')
            and not exists (select 1 from postings p where p.partner_id = t.partner_id
                and p.mode = t.mode and p.transaction_id = t.id and p.booking = 'payment_reversed'))
        or (s.status <> 'completed' and t.status = 'completed')
    limit $1");
// A rail payment has settled exactly when its transaction is completed, and its quote says so; it stays
// settled though its payment may be taken back.
const LIST_RAILS_OUT_OF_STEP: Sql = sql("select r.id from rail_payments r
    left join transactions t on t.partner_id = r.partner_id and t.mode = r.mode
        and t.id = r.transaction_id and t.rail_payment_id = r.id
    left join quotes q on q.partner_id = r.partner_id and q.mode = r.mode and q.id = r.quote_id
        and q.consumed_by = r.transaction_id
    where t.id is null or q.id is null
        or (r.status = 'settled' and t.status <> 'completed'
            and not exists (select 1 from postings p where p.partner_id = t.partner_id
                and p.mode = t.mode and p.transaction_id = t.id and p.booking = 'payment_reversed'))
        or (r.status <> 'settled' and t.status = 'completed')
        or (r.status = 'processing' and t.status in ('failed', 'refunded'))
    limit $1");
// No endpoint is told of itself. Both engines look the set of delivered events up in a temporary index of its own.
const LIST_UNDELIVERED: Sql = sql("select v.id from events v
    left join (select distinct event_id as id from deliveries) delivered on delivered.id = v.id
    where delivered.id is null
        and exists (select 1 from endpoints e where e.partner_id = v.partner_id
            and e.mode = v.mode and e.takes_all_since < v.created_at
            and (v.subject is null or v.subject <> e.id))
    limit $1");
// A row that is really written: a statement that changes nothing succeeds on a full disk too.
const TOUCH: Sql = sql("insert into deployment (name, value, created_at)
    values ('touched', $1, $2) on conflict (name) do update set created_at = excluded.created_at");

pub(crate) const STATEMENTS: &[Sql] = &[
    TOUCH,
    COUNT_SESSIONS,
    COUNT_TRANSACTIONS,
    COUNT_DELIVERIES,
    LIST_FEED_GAPS,
    LIST_MISBOOKED,
    FIND_MISBOOKED,
    LIST_SETTLED_TWICE,
    LIST_BOOKED_TWICE,
    LIST_BOOKED_FOR_NOTHING,
    LIST_OUT_OF_STEP,
    LIST_RAILS_OUT_OF_STEP,
    LIST_UNDELIVERED,
];

/// How many triggers keep the books append-only.
pub const GUARDS: i64 = 12;

impl Tx {
    /// A write that says nothing but when it was: does the database take one?
    pub fn touch(&mut self, now: Millis) -> Result<(), StoreError> {
        let nothing: &[u8] = &[];
        self.execute(TOUCH, &[&nothing, &now.0]).map(drop)
    }

    /// Sessions by status.
    pub fn count_sessions(&mut self) -> Result<BTreeMap<String, i64>, StoreError> {
        self.count(COUNT_SESSIONS)
    }

    /// Transactions by status.
    pub fn count_transactions(&mut self) -> Result<BTreeMap<String, i64>, StoreError> {
        self.count(COUNT_TRANSACTIONS)
    }

    /// Deliveries by status.
    pub fn count_deliveries(&mut self) -> Result<BTreeMap<String, i64>, StoreError> {
        self.count(COUNT_DELIVERIES)
    }

    /// Feeds, as partner and mode, whose events do not fill their places.
    pub fn list_feed_gaps(&mut self) -> Result<Vec<String>, StoreError> {
        self.query(LIST_FEED_GAPS, &[], |row| {
            Ok(format!("{} in {} mode", row.get::<String>(0)?, row.get::<String>(1)?))
        })
    }

    /// Transactions whose postings do not fit their status.
    pub fn list_misbooked_transactions(&mut self, limit: i64) -> Result<Vec<String>, StoreError> {
        self.query(LIST_MISBOOKED, &[&limit], |row| row.get(0))
    }

    /// Whether the postings of one transaction do not fit its status.
    pub fn is_misbooked(
        &mut self,
        partner: &str,
        mode: &str,
        transaction: &str,
    ) -> Result<bool, StoreError> {
        let params: [&dyn crate::Param; 4] = [&1i64, &partner, &mode, &transaction];
        Ok(self.query_opt(FIND_MISBOOKED, &params, |_| Ok(()))?.is_some())
    }

    /// How many triggers keep the books append-only; [`GUARDS`] is right.
    pub fn count_guards(&mut self) -> Result<i64, StoreError> {
        let statement = match self.engine {
            Engine::Sqlite(_) => COUNT_GUARDS_SQLITE,
            Engine::Postgres(_) => COUNT_GUARDS_POSTGRES,
        };
        self.query_one(statement, &[], |row| row.get(0))
    }

    /// Sessions with more than one completed transaction.
    pub fn list_settled_twice(&mut self, limit: i64) -> Result<Vec<String>, StoreError> {
        self.query(LIST_SETTLED_TWICE, &[&limit], |row| row.get(0))
    }

    /// Transactions of which a fact is booked more than once.
    pub fn list_booked_twice(&mut self, limit: i64) -> Result<Vec<String>, StoreError> {
        self.query(LIST_BOOKED_TWICE, &[&limit], |row| row.get(0))
    }

    /// Postings whose transaction is missing.
    pub fn list_booked_for_nothing(&mut self, limit: i64) -> Result<Vec<String>, StoreError> {
        self.query(LIST_BOOKED_FOR_NOTHING, &[&limit], |row| row.get(0))
    }

    /// Sessions that are completed without their transaction being so, or the other way round.
    pub fn list_sessions_out_of_step(&mut self, limit: i64) -> Result<Vec<String>, StoreError> {
        self.query(LIST_OUT_OF_STEP, &[&limit], |row| row.get(0))
    }

    /// Rail payments that do not agree with their transaction or their quote.
    pub fn list_rails_out_of_step(&mut self, limit: i64) -> Result<Vec<String>, StoreError> {
        self.query(LIST_RAILS_OUT_OF_STEP, &[&limit], |row| row.get(0))
    }

    /// Events that no endpoint was ever going to get, though there was one that took everything.
    pub fn list_undelivered_events(&mut self, limit: i64) -> Result<Vec<String>, StoreError> {
        self.query(LIST_UNDELIVERED, &[&limit], |row| row.get(0))
    }

    fn count(&mut self, statement: Sql) -> Result<BTreeMap<String, i64>, StoreError> {
        let counts = self.query(statement, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(counts.into_iter().collect())
    }
}
