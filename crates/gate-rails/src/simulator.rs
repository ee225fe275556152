//! The simulator: a world on a laptop in which every outcome can be forced.
//!
//! It keeps no state. What it answers is a function of the command, which carries the card's token
//! and the time it was written, and of the clock; so a process that is killed and started again
//! meets the same world.

mod accounts;
mod addresses;
mod cards;
mod chain;
mod market;
mod people;
mod transfers;
mod wallets;

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use gate_domain::rail::Command;
use gate_domain::time::Millis;
use gate_domain::transaction::Event;

pub use accounts::{SimulatedAccounts, TEST_ACCOUNTS};
pub use addresses::SimulatedAddresses;
pub use cards::{SimulatedCards, TEST_CARDS};
pub use market::SimulatedMarket;
pub use people::{SimulatedVerifier, TEST_PEOPLE};
pub use wallets::test_wallets;

use crate::{Rail, RailError, Reply};

/// A refund of so many smallest units is refused, such as 13.13 EUR, whatever was paid by.
const REFUSED_REFUND_UNITS: i128 = 1_313;

/// Whether a partner's refund is one that is refused.
fn refuses(command: &Command) -> bool {
    command.refund_id.is_some() && command.amount.units == REFUSED_REFUND_UNITS
}

/// A transfer of so many smallest units is recalled, such as one of 66.66 EUR.
const REVERSED_UNITS: i128 = 6_666;
/// How long after it was written down: 30 s.
const REVERSED_AFTER_MS: i64 = 30_000;

/// A payment that is made, and taken back a while later.
fn reversed_later(command: &Command, now: Millis, succeeded: Event) -> Reply {
    let left_ms = command.created_at.plus_ms(REVERSED_AFTER_MS).0 - now.0;
    if left_ms > 0 {
        return Reply { answers: vec![succeeded], ask_again_ms: Some(left_ms) };
    }
    Reply::last([succeeded, Event::PaymentReversed])
}

/// A party that loses nothing: what it answers when a command is sent, it answers when asked.
pub struct Prompt(fn(&Command, Millis) -> Reply);

/// The simulated network.
pub const CHAIN: Prompt = Prompt(chain::answer);
/// The simulated bank.
pub const TRANSFERS: Prompt = Prompt(transfers::answer);

impl Rail for Prompt {
    fn send<'a>(
        &'a self,
        command: &'a Command,
        now: Millis,
    ) -> BoxFuture<'a, Result<Reply, RailError>> {
        ready(Ok((self.0)(command, now))).boxed()
    }

    fn ask<'a>(
        &'a self,
        command: &'a Command,
        now: Millis,
    ) -> BoxFuture<'a, Result<Option<Reply>, RailError>> {
        ready(Ok(Some((self.0)(command, now)))).boxed()
    }
}
