//! The envelope of a webhook (contract, section 11.1; decisions, "Events and webhooks").

use std::borrow::Cow;

use gate_domain::event::EventType;
use gate_domain::event_filter::families;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// What an endpoint receives. The bytes are fixed when the event is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventBody<Data = Value> {
    /// Its id: dedupe on this.
    pub id: String,
    /// Always `event`.
    #[serde(default = "event_object")]
    pub object: String,
    /// The type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Whether real money is behind it.
    #[serde(default)]
    pub livemode: bool,
    /// The place in the partner's feed.
    #[serde(default)]
    pub sequence: i64,
    /// The object that the event is about.
    pub data: Data,
}

/// What is told in the place of an event that could not be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotBuiltBody {
    /// The type of the event that was to be.
    #[serde(rename = "type")]
    pub event_type: String,
    /// What it would have been about, such as a session's id. Read that instead.
    pub subject: Option<String>,
    /// Why it could not be written.
    pub reason: String,
}

/// `{}`.
#[derive(Serialize)]
struct Empty {}

/// An event without its data, for an endpoint that asked for thin ones: whoever wants to know more
/// reads the event by its id. The same text for the same event, so every attempt sends the same bytes.
///
/// # Errors
/// When the text is no event.
pub fn thin(body: &str) -> serde_json::Result<String> {
    let EventBody { id, object, event_type, created_at, livemode, sequence, .. } =
        serde_json::from_str::<EventBody<IgnoredAny>>(body)?;
    let thin = EventBody { id, object, event_type, created_at, livemode, sequence, data: Empty {} };
    serde_json::to_string(&thin)
}

fn event_object() -> String {
    "event".into()
}

/// The schema of an event, for the document.
#[derive(ToSchema)]
#[schema(as = EventBody)]
pub struct EventSchema {
    /// Its id: dedupe on this.
    #[schema(pattern = "^evt_(test|live)_[0-9a-z]{26}$")]
    pub id: String,
    /// Always `event`.
    #[schema(pattern = "^event$")]
    pub object: String,
    /// The type.
    #[serde(rename = "type")]
    #[schema(value_type = EventName)]
    pub event_type: String,
    /// Unix seconds.
    pub created_at: i64,
    /// Whether real money is behind it.
    pub livemode: bool,
    /// The place in the partner's feed: 1, 2, 3 and so on, without gaps.
    #[schema(minimum = 1)]
    pub sequence: i64,
    /// The object that the event is about.
    #[schema(value_type = Object)]
    pub data: Value,
}

/// The type of an event, for the document.
pub struct EventName;

/// An exact type, a family such as `rail.*`, or `*`: for the document.
pub struct EventPattern;

fn one_of(words: impl IntoIterator<Item = String>, description: &str) -> RefOr<Schema> {
    let object = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words));
    RefOr::T(object.description(Some(description)).into())
}

fn event_types() -> impl Iterator<Item = String> {
    EventType::ALL.iter().map(|event_type| event_type.as_str().to_owned())
}

impl PartialSchema for EventName {
    fn schema() -> RefOr<Schema> {
        one_of(event_types(), "The type of an event.")
    }
}

impl ToSchema for EventName {
    fn name() -> Cow<'static, str> {
        "EventName".into()
    }
}

impl PartialSchema for EventPattern {
    fn schema() -> RefOr<Schema> {
        let words = families().into_iter().chain(event_types());
        one_of(words, "A type of event, a family of them, or `*` for all.")
    }
}

impl ToSchema for EventPattern {
    fn name() -> Cow<'static, str> {
        "EventPattern".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thin_event_says_all_but_its_data() {
        let full = r#"{"id":"evt_1","object":"event","type":"quote.consumed","created_at":7,"livemode":false,"sequence":3,"data":{"a":[1]}}"#;
        let expected = full.replace(r#"{"a":[1]}"#, "{}");
        assert_eq!(thin(full).unwrap(), expected);
        assert!(thin("{}").is_err());
    }
}
