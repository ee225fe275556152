//! Users, what is forgotten of them, and what stays.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use gate_domain::ids::{
    IdentityCheckId, Mode, ScreeningId, SessionId, Tenant, TransactionId, UserId,
};
use gate_domain::session::IdentityLevel;
use gate_store::testing::{TestPlace, block_on};
use gate_store::{
    CheckEnd, NewIdentityCheck, OperatorAction, Recorded, RejectedChecks, Spend, Sql, Store,
    StoreError, Tx, both_engines, sql,
};

use crate::{NOW, partner, seed, session};

const TAMPER: [Sql; 2] =
    [sql("update user_actions set reason = 'another one'"), sql("delete from user_actions")];
/// Somebody who was approved, and somebody who was not.
const BEFORE: Sql = sql("insert into users (mode, id, person_hash, created_at)
    values ('test', 'usr_1', $1, 1), ('test', 'usr_2', null, 1)");
const SHOW: Sql = sql("select status,
        cast(case when submission_sealed is null then 0 else 1 end as bigint),
        cast(case when due_at is null then 0 else 1 end as bigint)
    from identity_checks where id = $1");

async fn user(store: &Store) -> UserId {
    let id = UserId::new(Mode::Test, seed());
    let new = id.clone();
    store.write(move |tx| tx.insert_user(Mode::Test, &new, None, NOW)).await.unwrap();
    id
}

/// A check of a user, in a session that nobody has written down.
async fn check(store: &Store, tenant: &Tenant, user: &UserId, held: bool) -> IdentityCheckId {
    let screening = ScreeningId::new(tenant.mode, seed());
    check_of(store, tenant, user, (&session(tenant).id, &screening), held).await
}

/// The same in this session, about a name that came up there.
async fn check_of(
    store: &Store,
    tenant: &Tenant,
    user: &UserId,
    (session, screening): (&SessionId, &ScreeningId),
    held: bool,
) -> IdentityCheckId {
    let id = IdentityCheckId::new(tenant.mode, seed());
    let new = NewIdentityCheck {
        tenant: tenant.clone(),
        id: id.clone(),
        session_id: session.clone(),
        user_id: user.clone(),
        level: IdentityLevel::Basic,
        submission_sealed: b"sealed".to_vec(),
        screening: Some(screening.clone()),
        held,
    };
    store.write(move |tx| tx.insert_identity_check(&new, NOW)).await.unwrap();
    id
}

/// Its status, whether what was given is still there, and whether somebody is to be asked.
async fn shown(store: &Store, id: &IdentityCheckId) -> (String, i64, i64) {
    let id = id.clone();
    let read = move |tx: &mut Tx| {
        tx.query_one(SHOW, &[&id.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    };
    store.read(read).await.unwrap()
}

fn is(status: &str, given: i64, due: i64) -> (String, i64, i64) {
    (status.into(), given, due)
}

async fn save_hashes(store: &Store, id: &UserId, hashes: Vec<Vec<u8>>) {
    let id = id.clone();
    let save = move |tx: &mut Tx| {
        let user = tx.lock_user(Mode::Test, &id)?.unwrap();
        tx.save_person_hashes(&user, &hashes)
    };
    store.write(save).await.unwrap();
}

/// Users and whom they were approved as.
async fn hashes(store: &Store) -> Vec<String> {
    let list = sql("select user_id, person_hash from person_hashes order by user_id, person_hash");
    let read = move |tx: &mut Tx| {
        tx.query(list, &[], |row| {
            let (user, hash): (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
            Ok(format!("{user} {}", String::from_utf8_lossy(&hash)))
        })
    };
    store.read(read).await.unwrap()
}

async fn erase(store: &Store, id: &UserId) {
    let id = id.clone();
    let erase = move |tx: &mut Tx| {
        let user = tx.lock_user(Mode::Test, &id)?.unwrap();
        tx.erase_user(user, NOW).map(drop)
    };
    store.write(erase).await.unwrap();
}

both_engines! {
    async fn the_database_refuses_to_change_what_operators_did(store) {
        let id = user(store).await;
        let (mode, who) = (Mode::Test, id.clone());
        let action = OperatorAction {
            action: "reveal".into(),
            outcome: "revealed".into(),
            reason: "ticket 91".into(),
            actor: "ada".into(),
            created_at: NOW,
        };
        let written = action.clone();
        store
            .write(move |tx| {
                let user = tx.lock_user(mode, &who)?.unwrap();
                tx.insert_user_action(&user, &written)
            })
            .await
            .unwrap();
        for damage in TAMPER {
            let refused = store.write(move |tx| tx.execute(damage, &[])).await.unwrap_err();
            let why = format!("{refused:?}");
            assert!(why.contains("user_actions is append-only"), "{why}");
        }
        let (mode, who) = (Mode::Test, id.clone());
        let actions = store.read(move |tx| tx.list_user_actions(mode, &who)).await.unwrap();
        assert_eq!(actions, [action]);
        // Whoever is forgotten is not forgotten here.
        erase(store, &id).await;
        let actions = store.read(move |tx| tx.list_user_actions(mode, &id)).await.unwrap();
        assert_eq!(actions.len(), 1);
    }

    async fn what_a_user_gave_goes_with_them_whoever_waits_for_it(store) {
        let tenant = partner(store).await;
        let (gone, stays) = (user(store).await, user(store).await);
        let pending = check(store, &tenant, &gone, false).await;
        let held = check(store, &tenant, &gone, true).await;
        let other = check(store, &tenant, &stays, false).await;
        erase(store, &gone).await;
        for id in [&pending, &held] {
            assert_eq!(shown(store, id).await, is("dropped", 0, 0));
        }
        assert_eq!(shown(store, &other).await, is("pending", 1, 1));
    }

    async fn what_was_never_counted_cannot_be_counted_again(store) {
        let (tenant, id) = (partner(store).await, user(store).await);
        let [counted, never] = [(); 2].map(|()| TransactionId::new(Mode::Test, seed()));
        let spend = Spend {
            partner: tenant.partner.clone(),
            transaction: counted.clone(),
            units: 100,
            spent_at: NOW,
        };
        let save = async |transaction: &TransactionId| {
            let (id, transaction) = (id.clone(), transaction.clone());
            let save = move |tx: &mut Tx| {
                let user = tx.lock_user(Mode::Test, &id)?.unwrap();
                tx.save_spend(&user, &transaction, 70, NOW)
            };
            store.write(save).await
        };
        let who = id.clone();
        let count = move |tx: &mut Tx| {
            let user = tx.lock_user(Mode::Test, &who)?.unwrap();
            tx.insert_spend(&user, &spend)
        };
        store.write(count).await.unwrap();
        save(&counted).await.unwrap();
        let refused = save(&never).await;
        let Err(StoreError::Corrupt { table: "user_spends", id: found, .. }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(found, never.to_string());
        let sums = store.read(move |tx| tx.sum_spends(Mode::Test, &id, NOW)).await.unwrap();
        assert_eq!(sums, (70, 70));
    }

    async fn whoever_has_one_thing_in_common_with_somebody_is_them(store) {
        let [one, between, other, nobody] =
            [user(store).await, user(store).await, user(store).await, user(store).await];
        for (id, hashes) in [(&one, &["name"][..]), (&between, &["new name", "name"]), (&other, &["new name"])] {
            let hashes: Vec<_> = hashes.iter().map(|hash| hash.as_bytes().to_vec()).collect();
            save_hashes(store, id, hashes).await;
        }
        // What was saved stays.
        save_hashes(store, &between, vec![b"third name".to_vec()]).await;
        let tenant = partner(store).await;
        let spend = Spend {
            partner: tenant.partner.clone(),
            transaction: TransactionId::new(Mode::Test, seed()),
            units: 100,
            spent_at: NOW,
        };
        let who = one.clone();
        let count = move |tx: &mut Tx| {
            let user = tx.lock_same_person(Mode::Test, &who)?.unwrap();
            assert_eq!(user.id, who);
            tx.insert_spend(&user, &spend)
        };
        store.write(count).await.unwrap();
        for (id, units) in [(one, 100), (between, 100), (other, 100), (nobody, 0)] {
            let sums = store.read(move |tx| tx.sum_spends(Mode::Test, &id, NOW)).await.unwrap();
            assert_eq!(sums, (units, units));
        }
        let missing = UserId::new(Mode::Test, seed());
        let locked = move |tx: &mut Tx| tx.lock_same_person(Mode::Test, &missing).map(|it| it.is_some());
        assert!(!store.write(locked).await.unwrap());
    }

    async fn whom_users_were_approved_as_before_is_kept(place: TestPlace) {
        let old = place.open(place.options().up_to(20)).unwrap();
        old.write(|tx| tx.execute(BEFORE, &[&b"jane".to_vec()])).await.unwrap();
        old.close().await;
        let store = place.open(place.options()).unwrap();
        assert_eq!(hashes(&store).await, ["usr_1 jane"]);
    }

    async fn what_is_let_go_is_asked_about_once(store) {
        let tenant = partner(store).await;
        let who = user(store).await;
        let held = check(store, &tenant, &who, true).await;
        assert_eq!(shown(store, &held).await, is("held", 1, 0));
        for _ in 0..2 {
            let (tenant, id) = (tenant.clone(), held.clone());
            let release = move |tx: &mut Tx| tx.release_held_check(&tenant, &id, NOW.plus_ms(7));
            store.write(release).await.unwrap();
            assert_eq!(shown(store, &held).await, is("pending", 1, 1));
        }
    }

    async fn what_is_kept_rejects_its_checks_wherever_they_stood(store) {
        let tenant = partner(store).await;
        let session = session(&tenant).id;
        let [who, other] = [user(store).await, user(store).await];
        let [kept, another] = [(); 2].map(|()| ScreeningId::new(tenant.mode, seed()));
        let of = (&session, &kept);
        let held = check_of(store, &tenant, &who, of, true).await;
        let [pending, dropped, approved] = [
            check_of(store, &tenant, &who, of, false).await,
            check_of(store, &tenant, &who, of, false).await,
            check_of(store, &tenant, &other, of, false).await,
        ];
        let stays = check_of(store, &tenant, &who, (&session, &another), false).await;
        let claim = |tx: &mut Tx| tx.claim_identity_checks(NOW, NOW.plus_ms(9), "lease", 10);
        let claims = store.write(claim).await.unwrap().checks;
        let claimed = |id: &IdentityCheckId| {
            claims.iter().find(|claim| claim.id == *id).expect("it was due").clone()
        };
        let answer = async |id: &IdentityCheckId| {
            let claim = claimed(id);
            let end = move |tx: &mut Tx| tx.end_identity_check(&claim, CheckEnd::Approved, NOW);
            store.write(end).await.unwrap()
        };
        assert_eq!(answer(&approved).await, Recorded::InTime);
        let id = dropped.clone();
        let drop = sql("update identity_checks set status = 'dropped' where id = $1");
        store.write(move |tx| tx.execute(drop, &[&id.as_str()])).await.unwrap();

        let (whose, id) = (tenant.clone(), kept.clone());
        let keep = move |tx: &mut Tx| tx.reject_checks_of(&whose, &session, &id, NOW);
        let rejected = store.write(keep).await.unwrap();
        assert_eq!(rejected, RejectedChecks { waited_for: true, approved: vec![other] });
        for id in [&held, &pending, &dropped, &approved] {
            assert_eq!(shown(store, id).await, is("rejected", 0, 0));
        }
        for id in [&pending, &dropped] {
            assert_eq!(answer(id).await, Recorded::LeaseLost, "nobody hears of it any more");
        }
        assert_eq!(shown(store, &stays).await, is("pending", 1, 1), "that was about another name");
    }
}

/// PostgreSQL: SQLite has one process, which is the newest.
#[test]
fn what_a_process_of_the_version_before_saves_is_kept_too() {
    let place = TestPlace::postgres();
    let store = place.open(place.options()).unwrap();
    block_on(async {
        let id = user(&store).await;
        for name in [b"jane", b"joan"] {
            let id = id.clone();
            let old = sql("update users set person_hash = $2 where id = $1");
            let save = move |tx: &mut Tx| tx.execute(old, &[&id.as_str(), &name.to_vec()]);
            store.write(save).await.unwrap();
        }
        assert_eq!(hashes(&store).await, [format!("{id} jane"), format!("{id} joan")]);
    });
}

/// Tell that something is held, and hold it until somebody says so.
struct Hand {
    there: Mutex<Sender<()>>,
    go: Mutex<Receiver<()>>,
}

impl Hand {
    fn new() -> (Self, Receiver<()>, Sender<()>) {
        let ((there, is_there), (say, go)) = (channel(), channel());
        (Self { there: Mutex::new(there), go: Mutex::new(go) }, is_there, say)
    }

    fn hold(&self) {
        self.there.lock().unwrap().send(()).unwrap();
        let _ = self.go.lock().unwrap().recv();
    }
}

/// PostgreSQL, as three processes: SQLite has a single writer.
#[test]
fn whoever_turns_out_to_be_somebody_known_is_locked_together_with_them() {
    let place = TestPlace::postgres();
    let open = || place.open(place.options()).unwrap();
    let (first, second, third) = (open(), open(), open());
    block_on(async {
        let (known, new) = (user(&first).await, user(&first).await);
        let who = known.clone();
        let saved = first.write(move |tx| {
            let user = tx.lock_user(Mode::Test, &who)?.unwrap();
            tx.save_person_hashes(&user, &[b"jane".to_vec()])
        });
        saved.await.unwrap();

        let (hand, is_there, approve) = Hand::new();
        let (store, who) = ((*first).clone(), new.clone());
        let approves = tokio::spawn(async move {
            let approve = move |tx: &mut Tx| {
                let user = tx.lock_user(Mode::Test, &who)?.unwrap();
                tx.save_person_hashes(&user, &[b"jane".to_vec()])?;
                hand.hold();
                Ok::<_, StoreError>(())
            };
            store.write(approve).await
        });
        is_there.recv().unwrap();
        let (hand, is_there, pay) = Hand::new();
        let store = (*second).clone();
        let pays = tokio::spawn(async move {
            let pay = move |tx: &mut Tx| {
                tx.lock_user(Mode::Test, &known)?.unwrap();
                hand.hold();
                Ok::<_, StoreError>(())
            };
            store.write(pay).await
        });
        is_there.recv().unwrap();
        let store = (*third).clone();
        let waits = tokio::spawn(async move {
            store
                .write(move |tx| tx.lock_same_person(Mode::Test, &new).map(|it| it.is_some()))
                .await
        });
        let a_while = || tokio::time::sleep(Duration::from_millis(300));
        a_while().await;
        assert!(!waits.is_finished(), "somebody approves them");
        approve.send(()).unwrap();
        approves.await.unwrap().unwrap();
        a_while().await;
        assert!(!waits.is_finished(), "they are somebody who pays just now");
        pay.send(()).unwrap();
        pays.await.unwrap().unwrap();
        assert!(waits.await.unwrap().unwrap());
    });
}
