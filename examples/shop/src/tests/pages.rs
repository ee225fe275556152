//! What people see: safe to show, theirs alone, and true.

use axum::http::StatusCode;

use super::world::World;
use crate::ids::PurchaseId;

#[tokio::test]
async fn every_page_is_served_with_a_strict_policy_and_no_stranger() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    world.hear("gate_session.created", &session).await;
    let gate = world.shop.gate.origin();
    let pay = format!("{order}/pay");
    let checkout = format!("{order}/checkout");
    for path in ["/", "/orders", "/events", "/mailbox", "/nowhere", &order, &pay, &checkout] {
        let page = world.get(path).await;
        let expected = if path == "/nowhere" { StatusCode::NOT_FOUND } else { StatusCode::OK };
        assert_eq!(page.status, expected, "{path}");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self' http://127.0.0.1:"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.headers["cache-control"], "no-store");
        assert!(!page.body.contains("{{"), "{path}");
        let strangers = page.body.replace(&gate, "");
        assert!(!strangers.contains("http://") && !strangers.contains("https://"), "{path}");
        for inline in ["<style", " style=", " onclick=", "<script>"] {
            assert!(!page.body.contains(inline), "{path}: {inline}");
        }
    }
}

#[tokio::test]
async fn the_secret_key_is_on_no_page_and_the_client_secret_only_where_it_is_needed() {
    let world = World::new().await;
    let (order, _) = world.buy_and_open().await;
    for path in ["/", "/orders", "/orders.json", "/events", &order, &format!("{order}/status")] {
        let page = world.get(path).await;
        assert!(!page.body.contains("sk_test") && !page.body.contains("gsec_"), "{path}");
    }
    let pay = world.get(&format!("{order}/pay")).await;
    assert!(pay.body.contains("gsec_") && pay.body.contains("pk_test_x"));
    assert!(!pay.body.contains("sk_test"));
}

#[tokio::test]
async fn the_mailbox_shows_what_the_sandbox_wrote() {
    let world = World::new().await;
    let mailbox = world.get("/mailbox").await;
    assert!(mailbox.body.contains("123456 is your code"));
    assert!(mailbox.body.contains("&lt;b&gt;Hello"), "escaped");
    assert!(world.get("/").await.body.contains("href=\"/mailbox\""));
}

#[tokio::test]
async fn in_live_mode_there_is_no_mailbox() {
    let world = World::live().await;
    assert_eq!(world.get("/mailbox").await.status, StatusCode::NOT_FOUND);
    assert!(!world.get("/").await.body.contains("/mailbox"));
}

#[tokio::test]
async fn what_comes_from_outside_is_escaped() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    let mut event = world.event("gate_session.<script>alert(1)</script>", &session);
    event["id"] = "evt_<img src=x>".into();
    world.deliver(&event).await;
    let mut failed = world.event("gate_session.failed", &session);
    failed["data"]["reason"] = serde_json::json!({
        "code": "x", "message": "<script>alert(2)</script>", "retryable": true, "limit": null,
        "minimum": null, "maximum": null, "remaining": null, "next_step": null,
    });
    world.deliver(&failed).await;
    world.work().await;
    for path in ["/events", &order] {
        let page = world.get(path).await.body;
        assert!(!page.contains("<script>") && !page.contains("<img src=x"), "{page}");
        assert!(page.contains("&lt;script&gt;"), "{path}");
    }
}

#[tokio::test]
async fn what_a_browser_says_changes_nothing() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    let back = format!("{order}?gate_session_id={session}&gate_result=done");
    let page = world.get(&back).await;
    assert!(page.body.contains(r#"data-status="pending">Pending</p>"#), "{}", page.body);
    assert_eq!(world.work().await, 0);
    let row = world.row(&order).await;
    assert_eq!((&row["status"], &row["fulfilments"]), (&"pending".into(), &0.into()));
}

#[tokio::test]
async fn the_page_offers_what_makes_sense() {
    let world = World::new().await;
    let (order, session) = world.buy_and_open().await;
    let view = world.get(&format!("{order}/status")).await.json();
    assert_eq!((&view["can_pay"], &view["can_retry"]), (&true.into(), &false.into()));
    world.gate.set(&session, "cancelled", "failed", "2026-04-01T00:00:00.000Z");
    world.hear("gate_session.cancelled", &session).await;
    let view = world.get(&format!("{order}/status")).await.json();
    assert_eq!((&view["can_pay"], &view["can_retry"]), (&false.into(), &true.into()));
    assert_eq!((&view["label"], &view["final"]), (&"Cancelled".into(), &true.into()));
    let names = view["evidence"].as_array().unwrap().iter().map(|fact| &fact["name"]);
    let expected = ["Order", "Attempt", "Session", "Events", "Last request", "Environment"];
    assert!(names.eq(expected.iter()), "{view}");
}

#[tokio::test]
async fn a_form_that_is_not_ours_is_refused() {
    let world = World::new().await;
    let purchase = PurchaseId::random();
    let purchase = purchase.as_str();
    for form in [
        String::new(),
        "amount=100.00".into(),
        format!("purchase={purchase}&amount=1000000.00"),
        format!("purchase={purchase}&amount=-25.00"),
        "purchase=short&amount=25.00".into(),
        format!("purchase={purchase}&amount=25.00&price=0"),
    ] {
        let answered = world.post_form("/orders", form.clone()).await;
        assert_eq!(answered.status, StatusCode::BAD_REQUEST, "{form}");
    }
    let answered = world.post_form("/orders", "x".repeat(10_000)).await;
    assert_eq!(answered.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_files_are_there() {
    let world = World::new().await;
    for (path, content_type) in [
        ("/shop.css", "text/css; charset=utf-8"),
        ("/shop.js", "text/javascript; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let file = world.get(path).await;
        assert_eq!(
            (file.status, file.headers["content-type"].to_str().unwrap()),
            (StatusCode::OK, content_type)
        );
    }
}
