//! The partner's notes on an object, as its schema says them. That they take at most 8 KiB in all is
//! a rule that no schema can say.

use std::borrow::Cow;

use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// At most 50 keys of at most 40 characters; texts of at most 500 characters, numbers, booleans, nulls.
pub struct Metadata;

impl PartialSchema for Metadata {
    fn schema() -> RefOr<Schema> {
        let kinds = [Type::String, Type::Number, Type::Boolean, Type::Null];
        let value = ObjectBuilder::new()
            .schema_type(SchemaType::Array(kinds.to_vec()))
            .max_length(Some(500))
            .exclusive_minimum(Some(-9_223_372_036_854_775_808.0))
            .exclusive_maximum(Some(18_446_744_073_709_551_616.0));
        let name = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .min_length(Some(1))
            .max_length(Some(40));
        ObjectBuilder::new()
            .description(Some("Your own notes: at most 8 KiB in all."))
            .max_properties(Some(50))
            .property_names(Some(name))
            .additional_properties(Some(AdditionalProperties::from(value)))
            .into()
    }
}

impl ToSchema for Metadata {
    fn name() -> Cow<'static, str> {
        "Metadata".into()
    }
}
