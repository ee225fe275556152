//! Row locks, with a hand on the first of two transactions: the second shows that it was kept
//! out by coming round again, and that it got in by ending.

use std::sync::{
    Mutex,
    mpsc::{Sender, channel},
};

use gate_store::{Sql, Store, StoreError, Tx, both_engines, sql, testing::TestPlace};

use crate::{AMOUNT, Hand, OPEN, SET, amount, set_up};

const LOCKED: Sql = AMOUNT.for_update();
const DUE: Sql = sql("select id from job where state = 0 order by id limit $1");
const CLAIM: Sql = DUE.skip_locked();
const TAKE: Sql = sql("update job set state = 1 where id = $1");
const JOB: Sql = sql("insert into job (id, state) values ($1, 0)");

/// Read and add one, having read with this statement.
fn add_one(tx: &mut Tx, read: Sql) -> Result<i64, StoreError> {
    let amount: i64 = tx.query_one(read, &[&1i64], |row| row.get(0))?;
    tx.execute(SET, &[&1i64, &(amount + 1)])?;
    Ok(amount + 1)
}

/// Add one, telling of each try before it reads.
fn telling(tell: Sender<()>, read: Sql) -> impl Fn(&mut Tx) -> Result<i64, StoreError> {
    let tell = Mutex::new(tell);
    move |tx| {
        let _ = tell.lock().unwrap().send(());
        add_one(tx, read)
    }
}

async fn claim(store: &Store, statement: Sql, limit: i64) -> Vec<i64> {
    let closure = move |tx: &mut Tx| {
        let ids = tx.query(statement, &[&limit], |row| row.get(0))?;
        ids.iter().try_for_each(|id: &i64| tx.execute(TAKE, &[id]).map(drop))?;
        Ok::<_, StoreError>(ids)
    };
    store.write(closure).await.unwrap()
}

both_engines! {
    async fn sixty_four_additions_make_sixty_four(place: TestPlace) {
        let store = place.bare();
        set_up(&store).await;
        store.write(|tx| tx.execute(OPEN, &[&1i64])).await.unwrap();
        let hand = Hand::on(&store, |_| Ok(())).await;
        let all: Vec<_> = (0..64)
            .map(|_| crate::started(store.write(|tx| add_one(tx, LOCKED))))
            .collect();
        hand.release().await.unwrap();
        for one in all {
            one.await.unwrap();
        }
        assert_eq!(store.read(|tx| amount(tx, 1)).await.unwrap(), 64);
    }

    async fn claims_are_distinct_and_complete(place: TestPlace) {
        let store = place.bare();
        set_up(&store).await;
        let fill = |tx: &mut Tx| (0..200i64).try_for_each(|id| tx.execute(JOB, &[&id]).map(drop));
        store.write(fill).await.unwrap();
        let claimers: Vec<_> = (0..8)
            .map(|_| {
                let store = (*store).clone();
                tokio::spawn(async move {
                    let mut mine = Vec::new();
                    loop {
                        let some = claim(&store, CLAIM, 7).await;
                        if some.is_empty() {
                            return mine;
                        }
                        mine.extend(some);
                    }
                })
            })
            .collect();
        let mut claimed = Vec::new();
        for claimer in claimers {
            claimed.extend(claimer.await.unwrap());
        }
        claimed.sort_unstable();
        assert!(claimed.into_iter().eq(0..200));
    }

    async fn opposite_orders_all_get_through(place: TestPlace) {
        let store = place.bare();
        set_up(&store).await;
        store.write(|tx| tx.execute(OPEN, &[&0i64])).await.unwrap();
        store.write(|tx| tx.execute(OPEN, &[&1i64])).await.unwrap();
        let hand = Hand::on(&store, |_| Ok(())).await;
        let all: Vec<_> = (0..40i64)
            .map(|number| {
                crate::started(store.write(move |tx| {
                    for id in [number % 2, (number + 1) % 2] {
                        let amount: i64 = tx.query_one(LOCKED, &[&id], |row| row.get(0))?;
                        tx.execute(SET, &[&id, &(amount + 1)])?;
                    }
                    Ok::<_, StoreError>(())
                }))
            })
            .collect();
        hand.release().await.unwrap();
        for one in all {
            one.await.unwrap();
        }
        let both = store.read(|tx| Ok::<_, StoreError>((amount(tx, 0)?, amount(tx, 1)?))).await;
        assert_eq!(both.unwrap(), (40, 40));
    }
}

#[test]
fn a_locked_row_keeps_the_second_out() {
    let place = TestPlace::postgres();
    gate_store::testing::block_on(async {
        let (store, other) = (place.bare(), place.bare()); // as two processes
        set_up(&store).await;
        store.write(|tx| tx.execute(OPEN, &[&1i64])).await.unwrap();
        let first = Hand::on(&store, |tx| add_one(tx, LOCKED).map(drop)).await;

        let (tell, told) = channel();
        let second = crate::started(other.write(telling(tell, LOCKED)));
        told.recv().unwrap();
        told.recv().unwrap(); // it came round again: the lock kept it out
        assert_eq!(store.read(|tx| amount(tx, 1)).await.unwrap(), 0, "nothing is committed yet");

        first.release().await.unwrap();
        assert_eq!(second.await.unwrap(), 2, "the second read what the first wrote");
    });
}

/// The negative control: without the lock the second reads at once, and an addition is lost.
#[test]
fn without_the_lock_an_addition_is_lost() {
    let place = TestPlace::postgres();
    gate_store::testing::block_on(async {
        let (store, other) = (place.bare(), place.bare()); // as two processes
        set_up(&store).await;
        store.write(|tx| tx.execute(OPEN, &[&1i64])).await.unwrap();
        let (tell, told) = channel();
        let tell = Mutex::new(tell);
        let first = Hand::on(&store, move |tx| {
            let read = amount(tx, 1)?;
            tell.lock().unwrap().send(read).unwrap();
            Ok(())
        })
        .await;
        assert_eq!(told.recv().unwrap(), 0);
        assert_eq!(other.write(|tx| add_one(tx, AMOUNT)).await.unwrap(), 1, "nobody kept it out");
        first.release().await.unwrap();
    });
}

#[test]
fn a_claim_passes_over_what_somebody_holds() {
    let place = TestPlace::postgres();
    gate_store::testing::block_on(async {
        let (store, other) = (place.bare(), place.bare()); // as two processes
        set_up(&store).await;
        let fill = |tx: &mut Tx| (0..4i64).try_for_each(|id| tx.execute(JOB, &[&id]).map(drop));
        store.write(fill).await.unwrap();
        let first = Hand::on(&store, |tx| {
            let ids: Vec<i64> = tx.query(CLAIM, &[&2i64], |row| row.get(0))?;
            assert_eq!(ids, [0, 1]);
            ids.iter().try_for_each(|id| tx.execute(TAKE, &[id]).map(drop))
        })
        .await;
        assert_eq!(claim(&other, CLAIM, 2).await, [2, 3]);
        first.release().await.unwrap();
        assert_eq!(claim(&store, CLAIM, 2).await, [0i64; 0]);
    });
}
