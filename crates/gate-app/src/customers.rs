//! Customers: what a partner keeps about its own customers. The person's data rests sealed, is
//! found by keyed hashes, and is erased in one transaction when the customer is deleted.

mod told;

use gate_domain::customer::{Customer, CustomerChange, Email, ExternalId, Person};
use gate_domain::event::EventType;
use gate_domain::ids::{CustomerId, Tenant};
use gate_store::{Answer, CustomerRow, IdempotentRequest, Locked, NewCustomer, StoreError, Tx};
use gate_wire::customer::{CustomerBody, DeletedCustomerBody};
use serde::{Deserialize, Serialize};

use self::told::{announce_customer, erased};
use crate::app::Scope;
use crate::idempotency::{Answered, KeyReused, answered_before, remember};
use crate::vault::Vault;

/// A request to write a customer down, checked field by field.
#[derive(Clone, Debug)]
pub struct CreateCustomer {
    /// Whose.
    pub tenant: Tenant,
    /// What makes it safe to repeat, if the partner sent a key.
    pub request: Option<IdempotentRequest>,
    /// Who.
    pub person: Person,
}

/// Which customers a page holds.
#[derive(Clone, Debug)]
pub struct CustomerQuery {
    /// Behind this one.
    pub after: Option<CustomerId>,
    /// With this address, whatever its case.
    pub email: Option<Email>,
    /// With this external id.
    pub external_id: Option<ExternalId>,
    /// At most this many.
    pub limit: i64,
}

/// Why a customer was not written down or changed.
#[derive(Debug, thiserror::Error)]
pub enum CustomerError {
    /// There is none, it was deleted, or it is somebody else's.
    #[error("no such customer")]
    NotFound,
    /// The address or the external id is taken, perhaps by one that was deleted.
    #[error("{id} has this {field}")]
    Exists {
        /// The field, as on the wire.
        field: &'static str,
        /// Who has it.
        id: CustomerId,
        /// It was deleted.
        deleted: bool,
    },
    /// The idempotency key was used for another body.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is remembered of a create: the customer, and nothing about the person.
#[derive(Serialize, Deserialize)]
struct Remembered {
    id: CustomerId,
}

/// Write a customer down, or answer what the same key answered before.
pub fn create_customer(
    tx: &mut Tx,
    scope: &Scope<'_>,
    command: &CreateCustomer,
) -> Result<Answered, CustomerError> {
    let tenant = &command.tenant;
    if let Some(before) = answered_to(tx, scope, command)? {
        return Ok(before);
    }
    if let Err(taken) = check_free(tx, scope.vault, tenant, &command.person) {
        // Perhaps by a twin that has committed since we asked: then its answer is ours.
        return answered_to(tx, scope, command)?.ok_or(taken);
    }
    let customer = Customer {
        id: CustomerId::new(tenant.mode, scope.seed()),
        tenant: tenant.clone(),
        person: command.person.clone(),
        created_at: scope.now,
        updated_at: scope.now,
    };
    let response = to_json(&CustomerBody::from(&customer));
    let answer_sealed = command
        .request
        .as_ref()
        .map(|_| scope.vault.seal(&answer_name(&customer.id), &response, scope.ids()));
    let external_id = customer.person.external_id.as_ref();
    let new = NewCustomer {
        id: customer.id.clone(),
        tenant: tenant.clone(),
        email_hash: email_hash(scope.vault, tenant, &customer.person.email),
        external_id_hash: external_id.map(|id| external_id_hash(scope.vault, tenant, id)),
        person_sealed: seal_person(scope, &customer.id, &customer.person),
        answer_sealed,
        created_at: scope.now,
    };
    if !tx.insert_customer(&new)? {
        // A twin was quicker: the next run finds who it is.
        return Err(tx.retry().into());
    }
    if let Some(request) = &command.request {
        remember(tx, scope, request, 201, &Remembered { id: customer.id.clone() })?;
    }
    let body = CustomerBody::from(&customer);
    announce_customer(tx, scope, tenant, &customer.id, EventType::CustomerCreated, &body)?;
    Ok(Answered { answer: Answer { status: 201, response }, replayed: false })
}

/// What the same key answered before, if it did.
fn answered_to(
    tx: &mut Tx,
    scope: &Scope<'_>,
    command: &CreateCustomer,
) -> Result<Option<Answered>, CustomerError> {
    let Some(request) = &command.request else { return Ok(None) };
    let Some(before) = answered_before::<CustomerError>(tx, request)? else { return Ok(None) };
    Ok(Some(answer_again(tx, scope.vault, &command.tenant, &before)?))
}

/// Read a customer.
pub fn find_customer(
    tx: &mut Tx,
    vault: &Vault,
    tenant: &Tenant,
    id: &CustomerId,
) -> Result<Customer, CustomerError> {
    let row = tx.find_customer(tenant, id)?.ok_or(CustomerError::NotFound)?;
    open(vault, &row)?.ok_or(CustomerError::NotFound)
}

/// A page of customers, newest first. An address and an external id each name at most one.
pub fn list_customers(
    tx: &mut Tx,
    vault: &Vault,
    tenant: &Tenant,
    query: &CustomerQuery,
) -> Result<Vec<Customer>, StoreError> {
    let by_email = match &query.email {
        Some(email) => Some(tx.find_customer_by_email(tenant, &email_hash(vault, tenant, email))?),
        None => None,
    };
    let by_external_id = match &query.external_id {
        Some(id) => {
            Some(tx.find_customer_by_external_id(tenant, &external_id_hash(vault, tenant, id))?)
        }
        None => None,
    };
    let rows = match (by_email, by_external_id) {
        (None, None) => tx.list_customers(tenant, query.after.as_ref(), query.limit)?,
        (Some(one), None) | (None, Some(one)) => one.into_iter().collect(),
        (Some(one), Some(other)) if one == other => one.into_iter().collect(),
        (Some(_), Some(_)) => Vec::new(),
    };
    let behind = |row: &CustomerRow| query.after.as_ref().is_none_or(|after| row.id < *after);
    let mut customers = Vec::with_capacity(rows.len());
    for row in rows.iter().filter(|row| behind(row)) {
        customers.extend(open(vault, row)?);
    }
    Ok(customers)
}

/// Change what may change of a customer. A change that changes nothing is told to nobody.
pub fn update_customer(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &CustomerId,
    change: &CustomerChange,
) -> Result<Customer, CustomerError> {
    let row = tx.lock_customer(tenant, id)?.ok_or(CustomerError::NotFound)?;
    let customer = open(scope.vault, &row)?.ok_or(CustomerError::NotFound)?;
    let Some(person) = customer.person.changed(change.clone()) else { return Ok(customer) };
    let customer = Customer { person, updated_at: scope.now.max(row.updated_at), ..customer };
    let sealed = seal_person(scope, id, &customer.person);
    tx.save_customer(&row, &sealed, customer.updated_at)?;
    let body = CustomerBody::from(&customer);
    announce_customer(tx, scope, tenant, id, EventType::CustomerUpdated, &body)?;
    Ok(customer)
}

/// Delete a customer: the person's data is gone, here and in the events that told of it. A repeat
/// answers the same.
pub fn delete_customer(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &CustomerId,
) -> Result<DeletedCustomerBody, CustomerError> {
    let row = tx.lock_customer(tenant, id)?.ok_or(CustomerError::NotFound)?;
    if let Some(deleted_at) = row.deleted_at {
        return Ok(DeletedCustomerBody::new(id, deleted_at));
    }
    let body = DeletedCustomerBody::new(id, scope.now);
    erase(tx, scope, &row, &body)?;
    announce_customer(tx, scope, tenant, id, EventType::CustomerDeleted, &body)?;
    Ok(body)
}

fn erase(
    tx: &mut Tx,
    scope: &Scope<'_>,
    row: &Locked<CustomerRow>,
    body: &DeletedCustomerBody,
) -> Result<(), StoreError> {
    tx.erase_customer(row, scope.now, |event| erased(event, body))
}

/// The answer of the first time, byte for byte, or that the customer was deleted since.
fn answer_again(
    tx: &mut Tx,
    vault: &Vault,
    tenant: &Tenant,
    before: &Answered,
) -> Result<Answered, StoreError> {
    let corrupt = |why: &str| StoreError::Corrupt {
        table: "idempotency_keys",
        id: "customer".into(),
        why: why.into(),
    };
    let Remembered { id } = serde_json::from_str(&before.answer.response)
        .map_err(|error| corrupt(&error.to_string()))?;
    let row = tx.find_customer(tenant, &id)?.ok_or_else(|| corrupt("its customer is missing"))?;
    let response = match (row.deleted_at, &row.answer_sealed) {
        (Some(deleted_at), _) => to_json(&DeletedCustomerBody::new(&id, deleted_at)),
        (None, Some(sealed)) => {
            vault.open(&answer_name(&id), sealed).map_err(|error| corrupt(&error.to_string()))?
        }
        (None, None) => return Err(corrupt("its answer is missing")),
    };
    Ok(Answered { answer: Answer { status: before.answer.status, response }, replayed: true })
}

/// Refuse an address or an external id that is taken, and say by whom.
fn check_free(
    tx: &mut Tx,
    vault: &Vault,
    tenant: &Tenant,
    person: &Person,
) -> Result<(), CustomerError> {
    let exists = |field, row: &CustomerRow| CustomerError::Exists {
        field,
        id: row.id.clone(),
        deleted: row.deleted_at.is_some(),
    };
    let hash = email_hash(vault, tenant, &person.email);
    if let Some(row) = tx.find_customer_by_email(tenant, &hash)? {
        return Err(exists("email", &row));
    }
    let Some(external_id) = &person.external_id else { return Ok(()) };
    let hash = external_id_hash(vault, tenant, external_id);
    match tx.find_customer_by_external_id(tenant, &hash)? {
        Some(row) => Err(exists("external_id", &row)),
        None => Ok(()),
    }
}

fn email_hash(vault: &Vault, tenant: &Tenant, email: &Email) -> Vec<u8> {
    vault.look_up_hash(tenant, "email", &email.folded())
}

fn external_id_hash(vault: &Vault, tenant: &Tenant, id: &ExternalId) -> Vec<u8> {
    vault.look_up_hash(tenant, "external_id", id.as_str())
}

fn seal_person(scope: &Scope<'_>, id: &CustomerId, person: &Person) -> Vec<u8> {
    scope.vault.seal(id.as_str(), &to_json(person), scope.ids())
}

fn answer_name(id: &CustomerId) -> String {
    format!("{id}/answer")
}

/// The customer of a row; none when it was deleted.
fn open(vault: &Vault, row: &CustomerRow) -> Result<Option<Customer>, StoreError> {
    let Some(sealed) = &row.person_sealed else { return Ok(None) };
    let corrupt =
        |why: String| StoreError::Corrupt { table: "customers", id: row.id.to_string(), why };
    let person = vault.open(row.id.as_str(), sealed).map_err(|error| corrupt(error.to_string()))?;
    let person = serde_json::from_str(&person).map_err(|error| corrupt(error.to_string()))?;
    Ok(Some(Customer {
        id: row.id.clone(),
        tenant: row.tenant.clone(),
        person,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }))
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("these have string keys and no custom failures")
}
