//! Endpoints in trouble: left alone, asked for, told about, switched off.

use gate_app::endpoints::{ChangeEndpoint, endpoint_body};
use gate_app::testing::{ScriptedSender, World};
use gate_app::webhooks::send_test_webhook;
use gate_app::workers::deliveries::{Tally, deliver_due};
use gate_app::workers::sender::Sent;
use gate_domain::delivery::DeliveryStatus;
use gate_domain::ids::EndpointId;
use gate_store::{EndpointRow, EndpointStatus, both_engines};
use gate_wire::endpoint::EndpointHealthBody;
use gate_wire::event::EventBody;

use crate::deliveries::{HOOK, deliveries};
use crate::endpoints::{change, endpoint, first, turn};

const OTHER: &str = "https://backup.example/hooks";
const HOUR_MS: i64 = 3_600_000;

async fn row(world: &World, id: &EndpointId) -> EndpointRow {
    let (tenant, id) = (world.tenant(), id.clone());
    world.store().read(move |tx| tx.find_endpoint(&tenant, &id)).await.unwrap().unwrap()
}

/// How the first endpoint fares, as its partner sees it.
async fn health(world: &World) -> EndpointHealthBody {
    endpoint_body(world.app.vault(), &row(world, &first(world)).await, world.now()).health
}

/// The news about endpoints in the feed, in short.
async fn news(world: &World) -> Vec<String> {
    let types = world.event_types().await.into_iter();
    types.filter_map(|name| name.strip_prefix("webhook_endpoint.").map(str::to_owned)).collect()
}

/// Which news about endpoints went to a URL.
fn heard(sender: &ScriptedSender, url: &str) -> Vec<EventBody> {
    let sent = sender.take().into_iter().filter(|outgoing| outgoing.url == url);
    let events = sent.map(|outgoing| serde_json::from_str::<EventBody>(&outgoing.body).unwrap());
    events.filter(|event| event.event_type.starts_with("webhook_endpoint.")).collect()
}

async fn deliver(world: &World, sender: &ScriptedSender) -> Tally {
    deliver_due(&world.app, sender).await.unwrap()
}

/// Ten sessions whose first events all fail.
async fn fail_ten(world: &World, sender: &ScriptedSender) {
    sender.answer(HOOK, [500; 10]);
    for _ in 0..10 {
        world.create().await;
    }
    assert_eq!(deliver(world, sender).await.retried, 10);
}

both_engines! {
    async fn who_keeps_failing_is_left_alone_until_a_single_delivery_arrives(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        let (backup, _) = endpoint(&world, &["webhook_endpoint.*"]).await;
        fail_ten(&world, &sender).await;
        let paused = health(&world).await;
        assert_eq!((paused.state.as_str(), paused.failures_in_row), ("paused", 10));
        assert_eq!(paused.last_error.as_deref(), Some("answered 500"));
        assert!(paused.until.is_some());
        deliver(&world, &sender).await;
        let told = heard(&sender, OTHER);
        assert_eq!(told.len(), 1, "the other endpoint hears of it");
        assert_eq!(told[0].event_type, "webhook_endpoint.paused");
        assert_eq!(told[0].data["id"], first(&world).as_str());
        assert_eq!(told[0].data["health"]["state"], "paused");

        // Nothing goes while it is paused, and no schedule is used up over it.
        world.create().await;
        world.clock.advance_ms(14_999);
        assert_eq!(deliver(&world, &sender).await.total(), 0);
        assert!(deliveries(&world).await.iter().all(|row| row.attempts <= 1));
        // One asks; it fails; the pause is longer.
        world.clock.advance_ms(30_001);
        sender.answer(HOOK, [500]);
        assert_eq!(deliver(&world, &sender).await, Tally { retried: 1, ..Tally::default() });
        world.clock.advance_ms(29_999);
        assert_eq!(deliver(&world, &sender).await.total(), 0, "at least half of a minute");
        // One asks again and arrives: everything goes at once.
        world.clock.advance_ms(60_001);
        let tally = deliver(&world, &sender).await;
        assert_eq!(tally.succeeded, 11 + 1, "and the news of it");
        let told = heard(&sender, OTHER);
        assert_eq!(told.iter().map(|event| &event.event_type).collect::<Vec<_>>(), [
            "webhook_endpoint.resumed"
        ]);
        assert_eq!(told[0].data["health"]["state"], "ok");
        let well = health(&world).await;
        assert_eq!((well.state.as_str(), well.failures_in_row, well.until), ("ok", 0, None));
        assert_eq!(news(&world).await, ["paused", "resumed"]);
        let told = deliveries(&world).await;
        let ours = |id: &EndpointId| {
            let of = told.iter().filter(|row| row.endpoint_id == *id);
            of.filter(|row| row.event_type.starts_with("webhook_endpoint.")).count()
        };
        assert_eq!((ours(&first(&world)), ours(&backup)), (0, 2), "nobody is told of itself");
        world.sound().await;
    }

    async fn a_success_on_an_endpoint_that_is_well_writes_nothing_about_it(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        world.create().await;
        deliver(&world, &sender).await;
        let tenant = world.tenant();
        let known = world.store().read(move |tx| tx.list_endpoint_health(&tenant)).await;
        assert_eq!(known.unwrap(), []);
        // A failure and then a success leave a row that says that it is well.
        sender.answer(HOOK, [500]);
        world.create().await;
        deliver(&world, &sender).await;
        assert_eq!(health(&world).await.failures_in_row, 1);
        world.create().await;
        deliver(&world, &sender).await;
        assert_eq!(health(&world).await.failures_in_row, 0);
        assert!(news(&world).await.is_empty());
    }

    // T23.
    async fn gone_switches_off_and_what_waits_goes_on_when_it_is_enabled(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        endpoint(&world, &["webhook_endpoint.*"]).await;
        sender.answer(HOOK, [410]);
        world.create().await;
        deliver(&world, &sender).await;
        let off = row(&world, &first(&world)).await;
        assert_eq!(off.status, EndpointStatus::Disabled);
        assert_eq!(off.disabled_reason.as_deref(), Some("gone"));
        world.clock.advance_ms(24 * HOUR_MS);
        deliver(&world, &sender).await;
        let told = heard(&sender, OTHER);
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].event_type, "webhook_endpoint.disabled");
        assert_eq!(told[0].data["disabled_reason"], "gone");
        let waiting = deliveries(&world).await;
        let waiting = waiting.iter().find(|row| row.endpoint_id == first(&world)).unwrap();
        assert_eq!((waiting.status, waiting.attempts), (DeliveryStatus::Pending, 1));
        turn(&world, &first(&world), EndpointStatus::Enabled).await;
        assert_eq!(deliver(&world, &sender).await, Tally { succeeded: 1, ..Tally::default() });
        world.sound().await;
    }

    // T23.
    async fn what_an_endpoint_asks_for_holds_for_all_of_it_and_shows(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        for (status, asks, waits_ms) in [
            (503, Some("Mon, 23 Nov 2026 12:00:09 GMT"), 9_000),
            (429, Some("7"), 7_000),
            (429, None, 5_000),
            // Ten years come to one gap of the schedule.
            (503, Some("315360000"), 60_000),
        ] {
            world.create().await;
            let retry_after = asks.map(str::to_owned);
            let busy =
                Sent::Answered { status, excerpt: String::new(), retry_after, redirect: None };
            sender.answer_with(HOOK, busy);
            deliver(&world, &sender).await;
            world.create().await;
            let throttled = health(&world).await;
            assert_eq!((throttled.state.as_str(), throttled.failures_in_row), ("throttled", 0));
            world.clock.advance_ms(waits_ms - 1);
            assert_eq!(deliver(&world, &sender).await.total(), 0, "{status} {asks:?}");
            world.clock.advance_ms(1);
            assert_eq!(health(&world).await.state, "ok", "it ends by itself");
            assert!(deliver(&world, &sender).await.succeeded >= 1, "{status} {asks:?}");
            // What is left of this case is out of the way of the next.
            world.clock.advance_ms(2 * 60_000);
            deliver(&world, &sender).await;
        }
        assert!(news(&world).await.is_empty());
    }

    // T23.
    async fn what_means_nothing_asks_for_nothing(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        for asks in ["-5", "soon", "0", "Mon, 23 Nov 2026 11:59:59 GMT"] {
            let retry_after = Some(asks.to_owned());
            let busy =
                Sent::Answered { status: 503, excerpt: String::new(), retry_after, redirect: None };
            sender.answer_with(HOOK, busy);
            world.create().await;
            assert_eq!(deliver(&world, &sender).await.retried, 1);
            assert_eq!(health(&world).await.state, "ok");
            let waits_ms = deliveries(&world).await.pop().unwrap().next_attempt_at.unwrap().0
                - world.now().0;
            assert!((60_000..=66_000).contains(&waits_ms), "{asks}: {waits_ms}");
        }
    }

    async fn days_of_failures_warn_and_then_switch_off(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        sender.always(HOOK, 500);
        let mut told = Vec::new();
        for hour in 0..130 {
            world.create().await;
            deliver(&world, &sender).await;
            let known = news(&world).await;
            told.extend(known.into_iter().skip(told.len()).map(|name| (hour, name)).collect::<Vec<_>>());
            world.clock.advance_ms(HOUR_MS);
        }
        let names: Vec<_> = told.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, ["paused", "failing", "disabled"]);
        assert_eq!((told[1].0, told[2].0), (24, 120));
        let off = row(&world, &first(&world)).await;
        assert_eq!(off.disabled_reason.as_deref(), Some("failing"));
        // The word of its owner, and it goes on where it was.
        sender.always(HOOK, 200);
        turn(&world, &first(&world), EndpointStatus::Enabled).await;
        assert_eq!(health(&world).await.state, "ok");
        assert!(deliver(&world, &sender).await.succeeded > 100);
        world.sound().await;
    }

    // T26.
    async fn another_place_or_the_word_of_its_owner_ends_a_pause(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        fail_ten(&world, &sender).await;
        let moved = ChangeEndpoint { url: Some(OTHER.into()), ..ChangeEndpoint::default() };
        change(&world, &first(&world), moved).await.unwrap();
        assert_eq!(health(&world).await.state, "ok");
        world.create().await;
        assert_eq!(deliver(&world, &sender).await.succeeded, 1);
        assert_eq!(news(&world).await, ["paused", "resumed"]);
    }

    async fn a_test_that_is_asked_for_ends_a_pause_early(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        fail_ten(&world, &sender).await;
        let tenant = world.tenant();
        world.write(move |tx, scope| send_test_webhook(tx, scope, &tenant)).await.unwrap();
        assert_eq!(deliver(&world, &sender).await, Tally { succeeded: 1, ..Tally::default() });
        assert_eq!(health(&world).await.state, "ok");
    }
}
