//! The books under everything at once: random purchases and sales, faults, refunds and reviews,
//! through the real use cases. After every step nothing is out of balance, out of order or held twice.
//!
//! `GATE_LEDGER_STEPS` says how many steps each of these tests takes, such as 250000 over night with
//! `--profile night`; `GATE_LEDGER_SEED` repeats a run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use gate_app::admin::reviews::{Command as ReviewCommand, Outcome};
use gate_app::admin::{self, Command, Whose};
use gate_app::choose::{Wanted, accept_quote, request_quote};
use gate_app::deposits::{
    Simulated, decline_new_price, look_after_deposits, send_back, simulate_deposit,
};
use gate_app::pay::answer_challenge;
use gate_app::testing::{ADDRESS, DEAD_ADDRESS, World};
use gate_app::workers::commands::send_due_commands;
use gate_app::workers::release_predecessors;
use gate_domain::Millis;
use gate_domain::ids::{Mode, SessionId, TransactionId};
use gate_domain::rail::{ChallengeCode, Command as RailCommand};
use gate_rails::simulator::{CHAIN, SimulatedCards, TEST_ACCOUNTS, TRANSFERS};
use gate_rails::{Rail, RailError, Rails, Reply};
use gate_store::testing::{TestPlace, block_on};
use gate_store::{StoreError, both_engines};

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
            let command = ReviewCommand::Resolve {
                whose: Whose { partner: None, mode: Mode::Test },
                subject: transaction.to_string(),
                outcome: outcomes[random.below(3)],
                reason: "at random".into(),
                actor: "a test".into(),
                payment: (random.below(2) == 0).then(|| "pay_found".to_owned()),
                transfer: Some("0xfound".into()),
            };
            // Most are not in review.
            admin::run(&world.app, Command::Reviews(command)).await.is_ok()
        }
        7 => {
            world.clock.advance_ms(60_000 * i64::try_from(random.below(30)).unwrap());
            false
        }
        12 => {
            let session = world.create_sale().await;
            let back_to = if random.below(5) == 0 { DEAD_ADDRESS } else { ADDRESS };
            world.sell(&session, TEST_ACCOUNTS[random.below(4)].iban, back_to).await;
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
    for (name, units) in &report.ledger.balances {
        let units: i128 = units.parse().unwrap();
        // We never owe a card provider: no more goes back than came in.
        assert!(!name.starts_with("provider_receivable") || units >= 0, "{name} {units}");
    }
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

/// What goes wrong with one call of a rail.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// It arrives, and its answer is lost.
    AnswerLost,
    /// It does not arrive.
    Unreachable,
    /// It arrives twice, and so does its answer.
    Twice,
    /// It arrives, and the process dies before it has written anything down about it.
    Crash,
}

const FAULTS: [Fault; 4] = [Fault::AnswerLost, Fault::Unreachable, Fault::Twice, Fault::Crash];

/// A party one of whose calls goes wrong.
struct Faulty<R> {
    rail: R,
    calls: Arc<AtomicUsize>,
    at: usize,
    fault: Fault,
}

impl<R: Rail> Faulty<R> {
    fn struck(&self) -> bool {
        self.calls.fetch_add(1, Ordering::Relaxed) == self.at
    }
}

impl<R: Rail> Rail for Faulty<R> {
    fn send<'a>(
        &'a self,
        command: &'a RailCommand,
        now: Millis,
    ) -> BoxFuture<'a, Result<Reply, RailError>> {
        if !self.struck() {
            return self.rail.send(command, now);
        }
        match self.fault {
            Fault::AnswerLost => {
                let sent = self.rail.send(command, now);
                sent.map(|_| Err(RailError::AnswerLost)).boxed()
            }
            Fault::Unreachable => ready(Err(RailError::Unreachable("cut".into()))).boxed(),
            Fault::Twice => {
                let twice = async move {
                    let mut first = self.rail.send(command, now).await?;
                    let second = self.rail.send(command, now).await?;
                    first.answers.extend(second.answers);
                    Ok(first)
                };
                twice.boxed()
            }
            Fault::Crash => {
                self.rail.send(command, now).map(|_| panic!("the process dies")).boxed()
            }
        }
    }

    fn ask<'a>(
        &'a self,
        command: &'a RailCommand,
        now: Millis,
    ) -> BoxFuture<'a, Result<Option<Reply>, RailError>> {
        match self.fault {
            _ if !self.struck() => self.rail.ask(command, now),
            Fault::AnswerLost | Fault::Unreachable => ready(Err(RailError::AnswerLost)).boxed(),
            Fault::Twice => self.rail.ask(command, now),
            Fault::Crash => self.rail.ask(command, now).map(|_| panic!("the process dies")).boxed(),
        }
    }
}

/// What is done, and how well it ends.
#[derive(Clone, Copy, Debug)]
enum Plot {
    /// A purchase to this address, with a second step, and the refund of half of it.
    Purchase(&'static str),
    /// A sale that is paid out to this account.
    Sale(&'static str),
    /// A swap to this address.
    Swap(&'static str),
}

impl Plot {
    /// Play it. Every step of the user and the partner is taken twice, and the worker is called again
    /// and again.
    async fn play(self, world: &World) -> TransactionId {
        match self {
            Self::Purchase(address) => {
                let session = world.create().await;
                let quote = world.choose(&session, address).await;
                for _ in 0..2 {
                    world.pay(&session, &quote, "challenge").await.unwrap();
                }
                work(world, 5).await;
                for _ in 0..2 {
                    let code = ChallengeCode::new("123456".into());
                    let _ = answer_challenge(&world.app, &world.tenant(), &session, code).await;
                    world.sound().await;
                }
                work(world, 10).await;
                let transaction = world.transaction_of(&session).await.id;
                for _ in 0..2 {
                    let _ = refund(world, &transaction, Some("50.00")).await;
                    world.sound().await;
                }
                work(world, 10).await;
                transaction
            }
            Self::Sale(iban) => {
                let session = world.create_sale().await;
                world.sell(&session, iban, ADDRESS).await;
                send_in_parts(world, &session, "10").await
            }
            Self::Swap(address) => {
                let session = world.create_swap().await;
                world.swap(&session, address, ADDRESS).await;
                send_in_parts(world, &session, "0.001").await
            }
        }
    }
}

/// Let tokens come in three transfers, one more than was agreed on; each is told twice.
async fn send_in_parts(world: &World, session: &SessionId, part: &str) -> TransactionId {
    let transfers = [("0x1", Some(part)), ("0x2", None), ("0x3", Some(part))];
    for (transfer, amount) in transfers {
        for _ in 0..2 {
            let simulated = Simulated {
                amount: amount.map(str::to_owned),
                transfer: Some(transfer.to_owned()),
                ..Simulated::default()
            };
            // Nothing is missing any more when the second part is told again.
            let _ = simulate_deposit(&world.app, &world.tenant(), session, simulated).await;
            world.sound().await;
        }
        work(world, 10).await;
    }
    world.transaction_of(session).await.id
}

/// Let `seconds` pass with the worker at it. Where its process dies, another one begins.
async fn work(world: &World, seconds: usize) {
    for _ in 0..seconds {
        let pass = std::panic::AssertUnwindSafe(send_due_commands(&world.app));
        match pass.catch_unwind().await {
            Ok(sent) => {
                sent.unwrap();
            }
            Err(_) => release_predecessors(&world.app).await.unwrap(),
        }
        world.clock.advance_ms(1_000);
    }
    world.sound().await;
}

/// How a plot ends where the call `at` goes wrong, and how many calls there were.
async fn ending(
    place: &TestPlace,
    plot: Plot,
    fault: Option<(usize, Fault)>,
) -> (Vec<String>, usize) {
    let fresh = if place.is_sqlite() { TestPlace::sqlite() } else { TestPlace::postgres() };
    let store = fresh.open(fresh.options()).unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let (at, fault) = fault.unwrap_or((usize::MAX, Fault::Unreachable));
    let counted = Arc::clone(&calls);
    let rails = Rails {
        card: Arc::new(Faulty { rail: SimulatedCards, calls: Arc::clone(&calls), at, fault }),
        chain: Arc::new(Faulty { rail: CHAIN, calls: Arc::clone(&calls), at, fault }),
        transfers: Arc::new(Faulty { rail: TRANSFERS, calls, at, fault }),
        ..Rails::simulated()
    };
    let world = World::with_rails(&store, rails).await;
    let transaction = world.transaction(&plot.play(&world).await).await;
    let report = world.sound().await;
    let mut ending = world.event_types().await;
    ending.push(transaction.state.status().to_owned());
    ending.push(world.session(&transaction.session_id).await.state.phase().to_owned());
    let deposits = world.deposits(&transaction.session_id).await;
    ending.extend(
        deposits.iter().map(|deposit| format!("{} {}", deposit.amount, deposit.state.status())),
    );
    ending.extend(report.ledger.balances.iter().map(|(name, units)| format!("{name} {units}")));
    (ending, counted.load(Ordering::Relaxed))
}

/// Whatever goes wrong with whichever call, a plot ends as it does where nothing does.
async fn ends_alike(place: &TestPlace, plot: Plot, status: &str) {
    let (right, calls) = ending(place, plot, None).await;
    assert!(right.contains(&status.to_owned()) && calls >= 3, "{calls} {right:?}");
    for at in 0..calls {
        // It takes long to begin on PostgreSQL: each call meets one of the faults there, in turn.
        let faults = if place.is_sqlite() { &FAULTS[..] } else { &FAULTS[at % 4..=at % 4] };
        for fault in faults.iter().copied() {
            let (other, _) = ending(place, plot, Some((at, fault))).await;
            assert_eq!(other, right, "{fault:?} at call {at} of {plot:?}");
        }
    }
}

mod a_fault_at_any_call_changes_nothing_in_the_end {
    use super::*;

    both_engines! {
        async fn of_a_purchase(place: TestPlace) {
            ends_alike(place, Plot::Purchase(ADDRESS), "completed").await;
        }

        async fn of_a_purchase_that_cannot_be_delivered(place: TestPlace) {
            ends_alike(place, Plot::Purchase(DEAD_ADDRESS), "refunded").await;
        }

        async fn of_a_sale(place: TestPlace) {
            ends_alike(place, Plot::Sale(TEST_ACCOUNTS[0].iban), "completed").await;
        }

        async fn of_a_sale_that_bounces(place: TestPlace) {
            ends_alike(place, Plot::Sale(TEST_ACCOUNTS[1].iban), "refunded").await;
        }

        async fn of_a_swap(place: TestPlace) {
            ends_alike(place, Plot::Swap(ADDRESS), "completed").await;
        }

        async fn of_a_swap_that_cannot_be_delivered(place: TestPlace) {
            ends_alike(place, Plot::Swap(DEAD_ADDRESS), "refunded").await;
        }
    }
}
