//! A card provider and its bank. The card's number decides what happens.

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use gate_domain::rail::{Card, ChallengeCode, Command, CommandKind, is_card_number};
use gate_domain::reason::Reason;
use gate_domain::time::Millis;
use gate_domain::transaction::Event;

use super::{refuses, reversed_later};
use crate::{CardProblem, CardVault, Rail, RailError, Reply, TestCard};

/// Every card that the sandbox knows, and the only ones that it takes.
pub static TEST_CARDS: [TestCard; 10] = [
    card("4242 4242 4242 4242", "Succeeds", "succeeds"),
    card("4000 0000 0000 0002", "Is declined", "declined"),
    card("4000 0000 0000 9995", "Is declined: not enough money", "insufficient_funds"),
    card("4000 0000 0000 3220", "Needs a second step", "challenge"),
    card("4000 0000 0000 3063", "Answers slowly", "slow"),
    card("4000 0000 0000 0119", "The answer is lost, then found", "answer_lost"),
    card("4000 0000 0000 0259", "Answers twice", "answers_twice"),
    card("4000 0000 0000 6975", "Never answers", "never_answers"),
    card("4000 0000 0000 5126", "Succeeds; giving it back fails", "refund_fails"),
    card("4000 0000 0000 2685", "Succeeds; is taken back after half a minute", "reversed"),
];

const fn card(number: &'static str, label: &'static str, outcome: &'static str) -> TestCard {
    TestCard { number, label, outcome }
}

/// How long the slow card takes: 4 s.
const SLOW_MS: i64 = 4_000;
/// How often to ask about a payment that is not decided: every second.
const ASK_AGAIN_MS: i64 = 1_000;
/// The code of the second step that the bank refuses; any other six digits pass.
const REFUSED_CODE: &str = "000000";

/// The simulated provider of card payments.
pub struct SimulatedCards;

impl Rail for SimulatedCards {
    fn send<'a>(
        &'a self,
        command: &'a Command,
        now: Millis,
    ) -> BoxFuture<'a, Result<Reply, RailError>> {
        let lost = command.kind == CommandKind::Charge && card_token(command) == "answer_lost";
        let reply = if lost { Err(RailError::AnswerLost) } else { Ok(answer(command, now)) };
        ready(reply).boxed()
    }

    fn ask<'a>(
        &'a self,
        command: &'a Command,
        now: Millis,
    ) -> BoxFuture<'a, Result<Option<Reply>, RailError>> {
        ready(Ok(Some(answer(command, now)))).boxed()
    }
}

/// What the provider knows about a command by now.
fn answer(command: &Command, now: Millis) -> Reply {
    match command.kind {
        CommandKind::Charge => charge(command, now),
        CommandKind::Confirm => {
            let code = command.challenge_code.as_ref().map(ChallengeCode::expose);
            if code == Some(REFUSED_CODE) {
                declined(Reason::AuthenticationFailed)
            } else {
                Reply::last([succeeded(command)])
            }
        }
        CommandKind::Void => Reply::last([Event::Voided]),
        CommandKind::Refund if refuses(command) || card_token(command) == "refund_fails" => {
            Reply::last([Event::RefundFailed])
        }
        CommandKind::Refund => Reply::last([Event::RefundSucceeded]),
        CommandKind::Payout => unreachable!("tokens are sent by a chain"),
    }
}

/// The provider's token; there is none where no card is charged.
fn card_token(command: &Command) -> &str {
    command.means.card().map_or("", |card| card.token.as_str())
}

fn charge(command: &Command, now: Millis) -> Reply {
    match card_token(command) {
        "succeeds" | "answer_lost" | "refund_fails" => Reply::last([succeeded(command)]),
        "reversed" => reversed_later(command, now, succeeded(command)),
        "answers_twice" => Reply::last([succeeded(command), succeeded(command)]),
        "declined" => declined(Reason::CardDeclined),
        "insufficient_funds" => declined(Reason::InsufficientFunds),
        "challenge" => Reply::last([Event::ChallengeRequired]),
        "slow" if now >= command.created_at.plus_ms(SLOW_MS) => Reply::last([succeeded(command)]),
        "slow" | "never_answers" => Reply::pending(ASK_AGAIN_MS),
        // A token that this table never gave out.
        _ => declined(Reason::CardDeclined),
    }
}

/// The provider's name for a payment is made from the transaction, so every answer names the same.
fn succeeded(command: &Command) -> Event {
    let transaction = command.transaction_id.as_str();
    let tail = transaction.rsplit('_').next().unwrap_or(transaction);
    Event::PaymentSucceeded { payment: format!("sim_pay_{tail}") }
}

fn declined(reason: Reason) -> Reply {
    Reply::last([Event::PaymentDeclined { reason }])
}

impl CardVault for SimulatedCards {
    fn tokenise(
        &self,
        number: &str,
        expiry: &str,
        cvc: &str,
        now: Millis,
    ) -> Result<Card, CardProblem> {
        let digits = check_card(number, expiry, now)?;
        if !matches!(cvc.len(), 3 | 4) || !cvc.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(CardProblem::Cvc);
        }
        let known = TEST_CARDS.iter().find(|card| card_digits(card.number) == digits);
        let known = known.ok_or(CardProblem::TestCardRequired)?;
        let last4 = digits[digits.len() - 4..].to_owned();
        Ok(Card { token: known.outcome.to_owned(), last4 })
    }
}

/// The digits of a card that is written as one can be, and has not lapsed.
pub(super) fn check_card(number: &str, expiry: &str, now: Millis) -> Result<String, CardProblem> {
    let digits = card_digits(number);
    if !is_card_number(&digits) {
        return Err(CardProblem::Number);
    }
    if !in_future(expiry, now) {
        return Err(CardProblem::Expiry);
    }
    Ok(digits)
}

/// A number without what people put between its digits.
pub(super) fn card_digits(number: &str) -> String {
    number.chars().filter(|c| !matches!(c, ' ' | '-')).collect()
}

/// Whether `MM/YY` names this month or a later one. A card is good to the end of its month.
fn in_future(expiry: &str, now: Millis) -> bool {
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<i16>().ok()).flatten()
    };
    let Some((month, year)) = expiry.split_once('/') else { return false };
    let (Some(month), Some(year)) = (number(month.trim()), number(year.trim())) else {
        return false;
    };
    let Ok(today) = jiff::Timestamp::from_millisecond(now.0) else { return false };
    let today = jiff::tz::TimeZone::UTC.to_datetime(today);
    (1..=12).contains(&month) && (2000 + year, month) >= (today.year(), i16::from(today.month()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23.
    const NOW: Millis = Millis(1_795_392_000_000);

    #[test]
    fn every_test_card_is_taken_and_remembered_by_its_outcome() {
        for card in &TEST_CARDS {
            let taken = SimulatedCards.tokenise(card.number, "11/26", "123", NOW).unwrap();
            assert_eq!(taken.token, card.outcome);
            assert!(card.number.ends_with(&taken.last4));
        }
    }

    #[test]
    fn each_field_is_told_apart() {
        let take = |number, expiry, cvc| SimulatedCards.tokenise(number, expiry, cvc, NOW);
        let good = "4242 4242 4242 4242";
        assert_eq!(take("4242 4242 4242 4241", "12/30", "123"), Err(CardProblem::Number));
        assert_eq!(take("", "12/30", "123"), Err(CardProblem::Number));
        assert_eq!(take("４２４２ 4242 4242 4242", "12/30", "123"), Err(CardProblem::Number));
        for expiry in ["10/26", "13/30", "00/30", "1230", "12/2030", "-1/30", ""] {
            assert_eq!(take(good, expiry, "123"), Err(CardProblem::Expiry), "{expiry}");
        }
        for cvc in ["", "12", "12345", "12a"] {
            assert_eq!(take(good, "12/30", cvc), Err(CardProblem::Cvc), "{cvc}");
        }
        let real = "5555 5555 5555 4444";
        assert_eq!(take(real, "12/30", "123"), Err(CardProblem::TestCardRequired));
    }
}
