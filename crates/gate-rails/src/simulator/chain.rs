//! A network that takes a moment to make a transfer final, on its way out and on its way back. The
//! wallet decides what happens. Of an EVM one the last characters do: `dead` fails, `beef` is slow, any
//! other arrives. Other families spell no words, so each has wallets of its own: see [`super::wallets`].

use std::fmt::Write as _;

use gate_domain::destination::{Family, spell};
use gate_domain::rail::{Command, CommandKind};
use gate_domain::time::Millis;
use gate_domain::transaction::Event;
use sha2::{Digest, Sha256};

use super::wallets::{Outcome, meets};
use crate::Reply;

/// How long a transfer takes to become final: 0.7 s.
const FINAL_MS: i64 = 700;
/// How long a slow one takes: 10 s.
const SLOW_MS: i64 = 10_000;
/// How often to ask about one that is not final: every 0.7 s.
const ASK_AGAIN_MS: i64 = 700;

/// What has become of a command by now.
pub(super) fn answer(command: &Command, now: Millis) -> Reply {
    let back = command.kind == CommandKind::Refund;
    let back_to = command.means.deposit().map(|means| &means.back_to).filter(|_| back);
    let address = back_to.or(command.address.as_ref());
    let is = |outcome| address.is_some_and(|address| meets(address, outcome));
    if is(Outcome::Fails) {
        return Reply::last([if back { Event::RefundFailed } else { Event::PayoutFailed }]);
    }
    let takes_ms = if is(Outcome::Slow) { SLOW_MS } else { FINAL_MS };
    if now < command.created_at.plus_ms(takes_ms) && back {
        return Reply::pending(ASK_AGAIN_MS);
    }
    if back {
        return Reply::last([Event::RefundSucceeded]);
    }
    if now < command.created_at.plus_ms(takes_ms) {
        let answers = vec![Event::PayoutSubmitted];
        return Reply { answers, ask_again_ms: Some(ASK_AGAIN_MS) };
    }
    Reply::last([Event::PayoutSucceeded { chain_transaction: transfer_hash(command) }])
}

/// Made from the command, so that every answer names the same transfer, spelt as its family does.
fn transfer_hash(command: &Command) -> String {
    let digest = Sha256::digest(command.id.as_str());
    let mut hash = String::new();
    for byte in digest {
        write!(hash, "{byte:02x}").expect("writing to a string cannot fail");
    }
    match command.address.as_ref().map(|address| address.family) {
        Some(Family::Xrp) => hash.to_ascii_uppercase(),
        // A signature has 64 bytes; two texts of 32 look the same.
        Some(Family::Solana) => {
            let half = spell(Family::Solana, &digest.into());
            format!("{half}{half}")
        }
        Some(Family::Bitcoin | Family::Tron | Family::Stellar) => hash,
        Some(Family::Evm) | None => format!("0x{hash}"),
    }
}
