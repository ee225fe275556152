//! Faults on purpose: what a partner can ask the sandbox to do to its webhooks, so that it sees its
//! own receiver cope with duplicates, delays, losses and a wrong order before real money does.
//!
//! Everything follows from the delivery's id, the number of the attempt and a seed, so a run that
//! found something can be had again. Nothing is lost for good: what is dropped is tried again.

use crate::ids::DeliveryId;
use crate::time::Millis;

/// Shares are whole percent.
pub const SHARE_MAX: i64 = 100;
/// The longest that faults go on: 1 h.
pub const LASTS_MAX_S: i64 = 3_600;
/// How long they go on where nothing is said: 5 min.
pub const LASTS_DEFAULT_S: i64 = 300;
/// A delayed attempt waits from one second to this long.
const DELAY_MAX_S: i64 = 10;

/// What share of deliveries meets which fault, in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chaos {
    /// Sent twice.
    pub duplicate: i64,
    /// Sent some seconds later, once.
    pub delay: i64,
    /// Not sent, as if the network had lost it; tried again by the schedule.
    pub drop: i64,
    /// Set aside for some seconds, once, while later events of its session go first.
    pub reorder: i64,
    /// The same seed does the same to the same deliveries.
    pub seed: i64,
    /// When it is over.
    pub ends_at: Millis,
}

/// What becomes of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is sent as always.
    Sent,
    /// It is sent two times.
    SentTwice,
    /// It is not sent, and counts as failed.
    Dropped,
    /// It is sent this many milliseconds later.
    Delayed(i64),
    /// The same, and later events of its session may go first.
    Overtaken(i64),
}

impl Chaos {
    /// No faults at all.
    pub const NONE: Self =
        Self { duplicate: 0, delay: 0, drop: 0, reorder: 0, seed: 0, ends_at: Millis(0) };

    /// What becomes of an attempt, counted from 1. Only a first attempt is delayed or overtaken, so
    /// that every delivery gets its turn.
    pub fn fate(&self, delivery: &DeliveryId, attempt: i64) -> Fate {
        let met = |fault: &str, share: i64| i64::from(self.roll(delivery, attempt, fault)) < share;
        let wait_ms = || {
            let span = u64::from(self.roll(delivery, attempt, "wait"));
            1_000 + i64::try_from(span).unwrap_or_default() * (DELAY_MAX_S - 1) * 10
        };
        if met("drop", self.drop) {
            return Fate::Dropped;
        }
        if attempt == 1 && met("reorder", self.reorder) {
            return Fate::Overtaken(wait_ms());
        }
        if attempt == 1 && met("delay", self.delay) {
            return Fate::Delayed(wait_ms());
        }
        if met("duplicate", self.duplicate) { Fate::SentTwice } else { Fate::Sent }
    }

    /// A number from 0 to 99 that looks random and is always the same.
    fn roll(&self, delivery: &DeliveryId, attempt: i64, fault: &str) -> u8 {
        let mut hash = Fnv::default();
        hash.take(&self.seed.to_be_bytes());
        hash.take(delivery.as_str().as_bytes());
        hash.take(&attempt.to_be_bytes());
        hash.take(fault.as_bytes());
        u8::try_from(hash.mixed() % 100).expect("it is below 100")
    }
}

/// FNV-1a, 64 bits, with the finish of splitmix64: no secret depends on it.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Fnv {
    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }

    fn mixed(self) -> u64 {
        let once = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let twice = (once ^ (once >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        twice ^ (twice >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Mode, Seed};

    fn deliveries() -> impl Iterator<Item = DeliveryId> {
        (0..10_000u16).map(|number| {
            let mut random = [0; 10];
            random[8..].copy_from_slice(&number.to_be_bytes());
            DeliveryId::new(Mode::Test, Seed { at: Millis(1_700_000_000_000), random })
        })
    }

    /// Whether a delivery met the fate that is counted.
    type Met = fn(Fate) -> bool;

    fn share(chaos: &Chaos, attempt: i64, met: Met) -> usize {
        deliveries().filter(|delivery| met(chaos.fate(delivery, attempt))).count()
    }

    #[test]
    fn shares_are_what_was_asked_for() {
        for percent in [0i64, 1, 30, 100] {
            let expected = usize::try_from(percent).unwrap() * 100;
            let none = Chaos { seed: 7, ..Chaos::NONE };
            let cases: [(Chaos, Met); 4] = [
                (Chaos { drop: percent, ..none }, |fate| fate == Fate::Dropped),
                (Chaos { duplicate: percent, ..none }, |fate| fate == Fate::SentTwice),
                (Chaos { delay: percent, ..none }, |fate| matches!(fate, Fate::Delayed(_))),
                (Chaos { reorder: percent, ..none }, |fate| matches!(fate, Fate::Overtaken(_))),
            ];
            for (chaos, met) in cases {
                let count = share(&chaos, 1, met);
                assert!(count.abs_diff(expected) <= 150, "{chaos:?}: {count}");
                if percent == 0 || percent == 100 {
                    assert_eq!(count, expected, "{chaos:?}");
                }
            }
        }
    }

    #[test]
    fn a_seed_repeats_itself_and_another_differs() {
        let one = Chaos { drop: 50, seed: 1, ..Chaos::NONE };
        let two = Chaos { seed: 2, ..one };
        let fates = |chaos: Chaos| deliveries().map(move |delivery| chaos.fate(&delivery, 1));
        assert!(fates(one).eq(fates(one)));
        let differ = fates(one).zip(fates(two)).filter(|(one, two)| one != two).count();
        assert!(differ.abs_diff(5_000) < 300, "{differ}");
    }

    #[test]
    fn every_delivery_gets_its_turn() {
        let chaos = Chaos { delay: 100, reorder: 100, ..Chaos::NONE };
        assert_eq!(share(&chaos, 2, |fate| fate == Fate::Sent), 10_000);
        let overtaken = |fate| matches!(fate, Fate::Overtaken(1_000..=10_000));
        assert_eq!(share(&chaos, 1, overtaken), 10_000);
    }
}
