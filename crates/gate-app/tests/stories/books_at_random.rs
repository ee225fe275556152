//! The books under everything at once: random purchases and sales, faults, refunds and reviews,
//! through the real use cases. After every step nothing is out of balance, out of order or held twice.
//!
//! `GATE_LEDGER_STEPS` says how many steps each of these tests takes, such as 250000 over night with
//! `--profile night`; `GATE_LEDGER_SEED` repeats a run.

use std::collections::BTreeMap;

use futures::FutureExt as _;
use gate_app::admin::reviews::{Command as ReviewCommand, Outcome};
use gate_app::admin::{self, Command, Whose};
use gate_app::choose::{Wanted, accept_quote, request_quote};
use gate_app::deposits::{
    Simulated, decline_new_price, look_after_deposits, send_back, simulate_deposit,
};
use gate_app::pay::answer_challenge;
use gate_app::testing::{ADDRESS, DEAD_ADDRESS, World};
use gate_app::workers::commands::send_due_commands;
use gate_domain::ids::{Mode, SessionId, TransactionId};
use gate_domain::rail::ChallengeCode;
use gate_domain::reason::Reason;
use gate_rails::simulator::TEST_ACCOUNTS;
use gate_store::StoreError;
use gate_store::testing::{TestPlace, block_on};

use crate::refunds::refund;

/// Steps of one test where nothing is said: 20,000 in all, in tests that run beside each other, most of
/// them on the engine that is quicker to begin.
const STEPS_SQLITE: usize = 4_800;
const STEPS_POSTGRES: usize = 800;
/// Steps in one world, so that looking at all of it after each stays cheap.
const STEPS_OF_A_WORLD: usize = 100;
const CARDS: [&str; 10] = [
    "succeeds",
    "declined",
    "insufficient_funds",
    "challenge",
    "slow",
    "answer_lost",
    "answers_twice",
    "never_answers",
    "refund_fails",
    "reversed",
];

/// A small generator of our own (SplitMix64): the same seed takes the same steps.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        (!all.is_empty()).then(|| &all[self.below(all.len())])
    }
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// One step of somebody: a user, a partner, an operator, a worker, or the clock. Whether anything may
/// have been written.
async fn step(world: &World, random: &mut Random, sessions: &mut Vec<SessionId>) -> bool {
    let tenant = world.tenant();
    match random.below(15) {
        0 | 1 => {
            let session = world.create().await;
            let address = if random.below(5) == 0 { DEAD_ADDRESS } else { ADDRESS };
            let quote = world.choose(&session, address).await;
            let card = CARDS[random.below(CARDS.len())];
            world.pay(&session, &quote, card).await.unwrap();
            sessions.push(session);
            true
        }
        2 => {
            let Some(session) = random.one_of(sessions) else { return false };
            let code = if random.below(3) == 0 { "000000" } else { "123456" };
            let code = ChallengeCode::new(code.into());
            // Most sessions do not wait for one.
            answer_challenge(&world.app, &tenant, session, code).await.is_ok()
        }
        3 => {
            let Some(session) = random.one_of(sessions) else { return false };
            // Somebody pays again in a session, at whatever step it is.
            let quote =
                world.session(session).await.choice().and_then(|choice| choice.quote.clone());
            let Some(quote) = quote else { return false };
            world.pay(session, &quote, CARDS[random.below(CARDS.len())]).await.is_ok()
        }
        4 | 5 => {
            let Some(transaction) = some_transaction(world, random, sessions).await else {
                return false;
            };
            let amount = [None, Some("0.01"), Some("33.33"), Some("70.00"), Some("1000.00")];
            refund(world, &transaction, amount[random.below(amount.len())]).await.is_ok()
        }
        6 => {
            let Some(transaction) = some_transaction(world, random, sessions).await else {
                return false;
            };
            let outcomes = [Outcome::Completed, Outcome::Refunded, Outcome::Failed];
            let outcome = outcomes[random.below(3)];
            let reason = world.transaction(&transaction).await.state.reason();
            let known = reason == Some(Reason::PaymentReversed);
            let command = ReviewCommand::Resolve {
                whose: Whose { partner: None, mode: Mode::Test },
                subject: transaction.to_string(),
                outcome,
                reason: "at random".into(),
                actor: "a test".into(),
                payment: (random.below(2) == 0).then(|| "pay_found".to_owned()),
                transfer: (outcome == Outcome::Completed && !known).then(|| "0xfound".into()),
            };
            // Most are not in review.
            admin::run(&world.app, Command::Reviews(command)).await.is_ok()
        }
        7 => {
            world.clock.advance_ms(60_000 * i64::try_from(random.below(30)).unwrap());
            false
        }
        12 => {
            let account = TEST_ACCOUNTS[random.below(TEST_ACCOUNTS.len())].account();
            let session = world.create_sale_to(account.kind()).await;
            let back_to = if random.below(5) == 0 { DEAD_ADDRESS } else { ADDRESS };
            world.sell_to(&session, account, back_to).await;
            sessions.push(session);
            true
        }
        13 => {
            let Some(session) = random.one_of(sessions) else { return false };
            let amounts = [None, Some("1"), Some("50"), Some("5000")];
            let tokens = [None, None, None, Some("EURC")];
            let simulated = Simulated {
                amount: amounts[random.below(4)].map(str::to_owned),
                token: tokens[random.below(4)].map(str::to_owned),
                // Some transfers are told twice.
                transfer: (random.below(2) == 0).then(|| format!("0x{}", random.below(3))),
                ..Simulated::default()
            };
            // Most sessions wait for no tokens.
            simulate_deposit(&world.app, &tenant, session, simulated).await.is_ok()
        }
        14 => match random.below(4) {
            0 => look_after_deposits(&world.app).await.unwrap() > 0,
            1 => {
                let Some(session) = random.one_of(sessions) else { return false };
                decline_new_price(&world.app, &tenant, session).await.is_ok()
            }
            2 => {
                let Some(session) = random.one_of(sessions) else { return false };
                let _ =
                    request_quote(&world.app, &tenant, session, Wanted::of("USDC", "base")).await;
                let quote = world.session(session).await;
                let quote = quote.choice().and_then(|choice| choice.quote.clone());
                let Some(quote) = quote else { return true };
                let _ = accept_quote(&world.app, &tenant, session, quote).await;
                true
            }
            _ => {
                let held = tenant.clone();
                let held = world.app.store().read(move |tx| tx.list_held_deposits(&held, 1)).await;
                let held: Result<_, StoreError> = held;
                let Some(id) = held.unwrap().pop().map(|deposit| deposit.id) else { return false };
                let sent = world.app.write(move |tx, scope| send_back(tx, scope, &tenant, &id));
                sent.await.is_ok()
            }
        },
        8 => {
            world.clock.advance_ms(i64::try_from(random.below(3_000)).unwrap());
            false
        }
        _ => send_due_commands(&world.app).await.unwrap() > 0,
    }
}

async fn some_transaction(
    world: &World,
    random: &mut Random,
    sessions: &[SessionId],
) -> Option<TransactionId> {
    let session = random.one_of(sessions)?;
    world.session(session).await.transaction
}

/// What is true of every world after every step, beyond what the doctor looks at.
async fn check(world: &World) {
    let report = world.sound().await;
    let units = |name: &str| -> i128 {
        report.ledger.balances.get(name).map_or(0, |units| units.parse().unwrap())
    };
    // We never owe a card provider: no more goes back than came in, but for what is lost.
    let (owed, lost) = (units("provider_receivable:card EUR"), units("losses EUR"));
    assert!(owed + lost >= 0 && lost >= 0, "{owed} {lost}");
    let sums = report.ledger.balances.iter().fold(BTreeMap::new(), |mut sums, (name, units)| {
        let asset = name.split(' ').nth(1).unwrap_or_default().to_owned();
        *sums.entry(asset).or_insert(0i128) += units.parse::<i128>().unwrap();
        sums
    });
    assert!(sums.values().all(|sum| *sum == 0), "{sums:?}");
}

/// Take the steps of one test, each in a world that few have been taken in.
async fn walk(fresh: fn() -> TestPlace, part: u64, usual: usize) {
    let seed = number("GATE_LEDGER_SEED").unwrap_or(20_261_123) + (part << 32);
    let steps = number("GATE_LEDGER_STEPS").map_or(usual, |steps| usize::try_from(steps).unwrap());
    for number in 0..steps.div_ceil(STEPS_OF_A_WORLD) {
        let place = fresh();
        let store = place.open(place.options()).unwrap();
        let world = World::over(&store).await;
        let mut random = Random(seed + u64::try_from(number).unwrap());
        let mut sessions = Vec::new();
        for taken in 0..STEPS_OF_A_WORLD {
            if !step(&world, &mut random, &mut sessions).await {
                continue;
            }
            let all_well = std::panic::AssertUnwindSafe(check(&world)).catch_unwind().await;
            assert!(all_well.is_ok(), "world {number} of seed {seed}, after step {taken}");
        }
    }
}

/// The same walk with other dice.
macro_rules! walks {
    ($($name:ident: $place:path, $part:literal, $steps:path;)*) => {$(
        #[test]
        fn $name() {
            block_on(walk($place, $part, $steps));
        }
    )*};
}

mod whatever_happens_the_books_are_right {
    use super::*;

    walks! {
        sqlite: TestPlace::sqlite, 0, STEPS_SQLITE;
        sqlite_again: TestPlace::sqlite, 1, STEPS_SQLITE;
        sqlite_once_more: TestPlace::sqlite, 2, STEPS_SQLITE;
        sqlite_and_again: TestPlace::sqlite, 3, STEPS_SQLITE;
        postgres: TestPlace::postgres, 4, STEPS_POSTGRES;
    }
}
