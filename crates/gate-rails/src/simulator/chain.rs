//! A network that takes a moment to make a transfer final, on its way out and on its way back. The
//! wallet's last characters decide what happens: `dead` fails, `beef` is slow, any other arrives.

use std::fmt::Write as _;

use gate_domain::rail::{Command, CommandKind};
use gate_domain::time::Millis;
use gate_domain::transaction::Event;
use gate_domain::wallet::Address;
use sha2::{Digest, Sha256};

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
    let address = address.map_or("", Address::as_str).to_ascii_lowercase();
    if address.ends_with("dead") {
        return Reply::last([if back { Event::RefundFailed } else { Event::PayoutFailed }]);
    }
    let takes_ms = if address.ends_with("beef") { SLOW_MS } else { FINAL_MS };
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

/// Made from the command, so that every answer names the same transfer.
fn transfer_hash(command: &Command) -> String {
    let mut hash = "0x".to_owned();
    for byte in Sha256::digest(command.id.as_str()) {
        write!(hash, "{byte:02x}").expect("writing to a string cannot fail");
    }
    hash
}
