//! The envelope of a webhook (contract, section 11.1; decisions, "Events and webhooks").

use gate_domain::transaction::Transaction;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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

fn event_object() -> String {
    "event".into()
}

/// A transaction inside an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionBody {
    /// Its id.
    pub refid: String,
    /// Its session.
    pub session_id: String,
    /// `on_ramp`.
    pub action: String,
    /// Where it stands.
    pub status: String,
}

impl From<&Transaction> for TransactionBody {
    fn from(transaction: &Transaction) -> Self {
        Self {
            refid: transaction.id.to_string(),
            session_id: transaction.session_id.to_string(),
            action: "on_ramp".into(),
            status: transaction.state.status().into(),
        }
    }
}
