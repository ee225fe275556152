//! The one shape of every failure (contract, section 3.3; decisions, "Errors").

use gate_domain::Reason;
use gate_domain::catalogue::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::instant::to_rfc3339;

/// What a failed request answers. Flat: there is no wrapper around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// The broad class, one of a fixed set.
    #[serde(rename = "type")]
    pub kind: String,
    /// The specific code. A promise: branch on this.
    pub code: String,
    /// For people. Never parse it.
    pub message: String,
    /// The same as the `X-Request-Id` header.
    pub request_id: String,
    /// Where to read more.
    #[schema(required)]
    pub doc_url: Option<String>,
    /// The HTTP status again.
    #[serde(rename = "statusCode")]
    pub status_code: u16,
    /// JSON pointer of the field that is wrong, if it is one.
    #[schema(required)]
    pub param: Option<String>,
    /// Which rule refused, and what would pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ReasonBody>,
    /// Every problem of a body that has several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemBody>,
    /// The session that is in the way, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionStatusBody>,
}

/// One problem of a request body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemBody {
    /// JSON pointer of the field.
    pub param: String,
    /// The code.
    pub code: String,
    /// For people.
    pub message: String,
}

/// The session that is in the way of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionStatusBody {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub status: String,
}

/// Why a rule refused, and what to do. Amounts are decimal strings with their currency.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReasonBody {
    /// The code. A promise.
    pub code: String,
    /// What happened.
    pub message: String,
    /// Whether trying again can help.
    pub retryable: bool,
    /// The limit that applied.
    #[schema(required)]
    pub limit: Option<String>,
    /// The least that would pass.
    #[schema(required)]
    pub minimum: Option<String>,
    /// The most that would pass.
    #[schema(required)]
    pub maximum: Option<String>,
    /// What is left of the limit.
    #[schema(required)]
    pub remaining: Option<String>,
    /// When the whole limit can be used again, RFC 3339; left out where no limit renews.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub renews_at: Option<String>,
    /// What to do.
    #[schema(required)]
    pub next_step: Option<String>,
}

impl From<Reason> for ReasonBody {
    fn from(reason: Reason) -> Self {
        Self {
            code: reason.code().into(),
            message: reason.message().into(),
            retryable: reason.retryable(),
            next_step: Some(reason.next_step().into()),
            ..Self::default()
        }
    }
}

impl From<&Refusal> for ReasonBody {
    fn from(refusal: &Refusal) -> Self {
        Self {
            code: refusal.code.as_str().into(),
            message: refusal.message.clone(),
            retryable: refusal.retryable,
            limit: refusal.limit.as_ref().map(ToString::to_string),
            minimum: refusal.minimum.as_ref().map(ToString::to_string),
            maximum: refusal.maximum.as_ref().map(ToString::to_string),
            remaining: refusal.remaining.as_ref().map(ToString::to_string),
            renews_at: refusal.renews_at.map(to_rfc3339),
            next_step: Some(refusal.next_step.clone()),
        }
    }
}
