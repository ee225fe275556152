//! Mails as they rest: kept, or due until they end once.

use gate_domain::ids::{MailId, Mode, SessionId, Tenant};
use gate_domain::time::Millis;
use gate_store::testing::{TestPlace, block_on};
use gate_store::{ClaimedMail, MailEnd, NewMail, Sql, Store, StoreError, Tx, both_engines, sql};

use crate::{NOW, partner, seed};

/// What the sandbox's mailbox held before mails were sent.
const BEFORE: Sql = sql("insert into mails
    (partner_id, mode, id, email_hash, mail_sealed, created_at) values ($1, 'test', $2, $3, $3, $4)");

fn new(tenant: &Tenant, good_until: Option<Millis>) -> NewMail {
    NewMail {
        tenant: tenant.clone(),
        session_id: SessionId::new(tenant.mode, seed()),
        id: MailId::new(tenant.mode, seed()),
        email_hash: b"jane".to_vec(),
        mail_sealed: b"sealed".to_vec(),
        good_until,
    }
}

async fn insert(store: &Store, new: &NewMail) -> Result<(), StoreError> {
    let new = new.clone();
    store.write(move |tx| tx.insert_mail(&new, NOW)).await
}

async fn write_as_before(store: &Store, tenant: Tenant, id: MailId) -> u64 {
    let written = store.write(move |tx| {
        let sealed = b"sealed".as_slice();
        tx.execute(BEFORE, &[&tenant.partner.as_str(), &id.as_str(), &sealed, &NOW.0])
    });
    written.await.unwrap()
}

async fn live(store: &Store) -> Tenant {
    Tenant { mode: Mode::Live, ..partner(store).await }
}

async fn claim(store: &Store, token: &'static str, after_ms: i64) -> Vec<ClaimedMail> {
    let now = NOW.plus_ms(after_ms);
    store.write(move |tx| tx.claim_mails(now, now.plus_ms(100), token, 10)).await.unwrap()
}

async fn counts(store: &Store, mode: Mode) -> Vec<(String, i64)> {
    store.read(move |tx| tx.count_mails(mode)).await.unwrap().into_iter().collect()
}

both_engines! {
    async fn what_is_kept_is_listed_and_never_due(store) {
        let tenant = partner(store).await;
        let kept = new(&tenant, None);
        insert(store, &kept).await.unwrap();
        assert!(claim(store, "one", 1_000_000).await.is_empty());
        let (owner, id) = (tenant.clone(), kept.id.clone());
        let rows = store.read(move |tx| tx.list_mails(&owner, None, None, 10)).await.unwrap();
        assert_eq!(rows.iter().map(|row| &row.id).collect::<Vec<_>>(), [&id]);
        assert_eq!(counts(store, Mode::Test).await, [("kept".to_owned(), 1)]);
        // Nor can one of the sandbox be made due.
        insert(store, &new(&tenant, Some(NOW))).await.unwrap_err();
    }

    async fn a_mail_is_leased_put_off_and_ended_once(store) {
        let tenant = live(store).await;
        let waits = new(&tenant, Some(NOW.plus_ms(600)));
        insert(store, &waits).await.unwrap();
        let waiting = || store.read(Tx::find_oldest_waiting_mail);
        assert_eq!(waiting().await.unwrap(), Some(NOW));
        let first = claim(store, "one", 0).await.remove(0);
        assert_eq!((first.attempts, first.good_until), (0, NOW.plus_ms(600)));
        assert_eq!(first.due.as_ref().unwrap().mail_sealed, b"sealed");
        assert!(claim(store, "two", 99).await.is_empty(), "it is leased");
        let second = claim(store, "two", 100).await.remove(0);
        assert_eq!(second.attempts, 1);

        let put_off = async |claim: &ClaimedMail| {
            let claim = claim.clone();
            store.write(move |tx| tx.put_off_mail(&claim, NOW.plus_ms(300))).await.unwrap()
        };
        let end = async |claim: &ClaimedMail, end: MailEnd| {
            let claim = claim.clone();
            store.write(move |tx| tx.end_mail(&claim, end)).await.unwrap()
        };
        assert!(!put_off(&first).await && !end(&first, MailEnd::GivenUp).await, "its lease is lost");
        assert!(put_off(&second).await);
        assert!(!end(&second, MailEnd::GivenUp).await, "it holds nothing any more");
        assert!(claim(store, "three", 299).await.is_empty());
        let third = claim(store, "three", 300).await.remove(0);
        assert!(end(&third, MailEnd::Sent).await);
        assert!(!end(&third, MailEnd::GivenUp).await, "once");
        assert_eq!(counts(store, Mode::Live).await, [("sent".to_owned(), 1)]);
        assert_eq!(waiting().await.unwrap(), None);
        let rows = store.read(move |tx| tx.list_mails(&tenant, None, None, 10)).await.unwrap();
        assert_eq!(rows, [], "what it said is gone");
    }

    async fn what_still_waits_of_a_session_is_forgotten(store) {
        let tenant = live(store).await;
        let [leased, waits, other] = [(); 3].map(|()| new(&tenant, Some(NOW.plus_ms(600))));
        let session = leased.session_id.clone();
        insert(store, &leased).await.unwrap();
        let lease = claim(store, "one", 0).await.remove(0);
        insert(store, &NewMail { session_id: session.clone(), ..waits }).await.unwrap();
        insert(store, &other).await.unwrap();
        let elsewhere = Tenant { mode: Mode::Test, ..tenant.clone() };
        let kept = NewMail { session_id: session.clone(), ..new(&elsewhere, None) };
        insert(store, &kept).await.unwrap();

        let remove = async |tenant: &Tenant| {
            let (tenant, session) = (tenant.clone(), session.clone());
            store.write(move |tx| tx.remove_waiting_mails(&tenant, &session)).await.unwrap();
        };
        remove(&elsewhere).await;
        assert_eq!(counts(store, Mode::Test).await, [("kept".to_owned(), 1)], "it is not sent");
        assert_eq!(counts(store, Mode::Live).await, [("waiting".to_owned(), 3)]);
        remove(&tenant).await;
        let left = claim(store, "two", 1_000).await;
        let left: Vec<_> = left.into_iter().map(|claim| claim.id).collect();
        assert_eq!(left, [other.id.as_str()], "of another session");
        let recorded = store.write(move |tx| tx.put_off_mail(&lease, NOW.plus_ms(300))).await;
        assert!(!recorded.unwrap(), "its lease is lost");
    }

    async fn what_was_in_the_mailbox_before_is_still_there(place: TestPlace) {
        let old = place.open(place.options().up_to(14)).unwrap();
        let tenant = partner(&old).await;
        let id = MailId::new(Mode::Test, seed());
        let (owner, mail) = (tenant.clone(), id.clone());
        assert_eq!(write_as_before(&old, owner, mail).await, 1);
        old.close().await;
        let store = place.open(place.options()).unwrap();
        let found = store.read(move |tx| tx.list_mails(&tenant, None, None, 10)).await.unwrap();
        assert_eq!((found.len(), &found[0].id, found[0].created_at), (1, &id, NOW));
        assert_eq!(counts(&store, Mode::Test).await, [("kept".to_owned(), 1)]);
        assert!(claim(&store, "one", 0).await.is_empty());
    }
}

/// While nodes are replaced one by one, those of before write to what is new.
#[test]
fn a_process_of_before_still_writes_to_the_mailbox_beside_this_one() {
    let place = TestPlace::postgres();
    block_on(async {
        let store = place.open(place.options()).unwrap();
        let tenant = partner(&store).await;
        let id = MailId::new(Mode::Test, seed());
        assert_eq!(write_as_before(&store, tenant.clone(), id.clone()).await, 1);
        assert_eq!(counts(&store, Mode::Test).await, [("kept".to_owned(), 1)]);
        let found = store.read(move |tx| tx.list_mails(&tenant, None, None, 10)).await.unwrap();
        assert_eq!(found.iter().map(|row| &row.id).collect::<Vec<_>>(), [&id]);
        assert!(claim(&store, "one", 1_000_000).await.is_empty());
    });
}
