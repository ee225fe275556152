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
    /// Where it goes.
    pub target_url: String,
    /// `pending`, `in_flight`, `succeeded` or `dead_lettered`.
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
}
