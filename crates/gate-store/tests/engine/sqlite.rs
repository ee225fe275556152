//! What only SQLite has: one writer, shared commits, one process per file.

use gate_store::{Sql, Store, StoreError, StoreOptions, Tx, sql, testing::TestPlace};

use crate::{Hand, NOTE, notes, set_up, started};

#[test]
fn a_group_shares_one_commit() {
    let place = TestPlace::sqlite();
    gate_store::testing::block_on(async {
        let store = place.bare();
        set_up(&store).await;
        let hand = Hand::on(&store, |_| Ok(())).await;
        let write = |id: i64| store.write(move |tx| tx.execute(NOTE, &[&format!("{id:03}")]));
        let all: Vec<_> = (0..256).map(|id| started(write(id))).collect();
        let before = store.stats();
        hand.release().await.unwrap();
        for one in all {
            one.await.unwrap();
        }
        let after = store.stats();
        assert_eq!(after.commits - before.commits, 2, "256 closures share the first");
        assert_eq!(after.writes - before.writes, 257);
        assert_eq!(notes(&store).await.len(), 256);
    });
}

/// Some errors make SQLite undo the whole transaction, and so the neighbours' work with it.
#[test]
fn a_lost_group_hurts_only_the_one_who_lost_it() {
    const LOSE_ALL: Sql = sql("insert or rollback into note (id) values ($1)");
    let place = TestPlace::sqlite();
    gate_store::testing::block_on(async {
        let store = place.bare();
        set_up(&store).await;
        store.write(|tx| tx.execute(NOTE, &[&"taken"])).await.unwrap();
        let hand = Hand::on(&store, |_| Ok(())).await;
        let write = |id: String| started(store.write(move |tx| tx.execute(NOTE, &[&id])));
        let before: Vec<_> = (0..10).map(|id| write(format!("before {id}"))).collect();
        let loser = started(store.write(|tx| tx.execute(LOSE_ALL, &[&"taken"])));
        let after: Vec<_> = (0..10).map(|id| write(format!("later {id}"))).collect();
        hand.release().await.unwrap();
        let lost = loser.await.unwrap_err();
        assert!(matches!(lost, StoreError::Unique { .. }), "{lost:?}");
        for neighbour in before.into_iter().chain(after) {
            assert_eq!(neighbour.await.unwrap(), 1);
        }
        assert_eq!(notes(&store).await.len(), 21);
    });
}

#[test]
fn a_full_disk_is_said_and_survived() {
    const BIG: Sql = sql("insert into note (id, bytes) values ($1, $2)");
    let place = TestPlace::sqlite();
    gate_store::testing::block_on(async {
        let store = place.bare();
        set_up(&store).await;
        // A limit on pages stands for the end of the disk.
        store.write(|tx| tx.batch("pragma max_page_count = 20")).await.unwrap();
        let hand = Hand::on(&store, |_| Ok(())).await;
        let big = vec![7u8; 200_000];
        let small = started(store.write(|tx| tx.execute(NOTE, &[&"small"])));
        let large = started(store.write(move |tx| tx.execute(BIG, &[&"large", &big])));
        let other = started(store.write(|tx| tx.execute(NOTE, &[&"other"])));
        hand.release().await.unwrap();
        let error = large.await.unwrap_err();
        assert!(matches!(error, StoreError::Full(_)), "{error:?}");
        small.await.unwrap();
        other.await.unwrap();
        assert_eq!(notes(&store).await, ["other", "small"]);
    });
}

/// A constraint that is checked at commit fails the group's commit; only its closure pays.
#[test]
fn a_constraint_checked_late_hurts_only_its_closure() {
    const CHILD: Sql = sql("insert into child (id, parent) values ($1, $2)");
    let place = TestPlace::sqlite();
    gate_store::testing::block_on(async {
        let store = place.bare();
        set_up(&store).await;
        let child = "create table child (id bigint not null primary key, parent bigint not null
            references account (id) deferrable initially deferred)";
        store.write(move |tx| tx.batch(child)).await.unwrap();
        let hand = Hand::on(&store, |_| Ok(())).await;
        let good = started(store.write(|tx| tx.execute(NOTE, &[&"good"])));
        let orphan = started(store.write(|tx| tx.execute(CHILD, &[&1i64, &404i64])));
        let own = started(store.write(|tx| {
            tx.execute(NOTE, &[&"undone"])?;
            Err::<(), _>(StoreError::Unavailable("mine".to_owned()))
        }));
        hand.release().await.unwrap();
        let error = orphan.await.unwrap_err();
        assert!(matches!(error, StoreError::Other(_)), "{error:?}");
        assert!(matches!(own.await, Err(StoreError::Unavailable(why)) if why == "mine"));
        good.await.unwrap();
        assert_eq!(notes(&store).await, ["good"]);
    });
}

#[test]
fn a_second_store_on_the_file_is_refused() {
    let place = TestPlace::sqlite();
    let store = place.bare();
    let second = Store::open(place.options()).map(drop).unwrap_err();
    assert!(matches!(second, StoreError::InUse(_)), "{second:?}");
    let told = second.to_string();
    assert!(told.contains("already open") && told.contains("Stop that one first"), "{told}");

    let link = place.path().with_file_name("link.db");
    std::os::unix::fs::symlink(place.path(), &link).unwrap();
    let second = Store::open(StoreOptions::sqlite(link)).map(drop).unwrap_err();
    assert!(matches!(second, StoreError::InUse(_)), "through a link: {second:?}");

    drop(store);
    drop(place.bare());
}

#[test]
fn closing_leaves_no_log_and_a_private_file() {
    let place = TestPlace::sqlite();
    let store = place.bare();
    store.write_blocking(|tx| tx.batch(crate::SCRATCH)).unwrap();
    let path = place.path();
    let log = path.with_file_name("gate.db-wal");
    assert!(log.metadata().unwrap().len() > 0, "it keeps a write-ahead log");
    store.close_blocking();
    assert!(!log.exists(), "the log is folded into the file");
    let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
    assert_eq!(mode & 0o077, 0, "nobody else reads it");
}

#[test]
fn every_commit_is_flushed_and_keys_are_checked() {
    let place = TestPlace::sqlite();
    let store = place.bare();
    let pragma = |statement: &'static str| {
        let read = move |tx: &mut Tx| tx.query_one(sql(statement), &[], |row| row.get::<i64>(0));
        store.write_blocking(read).unwrap()
    };
    assert_eq!(pragma("pragma synchronous"), 2, "full");
    assert_eq!(pragma("pragma foreign_keys"), 1);
    assert_eq!(pragma("pragma wal_autocheckpoint"), 0);
    assert_eq!(pragma("pragma busy_timeout"), 5000);
    let mode = store.write_blocking(|tx| {
        tx.query_one(sql("pragma journal_mode"), &[], |row| row.get::<String>(0))
    });
    assert_eq!(mode.unwrap(), "wal");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let place = TestPlace::sqlite();
    std::fs::write(place.path(), "not a database, but long enough to be looked at".repeat(9))
        .unwrap();
    let error = Store::open(place.options()).map(drop).unwrap_err();
    assert!(matches!(error, StoreError::Other(_)), "{error:?}");
    let nowhere = place.path().join("below/a/file.db");
    let error = Store::open(StoreOptions::sqlite(nowhere)).map(drop).unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}
