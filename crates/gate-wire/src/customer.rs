//! Customers as partners see them (contract, section 9.2). What holds a person's data has no `Debug`,
//! so that it cannot reach a log.

use gate_domain::Millis;
use gate_domain::customer::{Customer, KYC_UNVERIFIED};
use gate_domain::ids::CustomerId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::instant::to_rfc3339;
use crate::words::KycStatus;

/// What create takes. Unknown fields are refused.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCustomerBody {
    /// Unique among your customers, whatever its case. It never changes.
    #[schema(
        max_length = 254,
        example = "ada@example.com",
        pattern = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$"
    )]
    pub email: String,
    /// Your own name for the customer, unique among your customers. It never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^[A-Za-z0-9._:-]{1,200}$", example = "crm:1001")]
    pub external_id: Option<String>,
    /// E.164. It never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\+[1-9][0-9]{1,14}$", example = "+442071838750")]
    pub phone: Option<String>,
    /// ISO 3166-1, two letters; answered in capitals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[A-Za-z]{2}$", example = "GB")]
    pub country_code: Option<String>,
    /// The first name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128, example = "Ada")]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128, example = "Lovelace")]
    pub last_name: Option<String>,
    /// Your notes: at most 50 keys and 8 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::metadata::Metadata>)]
    pub metadata: Option<Map<String, Value>>,
}

/// What a change takes: what is left out stays, null clears. Unknown fields are refused, and so are
/// those that never change.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateCustomerBody {
    /// ISO 3166-1, two letters; answered in capitals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[A-Za-z]{2}$", example = "IE")]
    pub country_code: Option<String>,
    /// The first name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128, example = "Ada")]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128, example = "King")]
    pub last_name: Option<String>,
    /// Your notes, as a whole: at most 50 keys and 8 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<crate::metadata::Metadata>)]
    pub metadata: Option<Map<String, Value>>,
}

/// A customer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CustomerBody {
    /// Its id.
    pub id: String,
    /// Always `customer`.
    pub object: String,
    /// Whose it is.
    pub partner_id: String,
    /// `test` or `live`.
    #[schema(value_type = crate::words::Mode)]
    pub mode: String,
    /// As it was given.
    pub email: String,
    /// Your own name for the customer.
    #[schema(required)]
    pub external_id: Option<String>,
    /// E.164.
    #[schema(required)]
    pub phone: Option<String>,
    /// Two capitals.
    #[schema(required)]
    pub country_code: Option<String>,
    /// The first name.
    #[schema(required)]
    pub first_name: Option<String>,
    /// The last name.
    #[schema(required)]
    pub last_name: Option<String>,
    /// Your notes.
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
    /// Whether the gateway has verified who it is.
    #[schema(value_type = KycStatus)]
    pub kyc_status: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

/// What is left of a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeletedCustomerBody {
    /// Its id.
    pub id: String,
    /// Always `customer`.
    pub object: String,
    /// Always true.
    pub deleted: bool,
    /// RFC 3339: when it was deleted first.
    pub deleted_at: String,
}

impl From<&Customer> for CustomerBody {
    fn from(customer: &Customer) -> Self {
        let person = &customer.person;
        Self {
            id: customer.id.to_string(),
            object: "customer".into(),
            partner_id: customer.tenant.partner.to_string(),
            mode: customer.tenant.mode.to_string(),
            email: person.email.as_str().into(),
            external_id: person.external_id.as_ref().map(|id| id.as_str().into()),
            phone: person.phone.as_ref().map(|phone| phone.as_str().into()),
            country_code: person.country_code.as_ref().map(|code| code.as_str().into()),
            first_name: person.first_name.clone(),
            last_name: person.last_name.clone(),
            metadata: serde_json::from_str(&person.metadata)
                .expect("metadata was checked to be an object before it was stored"),
            kyc_status: KYC_UNVERIFIED.into(),
            created_at: to_rfc3339(customer.created_at),
            updated_at: to_rfc3339(customer.updated_at),
        }
    }
}

impl DeletedCustomerBody {
    /// The marker of a customer that was deleted then.
    pub fn new(id: &CustomerId, deleted_at: Millis) -> Self {
        let (id, object) = (id.to_string(), "customer".into());
        Self { id, object, deleted: true, deleted_at: to_rfc3339(deleted_at) }
    }
}
