//! What a session says about an order: one small value, from an event or from a read.

use gate_wire::error::ReasonBody;
use gate_wire::event::EventBody;
use gate_wire::instant::from_rfc3339;
use gate_wire::session::{ProgressBody, SessionBody};
use serde::Deserialize;

/// What a session means for the order behind it (contract, sections 11.4 and 13).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing is decided yet. `phase` is the gateway's word for how far it is.
    Pending {
        /// `created`, `opened`, `quoted`, `awaiting_payment`, `processing`, `refunding`, `review`, ..
        phase: String,
    },
    /// An attempt to pay failed. The session is still open, so this is not final by itself.
    Failed {
        /// Why, and what would help.
        reason: Option<ReasonBody>,
    },
    /// The user has what they bought: fulfil, once.
    Completed,
    /// Somebody gave up. Final.
    Cancelled,
    /// The lifetime passed. Final.
    Expired,
}

impl Meaning {
    /// Whether the session can still change its mind.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Expired)
    }
}

/// What is known about a session, whichever way it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFacts {
    /// The session.
    pub session_id: String,
    /// What the user pays, a decimal string.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// The transaction that matters, once there is one.
    pub tx_refid: Option<String>,
    /// When the session last changed, in Unix milliseconds: the older of two facts is old news.
    pub as_of_ms: i64,
    /// What it comes to.
    pub meaning: Meaning,
}

/// A session that is not about what was ordered. Never fulfil it; a person should look.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session is for {got}, the order for {expected}")]
pub struct Mismatch {
    /// What the order says.
    pub expected: String,
    /// What the session says.
    pub got: String,
}

/// A session event without a session inside.
#[derive(Debug, thiserror::Error)]
#[error("the event {event_id} of type {event_type} does not carry a session")]
pub struct NotASession {
    /// The event.
    pub event_id: String,
    /// Its type.
    pub event_type: String,
    /// What was missing.
    #[source]
    pub cause: serde_json::Error,
}

/// The part of a session event that matters here. Everything else may come and go.
#[derive(Deserialize)]
struct SessionData {
    id: String,
    amount: String,
    currency: String,
    tx_refid: Option<String>,
    progress: Option<ProgressBody>,
    reason: Option<ReasonBody>,
}

impl SessionFacts {
    /// What an event says, or `None` for a type that says nothing about a session's course:
    /// acknowledge and ignore it (contract, section 11.4). The event must have been verified.
    pub fn from_event(event: &EventBody) -> Result<Option<Self>, NotASession> {
        let phase = |phase: &str| Meaning::Pending { phase: phase.into() };
        let mut meaning = match event.event_type.as_str() {
            "gate_session.created" => phase("created"),
            "gate_session.processing" => phase("processing"),
            "gate_session.completed" => Meaning::Completed,
            "gate_session.failed" => Meaning::Failed { reason: None },
            "gate_session.expired" => Meaning::Expired,
            "gate_session.cancelled" => Meaning::Cancelled,
            _ => return Ok(None),
        };
        let data = SessionData::deserialize(&event.data).map_err(|cause| NotASession {
            event_id: event.id.clone(),
            event_type: event.event_type.clone(),
            cause,
        })?;
        let updated_at = data.progress.as_ref().and_then(|it| from_rfc3339(&it.updated_at));
        if let Meaning::Failed { reason } = &mut meaning {
            *reason = data.reason.or(data.progress.and_then(|progress| progress.reason));
        }
        Ok(Some(Self {
            session_id: data.id,
            amount: data.amount,
            currency: data.currency,
            tx_refid: data.tx_refid,
            as_of_ms: updated_at.map_or(event.created_at.saturating_mul(1000), |at| at.0),
            meaning,
        }))
    }

    /// What a server-side read says. A status that is not in the contract decides nothing.
    pub fn from_session(session: &SessionBody) -> Self {
        let progress = &session.progress;
        let meaning = match (session.status.as_str(), progress.phase.as_str()) {
            ("completed", _) => Meaning::Completed,
            ("cancelled", _) => Meaning::Cancelled,
            ("expired", _) => Meaning::Expired,
            ("open", "failed" | "refunded") => Meaning::Failed { reason: progress.reason.clone() },
            (_, phase) => Meaning::Pending { phase: phase.into() },
        };
        Self {
            session_id: session.id.clone(),
            amount: session.amount.clone(),
            currency: session.currency.clone(),
            tx_refid: session.tx_refid.clone(),
            as_of_ms: from_rfc3339(&progress.updated_at).map_or(0, |at| at.0),
            meaning,
        }
    }

    /// Check that the session is about what was ordered. `100` and `100.00` are the same amount.
    pub fn check(&self, amount: &str, currency: &str) -> Result<(), Mismatch> {
        let same_amount = plain(&self.amount) == plain(amount);
        if same_amount && self.currency.eq_ignore_ascii_case(currency) {
            return Ok(());
        }
        Err(Mismatch {
            expected: format!("{amount} {currency}"),
            got: format!("{} {}", self.amount, self.currency),
        })
    }
}

/// A decimal without the zeros that say nothing.
fn plain(decimal: &str) -> &str {
    match decimal.split_once('.') {
        Some(_) => decimal.trim_end_matches('0').trim_end_matches('.'),
        None => decimal,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn session(status: &str, phase: &str) -> Value {
        json!({
            "id": "gs_test_1", "object": "gate_session", "partner_id": "ptr_1", "mode": "test",
            "amount": "100.00", "currency": "EUR", "target_token": null, "target_network": null,
            "flow": null, "wallet_address": null, "return_url": "https://shop.example/",
            "cancel_url": null, "status": status, "expires_at": "2026-11-23T12:00:00.000Z",
            "created_at": null, "user_reference": null, "metadata": {}, "tx_refid": "tx_test_1",
            "progress": { "phase": phase, "reason": null, "updated_at": "2026-11-23T12:00:00.000Z" },
        })
    }

    fn event(event_type: &str, data: &Value) -> EventBody {
        let body = json!({
            "id": "evt_test_1", "object": "event", "type": event_type,
            "created_at": 1_795_435_200, "livemode": false, "sequence": 1, "data": data,
        });
        serde_json::from_value(body).unwrap()
    }

    fn read(status: &str, phase: &str) -> Meaning {
        let body: SessionBody = serde_json::from_value(session(status, phase)).unwrap();
        SessionFacts::from_session(&body).meaning
    }

    fn pending(phase: &str) -> Meaning {
        Meaning::Pending { phase: phase.into() }
    }

    #[test]
    fn every_status_has_a_meaning() {
        assert_eq!(read("open", "awaiting_payment"), pending("awaiting_payment"));
        assert_eq!(read("open", "review"), pending("review"));
        assert_eq!(read("open", "failed"), Meaning::Failed { reason: None });
        assert_eq!(read("open", "refunded"), Meaning::Failed { reason: None });
        assert_eq!(read("completed", "settled"), Meaning::Completed);
        assert_eq!(read("cancelled", "failed"), Meaning::Cancelled);
        assert_eq!(read("expired", "failed"), Meaning::Expired);
        assert_eq!(read("paused", "failed"), pending("failed"), "an unknown status is no verdict");
    }

    #[test]
    fn an_event_and_a_read_of_the_same_moment_say_the_same() {
        let body = session("completed", "settled");
        let from_event = SessionFacts::from_event(&event("gate_session.completed", &body)).unwrap();
        let from_read = SessionFacts::from_session(&serde_json::from_value(body).unwrap());
        assert_eq!(from_event, Some(from_read));
    }

    #[test]
    fn every_session_event_has_a_meaning() {
        let meaning = |event_type: &str| {
            let event = event(event_type, &session("open", "processing"));
            SessionFacts::from_event(&event).unwrap().map(|facts| facts.meaning)
        };
        assert_eq!(meaning("gate_session.created"), Some(pending("created")));
        assert_eq!(meaning("gate_session.processing"), Some(pending("processing")));
        assert_eq!(meaning("gate_session.failed"), Some(Meaning::Failed { reason: None }));
        assert_eq!(meaning("gate_session.expired"), Some(Meaning::Expired));
        assert_eq!(meaning("gate_session.cancelled"), Some(Meaning::Cancelled));
        for other in ["webhook.test", "kyc.required", "gate_session.not_yet_invented"] {
            assert_eq!(meaning(other), None, "{other}");
        }
    }

    #[test]
    fn a_failure_carries_its_reason_from_either_place() {
        let reason = json!({ "code": "card_declined", "message": "No.", "retryable": true,
            "limit": null, "minimum": null, "maximum": null, "remaining": null, "next_step": null });
        let mut beside = session("open", "failed");
        beside["reason"] = reason.clone();
        let mut inside = session("open", "failed");
        inside["progress"]["reason"] = reason;
        for data in [beside, inside] {
            let facts = SessionFacts::from_event(&event("gate_session.failed", &data)).unwrap();
            let Some(Meaning::Failed { reason: Some(reason) }) = facts.map(|facts| facts.meaning)
            else {
                panic!("no reason");
            };
            assert_eq!(reason.code, "card_declined");
        }
    }

    #[test]
    fn a_session_event_without_a_session_is_an_error() {
        let error = SessionFacts::from_event(&event("gate_session.completed", &json!({})));
        assert_eq!(error.unwrap_err().event_id, "evt_test_1");
    }

    #[test]
    fn the_session_must_be_about_the_order() {
        let body = serde_json::from_value(session("completed", "settled")).unwrap();
        let facts = SessionFacts::from_session(&body);
        for same in ["100.00", "100", "100.0"] {
            assert_eq!(facts.check(same, "eur"), Ok(()), "{same}");
        }
        for (amount, currency) in [("1.00", "EUR"), ("1000", "EUR"), ("10", "EUR"), ("100", "USD")]
        {
            assert!(facts.check(amount, currency).is_err(), "{amount} {currency}");
        }
    }
}
