//! A bank, and the vault that takes in the tokens of sales: whatever a rail payment moves other than
//! tokens on their way to a wallet. Nothing of a rail payment goes wrong here by itself; test helpers
//! force that. The money of a sale on the page meets what its account stands for.

use gate_domain::rail::{Command, CommandKind};
use gate_domain::time::Millis;
use gate_domain::transaction::Event;

use super::{REVERSED_UNITS, refuses, reversed_later};
use crate::Reply;

/// How long a transfer takes to come in: 0.9 s. A worker that looks every second settles a payment
/// in about two.
const IN_MS: i64 = 900;
/// How long one takes to go out: 0.7 s.
const OUT_MS: i64 = 700;
/// How long one takes to a slow bank: 10 s.
const SLOW_MS: i64 = 10_000;

/// What has become of a command by now.
pub(super) fn answer(command: &Command, now: Millis) -> Reply {
    let age_ms = now.0 - command.created_at.0;
    // Named after the transaction, so that every answer names the same.
    let transaction = command.transaction_id.as_str();
    let tail = transaction.rsplit('_').next().unwrap_or(transaction);
    let account = command.means.deposit().and_then(|means| means.account.as_ref());
    let token = account.map_or("", |account| account.token.as_str());
    match command.kind {
        CommandKind::Charge if age_ms < IN_MS => Reply::pending(IN_MS - age_ms),
        CommandKind::Charge | CommandKind::Confirm => {
            let succeeded = Event::PaymentSucceeded { payment: format!("sim_pay_{tail}") };
            match command.amount.units {
                REVERSED_UNITS => reversed_later(command, now, succeeded),
                _ => Reply::last([succeeded]),
            }
        }
        CommandKind::Void => Reply::last([Event::Voided]),
        CommandKind::Payout if token == "bounces" => Reply::last([Event::PayoutBounced]),
        CommandKind::Payout if token == "never_answers" => Reply::pending(OUT_MS),
        CommandKind::Payout if token == "slow" && age_ms < SLOW_MS => {
            let answers = vec![Event::PayoutSubmitted];
            Reply { answers, ask_again_ms: Some(OUT_MS) }
        }
        CommandKind::Payout if age_ms < OUT_MS => {
            let answers = vec![Event::PayoutSubmitted];
            Reply { answers, ask_again_ms: Some(OUT_MS - age_ms) }
        }
        CommandKind::Payout => {
            Reply::last([Event::PayoutSucceeded { chain_transaction: format!("sim_out_{tail}") }])
        }
        CommandKind::Refund if refuses(command) => Reply::last([Event::RefundFailed]),
        CommandKind::Refund => Reply::last([Event::RefundSucceeded]),
    }
}
