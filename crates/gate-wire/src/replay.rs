//! Delivering again in bulk (decisions, "Events and webhooks").

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::event::EventPattern;

/// What is to be delivered again. All conditions count together; without `since` and `event_ids` it
/// looks back four days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateReplayBody {
    /// Events that were made at this time or later. RFC 3339.
    #[schema(format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Events that were made before this time. RFC 3339.
    #[schema(format = DateTime)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// These events only.
    #[schema(min_items = 1, max_items = 1000)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_ids: Option<Vec<String>>,
    /// To this endpoint only; to every enabled one where nothing is said.
    #[schema(min_length = 1, max_length = 200)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_id: Option<String>,
    /// Events of these types only. A `webhook.test` is meant only when it is named.
    #[schema(min_items = 1, max_items = 50, value_type = Option<Vec<EventPattern>>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_types: Option<Vec<String>>,
    /// How an event must stand with an endpoint: everything that has not arrived, where nothing is
    /// said.
    #[schema(min_items = 1, max_items = 4, value_type = Option<Vec<Standing>>)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statuses: Option<Vec<String>>,
    /// Deliveries that are queued in a second at most; 100 where nothing is said.
    #[schema(minimum = 1, maximum = 1000, default = 100)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_per_second: Option<i64>,
}

/// How an event stands with an endpoint that wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// No delivery was ever made.
    NeverAttempted,
    /// It waits for its next attempt.
    Pending,
    /// It was given up.
    DeadLettered,
    /// It arrived.
    Succeeded,
}

/// Where a replay stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayStatus {
    /// There is more to look at.
    Running,
    /// What was wanted is queued.
    Done,
    /// Somebody stopped it.
    Cancelled,
}

/// A replay and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplayBody {
    /// Its id.
    #[schema(pattern = "^rp_(test|live)_[0-9a-z]{26}$")]
    pub id: String,
    /// Always `webhook_replay`.
    #[schema(pattern = "^webhook_replay$")]
    pub object: String,
    /// `running`, `done` or `cancelled`.
    #[schema(value_type = ReplayStatus)]
    pub status: String,
    /// RFC 3339.
    #[schema(required, format = DateTime)]
    pub since: Option<String>,
    /// RFC 3339.
    #[schema(required, format = DateTime)]
    pub until: Option<String>,
    /// The endpoint that it is for; null for all.
    #[schema(required)]
    pub endpoint_id: Option<String>,
    /// The types that it is about; null for all but tests.
    #[schema(required)]
    pub event_types: Option<Vec<String>>,
    /// How events must stand.
    #[schema(value_type = Vec<Standing>)]
    pub statuses: Vec<String>,
    /// Deliveries that are queued in a second at most.
    pub rate_per_second: i64,
    /// It looks at what stands behind this place in the feed.
    #[schema(minimum = 0)]
    pub after: i64,
    /// And at nothing behind this one.
    #[schema(minimum = 0)]
    pub through: i64,
    /// The events that were named, by their `sequence`; null for all between those places.
    #[schema(required)]
    pub sequences: Option<Vec<i64>>,
    /// Events to look at in all.
    pub total: i64,
    /// Events looked at so far.
    pub examined: i64,
    /// Deliveries queued so far.
    pub queued: i64,
    /// The place in the feed that it has looked at up to.
    pub cursor: i64,
    /// RFC 3339.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    pub updated_at: String,
}

/// Faults that the sandbox is asked for. Whole percent; what is left out is 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateChaosBody {
    /// Deliveries that are sent twice.
    #[schema(minimum = 0, maximum = 100, default = 0)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<i64>,
    /// Deliveries that are sent 1 to 10 s late.
    #[schema(minimum = 0, maximum = 100, default = 0)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<i64>,
    /// Attempts that are lost on their way; the schedule tries again.
    #[schema(minimum = 0, maximum = 100, default = 0)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drop: Option<i64>,
    /// Deliveries that later events of their session overtake.
    #[schema(minimum = 0, maximum = 100, default = 0)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reorder: Option<i64>,
    /// How long it goes on, in seconds.
    #[schema(minimum = 0, maximum = 3600, default = 300)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_seconds: Option<i64>,
    /// The same seed does the same to the same deliveries; a random one where nothing is said.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
}

/// The faults that go on now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChaosBody {
    /// Always `webhook_chaos`.
    #[schema(pattern = "^webhook_chaos$")]
    pub object: String,
    /// Whether anything goes on.
    pub active: bool,
    /// Percent of deliveries that are sent twice.
    pub duplicate: i64,
    /// Percent of deliveries that are sent late.
    pub delay: i64,
    /// Percent of attempts that are lost.
    pub drop: i64,
    /// Percent of deliveries that are overtaken.
    pub reorder: i64,
    /// What it all follows from.
    #[schema(required)]
    pub seed: Option<i64>,
    /// RFC 3339.
    #[schema(required, format = DateTime)]
    pub ends_at: Option<String>,
}
