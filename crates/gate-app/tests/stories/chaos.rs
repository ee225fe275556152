//! Faults on purpose: the sandbox disturbs webhooks, and everything arrives all the same.

use gate_app::chaos::begin_chaos;
use gate_app::testing::{ScriptedSender, World};
use gate_app::workers::deliveries::{Tally, deliver_due};
use gate_domain::chaos::Chaos;
use gate_domain::delivery::DeliveryStatus;
use gate_store::both_engines;

use crate::deliveries::deliveries;

async fn disturb(world: &World, chaos: Chaos) {
    let tenant = world.tenant();
    let begun = world.write(move |tx, scope| begin_chaos(tx, scope, &tenant, chaos, Some(1), 60));
    begun.await.unwrap();
}

fn types(sender: &ScriptedSender) -> Vec<String> {
    let sent = sender.take();
    let name = |event: &str| event.replace("gate_session.", "");
    sent.iter().map(|outgoing| name(outgoing.header("x-0bit-event-type"))).collect()
}

both_engines! {
    async fn twice_is_the_same_event_twice(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        disturb(&world, Chaos { duplicate: 100, ..Chaos::NONE }).await;
        world.create().await;
        let tally = deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(tally, Tally { succeeded: 1, ..Tally::default() });
        let sent = sender.take();
        assert_eq!(sent.len(), 2);
        assert_eq!(sent[0].body, sent[1].body);
        assert_eq!(sent[0].header("webhook-id"), sent[1].header("webhook-id"));
        assert_eq!(deliveries(&world).await[0].attempts, 1);
    }

    async fn what_is_dropped_is_tried_again_and_arrives_when_it_is_over(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        disturb(&world, Chaos { drop: 100, ..Chaos::NONE }).await;
        world.create().await;
        let tally = deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(tally, Tally { retried: 1, ..Tally::default() });
        assert!(sender.take().is_empty());
        let row = deliveries(&world).await.remove(0);
        assert!(row.last_error.unwrap().starts_with("chaos: "));
        world.clock.advance_ms(66_000);
        deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(types(&sender), ["created"]);
    }

    async fn what_is_delayed_costs_no_attempt_of_the_schedule(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        disturb(&world, Chaos { delay: 100, ..Chaos::NONE }).await;
        world.create().await;
        deliver_due(&world.app, &sender).await.unwrap();
        assert!(sender.take().is_empty());
        let wait_ms = deliveries(&world).await[0].next_attempt_at.unwrap().0 - world.now().0;
        assert!((1_000..=10_000).contains(&wait_ms), "{wait_ms}");
        world.clock.advance_ms(wait_ms);
        deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(types(&sender), ["created"]);
    }

    async fn later_events_of_a_session_overtake_one_that_is_set_aside(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        disturb(&world, Chaos { reorder: 100, ..Chaos::NONE }).await;
        let session = world.create().await;
        deliver_due(&world.app, &sender).await.unwrap();
        disturb(&world, Chaos::NONE).await;
        world.pay_in(&session, "declined").await;
        deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(types(&sender), ["processing"]);
        world.clock.advance_ms(10_000);
        deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(types(&sender), ["created"]);
        let rows = deliveries(&world).await;
        assert!(rows.iter().all(|row| row.status == DeliveryStatus::Succeeded));
    }

    async fn nobody_else_is_disturbed_and_nobody_after_it_is_over(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        let other = gate_app::testing::partner("Other Shop", gate_domain::Mode::Test, 1);
        world.provision(&other).await;
        let tenant = gate_app::testing::tenant_of(&other);
        let chaos = Chaos { drop: 100, ..Chaos::NONE };
        let theirs = tenant.clone();
        let begun = world.write(move |tx, scope| begin_chaos(tx, scope, &theirs, chaos, None, 60));
        assert!(begun.await.unwrap().seed >= 0);
        world.create().await;
        assert_eq!(deliver_due(&world.app, &sender).await.unwrap().succeeded, 1);
        let now = world.now();
        let goes_on = |at: gate_domain::Millis| {
            let tenant = tenant.clone();
            world.store().read(move |tx| tx.find_chaos(&tenant, at))
        };
        assert!(goes_on(now.plus_ms(59_999)).await.unwrap().is_some());
        assert!(goes_on(now.plus_ms(60_000)).await.unwrap().is_none());
    }
}
