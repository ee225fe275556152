//! What becomes of a delivery: when a webhook is tried again, and what its answer says about the
//! endpoint that gave it.

use serde::{Deserialize, Serialize};

use crate::endpoint_health::Sign;
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

/// Why an attempt failed, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureClass {
    /// The host has no address.
    Dns,
    /// Nobody took the connection.
    Connect,
    /// The certificate or the handshake is not right.
    Tls,
    /// It was not over in time.
    Timeout,
    /// The head of the answer has no end.
    TooLarge,
    /// The exchange broke off, or it is not HTTP.
    Protocol,
    /// Webhooks do not go to such an address.
    ForbiddenAddress,
    /// The answer points elsewhere. Nobody goes there.
    Redirected,
    /// The answer is none of 2xx.
    Status,
}

impl FailureClass {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::TooLarge,
        Self::Protocol,
        Self::ForbiddenAddress,
        Self::Redirected,
        Self::Status,
    ];

    /// The word on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::TooLarge => "too_large",
            Self::Protocol => "protocol",
            Self::ForbiddenAddress => "forbidden_address",
            Self::Redirected => "redirected",
            Self::Status => "status",
        }
    }

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == word)
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

/// How long an endpoint rests that says that it gets too much and not for how long: 5 s.
pub const BUSY_MS: i64 = 5_000;
/// The longest that one answer makes all of an endpoint wait: 1 h.
pub const BUSY_MS_MAX: i64 = 3_600_000;
/// How often a delivery is tried early because it was asked to, without using up its schedule.
const EARLY_MAX: i64 = 10;

/// When to try again after `failures` of them (1 after the first), or none when it is over.
///
/// `jitter` is a random number from 0 to 255 and only ever adds, up to 10 % of the gap.
pub fn next_attempt_at(
    gaps_s: &[i64],
    failures: i64,
    failed_at: Millis,
    jitter: u8,
) -> Option<Millis> {
    let gap_index = usize::try_from(failures.checked_sub(1)?).ok()?;
    let gap_ms = gaps_s.get(gap_index)? * 1000;
    Some(failed_at.plus_ms(with_jitter(gap_ms, jitter)))
}

fn with_jitter(wait_ms: i64, jitter: u8) -> i64 {
    wait_ms + wait_ms / 2550 * i64::from(jitter)
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An answer.
    Answered {
        /// Its status.
        status: u16,
        /// How long to wait, as it asks.
        retry_after_ms: Option<i64>,
    },
    /// None, or none that counts.
    Failed(FailureClass),
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug)]
pub struct SoFar<'a> {
    /// The number of the attempt that ended, from 1.
    pub attempt: i64,
    /// Failures before it, since the schedule began.
    pub failures: i64,
    /// The waits of its schedule, in seconds.
    pub gaps_s: &'a [i64],
}

/// What becomes of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Failures since the schedule began.
    pub failures: i64,
    /// When it is tried again.
    pub next_attempt_at: Option<Millis>,
    /// Why it failed.
    pub failure: Option<FailureClass>,
    /// What it says about the endpoint.
    pub sign: Sign,
}

/// What an attempt comes to: any 2xx is success, everything else is tried again until the schedule
/// ends. What the receiver asks for in `Retry-After` is honoured up to the next gap of the schedule,
/// and a delivery that comes back earlier than its schedule says does not use it up, some ten times.
pub fn judge(reply: Reply, so_far: SoFar<'_>, now: Millis, jitter: u8) -> Judgement {
    let (failure, asked_ms, status) = match reply {
        Reply::Answered { status: 200..=299, .. } => {
            return Judgement {
                status: DeliveryStatus::Succeeded,
                failures: so_far.failures,
                next_attempt_at: None,
                failure: None,
                sign: Sign::Arrived,
            };
        }
        Reply::Answered { status, retry_after_ms } => {
            let class = match status {
                300..=399 => FailureClass::Redirected,
                _ => FailureClass::Status,
            };
            (class, retry_after_ms.filter(|wait_ms| *wait_ms > 0), status)
        }
        Reply::Failed(class) => (class, None, 0),
    };
    let failures = so_far.failures + 1;
    let gap_ms = usize::try_from(so_far.failures).ok().and_then(|at| so_far.gaps_s.get(at));
    let gap_ms = gap_ms.map(|gap_s| gap_s * 1000);
    // After the last of the schedule there is no gap; the endpoint may still ask for a rest.
    let honoured_ms = asked_ms.map(|asked_ms| asked_ms.min(gap_ms.unwrap_or(BUSY_MS_MAX)));
    let sign = match (status, honoured_ms) {
        (410, _) => Sign::Gone,
        (429 | 502..=504, Some(wait_ms)) => Sign::Busy { wait_ms: wait_ms.min(BUSY_MS_MAX) },
        (429, None) => Sign::Busy { wait_ms: BUSY_MS },
        _ => Sign::Failed,
    };
    let early = honoured_ms
        .filter(|wait_ms| gap_ms.is_some_and(|gap_ms| *wait_ms < gap_ms))
        .filter(|_| so_far.attempt - so_far.failures <= EARLY_MAX);
    let (failures, next) = match early {
        Some(wait_ms) => (so_far.failures, Some(now.plus_ms(with_jitter(wait_ms, jitter)))),
        None => (failures, next_attempt_at(so_far.gaps_s, failures, now, jitter)),
    };
    let status =
        if next.is_some() { DeliveryStatus::Pending } else { DeliveryStatus::DeadLettered };
    Judgement { status, failures, next_attempt_at: next, failure: Some(failure), sign }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_000_000);

    fn judged(status: u16, asked_s: Option<i64>, so_far: (i64, i64)) -> Judgement {
        let reply = Reply::Answered { status, retry_after_ms: asked_s.map(|s| s * 1000) };
        let so_far = SoFar { attempt: so_far.0, failures: so_far.1, gaps_s: &RETRY_GAPS_S };
        judge(reply, so_far, NOW, 0)
    }

    fn wait_s(judgement: &Judgement) -> i64 {
        (judgement.next_attempt_at.unwrap().0 - NOW.0) / 1000
    }

    #[test]
    fn ten_attempts_over_three_days_then_none() {
        let waits: Vec<_> = (1..=10)
            .map(|failures| next_attempt_at(&RETRY_GAPS_S, failures, Millis(0), 0))
            .collect();
        assert_eq!(waits[0], Some(Millis(60_000)));
        assert_eq!(waits[8], Some(Millis(24 * 3_600_000)));
        assert_eq!(waits[9], None);
        assert_eq!(next_attempt_at(&RETRY_GAPS_S, 0, Millis(0), 0), None);
        let last = judged(500, None, (10, 9));
        assert_eq!((last.status, last.failures), (DeliveryStatus::DeadLettered, 10));
    }

    #[test]
    fn jitter_only_adds_and_at_most_a_tenth() {
        let most = next_attempt_at(&RETRY_GAPS_S, 1, Millis(0), 255).unwrap();
        assert!((65_000..=66_000).contains(&most.0), "{most:?}");
    }

    // T23.
    #[test]
    fn what_is_asked_for_is_honoured_up_to_the_next_gap() {
        for (status, asked_s, waits_s, failures, sign) in [
            (429, Some(7), 7, 0, Sign::Busy { wait_ms: 7_000 }),
            (503, Some(60), 60, 1, Sign::Busy { wait_ms: 60_000 }),
            // Ten years come to one gap.
            (429, Some(315_360_000), 60, 1, Sign::Busy { wait_ms: 60_000 }),
            (502, Some(9), 9, 0, Sign::Busy { wait_ms: 9_000 }),
            (504, Some(9), 9, 0, Sign::Busy { wait_ms: 9_000 }),
            // Elsewhere only this delivery waits.
            (500, Some(9), 9, 0, Sign::Failed),
            (404, Some(9), 9, 0, Sign::Failed),
            // Nothing asked, or nothing that means anything.
            (429, None, 60, 1, Sign::Busy { wait_ms: BUSY_MS }),
            (503, None, 60, 1, Sign::Failed),
            (503, Some(0), 60, 1, Sign::Failed),
            (503, Some(-5), 60, 1, Sign::Failed),
            (410, None, 60, 1, Sign::Gone),
            (410, Some(9), 9, 0, Sign::Gone),
        ] {
            let judgement = judged(status, asked_s, (1, 0));
            let said = (wait_s(&judgement), judgement.failures, judgement.sign);
            assert_eq!(said, (waits_s, failures, sign), "{status} {asked_s:?}");
        }
    }

    #[test]
    fn coming_back_early_ends_by_itself() {
        let (mut attempt, mut failures) = (0, 0);
        for _ in 0..100 {
            attempt += 1;
            let judgement = judged(429, Some(1), (attempt, failures));
            failures = judgement.failures;
            if judgement.status == DeliveryStatus::DeadLettered {
                assert_eq!(attempt, 20, "ten early ones beside the ten of the schedule");
                return;
            }
        }
        panic!("it never ends");
    }

    #[test]
    fn no_answer_asks_a_whole_endpoint_to_wait_for_long() {
        let late = judged(429, Some(86_400), (9, 8));
        assert_eq!(late.sign, Sign::Busy { wait_ms: BUSY_MS_MAX });
        assert_eq!(wait_s(&late), 86_400);
        let over = judged(429, Some(i64::MAX / 1000), (10, 9));
        assert_eq!(over.sign, Sign::Busy { wait_ms: BUSY_MS_MAX });
    }

    #[test]
    fn a_class_is_a_word_that_is_read_again() {
        for class in FailureClass::ALL {
            assert_eq!(FailureClass::parse(class.as_str()), Some(class));
        }
        assert_eq!(judged(302, None, (1, 0)).failure, Some(FailureClass::Redirected));
        assert_eq!(judged(199, None, (1, 0)).failure, Some(FailureClass::Status));
    }
}
