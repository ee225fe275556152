//! What the system does, told as stories: a real store, a clock that stands still until it is
//! moved, a simulated world, a receiver that answers from a list. Workers are called pass by pass.
#![expect(clippy::unwrap_used, reason = "a test's helpers may")]

mod admin;
mod books;
mod books_at_random;
mod bootstrap;
mod bulk_replays;
mod capabilities;
mod challenges;
mod chaos;
mod customers;
mod deliveries;
mod endings;
mod endpoints;
mod failures;
mod families;
mod feed;
mod fees;
mod forced;
mod halts;
mod health;
mod identity;
mod lanes;
mod leases;
mod limits;
mod options;
mod purchases;
mod rails;
mod readiness;
mod receiver;
mod references;
mod refunds;
mod replays;
mod retention;
mod reversals;
mod reviews;
mod schedule;
mod screening;
mod sells;
mod swaps;
mod time;
mod tokens;
mod who;
