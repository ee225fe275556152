//! Customers, as they rest.

use gate_domain::ids::{CustomerId, Tenant};
use gate_store::{CustomerRow, NewCustomer, Store, StoreError, Tx, both_engines};

use crate::{NOW, announce, partner, seed, strangers};

fn new(tenant: &Tenant, email: &[u8], external_id: Option<&[u8]>) -> NewCustomer {
    NewCustomer {
        id: CustomerId::new(tenant.mode, seed()),
        tenant: tenant.clone(),
        email_hash: email.to_vec(),
        external_id_hash: external_id.map(<[u8]>::to_vec),
        person_sealed: b"sealed".to_vec(),
        answer_sealed: Some(b"answer".to_vec()),
        created_at: NOW,
    }
}

async fn insert(store: &Store, new: &NewCustomer) -> bool {
    let new = new.clone();
    store.write(move |tx| tx.insert_customer(&new)).await.unwrap()
}

async fn find(store: &Store, tenant: &Tenant, id: &CustomerId) -> Option<CustomerRow> {
    let (tenant, id) = (tenant.clone(), id.clone());
    store.read(move |tx| tx.find_customer(&tenant, &id)).await.unwrap()
}

async fn page(store: &Store, tenant: &Tenant, after: Option<&CustomerId>) -> Vec<CustomerId> {
    let (tenant, after) = (tenant.clone(), after.cloned());
    let list = move |tx: &mut Tx| tx.list_customers(&tenant, after.as_ref(), 3);
    store.read(list).await.unwrap().into_iter().map(|row| row.id).collect()
}

both_engines! {
    async fn an_address_and_an_external_id_are_taken_once_per_tenant(store) {
        let tenant = partner(store).await;
        let first = new(&tenant, b"ada", Some(b"crm-1"));
        assert!(insert(store, &first).await);
        assert!(!insert(store, &new(&tenant, b"ada", None)).await, "the address");
        assert!(!insert(store, &new(&tenant, b"bob", Some(b"crm-1"))).await, "the external id");
        for (email, external_id) in [(b"bob", None), (b"cat", None), (b"dan", Some(&b"crm-2"[..]))] {
            assert!(insert(store, &new(&tenant, email, external_id)).await);
        }
        for stranger in strangers(store, &tenant).await {
            assert_eq!(find(store, &stranger, &first.id).await, None);
            assert_eq!(page(store, &stranger, None).await, []);
            let by_hash = {
                let stranger = stranger.clone();
                move |tx: &mut Tx| {
                    let email = tx.find_customer_by_email(&stranger, b"ada")?;
                    Ok::<_, StoreError>((email, tx.find_customer_by_external_id(&stranger, b"crm-1")?))
                }
            };
            assert_eq!(store.read(by_hash).await.unwrap(), (None, None));
            assert!(insert(store, &new(&stranger, b"ada", Some(b"crm-1"))).await);
        }
        let owner = tenant.clone();
        let found = store.read(move |tx| tx.find_customer_by_email(&owner, b"ada")).await.unwrap();
        assert_eq!(found.unwrap().id, first.id);
        let owner = tenant.clone();
        let found = store.read(move |tx| tx.find_customer_by_external_id(&owner, b"crm-1")).await;
        assert_eq!(found.unwrap().unwrap().id, first.id);
    }

    async fn pages_are_newest_first_and_without_the_deleted(store) {
        let tenant = partner(store).await;
        let mut ids = Vec::new();
        for number in 0..5u8 {
            let customer = new(&tenant, &[number], None);
            assert!(insert(store, &customer).await);
            ids.insert(0, customer.id);
        }
        let (owner, gone) = (tenant.clone(), ids.remove(1));
        let erase = move |tx: &mut Tx| {
            let seen = tx.lock_customer(&owner, &gone)?.unwrap();
            tx.erase_customer(&seen, NOW.plus_ms(1), |_| panic!("no event told of it"))
        };
        store.write(erase).await.unwrap();
        assert_eq!(page(store, &tenant, None).await, ids[..3]);
        assert_eq!(page(store, &tenant, Some(&ids[2])).await, ids[3..]);
    }

    async fn erasing_empties_the_row_and_its_events_and_keeps_what_is_taken(store) {
        let tenant = partner(store).await;
        let (one, other) = (new(&tenant, b"ada", Some(b"crm-1")), new(&tenant, b"bob", None));
        assert!(insert(store, &one).await && insert(store, &other).await);
        let (owner, ids) = (tenant.clone(), [one.id.clone(), other.id.clone()]);
        let tell = move |tx: &mut Tx| {
            for id in &ids {
                let (event, _) = announce(tx, &owner, None)?;
                tx.insert_customer_event(&owner, id, &event)?;
            }
            announce(tx, &owner, None).map(drop)
        };
        store.write(tell).await.unwrap();
        let (owner, id) = (tenant.clone(), one.id.clone());
        let erase = move |tx: &mut Tx| {
            let seen = tx.lock_customer(&owner, &id)?.unwrap();
            tx.erase_customer(&seen, NOW.plus_ms(7), |body| Some(format!("emptied {body}")))
        };
        store.write(erase).await.unwrap();

        let row = find(store, &tenant, &one.id).await.unwrap();
        assert_eq!((row.person_sealed, row.answer_sealed), (None, None));
        assert_eq!(row.deleted_at, Some(NOW.plus_ms(7)));
        assert_eq!(find(store, &tenant, &other.id).await.unwrap().deleted_at, None);
        assert!(!insert(store, &new(&tenant, b"ada", None)).await, "the address stays taken");
        assert!(!insert(store, &new(&tenant, b"eve", Some(b"crm-1"))).await);
        let owner = tenant.partner.clone();
        let bodies = gate_store::sql("select body from events where partner_id = $1 order by sequence");
        let bodies = move |tx: &mut Tx| tx.query(bodies, &[&owner.as_str()], |row| row.get::<String>(0));
        assert_eq!(store.read(bodies).await.unwrap(), ["emptied event 1", "event 2", "event 3"]);
    }
}
