//! The outbox: a fact, its place in the feed and its deliveries, together or not at all.

use std::sync::atomic::{AtomicBool, Ordering};

use gate_domain::ids::EventId;
use gate_store::{EventQuery, Sql, Store, StoreError, Tx, both_engines, sql};

use crate::{announce, count, endpoint, insert, partner, session, strangers};

const PLACES: Sql =
    sql("select sequence, body from events where partner_id = $1 order by sequence");
const EVENTS: Sql = sql("select count(*) from events");
const SESSIONS: Sql = sql("select count(*) from sessions");
const DELIVERIES: Sql = sql("select count(*) from deliveries");
const OF_EVENT: Sql = sql("select endpoint_id from deliveries where event_id = $1 order by 1");

fn behind(after: i64) -> EventQuery {
    EventQuery {
        after,
        before: i64::MAX,
        types: None,
        session_id: None,
        newest_first: false,
        limit: 7,
    }
}

async fn targets(store: &Store, event: &EventId) -> Vec<String> {
    let id = event.clone();
    let list = move |tx: &mut Tx| tx.query(OF_EVENT, &[&id.as_str()], |row| row.get(0));
    store.read(list).await.unwrap()
}

both_engines! {
    async fn one_place_each_without_gaps_whoever_else_writes(store) {
        let (tenant, other) = (partner(store).await, partner(store).await);
        let all = (0..40).map(|number| {
            let tenant = if number % 4 == 3 { other.clone() } else { tenant.clone() };
            store.write(move |tx| {
                let (event, _) = announce(tx, &tenant, None)?;
                if number % 5 == 0 { Err(StoreError::Misuse("changed my mind".into())) } else { Ok(event) }
            })
        });
        let all: Vec<_> = all.collect();
        let mut failed = 0;
        for one in all {
            failed += usize::from(one.await.is_err());
        }
        assert_eq!(failed, 8);
        for (tenant, kept) in [(tenant, 24i64), (other, 8)] {
            let id = tenant.partner.clone();
            let list = move |tx: &mut Tx| {
                tx.query(PLACES, &[&id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
            };
            let places: Vec<(i64, String)> = store.read(list).await.unwrap();
            let expected: Vec<_> = (1..=kept).map(|n| (n, format!("event {n}"))).collect();
            assert_eq!(places, expected);
        }
    }

    // T40: two processes write on PostgreSQL, a third of the transactions are rolled back.
    async fn a_cursor_that_follows_never_misses_what_is_committed_later(place: TestPlace) {
        let one = place.open(place.options()).unwrap();
        let other = (!place.is_sqlite()).then(|| place.open(place.options()).unwrap());
        let tenant = partner(&one).await;
        let writers = (0..90).map(|number| {
            let store = if number % 2 == 0 { &*one } else { other.as_deref().unwrap_or(&one) };
            let tenant = tenant.clone();
            store.write(move |tx| {
                announce(tx, &tenant, None)?;
                if number % 3 == 0 { Err(StoreError::Misuse("changed my mind".into())) } else { Ok(()) }
            })
        });
        let over = AtomicBool::new(false);
        let writing = async {
            let written = futures::future::join_all(writers).await;
            over.store(true, Ordering::SeqCst);
            written
        };
        // Until there is nothing more, so that what went wrong with the writers is told.
        let reader = async {
            let mut cursor = 0;
            loop {
                let last = over.load(Ordering::SeqCst);
                let (tenant, query) = (tenant.clone(), behind(cursor));
                let rows = one.read(move |tx| tx.list_events(&tenant, &query)).await.unwrap();
                for row in &rows {
                    assert_eq!(row.sequence, cursor + 1, "no gap and no repeat");
                    cursor = row.sequence;
                }
                if last && rows.is_empty() {
                    return cursor;
                }
            }
        };
        let (written, read) = futures::join!(writing, reader);
        assert_eq!((written.iter().filter(|one| one.is_ok()).count(), read), (60, 60));
    }

    async fn one_delivery_per_endpoint_of_this_partner_and_mode(store) {
        let tenant = partner(store).await;
        for stranger in strangers(store, &tenant).await {
            endpoint(store, &stranger).await;
        }
        let owner = tenant.clone();
        let (none, _) = store.write(move |tx| announce(tx, &owner, None)).await.unwrap();
        assert!(targets(store, &none).await.is_empty());
        let mut ours = [endpoint(store, &tenant).await, endpoint(store, &tenant).await];
        ours.sort();
        let owner = tenant.clone();
        let (event, deliveries) = store.write(move |tx| announce(tx, &owner, None)).await.unwrap();
        let ours: Vec<_> = ours.iter().map(ToString::to_string).collect();
        assert_eq!(targets(store, &event).await, ours);
        assert_eq!(deliveries.len(), 2);
    }

    async fn a_rollback_leaves_nothing(store) {
        let tenant = partner(store).await;
        endpoint(store, &tenant).await;
        for panics in [false, true] {
            let (owner, new) = (tenant.clone(), session(&tenant));
            let undone = move |tx: &mut Tx| {
                tx.insert_session(&new)?;
                announce(tx, &owner, Some(&new.id))?;
                assert!(!panics, "on purpose");
                Err::<(), _>(StoreError::Misuse("changed my mind".into()))
            };
            assert!(store.write(undone).await.is_err());
            for table in [EVENTS, SESSIONS, DELIVERIES] {
                assert_eq!(count(store, table).await, 0, "{}", table.text());
            }
        }
        let new = session(&tenant);
        insert(store, &new).await;
        let (owner, id) = (tenant, new.id);
        store.write(move |tx| announce(tx, &owner, Some(&id))).await.unwrap();
        assert_eq!((count(store, EVENTS).await, count(store, DELIVERIES).await), (1, 1));
    }
}
