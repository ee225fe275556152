//! Token buckets, one for each caller, in bounded memory.

use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::{StateInformationMiddleware, StateSnapshot};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::config::Rate;

/// How many callers are told apart. A bucket that is full again is forgotten, so this many must
/// have called within the last seconds; beyond them everybody new shares one bucket.
const CALLERS_MAX: usize = 65_536;
/// How many requests pass between two looks at how many callers there are.
const LOOK_EVERY: u32 = 256;

/// The buckets of one kind of caller.
pub(super) struct Buckets<K: Hash + Eq + Clone, C: Clock + Clone = MonotonicClock> {
    rate: Rate,
    limiter: RateLimiter<Option<K>, DashMapStateStore<Option<K>>, C, StateInformationMiddleware>,
    clock: C,
    callers_max: usize,
    turn: AtomicU32,
    crowded: AtomicBool,
}

/// What a bucket says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// How many requests may come at once.
    pub(super) limit: u32,
    /// How many may come now.
    pub(super) remaining: u32,
    /// Until the whole limit is there again, in seconds, rounded up.
    pub(super) reset_s: u64,
    /// Until the next request passes, in seconds, rounded up: at least 1. None when this one does.
    pub(super) retry_after_s: Option<u64>,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    pub(super) fn new(rate: Rate) -> Self {
        Self::with_clock(rate, MonotonicClock, CALLERS_MAX)
    }
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> Buckets<K, C> {
    fn with_clock(rate: Rate, clock: C, callers_max: usize) -> Self {
        let quota = Quota::with_period(rate.token_every).expect("a rate is not without end");
        let quota = quota.allow_burst(rate.burst);
        let limiter = RateLimiter::dashmap_with_clock(quota, clock.clone());
        Self {
            rate,
            limiter: limiter.with_middleware(),
            clock,
            callers_max,
            turn: AtomicU32::new(0),
            crowded: AtomicBool::new(false),
        }
    }

    /// Take a token out of this caller's bucket, if there is one.
    pub(super) fn take(&self, caller: K) -> Verdict {
        if self.turn.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOK_EVERY) {
            self.tidy();
        }
        let caller = (!self.crowded.load(Ordering::Relaxed)).then_some(caller);
        match self.limiter.check_key(&caller) {
            Ok(snapshot) => self.verdict(&snapshot, None),
            Err(until) => {
                let wait = until.wait_time_from(self.clock.now());
                Verdict {
                    limit: self.rate.burst.get(),
                    remaining: 0,
                    reset_s: seconds(self.rate.token_every * (self.rate.burst.get() - 1) + wait),
                    retry_after_s: Some(seconds(wait).max(1)),
                }
            }
        }
    }

    fn verdict(&self, snapshot: &StateSnapshot, retry_after_s: Option<u64>) -> Verdict {
        let limit = self.rate.burst.get();
        let remaining = snapshot.remaining_burst_capacity().min(limit);
        let reset_s = seconds(self.rate.token_every * (limit - remaining));
        Verdict { limit, remaining, reset_s, retry_after_s }
    }

    /// Forget buckets that are full again.
    fn tidy(&self) {
        if self.limiter.len() > self.callers_max / 2 {
            self.limiter.retain_recent();
        }
        self.crowded.store(self.limiter.len() >= self.callers_max, Ordering::Relaxed);
    }
}

/// Whole seconds, rounded up.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use governor::clock::FakeRelativeClock;

    use super::*;

    fn buckets(burst: u32, callers_max: usize) -> Buckets<u32, FakeRelativeClock> {
        let burst = NonZeroU32::new(burst).unwrap();
        let rate = Rate { token_every: Duration::from_millis(100), burst };
        Buckets::with_clock(rate, FakeRelativeClock::default(), callers_max)
    }

    fn said(verdict: Verdict) -> (u32, u64, Option<u64>) {
        (verdict.remaining, verdict.reset_s, verdict.retry_after_s)
    }

    #[test]
    fn a_burst_passes_and_comes_back_one_by_one() {
        let buckets = buckets(20, 100);
        for left in (0..20).rev() {
            let verdict = buckets.take(1);
            assert_eq!((verdict.limit, verdict.remaining), (20, left));
            assert_eq!(verdict.retry_after_s, None);
        }
        assert_eq!(said(buckets.take(1)), (0, 2, Some(1)), "two seconds to the whole limit");
        assert_eq!(said(buckets.take(2)), (19, 1, None), "a bucket of its own");
        buckets.clock.advance(Duration::from_millis(100));
        assert_eq!(said(buckets.take(1)), (0, 2, None), "one token came back");
        assert_eq!(said(buckets.take(1)), (0, 2, Some(1)));
        buckets.clock.advance(Duration::from_mins(1));
        assert_eq!(said(buckets.take(1)), (19, 1, None), "never more than the burst");
    }

    #[test]
    fn a_refusal_costs_nothing() {
        let buckets = buckets(1, 100);
        assert_eq!(buckets.take(1).retry_after_s, None);
        for _ in 0..1_000 {
            assert_eq!(buckets.take(1).retry_after_s, Some(1));
        }
        buckets.clock.advance(Duration::from_millis(100));
        assert_eq!(buckets.take(1).retry_after_s, None);
    }

    #[test]
    fn a_slow_rate_says_how_long_to_wait() {
        let rate = Rate { token_every: Duration::from_secs(90), burst: NonZeroU32::MIN };
        let buckets = Buckets::with_clock(rate, FakeRelativeClock::default(), 100);
        buckets.take(1);
        buckets.clock.advance(Duration::from_millis(500));
        assert_eq!(said(buckets.take(1)), (0, 90, Some(90)), "rounded up");
    }

    #[test]
    fn callers_are_forgotten_and_a_crowd_shares_one_bucket() {
        let buckets = buckets(2, 1_000);
        for caller in 0..100_000 {
            buckets.take(caller);
        }
        let callers = buckets.limiter.len();
        assert!(callers <= 1_000 + LOOK_EVERY as usize + 1, "{callers}");
        assert!(buckets.crowded.load(Ordering::Relaxed));
        assert_eq!(buckets.take(1_000_000).retry_after_s, Some(1), "one bucket for all of them");
        buckets.clock.advance(Duration::from_secs(1));
        for caller in 0..=LOOK_EVERY {
            buckets.take(caller);
        }
        assert!(!buckets.crowded.load(Ordering::Relaxed), "they went away");
        assert!(buckets.limiter.len() <= 1_000 / 2, "and are forgotten");
    }
}
