//! Claiming deliveries under a lease, in order per session, and recording what came of them.

use gate_domain::Millis;
use gate_domain::delivery::DeliveryStatus;
use gate_domain::ids::{DeliveryId, EndpointId, SessionId, Tenant};
use gate_store::{
    AttemptOutcome, ClaimedDelivery, DeliveryQuery, Store, StoreError, Tx, both_engines,
};

use crate::{NOW, announce, endpoint, partner, session, strangers};

const LEASE_MS: i64 = 30_000;

async fn claim(
    store: &Store,
    endpoint: &EndpointId,
    now: Millis,
    token: &'static str,
) -> Vec<ClaimedDelivery> {
    let id = endpoint.clone();
    let claim = move |tx: &mut Tx| tx.claim_deliveries(&id, now, now.plus_ms(LEASE_MS), token, 32);
    let claimed = store.write(claim).await.unwrap();
    claimed
        .map(|(target, claims)| {
            assert_eq!(
                (target.url.as_str(), target.secrets_sealed),
                ("https://shop.example/hooks", vec![b"sealed".to_vec()])
            );
            claims
        })
        .unwrap_or_default()
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
    store.read(move |tx| tx.list_due_endpoints(now)).await.unwrap()
}

both_engines! {
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
}
