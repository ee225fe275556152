//! An order is fulfilled once, whatever comes, however often, in whichever order.

use serde_json::json;

use super::world::World;

#[tokio::test]
async fn a_completed_event_fulfils_with_evidence() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    world.hear("gate_session.created", &session).await;
    assert_eq!(world.status(&order).await, "pending");
    world.gate.set(&session, "open", "processing", "2026-04-01T00:00:00.000Z");
    world.hear("gate_session.processing", &session).await;
    world.complete(&session);
    world.hear("gate_session.completed", &session).await;

    let row = world.row(&order).await;
    assert_eq!(row["status"], "completed");
    assert_eq!(row["session_id"], json!(session));
    assert_eq!(row["tx_refid"], json!(session.replace("gs_", "tx_")));
    assert_eq!(row["fulfilments"], 1);
    assert_eq!(row["fulfilled_by"], "evt_test_3");
    assert_eq!(row["event_ids"], json!(["evt_test_1", "evt_test_2", "evt_test_3"]));
    assert_eq!(row["environment"], "test");
    assert_eq!(row["last_request_id"], "req_test_stub");
    assert_eq!(row["problem"], json!(null));
}

#[tokio::test]
async fn late_news_does_not_undo_a_completion() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    let failed = world.event("gate_session.failed", &session);
    let processing = world.event("gate_session.processing", &session);
    let cancelled = world.event("gate_session.cancelled", &session);
    world.complete(&session);
    world.hear("gate_session.completed", &session).await;
    for late in [failed, processing, cancelled] {
        world.deliver(&late).await;
        world.work().await;
        assert_eq!(world.status(&order).await, "completed");
    }
    for (status, phase) in [("open", "failed"), ("open", "processing"), ("expired", "failed")] {
        world.gate.set(&session, status, phase, "2026-12-01T00:00:00.000Z");
        world.hear("gate_session.failed", &session).await;
        world.pass(60);
        world.reconcile().await;
        assert_eq!(world.status(&order).await, "completed", "not even if it claims to be newer");
    }
    assert_eq!(world.row(&order).await["fulfilments"], 1);
}

#[tokio::test]
async fn an_older_fact_does_not_undo_a_newer_one() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    world.gate.set(&session, "open", "processing", "2026-04-01T00:00:00.000Z");
    let processing = world.event("gate_session.processing", &session);
    world.gate.set(&session, "open", "failed", "2026-04-01T00:00:05.000Z");
    world.hear("gate_session.failed", &session).await;
    world.deliver(&processing).await;
    world.work().await;
    assert_eq!(world.status(&order).await, "failed");
}

#[tokio::test]
async fn a_user_who_tries_again_in_the_same_session_completes_the_order() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    world.gate.set(&session, "open", "failed", "2026-04-01T00:00:00.000Z");
    world.hear("gate_session.failed", &session).await;
    assert_eq!(world.status(&order).await, "failed");
    world.complete(&session);
    world.hear("gate_session.completed", &session).await;
    assert_eq!(world.status(&order).await, "completed");
}

#[tokio::test]
async fn a_crash_between_insert_and_processing_loses_nothing() {
    let mut world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    world.complete(&session);
    let event = world.event("gate_session.completed", &session);
    world.deliver(&event).await;
    world.restart();
    assert_eq!(world.status(&order).await, "pending");
    assert_eq!(world.deliver(&event).await.json()["duplicate"], true);
    assert_eq!(world.work().await, 1);
    let row = world.row(&order).await;
    assert_eq!((&row["status"], &row["fulfilments"]), (&json!("completed"), &json!(1)));
    world.restart();
    assert_eq!(world.work().await, 0);
}

#[tokio::test]
async fn the_reconciler_finds_what_no_webhook_told() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    world.complete(&session);
    assert_eq!(world.reconcile().await.read, 0, "not due yet");
    world.pass(10);
    assert_eq!(world.reconcile().await.read, 1);
    let row = world.row(&order).await;
    assert_eq!((&row["status"], &row["fulfilments"]), (&json!("completed"), &json!(1)));
    assert_eq!(row["fulfilled_by"], "read req_test_stub");
    world.pass(3600);
    assert_eq!(world.reconcile().await.read, 0, "a final order is not read again");
}

#[tokio::test]
async fn webhook_and_reconciler_together_fulfil_once() {
    for webhook_first in [true, false] {
        let world = World::new().await;
        let (order, session) = world.buy_and_open().await;
        world.complete(&session);
        let event = world.event("gate_session.completed", &session);
        world.pass(10);
        if webhook_first {
            world.deliver(&event).await;
            world.work().await;
            world.reconcile().await;
        } else {
            world.reconcile().await;
            world.deliver(&event).await;
            world.work().await;
        }
        let row = world.row(&order).await;
        assert_eq!((&row["status"], &row["fulfilments"]), (&json!("completed"), &json!(1)));
        assert_eq!(row["event_ids"], json!(["evt_test_1"]));
    }
}

#[tokio::test]
async fn at_the_same_time_they_fulfil_once_too() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    world.complete(&session);
    world.deliver(&world.event("gate_session.completed", &session)).await;
    world.pass(10);
    tokio::join!(world.work(), world.reconcile(), world.work(), world.reconcile());
    assert_eq!(world.row(&order).await["fulfilments"], 1);
}

#[tokio::test]
async fn every_end_shows() {
    for (status, event_type) in [
        ("cancelled", Some("gate_session.cancelled")),
        ("expired", Some("gate_session.expired")),
        ("cancelled", None),
        ("expired", None),
    ] {
        let world = World::new().await;
        let (order, session) = world.buy_and_open().await;
        world.gate.set(&session, status, "failed", "2026-04-01T00:00:00.000Z");
        if let Some(event_type) = event_type {
            world.hear(event_type, &session).await;
        } else {
            world.pass(10);
            world.reconcile().await;
        }
        assert_eq!(world.status(&order).await, status);
        assert_eq!(world.row(&order).await["fulfilments"], 0);
    }
}

#[tokio::test]
async fn a_session_about_another_amount_fulfils_nothing() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    world.gate.change(&session, "amount", "1.00");
    world.complete(&session);
    world.hear("gate_session.completed", &session).await;
    world.pass(10);
    world.reconcile().await;
    let row = world.row(&order).await;
    assert_eq!((&row["status"], &row["fulfilments"]), (&json!("pending"), &json!(0)));
    assert_eq!(row["problem"], "the session is for 1.00 EUR, the order for 100.00 EUR");
    assert_eq!(world.event_log().await, ["gate_session.completed failed"]);
}

#[tokio::test]
async fn an_order_that_cannot_be_read_goes_to_the_end_of_the_queue() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    world.pass(10);
    world.gate.go_away(true);
    let tally = world.reconcile().await;
    assert_eq!((tally.read, tally.unread), (0, 1));
    assert_eq!(world.reconcile().await.unread, 0, "not due again at once");
    assert_eq!(world.row(&order).await["last_request_id"], "req_test_refused");
    world.gate.go_away(false);
    world.complete(&session);
    world.pass(10);
    world.reconcile().await;
    assert_eq!(world.status(&order).await, "completed");
}

#[tokio::test]
async fn an_abandoned_order_is_read_less_and_less() {
    let world = World::new().await;
    world.buy_and_open().await;
    for _ in 0..600 {
        world.pass(1);
        world.reconcile().await;
    }
    let reads = world.gate.reads();
    assert!((8..=25).contains(&reads), "{reads} reads in ten minutes");
}
