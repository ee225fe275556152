//! A shop, its gateway, its clock, and short names for what a story does.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use gate_partner::{SecretKey, WebhookSecret};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::stub::StubGate;
use crate::config::ShopConfig;
use crate::ids::PurchaseId;
use crate::inbox::process_inbox;
use crate::reconcile::reconcile_orders;
use crate::routes::router;
use crate::shop::Shop;

const START: i64 = 1_800_000_000_000;

pub(super) struct World {
    pub(super) shop: Arc<Shop>,
    pub(super) gate: StubGate,
    base_url: String,
    now: Arc<AtomicI64>,
    events: AtomicU32,
    dir: TempDir,
}

pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: axum::http::HeaderMap,
    pub(super) body: String,
}

impl Answered {
    pub(super) fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{}", self.body);
        self.headers["location"].to_str().unwrap()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(super) fn webhook_secret() -> WebhookSecret {
    WebhookSecret::new([7; 32])
}

pub(super) fn config(base_url: &str, data_dir: &Path) -> ShopConfig {
    ShopConfig {
        base_url: base_url.into(),
        public_url: "http://127.0.0.1:4100/".into(),
        secret_key: SecretKey::parse("sk_test_x").unwrap(),
        publishable_key: "pk_test_x".into(),
        webhook_secret: webhook_secret(),
        data_dir: data_dir.into(),
        reconcile_after: Duration::from_secs(10),
        poll_interval: Duration::from_millis(10),
        test_hooks: true,
    }
}

impl World {
    pub(super) async fn new() -> Self {
        let (gate, base_url) = StubGate::serve().await;
        let dir = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(START));
        let shop = open(&base_url, &dir, &now);
        Self { shop, gate, base_url, now, events: AtomicU32::new(0), dir }
    }

    /// A shop whose keys are for real money.
    pub(super) async fn live() -> Self {
        let mut world = Self::new().await;
        let secret_key = SecretKey::parse("sk_live_x").unwrap();
        let config = ShopConfig { secret_key, ..config(&world.base_url, world.dir.path()) };
        let now = Arc::clone(&world.now);
        let clock = Arc::new(move || now.load(Ordering::Relaxed));
        world.shop = Shop::open(config, clock).unwrap();
        world
    }

    /// The process dies and starts again on the same file.
    pub(super) fn restart(&mut self) {
        self.shop = open(&self.base_url, &self.dir, &self.now);
    }

    pub(super) fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answered {
        let response = router(Arc::clone(&self.shop)).oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answered { status: head.status, headers: head.headers, body }
    }

    pub(super) async fn get(&self, path: &str) -> Answered {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(super) async fn post_form(&self, path: &str, form: String) -> Answered {
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.into())
            .unwrap();
        self.send(request).await
    }

    /// The path of a new order for 100 EUR.
    pub(super) async fn buy(&self) -> String {
        let purchase = PurchaseId::random();
        let form = format!("purchase={}&amount=100.00", purchase.as_str());
        self.post_form("/orders", form).await.location().to_owned()
    }

    /// Open the pay page, and answer the newest session of the gateway.
    pub(super) async fn open_pay_page(&self, order: &str) -> String {
        let page = self.get(&format!("{order}/pay")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        self.gate.session_ids().pop().unwrap()
    }

    /// An order with a session.
    pub(super) async fn buy_and_open(&self) -> (String, String) {
        let order = self.buy().await;
        let session = self.open_pay_page(&order).await;
        (order, session)
    }

    /// The session reaches its end at the gateway; no webhook yet.
    pub(super) fn complete(&self, session: &str) {
        self.gate.set(session, "completed", "settled", "2026-05-01T00:00:00.000Z");
    }

    /// An event about the session as it stands at the gateway.
    pub(super) fn event(&self, event_type: &str, session: &str) -> Value {
        let number = self.events.fetch_add(1, Ordering::Relaxed) + 1;
        json!({
            "id": format!("evt_test_{number}"), "object": "event", "type": event_type,
            "created_at": self.now.load(Ordering::Relaxed) / 1000, "livemode": false,
            "sequence": number, "data": self.gate.session(session),
        })
    }

    pub(super) fn signed(&self, body: impl Into<Vec<u8>>) -> Request<Body> {
        let body = body.into();
        let now = self.now.load(Ordering::Relaxed) / 1000;
        let signature = webhook_secret().gate_signature(now, &body);
        let request = Request::post("/webhooks/0gate").header("gate-signature", signature);
        request.body(body.into()).unwrap()
    }

    pub(super) async fn deliver(&self, event: &Value) -> Answered {
        self.send(self.signed(event.to_string())).await
    }

    /// Deliver, and let the worker work.
    pub(super) async fn hear(&self, event_type: &str, session: &str) {
        let answered = self.deliver(&self.event(event_type, session)).await;
        assert_eq!(answered.status, StatusCode::OK, "{}", answered.body);
        self.work().await;
    }

    pub(super) async fn work(&self) -> usize {
        process_inbox(&self.shop).await.unwrap()
    }

    pub(super) async fn reconcile(&self) -> gate_partner::reconcile::Tally {
        reconcile_orders(&self.shop).await.unwrap()
    }

    /// The order as checkers see it.
    pub(super) async fn row(&self, order: &str) -> Value {
        let id = order.trim_start_matches("/orders/");
        let list = self.get("/orders.json").await.json();
        let rows = list["orders"].as_array().unwrap();
        rows.iter().find(|row| row["order_id"] == id).unwrap().clone()
    }

    pub(super) async fn status(&self, order: &str) -> String {
        let view = self.get(&format!("{order}/status")).await.json();
        let row = self.row(order).await;
        assert_eq!(view["status"], row["status"]);
        view["status"].as_str().unwrap().to_owned()
    }

    /// Every event as `type state`, oldest first.
    pub(super) async fn event_log(&self) -> Vec<String> {
        let list = self.get("/events.json").await.json();
        let rows = list["events"].as_array().unwrap().iter().rev();
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        rows.map(|row| format!("{} {}", word(&row["event_type"]), word(&row["processing_state"])))
            .collect()
    }
}

fn open(base_url: &str, dir: &TempDir, now: &Arc<AtomicI64>) -> Arc<Shop> {
    let now = Arc::clone(now);
    let clock = Arc::new(move || now.load(Ordering::Relaxed));
    Shop::open(config(base_url, dir.path()), clock).unwrap()
}
