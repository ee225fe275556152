//! Instants on the wire: RFC 3339 in UTC with milliseconds.

use gate_domain::Millis;

/// `2026-11-23T12:00:00.000Z`. An instant outside of years 0 to 9999 is clamped to their ends.
pub fn to_rfc3339(instant: Millis) -> String {
    let timestamp = jiff::Timestamp::from_millisecond(instant.0).unwrap_or(jiff::Timestamp::MAX);
    format!("{timestamp:.3}")
}

/// Read what [`to_rfc3339`] wrote, or any other RFC 3339 instant.
pub fn from_rfc3339(text: &str) -> Option<Millis> {
    text.parse::<jiff::Timestamp>().ok().map(|timestamp| Millis(timestamp.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_always_show() {
        assert_eq!(to_rfc3339(Millis(1_700_000_000_000)), "2023-11-14T22:13:20.000Z");
        assert_eq!(from_rfc3339("2023-11-14T22:13:20.000Z"), Some(Millis(1_700_000_000_000)));
        assert_eq!(from_rfc3339("yesterday"), None);
    }
}
