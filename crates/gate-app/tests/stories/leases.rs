//! Workers that die or fall asleep between sending and recording.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel as std_channel;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::{BoxFuture, pending};
use gate_app::App;
use gate_app::testing::{ADDRESS, START, ScriptedSender, World};
use gate_app::workers::clock_steps::follow_clock_back;
use gate_app::workers::commands::send_due_commands;
use gate_app::workers::deliveries::{Tally, deliver_due};
use gate_app::workers::release_predecessors;
use gate_app::workers::sender::{Outgoing, Sender, Sent};
use gate_app::workers::sweep::release_lost_leases;
use gate_domain::Millis;
use gate_domain::delivery::DeliveryStatus;
use gate_domain::rail::{Command, CommandKind};
use gate_domain::reason::Reason;
use gate_rails::simulator::SimulatedCards;
use gate_rails::{Rail, RailError, Rails, Reply};
use gate_store::testing::{TestPlace, block_on};
use gate_store::{Sql, Store, StoreError, Tx, both_engines, sql};
use tokio::sync::mpsc;

use crate::deliveries::{HOOK, deliveries};
use crate::schedule::attempts;

const LEASE_MS: i64 = 15_000;
const HOUR_MS: i64 = 3_600_000;
/// What is waited for: retries, and the end of an endpoint's pause.
const INSTANTS: Sql =
    sql("select next_attempt_at from deliveries where next_attempt_at is not null
    union all select until from endpoint_health
    union all select held_until from endpoint_health order by 1");

async fn instants(world: &World) -> Vec<i64> {
    let read = |tx: &mut Tx| tx.query(INSTANTS, &[], |row| row.get::<i64>(0));
    let rows: Result<_, StoreError> = world.store().read(read).await;
    rows.unwrap()
}

/// Sends, and never hears back.
struct NeverReturns(mpsc::UnboundedSender<Outgoing>);

impl Sender for NeverReturns {
    fn send(&self, outgoing: Outgoing) -> BoxFuture<'_, Sent> {
        self.0.send(outgoing).unwrap();
        pending().boxed()
    }
}

/// A worker that dies once its request has left. Answers the request.
async fn send_and_die(world: &World) -> Outgoing {
    let (tell, mut told) = mpsc::unbounded_channel();
    let sender = NeverReturns(tell);
    tokio::select! {
        _ = deliver_due(&world.app, &sender) => panic!("it cannot return"),
        outgoing = told.recv() => outgoing.unwrap(),
    }
}

both_engines! {
    async fn a_worker_that_dies_leads_to_a_repeat_never_to_a_loss(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        world.create().await;
        let first = send_and_die(&world).await;
        let idle = Tally::default();
        release_lost_leases(&world.app).await.unwrap();
        assert_eq!(deliver_due(&world.app, &sender).await.unwrap(), idle, "it is leased");
        world.clock.advance_ms(LEASE_MS - 1);
        release_lost_leases(&world.app).await.unwrap();
        assert_eq!(deliver_due(&world.app, &sender).await.unwrap(), idle, "it is leased still");
        world.clock.advance_ms(1);
        release_lost_leases(&world.app).await.unwrap();
        let tally = deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(tally, Tally { succeeded: 1, ..Tally::default() });
        let second = sender.take().remove(0);
        assert_eq!(second.header("webhook-id"), first.header("webhook-id"));
        assert_eq!(second.body, first.body);
        let row = deliveries(&world).await.remove(0);
        assert_eq!((row.status, row.attempts), (DeliveryStatus::Succeeded, 2));
        let written = attempts(&world, &row.id).await;
        assert_eq!(written[0].2, None, "nobody knows how the first ended");
        assert_eq!(written[1].3, Some(200));
    }

    async fn nothing_waits_longer_because_the_clock_was_set_back(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        sender.answer(HOOK, [500; 10]);
        for _ in 0..10 {
            world.create().await;
        }
        assert_eq!(deliver_due(&world.app, &sender).await.unwrap().retried, 10);
        let before = instants(&world).await;
        assert!(before.len() == 12 && before.iter().all(|at| *at > world.now().0), "{before:?}");

        world.clock.advance_ms(-HOUR_MS);
        follow_clock_back(&world.app, HOUR_MS).await.unwrap();
        // Where others write too, their clocks are not known.
        let by_ms = if store.is_ours_alone() { HOUR_MS } else { 0 };
        let nearer: Vec<_> = before.iter().map(|at| at - by_ms).collect();
        assert_eq!(instants(&world).await, nearer);

        // What is due stays as it is.
        world.clock.advance_ms(2 * HOUR_MS);
        assert_eq!(follow_clock_back(&world.app, HOUR_MS).await.unwrap(), 0);
        assert_eq!(instants(&world).await, nearer);
    }

    async fn a_new_process_takes_over_at_once(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        world.create().await;
        let first = send_and_die(&world).await;
        release_predecessors(&world.app).await.unwrap();
        deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(sender.take().remove(0).body, first.body);
    }
}

/// Falls asleep over its lease while somebody else delivers, then says that it failed.
struct Sleeps {
    world: World,
    other: ScriptedSender,
}

impl Sender for Sleeps {
    fn send(&self, _: Outgoing) -> BoxFuture<'_, Sent> {
        async {
            self.world.clock.advance_ms(LEASE_MS);
            release_lost_leases(&self.world.app).await.unwrap();
            let tally = deliver_due(&self.world.app, &self.other).await.unwrap();
            assert_eq!(tally, Tally { succeeded: 1, ..Tally::default() });
            Sent::answered(500, "too late")
        }
        .boxed()
    }
}

/// A charge that is not sent by now is left: 5 min.
const CHARGE_STALE_MS: i64 = 5 * 60_000;

/// Where a worker sleeps over its lease, once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Nap {
    /// In the middle of sending.
    #[default]
    Sending,
    /// In the middle of sending, and it dies once that has arrived.
    SendingAndDies,
    /// Before it sends, at a question that it asks first.
    Asking,
}

/// A provider of cards one of whose callers falls asleep; another worker is at it meanwhile.
#[derive(Default)]
struct Sleepy {
    nap: Nap,
    world: Mutex<Option<World>>,
    slept: AtomicBool,
    calls: AtomicUsize,
    charges: AtomicUsize,
}

impl Sleepy {
    async fn world(nap: Nap, store: &Store) -> (Arc<Self>, World) {
        let sleepy = Arc::new(Self { nap, ..Self::default() });
        let rails = Rails { card: sleepy.clone(), ..Rails::simulated() };
        let world = World::with_rails(store, rails).await;
        *sleepy.world.lock().unwrap() = Some(world.clone());
        (sleepy, world)
    }

    /// Sleep over the lease, once.
    async fn sleep(&self) -> bool {
        if self.slept.swap(true, Ordering::SeqCst) {
            return false;
        }
        let world = self.world.lock().unwrap().clone().unwrap();
        world.clock.advance_ms(LEASED_MS);
        assert_eq!(send_due_commands(&world.app).await.unwrap(), 1, "another worker has it");
        true
    }

    fn charges(&self) -> usize {
        self.charges.load(Ordering::SeqCst)
    }
}

impl Rail for Sleepy {
    fn send<'a>(
        &'a self,
        command: &'a Command,
        now: Millis,
    ) -> BoxFuture<'a, Result<Reply, RailError>> {
        if command.kind != CommandKind::Charge {
            return SimulatedCards.send(command, now);
        }
        async move {
            let first = self.calls.fetch_add(1, Ordering::SeqCst) == 0;
            if first && self.nap == Nap::Asking {
                return Err(RailError::Unreachable("cut".into()));
            }
            let slept = self.nap != Nap::Asking && self.sleep().await;
            self.charges.fetch_add(1, Ordering::SeqCst);
            assert!(!slept || self.nap != Nap::SendingAndDies, "the process dies");
            SimulatedCards.send(command, now).await
        }
        .boxed()
    }

    fn ask<'a>(
        &'a self,
        command: &'a Command,
        now: Millis,
    ) -> BoxFuture<'a, Result<Option<Reply>, RailError>> {
        if command.kind != CommandKind::Charge {
            return SimulatedCards.ask(command, now);
        }
        async move {
            let known = self.charges() > 0;
            if self.nap == Nap::Asking {
                self.sleep().await;
            }
            if known { SimulatedCards.ask(command, now).await } else { Ok(None) }
        }
        .boxed()
    }
}

both_engines! {
    // T13.
    async fn who_comes_back_after_its_lease_changes_nothing(store) {
        let world = World::over(store).await;
        world.create().await;
        let sleeper = Sleeps { world: world.clone(), other: ScriptedSender::default() };
        let tally = deliver_due(&world.app, &sleeper).await.unwrap();
        assert_eq!(tally, Tally { lease_lost: 1, ..Tally::default() });
        let row = deliveries(&world).await.remove(0);
        assert_eq!((row.status, row.attempts), (DeliveryStatus::Succeeded, 2));
        assert_eq!((row.last_response_status, row.last_error), (Some(200), None));
        let written = attempts(&world, &row.id).await;
        assert_eq!((written[0].3, written[1].3), (Some(500), Some(200)), "each tells its own end");
    }

    /// The charge waited, for its worker fell asleep before it was sent; another one gave it up as stale.
    async fn a_charge_that_is_sent_by_who_lost_its_lease_is_not_forgotten(place: TestPlace) {
        for nap in [Nap::Sending, Nap::SendingAndDies] {
            let place = if place.is_sqlite() { TestPlace::sqlite() } else { TestPlace::postgres() };
            let store = place.open(place.options()).unwrap();
            let (sleepy, world) = Sleepy::world(nap, &store).await;
            let session = world.paying("succeeds").await;
            world.clock.advance_ms(CHARGE_STALE_MS - 1_000);
            let pass = AssertUnwindSafe(send_due_commands(&world.app)).catch_unwind().await;
            assert_eq!(pass.is_err(), nap == Nap::SendingAndDies);
            assert_eq!(sleepy.charges(), 1, "the card is charged");
            assert_eq!(world.transaction_of(&session).await.state.status(), "failed");
            world.pass_seconds(120).await;
            let state = world.transaction_of(&session).await.state;
            assert_eq!((state.status(), state.reason()), ("refunded", Some(Reason::PaidTooLate)), "{nap:?}");
            world.sound().await;
        }
    }

    /// However late somebody wakes up: what they hear is asked about at once.
    async fn what_is_heard_without_a_lease_is_asked_about_at_once(store) {
        let (_, world) = Sleepy::world(Nap::Sending, store).await;
        let session = world.paying("succeeds").await;
        world.clock.advance_ms(CHARGE_STALE_MS - 1_000);
        assert_eq!(send_due_commands(&world.app).await.unwrap(), 1);
        assert_eq!(send_due_commands(&world.app).await.unwrap(), 1, "without waiting");
        assert_eq!(world.transaction_of(&session).await.state.reason(), Some(Reason::PaidTooLate));
    }

    async fn who_slept_over_its_lease_before_it_sent_sends_nothing(store) {
        let (sleepy, world) = Sleepy::world(Nap::Asking, store).await;
        let session = world.paying("succeeds").await;
        assert_eq!(send_due_commands(&world.app).await.unwrap(), 1);
        assert_eq!(sleepy.charges(), 0, "it did not arrive");
        world.clock.advance_ms(60_000);
        assert_eq!(send_due_commands(&world.app).await.unwrap(), 1);
        assert_eq!(sleepy.charges(), 1, "by the other worker alone");
        world.pass_seconds(5).await;
        assert_eq!(world.session(&session).await.status(), "completed");
    }

    /// The same for commands: the charge was sent, the process died, the next one asks.
    async fn a_charge_whose_sender_died_is_asked_about(store) {
        let world = World::over(store).await;
        let session = world.paying("answer_lost").await;
        let claim = |world: &World| {
            let app = world.app.clone();
            async move {
                app.write(|tx, scope| {
                    tx.claim_commands(scope.now, scope.now.plus_ms(LEASE_MS), "dead", 64)
                })
                .await
            }
        };
        let claimed: Result<Vec<_>, StoreError> = claim(&world).await;
        assert!(!claimed.unwrap()[0].sent_before);
        assert_eq!(send_due_commands(&world.app).await.unwrap(), 0, "it is leased");
        world.clock.advance_ms(LEASE_MS);
        assert_eq!(send_due_commands(&world.app).await.unwrap(), 1);
        // This card's answer is lost when it is sent, and found when it is asked about.
        assert_eq!(world.transaction_of(&session).await.state.status(), "payment_received");
        world.pass_seconds(2).await;
        world.sound().await;
    }
}

/// How long the rails worker has a command.
const LEASED_MS: i64 = 30_000;
/// The commands that nobody holds at this moment.
const FREE: Sql = sql("select id from commands for update skip locked");
/// Transactions of this database that wait for somebody else's lock.
const WAITING: Sql = sql("select count(*) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'");

/// PostgreSQL, as three processes: within one, a transaction never waits for another. Whoever lets time
/// pass has the session, and asks for its commands then.
#[test]
fn an_answer_waits_for_its_session_without_holding_its_command() {
    let place = TestPlace::postgres();
    let open = || place.open(place.options()).unwrap();
    let (first, second, third) = (open(), open(), open());
    block_on(async {
        let world = World::over(&first).await;
        let session = world.create().await;
        let quote = world.choose(&session, ADDRESS).await;
        world.pay(&session, &quote, "succeeds").await.unwrap();
        let (clock, vault) = (world.clock.clone(), world.app.vault().clone());
        let config = world.app.config().clone();
        let app = App::new((*second).clone(), clock, vault, Rails::simulated(), config);

        let ((tell, there), (go, is_to_go)) = (std_channel(), std_channel::<()>());
        let (tell, is_to_go) = (Mutex::new(tell), Mutex::new(is_to_go));
        let (tenant, id) = (world.tenant(), session.clone());
        let store = (*first).clone();
        let shift = move |tx: &mut Tx| {
            let session = tx.lock_session(&tenant, &id)?.unwrap();
            tell.lock().unwrap().send(()).unwrap();
            let _ = is_to_go.lock().unwrap().recv();
            tx.shift_session_time(session, LEASED_MS, START)
        };
        let shifts = tokio::spawn(async move { store.write(shift).await });
        there.recv().unwrap();
        let answers = tokio::spawn(async move { send_due_commands(&app).await });
        // It waits for a tenth of a second at a time, and tries again.
        let mut waited = 0;
        while waited < 5 {
            // Looking has the command for a moment too, and who claims would pass it by: so not before.
            let look = |tx: &mut Tx| {
                if tx.query_one(WAITING, &[], |row| row.get::<i64>(0))? == 0 {
                    return Ok::<_, StoreError>(None);
                }
                Ok(Some(tx.query(FREE, &[], |row| row.get::<String>(0))?.len()))
            };
            let free = third.write(look).await.unwrap();
            assert!(!answers.is_finished(), "somebody has its session");
            if let Some(free) = free {
                assert_eq!(free, 1, "the command can be had");
                waited += 1;
            }
        }
        go.send(()).unwrap();
        shifts.await.unwrap().unwrap();
        assert_eq!(answers.await.unwrap().unwrap(), 1);
        // Its lease is lost, so the rail is asked once more, and nothing is lost.
        world.pass_seconds(3).await;
        assert_eq!(world.session(&session).await.status(), "completed");
        world.sound().await;
    });
}
