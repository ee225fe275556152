//! Quotes and transactions.

use gate_domain::ids::{QuoteId, Tenant, TransactionId};
use gate_domain::quote::Quote;
use gate_domain::time::Millis;
use gate_domain::transaction::{Effect, Step, Transaction};
use gate_domain::wallet::Address;

use crate::locked::Locked;
use crate::read::{Reader, to_json};
use crate::{Row, Sql, StoreError, Tx, sql};

const INSERT_QUOTE: Sql = sql("insert into quotes
    (partner_id, mode, id, session_id, body, created_at) values ($1, $2, $3, $4, $5, $6)");
const FIND_QUOTE: Sql = sql("select partner_id, mode, id, body from quotes
    where partner_id = $1 and mode = $2 and id = $3");
const INSERT: Sql = sql("insert into transactions
    (partner_id, mode, id, session_id, quote_id, address, card, status, state, created_at, updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)");
const FIND: Sql = sql("select partner_id, mode, id, session_id, quote_id, address, card, state,
        created_at, updated_at
    from transactions where partner_id = $1 and mode = $2 and id = $3");
const LOCK: Sql = FIND.for_update();
const SAVE: Sql = sql("update transactions set status = $4, state = $5, updated_at = $6
    where partner_id = $1 and mode = $2 and id = $3");

pub(crate) const STATEMENTS: &[Sql] = &[INSERT_QUOTE, FIND_QUOTE, INSERT, FIND, LOCK, SAVE];

impl Tx {
    /// Write down a quote. It never changes.
    pub fn insert_quote(&mut self, tenant: &Tenant, quote: &Quote) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.execute(
            INSERT_QUOTE,
            &[
                &partner,
                &mode,
                &quote.id.as_str(),
                &quote.session_id.as_str(),
                &to_json(quote),
                &quote.created_at.0,
            ],
        )?;
        Ok(())
    }

    /// Read a quote.
    pub fn find_quote(
        &mut self,
        tenant: &Tenant,
        id: &QuoteId,
    ) -> Result<Option<Quote>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND_QUOTE, &[&partner, &mode, &id.as_str()], |row| {
            Reader::new(row, "quotes", 2).json(3)
        })
    }

    /// Write down a new transaction.
    pub fn insert_transaction(&mut self, transaction: &Transaction) -> Result<(), StoreError> {
        let tenant = &transaction.tenant;
        self.execute(
            INSERT,
            &[
                &tenant.partner.as_str(),
                &tenant.mode.as_str(),
                &transaction.id.as_str(),
                &transaction.session_id.as_str(),
                &transaction.quote_id.as_str(),
                &transaction.address.as_str(),
                &to_json(&transaction.card),
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
        self.execute(
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

fn read(row: &Row<'_>) -> Result<Transaction, StoreError> {
    let reader = Reader::new(row, "transactions", 2);
    Ok(Transaction {
        tenant: reader.tenant()?,
        id: reader.parse(2)?,
        session_id: reader.parse(3)?,
        quote_id: reader.parse(4)?,
        address: reader.word(5, |text| Address::parse(text).ok())?,
        card: reader.json(6)?,
        state: reader.json(7)?,
        created_at: Millis(reader.int(8)?),
        updated_at: Millis(reader.int(9)?),
    })
}
