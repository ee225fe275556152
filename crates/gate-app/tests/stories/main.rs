//! What the system does, told as stories: a real store, a clock that stands still until it is
//! moved, a simulated world, a receiver that answers from a list. Workers are called pass by pass.
#![expect(clippy::unwrap_used, reason = "a test's helpers may")]

mod bootstrap;
mod challenges;
mod deliveries;
mod endings;
mod failures;
mod forced;
mod leases;
mod purchases;
mod receiver;
mod replays;
mod schedule;
mod tokens;
