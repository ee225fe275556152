//! How often and when a request is repeated. A pure decision; the client does the waiting.

use std::time::Duration;

/// Bounded exponential backoff (contract, sections 3.6 and 3.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries in all, the first included.
    pub attempts_max: u32,
    /// The first pause; each later one is twice as long.
    pub first_pause: Duration,
    /// No pause is longer. A gateway that asks for more gets no retry at all: coming back sooner
    /// than it asked would not obey it.
    pub pause_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts_max: 3,
            first_pause: Duration::from_millis(500),
            pause_max: Duration::from_secs(30),
        }
    }
}

impl RetryPolicy {
    /// Never repeat anything.
    pub const NEVER: Self =
        Self { attempts_max: 1, first_pause: Duration::ZERO, pause_max: Duration::ZERO };

    /// How long to wait after try number `attempt` (from 1) failed, or `None` to give up.
    ///
    /// `jitter` spreads the pauses that we chose by up to a quarter; 0 is none, 255 all of it.
    pub fn pause(
        &self,
        attempt: u32,
        retry_after: Option<Duration>,
        jitter: u8,
    ) -> Option<Duration> {
        if attempt >= self.attempts_max {
            return None;
        }
        if let Some(asked) = retry_after {
            return (asked <= self.pause_max).then_some(asked);
        }
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let pause = self.first_pause.saturating_mul(doubled).min(self.pause_max);
        Some(pause + pause / 4 * u32::from(jitter) / 255)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn policy() -> RetryPolicy {
        RetryPolicy { attempts_max: 5, first_pause: SECOND, pause_max: 3 * SECOND }
    }

    #[test]
    fn pauses_double_up_to_a_bound_and_end() {
        let pauses: Vec<_> = (1..=5).map(|attempt| policy().pause(attempt, None, 0)).collect();
        let expected = [Some(SECOND), Some(2 * SECOND), Some(3 * SECOND), Some(3 * SECOND), None];
        assert_eq!(pauses, expected);
    }

    #[test]
    fn jitter_adds_a_quarter_at_most() {
        assert_eq!(policy().pause(1, None, 255), Some(SECOND + SECOND / 4));
    }

    #[test]
    fn retry_after_is_obeyed_or_nothing_is_sent() {
        assert_eq!(policy().pause(1, Some(2 * SECOND), 255), Some(2 * SECOND));
        assert_eq!(policy().pause(1, Some(Duration::ZERO), 255), Some(Duration::ZERO));
        assert_eq!(policy().pause(1, Some(4 * SECOND), 0), None);
        assert_eq!(policy().pause(5, Some(SECOND), 0), None);
    }

    #[test]
    fn never_is_never() {
        assert_eq!(RetryPolicy::NEVER.pause(1, None, 0), None);
    }
}
