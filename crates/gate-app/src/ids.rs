//! Randomness for ids and tokens, from the operating system.

use gate_domain::Millis;
use gate_domain::ids::Seed;

/// Where ids get their randomness from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ids;

impl Ids {
    /// What a new id is made of.
    pub fn seed(self, at: Millis) -> Seed {
        Seed { at, random: self.random() }
    }

    /// Random bytes.
    pub fn random<const N: usize>(self) -> [u8; N] {
        let mut bytes = [0; N];
        getrandom::fill(&mut bytes).expect("the operating system has randomness");
        bytes
    }
}
