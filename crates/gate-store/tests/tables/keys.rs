//! Keys, origins, and facts about the deployment.

use gate_domain::ids::{KeyId, PartnerId, Tenant};
use gate_store::{KeyAccess, KeyKind, NewKey, Store, Tx, both_engines};

use crate::{NOW, partner, seed, strangers};

/// A key that is written down; its hash is one byte repeated.
async fn key(store: &Store, tenant: &Tenant, byte: u8, access: KeyAccess) -> KeyId {
    let new = NewKey {
        tenant: tenant.clone(),
        id: KeyId::new(tenant.mode, seed()),
        kind: KeyKind::Secret,
        access,
        name: Some("žluťoučký 🐎".into()),
        key_hash: vec![byte; 32],
        last4: "abcd".into(),
    };
    let id = new.id.clone();
    store.write(move |tx| tx.insert_key(&new, NOW)).await.unwrap();
    id
}

/// Do something with a locked key; false when there is none.
async fn with_key<F>(store: &Store, tenant: &Tenant, id: &KeyId, act: F) -> bool
where
    F: Fn(&mut Tx, &gate_store::Locked<gate_store::ListedKey>) + Send + 'static,
{
    let (tenant, id) = (tenant.clone(), id.clone());
    let locked = move |tx: &mut Tx| {
        let Some(key) = tx.lock_key(&tenant, &id)? else { return Ok(false) };
        act(tx, &key);
        Ok::<_, gate_store::StoreError>(true)
    };
    store.write(locked).await.unwrap()
}

both_engines! {
    async fn a_key_is_found_by_its_hash_and_listed_by_its_owner_only(store) {
        let tenant = partner(store).await;
        let first = key(store, &tenant, 1, KeyAccess::Full).await;
        let second = key(store, &tenant, 2, KeyAccess::ReadOnly).await;
        let found = store.read(|tx| tx.find_key(&[2; 32])).await.unwrap().unwrap();
        assert_eq!((&found.id, found.access, &found.tenant), (&second, KeyAccess::ReadOnly, &tenant));
        assert_eq!(store.read(|tx| tx.find_key(&[3; 32])).await.unwrap(), None);

        let owner = tenant.clone();
        let listed = store.read(move |tx| tx.list_keys(&owner, 10)).await.unwrap();
        let ids: Vec<_> = listed.iter().map(|key| &key.key.id).collect();
        assert_eq!(ids, [&second, &first], "newest first");
        assert_eq!(listed[0].name.as_deref(), Some("žluťoučký 🐎"));
        assert_eq!((listed[0].last_used_at, &listed[0].replaced_by), (None, &None));
        for stranger in strangers(store, &tenant).await {
            assert!(!with_key(store, &stranger, &first, |_, _| ()).await);
            let listed = store.read(move |tx| tx.list_keys(&stranger, 10)).await.unwrap();
            assert!(listed.is_empty());
        }
    }

    async fn a_key_is_replaced_and_revoked_once(store) {
        let tenant = partner(store).await;
        let id = key(store, &tenant, 1, KeyAccess::Sessions).await;
        let successor = key(store, &tenant, 2, KeyAccess::Sessions).await;
        let by = successor.clone();
        let replace = move |tx: &mut Tx, key: &gate_store::Locked<_>| {
            tx.replace_key(key, &by, NOW.plus_seconds(60)).unwrap();
        };
        assert!(with_key(store, &tenant, &id, replace).await);
        for (at, first) in [(NOW.plus_seconds(5), true), (NOW.plus_seconds(9), false)] {
            let revoke = move |tx: &mut Tx, key: &gate_store::Locked<_>| {
                assert_eq!(tx.revoke_key(key, at).unwrap(), first);
            };
            assert!(with_key(store, &tenant, &id, revoke).await);
        }
        let found = store.read(|tx| tx.find_key(&[1; 32])).await.unwrap().unwrap();
        assert_eq!(found.revoked_at, Some(NOW.plus_seconds(5)), "the first instant stays");
        assert_eq!(found.expires_at, Some(NOW.plus_seconds(60)));
        assert!(!found.is_active(NOW));
        let count = |at| {
            let owner = tenant.clone();
            store.read(move |tx| tx.count_active_keys(&owner, at))
        };
        assert_eq!(count(NOW).await.unwrap(), 1, "the successor");
    }

    async fn a_key_ends_at_its_instant(store) {
        let tenant = partner(store).await;
        let id = key(store, &tenant, 1, KeyAccess::Full).await;
        let by = key(store, &tenant, 2, KeyAccess::Full).await;
        let end = NOW.plus_seconds(60);
        let replace = move |tx: &mut Tx, key: &gate_store::Locked<_>| {
            tx.replace_key(key, &by, end).unwrap();
        };
        assert!(with_key(store, &tenant, &id, replace).await);
        let found = store.read(|tx| tx.find_key(&[1; 32])).await.unwrap().unwrap();
        assert!(found.is_active(end.plus_ms(-1)) && !found.is_active(end));
        for (at, active) in [(end.plus_ms(-1), 2), (end, 1)] {
            let owner = tenant.clone();
            let count = store.read(move |tx| tx.count_active_keys(&owner, at)).await.unwrap();
            assert_eq!(count, active);
        }
    }

    async fn a_use_is_noted_at_most_once_a_minute_and_never_backwards(store) {
        let tenant = partner(store).await;
        let id = key(store, &tenant, 1, KeyAccess::Full).await;
        let note = async |used: i64, unless_after: i64| {
            let (tenant, id) = (tenant.clone(), id.clone());
            let (used, unless_after) = (NOW.plus_seconds(used), NOW.plus_seconds(unless_after));
            store
                .write(move |tx| {
                    tx.record_key_use(&tenant, &id, used, unless_after)?;
                    let keys = tx.list_keys(&tenant, 1)?;
                    Ok::<_, gate_store::StoreError>(keys[0].last_used_at)
                })
                .await
                .unwrap()
                .unwrap()
        };
        assert_eq!(note(0, -60).await, NOW);
        assert_eq!(note(59, -1).await, NOW, "too early");
        assert_eq!(note(90, 30).await, NOW.plus_seconds(90));
        assert_eq!(note(80, 200).await, NOW.plus_seconds(90), "another process was later");
    }

    async fn origins_come_and_go(store) {
        let tenant = partner(store).await;
        let [other, live] = strangers(store, &tenant).await;
        let origin = "https://shop.example";
        for (owner, new) in [(&tenant, true), (&tenant, false), (&other, true), (&live, true)] {
            let owner = owner.clone();
            let inserted = store.write(move |tx| tx.insert_origin(&owner, origin, NOW)).await;
            assert_eq!(inserted.unwrap(), new);
        }
        for there in [true, false] {
            let owner = tenant.clone();
            let deleted = store.write(move |tx| tx.delete_origin(&owner, origin)).await;
            assert_eq!(deleted.unwrap(), there);
        }
        for (owner, left) in [(&tenant, 0), (&other, 1), (&live, 1)] {
            let owner = owner.clone();
            assert_eq!(store.read(move |tx| tx.list_origins(&owner)).await.unwrap().len(), left);
        }
    }

    async fn partners_are_paged(store) {
        let mut ids: Vec<PartnerId> = Vec::new();
        for _ in 0..3 {
            ids.push(partner(store).await.partner);
        }
        ids.reverse();
        let page = |after: Option<PartnerId>, limit| {
            store.read(move |tx| tx.list_partners(after.as_ref(), limit))
        };
        let first = page(None, 2).await.unwrap();
        assert_eq!(first.iter().map(|row| &row.id).collect::<Vec<_>>(), [&ids[0], &ids[1]]);
        let second = page(Some(ids[1].clone()), 2).await.unwrap();
        assert_eq!(second.iter().map(|row| &row.id).collect::<Vec<_>>(), [&ids[2]]);
        let wanted = ids[2].clone();
        let found = store.read(move |tx| tx.find_partner(&wanted)).await.unwrap();
        assert_eq!(found.as_ref(), second.first());
    }

    async fn a_fact_about_the_deployment_stays_as_it_was(store) {
        for value in [[1u8], [2]] {
            let write = move |tx: &mut Tx| tx.insert_deployment_fact("master_key", &value, NOW);
            store.write(write).await.unwrap();
        }
        let find = |name| store.read(move |tx| tx.find_deployment_fact(name));
        assert_eq!(find("master_key").await.unwrap(), Some(vec![1]));
        assert_eq!(find("another").await.unwrap(), None);
    }
}
