//! Many copies for measuring: each is a world of its own, in the order in which it happened.

use gate_store::{Sql, Store, Tx, both_engines, bulk, sql};

use crate::{announce, endpoint, insert, partner, session};

const EVENTS: Sql = sql("select id, sequence, session_id from events order by sequence");
const LAST: Sql = sql("select max(last_sequence) from feeds");
const DELIVERIES: Sql = sql("select event_id from deliveries order by id");

both_engines! {
    async fn a_world_is_repeated_with_ids_and_places_of_its_own(place: TestPlace) {
        let store = place.open(place.options()).unwrap();
        let tenant = partner(&store).await;
        endpoint(&store, &tenant).await;
        let original = session(&tenant);
        insert(&store, &original).await;
        let (owner, id) = (tenant.clone(), original.id.clone());
        store.write(move |tx| announce(tx, &owner, Some(&id))).await.unwrap();
        store.close().await;

        let options = place.options();
        let filled = std::thread::spawn(move || {
            assert_eq!(bulk::first_sequence(&options.place).unwrap(), 1);
            let mut told = Vec::new();
            bulk::multiply(&options.place, 450, 100, 1_000, |written| told.push(written)).unwrap();
            assert_eq!(bulk::id_at(&options.place, "sessions", 450).unwrap(), None);
            assert_eq!(bulk::first_sequence(&options.place).unwrap(), 351);
            (told, bulk::id_at(&options.place, "sessions", 449).unwrap().unwrap())
        });
        let (told, oldest) = filled.join().unwrap();
        assert_eq!(told, [200, 400, 450]);

        let store = place.open(place.options()).unwrap();
        let sessions = list(&store, move |tx| tx.list_sessions(&tenant, None, None, 1_000)).await;
        assert_eq!(sessions.len(), 450);
        assert_eq!(sessions[0].id, original.id);
        assert_eq!(sessions[449].id.as_str(), oldest);
        assert_eq!(sessions[0].created_at.0 - sessions[449].created_at.0, 449_000);
        assert!(sessions.windows(2).all(|pair| pair[0].id > pair[1].id));
        let events: Vec<(String, i64, String)> = list(&store, |tx| {
            tx.query(EVENTS, &[], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        })
        .await;
        assert_eq!(events.len(), 100, "as retention leaves them");
        let with_events = sessions[..100].iter().rev();
        for ((wanted, session), (_, sequence, of)) in (351..).zip(with_events).zip(&events) {
            assert_eq!((*sequence, of.as_str()), (wanted, session.id.as_str()));
        }
        let owner = original.tenant.clone();
        let beginning = store.read(move |tx| tx.find_feed_beginning(&owner)).await.unwrap();
        assert_eq!(beginning, 350);
        let targets: Vec<String> =
            list(&store, |tx| tx.query(DELIVERIES, &[], |row| row.get(0))).await;
        let sent: Vec<_> = events.iter().map(|(id, ..)| id.clone()).collect();
        assert_eq!(targets, sent);
        let last: i64 = store.read(|tx| tx.query_one(LAST, &[], |row| row.get(0))).await.unwrap();
        assert_eq!(last, 450);
    }
}

async fn list<T: Send + 'static>(
    store: &Store,
    question: impl Fn(&mut Tx) -> Result<Vec<T>, gate_store::StoreError> + Send + 'static,
) -> Vec<T> {
    store.read(question).await.unwrap()
}
