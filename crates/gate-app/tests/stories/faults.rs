//! A fault at any one place of a story changes nothing in how it ends: not at a call of a rail or of the
//! verifier, and not at a transaction of the store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use gate_app::choose::{self, PaidWith, Wanted};
use gate_app::deposits::{Simulated, simulate_deposit, start_deposit};
use gate_app::identity::{confirm_code, give_details, list_mails, send_code};
use gate_app::pay::answer_challenge;
use gate_app::test_helpers::require_kyc;
use gate_app::testing::{ADDRESS, DEAD_ADDRESS, World, paid_out, typed};
use gate_app::workers::commands::send_due_commands;
use gate_app::workers::identity::ask_due_checks;
use gate_app::workers::release_predecessors;
use gate_domain::Millis;
use gate_domain::catalogue::Entitlement;
use gate_domain::customer::{CountryCode, Email};
use gate_domain::ids::{QuoteId, SessionId, TransactionId};
use gate_domain::person::{Date, Person};
use gate_domain::rail::{ChallengeCode, Command as RailCommand};
use gate_domain::session::{Flow, IdentityLevel};
use gate_rails::TestAccount;
use gate_rails::simulator::{CHAIN, SimulatedCards, TEST_ACCOUNTS, TRANSFERS};
use gate_rails::{IdentityVerifier, Question, Rail, RailError, Rails, Reply, Verdict};
use gate_store::both_engines;
use gate_store::testing::{Mishap, TestPlace};
use gate_wire::journey::JourneyStep;

use crate::refunds::refund;

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

impl<R> Faulty<R> {
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

impl IdentityVerifier for Faulty<Arc<dyn IdentityVerifier>> {
    fn ask<'a>(
        &'a self,
        question: &'a Question,
        now: Millis,
    ) -> BoxFuture<'a, Result<Verdict, RailError>> {
        let asked = self.rail.ask(question, now);
        if !self.struck() {
            return asked;
        }
        match self.fault {
            Fault::AnswerLost => asked.map(|_| Err(RailError::AnswerLost)).boxed(),
            Fault::Unreachable => ready(Err(RailError::Unreachable("cut".into()))).boxed(),
            Fault::Twice => asked.then(move |_| self.rail.ask(question, now)).boxed(),
            Fault::Crash => asked.map(|_| panic!("the process dies")).boxed(),
        }
    }
}

/// Where something goes wrong, once.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// At the call that is made so many calls later.
    Call(usize, Fault),
    /// At the transaction that is begun so many transactions later.
    Write(usize, Mishap),
}

/// What is done, and how well it ends.
#[derive(Clone, Copy, Debug)]
enum Plot {
    /// A purchase to this address, with a second step, and the refund of half of it.
    Purchase(&'static str),
    /// A purchase to this address whose payment is taken back, and the refund of a part of it.
    Reversed(&'static str),
    /// A purchase by somebody who has to show who they are first.
    Identity,
    /// A sale that is paid out to this account.
    Sale(&'static TestAccount),
    /// A swap to this address.
    Swap(&'static str),
}

impl Plot {
    /// Create the session, and choose up to where money may move or somebody has to show who they are.
    async fn begin(self, world: &World) -> (SessionId, QuoteId) {
        let (app, tenant) = (&world.app, world.tenant());
        let session = self.create(world).await;
        for _ in 0..2 {
            let _ = choose::request_quote(app, &tenant, &session, self.wanted()).await;
        }
        let JourneyStep::Amount { quote: Some(quote), .. } = world.journey(&session).await.step
        else {
            panic!("a price is on the table")
        };
        let quote = QuoteId::parse(&quote.id).unwrap();
        for _ in 0..2 {
            let _ = choose::accept_quote(app, &tenant, &session, quote.clone()).await;
        }
        if let Self::Sale(known) = self {
            for _ in 0..2 {
                let _ = choose::give_account(app, &tenant, &session, known.account()).await;
            }
        }
        for _ in 0..2 {
            let _ = choose::give_address(app, &tenant, &session, typed(self.address())).await;
        }
        match self {
            Self::Purchase(_) | Self::Reversed(_) => {}
            Self::Identity => {
                for _ in 0..2 {
                    let (tenant, id) = (world.tenant(), session.clone());
                    let asked = app.write(move |tx, scope| {
                        require_kyc(tx, scope, &tenant, &id, IdentityLevel::Basic)
                    });
                    let _ = asked.await;
                }
            }
            Self::Sale(_) => start(world, &session, &quote).await,
            Self::Swap(_) => {
                let back = || typed(ADDRESS);
                for _ in 0..2 {
                    let _ = choose::give_refund_address(app, &tenant, &session, back()).await;
                }
                start(world, &session, &quote).await;
            }
        }
        (session, quote)
    }

    async fn create(self, world: &World) -> SessionId {
        let command = world.creation(|terms| {
            terms.flow = match self {
                Self::Purchase(_) | Self::Reversed(_) | Self::Identity => None,
                Self::Sale(_) => Some(Flow::OffRamp),
                Self::Swap(_) => Some(Flow::Swap),
            };
        });
        let first = world.carry_out(command.clone()).await;
        world.carry_out(command).await.or(first).unwrap()
    }

    /// Where its tokens go, or would go back to.
    fn address(self) -> &'static str {
        match self {
            Self::Purchase(address) | Self::Reversed(address) | Self::Swap(address) => address,
            Self::Identity | Self::Sale(_) => ADDRESS,
        }
    }

    fn wanted(self) -> Wanted {
        let wanted = Wanted::of("USDC", "base");
        match self {
            Self::Purchase(_) | Self::Reversed(_) | Self::Identity => wanted,
            Self::Sale(known) => {
                let method = paid_out(known.account().kind()).1;
                Wanted { payout: Some(method.to_owned()), ..wanted }
            }
            Self::Swap(_) => {
                let from = PaidWith { token: Some("ETH".into()), network: Some("base".into()) };
                Wanted { from, ..wanted }
            }
        }
    }

    /// Play it. Every step of the user and the partner is taken twice, and the workers are called again
    /// and again.
    async fn play(self, world: &World) -> TransactionId {
        let (session, quote) = &self.begin(world).await;
        match self {
            Self::Purchase(_) => {
                pay(world, session, quote, "challenge").await;
                work(world, 5).await;
                for _ in 0..2 {
                    let code = ChallengeCode::new("123456".into());
                    let _ = answer_challenge(&world.app, &world.tenant(), session, code).await;
                    world.sound().await;
                }
                work(world, 10).await;
                give_back(world, session, "50.00").await;
                work(world, 10).await;
            }
            Self::Reversed(_) => {
                pay(world, session, quote, "reversed").await;
                work(world, 5).await;
                give_back(world, session, "30.00").await;
                work(world, 5).await;
                // Half a minute after the payment it is taken back.
                world.clock.advance_ms(20_000);
                work(world, 5).await;
            }
            Self::Identity => {
                show(world, session).await;
                work(world, 5).await;
                pay(world, session, quote, "succeeds").await;
                work(world, 5).await;
            }
            Self::Sale(_) => send_in_parts(world, session, "10").await,
            Self::Swap(_) => send_in_parts(world, session, "0.001").await,
        }
        world.transaction_of(session).await.id
    }
}

async fn start(world: &World, session: &SessionId, quote: &QuoteId) {
    for _ in 0..2 {
        let _ = start_deposit(&world.app, &world.tenant(), session, quote.clone()).await;
    }
}

async fn pay(world: &World, session: &SessionId, quote: &QuoteId, card: &str) {
    for _ in 0..2 {
        let _ = world.pay(session, quote, card).await;
        world.sound().await;
    }
}

async fn give_back(world: &World, session: &SessionId, amount: &str) {
    let transaction = world.transaction_of(session).await.id;
    for _ in 0..2 {
        let _ = refund(world, &transaction, Some(amount)).await;
        world.sound().await;
    }
}

/// Read an address, type the code that came there, and give details.
async fn show(world: &World, session: &SessionId) {
    let (app, tenant) = (&world.app, world.tenant());
    let email = Email::parse("jane@example.com").unwrap();
    for _ in 0..2 {
        let _ = send_code(app, &tenant, session, email.clone()).await;
        // Mails of one instant have no order of their own.
        world.clock.advance_ms(1);
    }
    let (vault, owner) = (app.vault().clone(), tenant.clone());
    let read = move |tx: &mut _| list_mails(tx, &vault, &owner, Some(&email), None, 1);
    let code = app.store().read(read).await.unwrap()[0].code.clone().unwrap();
    for _ in 0..2 {
        let _ = confirm_code(app, &tenant, session, code.clone()).await;
    }
    for _ in 0..2 {
        let person = Person {
            given_name: Some("Jane".into()),
            family_name: Some("Miller".into()),
            birth_date: Date::parse("1990-05-17"),
            country: CountryCode::parse("DE"),
            ..Person::default()
        };
        let _ = give_details(app, &tenant, session, person).await;
    }
}

/// Let tokens come in three transfers, one more than was agreed on; each is told twice.
async fn send_in_parts(world: &World, session: &SessionId, part: &str) {
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
}

/// Let `seconds` pass with the workers at it. Where their process dies, or what they do cannot be
/// written, another one begins.
async fn work(world: &World, seconds: usize) {
    for _ in 0..seconds {
        let pass = async {
            send_due_commands(&world.app).await?;
            ask_due_checks(&world.app).await
        };
        match std::panic::AssertUnwindSafe(pass).catch_unwind().await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => release_predecessors(&world.app).await.unwrap(),
        }
        world.clock.advance_ms(1_000);
    }
    world.sound().await;
}

/// How a plot ends, and how many calls and transactions there were.
async fn ending(
    place: &TestPlace,
    plot: Plot,
    trouble: Option<Trouble>,
) -> (Vec<String>, usize, usize) {
    let fresh = if place.is_sqlite() { TestPlace::sqlite() } else { TestPlace::postgres() };
    let store = fresh.open(fresh.options()).unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let (at, fault) = match trouble {
        Some(Trouble::Call(at, fault)) => (at, fault),
        Some(Trouble::Write(..)) | None => (usize::MAX, Fault::Unreachable),
    };
    let usual = Rails::simulated();
    let counted = || Arc::clone(&calls);
    let rails = Rails {
        card: Arc::new(Faulty { rail: SimulatedCards, calls: counted(), at, fault }),
        chain: Arc::new(Faulty { rail: CHAIN, calls: counted(), at, fault }),
        transfers: Arc::new(Faulty { rail: TRANSFERS, calls: counted(), at, fault }),
        verifier: Arc::new(Faulty { rail: usual.verifier.clone(), calls: counted(), at, fault }),
        ..usual
    };
    let world = World::with_rails(&store, rails).await;
    world.entitle(&[Entitlement::Swap]).await;
    store.expect_mishap(match trouble {
        Some(Trouble::Write(at, mishap)) => Some((at, mishap)),
        Some(Trouble::Call(..)) | None => None,
    });
    let transaction = plot.play(&world).await;
    let begun = store.begun();
    let transaction = world.transaction(&transaction).await;
    let report = world.sound().await;
    let mut ending = world.event_types().await;
    ending.push(transaction.state.status().to_owned());
    ending.push(world.session(&transaction.session_id).await.state.phase().to_owned());
    let deposits = world.deposits(&transaction.session_id).await;
    ending.extend(
        deposits.iter().map(|deposit| format!("{} {}", deposit.amount, deposit.state.status())),
    );
    ending.extend(report.ledger.balances.iter().map(|(name, units)| format!("{name} {units}")));
    (ending, calls.load(Ordering::Relaxed), begun)
}

/// Whatever goes wrong with whichever call, a plot ends as it does where nothing does.
async fn ends_alike(place: &TestPlace, plot: Plot, status: &str) {
    let (right, calls, _) = ending(place, plot, None).await;
    assert!(right.contains(&status.to_owned()) && calls >= 3, "{calls} {right:?}");
    for at in 0..calls {
        // It takes long to begin on PostgreSQL: each call meets one of the faults there, in turn.
        let faults = if place.is_sqlite() { &FAULTS[..] } else { &FAULTS[at % 4..=at % 4] };
        for fault in faults.iter().copied() {
            let (other, ..) = ending(place, plot, Some(Trouble::Call(at, fault))).await;
            assert_eq!(other, right, "{fault:?} at call {at} of {plot:?}");
        }
    }
}

/// Whichever transaction comes to nothing, or is written without its caller hearing so, likewise.
async fn ends_alike_whatever_is_written(place: &TestPlace, plot: Plot, status: &str) {
    let (right, _, begun) = ending(place, plot, None).await;
    assert!(right.contains(&status.to_owned()) && begun >= 10, "{begun} {right:?}");
    // On PostgreSQL every fifth, with one of the mishaps.
    let step = if place.is_sqlite() { 1 } else { 5 };
    for at in (0..begun).step_by(step) {
        let mishaps = [Mishap::Refused, Mishap::Unheard];
        let mishaps = if place.is_sqlite() { &mishaps[..] } else { &mishaps[at % 2..=at % 2] };
        for mishap in mishaps.iter().copied() {
            let (other, ..) = ending(place, plot, Some(Trouble::Write(at, mishap))).await;
            assert_eq!(other, right, "{mishap:?} at transaction {at} of {plot:?}");
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
            ends_alike(place, Plot::Sale(&TEST_ACCOUNTS[0]), "completed").await;
        }

        async fn of_a_sale_that_bounces(place: TestPlace) {
            ends_alike(place, Plot::Sale(&TEST_ACCOUNTS[1]), "refunded").await;
        }

        async fn of_a_swap(place: TestPlace) {
            ends_alike(place, Plot::Swap(ADDRESS), "completed").await;
        }

        async fn of_a_swap_that_cannot_be_delivered(place: TestPlace) {
            ends_alike(place, Plot::Swap(DEAD_ADDRESS), "refunded").await;
        }

        async fn of_a_purchase_that_is_taken_back(place: TestPlace) {
            ends_alike(place, Plot::Reversed(ADDRESS), "review").await;
        }

        async fn of_a_purchase_that_is_given_back_and_taken_back(place: TestPlace) {
            ends_alike(place, Plot::Reversed(DEAD_ADDRESS), "review").await;
        }

        async fn of_somebody_who_shows_who_they_are(place: TestPlace) {
            ends_alike(place, Plot::Identity, "completed").await;
        }
    }
}

mod a_mishap_at_any_transaction_changes_nothing_in_the_end {
    use super::*;

    both_engines! {
        async fn of_a_purchase(place: TestPlace) {
            ends_alike_whatever_is_written(place, Plot::Purchase(ADDRESS), "completed").await;
        }

        async fn of_a_purchase_that_cannot_be_delivered(place: TestPlace) {
            ends_alike_whatever_is_written(place, Plot::Purchase(DEAD_ADDRESS), "refunded").await;
        }

        async fn of_a_sale(place: TestPlace) {
            ends_alike_whatever_is_written(place, Plot::Sale(&TEST_ACCOUNTS[0]), "completed").await;
        }

        async fn of_a_sale_that_bounces(place: TestPlace) {
            ends_alike_whatever_is_written(place, Plot::Sale(&TEST_ACCOUNTS[1]), "refunded").await;
        }

        async fn of_a_swap(place: TestPlace) {
            ends_alike_whatever_is_written(place, Plot::Swap(ADDRESS), "completed").await;
        }

        async fn of_a_swap_that_cannot_be_delivered(place: TestPlace) {
            ends_alike_whatever_is_written(place, Plot::Swap(DEAD_ADDRESS), "refunded").await;
        }

        async fn of_a_purchase_that_is_taken_back(place: TestPlace) {
            ends_alike_whatever_is_written(place, Plot::Reversed(ADDRESS), "review").await;
        }

        async fn of_a_purchase_that_is_given_back_and_taken_back(place: TestPlace) {
            ends_alike_whatever_is_written(place, Plot::Reversed(DEAD_ADDRESS), "review").await;
        }

        async fn of_somebody_who_shows_who_they_are(place: TestPlace) {
            ends_alike_whatever_is_written(place, Plot::Identity, "completed").await;
        }
    }
}
