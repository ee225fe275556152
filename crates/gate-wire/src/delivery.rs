//! A delivery as partners see it (contract, section 11.6). The body that was sent is never shown.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One event on its way to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryBody {
    /// Always `webhook_delivery`.
    pub object: String,
    /// Its id.
    pub id: String,
    /// The event; the same through retries and replays.
    pub event_id: String,
    /// The event's type.
    pub event_type: String,
    /// The endpoint that it goes to.
    pub endpoint_id: String,
    /// Where it goes.
    pub target_url: String,
    /// `pending`, `in_flight`, `succeeded` or `dead_lettered`.
    #[schema(value_type = DeliveryStatus)]
    pub status: String,
    /// Attempts so far.
    pub attempts: i64,
    /// The status of the last answer, if there was one.
    #[schema(required)]
    pub last_response_status: Option<i64>,
    /// What went wrong last.
    #[schema(required)]
    pub last_error: Option<String>,
    /// RFC 3339; none when nothing is planned.
    #[schema(required)]
    pub next_attempt_at: Option<String>,
    /// RFC 3339.
    #[schema(required)]
    pub delivered_at: Option<String>,
    /// When it was queued. RFC 3339.
    pub created_at: String,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// It waits for its next attempt.
    Pending,
    /// An attempt is under way.
    InFlight,
    /// The endpoint answered 2xx.
    Succeeded,
    /// It was given up; a replay sends it again.
    DeadLettered,
}

/// One request of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttemptBody {
    /// Always `webhook_attempt`.
    #[schema(pattern = "^webhook_attempt$")]
    pub object: String,
    /// Counted from 1.
    #[schema(minimum = 1)]
    pub number: i64,
    /// RFC 3339.
    #[schema(format = DateTime)]
    pub started_at: String,
    /// RFC 3339; none while it is under way, or when nobody knows how it ended.
    #[schema(required, format = DateTime)]
    pub ended_at: Option<String>,
    /// How long it took, in milliseconds.
    #[schema(required)]
    pub duration_ms: Option<i64>,
    /// The status that was answered.
    #[schema(required)]
    pub response_status: Option<i64>,
    /// What went wrong.
    #[schema(required)]
    pub error: Option<String>,
    /// The beginning of what was answered, at most 1 KiB of it; never to an event about a customer, whom it
    /// may name.
    #[schema(required)]
    pub response_excerpt: Option<String>,
}
