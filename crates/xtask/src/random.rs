//! `SplitMix64`: numbers that the same seed gives again, on every machine.

use std::ops::RangeInclusive;

/// A source of numbers. Cloning it repeats them.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A source of its own for a part of the work: the same seed and part make the same one.
    pub(crate) fn part(seed: u64, part: u64) -> Self {
        let mut mixed = Self(seed ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        Self(mixed.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number within these bounds. The tiny bias of a remainder does not matter here.
    pub(crate) fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        let span = range.end() - range.start() + 1;
        range.start() + self.next() % span
    }

    pub(crate) fn one_in(&mut self, chances: u64) -> bool {
        self.within(1..=chances) == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_parts_differ() {
        let numbers = |mut random: Random| [random.next(), random.next()];
        assert_eq!(numbers(Random::new(42)), numbers(Random::new(42)));
        assert_ne!(numbers(Random::part(42, 1)), numbers(Random::part(42, 2)));
        let mut random = Random::new(7);
        assert!((0..1000).all(|_| (50..=1500).contains(&random.within(50..=1500))));
    }
}
