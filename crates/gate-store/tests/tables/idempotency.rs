//! Idempotency keys: one effect, one answer.

use gate_domain::ids::Tenant;
use gate_store::{
    Answer, IdempotentRequest, Recall, Sql, Store, StoreError, Tx, both_engines, sql,
};

use crate::{NOW, count, partner, session, strangers};

const SESSIONS: Sql = sql("select count(*) from sessions");
const KEYS: Sql = sql("select count(*) from idempotency_keys");

fn request(tenant: &Tenant, key: u8, body: u8) -> IdempotentRequest {
    let (key_hash, fingerprint) = (vec![key; 16], vec![body; 32]);
    IdempotentRequest { tenant: tenant.clone(), key_hash, fingerprint }
}

/// Make a session once, and answer its id each time.
fn create_once(tx: &mut Tx, request: &IdempotentRequest) -> Result<Answer, StoreError> {
    match tx.recall(request)? {
        Recall::Done(answer) => Ok(answer),
        Recall::Different => Err(StoreError::Misuse("another body".into())),
        Recall::New => {
            let session = session(&request.tenant);
            tx.insert_session(&session)?;
            let answer = Answer { status: 201, response: session.id.to_string() };
            tx.remember(request, &answer, NOW)?;
            Ok(answer)
        }
    }
}

async fn recall(store: &Store, request: &IdempotentRequest) -> Recall {
    let request = request.clone();
    store.read(move |tx| tx.recall(&request)).await.unwrap()
}

both_engines! {
    async fn a_key_belongs_to_one_body_of_one_partner(store) {
        let tenant = partner(store).await;
        let ours = request(&tenant, 1, 1);
        assert_eq!(recall(store, &ours).await, Recall::New);
        let first = ours.clone();
        let answer = store.write(move |tx| create_once(tx, &first)).await.unwrap();
        assert_eq!(recall(store, &ours).await, Recall::Done(answer));
        assert_eq!(recall(store, &request(&tenant, 1, 2)).await, Recall::Different);
        assert_eq!(recall(store, &request(&tenant, 2, 1)).await, Recall::New);
        for stranger in strangers(store, &tenant).await {
            assert_eq!(recall(store, &request(&stranger, 1, 1)).await, Recall::New);
        }
    }

    async fn a_rollback_frees_the_key(store) {
        let tenant = partner(store).await;
        let ours = request(&tenant, 1, 1);
        let first = ours.clone();
        let undone = store.write(move |tx| {
            create_once(tx, &first)?;
            Err::<(), _>(StoreError::Misuse("changed my mind".into()))
        });
        assert!(undone.await.is_err());
        assert_eq!(recall(store, &ours).await, Recall::New);
        store.write(move |tx| create_once(tx, &ours)).await.unwrap();
        assert_eq!(count(store, SESSIONS).await, 1);
    }

    async fn twins_have_one_effect_and_one_answer(store) {
        let tenant = partner(store).await;
        let twins = (0..16).map(|_| {
            let (store, request) = ((**store).clone(), request(&tenant, 1, 1));
            tokio::spawn(async move { store.write(move |tx| create_once(tx, &request)).await })
        });
        let twins: Vec<_> = twins.collect();
        let mut answers = Vec::new();
        for twin in twins {
            answers.push(twin.await.unwrap().unwrap());
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        assert_eq!((count(store, SESSIONS).await, count(store, KEYS).await), (1, 1));
    }

    async fn old_keys_are_forgotten_in_steps(store) {
        let tenant = partner(store).await;
        let answer = Answer { status: 201, response: "{}".into() };
        for key in 0..7 {
            let (request, answer) = (request(&tenant, key, 1), answer.clone());
            let at = NOW.plus_ms(i64::from(key));
            store.write(move |tx| tx.remember(&request, &answer, at)).await.unwrap();
        }
        let before = NOW.plus_ms(5);
        let old = || async { store.read(move |tx| tx.any_idempotency_key_before(before)).await.unwrap() };
        let purge = || async {
            store.write(move |tx| tx.purge_idempotency_keys(before, 3)).await.unwrap()
        };
        assert!(old().await);
        assert_eq!((purge().await, purge().await, purge().await), (3, 2, 0));
        assert!(!old().await);
        assert_eq!(recall(store, &request(&tenant, 4, 1)).await, Recall::New);
        assert_eq!(recall(store, &request(&tenant, 5, 1)).await, Recall::Done(answer));
    }
}
