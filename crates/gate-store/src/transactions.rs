//! Transactions.

use gate_domain::destination::Destination;
use gate_domain::ids::{QuoteId, SessionId, Tenant, TransactionId};
use gate_domain::quote::Quote;
use gate_domain::rail::Means;
use gate_domain::rail_payment::RailPaymentId;
use gate_domain::time::Millis;
use gate_domain::transaction::{Effect, Step, Transaction};

use crate::locked::Locked;
use crate::read::{Reader, to_json};
use crate::{Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into transactions
    (partner_id, mode, id, session_id, quote_id, address, card, rail_payment_id, deposit,
        status, state, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)");
const FIND: Sql = sql("select partner_id, mode, id, session_id, quote_id, address, card,
        rail_payment_id, state, created_at, updated_at, deposit
    from transactions where partner_id = $1 and mode = $2 and id = $3");
const LOCK: Sql = FIND.for_update();
const REQUOTE: Sql = sql("update transactions set quote_id = $4
    where partner_id = $1 and mode = $2 and id = $3");
const SAVE: Sql = sql("update transactions set status = $4, state = $5, updated_at = $6
    where partner_id = $1 and mode = $2 and id = $3");
// Each comes with the quote that holds its numbers.
const LIST: Sql =
    sql("select t.partner_id, t.mode, t.id, t.session_id, t.quote_id, t.address, t.card,
        t.rail_payment_id, t.state, t.created_at, t.updated_at, t.deposit, q.body
    from transactions t join quotes q
        on q.partner_id = t.partner_id and q.mode = t.mode and q.id = t.quote_id
    where t.partner_id = $1 and t.mode = $2 and t.id < $3 order by t.id desc limit $4");
const LIST_BY_STATUS: Sql = sql("select t.partner_id, t.mode, t.id, t.session_id, t.quote_id,
        t.address, t.card, t.rail_payment_id, t.state, t.created_at, t.updated_at, t.deposit, q.body
    from transactions t join quotes q
        on q.partner_id = t.partner_id and q.mode = t.mode and q.id = t.quote_id
    where t.partner_id = $1 and t.mode = $2 and t.status = $5 and t.id < $3
    order by t.id desc limit $4");
const LIST_BY_SESSION: Sql = sql("select t.partner_id, t.mode, t.id, t.session_id, t.quote_id,
        t.address, t.card, t.rail_payment_id, t.state, t.created_at, t.updated_at, t.deposit, q.body
    from transactions t join quotes q
        on q.partner_id = t.partner_id and q.mode = t.mode and q.id = t.quote_id
    where t.partner_id = $1 and t.mode = $2 and t.session_id = $5 and t.id < $3
    order by t.id desc limit $4");
const LIST_BY_BOTH: Sql = sql("select t.partner_id, t.mode, t.id, t.session_id, t.quote_id,
        t.address, t.card, t.rail_payment_id, t.state, t.created_at, t.updated_at, t.deposit, q.body
    from transactions t join quotes q
        on q.partner_id = t.partner_id and q.mode = t.mode and q.id = t.quote_id
    where t.partner_id = $1 and t.mode = $2 and t.session_id = $5 and t.status = $6 and t.id < $3
    order by t.id desc limit $4");

pub(crate) const STATEMENTS: &[Sql] =
    &[INSERT, FIND, LOCK, REQUOTE, SAVE, LIST, LIST_BY_STATUS, LIST_BY_SESSION, LIST_BY_BOTH];

/// Which transactions a list shows. The default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransactionFilter {
    /// Those that stand here, by the word of the status.
    pub status: Option<&'static str>,
    /// Those of one session.
    pub session: Option<SessionId>,
}

impl Tx {
    /// Write down a new transaction.
    pub fn insert_transaction(&mut self, transaction: &Transaction) -> Result<(), StoreError> {
        let tenant = &transaction.tenant;
        let address = transaction.address.as_ref().map(Destination::to_string);
        self.write(
            INSERT,
            &[
                &tenant.partner.as_str(),
                &tenant.mode.as_str(),
                &transaction.id.as_str(),
                &transaction.session_id.as_str(),
                &transaction.quote_id.as_str(),
                &address.as_deref(),
                &transaction.means.card().map(to_json),
                &transaction.means.rail().map(RailPaymentId::as_str),
                &transaction.means.deposit().map(to_json),
                &transaction.state.status(),
                &to_json(&transaction.state),
                &transaction.created_at.0,
            ],
        )?;
        Ok(())
    }

    /// Read a transaction.
    pub fn find_transaction(
        &mut self,
        tenant: &Tenant,
        id: &TransactionId,
    ) -> Result<Option<Transaction>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND, &[&partner, &mode, &id.as_str()], read)
    }

    /// Read a transaction and keep everybody else from changing it. Its session is locked first,
    /// always in that order.
    pub fn lock_transaction(
        &mut self,
        tenant: &Tenant,
        id: &TransactionId,
    ) -> Result<Option<Locked<Transaction>>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let transaction = self.query_opt(LOCK, &[&partner, &mode, &id.as_str()], read)?;
        Ok(transaction.map(Locked::new))
    }

    /// A page of transactions with their quotes, newest first, after the one named (or from the
    /// newest).
    pub fn list_transactions(
        &mut self,
        tenant: &Tenant,
        filter: &TransactionFilter,
        after: Option<&TransactionId>,
        limit: i64,
    ) -> Result<Vec<(Transaction, Quote)>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let after = after.map_or_else(|| after_all(tenant), ToString::to_string);
        let read = |row: &Row<'_>| Ok((read(row)?, Reader::new(row, "transactions", 2).json(12)?));
        match (filter.status, filter.session.as_ref().map(SessionId::as_str)) {
            (None, None) => self.query(LIST, &[&partner, &mode, &after, &limit], read),
            (Some(status), None) => {
                self.query(LIST_BY_STATUS, &[&partner, &mode, &after, &limit, &status], read)
            }
            (None, Some(session)) => {
                self.query(LIST_BY_SESSION, &[&partner, &mode, &after, &limit, &session], read)
            }
            (Some(status), Some(session)) => self.query(
                LIST_BY_BOTH,
                &[&partner, &mode, &after, &limit, &session, &status],
                read,
            ),
        }
    }

    /// Agree on another price for a transaction whose tokens are here and whose price has lapsed.
    pub fn requote_transaction(
        &mut self,
        seen: Locked<Transaction>,
        quote: &QuoteId,
    ) -> Result<Locked<Transaction>, StoreError> {
        let mut transaction = seen.into_inner();
        transaction.quote_id = quote.clone();
        let (partner, mode) =
            (transaction.tenant.partner.as_str(), transaction.tenant.mode.as_str());
        self.write(REQUOTE, &[&partner, &mode, &transaction.id.as_str(), &quote.as_str()])?;
        Ok(Locked::new(transaction))
    }

    /// The one way a transaction changes: the new state and everything that it causes, together
    /// or not at all.
    pub fn advance_transaction<E: From<StoreError>>(
        &mut self,
        seen: Locked<Transaction>,
        step: Step,
        now: Millis,
        mut carry_out: impl FnMut(&mut Self, &Transaction, Effect) -> Result<(), E>,
    ) -> Result<Transaction, E> {
        let mut transaction = seen.into_inner();
        let Step::Moved { next, effects } = step else { return Ok(transaction) };
        transaction.state = next;
        transaction.updated_at = now.max(transaction.updated_at);
        let tenant = &transaction.tenant;
        self.write(
            SAVE,
            &[
                &tenant.partner.as_str(),
                &tenant.mode.as_str(),
                &transaction.id.as_str(),
                &transaction.state.status(),
                &to_json(&transaction.state),
                &transaction.updated_at.0,
            ],
        )?;
        for effect in effects {
            carry_out(self, &transaction, effect)?;
        }
        Ok(transaction)
    }
}

/// Sorts behind every id of a tenant, under any collation: it is built like one, of the last letter.
fn after_all(tenant: &Tenant) -> String {
    format!("{}_{}_{}", TransactionId::PREFIX, tenant.mode, "z".repeat(26))
}

fn read(row: &Row<'_>) -> Result<Transaction, StoreError> {
    let reader = Reader::new(row, "transactions", 2);
    let address: Option<String> = row.get(5)?;
    let rail: Option<RailPaymentId> = reader.parse_opt(7)?;
    Ok(Transaction {
        tenant: reader.tenant()?,
        id: reader.parse(2)?,
        session_id: reader.parse(3)?,
        quote_id: reader.parse(4)?,
        address: match address {
            Some(_) => Some(reader.word(5, Destination::from_stored)?),
            None => None,
        },
        means: match (rail, reader.json_opt(11)?) {
            (Some(rail), _) => Means::Rail(rail),
            (None, Some(deposit)) => Means::Deposit(deposit),
            (None, None) => Means::Card(reader.json(6)?),
        },
        state: reader.json(8)?,
        created_at: Millis(reader.int(9)?),
        updated_at: Millis(reader.int(10)?),
    })
}
