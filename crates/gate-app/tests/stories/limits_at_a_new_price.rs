//! Tokens that come after their price has lapsed count for what they bring at the new one.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use gate_app::choose::{Wanted, accept_quote, request_quote};
use gate_app::testing::{ADDRESS, World};
use gate_domain::Millis;
use gate_domain::catalogue::Entitlement;
use gate_domain::ids::{QuoteId, SessionId, UserId};
use gate_domain::money::Asset;
use gate_domain::price::NoPrice;
use gate_domain::quote::{OnLapse, Rate};
use gate_domain::session::Flow;
use gate_rails::simulator::SimulatedMarket;
use gate_rails::{Price, PriceSource, Rails, Report};
use gate_store::{Store, both_engines};
use gate_wire::journey::JourneyStep;

use crate::limits::{Spending, beside, most, nearly_there, session_of, show, step};
use crate::sells::{LAPSE_MS, locked_sale};

const PAID: &str = "DE09 0000 0000 0000 0000 01";

/// A market in which every token is worth so many percent of what it is worth in the simulated one.
struct Moved {
    market: SimulatedMarket,
    percent: AtomicI64,
}

impl PriceSource for Moved {
    fn price(&self, token: &Asset, currency: &Asset, now: Millis) -> Result<Price, NoPrice> {
        let price = self.market.price(token, currency, now)?;
        let percent = self.percent.load(Ordering::Relaxed);
        Ok(Price { rate: Rate(price.rate.0 * percent / 100), ..price })
    }

    fn refresh(&self, now: Millis) -> BoxFuture<'_, ()> {
        self.market.refresh(now)
    }

    fn reports(&self, token: &Asset, currency: &Asset, now: Millis) -> Vec<Report> {
        self.market.reports(token, currency, now)
    }
}

/// A world, and the market that it asks.
async fn moving(store: &Store) -> (World, Arc<Moved>) {
    let moved = Moved { market: SimulatedMarket::default(), percent: AtomicI64::new(100) };
    let market = Arc::new(moved);
    let rails = Rails { prices: market.clone(), ..Rails::simulated() };
    let world = World::with_rails(store, rails).await;
    world.entitle(&[Entitlement::Swap]).await;
    (world, market)
}

/// Somebody sells or swaps for so many cents; the tokens come once the market has moved and the price
/// has lapsed. The new price that is on the table.
async fn late(
    (world, market): &(World, Arc<Moved>),
    user: &UserId,
    (flow, units): (Flow, i128),
    percent: i64,
) -> (SessionId, QuoteId) {
    market.percent.store(100, Ordering::Relaxed);
    let session = world
        .create_with(|terms| {
            terms.amount.units = units;
            terms.flow = Some(flow);
        })
        .await;
    show(world, &session, user).await;
    match flow {
        Flow::Swap => world.swap(&session, ADDRESS, ADDRESS).await,
        _ => world.sell(&session, PAID, ADDRESS).await,
    };
    world.clock.advance_ms(LAPSE_MS);
    market.percent.store(percent, Ordering::Relaxed);
    world.send_tokens(&session, None).await;
    let wanted = Wanted::of("USDC", "base");
    let journey = request_quote(&world.app, &world.tenant(), &session, wanted).await.unwrap();
    let JourneyStep::NewPrice { quote: Some(fresh), .. } = journey.step else {
        panic!("there is a new price")
    };
    (session, QuoteId::parse(&fresh.id).unwrap())
}

async fn accept(world: &World, session: &SessionId, quote: QuoteId) {
    accept_quote(&world.app, &world.tenant(), session, quote).await.unwrap();
    world.pass_seconds(3).await;
}

/// What is left of a limit, in cents, give or take what the simulated market does by itself.
async fn left(world: &World, user: &UserId) -> i64 {
    let most = most(world, user).await;
    most.trim_end_matches(" EUR").replace('.', "").parse().unwrap()
}

async fn ended(world: &World, session: &SessionId) -> (&'static str, Option<&'static str>) {
    let state = world.transaction_of(session).await.state;
    (state.status(), state.reason().map(gate_domain::reason::Reason::code))
}

both_engines! {
    async fn what_became_worth_more_counts_for_that(store) {
        for flow in [Flow::OffRamp, Flow::Swap] {
            let all = moving(store).await;
            let world = &all.0;
            let user = nearly_there(world).await;
            let (session, quote) = late(&all, &user, (flow, 400_00), 200).await;
            assert_eq!(left(world, &user).await, 600_00, "nothing is agreed");
            accept(world, &session, quote).await;
            assert_eq!(ended(world, &session).await, ("completed", None));
            let left = left(world, &user).await;
            assert!((150_00..250_00).contains(&left), "1,000 without twice 400: {left}");
            world.sound().await;
        }
    }

    async fn where_that_is_too_much_the_tokens_go_back(store) {
        for flow in [Flow::OffRamp, Flow::Swap] {
            let all = moving(store).await;
            let world = &all.0;
            let user = nearly_there(world).await;
            let (session, quote) = late(&all, &user, (flow, 600_00), 200).await;
            accept(world, &session, quote).await;
            assert_eq!(ended(world, &session).await, ("failed", Some("limit_reached")));
            assert_eq!(world.deposits(&session).await[0].state.status(), "returned");
            let JourneyStep::Failed { reason, can_retry: true, .. } = step(world, &session).await
            else {
                panic!("it has failed")
            };
            assert_eq!(reason.code, "limit_reached");
            assert_eq!(left(world, &user).await, 1_000_00, "nothing has moved");
            world.sound().await;
        }
    }

    async fn what_became_worth_less_counts_for_that(store) {
        let all = moving(store).await;
        let user = nearly_there(&all.0).await;
        let (session, quote) = late(&all, &user, (Flow::OffRamp, 1_000_00), 50).await;
        accept(&all.0, &session, quote).await;
        assert_eq!(ended(&all.0, &session).await, ("completed", None));
        let left = left(&all.0, &user).await;
        assert!((450_00..550_00).contains(&left), "1,000 without half of it: {left}");
    }

    async fn a_guest_sells_no_more_than_guests_may(store) {
        let all = moving(store).await;
        let (world, market) = &all;
        for (percent, end) in [(100, "completed"), (150, "failed")] {
            market.percent.store(100, Ordering::Relaxed);
            let session = world
                .create_with(|terms| {
                    terms.amount.units = 900_00;
                    terms.flow = Some(Flow::OffRamp);
                })
                .await;
            world.sell(&session, PAID, ADDRESS).await;
            world.clock.advance_ms(LAPSE_MS);
            market.percent.store(percent, Ordering::Relaxed);
            world.send_tokens(&session, None).await;
            let wanted = Wanted::of("USDC", "base");
            let (app, tenant) = (&world.app, world.tenant());
            let journey = request_quote(app, &tenant, &session, wanted).await.unwrap();
            let JourneyStep::NewPrice { quote: Some(fresh), .. } = journey.step else {
                panic!("there is a new price")
            };
            accept(world, &session, QuoteId::parse(&fresh.id).unwrap()).await;
            assert_eq!(ended(world, &session).await.0, end);
        }
    }

    async fn it_counts_on_the_day_on_which_it_is_agreed(store) {
        let all = moving(store).await;
        let world = &all.0;
        let user = nearly_there(world).await;
        let (session, quote) = late(&all, &user, (Flow::OffRamp, 1_000_00), 100).await;
        world.clock.advance_ms(12 * 3_600_000 - LAPSE_MS);
        look_for_a_price(world, &session, quote).await;
        let today = session_of(world, &user, 10_000_00).await;
        assert!(matches!(step(world, &today).await, JourneyStep::Amount { .. }), "a new day");
        for units in [10_000_00, 10_000_00] {
            let session = session_of(world, &user, units).await;
            world.pay_in(&session, "succeeds").await;
        }
        let left = left(world, &user).await;
        assert!((3_900_00..4_100_00).contains(&left), "5,000 without what was agreed today: {left}");
    }

    async fn a_price_that_the_partner_lets_move_counts_too(store) {
        for (spare, end) in [(1_00, ("failed", Some("limit_reached"))), (50_00, ("completed", None))] {
            let (world, market) = moving(store).await;
            let user = nearly_there(&world).await;
            let session = locked_sale(&world, OnLapse::ConvertWithin(1_000)).await;
            show(&world, &session, &user).await;
            let worth = world.session(&session).await.terms.amount.units;
            let before = session_of(&world, &user, 1_000_00 - worth - spare).await;
            world.pay_in(&before, "succeeds").await;
            world.sell(&session, PAID, ADDRESS).await;
            world.clock.advance_ms(LAPSE_MS);
            market.percent.store(105, Ordering::Relaxed);
            world.send_tokens(&session, None).await;
            world.pass_seconds(3).await;
            assert_eq!(ended(&world, &session).await, end);
            world.sound().await;
        }
    }

    async fn nobody_passes_a_limit_beside_it(place: TestPlace) {
        let store = place.open(place.options()).unwrap();
        let second = (!place.is_sqlite()).then(|| place.open(place.options()).unwrap());
        let all = moving(&store).await;
        let world = &all.0;
        let user = nearly_there(world).await;
        let (session, quote) = late(&all, &user, (Flow::OffRamp, 400_00), 200).await;
        let spending = Spending::begin(&store, &user, 500_00).await;
        let beside = World { app: beside(world, second.as_deref()), ..world.clone() };
        let other = session.clone();
        let accepting = tokio::spawn(async move {
            accept_quote(&beside.app, &beside.tenant(), &other, quote).await.map(drop)
        });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!accepting.is_finished(), "it waits for the user");
        spending.end().await;
        accepting.await.unwrap().unwrap();
        assert_eq!(ended(world, &session).await, ("failed", Some("limit_reached")));
    }
}

/// Agree to a new price, after the one on the table has lapsed too.
async fn look_for_a_price(world: &World, session: &SessionId, old: QuoteId) {
    let (app, tenant) = (&world.app, world.tenant());
    accept_quote(app, &tenant, session, old).await.unwrap_err();
    let wanted = Wanted::of("USDC", "base");
    let journey = request_quote(app, &tenant, session, wanted).await.unwrap();
    let JourneyStep::NewPrice { quote: Some(fresh), .. } = journey.step else {
        panic!("there is a new price")
    };
    accept(world, session, QuoteId::parse(&fresh.id).unwrap()).await;
}
