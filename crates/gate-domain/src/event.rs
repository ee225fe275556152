//! The facts that partners are told about.

use serde::{Deserialize, Serialize};

/// The type of an event, spelt as on the wire (contract, section 11.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum EventType {
    /// A session was made.
    #[serde(rename = "gate_session.created")]
    SessionCreated,
    /// Money may be moving.
    #[serde(rename = "gate_session.processing")]
    SessionProcessing,
    /// The user has what they bought; fulfil once.
    #[serde(rename = "gate_session.completed")]
    SessionCompleted,
    /// An attempt failed; the session stays open.
    #[serde(rename = "gate_session.failed")]
    SessionFailed,
    /// The lifetime passed.
    #[serde(rename = "gate_session.expired")]
    SessionExpired,
    /// The partner or the user gave up.
    #[serde(rename = "gate_session.cancelled")]
    SessionCancelled,
    /// Made on request only, to prove that an endpoint can be reached.
    #[serde(rename = "webhook.test")]
    WebhookTest,
}

impl EventType {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SessionCreated => "gate_session.created",
            Self::SessionProcessing => "gate_session.processing",
            Self::SessionCompleted => "gate_session.completed",
            Self::SessionFailed => "gate_session.failed",
            Self::SessionExpired => "gate_session.expired",
            Self::SessionCancelled => "gate_session.cancelled",
            Self::WebhookTest => "webhook.test",
        }
    }
}
