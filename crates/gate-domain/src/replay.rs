//! Delivering again in bulk: what is asked for, and how an event stands with an endpoint.

use serde::{Deserialize, Serialize};

use crate::event::EventType;
use crate::event_filter::EventFilter;
use crate::ids::EndpointId;
use crate::time::Millis;

/// Event ids that one replay names at most.
pub const EVENTS_MAX: usize = 1_000;
/// Deliveries that a replay queues in a second at most.
pub const RATE_MAX: i64 = 1_000;
/// The same where nothing is said.
pub const RATE_DEFAULT: i64 = 100;
/// How far a replay looks back where neither a time nor events are named: 4 days, a little more
/// than the whole schedule of attempts.
pub const LOOK_BACK_S: i64 = 4 * 86_400;
/// Replays that one partner runs at the same time in one mode.
pub const RUNNING_MAX: usize = 5;

/// How an event stands with an endpoint that wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// No delivery was ever made: the endpoint was paused, filtered it out, or did not exist.
    NeverAttempted,
    /// It waits for its next attempt, perhaps for hours.
    Pending,
    /// It was given up.
    DeadLettered,
    /// It arrived.
    Succeeded,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::NeverAttempted, Self::Pending, Self::DeadLettered, Self::Succeeded];
    /// Everything that has not arrived: what a replay is for, unless it says otherwise.
    pub const NOT_ARRIVED: [Self; 3] = [Self::NeverAttempted, Self::Pending, Self::DeadLettered];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NeverAttempted => "never_attempted",
            Self::Pending => "pending",
            Self::DeadLettered => "dead_lettered",
            Self::Succeeded => "succeeded",
        }
    }

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.as_str() == word)
    }
}

/// Where a replay stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayStatus {
    /// There is more to look at.
    Running,
    /// Everything was looked at, and what was wanted is queued.
    Done,
    /// Somebody stopped it; what was queued by then is delivered.
    Cancelled,
}

impl ReplayStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Running, Self::Done, Self::Cancelled];

    /// The word on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// What is to be delivered again. All conditions count together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// Events that were made at this time or later.
    pub since: Option<Millis>,
    /// Events that were made before this time.
    pub until: Option<Millis>,
    /// The places in the feed of the events that were named, in order; none when none were.
    pub places: Option<Vec<i64>>,
    /// This endpoint only.
    pub endpoint_id: Option<EndpointId>,
    /// Patterns of event types; none for everything but tests.
    pub event_types: Option<Vec<String>>,
    /// How an event must stand with an endpoint.
    pub standings: Vec<Standing>,
}

impl Selection {
    /// Whether this event is meant. A `webhook.test` is a question of its moment: it is meant only
    /// when it is named.
    pub fn wants(&self, event_type: EventType, created_at: Millis) -> bool {
        let in_time = self.since.is_none_or(|since| since <= created_at)
            && self.until.is_none_or(|until| created_at < until);
        let of_type = match self.event_types.as_deref().map(EventFilter::parse) {
            Some(Ok(filter)) => {
                filter.names(event_type)
                    && (event_type != EventType::WebhookTest || self.names_test())
            }
            Some(Err(_)) => false,
            None => event_type != EventType::WebhookTest || self.places.is_some(),
        };
        in_time && of_type
    }

    fn names_test(&self) -> bool {
        let patterns = self.event_types.as_deref().unwrap_or_default();
        self.places.is_some() || patterns.iter().any(|pattern| pattern.starts_with("webhook."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERYTHING: Selection = Selection {
        since: None,
        until: None,
        places: None,
        endpoint_id: None,
        event_types: None,
        standings: Vec::new(),
    };

    #[test]
    fn time_counts_from_since_up_to_but_without_until() {
        let selection =
            Selection { since: Some(Millis(10)), until: Some(Millis(20)), ..EVERYTHING };
        let wanted = |at| selection.wants(EventType::SessionCreated, Millis(at));
        assert_eq!([9, 10, 19, 20].map(wanted), [false, true, true, false]);
    }

    #[test]
    fn a_test_is_replayed_only_when_it_is_named() {
        let test = |selection: &Selection| selection.wants(EventType::WebhookTest, Millis(0));
        assert!(!test(&EVERYTHING));
        let types =
            |pattern: &str| Selection { event_types: Some(vec![pattern.to_owned()]), ..EVERYTHING };
        assert!(!test(&types("*")));
        assert!(test(&types("webhook.test")));
        assert!(test(&types("webhook.*")));
        assert!(test(&Selection { places: Some(vec![1]), ..EVERYTHING }));
        assert!(!types("rail.*").wants(EventType::SessionCreated, Millis(0)));
    }
}
