//! Events whose time is over go with their deliveries, in steps, and the feed says where it begins (T43).

use gate_app::testing::{ScriptedSender, World};
use gate_app::workers::deliveries::deliver_due;
use gate_app::workers::retention::remove_old_events;
use gate_store::{Claim, ClaimRequest, Sql, StoreError, both_engines, sql};

use crate::customers::{ada, create};
use crate::deliveries::{HOOK, deliveries};
use crate::endpoints::{first, turn};

const DAY_MS: i64 = 24 * 3_600_000;
const ATTEMPTS: Sql = sql("select count(*) from attempts");
const CUSTOMER_EVENTS: Sql = sql("select count(*) from customer_events");
const SESSIONS: Sql = sql("select count(*) from sessions");

async fn count(world: &World, statement: Sql) -> i64 {
    let count = world.store().read(move |tx| tx.query_one(statement, &[], |row| row.get(0)));
    let count: Result<i64, StoreError> = count.await;
    count.unwrap()
}

async fn beginning(world: &World) -> i64 {
    let tenant = world.tenant();
    world.store().read(move |tx| tx.find_feed_beginning(&tenant)).await.unwrap()
}

both_engines! {
    async fn what_is_old_goes_in_steps_and_nothing_else_does(store) {
        let world = World::keeping_events(store, Some(30 * DAY_MS)).await;
        let sender = ScriptedSender::default();
        for _ in 0..250 {
            world.create().await;
        }
        deliver_due(&world.app, &sender).await.unwrap();
        world.clock.advance_ms(20 * DAY_MS);
        for _ in 0..10 {
            world.create().await;
        }
        deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(remove_old_events(&world.app).await.unwrap(), 0, "nothing is old yet");
        world.clock.advance_ms(10 * DAY_MS + 1);
        let mut steps = Vec::new();
        loop {
            match remove_old_events(&world.app).await.unwrap() {
                0 => break,
                removed => steps.push(removed),
            }
        }
        assert_eq!(steps, [100, 100, 50]);
        assert_eq!(beginning(&world).await, 250);
        assert_eq!(world.events().await.len(), 10);
        assert_eq!(deliveries(&world).await.len(), 10);
        assert_eq!(count(&world, ATTEMPTS).await, 10);
        assert_eq!(count(&world, SESSIONS).await, 260, "sessions stay");
        world.sound().await;
        // The feed goes on where it was.
        world.create().await;
        assert_eq!(world.events().await.last().unwrap().sequence, 261);
        world.sound().await;
    }

    async fn what_waits_for_an_endpoint_that_long_is_given_up(store) {
        let world = World::keeping_events(store, Some(30 * DAY_MS)).await;
        let sender = ScriptedSender::default();
        world.create().await;
        sender.answer(HOOK, [500]);
        deliver_due(&world.app, &sender).await.unwrap();
        turn(&world, &first(&world), gate_store::EndpointStatus::Disabled).await;
        world.clock.advance_ms(31 * DAY_MS);
        assert_eq!(remove_old_events(&world.app).await.unwrap(), 1);
        assert!(deliveries(&world).await.is_empty());
        world.sound().await;
    }

    async fn what_is_being_sent_stays_and_so_does_what_is_behind_it(store) {
        let world = World::keeping_events(store, Some(30 * DAY_MS)).await;
        world.create().await;
        deliver_due(&world.app, &ScriptedSender::default()).await.unwrap();
        world.create().await;
        world.clock.advance_ms(31 * DAY_MS);
        let now = world.now();
        let lease_until = now.plus_ms(15_000);
        let request = ClaimRequest {
            endpoint: first(&world),
            limit: 1,
            lease_token: "another process".into(),
            lease_until,
        };
        let claim = world.store().write(move |tx| tx.claim_deliveries(&request, now));
        let claim: Result<Claim, StoreError> = claim.await;
        assert!(matches!(claim.unwrap(), Claim::Taken(_, claims) if claims.len() == 1));
        world.create().await;
        world.clock.advance_ms(31 * DAY_MS);
        assert_eq!(remove_old_events(&world.app).await.unwrap(), 1, "what is before it");
        assert_eq!(remove_old_events(&world.app).await.unwrap(), 0);
        assert_eq!((beginning(&world).await, world.events().await.len()), (1, 2));
        let release = world.store().write(move |tx| tx.release_deliveries(lease_until, lease_until));
        let released: Result<u64, StoreError> = release.await;
        assert_eq!(released.unwrap(), 1);
        assert_eq!(remove_old_events(&world.app).await.unwrap(), 2);
        world.sound().await;
    }

    async fn whose_an_event_was_is_forgotten_with_it(store) {
        let world = World::keeping_events(store, Some(30 * DAY_MS)).await;
        create(&world, None, ada()).await.unwrap();
        assert_eq!(count(&world, CUSTOMER_EVENTS).await, 1);
        world.clock.advance_ms(31 * DAY_MS);
        assert_eq!(remove_old_events(&world.app).await.unwrap(), 1);
        assert_eq!(count(&world, CUSTOMER_EVENTS).await, 0);
        world.sound().await;
    }

    async fn for_ever_is_for_ever(store) {
        let world = World::over(store).await;
        world.create().await;
        world.clock.advance_ms(10_000 * DAY_MS);
        assert_eq!(remove_old_events(&world.app).await.unwrap(), 0);
    }
}
