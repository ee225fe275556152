//! The one place that asks what time it is.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in Unix milliseconds. Tests bring their own.
pub(crate) type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The machine's clock.
pub(crate) fn system() -> Clock {
    Arc::new(|| {
        #[expect(clippy::disallowed_methods, reason = "this is the shop's clock")]
        let now = SystemTime::now();
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

/// For people: `2026-11-23 12:00:00 UTC`.
pub(crate) fn for_people(ms: i64) -> String {
    timestamp(ms).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// For programs: `2026-11-23T12:00:00.000Z`.
pub(crate) fn for_programs(ms: i64) -> String {
    format!("{:.3}", timestamp(ms))
}

fn timestamp(ms: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings() {
        assert_eq!(for_people(1_700_000_000_000), "2023-11-14 22:13:20 UTC");
        assert_eq!(for_programs(1_700_000_000_000), "2023-11-14T22:13:20.000Z");
    }
}
