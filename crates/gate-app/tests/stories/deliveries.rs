//! Webhooks on their way: what is sent, in which order, and who waits for whom.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use gate_app::testing::{START, ScriptedSender, World};
use gate_app::webhooks::{WebhookError, send_test_webhook};
use gate_app::workers::Workers;
use gate_app::workers::deliveries::{Tally, deliver_due};
use gate_app::workers::sender::{Outgoing, Sender, Sent};
use gate_domain::ids::SessionId;
use gate_store::{DeliveryQuery, DeliveryRow, both_engines};
use gate_wire::signature::WebhookSecret;
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};

pub(crate) const HOOK: &str = "https://shop.example/webhooks";

/// Every delivery, oldest first.
pub(crate) async fn deliveries(world: &World) -> Vec<DeliveryRow> {
    let tenant = world.tenant();
    let query = DeliveryQuery { limit: 1000, ..DeliveryQuery::default() };
    let list = move |tx: &mut gate_store::Tx| tx.list_deliveries(&tenant, &query);
    let mut rows = world.store().read(list).await.unwrap();
    rows.reverse();
    rows
}

/// What was sent, as session and type in short.
fn told(sent: &[Outgoing]) -> Vec<(String, String)> {
    let read = |outgoing: &Outgoing| {
        let event: Value = serde_json::from_str(&outgoing.body).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let event_type = text(&event["type"]).replace("gate_session.", "");
        (text(&event["data"]["id"]), event_type)
    };
    sent.iter().map(read).collect()
}

fn about(session: &SessionId, event_type: &str) -> (String, String) {
    (session.to_string(), event_type.to_owned())
}

/// Both schemes, over exactly the bytes that are sent.
pub(crate) fn assert_signed(sent: &Outgoing, secret: &WebhookSecret, now: i64) {
    let body = sent.body.as_bytes();
    let signature = sent.header("gate-signature");
    assert_eq!(secret.verify(signature, body, now), Ok(()));
    assert_eq!(signature, secret.gate_signature(now, body), "signed now, not earlier");
    let event: Value = serde_json::from_str(&sent.body).unwrap();
    let id = event["id"].as_str().unwrap();
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-0bit-event-id", id),
        ("webhook-id", id),
        ("x-0bit-event-type", event["type"].as_str().unwrap()),
        ("x-0bit-timestamp", &now.to_string()),
        ("webhook-timestamp", &now.to_string()),
        ("webhook-signature", &secret.standard_signature(id, now, body)),
    ] {
        assert_eq!(sent.header(name), value, "{name}");
    }
}

both_engines! {
    async fn what_is_announced_arrives_once_and_signed(store) {
        let world = World::over(store).await;
        let (sender, secret) = (ScriptedSender::default(), world.webhook_secret());
        let session = world.paying("succeeds").await;
        world.pass_seconds(2).await;
        let tally = deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(tally, Tally { succeeded: 3, ..Tally::default() });
        let sent = sender.take();
        let expected = ["created", "processing", "completed"].map(|name| about(&session, name));
        assert_eq!(told(&sent), expected);
        for outgoing in &sent {
            assert_eq!(outgoing.url, HOOK);
            assert_signed(outgoing, &secret, world.now().unix_seconds());
        }
        assert_eq!(deliver_due(&world.app, &sender).await.unwrap(), Tally::default());
        assert!(sender.take().is_empty());
        for row in deliveries(&world).await {
            assert_eq!((row.status.as_str(), row.attempts), ("succeeded", 1));
            assert_eq!(row.delivered_at, Some(world.now()));
            assert_eq!((row.last_response_status, row.last_error), (Some(200), None));
        }
    }

    async fn every_2xx_is_success_and_nothing_else_is(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        for (status, succeeded) in [
            (200, 1), (202, 1), (204, 1), (299, 1), (199, 0), (300, 0), (301, 0), (400, 0),
            (500, 0), (0, 0), (410, 0),
        ] {
            world.create().await;
            sender.answer(HOOK, [status]);
            let tally = deliver_due(&world.app, &sender).await.unwrap();
            assert_eq!((tally.succeeded, tally.total()), (succeeded, 1), "{status}");
        }
    }

    async fn a_session_s_events_wait_for_each_other_and_for_nobody_else(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        let first = world.paying("succeeds").await;
        sender.answer(HOOK, [500]);
        deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(told(&sender.take()), [about(&first, "created")], "the second event waits");
        world.pass_seconds(2).await;
        let second = world.create().await;
        deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(told(&sender.take()), [about(&second, "created")], "another session does not");
        world.clock.advance_ms(60_000 + 6_000);
        deliver_due(&world.app, &sender).await.unwrap();
        let expected = ["created", "processing", "completed"].map(|name| about(&first, name));
        assert_eq!(told(&sender.take()), expected, "in order, all of them");
    }

    async fn each_endpoint_gets_its_own_and_one_that_fails_holds_up_no_other(store) {
        let world = World::over(store).await;
        let (sender, other) = (ScriptedSender::default(), "https://backup.example/hooks");
        let secret = world.add_endpoint(other).await;
        world.paying("succeeds").await;
        world.pass_seconds(2).await;
        sender.answer(HOOK, [503]);
        let tally = deliver_due(&world.app, &sender).await.unwrap();
        assert_eq!(tally, Tally { succeeded: 3, retried: 1, ..Tally::default() });
        let sent = sender.take();
        let theirs: Vec<_> = sent.iter().filter(|outgoing| outgoing.url == other).collect();
        assert_eq!(theirs.len(), 3);
        for outgoing in theirs {
            assert_signed(outgoing, &secret, world.now().unix_seconds());
        }
    }

    async fn a_test_webhook_goes_out_beside_everything_else(store) {
        let world = World::over(store).await;
        let sender = ScriptedSender::default();
        let tenant = world.tenant();
        let test = world.write(move |tx, scope| send_test_webhook(tx, scope, &tenant));
        let row = test.await.unwrap();
        assert_eq!((row.event_type.as_str(), row.attempts), ("webhook.test", 0));
        deliver_due(&world.app, &sender).await.unwrap();
        let sent = sender.take();
        assert_eq!(sent.len(), 1);
        assert_signed(&sent[0], &world.webhook_secret(), START.unix_seconds());
    }

    async fn without_an_endpoint_events_are_kept_and_a_test_is_refused(store) {
        let mut world = World::over(store).await;
        world.partner = gate_app::testing::partner("Quiet Shop", gate_domain::Mode::Test, 0);
        world.provision(&world.partner.clone()).await;
        world.create().await;
        assert_eq!(world.event_types().await, ["created"]);
        assert!(deliveries(&world).await.is_empty());
        let tenant = world.tenant();
        let test = world.write(move |tx, scope| send_test_webhook(tx, scope, &tenant)).await;
        assert!(matches!(test, Err(WebhookError::NoEndpoint)), "{test:?}");
        assert_eq!(world.event_types().await, ["created"], "a refusal leaves nothing behind");
    }
}

/// One receiver does not answer until it is let go; the other tells what it got.
struct OneHangs {
    go: Semaphore,
    got: mpsc::UnboundedSender<String>,
}

impl Sender for OneHangs {
    fn send(&self, outgoing: Outgoing) -> BoxFuture<'_, Sent> {
        async move {
            if outgoing.url == HOOK {
                let _ = self.go.acquire().await;
            } else {
                self.got.send(outgoing.header("x-0bit-event-type").into()).unwrap();
            }
            Sent::answered(200, "")
        }
        .boxed()
    }
}

both_engines! {
    /// The workers of a running process, not a single pass.
    async fn a_receiver_that_hangs_holds_up_no_other(store) {
        let world = World::over(store).await;
        world.add_endpoint("https://backup.example/hooks").await;
        let (got, mut get) = mpsc::unbounded_channel();
        let sender = Arc::new(OneHangs { go: Semaphore::new(0), got });
        let workers = Workers::start(&world.app, Arc::clone(&sender) as Arc<dyn Sender>);
        let session = world.create().await;
        assert_eq!(get.recv().await.unwrap(), "gate_session.created");
        world.pay_in(&session, "declined").await;
        assert_eq!(get.recv().await.unwrap(), "gate_session.processing");
        assert_eq!(get.recv().await.unwrap(), "gate_session.failed");
        sender.go.close(); // it answers from now on
        workers.stop().await;
        let left = deliveries(&world).await;
        let in_flight = left.iter().filter(|row| row.status.as_str() == "in_flight").count();
        assert_eq!(in_flight, 0, "what ran was let end");
    }
}
