//! Which events an endpoint wants: exact names, families such as `rail.*`, or everything.

use std::fmt;

use crate::event::EventType;

/// An endpoint's filter. It always matches something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFilter(Vec<String>);

/// The most patterns that a filter has.
pub const PATTERNS_MAX: usize = 50;

/// Why a list of patterns is no filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// There is nothing in it, or too much.
    #[error("a filter has 1 to {PATTERNS_MAX} patterns")]
    Count,
    /// It matches no event that there is.
    #[error("there is no event type {0:?}")]
    Unknown(String),
}

/// Matches every event.
const EVERYTHING: &str = "*";

impl EventFilter {
    /// A filter that lets everything through.
    pub fn everything() -> Self {
        Self(vec![EVERYTHING.into()])
    }

    /// Read a list of patterns. A pattern that is said twice counts once.
    pub fn parse<T: AsRef<str>>(patterns: &[T]) -> Result<Self, FilterError> {
        if !(1..=PATTERNS_MAX).contains(&patterns.len()) {
            return Err(FilterError::Count);
        }
        let mut kept: Vec<String> = Vec::new();
        for pattern in patterns {
            let pattern = pattern.as_ref();
            if !is_pattern(pattern) {
                return Err(FilterError::Unknown(pattern.to_owned()));
            }
            if !kept.iter().any(|known| known == pattern) {
                kept.push(pattern.to_owned());
            }
        }
        Ok(Self(kept))
    }

    /// Whether everything goes through.
    pub fn is_everything(&self) -> bool {
        self.0.iter().any(|pattern| pattern == EVERYTHING)
    }

    /// Whether an event of this type goes through. A test that was asked for always does: it proves
    /// that the endpoint can be reached.
    pub fn lets_through(&self, event_type: EventType) -> bool {
        event_type == EventType::WebhookTest || self.names(event_type)
    }

    /// Whether a pattern stands for this type.
    pub fn names(&self, event_type: EventType) -> bool {
        self.0.iter().any(|pattern| stands_for(pattern, event_type))
    }

    /// Every type that a pattern stands for, in the order of the contract.
    pub fn event_types(&self) -> impl Iterator<Item = EventType> {
        EventType::ALL.iter().copied().filter(|event_type| self.names(*event_type))
    }

    /// The patterns, as they were given.
    pub fn patterns(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for EventFilter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.join(", "))
    }
}

/// Whether a pattern stands for any event that there is.
pub fn is_pattern(pattern: &str) -> bool {
    EventType::ALL.iter().any(|event_type| stands_for(pattern, *event_type))
}

/// Every family that can be named, such as `rail.*` and `rail.pay_in.*`, `*` first.
pub fn families() -> Vec<String> {
    let mut families = vec![EVERYTHING.to_owned()];
    for event_type in EventType::ALL {
        let name = event_type.as_str();
        for (dot, _) in name.match_indices('.') {
            let family = format!("{}.*", &name[..dot]);
            if !families.contains(&family) {
                families.push(family);
            }
        }
    }
    families
}

fn stands_for(pattern: &str, event_type: EventType) -> bool {
    let name = event_type.as_str();
    match pattern.strip_suffix('*') {
        None => pattern == name,
        Some("") => true,
        Some(family) => family.len() > 1 && family.ends_with('.') && name.starts_with(family),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_pattern_stands_for() {
        let count = |pattern: &str| {
            EventFilter::parse(&[pattern]).map_or(0, |filter| filter.event_types().count())
        };
        for (pattern, expected) in [
            ("*", EventType::ALL.len()),
            ("gate_session.*", 6),
            ("rail.*", 8),
            ("rail.pay_in.*", 4),
            ("customer.*", 3),
            ("kyc.required", 1),
            ("quote.*", 1),
            // What stands for nothing is refused, so that a slip is not silence.
            ("", 0),
            (".*", 0),
            ("**", 0),
            ("gate_session", 0),
            ("gate_session.", 0),
            ("gate_session*", 0),
            ("gate*", 0),
            ("*.completed", 0),
            ("gate_session.complete", 0),
            ("GATE_SESSION.*", 0),
            ("rail.pay_in.settled.*", 0),
        ] {
            assert_eq!(count(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn a_filter_is_the_union_of_its_patterns_and_keeps_their_order() {
        let filter = EventFilter::parse(&["quote.consumed", "customer.*", "quote.consumed"]);
        let filter = filter.unwrap();
        assert_eq!(filter.patterns(), ["quote.consumed", "customer.*"]);
        assert!(filter.lets_through(EventType::CustomerDeleted));
        assert!(!filter.lets_through(EventType::SessionCreated));
        assert!(!filter.is_everything());
        assert!(EventFilter::everything().is_everything());
    }

    #[test]
    fn a_test_goes_through_every_filter_and_is_named_by_few() {
        let filter = EventFilter::parse(&["quote.consumed"]).unwrap();
        assert!(filter.lets_through(EventType::WebhookTest));
        assert!(!filter.names(EventType::WebhookTest));
    }

    #[test]
    fn no_patterns_and_too_many_are_refused() {
        assert_eq!(EventFilter::parse::<&str>(&[]), Err(FilterError::Count));
        assert_eq!(EventFilter::parse(&["*"; 51]), Err(FilterError::Count));
        assert!(EventFilter::parse(&["*"; 50]).is_ok());
    }

    #[test]
    fn every_family_is_a_pattern() {
        let families = families();
        assert_eq!(
            families,
            [
                "*",
                "gate_session.*",
                "kyc.*",
                "rail.*",
                "rail.pay_in.*",
                "rail.pay_out.*",
                "quote.*",
                "refund.*",
                "payment.*",
                "deposit.*",
                "customer.*",
                "webhook.*",
                "webhook_endpoint.*"
            ]
        );
        assert!(families.iter().all(|family| is_pattern(family)));
    }
}
