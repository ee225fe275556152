//! The simulator: a world on a laptop in which every outcome can be forced.
//!
//! It keeps no state. What it answers is a function of the command, which carries the card's token
//! and the time it was written, and of the clock; so a process that is killed and started again
//! meets the same world.

mod cards;
mod chain;
mod market;
mod transfers;

pub use cards::{SimulatedCards, TEST_CARDS};
pub use chain::SimulatedChain;
pub use market::SimulatedMarket;
pub use transfers::SimulatedTransfers;
