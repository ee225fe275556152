//! What is held, as it rests.

use gate_domain::ids::{ScreeningId, SessionId, Tenant};
use gate_domain::screening::{Kind, Opinion, State};
use gate_store::{NewScreening, ScreeningRow, Store, StoreError, Tx, both_engines};

use crate::{NOW, partner, seed, session, strangers};

fn new(tenant: &Tenant, session: &SessionId, kind: Kind, hash: &[u8]) -> NewScreening {
    NewScreening {
        tenant: tenant.clone(),
        id: ScreeningId::new(tenant.mode, seed()),
        session_id: session.clone(),
        kind,
        subject_hash: hash.to_vec(),
        finding_sealed: b"sealed".to_vec(),
    }
}

async fn insert(store: &Store, new: &NewScreening) -> Result<(), StoreError> {
    let new = new.clone();
    store.write(move |tx| tx.insert_screening(&new, NOW)).await
}

async fn find(store: &Store, tenant: &Tenant, id: &ScreeningId) -> Option<ScreeningRow> {
    let (tenant, id) = (tenant.clone(), id.clone());
    store.read(move |tx| tx.find_screening(&tenant, &id)).await.unwrap()
}

async fn find_of(store: &Store, tenant: &Tenant, like: &NewScreening) -> Option<ScreeningRow> {
    let (tenant, like) = (tenant.clone(), like.clone());
    let find = move |tx: &mut Tx| {
        tx.find_screening_of(&tenant, &like.session_id, like.kind, &like.subject_hash)
    };
    store.read(find).await.unwrap()
}

async fn list(store: &Store, tenant: &Tenant, status: &'static str) -> Vec<ScreeningId> {
    let tenant = tenant.clone();
    let rows = store.read(move |tx| tx.list_screenings(&tenant, status, 2)).await.unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

async fn save(store: &Store, like: &NewScreening, state: &State) -> ScreeningRow {
    let (tenant, id, state) = (like.tenant.clone(), like.id.clone(), state.clone());
    let save = move |tx: &mut Tx| {
        let seen = tx.lock_screening(&tenant, &id)?.unwrap();
        tx.save_screening(seen, state.clone(), NOW.plus_ms(7))
    };
    store.write(save).await.unwrap()
}

both_engines! {
    async fn the_same_thing_is_held_once_in_a_session(store) {
        let tenant = partner(store).await;
        let (one, other) = (session(&tenant).id, session(&tenant).id);
        let held = new(&tenant, &one, Kind::Address, b"0x1");
        insert(store, &held).await.unwrap();
        let twice = insert(store, &new(&tenant, &one, Kind::Address, b"0x1")).await.unwrap_err();
        assert!(matches!(twice, StoreError::Unique { table } if table == "screenings"));
        for (session, kind, hash) in [
            (&one, Kind::Address, b"0x2"),
            (&one, Kind::Name, b"0x1"),
            (&other, Kind::Address, b"0x1"),
        ] {
            insert(store, &new(&tenant, session, kind, hash)).await.unwrap();
        }
        let found = find_of(store, &tenant, &held).await.unwrap();
        assert_eq!(Some(&found), find(store, &tenant, &held.id).await.as_ref());
        assert_eq!((found.id, found.session_id, found.kind), (held.id, one, Kind::Address));
        assert_eq!((found.finding_sealed, found.state), (b"sealed".to_vec(), State::HELD));
        assert_eq!((found.created_at, found.updated_at), (NOW, NOW));
    }

    async fn strangers_see_nothing_of_it(store) {
        let tenant = partner(store).await;
        let held = new(&tenant, &session(&tenant).id, Kind::Name, b"1");
        insert(store, &held).await.unwrap();
        for stranger in strangers(store, &tenant).await {
            assert_eq!(find(store, &stranger, &held.id).await, None);
            assert_eq!(find_of(store, &stranger, &held).await, None);
            assert_eq!(list(store, &stranger, "waiting").await, []);
        }
    }

    async fn what_people_said_is_kept_and_moves_it_between_the_lists(store) {
        let tenant = partner(store).await;
        let session = session(&tenant).id;
        let mut held = Vec::new();
        for hash in [b"1", b"2", b"3"] {
            let new = new(&tenant, &session, Kind::Name, hash);
            insert(store, &new).await.unwrap();
            held.push(new);
        }
        let ids: Vec<_> = held.iter().map(|new| new.id.clone()).collect();
        let count = || store.read(Tx::count_waiting_screenings);
        assert_eq!(list(store, &tenant, "waiting").await, ids[..2], "oldest first, so many");
        assert_eq!(count().await.unwrap(), 3);

        let of = |actor: &str| Opinion { actor: actor.into(), at: NOW };
        let proposed = State::Waiting { proposed: Some(of("ada")) };
        save(store, &held[0], &proposed).await;
        let row = find(store, &tenant, &ids[0]).await.unwrap();
        assert_eq!((row.state, row.updated_at), (proposed, NOW.plus_ms(7)));
        assert_eq!(count().await.unwrap(), 3, "one person alone changes nothing");
        let released = State::Released { proposed: of("ada"), confirmed: of("bob") };
        let saved = save(store, &held[0], &released).await;
        assert_eq!(Some(saved), find(store, &tenant, &ids[0]).await);
        save(store, &held[1], &State::Blocked { by: of("cat") }).await;
        for (status, wanted) in [("released", 0), ("blocked", 1), ("waiting", 2)] {
            assert_eq!(list(store, &tenant, status).await, ids[wanted..=wanted], "{status}");
        }
        assert_eq!(count().await.unwrap(), 1);
    }
}
