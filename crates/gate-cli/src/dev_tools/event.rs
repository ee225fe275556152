//! An event as it is sent: its exact bytes, and what they say.

use anyhow::{Context, Result};
use gate_wire::event::EventBody;
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The bytes that are signed.
    pub(crate) body: String,
    pub(crate) id: String,
    #[expect(
        clippy::struct_field_names,
        reason = "that is what it is called on the wire, and `type` is taken"
    )]
    pub(crate) event_type: String,
    /// Unix seconds.
    pub(crate) created_at: i64,
    pub(crate) sequence: i64,
    pub(crate) data: Value,
}

impl Event {
    pub(crate) fn read(raw: &RawValue) -> Result<Self> {
        Self::parse(raw.get())
    }

    pub(crate) fn parse(body: &str) -> Result<Self> {
        let parsed: EventBody =
            serde_json::from_str(body).context("what the gateway sent is no event")?;
        let EventBody { id, event_type, created_at, sequence, data, .. } = parsed;
        Ok(Self { body: body.to_owned(), id, event_type, created_at, sequence, data })
    }

    /// The id of what it is about; a dash where that has none.
    pub(crate) fn subject(&self) -> &str {
        let ids = ["id", "session_id", "object"];
        ids.iter().find_map(|name| self.data.get(name)?.as_str()).unwrap_or("-")
    }

    /// The whole event as JSON, for people: indented, its fields in their order.
    pub(crate) fn pretty(&self) -> String {
        super::verify::indented(&self.body)
    }

    /// The whole event as a value.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}
