//! When a webhook is tried again.

use serde::{Deserialize, Serialize};

use crate::time::Millis;

/// Where one event stands on its way to one endpoint (contract, section 11.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Waits for its next attempt.
    Pending,
    /// Leased by a worker.
    InFlight,
    /// The endpoint answered 2xx.
    Succeeded,
    /// All attempts failed; only a replay sends it again.
    DeadLettered,
}

impl DeliveryStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::InFlight, Self::Succeeded, Self::DeadLettered];

    /// The word on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InFlight => "in_flight",
            Self::Succeeded => "succeeded",
            Self::DeadLettered => "dead_lettered",
        }
    }

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// Seconds to wait after the first, second, ... failed attempt. The first four are the contract's
/// (section 11.5); the rest carry a delivery over a long week-end.
pub const RETRY_GAPS_S: [i64; 9] = [
    MINUTE,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
];

/// When to try again after `attempts` failures (1 after the first), or none when it is over.
///
/// `jitter` is a random number from 0 to 255 and only ever adds, up to 10 % of the gap.
pub fn next_attempt_at(attempts: i64, failed_at: Millis, jitter: u8) -> Option<Millis> {
    let gap_index = usize::try_from(attempts.checked_sub(1)?).ok()?;
    let gap_ms = RETRY_GAPS_S.get(gap_index)? * 1000;
    Some(failed_at.plus_ms(gap_ms + gap_ms * i64::from(jitter) / 2550))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_attempts_over_three_days_then_none() {
        let waits: Vec<_> =
            (1..=10).map(|attempts| next_attempt_at(attempts, Millis(0), 0)).collect();
        assert_eq!(waits[0], Some(Millis(60_000)));
        assert_eq!(waits[8], Some(Millis(24 * 3_600_000)));
        assert_eq!(waits[9], None);
        assert_eq!(next_attempt_at(0, Millis(0), 0), None);
    }

    #[test]
    fn jitter_only_adds_and_at_most_a_tenth() {
        assert_eq!(next_attempt_at(1, Millis(0), 255), Some(Millis(66_000)));
    }
}
