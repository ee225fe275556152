//! What users may move: whoever moves much is asked who they are, and a refusal says what would pass.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use gate_app::advance::advance_session;
use gate_app::capabilities::world_wide;
use gate_app::identity::end_identity_check;
use gate_app::refunds::RefundError;
use gate_app::test_helpers::{Force, advance_time, force};
use gate_app::testing::{ADDRESS, START, World, partner};
use gate_app::workers::commands::send_due_commands;
use gate_app::{App, AppConfig, Clock, Vault};
use gate_domain::catalogue::{Entitlement, IdentityRules};
use gate_domain::customer::CountryCode;
use gate_domain::ids::{Mode, PartnerId, SessionId, TransactionId, UserId};
use gate_domain::money::Money;
use gate_domain::person::Person;
use gate_domain::session::{Event, Flow, IdentityLevel, Terms};
use gate_rails::Rails;
use gate_store::testing::TestPlace;
use gate_store::{Spend, Store, StoreError, both_engines};
use gate_wire::error::ReasonBody;
use gate_wire::journey::{Journey, JourneyStep};
use gate_wire::words::{IdentityLevel as Level, IdentityOutcome};

use crate::refunds::refund;

const PAID: &str = "DE09 0000 0000 0000 0000 01";
const BACK: &str = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045";
const DAY_S: i64 = 86_400;

/// Somebody whom the gateway knows.
pub(crate) async fn known(world: &World, level: IdentityLevel) -> UserId {
    let user = UserId::new(Mode::Test, world.app.ids().seed(START));
    let id = user.clone();
    let written = world.app.write(move |tx, scope| {
        tx.insert_user(Mode::Test, &id, None, scope.now)?;
        let user = tx.lock_user(Mode::Test, &id)?.unwrap();
        tx.save_user_level(user, level, scope.now)
    });
    let written: Result<_, StoreError> = written.await;
    written.unwrap();
    user
}

/// They have said where they live.
pub(crate) async fn lives_in(world: &World, user: &UserId, country: &str) {
    let person = Person { country: CountryCode::parse(country), ..Person::default() };
    let text = serde_json::to_string(&person).unwrap();
    let sealed = world.app.vault().seal(&format!("{user}/person"), &text, gate_app::Ids);
    let user = user.clone();
    let saved = world.app.write(move |tx, scope| {
        let user = tx.lock_user(Mode::Test, &user)?.unwrap();
        tx.save_person(&user, &sealed, scope.now)
    });
    let saved: Result<_, StoreError> = saved.await;
    saved.unwrap();
}

/// The same person once more, under another address.
async fn known_again(world: &World, user: &UserId) -> UserId {
    let (user, again) = (user.clone(), known(world, IdentityLevel::Enhanced).await);
    let both = [user, again.clone()];
    let written = world.app.write(move |tx, _| {
        for id in &both {
            let user = tx.lock_user(Mode::Test, id)?.unwrap();
            tx.save_person_hashes(&user, &[b"jane".to_vec()])?;
        }
        Ok(())
    });
    let written: Result<_, StoreError> = written.await;
    written.unwrap();
    again
}

/// The user of a session has shown that they are this one.
pub(crate) async fn show(world: &World, session: &SessionId, user: &UserId) {
    let (tenant, id, user) = (world.tenant(), session.clone(), user.clone());
    let shown = world.app.write(move |tx, scope| {
        let session = tx.lock_session(&tenant, &id)?.unwrap();
        advance_session(tx, scope, session, &Event::UserKnown(user.clone()))
    });
    shown.await.unwrap();
}

async fn user_of(world: &World, session: &SessionId) -> UserId {
    world.session(session).await.choice().and_then(|choice| choice.user.clone()).unwrap()
}

fn of(units: i128) -> impl FnOnce(&mut Terms) {
    move |terms| terms.amount.units = units
}

/// A session of so many cents, of a user.
pub(crate) async fn session_of(world: &World, user: &UserId, units: i128) -> SessionId {
    let session = world.create_with(of(units)).await;
    show(world, &session, user).await;
    session
}

/// Buy for so many cents; nothing is sent to a rail yet.
async fn buy(world: &World, user: &UserId, units: i128, card: &str) -> SessionId {
    let session = session_of(world, user, units).await;
    world.pay_in(&session, card).await;
    assert!(world.session(&session).await.transaction.is_some(), "it is paid");
    session
}

pub(crate) async fn step(world: &World, session: &SessionId) -> JourneyStep {
    world.journey(session).await.step
}

async fn approve(world: &World, session: &SessionId) -> Journey {
    let (app, tenant) = (&world.app, world.tenant());
    end_identity_check(app, &tenant, session, IdentityOutcome::Approved).await.unwrap()
}

/// The refusal that the page shows.
async fn refusal(world: &World, session: &SessionId) -> ReasonBody {
    let JourneyStep::Unavailable { reason } = step(world, session).await else {
        panic!("they may not move that much")
    };
    assert_eq!((reason.code.as_str(), reason.retryable), ("limit_reached", true));
    reason
}

/// The most that would pass, as a refusal of 10,000.00 EUR says.
pub(crate) async fn most(world: &World, user: &UserId) -> String {
    let session = session_of(world, user, 10_000_00).await;
    refusal(world, &session).await.maximum.unwrap_or_default()
}

/// Somebody who may move 1,000.00 EUR today and no more.
pub(crate) async fn nearly_there(world: &World) -> UserId {
    let user = known(world, IdentityLevel::Enhanced).await;
    for units in [10_000_00, 10_000_00, 4_000_00] {
        buy(world, &user, units, "succeeds").await;
    }
    world.pass_seconds(3).await;
    assert_eq!(most(world, &user).await, "1000.00 EUR");
    user
}

/// A gateway that asks everybody who they are.
async fn asking_everybody(store: &Store) -> World {
    let world = world_wide();
    let rules = IdentityRules { guest_units: 0, ..world.identity().clone() };
    World::with_catalogue(store, Arc::new((*world).clone().with_identity(rules))).await
}

both_engines! {
    async fn whoever_moves_much_is_asked_who_they_are(store) {
        let world = World::over(store).await;
        let small = world.create_with(of(1_000_00)).await;
        world.choose(&small, ADDRESS).await;
        assert!(matches!(step(&world, &small).await, JourneyStep::Payment { .. }), "a guest may");

        let session = world.create_with(of(1_000_01)).await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Amount { .. }), "not at once");
        let quote = world.choose(&session, ADDRESS).await;
        let JourneyStep::Identity { level: Level::Basic, .. } = step(&world, &session).await else {
            panic!("after the last answer they are asked")
        };
        let told = world.events().await.pop().unwrap();
        assert_eq!((told.event_type.as_str(), &told.data["level"]), ("kyc.required", &"basic".into()));
        let refused = world.pay(&session, &quote, "succeeds").await.unwrap();
        assert!(matches!(refused.step, JourneyStep::Identity { .. }), "nothing gets around it");
        assert_eq!(world.session(&session).await.transaction, None);

        let journey = approve(&world, &session).await;
        assert!(matches!(journey.step, JourneyStep::Payment { .. }), "it goes on where it was");
        let user = user_of(&world, &session).await;
        world.pay(&session, &quote, "succeeds").await.unwrap();
        world.pass_seconds(3).await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Done { .. }));
        // What they have moved counts: the next purchase needs more of them.
        let next = session_of(&world, &user, 4_500_00).await;
        world.choose(&next, ADDRESS).await;
        let JourneyStep::Identity { level: Level::Enhanced, .. } = step(&world, &next).await else {
            panic!("5,000.00 EUR a day are not enough")
        };
        world.sound().await;
    }

    async fn a_price_that_is_accepted_last_asks_too(store) {
        let world = World::over(store).await;
        let address = gate_domain::destination::Destination::from_stored(ADDRESS).unwrap();
        let session = world
            .create_with(|terms| {
                terms.amount.units = 6_000_00;
                terms.wallet_address = Some(address);
            })
            .await;
        let quote = world.quote(&session).await;
        let (app, tenant) = (&world.app, world.tenant());
        gate_app::choose::accept_quote(app, &tenant, &session, quote).await.unwrap();
        let JourneyStep::Identity { level: Level::Enhanced, .. } = step(&world, &session).await else {
            panic!("the partner gave the address")
        };
    }

    async fn a_refusal_names_the_number_that_passes_and_it_does(store) {
        let world = World::over(store).await;
        let user = nearly_there(&world).await;
        let session = session_of(&world, &user, 1_500_00).await;
        insta::assert_json_snapshot!(refusal(&world, &session).await, @r#"
        {
          "code": "limit_reached",
          "message": "You can move 25,000.00 EUR a day; 1,000.00 EUR is left until 24 November.",
          "retryable": true,
          "limit": "25000.00 EUR",
          "minimum": null,
          "maximum": "1000.00 EUR",
          "remaining": "1000.00 EUR",
          "renews_at": "2026-11-24T00:00:00.000Z",
          "next_step": "Go back to the shop and choose at most 1,000.00 EUR, or come back on 24 November."
        }
        "#);
        let wanted = gate_app::choose::Wanted::of("USDC", "base");
        let (app, tenant) = (&world.app, world.tenant());
        let journey = gate_app::choose::request_quote(app, &tenant, &session, wanted).await;
        assert!(matches!(journey.unwrap().step, JourneyStep::Unavailable { .. }));

        let above = session_of(&world, &user, 1_000_01).await;
        refusal(&world, &above).await;
        buy(&world, &user, 1_000_00, "succeeds").await;
        world.pass_seconds(3).await;
        // Nothing is left of the day, so there is no number.
        let after = session_of(&world, &user, 10_00).await;
        let reason = refusal(&world, &after).await;
        assert_eq!((reason.remaining.as_deref(), reason.maximum), (Some("0.00 EUR"), None));
        assert_eq!(reason.next_step.unwrap(), "Go back to the shop and come back on 24 November.");
        world.sound().await;
    }

    async fn a_failed_payment_gives_its_share_back(store) {
        let world = World::over(store).await;
        let user = nearly_there(&world).await;
        let session = buy(&world, &user, 1_000_00, "declined").await;
        assert_eq!(most(&world, &user).await, "", "what is under way counts");
        world.pass_seconds(1).await;
        let JourneyStep::Failed { can_retry: true, .. } = step(&world, &session).await else {
            panic!("it may be tried again")
        };
        assert_eq!(most(&world, &user).await, "1000.00 EUR");
        world.pay_in(&session, "succeeds").await;
        world.pass_seconds(3).await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Done { .. }));
        assert_eq!(most(&world, &user).await, "");
    }

    async fn what_fails_after_the_payment_gives_its_share_back(store) {
        let world = World::over(store).await;
        let user = nearly_there(&world).await;
        let session = session_of(&world, &user, 1_000_00).await;
        let quote = world.choose(&session, gate_app::testing::DEAD_ADDRESS).await;
        world.pay(&session, &quote, "succeeds").await.unwrap();
        world.pass_seconds(4).await;
        assert_eq!(world.transaction_of(&session).await.state.status(), "refunded");
        assert_eq!(most(&world, &user).await, "1000.00 EUR");
    }

    async fn what_was_delivered_counts_whatever_is_refunded_of_it(store) {
        let world = World::over(store).await;
        let user = nearly_there(&world).await;
        let session = buy(&world, &user, 1_000_00, "succeeds").await;
        world.pass_seconds(3).await;
        let transaction = world.transaction_of(&session).await.id;
        for amount in [Some("400.00"), None] {
            refund(&world, &transaction, amount).await.unwrap();
            send_due_commands(&world.app).await.unwrap();
            assert_eq!(most(&world, &user).await, "", "{amount:?}");
        }
        let nothing = refund(&world, &transaction, Some("0.01")).await;
        assert!(matches!(nothing, Err(RefundError::NotRefundable(_))), "all of it is back");
    }

    async fn days_and_months_renew(store) {
        let world = World::over(store).await;
        let user = nearly_there(&world).await;
        let session = session_of(&world, &user, 9_000_00).await;
        refusal(&world, &session).await;
        let advance = async |session: &SessionId, seconds: i64| {
            let (tenant, id) = (world.tenant(), session.clone());
            let moved = world.app.write(move |tx, scope| advance_time(tx, scope, &tenant, &id, seconds));
            moved.await.unwrap();
        };
        // Noon: half a day is missing, and some seconds have passed.
        advance(&session, DAY_S / 2 - 4).await;
        refusal(&world, &session).await;
        advance(&session, 1).await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Amount { .. }), "a new day");

        // A month is over when its last day is, however the days went.
        for _ in 0..4 {
            world.clock.advance_ms(DAY_S * 1000);
            for units in [10_000_00, 9_000_00] {
                buy(&world, &user, units, "succeeds").await;
            }
        }
        world.clock.advance_ms(DAY_S * 1000);
        let session = session_of(&world, &user, 1_000_00).await;
        let reason = refusal(&world, &session).await;
        assert_eq!(reason.limit.as_deref(), Some("100000.00 EUR"));
        assert_eq!(reason.renews_at.as_deref(), Some("2026-12-01T00:00:00.000Z"));
        assert_eq!(
            reason.message,
            "You can move 100,000.00 EUR a month; 0.00 EUR is left until 1 December."
        );
        world.clock.advance_ms(3 * DAY_S * 1000);
        let session = session_of(&world, &user, 10_000_00).await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Amount { .. }), "a new month");
    }

    async fn what_is_moved_on_a_day_to_come_counts_on_that_day_for_everybody(store) {
        let world = World::over(store).await;
        let user = nearly_there(&world).await;
        let tomorrow = async |units: i128| {
            let session = session_of(&world, &user, units).await;
            let (tenant, id) = (world.tenant(), session.clone());
            let moved = world.app.write(move |tx, scope| advance_time(tx, scope, &tenant, &id, DAY_S / 2));
            moved.await.unwrap();
            session
        };
        for units in [10_000_00, 10_000_00, 3_500_00] {
            world.pay_in(&tomorrow(units).await, "succeeds").await;
        }
        world.pass_seconds(3).await;
        assert_eq!(most(&world, &user).await, "1000.00 EUR", "as before: it is not that day yet");
        let there = tomorrow(10_000_00).await;
        assert_eq!(refusal(&world, &there).await.maximum.as_deref(), Some("1500.00 EUR"));
        world.clock.advance_ms(DAY_S * 1000);
        assert_eq!(most(&world, &user).await, "1500.00 EUR", "now it is");
    }

    async fn sales_and_swaps_count_too(store) {
        let world = World::over(store).await;
        world.entitle(&[Entitlement::Swap]).await;
        let user = nearly_there(&world).await;
        let flow = async |flow: Flow| {
            let session = world
                .create_with(|terms| {
                    terms.amount.units = 500_00;
                    terms.flow = Some(flow);
                })
                .await;
            show(&world, &session, &user).await;
            session
        };
        let sale = flow(Flow::OffRamp).await;
        world.sell(&sale, PAID, ADDRESS).await;
        assert_eq!(most(&world, &user).await, "500.00 EUR", "an address is enough");
        let swap = flow(Flow::Swap).await;
        world.swap(&swap, ADDRESS, BACK).await;
        assert!(matches!(step(&world, &swap).await, JourneyStep::Deposit { .. }));
        assert_eq!(most(&world, &user).await, "");
        for refused in [flow(Flow::OffRamp).await, flow(Flow::Swap).await] {
            refusal(&world, &refused).await;
        }
        // Whoever thinks again before tokens come has moved nothing.
        let (app, tenant) = (&world.app, world.tenant());
        gate_app::choose::step_back(app, &tenant, &sale, gate_domain::session::BackTo::Amount)
            .await
            .unwrap();
        assert_eq!(most(&world, &user).await, "500.00 EUR");
    }

    async fn a_sale_asks_before_it_says_where_to_send(store) {
        let world = World::over(store).await;
        let session = world
            .create_with(|terms| {
                terms.amount.units = 2_000_00;
                terms.flow = Some(Flow::OffRamp);
            })
            .await;
        let quote = world.sell(&session, PAID, ADDRESS).await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Identity { .. }));
        assert!(matches!(approve(&world, &session).await.step, JourneyStep::Confirm { .. }));
        let (app, tenant) = (&world.app, world.tenant());
        let journey = gate_app::deposits::start_deposit(app, &tenant, &session, quote).await;
        assert!(matches!(journey.unwrap().step, JourneyStep::Deposit { .. }));
    }

    async fn another_currency_counts_for_what_the_operator_says(store) {
        let world = World::over(store).await;
        let pounds = world.app.catalogue().currency("GBP").unwrap().asset();
        let of = |units| {
            let amount = Money::new(units, pounds.clone());
            world.create_with(|terms| terms.amount = amount)
        };
        // Nobody is known, and nobody may move that much: it is said at once.
        let reason = refusal(&world, &of(10_000_00).await).await;
        assert_eq!(reason.message, "You can move 10,000.00 EUR at a time.");
        assert_eq!((reason.limit.as_deref(), reason.renews_at), (Some("10000.00 EUR"), None));
        assert_eq!(reason.maximum.as_deref(), Some("8695.65 GBP"));
        refusal(&world, &of(8_695_66).await).await;
        let session = of(8_695_65).await;
        let quote = world.choose(&session, ADDRESS).await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Identity { .. }));
        approve(&world, &session).await;
        world.pay(&session, &quote, "succeeds").await.unwrap();
        world.pass_seconds(3).await;
        assert!(matches!(step(&world, &session).await, JourneyStep::Done { .. }));
    }

    async fn an_operator_may_ask_everybody(store) {
        let world = asking_everybody(store).await;
        let session = world.create_with(of(10_00)).await;
        world.choose(&session, ADDRESS).await;
        let JourneyStep::Identity { level: Level::Basic, .. } = step(&world, &session).await else {
            panic!("everybody is asked")
        };
        let user = known(&world, IdentityLevel::Basic).await;
        show(&world, &session, &user).await;
        assert!(matches!(approve(&world, &session).await.step, JourneyStep::Payment { .. }));
    }

    async fn a_user_counts_together_over_all_partners(store) {
        let world = World::over(store).await;
        let user = nearly_there(&world).await;
        let other = World { partner: partner("Another Shop", Mode::Test, 0), ..world.clone() };
        other.provision(&other.partner.clone()).await;
        assert_eq!(most(&other, &user).await, "1000.00 EUR");
        buy(&other, &user, 600_00, "succeeds").await;
        assert_eq!(most(&world, &user).await, "400.00 EUR");
    }

    async fn what_is_forced_counts_and_is_never_refused(store) {
        let world = World::over(store).await;
        let user = nearly_there(&world).await;
        let session = session_of(&world, &user, 3_000_00).await;
        force(&world.app, &world.tenant(), &session, Force::Complete).await.unwrap();
        assert_eq!(world.session(&session).await.status(), "completed");
        assert_eq!(most(&world, &user).await, "");
    }

    async fn two_at_once_do_not_pass_a_limit_together(place: TestPlace) {
        two_at_once(place, false).await;
    }

    async fn nor_do_two_addresses_of_one_person(place: TestPlace) {
        two_at_once(place, true).await;
    }

    /// Many sessions of one person with two addresses, paid at the same moment: as many pass as fit.
    async fn as_many_pass_as_fit(place: TestPlace) {
        let store = place.open(place.options()).unwrap();
        let second = (!place.is_sqlite()).then(|| place.open(place.options()).unwrap());
        let world = World::over(&store).await;
        let beside = World { app: beside(&world, second.as_deref()), ..world.clone() };
        let user = nearly_there(&world).await;
        let again = known_again(&world, &user).await;
        let mut all = Vec::new();
        for number in 0..8 {
            let user = if number % 4 < 2 { &user } else { &again };
            let session = session_of(&world, user, 300_00).await;
            let quote = world.choose(&session, ADDRESS).await;
            let world = if number % 2 == 0 { world.clone() } else { beside.clone() };
            all.push((world, session, quote));
        }
        let paying: Vec<_> = all
            .into_iter()
            .map(|(world, session, quote)| {
                tokio::spawn(async move { world.pay(&session, &quote, "succeeds").await.unwrap() })
            })
            .collect();
        let mut paid = 0;
        for one in paying {
            let journey = one.await.unwrap();
            paid += usize::from(matches!(journey.step, JourneyStep::Processing { .. }));
        }
        assert_eq!(paid, 3);
        assert_eq!(most(&world, &user).await, "100.00 EUR");
    }
}

/// Another payment of the same user, or of the same person under another address, holds the user's row:
/// this one waits for it, and then sees what it counts for. On PostgreSQL as two processes.
async fn two_at_once(place: &TestPlace, two_addresses: bool) {
    let store = place.open(place.options()).unwrap();
    let second = (!place.is_sqlite()).then(|| place.open(place.options()).unwrap());
    let world = World::over(&store).await;
    let user = nearly_there(&world).await;
    let session = session_of(&world, &user, 1_000_00).await;
    let quote = world.choose(&session, ADDRESS).await;
    let other = if two_addresses { known_again(&world, &user).await } else { user.clone() };
    let waiting = session_of(&world, &other, 1_000_00).await;
    let waiting_quote = world.choose(&waiting, ADDRESS).await;

    let spending = Spending::begin(&store, &user, 1_000_00).await;
    let beside = World { app: beside(&world, second.as_deref()), ..world.clone() };
    let paying =
        tokio::spawn(async move { beside.pay(&waiting, &waiting_quote, "succeeds").await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!paying.is_finished(), "it waits for the user");
    spending.end().await;
    let refused = paying.await.unwrap().unwrap();
    assert!(matches!(refused.step, JourneyStep::Unavailable { .. }), "{:?}", refused.step);
    let also = world.pay(&session, &quote, "succeeds").await.unwrap();
    assert!(matches!(also.step, JourneyStep::Unavailable { .. }), "{:?}", also.step);
}

/// A payment of somebody that is being written down: it holds their row until it ends.
pub(crate) struct Spending {
    release: mpsc::Sender<()>,
    hand: tokio::task::JoinHandle<Result<(), StoreError>>,
}

impl Spending {
    pub(crate) async fn begin(store: &Store, user: &UserId, units: i64) -> Self {
        let (release, released) = mpsc::channel::<()>();
        let (held, released) = (Mutex::new(None), Mutex::new(released));
        let (tell, there) = tokio::sync::oneshot::channel();
        *held.lock().unwrap() = Some(tell);
        let (owner, first) = (user.clone(), store.clone());
        let hand = tokio::spawn(async move {
            let count = move |tx: &mut gate_store::Tx| {
                let user = tx.lock_user(Mode::Test, &owner)?.unwrap();
                let spend = Spend {
                    partner: PartnerId::new(gate_app::Ids.seed(START)),
                    transaction: TransactionId::new(Mode::Test, gate_app::Ids.seed(START)),
                    units,
                    spent_at: START,
                };
                tx.insert_spend(&user, &spend)?;
                if let Some(tell) = held.lock().unwrap().take() {
                    tell.send(()).unwrap();
                }
                let _ = released.lock().unwrap().recv();
                Ok::<_, StoreError>(())
            };
            first.write(count).await
        });
        there.await.unwrap();
        Self { release, hand }
    }

    pub(crate) async fn end(self) {
        drop(self.release);
        self.hand.await.unwrap().unwrap();
    }
}

/// The same gateway in another process, where there is a second store.
pub(crate) fn beside(world: &World, store: Option<&Store>) -> App {
    let Some(store) = store else { return world.app.clone() };
    let vault = Vault::new(&gate_app::Ids.random());
    let config = AppConfig::sandbox(gate_app::testing::BASE_URL);
    let clock = Clock::fixed(START);
    App::new(store.clone(), clock, vault, Rails::simulated(), config)
}
