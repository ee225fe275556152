//! Sessions and attempts: the stored key, and starting over.

use axum::http::StatusCode;
use serde_json::json;

use super::stub::secret_of;
use super::world::World;
use crate::ids::{OrderId, PurchaseId, fingerprint};

#[tokio::test]
async fn a_double_click_is_one_order() {
    let world = World::new().await;
    let form = format!("purchase={}&amount=25.00", PurchaseId::random().as_str());
    let first = world.post_form("/orders", form.clone()).await;
    let second = world.post_form("/orders", form).await;
    assert_eq!(first.location(), second.location());
    assert!(world.gate.session_ids().is_empty(), "buying is not yet paying");
}

#[tokio::test]
async fn a_reload_is_the_same_session_and_the_same_secret() {
    let mut world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    world.restart();
    for path in ["pay", "pay?mode=redirect", "checkout"] {
        let page = world.get(&format!("{order}/{path}")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains(&secret_of(&session)), "{path}");
    }
    assert_eq!(world.gate.session_ids(), [session]);
}

#[tokio::test]
async fn the_request_names_the_order_and_nobody() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    let body = world.gate.session(&session);
    let id = order.trim_start_matches("/orders/");
    assert_eq!(body["user_reference"], id);
    assert_eq!(body["metadata"], json!({ "order_id": id, "attempt": 1 }));
    assert_eq!(body["return_url"], format!("http://127.0.0.1:4100{order}"));
    assert_eq!(body["return_url"], body["cancel_url"]);
    assert_eq!((&body["amount"], &body["currency"]), (&json!("100.00"), &json!("EUR")));
}

#[tokio::test]
async fn only_the_hash_of_the_secret_is_stored() {
    let world = World::new().await;
    let (_, session) = world.buy_and_open().await;
    let secret = secret_of(&session);
    let hash = world
        .shop
        .db
        .run(|tx| {
            Ok(tx.query_row("select client_secret_hash from attempts", [], |row| {
                row.get::<_, String>(0)
            })?)
        })
        .await
        .unwrap();
    assert_eq!(hash, fingerprint(&secret));
    for file in std::fs::read_dir(&world.shop.config.data_dir).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
}

#[tokio::test]
async fn a_gateway_that_says_no_leaves_the_order_payable() {
    let world = World::new().await;
    let order = world.buy().await;
    world.gate.go_away(true);
    let page = world.get(&format!("{order}/pay")).await;
    assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(world.row(&order).await["last_request_id"], "req_test_refused");
    world.gate.go_away(false);
    world.open_pay_page(&order).await;
    assert_eq!(world.status(&order).await, "pending");
}

#[tokio::test]
async fn another_session_for_the_same_attempt_is_not_shown() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    world.gate.change(&session, "id", "gs_test_other");
    let page = world.get(&format!("{order}/pay")).await;
    assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    let row = world.row(&order).await;
    assert_eq!(row["session_id"], json!(session));
    assert_eq!(row["problem"], "attempt 1 was answered with gs_test_other as well");
}

#[tokio::test]
async fn starting_over_is_a_new_key_and_a_new_session() {
    let world = World::new().await;
    let (order, first) = world.buy_and_open().await;
    world.gate.set(&first, "expired", "failed", "2026-04-01T00:00:00.000Z");
    world.hear("gate_session.expired", &first).await;
    let back = world.get(&format!("{order}/pay")).await;
    assert_eq!(back.location(), order, "there is nothing to pay");

    for _ in 0..2 {
        let again = world.post_form(&format!("{order}/attempts"), String::new()).await;
        assert_eq!(again.location(), order);
    }
    let second = world.open_pay_page(&order).await;
    assert_ne!(first, second);
    let row = world.row(&order).await;
    assert_eq!((&row["status"], &row["attempt"]), (&json!("pending"), &json!(2)));
    world.complete(&second);
    world.hear("gate_session.completed", &second).await;
    let row = world.row(&order).await;
    assert_eq!((&row["fulfilments"], &row["session_id"]), (&json!(1), &json!(second)));
}

#[tokio::test]
async fn after_a_failure_the_open_session_is_withdrawn_first() {
    let world = World::new().await;
    let (order, first) = world.buy_and_open().await;
    world.gate.set(&first, "open", "failed", "2026-04-01T00:00:00.000Z");
    world.hear("gate_session.failed", &first).await;
    world.post_form(&format!("{order}/attempts"), String::new()).await;
    assert_eq!(world.gate.session(&first)["status"], "cancelled");
    assert_eq!(world.row(&order).await["attempt"], 2);
    world.hear("gate_session.cancelled", &first).await;
    assert_eq!(world.status(&order).await, "pending", "old news about the first attempt");
}

#[tokio::test]
async fn a_payment_under_way_is_not_paid_a_second_time() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    world.gate.set(&session, "open", "failed", "2026-04-01T00:00:00.000Z");
    world.hear("gate_session.failed", &session).await;
    // Meanwhile the user pays in another tab.
    world.gate.set(&session, "open", "processing", "2026-04-01T00:00:05.000Z");
    world.gate.refuse_to_cancel();
    world.post_form(&format!("{order}/attempts"), String::new()).await;
    let row = world.row(&order).await;
    assert_eq!((&row["status"], &row["attempt"]), (&json!("pending"), &json!(1)));
    let view = world.get(&format!("{order}/status")).await.json();
    assert_eq!(view["can_pay"], false);
}

#[tokio::test]
async fn a_first_attempt_that_completes_late_completes_the_order_once() {
    let world = World::new().await;
    let (order, first) = world.buy_and_open().await;
    world.gate.set(&first, "expired", "failed", "2026-04-01T00:00:00.000Z");
    world.hear("gate_session.expired", &first).await;
    world.post_form(&format!("{order}/attempts"), String::new()).await;
    let second = world.open_pay_page(&order).await;
    for session in [&first, &second] {
        world.complete(session);
        world.hear("gate_session.completed", session).await;
    }
    let row = world.row(&order).await;
    assert_eq!((&row["status"], &row["fulfilments"]), (&json!("completed"), &json!(1)));
    assert_eq!(row["session_id"], json!(first));
    assert_eq!(row["problem"], json!(format!("paid twice: by {first} and by {second}")));
}

#[tokio::test]
async fn an_order_of_nobody_is_not_found() {
    let world = World::new().await;
    let nobody = OrderId::random();
    for path in ["", "/status", "/pay", "/checkout"] {
        let answered = world.get(&format!("/orders/{nobody}{path}")).await;
        assert_eq!(answered.status, StatusCode::NOT_FOUND, "{path}");
    }
    let again = world.post_form(&format!("/orders/{nobody}/attempts"), String::new()).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}
