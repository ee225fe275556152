//! Claiming deliveries under a lease, in order per session, and recording what came of them.

use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

use gate_domain::Millis;
use gate_domain::delivery::{DeliveryStatus, FailureClass};
use gate_domain::endpoint_health::{Health, HealthState};
use gate_domain::ids::{DeliveryId, EndpointId, SessionId, Tenant};
use gate_store::{
    AttemptOutcome, Claim, ClaimRequest, ClaimedDelivery, DeliveryQuery, Sql, Store, StoreError,
    Tx, both_engines, sql,
};

use crate::{NOW, announce, endpoint, partner, session, strangers};

const LEASE_MS: i64 = 30_000;

async fn look(
    store: &Store,
    endpoint: &EndpointId,
    now: Millis,
    token: &'static str,
    limit: i64,
) -> Claim {
    let request = ClaimRequest {
        endpoint: endpoint.clone(),
        limit,
        lease_token: token.into(),
        lease_until: now.plus_ms(LEASE_MS),
    };
    store.write(move |tx| tx.claim_deliveries(&request, now)).await.unwrap()
}

async fn claim(
    store: &Store,
    endpoint: &EndpointId,
    now: Millis,
    token: &'static str,
) -> Vec<ClaimedDelivery> {
    let Claim::Taken(target, claims) = look(store, endpoint, now, token, 32).await else {
        return Vec::new();
    };
    assert_eq!(
        (target.url.as_str(), target.secrets_sealed),
        ("https://shop.example/hooks", vec![b"sealed".to_vec()])
    );
    claims
}

fn bodies(claims: &[ClaimedDelivery]) -> Vec<&str> {
    claims.iter().map(|claim| claim.body.as_str()).collect()
}

fn outcome(status: DeliveryStatus, next_attempt_at: Option<Millis>) -> AttemptOutcome {
    let failed = status != DeliveryStatus::Succeeded;
    AttemptOutcome {
        status,
        failures: i64::from(failed),
        next_attempt_at,
        response_status: Some(if failed { 500 } else { 200 }),
        error: failed.then(|| "answered 500".into()),
        failure: failed.then_some(FailureClass::Status),
        response_excerpt: Some("said so".into()),
        ended_at: NOW.plus_ms(9),
        overtaken: false,
    }
}

async fn record(store: &Store, claim: &ClaimedDelivery, outcome: AttemptOutcome) -> bool {
    let claim = claim.clone();
    store.write(move |tx| tx.record_delivery(&claim, &outcome)).await.unwrap()
}

async fn tell(store: &Store, tenant: &Tenant, session: Option<&SessionId>) -> DeliveryId {
    let (tenant, session) = (tenant.clone(), session.cloned());
    let (_, mut deliveries) =
        store.write(move |tx| announce(tx, &tenant, session.as_ref())).await.unwrap();
    deliveries.remove(0)
}

async fn find(store: &Store, tenant: &Tenant, id: &DeliveryId) -> Option<gate_store::DeliveryRow> {
    let (tenant, id) = (tenant.clone(), id.clone());
    store.read(move |tx| tx.find_delivery(&tenant, &id)).await.unwrap()
}

async fn due(store: &Store, now: Millis) -> Vec<EndpointId> {
    let due = store.read(move |tx| tx.list_due_endpoints(now)).await.unwrap();
    due.into_iter().map(|(_, endpoint)| endpoint).collect()
}

/// Numbers that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides).unwrap()
    }
}

both_engines! {
    // T18, T27: three workers claim, renew, lose and record in any order.
    async fn no_order_of_steps_claims_twice_or_overtakes_or_loses(store) {
        const WORKERS: [&str; 3] = ["one", "two", "three"];
        for seed in 1..=4 {
            let tenant = partner(store).await;
            let endpoint = endpoint(store, &tenant).await;
            let (mut dice, mut now) = (Dice(seed), NOW);
            let mut untold: Vec<_> = (0..12).map(|_| (session(&tenant).id, 3)).collect();
            // Who holds what until when, as a worker that never forgets would write it down.
            let mut held: Vec<(ClaimedDelivery, Millis)> = Vec::new();
            let (mut arrived, mut last): (Vec<String>, Vec<(String, i64)>) = Default::default();
            for step in 0..4_000 {
                if untold.is_empty() && arrived.len() == 36 {
                    break;
                }
                assert!(step < 3_999, "seed {seed}: {} of 36 arrived", arrived.len());
                match dice.roll(10) {
                    0 | 1 if !untold.is_empty() => {
                        let at = dice.roll(untold.len() as u64);
                        tell(store, &tenant, Some(&untold[at].0)).await;
                        untold[at].1 -= 1;
                        untold.retain(|(_, left)| *left > 0);
                    }
                    2..=4 => {
                        let worker = WORKERS[dice.roll(3)];
                        let limit = 1 + i64::try_from(dice.roll(4)).unwrap();
                        let Claim::Taken(_, claims) =
                            look(store, &endpoint, now, worker, limit).await else { continue };
                        for claim in claims {
                            let alive = held.iter().find(|(known, until)| {
                                known.id == claim.id && *until > now
                            });
                            assert!(alive.is_none(), "seed {seed}: {} is claimed twice", claim.id);
                            let order = held.iter().find(|(known, until)| {
                                known.order_key == claim.order_key && *until > now
                            });
                            assert!(order.is_none(), "seed {seed}: its session has one under way");
                            held.push((claim, now.plus_ms(LEASE_MS)));
                        }
                    }
                    5 if !held.is_empty() => {
                        let token = held[dice.roll(held.len() as u64)].0.lease_token.clone();
                        let (name, until) = (token.clone(), now.plus_ms(LEASE_MS));
                        store.write(move |tx| tx.renew_leases(&name, until)).await.unwrap();
                        for (claim, ends) in &mut held {
                            // What was lost stays lost: the same worker's new claims are its own.
                            if claim.lease_token == token && *ends > now {
                                *ends = until;
                            }
                        }
                    }
                    6 => {
                        now = now.plus_ms([1, 1_000, LEASE_MS / 2, LEASE_MS][dice.roll(4)]);
                        store.write(move |tx| tx.release_deliveries(now, now)).await.unwrap();
                    }
                    7..=9 if !held.is_empty() => {
                        let (claim, until) = held.swap_remove(dice.roll(held.len() as u64));
                        let fails = dice.roll(4) == 0;
                        let ended = if fails {
                            outcome(DeliveryStatus::Pending, Some(now.plus_ms(500)))
                        } else {
                            outcome(DeliveryStatus::Succeeded, None)
                        };
                        let recorded = record(store, &claim, ended).await;
                        assert_eq!(recorded, until > now, "seed {seed}: {} at {now:?}", claim.id);
                        if recorded && !fails {
                            let place = claim.body.rsplit(' ').next().unwrap().parse().unwrap();
                            let before = last.iter().rfind(|(key, _)| *key == claim.order_key);
                            assert!(before.is_none_or(|(_, at)| *at < place), "in order");
                            last.push((claim.order_key.clone(), place));
                            arrived.push(claim.id.to_string());
                        }
                    }
                    _ => {}
                }
            }
            arrived.sort_unstable();
            arrived.dedup();
            assert_eq!(arrived.len(), 36, "each once");
        }
    }

    // T18, with a hand on the first: a process that claims waits for no other, and takes what is left.
    async fn two_processes_claim_at_once_and_never_the_same(place: TestPlace) {
        if place.is_sqlite() {
            return; // one process only
        }
        let (one, other) =
            (place.open(place.options()).unwrap(), place.open(place.options()).unwrap());
        let tenant = partner(&one).await;
        let endpoint = endpoint(&one, &tenant).await;
        for _ in 0..4 {
            tell(&one, &tenant, None).await;
        }
        let request = ClaimRequest {
            endpoint: endpoint.clone(),
            limit: 2,
            lease_token: "first".into(),
            lease_until: NOW.plus_ms(LEASE_MS),
        };
        let (tell_claimed, claimed) = futures::channel::oneshot::channel();
        let (let_go, hand) = channel::<()>();
        let hands = Mutex::new((Some(tell_claimed), hand));
        let first = one.write(move |tx| {
            let claim = tx.claim_deliveries(&request, NOW)?;
            let mut hands = hands.lock().unwrap();
            if let Some(tell_claimed) = hands.0.take() {
                let _ = tell_claimed.send(());
            }
            // Bounded, so that a second that waits for the first is told from one that does not.
            let free = hands.1.recv_timeout(Duration::from_secs(5)).is_ok();
            Ok::<_, StoreError>((claim, free))
        });
        let second = async {
            claimed.await.unwrap();
            let second = look(&other, &endpoint, NOW, "second", 2).await;
            let _ = let_go.send(());
            second
        };
        let (first, second) = futures::join!(first, second);
        let (first, free) = first.unwrap();
        assert!(free, "the second does not wait");
        let mut ids = Vec::new();
        for claim in [first, second] {
            let Claim::Taken(_, claims) = claim else { panic!("two for each") };
            ids.extend(claims.into_iter().map(|claim| claim.id));
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 4);
    }

    async fn events_of_a_session_go_one_after_the_other(store) {
        let tenant = partner(store).await;
        let endpoint = endpoint(store, &tenant).await;
        let (one, two) = (session(&tenant).id, session(&tenant).id);
        for session in [Some(&one), Some(&one), Some(&two), None, None] {
            tell(store, &tenant, session).await;
        }
        let first = claim(store, &endpoint, NOW, "a").await;
        let mut ready = bodies(&first);
        ready.sort_unstable();
        assert_eq!(ready, ["event 1", "event 3", "event 4", "event 5"], "the second waits");
        assert!(claim(store, &endpoint, NOW, "b").await.is_empty(), "leased");
        let head = first.iter().find(|claim| claim.body == "event 1").unwrap();

        // In flight, waiting for its next attempt: the second waits on.
        let later = NOW.plus_ms(60_000);
        assert!(record(store, head, outcome(DeliveryStatus::Pending, Some(later))).await);
        assert!(claim(store, &endpoint, NOW, "c").await.is_empty());
        let again = claim(store, &endpoint, later, "d").await;
        assert_eq!(bodies(&again), ["event 1"]);
        assert_eq!((again[0].attempt, again[0].failures), (2, 1));
        // Given up or delivered: the second goes.
        let end = outcome(DeliveryStatus::DeadLettered, None);
        assert!(record(store, &again[0], end).await);
        assert_eq!(bodies(&claim(store, &endpoint, later, "e").await), ["event 2"]);
    }

    async fn endpoints_are_independent(store) {
        let tenant = partner(store).await;
        let (one, two) = (endpoint(store, &tenant).await, endpoint(store, &tenant).await);
        let session = session(&tenant).id;
        tell(store, &tenant, Some(&session)).await;
        tell(store, &tenant, Some(&session)).await;
        assert_eq!(due(store, NOW.plus_ms(-1)).await, []);
        let mut both = vec![one.clone(), two.clone()];
        both.sort();
        assert_eq!(due(store, NOW).await, both);
        assert_eq!(bodies(&claim(store, &one, NOW, "a").await), ["event 1"]);
        let theirs = claim(store, &two, NOW, "b").await;
        assert!(record(store, &theirs[0], outcome(DeliveryStatus::Succeeded, None)).await);
        assert_eq!(bodies(&claim(store, &two, NOW, "b").await), ["event 2"]);
        assert_eq!(claim(store, &one, NOW, "c").await.len(), 0, "its first is in flight");
    }

    async fn a_lost_lease_is_told_and_the_delivery_is_left_alone(store) {
        let tenant = partner(store).await;
        let endpoint = endpoint(store, &tenant).await;
        let id = tell(store, &tenant, None).await;
        let slow = claim(store, &endpoint, NOW, "slow").await.remove(0);
        let end = NOW.plus_ms(LEASE_MS);
        let lost = |at| async move { store.read(move |tx| tx.any_lost_lease(at)).await.unwrap() };
        let release = |at: Millis| async move {
            store.write(move |tx| tx.release_deliveries(at, at)).await.unwrap()
        };
        assert!(!lost(end.plus_ms(-1)).await);
        assert_eq!(release(end.plus_ms(-1)).await, 0);
        assert!(lost(end).await);
        assert_eq!(release(end).await, 1);
        let quick = claim(store, &endpoint, end, "quick").await.remove(0);
        assert_eq!((quick.attempt, &quick.id, &quick.event_id), (2, &id, &slow.event_id));
        assert_eq!(quick.body, slow.body);

        let before = find(store, &tenant, &id).await;
        for status in [DeliveryStatus::Succeeded, DeliveryStatus::DeadLettered] {
            assert!(!record(store, &slow, outcome(status, None)).await);
            assert_eq!(find(store, &tenant, &id).await, before);
        }
        assert!(record(store, &quick, outcome(DeliveryStatus::Succeeded, None)).await);
        let row = find(store, &tenant, &id).await.unwrap();
        assert_eq!((row.status, row.attempts), (DeliveryStatus::Succeeded, 2));
        assert_eq!((row.last_response_status, row.delivered_at), (Some(200), Some(NOW.plus_ms(9))));
        let twice = outcome(DeliveryStatus::Pending, Some(NOW));
        assert!(!record(store, &quick, twice).await, "once");
        assert_eq!(release(Millis(i64::MAX)).await, 0, "nothing is in flight");
    }

    async fn only_what_was_given_up_is_replayed(store) {
        let tenant = partner(store).await;
        let endpoint = endpoint(store, &tenant).await;
        let id = tell(store, &tenant, None).await;
        let replay = || {
            let (tenant, id) = (tenant.clone(), id.clone());
            store.write(move |tx| {
                let seen = tx.lock_delivery(&tenant, &id)?.unwrap();
                tx.replay_delivery(&seen, NOW.plus_ms(7))
            })
        };
        assert!(!replay().await.unwrap(), "pending");
        let claimed = claim(store, &endpoint, NOW, "a").await.remove(0);
        assert!(!replay().await.unwrap(), "in flight");
        let end = outcome(DeliveryStatus::DeadLettered, None);
        record(store, &claimed, AttemptOutcome { failures: 10, ..end }).await;
        assert!(replay().await.unwrap());
        assert!(!replay().await.unwrap(), "pending again");
        assert!(claim(store, &endpoint, NOW, "b").await.is_empty());
        let again = claim(store, &endpoint, NOW.plus_ms(7), "b").await.remove(0);
        assert_eq!((again.attempt, again.failures), (2, 0), "the schedule begins again");
        record(store, &again, outcome(DeliveryStatus::Succeeded, None)).await;
        assert!(!replay().await.unwrap(), "delivered");
    }

    async fn lists_are_newest_first_by_status_and_the_owner_s(store) {
        let tenant = partner(store).await;
        let endpoint = endpoint(store, &tenant).await;
        let mut ids = Vec::new();
        for _ in 0..5 {
            ids.insert(0, tell(store, &tenant, None).await);
        }
        let page = |tenant: &Tenant, status, limit, skip| {
            let tenant = tenant.clone();
            async move {
                let query = DeliveryQuery { status, limit, skip, ..DeliveryQuery::default() };
                let list = move |tx: &mut Tx| tx.list_deliveries(&tenant, &query);
                let rows: Result<Vec<_>, StoreError> = store.read(list).await;
                rows.unwrap().into_iter().map(|row| row.id).collect::<Vec<_>>()
            }
        };
        assert_eq!(page(&tenant, None, 2, 0).await, ids[..2]);
        assert_eq!(page(&tenant, None, 9, 2).await, ids[2..]);
        let claims = claim(store, &endpoint, NOW, "a").await;
        let ends = [
            (DeliveryStatus::Succeeded, None),
            (DeliveryStatus::DeadLettered, None),
            (DeliveryStatus::Pending, Some(NOW.plus_ms(1))),
        ];
        for (claim, (status, next)) in claims.iter().zip(ends) {
            record(store, claim, outcome(status, next)).await;
            assert_eq!(page(&tenant, Some(status), 9, 0).await, std::slice::from_ref(&claim.id));
        }
        assert_eq!(page(&tenant, Some(DeliveryStatus::InFlight), 9, 0).await.len(), 2);
        for stranger in strangers(store, &tenant).await {
            assert!(page(&stranger, None, 9, 0).await.is_empty());
            assert_eq!(find(store, &stranger, &ids[0]).await, None);
            let id = ids[0].clone();
            let locked = store.write(move |tx| tx.lock_delivery(&stranger, &id)).await.unwrap();
            assert!(locked.is_none());
        }
    }

    async fn first_tries_go_first_and_retries_keep_a_share(store) {
        let tenant = partner(store).await;
        let endpoint = endpoint(store, &tenant).await;
        for _ in 0..10 {
            tell(store, &tenant, None).await;
        }
        for failed in claim(store, &endpoint, NOW, "a").await {
            assert!(record(store, &failed, outcome(DeliveryStatus::Pending, Some(NOW))).await);
        }
        for _ in 0..20 {
            tell(store, &tenant, None).await;
        }
        let Claim::Taken(_, claims) = look(store, &endpoint, NOW, "b", 16).await else {
            panic!("there is something")
        };
        let again = claims.iter().filter(|claim| claim.failures > 0).count();
        assert_eq!((claims.len(), again), (16, 2), "an eighth is for what is tried again");
        let Claim::Taken(_, claims) = look(store, &endpoint, NOW, "c", 16).await else {
            panic!("there is something")
        };
        let again = claims.iter().filter(|claim| claim.failures > 0).count();
        assert_eq!((claims.len(), again), (14, 8), "and all the room that first tries leave");
    }

    // T13: the token says whose lease it is, the number of the attempt which one.
    async fn a_lease_is_renewed_by_its_token_and_fenced_by_its_attempt(store) {
        let tenant = partner(store).await;
        let endpoint = endpoint(store, &tenant).await;
        let id = tell(store, &tenant, None).await;
        let first = claim(store, &endpoint, NOW, "lane").await.remove(0);
        let end = NOW.plus_ms(LEASE_MS);
        let renewed = store.write(move |tx| tx.renew_leases("lane", end.plus_ms(1)));
        assert_eq!(renewed.await.unwrap(), 1);
        let stranger = store.write(move |tx| tx.renew_leases("other", end.plus_ms(9))).await;
        assert_eq!(stranger.unwrap(), 0);
        let lost = store.read(move |tx| tx.any_lost_lease(end)).await.unwrap();
        assert!(!lost, "it was renewed");
        let end = end.plus_ms(1);
        assert_eq!(store.write(move |tx| tx.release_deliveries(end, end)).await.unwrap(), 1);
        // The same lane takes it again: what the first attempt says does not count for the second.
        let second = claim(store, &endpoint, end, "lane").await.remove(0);
        assert!(!record(store, &first, outcome(DeliveryStatus::DeadLettered, None)).await);
        assert!(record(store, &second, outcome(DeliveryStatus::Succeeded, None)).await);
        let row = find(store, &tenant, &id).await.unwrap();
        assert_eq!((row.status, row.attempts), (DeliveryStatus::Succeeded, 2));
        let late = store.write(move |tx| tx.renew_leases("lane", end.plus_ms(99))).await;
        assert_eq!(late.unwrap(), 0, "nothing is under way");
    }

    async fn a_paused_endpoint_is_not_due_and_then_gives_one_probe(store) {
        let tenant = partner(store).await;
        let (paused, other) = (endpoint(store, &tenant).await, endpoint(store, &tenant).await);
        for _ in 0..3 {
            tell(store, &tenant, None).await;
        }
        let until = NOW.plus_ms(30_000);
        let health = Health {
            state: HealthState::Paused,
            until: Some(until),
            failures_in_row: 10,
            failing_since: Some(NOW),
            failed_at: Some(NOW),
            pause_ms: 30_000,
            last_error: Some("answered 500".into()),
            ..Health::well(NOW)
        };
        let (owner, id, saved) = (tenant.clone(), paused.clone(), health.clone());
        let save = store.write(move |tx| {
            let row = tx.lock_endpoint_health(&owner, &id, NOW)?;
            tx.save_endpoint_health(row, &saved, 0, Millis(0))
        });
        save.await.unwrap();
        let (owner, id) = (tenant.clone(), paused.clone());
        let read = store.read(move |tx| tx.find_endpoint(&owner, &id)).await.unwrap().unwrap();
        assert_eq!(read.health, health);
        assert_eq!(due(store, until.plus_ms(-1)).await, [other]);
        let held = look(store, &paused, NOW, "a", 32).await;
        assert!(matches!(held, Claim::Held(at) if at == until), "{held:?}");
        assert!(due(store, until).await.contains(&paused));
        let Claim::Taken(target, claims) = look(store, &paused, until, "b", 32).await else {
            panic!("a probe")
        };
        assert!(target.probe && target.troubled);
        assert_eq!(bodies(&claims), ["event 1"], "one, the oldest");
        // Until it is back, or its lease is over, nobody else asks.
        let second = look(store, &paused, until, "c", 32).await;
        assert!(matches!(second, Claim::Held(at) if at == until.plus_ms(LEASE_MS)), "{second:?}");
        for stranger in strangers(store, &tenant).await {
            let known = store.read(move |tx| tx.list_endpoint_health(&stranger)).await.unwrap();
            assert_eq!(known, []);
        }
    }

    /// Two processes ask in turn; between them they get what one would.
    async fn a_limit_a_second_holds_across_claims(store) {
        const SET: Sql = sql("update endpoints set rate_limit = $2, retry_schedule = '[5,10]'
            where id = $1");
        let tenant = partner(store).await;
        let endpoint = endpoint(store, &tenant).await;
        for _ in 0..100 {
            tell(store, &tenant, None).await;
        }
        let id = endpoint.clone();
        store.write(move |tx| tx.write(SET, &[&id.as_str(), &20])).await.unwrap();
        let (mut taken, mut looks) = (0, 0);
        let mut now = NOW;
        while now < NOW.plus_ms(3_000) {
            let listed = due(store, now).await.contains(&endpoint);
            match look(store, &endpoint, now, if looks % 2 == 0 { "a" } else { "b" }, 32).await {
                Claim::Taken(target, claims) => {
                    assert!(listed);
                    let schedule = target.options.retry_schedule.unwrap();
                    assert_eq!(schedule.gaps_s(), [5, 10]);
                    assert!(claims.len() <= 2, "a tenth of a second's worth at once");
                    taken += claims.len();
                }
                Claim::Held(until) => {
                    assert!(until > now && !listed);
                    now = until;
                }
                Claim::Nothing => panic!("a hundred wait"),
            }
            looks += 1;
        }
        assert!((60..=62).contains(&taken), "twenty a second: {taken} in three");
        assert!(looks < 130, "nobody asks in vain more than once: {looks}");
    }
}
