//! Following the feed: what comes is told at once, and in order.

use std::time::Duration;

use gate_app::feed::read_feed;
use gate_app::testing::{ScriptedSender, Unwritable, World, announce_unwritable};
use gate_app::workers::deliveries::deliver_due;
use gate_domain::event::EventType;
use gate_domain::ids::EventId;
use gate_store::{EventQuery, EventRow, both_engines};
use gate_wire::event::EventBody;
use tokio::sync::watch;

const LONG: Duration = Duration::from_mins(10);

fn behind(after: i64) -> EventQuery {
    EventQuery {
        after,
        before: i64::MAX,
        types: None,
        session_id: None,
        newest_first: false,
        limit: 100,
    }
}

async fn read(world: &World, query: EventQuery, wait: Duration) -> Vec<EventRow> {
    let (_stop, stopping) = watch::channel(false);
    read_feed(&world.app, &world.tenant(), query, wait, stopping).await.unwrap()
}

fn places(rows: &[EventRow]) -> Vec<i64> {
    rows.iter().map(|row| row.sequence).collect()
}

both_engines! {
    // T41.
    async fn an_event_that_cannot_be_written_is_told_of_in_its_place(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        for (data, reason) in [
            (Unwritable::Speechless, "no words for it"),
            (Unwritable::Long(262_144), "it would have more than 262144 bytes"),
        ] {
            let sender = ScriptedSender::default();
            announce_unwritable(&world.app, &world.tenant(), &session, data).await.unwrap();
            deliver_due(&world.app, &sender).await.unwrap();
            let sent = sender.take().pop().unwrap();
            assert_eq!(sent.header("x-0bit-event-type"), "webhook.event_not_built");
            let told: EventBody = serde_json::from_str(&sent.body).unwrap();
            assert_eq!(told.event_type, "webhook.event_not_built");
            assert_eq!(told.data["type"], "gate_session.processing");
            assert_eq!(told.data["subject"], session.as_str());
            assert_eq!(told.data["reason"], reason);
        }
        let types = Some(vec![EventType::EventNotBuilt]);
        let listed = read(&world, EventQuery { types, ..behind(0) }, Duration::ZERO).await;
        assert_eq!(places(&listed), [2, 3], "and it is found in the list");
        world.sound().await;
    }

    async fn every_page_is_what_its_condition_says(store) {
        let world = World::over(store).await;
        let session = world.create().await;
        world.create().await;
        world.pay_in(&session, "succeeds").await;
        world.pass_seconds(2).await;
        let list = async |query: EventQuery| places(&read(&world, query, Duration::ZERO).await);
        let newest = || EventQuery { newest_first: true, ..behind(0) };
        assert_eq!(list(behind(0)).await, [1, 2, 3, 4]);
        assert_eq!(list(newest()).await, [4, 3, 2, 1]);
        assert_eq!(list(EventQuery { limit: 2, ..behind(1) }).await, [2, 3]);
        assert_eq!(list(EventQuery { limit: 2, before: 3, ..newest() }).await, [2, 1]);
        let about = Some(session.clone());
        assert_eq!(list(EventQuery { session_id: about.clone(), ..newest() }).await, [4, 3, 1]);
        let types = Some(vec![EventType::SessionCompleted, EventType::SessionCreated]);
        assert_eq!(list(EventQuery { types: types.clone(), ..behind(0) }).await, [1, 2, 4]);
        let few = EventQuery { types: types.clone(), limit: 2, ..newest() };
        assert_eq!(list(few).await, [4, 2]);
        let both = EventQuery { types, session_id: about, ..behind(0) };
        assert_eq!(list(both).await, [1, 4]);
        let none = EventQuery { types: Some(Vec::new()), ..behind(0) };
        assert_eq!(list(none).await, [0; 0]);
        let rows = read(&world, behind(0), Duration::ZERO).await;
        for (row, event) in rows.iter().zip(world.events().await) {
            assert_eq!(serde_json::from_str::<EventBody>(&row.body).unwrap(), event);
        }
    }

    /// A cursor holds its place whether or not its event is there.
    async fn a_place_is_found_for_every_id(store) {
        let world = World::over(store).await;
        world.create().await;
        let between = EventId::new(world.partner.mode, world.ids().seed(world.now().plus_ms(1)));
        let first = EventId::new(world.partner.mode, world.ids().seed(gate_domain::Millis(0)));
        world.clock.advance_ms(1_000);
        world.create().await;
        let around = |id: EventId| {
            let tenant = world.tenant();
            world.store().read(move |tx| tx.find_places_around(&tenant, &id))
        };
        let second = EventId::parse(&world.events().await[1].id).unwrap();
        assert_eq!(around(second).await.unwrap(), (2, 2));
        assert_eq!(around(between).await.unwrap(), (1, 2));
        assert_eq!(around(first).await.unwrap(), (0, 1));
    }

    async fn who_waits_is_told_when_something_comes(store) {
        let world = World::over(store).await;
        let waits = {
            let world = world.clone();
            tokio::spawn(async move { read(&world, behind(0), LONG).await })
        };
        tokio::task::yield_now().await;
        world.create().await;
        assert_eq!(places(&waits.await.unwrap()), [1]);
        assert_eq!(places(&read(&world, behind(0), LONG).await), [1], "what is there is not waited for");
    }

    /// The signal in this process; without it a second would pass.
    async fn a_feed_that_grows_says_so_once_it_is_committed(store) {
        let world = World::over(store).await;
        let mut grown = world.app.feeds_grown();
        world.create().await;
        assert_eq!(grown.try_recv().unwrap(), world.tenant());
        assert!(grown.try_recv().is_err(), "once for each transaction");
    }

    async fn who_waits_is_let_go_when_the_gateway_stops(store) {
        let world = World::over(store).await;
        let (stop, stopping) = watch::channel(false);
        let tenant = world.tenant();
        let waits = {
            let app = world.app.clone();
            tokio::spawn(async move { read_feed(&app, &tenant, behind(0), LONG, stopping).await })
        };
        tokio::task::yield_now().await;
        stop.send(true).unwrap();
        assert!(waits.await.unwrap().unwrap().is_empty());
    }
}
