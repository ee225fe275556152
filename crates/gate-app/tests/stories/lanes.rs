//! The webhook worker of a running process: how many it sends at the same time, and how long it holds
//! on to what takes its time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use gate_app::testing::World;
use gate_app::workers::Workers;
use gate_app::workers::lanes::DeliveryLimits;
use gate_app::workers::sender::{Outgoing, Sender, Sent};
use gate_app::workers::sweep::release_lost_leases;
use gate_domain::delivery::DeliveryStatus;
use gate_store::{Sql, StoreError, both_engines, sql};
use serde_json::Value;
use tokio::sync::{Semaphore, mpsc};

use crate::deliveries::{HOOK, deliveries};

const OTHER: &str = "https://backup.example/hooks";
const LEASED_UNTIL: Sql = sql("select lease_until from deliveries where status = 'in_flight'");

/// Counts who is there at the same time, and lets each go when it is told.
struct Counts {
    go: Semaphore,
    seen: Mutex<Seen>,
    came: mpsc::UnboundedSender<()>,
}

#[derive(Default)]
struct Seen {
    here: HashMap<String, usize>,
    most: HashMap<String, usize>,
    most_of_all: usize,
    order: HashMap<String, Vec<i64>>,
}

impl Counts {
    fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<()>) {
        let (came, comes) = mpsc::unbounded_channel();
        let sender = Self { go: Semaphore::new(0), seen: Mutex::default(), came };
        (Arc::new(sender), comes)
    }

    fn most(&self, url: &str) -> usize {
        self.seen.lock().unwrap().most.get(url).copied().unwrap_or(0)
    }
}

impl Sender for Counts {
    fn send(&self, outgoing: Outgoing) -> BoxFuture<'_, Sent> {
        async move {
            let event: Value = serde_json::from_str(&outgoing.body).unwrap();
            {
                let mut seen = self.seen.lock().unwrap();
                let here = seen.here.entry(outgoing.url.clone()).or_default();
                *here += 1;
                let here = *here;
                let all = seen.here.values().sum();
                let most = seen.most.entry(outgoing.url.clone()).or_default();
                *most = here.max(*most);
                seen.most_of_all = seen.most_of_all.max(all);
                let session = event["data"]["id"].to_string();
                let place = event["sequence"].as_i64().unwrap();
                seen.order.entry(format!("{} {session}", outgoing.url)).or_default().push(place);
            }
            let _ = self.came.send(());
            self.go.acquire().await.unwrap().forget();
            *self.seen.lock().unwrap().here.get_mut(&outgoing.url).unwrap() -= 1;
            Sent::answered(200, "")
        }
        .boxed()
    }
}

fn limits(per_endpoint: usize, per_partner: usize) -> DeliveryLimits {
    DeliveryLimits { per_endpoint, per_partner, ..DeliveryLimits::default() }
}

both_engines! {
    async fn an_endpoint_gets_so_many_at_once_and_a_session_one(store) {
        let world = World::with_limits(store, limits(4, 128)).await;
        let paid = world.paying("declined").await;
        for _ in 0..10 {
            world.create().await;
        }
        world.pass_seconds(2).await;
        let (sender, mut comes) = Counts::new();
        let workers = Workers::start(&world.app, Arc::clone(&sender) as Arc<dyn Sender>);
        for _ in 0..4 {
            comes.recv().await.unwrap();
        }
        // Every place is taken now. Each that is let go makes room for one.
        for _ in 4..13 {
            sender.go.add_permits(1);
            comes.recv().await.unwrap();
        }
        sender.go.add_permits(100);
        workers.stop().await;
        assert_eq!(sender.most(HOOK), 4);
        let rows = deliveries(&world).await;
        assert_eq!(rows.len(), 13);
        assert!(rows.iter().all(|row| row.status == DeliveryStatus::Succeeded && row.attempts == 1));
        let seen = sender.seen.lock().unwrap();
        let of_paid = seen.order.iter().find(|(name, _)| name.contains(paid.as_str())).unwrap().1;
        assert_eq!(of_paid.len(), 3);
        assert!(of_paid.is_sorted(), "in order: {of_paid:?}");
    }

    async fn a_partner_gets_so_many_for_all_of_its_endpoints(store) {
        let world = World::with_limits(store, limits(32, 3)).await;
        world.add_endpoint(OTHER).await;
        for _ in 0..8 {
            world.create().await;
        }
        let (sender, mut comes) = Counts::new();
        let workers = Workers::start(&world.app, Arc::clone(&sender) as Arc<dyn Sender>);
        for _ in 0..3 {
            comes.recv().await.unwrap();
        }
        for _ in 3..16 {
            sender.go.add_permits(1);
            comes.recv().await.unwrap();
        }
        sender.go.add_permits(100);
        workers.stop().await;
        assert_eq!(sender.seen.lock().unwrap().most_of_all, 3);
        assert!(sender.most(HOOK) > 0 && sender.most(OTHER) > 0);
        let rows = deliveries(&world).await;
        assert_eq!(rows.iter().filter(|row| row.status == DeliveryStatus::Succeeded).count(), 16);
    }

    // T14.
    async fn who_is_slow_but_alive_keeps_its_lease_and_sends_once(store) {
        let renew_every = Duration::from_millis(10);
        let limits = DeliveryLimits { renew_every, ..DeliveryLimits::default() };
        let lease_ms = limits.lease_ms;
        let world = World::with_limits(store, limits).await;
        world.create().await;
        let (sender, mut comes) = Counts::new();
        let workers = Workers::start(&world.app, Arc::clone(&sender) as Arc<dyn Sender>);
        comes.recv().await.unwrap();
        for _ in 0..3 {
            world.clock.advance_ms(lease_ms * 2 / 3);
            // The renewal shows in the store.
            let renewed = async {
                loop {
                    let until: Result<Option<i64>, StoreError> = world
                        .store()
                        .read(|tx| tx.query_opt(LEASED_UNTIL, &[], |row| row.get(0)))
                        .await;
                    if until.unwrap() >= Some(world.now().0 + lease_ms) {
                        return;
                    }
                }
            };
            tokio::time::timeout(Duration::from_secs(20), renewed).await.expect("it is renewed");
            release_lost_leases(&world.app).await.unwrap();
        }
        sender.go.add_permits(1);
        workers.stop().await;
        let row = deliveries(&world).await.remove(0);
        assert_eq!((row.status, row.attempts), (DeliveryStatus::Succeeded, 1));
    }
}
