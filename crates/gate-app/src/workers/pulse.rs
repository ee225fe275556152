//! Whether the workers of this process are still at it: each says when it begins a pass.

use std::collections::BTreeMap;
use std::sync::Mutex;

use tokio::time::Instant;

use super::lanes::lock;

/// By when each worker must have begun another pass.
#[derive(Default)]
pub(crate) struct Pulses(Mutex<BTreeMap<&'static str, Instant>>);

impl Pulses {
    /// A worker begins a pass now, and must begin the next one by then.
    pub(crate) fn beat(&self, worker: &'static str, by: Instant) {
        lock(&self.0).insert(worker, by);
    }

    /// A worker has ended in order.
    pub(crate) fn rest(&self, worker: &'static str) {
        lock(&self.0).remove(worker);
    }

    /// Workers that should have begun another pass by now and did not.
    pub(crate) fn stuck(&self, now: Instant) -> Vec<&'static str> {
        let pulses = lock(&self.0);
        pulses.iter().filter(|(_, by)| **by < now).map(|(worker, _)| *worker).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    // T44.
    #[test]
    fn who_does_not_come_back_is_named() {
        let (pulses, start) = (Pulses::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        pulses.beat("webhook", at(30));
        pulses.beat("sweep", at(60));
        assert!(pulses.stuck(at(30)).is_empty());
        assert_eq!(pulses.stuck(at(31)), ["webhook"]);
        pulses.beat("webhook", at(61));
        assert!(pulses.stuck(at(31)).is_empty());
        pulses.rest("sweep");
        assert_eq!(pulses.stuck(at(90)), ["webhook"], "who has ended in order is not missed");
    }
}
