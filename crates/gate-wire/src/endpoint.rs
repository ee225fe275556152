//! Where a partner receives webhooks (decisions, "Events and webhooks").

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// An endpoint. Its secret is shown when it is made or rolled, and never again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndpointBody {
    /// Its id.
    #[schema(pattern = "^we_(test|live)_[0-9a-z]{26}$")]
    pub id: String,
    /// Always `webhook_endpoint`.
    #[schema(pattern = "^webhook_endpoint$")]
    pub object: String,
    /// `test` or `live`.
    #[schema(value_type = crate::words::Mode)]
    pub mode: String,
    /// Where events are sent.
    #[schema(max_length = 2048)]
    pub url: String,
    /// What it takes: `*`, families such as `rail.*`, and exact types.
    #[schema(min_items = 1, max_items = 50)]
    pub event_types: Vec<String>,
    /// What its owner calls it.
    #[schema(required)]
    pub description: Option<String>,
    /// `enabled` or `disabled`. Nothing is sent to a disabled one; what waits for it goes on waiting.
    #[schema(value_type = EndpointStatus)]
    pub status: String,
    /// Who or what disabled it, such as `disabled_by_partner` or `disabled_by_operator`.
    #[schema(required)]
    pub disabled_reason: Option<String>,
    /// Webhooks a second at most; null without a limit.
    #[schema(required, minimum = 1, maximum = 1_000)]
    pub rate_limit: Option<i64>,
    /// The waits between attempts, in seconds; null for the schedule that everybody gets.
    #[schema(required, max_items = 20)]
    pub retry_schedule: Option<Vec<i64>>,
    /// `full`, or `thin`: events come with an empty `data`.
    #[schema(value_type = EndpointPayload)]
    pub payload: String,
    /// Names of the headers that are sent beside ours. Their values are not shown again.
    #[schema(max_items = 10)]
    pub header_names: Vec<String>,
    /// Verifies the `v1a` signatures of Standard Webhooks (Ed25519); null while it is not signed so.
    #[schema(required, pattern = "^whpk_[A-Za-z0-9+/]{43}=$")]
    pub public_key: Option<String>,
    /// How it fares: whether webhooks are sent to it now, and what went wrong last.
    pub health: EndpointHealthBody,
    /// Until when a rolled secret signs too; null when only the newest does.
    #[schema(required, format = DateTime)]
    pub old_secret_expires_at: Option<String>,
    /// RFC 3339.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// How an endpoint fares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndpointHealthBody {
    /// `ok`, `throttled` (it asked for time) or `paused` (it kept failing).
    #[schema(value_type = EndpointHealthState)]
    pub state: String,
    /// Since when. RFC 3339.
    #[schema(format = DateTime)]
    pub since: String,
    /// Until when nothing is sent; null while it is well. After a pause a single delivery asks whether
    /// it is back.
    #[schema(required, format = DateTime)]
    pub until: Option<String>,
    /// Failed attempts since the last that arrived.
    #[schema(minimum = 0)]
    pub failures_in_row: i64,
    /// What went wrong last; null while it is well.
    #[schema(required)]
    pub last_error: Option<String>,
}

/// Whether an endpoint is sent to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookEndpointHealthState)]
pub enum EndpointHealthState {
    /// It is.
    Ok,
    /// It asked for time, and gets it.
    Throttled,
    /// It kept failing, and is left alone for a while.
    Paused,
}

/// A wait between two attempts, for the document.
pub struct RetryGap;

impl PartialSchema for RetryGap {
    fn schema() -> RefOr<Schema> {
        let gap = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
        gap.maximum(Some(86_400)).description(Some("Seconds until the next attempt.")).into()
    }
}

impl ToSchema for RetryGap {
    fn name() -> Cow<'static, str> {
        "RetryGap".into()
    }
}

/// Headers by their names, for the document.
pub struct EndpointHeaders;

impl PartialSchema for EndpointHeaders {
    fn schema() -> RefOr<Schema> {
        let text = |chars_max| {
            let text = ObjectBuilder::new().schema_type(Type::String);
            text.min_length(Some(1)).max_length(Some(chars_max))
        };
        ObjectBuilder::new()
            .description(Some("Names of letters, digits and punctuation; printable ASCII values."))
            .max_properties(Some(10))
            .property_names(Some(text(64)))
            .additional_properties(Some(AdditionalProperties::from(text(512))))
            .into()
    }
}

impl ToSchema for EndpointHeaders {
    fn name() -> Cow<'static, str> {
        "EndpointHeaders".into()
    }
}

/// How much an event says to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookEndpointPayload)]
pub enum EndpointPayload {
    /// All of it.
    Full,
    /// That it happened: `data` is empty, and `GET /v1/events/{id}` has the rest.
    Thin,
}

/// Whether an endpoint takes events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookEndpointStatus)]
pub enum EndpointStatus {
    /// It does.
    Enabled,
    /// It is paused.
    Disabled,
}

/// What create and roll answer: the endpoint and, only here, its secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndpointWithSecretBody {
    /// The endpoint.
    #[serde(flatten)]
    pub endpoint: EndpointBody,
    /// Verifies what it receives, in both schemes. Keep it where your server keeps secrets.
    #[schema(
        pattern = "^whsec_[A-Za-z0-9+/]+=*$",
        example = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    )]
    pub secret: String,
}

/// What creates an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateEndpointBody {
    /// https, or http on a loopback host in test mode; without user-info and without a fragment.
    #[schema(
        min_length = 9,
        max_length = 2048,
        pattern = r"^https?://[^\s\\#]+$",
        example = "https://shop.example/webhooks"
    )]
    pub url: String,
    /// What it takes; everything where nothing is said. Null is the same as leaving it out.
    #[schema(min_items = 1, max_items = 50, value_type = Option<Vec<crate::event::EventPattern>>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_types: Option<Vec<String>>,
    /// A name for people.
    #[schema(min_length = 1, max_length = 200)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Webhooks a second at most, 1 to 1,000; none where nothing is said. What is more waits.
    #[schema(minimum = 1, maximum = 1_000)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<i64>,
    /// The waits between attempts in seconds: up to 20, each of 1 s to a day. An empty list gives up after the first attempt.
    #[schema(max_items = 20, value_type = Option<Vec<RetryGap>>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_schedule: Option<Vec<i64>>,
    /// `thin` for events with an empty `data`.
    #[schema(value_type = Option<EndpointPayload>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// Up to 10 headers that are sent beside ours, such as the token of a gateway of yours. They rest
    /// sealed, and their values are not shown again.
    #[schema(value_type = Option<EndpointHeaders>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, String>>,
    /// Whether it is signed with a key pair of the endpoint's own too (Ed25519, `v1a` of Standard
    /// Webhooks). `public_key` verifies it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asymmetric: Option<bool>,
}

/// What changes an endpoint. A field that is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateEndpointBody {
    /// As in create. What waits is sent to the new URL.
    #[schema(
        nullable = false,
        min_length = 9,
        max_length = 2048,
        pattern = r"^https?://[^\s\\#]+$",
        example = "https://shop.example/webhooks"
    )]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// As in create; null goes back to everything.
    #[schema(min_items = 1, max_items = 50, value_type = Option<Vec<crate::event::EventPattern>>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_types: Option<Vec<String>>,
    /// A name for people; null takes it away.
    #[schema(min_length = 1, max_length = 200)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `disabled` pauses it, `enabled` lets it go on with what waits.
    #[schema(nullable = false, value_type = Option<EndpointStatus>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Webhooks a second at most, 1 to 1,000; none where nothing is said. What is more waits.
    #[schema(minimum = 1, maximum = 1_000)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<i64>,
    /// The waits between attempts in seconds: up to 20, each of 1 s to a day. An empty list gives up after the first attempt; null goes back to the schedule of everybody.
    #[schema(max_items = 20, value_type = Option<Vec<RetryGap>>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_schedule: Option<Vec<i64>>,
    /// `thin` for events with an empty `data`.
    #[schema(value_type = Option<EndpointPayload>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// Up to 10 headers that are sent beside ours, such as the token of a gateway of yours. They rest
    /// sealed, and their values are not shown again; the whole set is replaced, and null takes it away.
    #[schema(value_type = Option<EndpointHeaders>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<BTreeMap<String, String>>,
    /// Whether it is signed with a key pair of the endpoint's own too (Ed25519, `v1a` of Standard
    /// Webhooks). `public_key` verifies it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asymmetric: Option<bool>,
}

/// What rolls a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RollSecretBody {
    /// How long the secret of now signs on beside the new one: 0 to 604,800 s, a day where nothing
    /// is said. 0 stops it and every older one at once.
    #[schema(minimum = 0, maximum = 604_800, default = 86_400)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_seconds: Option<i64>,
}

/// What is left of an endpoint. A second removal answers the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeletedEndpointBody {
    /// Its id.
    #[schema(pattern = "^we_(test|live)_[0-9a-z]{26}$")]
    pub id: String,
    /// Always `webhook_endpoint`.
    #[schema(pattern = "^webhook_endpoint$")]
    pub object: String,
    /// Always true.
    pub deleted: bool,
    /// RFC 3339.
    #[schema(format = DateTime)]
    pub deleted_at: String,
}
