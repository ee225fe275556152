//! Whether the gateway says so when it does not do its work, and only then (T44).

use gate_app::endpoints::ChangeEndpoint;
use gate_app::metrics::render;
use gate_app::readiness::{Unready, find_unready};
use gate_app::testing::{ScriptedSender, World};
use gate_app::workers::deliveries::deliver_due;
use gate_domain::change::Change;
use gate_domain::endpoint_health::{Health, HealthState};
use gate_domain::endpoint_options::OptionsChange;
use gate_domain::time::Millis;
use gate_store::{EndpointStatus, StoreError, both_engines};

use crate::deliveries::HOOK;
use crate::endpoints::{change, first, turn};

both_engines! {
    async fn a_webhook_that_waits_for_us_is_told_and_one_that_waits_for_others_is_not(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        assert_eq!(find_unready(&world.app).await, []);
        world.create().await;
        world.clock.advance_ms(60_000);
        assert_eq!(find_unready(&world.app).await, [], "a minute is the limit");
        world.clock.advance_ms(15_000);
        let late = [Unready::Deliveries { late_ms: 75_000, late_ms_max: 60_000 }];
        assert_eq!(find_unready(&world.app).await, late);
        assert!(late[0].to_string().contains("75 s"));
        let shown = render(&world.app).await.unwrap();
        assert!(shown.contains("gate_ready{part=\"deliveries\"} 0"), "{shown}");
        assert!(shown.contains("gate_ready{part=\"store\"} 1"), "{shown}");
        assert!(shown.contains("gate_webhook_oldest_due_seconds 75.000"), "{shown}");
        assert!(shown.contains("gate_webhook_backlog{status=\"pending\"} 1"), "{shown}");
        // Disabled, it waits for its owner.
        turn(&world, &first(&world), EndpointStatus::Disabled).await;
        assert_eq!(find_unready(&world.app).await, []);
        turn(&world, &first(&world), EndpointStatus::Enabled).await;
        assert_eq!(find_unready(&world.app).await, late, "and now for us again");
        // With a limit of its own a backlog is its own as well.
        let limit = |rate_limit| ChangeEndpoint {
            options: OptionsChange { rate_limit, ..OptionsChange::default() },
            ..ChangeEndpoint::default()
        };
        change(&world, &first(&world), limit(Change::Set(1))).await.unwrap();
        assert_eq!(find_unready(&world.app).await, []);
        change(&world, &first(&world), limit(Change::Clear)).await.unwrap();
        // It recovers by itself.
        deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(find_unready(&world.app).await, []);
        world.sound().await;
    }

    async fn an_endpoint_in_trouble_has_a_backlog_of_its_own(store) {
        let world = World::over(store).await;
        world.create().await;
        world.clock.advance_ms(75_000);
        let now = world.now();
        let late = vec![Unready::Deliveries { late_ms: 75_000, late_ms_max: 60_000 }];
        let well = Health::well(now.plus_ms(-60_000));
        let paused = HealthState::Paused;
        for (health, expected) in [
            (well.clone(), late),
            (Health { failing_since: Some(now), ..well.clone() }, vec![]),
            (Health { state: paused, until: Some(now.plus_ms(1)), ..well }, vec![]),
            // It has just come back, and works off what has waited for it.
            (Health::well(now.plus_ms(-59_999)), vec![]),
        ] {
            let (tenant, endpoint, saved) = (world.tenant(), first(&world), health.clone());
            let save = world.store().write(move |tx| {
                let row = tx.lock_endpoint_health(&tenant, &endpoint, now)?;
                tx.save_endpoint_health(row, &saved, 0, Millis(0))
            });
            let saved: Result<(), StoreError> = save.await;
            saved.unwrap();
            assert_eq!(find_unready(&world.app).await, expected, "{health:?}");
        }
    }

    async fn what_waits_behind_its_own_session_is_not_late(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        sender.answer(HOOK, [500, 500, 500]);
        let session = world.create().await;
        for wait_ms in [66_000, 330_000, 0] {
            deliver_due(&world.app, &sender).await.unwrap();
            world.clock.advance_ms(wait_ms);
        }
        // The next try of the first event is half an hour away; the second waits for it, whatever
        // other sessions do.
        world.pay_in(&session, "succeeds").await;
        world.create().await;
        deliver_due(&world.app, &sender).await.unwrap();
        world.clock.advance_ms(200_000);
        assert_eq!(find_unready(&world.app).await, []);
    }
}
