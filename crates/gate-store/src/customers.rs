//! Customers. What is about a person rests sealed and is found by keyed hashes; this crate sees
//! neither the person nor the keys.

use gate_domain::ids::{CustomerId, EventId, Tenant};
use gate_domain::time::Millis;

use crate::locked::Locked;
use crate::read::Reader;
use crate::{Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into customers
    (partner_id, mode, id, email_hash, external_id_hash, person_sealed, answer_sealed, created_at,
        updated_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $8) on conflict do nothing");
const FIND: Sql = sql("select partner_id, mode, id, person_sealed, answer_sealed, created_at,
        updated_at, deleted_at
    from customers where partner_id = $1 and mode = $2 and id = $3");
const LOCK: Sql = FIND.for_update();
const FIND_BY_EMAIL: Sql = sql("select partner_id, mode, id, person_sealed, answer_sealed,
        created_at, updated_at, deleted_at
    from customers where partner_id = $1 and mode = $2 and email_hash = $3");
const FIND_BY_EXTERNAL_ID: Sql = sql("select partner_id, mode, id, person_sealed, answer_sealed,
        created_at, updated_at, deleted_at
    from customers where partner_id = $1 and mode = $2 and external_id_hash = $3
        and external_id_hash is not null");
const LIST: Sql = sql("select partner_id, mode, id, person_sealed, answer_sealed, created_at,
        updated_at, deleted_at
    from customers where partner_id = $1 and mode = $2 and deleted_at is null and id < $3
    order by id desc limit $4");
const SAVE: Sql = sql("update customers set person_sealed = $4, updated_at = $5
    where partner_id = $1 and mode = $2 and id = $3");
const ERASE: Sql = sql("update customers
    set person_sealed = null, answer_sealed = null, updated_at = $4, deleted_at = $4
    where partner_id = $1 and mode = $2 and id = $3");
const INSERT_EVENT: Sql = sql("insert into customer_events
    (partner_id, mode, customer_id, event_id) values ($1, $2, $3, $4)");
const LIST_EVENTS: Sql = sql("select e.id, e.body from customer_events c join events e
        on e.partner_id = c.partner_id and e.mode = c.mode and e.id = c.event_id
    where c.partner_id = $1 and c.mode = $2 and c.customer_id = $3 order by e.id");
const SAVE_EVENT: Sql =
    sql("update events set body = $4 where partner_id = $1 and mode = $2 and id = $3");
const DELETE_EVENTS: Sql = sql("delete from customer_events
    where partner_id = $1 and mode = $2 and customer_id = $3");

pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT,
    FIND,
    LOCK,
    FIND_BY_EMAIL,
    FIND_BY_EXTERNAL_ID,
    LIST,
    SAVE,
    ERASE,
    INSERT_EVENT,
    LIST_EVENTS,
    SAVE_EVENT,
    DELETE_EVENTS,
];

/// A new customer.
#[derive(Clone, Debug)]
pub struct NewCustomer {
    /// Its id.
    pub id: CustomerId,
    /// Whose it is.
    pub tenant: Tenant,
    /// The keyed hash of its address.
    pub email_hash: Vec<u8>,
    /// The keyed hash of the partner's own name for it.
    pub external_id_hash: Option<Vec<u8>>,
    /// Everything about the person.
    pub person_sealed: Vec<u8>,
    /// What create answers, where the request may be repeated.
    pub answer_sealed: Option<Vec<u8>>,
    /// When it is made.
    pub created_at: Millis,
}

/// A customer as it rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerRow {
    /// Its id.
    pub id: CustomerId,
    /// Whose it is.
    pub tenant: Tenant,
    /// Everything about the person; none once it was deleted.
    pub person_sealed: Option<Vec<u8>>,
    /// What create answered, if the request may be repeated.
    pub answer_sealed: Option<Vec<u8>>,
    /// When it was made.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
    /// When it was deleted.
    pub deleted_at: Option<Millis>,
}

impl Tx {
    /// Write down a customer. False when its address or external id is taken, and nothing was
    /// written.
    pub fn insert_customer(&mut self, new: &NewCustomer) -> Result<bool, StoreError> {
        let (partner, mode) = (new.tenant.partner.as_str(), new.tenant.mode.as_str());
        let inserted = self.execute(
            INSERT,
            &[
                &partner,
                &mode,
                &new.id.as_str(),
                &new.email_hash,
                &new.external_id_hash,
                &new.person_sealed,
                &new.answer_sealed,
                &new.created_at.0,
            ],
        )?;
        Ok(inserted == 1)
    }

    /// Read a customer, even a deleted one.
    pub fn find_customer(
        &mut self,
        tenant: &Tenant,
        id: &CustomerId,
    ) -> Result<Option<CustomerRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND, &[&partner, &mode, &id.as_str()], read)
    }

    /// Read a customer and keep everybody else from changing it until the transaction ends.
    pub fn lock_customer(
        &mut self,
        tenant: &Tenant,
        id: &CustomerId,
    ) -> Result<Option<Locked<CustomerRow>>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let row = self.query_opt(LOCK, &[&partner, &mode, &id.as_str()], read)?;
        Ok(row.map(Locked::new))
    }

    /// The customer with this address, even a deleted one.
    pub fn find_customer_by_email(
        &mut self,
        tenant: &Tenant,
        email_hash: &[u8],
    ) -> Result<Option<CustomerRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND_BY_EMAIL, &[&partner, &mode, &email_hash], read)
    }

    /// The customer with this external id, even a deleted one.
    pub fn find_customer_by_external_id(
        &mut self,
        tenant: &Tenant,
        external_id_hash: &[u8],
    ) -> Result<Option<CustomerRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND_BY_EXTERNAL_ID, &[&partner, &mode, &external_id_hash], read)
    }

    /// A page of customers, newest first, after the one named (or from the newest). Deleted ones
    /// are not among them.
    pub fn list_customers(
        &mut self,
        tenant: &Tenant,
        after: Option<&CustomerId>,
        limit: i64,
    ) -> Result<Vec<CustomerRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let after = after.map_or_else(|| after_all(tenant), ToString::to_string);
        self.query(LIST, &[&partner, &mode, &after, &limit], read)
    }

    /// Give a customer another person's data.
    pub fn save_customer(
        &mut self,
        seen: &Locked<CustomerRow>,
        person_sealed: &[u8],
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (seen.tenant.partner.as_str(), seen.tenant.mode.as_str());
        self.write(SAVE, &[&partner, &mode, &seen.id.as_str(), &person_sealed, &now.0])?;
        Ok(())
    }

    /// Forget everything about the person, here and in the events that told of it. `emptied` turns
    /// the body of such an event into what may still be told.
    pub fn erase_customer(
        &mut self,
        seen: &Locked<CustomerRow>,
        now: Millis,
        emptied: impl Fn(&str) -> Option<String>,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (seen.tenant.partner.as_str(), seen.tenant.mode.as_str());
        let customer = seen.id.as_str();
        self.write(ERASE, &[&partner, &mode, &customer, &now.0])?;
        let told = self.query(LIST_EVENTS, &[&partner, &mode, &customer], |row| {
            Ok((row.get::<String>(0)?, row.get::<String>(1)?))
        })?;
        for (id, body) in told {
            let body = emptied(&body).ok_or_else(|| StoreError::Corrupt {
                table: "events",
                id: id.clone(),
                why: "its body is no event".into(),
            })?;
            self.write(SAVE_EVENT, &[&partner, &mode, &id, &body])?;
        }
        self.write(DELETE_EVENTS, &[&partner, &mode, &customer])?;
        Ok(())
    }

    /// Note that an event carries a customer's record.
    pub fn insert_customer_event(
        &mut self,
        tenant: &Tenant,
        customer: &CustomerId,
        event: &EventId,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.write(INSERT_EVENT, &[&partner, &mode, &customer.as_str(), &event.as_str()])?;
        Ok(())
    }
}

/// Sorts behind every id of a tenant, under any collation: it is built like one, of the last letter.
fn after_all(tenant: &Tenant) -> String {
    format!("{}_{}_{}", CustomerId::PREFIX, tenant.mode, "z".repeat(26))
}

fn read(row: &Row<'_>) -> Result<CustomerRow, StoreError> {
    let reader = Reader::new(row, "customers", 2);
    Ok(CustomerRow {
        tenant: reader.tenant()?,
        id: reader.parse(2)?,
        person_sealed: row.get(3)?,
        answer_sealed: row.get(4)?,
        created_at: Millis(reader.int(5)?),
        updated_at: Millis(reader.int(6)?),
        deleted_at: row.get::<Option<i64>>(7)?.map(Millis),
    })
}
