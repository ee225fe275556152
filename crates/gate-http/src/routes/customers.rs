//! `/v1/customers` (contract, section 9.2).

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use gate_app::customers::{
    CreateCustomer, CustomerQuery, create_customer, delete_customer, find_customer, list_customers,
    update_customer,
};
use gate_domain::change::Change;
use gate_domain::customer::{
    CountryCode, CustomerChange, EMAIL_CHARS_MAX, EXTERNAL_ID_CHARS_MAX, Email, ExternalId,
    NAME_CHARS_MAX, PHONE_CHARS_MAX, Person, Phone,
};
use gate_domain::ids::CustomerId;
use gate_wire::ErrorBody;
use gate_wire::customer::{
    CreateCustomerBody, CustomerBody, DeletedCustomerBody, UpdateCustomerBody,
};
use gate_wire::list::ListBody;
use serde_json::{Map, Value};

use super::ServerState;
use super::sessions::cut;
use crate::auth::Partner;
use crate::body::{JsonObject, NoBody};
use crate::error::ApiError;
use crate::fields::Fields;
use crate::idempotent::{answer, idempotent_request};
use crate::metadata::check_metadata;
use crate::path::Path;
use crate::query::Query;

const PATH: &str = "/v1/customers";

/// Create a customer. An `Idempotency-Key` makes it safe to repeat.
///
/// The e-mail address and the external id are unique among your customers of a mode, those that
/// were deleted included. A repeat with the same key after the customer was deleted answers that it
/// is.
#[utoipa::path(post, path = "/v1/customers", tag = "Customers", operation_id = "createCustomer",
    request_body = CreateCustomerBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "One per logical attempt.")),
    responses((status = 201, body = CustomerBody), (status = "default", body = ErrorBody)))]
pub(super) async fn create(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    headers: HeaderMap,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let request = idempotent_request(&tenant, &Method::POST, PATH, &headers, &body)?;
    let command = CreateCustomer { tenant, request, person: read_person(body)? };
    let app = state.app();
    let answered = app.write(move |tx, scope| create_customer(tx, scope, &command)).await?;
    Ok(answer(answered, None))
}

/// List customers, newest first. Deleted ones are not among them.
#[utoipa::path(get, path = "/v1/customers", tag = "Customers", operation_id = "listCustomers",
    params(
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 100, description = "10 where nothing is said."),
        ("starting_after" = Option<String>, Query, pattern = "^cus_(test|live)_[0-7][0-9a-hjkmnp-tv-z]{25}$", description = "The id of the last customer of the page before."),
        ("email" = Option<String>, Query, min_length = 1, max_length = 254, description = "The customer with this address, whatever its case."),
        ("external_id" = Option<String>, Query, min_length = 1, max_length = 200, description = "The customer with this external id."),
    ),
    responses((status = 200, body = ListBody<CustomerBody>), (status = "default", body = ErrorBody)))]
pub(super) async fn list(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    RawQuery(query): RawQuery,
) -> Result<Json<ListBody<CustomerBody>>, ApiError> {
    let mut query = Query::parse(query.as_deref())?;
    let limit = query.integer("limit", 1, 100, 10);
    let after = query.id("starting_after", CustomerId::parse);
    let email = query.text("email", EMAIL_CHARS_MAX);
    let external_id = query.text("external_id", EXTERNAL_ID_CHARS_MAX);
    query.finish()?;
    // Nobody has what is no address or no external id.
    let email = email.map(|text| Email::parse(&text));
    let external_id = external_id.map(|text| ExternalId::parse(&text));
    if email == Some(None) || external_id == Some(None) {
        return Ok(Json(ListBody::new(PATH, Vec::new(), false)));
    }
    let (email, external_id) = (email.flatten(), external_id.flatten());
    let query = CustomerQuery { after, email, external_id, limit: limit + 1 };
    let app = state.app().clone();
    let read = state.app().store().read(move |tx| list_customers(tx, app.vault(), &tenant, &query));
    let (rows, has_more) = cut(read.await?, limit);
    Ok(Json(ListBody::new(PATH, rows.iter().map(Into::into).collect(), has_more)))
}

/// Read a customer.
#[utoipa::path(get, path = "/v1/customers/{id}", tag = "Customers",
    operation_id = "retrieveCustomer", params(("id" = String, Path)),
    responses((status = 200, body = CustomerBody), (status = "default", body = ErrorBody)))]
pub(super) async fn retrieve(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
) -> Result<Json<CustomerBody>, ApiError> {
    let (id, app) = (customer_id(&id)?, state.app().clone());
    let read = state.app().store().read(move |tx| find_customer(tx, app.vault(), &tenant, &id));
    Ok(Json((&read.await?).into()))
}

/// Change a customer: what is left out stays, null clears. The e-mail address, the external id and
/// the phone number never change.
#[utoipa::path(patch, path = "/v1/customers/{id}", tag = "Customers",
    operation_id = "updateCustomer", params(("id" = String, Path)),
    request_body = UpdateCustomerBody,
    responses((status = 200, body = CustomerBody), (status = "default", body = ErrorBody)))]
pub(super) async fn update(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
    JsonObject(body): JsonObject,
) -> Result<Json<CustomerBody>, ApiError> {
    let id = customer_id(&id)?;
    let change = read_change(body)?;
    let app = state.app();
    let customer =
        app.write(move |tx, scope| update_customer(tx, scope, &tenant, &id, &change)).await?;
    Ok(Json((&customer).into()))
}

/// Delete a customer. What you kept about the person is erased, in past events too; the e-mail
/// address and the external id stay taken. A repeat answers the same.
#[utoipa::path(delete, path = "/v1/customers/{id}", tag = "Customers",
    operation_id = "deleteCustomer", params(("id" = String, Path)),
    responses((status = 200, body = DeletedCustomerBody), (status = "default", body = ErrorBody)))]
pub(super) async fn delete(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
    _: NoBody,
) -> Result<Json<DeletedCustomerBody>, ApiError> {
    let id = customer_id(&id)?;
    let app = state.app();
    Ok(Json(app.write(move |tx, scope| delete_customer(tx, scope, &tenant, &id)).await?))
}

/// An id that we could not have made belongs to nobody.
fn customer_id(text: &str) -> Result<CustomerId, ApiError> {
    CustomerId::parse(text).map_err(|_| ApiError::NotFound("customer"))
}

fn read_person(body: Map<String, Value>) -> Result<Person, ApiError> {
    let mut fields = Fields::new(body);
    refuse_ours(&mut fields);
    let email = fields.text("email", EMAIL_CHARS_MAX);
    let email = email.and_then(|text| {
        let email = Email::parse(&text);
        if email.is_none() {
            let message = "email must be an address such as ada@example.com.";
            fields.problem("email", "email_invalid", message);
        }
        email
    });
    let external_id = fields.text_opt("external_id", EXTERNAL_ID_CHARS_MAX).and_then(|text| {
        let external_id = ExternalId::parse(&text);
        if external_id.is_none() {
            let message = "external_id may hold letters, digits, and . _ : - only.";
            fields.problem("external_id", "external_id_invalid", message);
        }
        external_id
    });
    let phone = fields.text_opt("phone", PHONE_CHARS_MAX).and_then(|text| {
        let phone = Phone::parse(&text);
        if phone.is_none() {
            let message = "phone must be in E.164, such as +442071838750.";
            fields.problem("phone", "phone_invalid", message);
        }
        phone
    });
    let country_code = fields.text_opt("country_code", 2);
    let country_code = country_code.and_then(|text| country_code_of(&mut fields, &text));
    let first_name = fields.text_opt("first_name", NAME_CHARS_MAX);
    let last_name = fields.text_opt("last_name", NAME_CHARS_MAX);
    let metadata = fields.object_opt("metadata").unwrap_or_default();
    let metadata = check_metadata(&mut fields, metadata);
    let person = email.map(|email| Person {
        email,
        external_id,
        phone,
        country_code,
        first_name,
        last_name,
        metadata,
    });
    fields.finish(person)
}

fn read_change(body: Map<String, Value>) -> Result<CustomerChange, ApiError> {
    let mut fields = Fields::new(body);
    for name in ["email", "external_id", "phone"] {
        let message = format!("{name} never changes. Leave it out.");
        fields.refuse(name, "field_immutable", message);
    }
    refuse_ours(&mut fields);
    let country_code = match fields.text_change("country_code", 2) {
        Change::Keep => Change::Keep,
        Change::Clear => Change::Clear,
        Change::Set(text) => country_code_of(&mut fields, &text).map_or(Change::Keep, Change::Set),
    };
    let first_name = fields.text_change("first_name", NAME_CHARS_MAX);
    let last_name = fields.text_change("last_name", NAME_CHARS_MAX);
    let metadata = fields.object_change("metadata");
    let metadata = metadata.map(|metadata| check_metadata(&mut fields, metadata));
    fields.finish(Some(CustomerChange { country_code, first_name, last_name, metadata }))
}

/// What the gateway sets itself.
fn refuse_ours(fields: &mut Fields) {
    let ours = ["id", "object", "partner_id", "mode", "kyc_status", "created_at", "updated_at"];
    for name in ours {
        let message = format!("{name} is set by the gateway. Leave it out.");
        fields.refuse(name, "field_immutable", message);
    }
}

fn country_code_of(fields: &mut Fields, text: &str) -> Option<CountryCode> {
    let country_code = CountryCode::parse(text);
    if country_code.is_none() {
        let message = "country_code must have two letters, such as GB (ISO 3166-1).";
        fields.problem("country_code", "country_code_invalid", message);
    }
    country_code
}
