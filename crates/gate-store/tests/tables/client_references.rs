//! The partner's own names of sessions.

use gate_store::{ClientReference, StoreError, Tx, both_engines};

use crate::{NOW, partner, session, strangers};

both_engines! {
    async fn a_reference_stands_for_one_session_of_its_owner(store) {
        let tenant = partner(store).await;
        let session = session(&tenant);
        let target = ClientReference { fingerprint: vec![7; 32], session_id: session.id };
        let (owner, to) = (tenant.clone(), target.clone());
        let claim = move |tx: &mut Tx| tx.claim_client_reference(&owner, "Order 1", &to, NOW);
        store.write(claim.clone()).await.unwrap();
        let again = store.write(claim).await.unwrap_err();
        assert!(matches!(again, StoreError::Retry), "a twin runs again, to find what there is");
        for (reference, expected) in [("Order 1", Some(target.clone())), ("order 1", None)] {
            let owner = tenant.clone();
            let found = store.read(move |tx| tx.find_client_reference(&owner, reference)).await;
            assert_eq!(found.unwrap(), expected, "case counts");
        }
        for stranger in strangers(store, &tenant).await {
            let found = store.read(move |tx| tx.find_client_reference(&stranger, "Order 1")).await;
            assert_eq!(found.unwrap(), None);
        }
    }
}
