//! What the webhook route takes, and what it does not.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use gate_partner::inbox::BODY_BYTES_MAX;
use serde_json::json;

use super::world::World;

#[tokio::test]
async fn a_bad_signature_is_400_and_leaves_no_trace() {
    let world = World::new().await;
    let (_, session) = world.buy_and_open().await;
    world.complete(&session);
    let event = world.event("gate_session.completed", &session).to_string();
    let forged = |header: &str| {
        let request = Request::post("/webhooks/0gate").header("gate-signature", header);
        request.body(Body::from(event.clone())).unwrap()
    };
    for header in ["", "t=1800000000", "t=1800000000,v1=00", "nonsense"] {
        let answered = world.send(forged(header)).await;
        assert_eq!(answered.status, StatusCode::BAD_REQUEST);
        assert!(answered.json()["error"].is_string());
    }
    let stale = world.signed(event.clone());
    world.pass(301);
    assert_eq!(world.send(stale).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.work().await, 0);
    assert!(world.event_log().await.is_empty());
}

#[tokio::test]
async fn a_signed_body_that_is_no_event_is_400() {
    let world = World::new().await;
    let answered = world.send(world.signed("{}")).await;
    assert_eq!(answered.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_oversized_body_is_413_and_one_that_just_fits_is_read() {
    let world = World::new().await;
    let long = world.send(world.signed("x".repeat(BODY_BYTES_MAX + 1))).await;
    assert_eq!(long.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(long.json()["error"].is_string());
    let fits = world.send(world.signed("x".repeat(BODY_BYTES_MAX))).await;
    assert_eq!(fits.status, StatusCode::BAD_REQUEST, "read, verified, and no event");
}

#[tokio::test]
async fn a_duplicate_is_200_and_processed_once() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    world.complete(&session);
    let event = world.event("gate_session.completed", &session);
    for duplicate in [false, true] {
        let answered = world.deliver(&event).await;
        assert_eq!(answered.status, StatusCode::OK);
        assert_eq!(answered.json()["duplicate"], duplicate);
    }
    assert_eq!(world.status(&order).await, "pending", "the route itself processes nothing");
    assert_eq!(world.work().await, 1);
    let late = world.deliver(&event).await;
    assert_eq!(late.json()["duplicate"], true);
    assert_eq!(world.work().await, 0);
    let row = world.row(&order).await;
    assert_eq!((&row["fulfilments"], &row["event_ids"]), (&json!(1), &json!(["evt_test_1"])));
}

#[tokio::test]
async fn of_twenty_at_once_one_is_new() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    world.complete(&session);
    let event = world.event("gate_session.completed", &session);
    let (world, mut deliveries) = (std::sync::Arc::new(world), tokio::task::JoinSet::new());
    for _ in 0..20 {
        let (world, event) = (world.clone(), event.clone());
        deliveries.spawn(async move {
            let answered = world.deliver(&event).await;
            world.work().await;
            answered.json()["duplicate"] == false
        });
    }
    let news = deliveries.join_all().await.into_iter().filter(|new| *new).count();
    assert_eq!(news, 1);
    assert_eq!(world.row(&order).await["fulfilments"], 1);
    assert_eq!(world.event_log().await, ["gate_session.completed succeeded"]);
}

#[tokio::test]
async fn what_means_nothing_to_us_is_acknowledged_and_ignored() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    for event_type in ["webhook.test", "kyc.required", "gate_session.not_yet_invented"] {
        world.hear(event_type, &session).await;
    }
    let mut foreign = world.event("gate_session.completed", &session);
    foreign["data"]["id"] = "gs_test_of_another_system".into();
    assert_eq!(world.deliver(&foreign).await.status, StatusCode::OK);
    world.work().await;
    let expected = [
        "webhook.test ignored",
        "kyc.required ignored",
        "gate_session.not_yet_invented ignored",
        "gate_session.completed ignored",
    ];
    assert_eq!(world.event_log().await, expected);
    assert_eq!(world.status(&order).await, "pending");
}

#[tokio::test]
async fn a_session_event_without_a_session_fails_alone() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    let mut broken = world.event("gate_session.completed", &session);
    broken["data"] = json!({});
    world.deliver(&broken).await;
    world.complete(&session);
    world.hear("gate_session.completed", &session).await;
    let expected = ["gate_session.completed failed", "gate_session.completed succeeded"];
    assert_eq!(world.event_log().await, expected);
    assert_eq!(world.status(&order).await, "completed");
}

#[tokio::test]
async fn a_held_webhook_is_503_and_not_stored() {
    let world = World::new().await;
    let (_, session) = world.buy_and_open().await;
    let event = world.event("gate_session.created", &session);
    let hold = |hold: bool| {
        Request::post("/test/webhooks/hold")
            .header("content-type", "application/json")
            .body(json!({ "hold": hold }).to_string().into())
            .unwrap()
    };
    assert_eq!(world.send(hold(true)).await.status, StatusCode::OK);
    assert_eq!(world.deliver(&event).await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(world.event_log().await.is_empty());
    assert_eq!(world.send(hold(false)).await.status, StatusCode::OK);
    assert_eq!(world.deliver(&event).await.status, StatusCode::OK);
}
