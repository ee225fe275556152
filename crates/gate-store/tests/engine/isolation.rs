//! A closure is all or nothing, and what happens to it happens to it alone.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use gate_store::{StoreError, Tx, both_engines, sql};

use crate::{Hand, NOTE, OPEN, SET, amount, notes, set_up};

#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    Mine,
    Store(String),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(format!("{error:?}"))
    }
}

both_engines! {
    async fn an_error_rolls_its_closure_back(place: TestPlace) {
        let store = place.bare();
        set_up(&store).await;
        let closure = |tx: &mut Tx| {
            tx.execute(NOTE, &[&"gone"])?;
            Err::<(), _>(Refusal::Mine)
        };
        assert_eq!(store.write(closure).await, Err(Refusal::Mine));
        assert_eq!(notes(&store).await, [""; 0]);
    }

    async fn a_swallowed_failure_never_commits(place: TestPlace) {
        let store = place.bare();
        set_up(&store).await;
        store.write(|tx| tx.execute(NOTE, &[&"old"])).await.unwrap();
        let closure = |tx: &mut Tx| {
            tx.execute(NOTE, &[&"new"])?;
            let clash = tx.execute(NOTE, &[&"old"]);
            assert!(matches!(clash, Err(StoreError::Unique { .. })), "{clash:?}");
            let after = tx.execute(NOTE, &[&"after"]);
            assert!(matches!(after, Err(StoreError::Poisoned)), "{after:?}");
            Ok::<_, StoreError>("all is well")
        };
        let error = store.write(closure).await.unwrap_err();
        assert!(matches!(error, StoreError::Poisoned), "{error:?}");
        assert_eq!(notes(&store).await, ["old"]);
        store.write(|tx| tx.execute(NOTE, &[&"next"])).await.unwrap();
    }

    async fn a_refused_parameter_poisons_too(place: TestPlace) {
        let store = place.bare();
        set_up(&store).await;
        let closure = |tx: &mut Tx| {
            tx.execute(NOTE, &[&"first"])?;
            let _ = tx.execute(NOTE, &[&"a\0"]);
            Ok::<_, StoreError>(())
        };
        assert!(matches!(store.write(closure).await, Err(StoreError::Poisoned)));
        let closure = |tx: &mut Tx| {
            tx.execute(NOTE, &[&"first"])?;
            let _ = tx.query_one(crate::AMOUNT, &[&1i64], |row| row.get::<i64>(0));
            Ok::<_, StoreError>(())
        };
        assert!(matches!(store.write(closure).await, Err(StoreError::Poisoned)));
        assert_eq!(notes(&store).await, [""; 0]);
    }

    async fn sixty_together_meet_sixty_fates(place: TestPlace) {
        let store = place.bare();
        set_up(&store).await;
        let fate = |number: i64| {
            store.write(move |tx: &mut Tx| {
                tx.execute(NOTE, &[&format!("{number:02}")])?;
                match number % 15 {
                    0 => panic!("number {number}"),
                    1..=5 => Err(Refusal::Mine),
                    6 => {
                        tx.execute(NOTE, &[&format!("{number:02}")])?;
                        Ok(number)
                    }
                    _ => Ok(number),
                }
            })
        };
        let hand = Hand::on(&store, |_| Ok(())).await;
        let all: Vec<_> = (0..60).map(|number| crate::started(fate(number))).collect();
        hand.release().await.unwrap();
        let mut committed = Vec::new();
        for (number, answer) in (0i64..).zip(all) {
            match (number % 15, answer.await) {
                (0, Err(Refusal::Store(why))) => {
                    assert_eq!(why, format!("Panicked(\"number {number}\")"));
                }
                (1..=5, Err(Refusal::Mine)) => {}
                (6, Err(Refusal::Store(why))) => assert!(why.contains("Unique"), "{why}"),
                (7.., Ok(same)) if same == number => committed.push(format!("{number:02}")),
                (_, other) => panic!("{number}: {other:?}"),
            }
        }
        assert_eq!(notes(&store).await, committed);
        store.write(|tx| tx.execute(NOTE, &[&"after"])).await.unwrap();
    }

    async fn whoever_changes_nothing_is_told_so_in_company_too(place: TestPlace) {
        let store = place.bare();
        set_up(&store).await;
        for id in [0i64, 2, 4, 6] {
            store.write(move |tx| tx.execute(OPEN, &[&id])).await.unwrap();
        }
        let change = |id: i64| {
            store.write(move |tx: &mut Tx| {
                let changed = tx.change_one(SET, &[&id, &7i64])?;
                tx.write(NOTE, &[&format!("{id} {changed}")])?;
                Ok::<_, StoreError>(changed)
            })
        };
        let hand = Hand::on(&store, |_| Ok(())).await;
        let all: Vec<_> = (0..8).map(|id| crate::started(change(id))).collect();
        hand.release().await.unwrap();
        for (id, answer) in (0i64..).zip(all) {
            assert_eq!(answer.await.unwrap(), id % 2 == 0, "{id}");
        }
        let told = (0..8).map(|id| format!("{id} {}", id % 2 == 0));
        assert_eq!(notes(&store).await, told.collect::<Vec<_>>());
        for id in [0, 2, 4, 6] {
            assert_eq!(store.read(move |tx| amount(tx, id)).await.unwrap(), 7);
        }
    }

    async fn a_read_cannot_write(place: TestPlace) {
        let store = place.bare();
        set_up(&store).await;
        let write = store.read(|tx| tx.execute(NOTE, &[&"a"])).await;
        assert!(matches!(write, Err(StoreError::ReadOnly)), "{write:?}");
        let table = store.read(|tx| tx.batch("create table sneaky (id bigint)")).await;
        assert!(matches!(table, Err(StoreError::ReadOnly)), "{table:?}");
        let locked = crate::NOTES.for_update();
        let lock = store.read(move |tx| tx.query(locked, &[], |row| row.get::<String>(0))).await;
        assert!(matches!(lock, Err(StoreError::ReadOnly)), "{lock:?}");
        assert_eq!(notes(&store).await, [""; 0]);
    }

    async fn a_read_sees_one_moment(place: TestPlace) {
        let store = place.bare();
        set_up(&store).await;
        store.write(|tx| tx.execute(OPEN, &[&1i64])).await.unwrap();
        let writer = (*store).clone();
        let seen = store
            .read(move |tx| {
                let before = amount(tx, 1)?;
                writer.write_blocking(|tx| tx.execute(SET, &[&1i64, &5i64]))?;
                Ok::<_, StoreError>((before, amount(tx, 1)?))
            })
            .await;
        assert_eq!(seen.unwrap(), (0, 0));
        assert_eq!(store.read(|tx| amount(tx, 1)).await.unwrap(), 5);
    }

    async fn a_closure_can_ask_to_be_run_again(place: TestPlace) {
        let store = place.bare();
        set_up(&store).await;
        let tries = AtomicU32::new(0);
        let closure = move |tx: &mut Tx| {
            tx.execute(NOTE, &[&"once"])?; // would clash had the first try not been undone
            match tries.fetch_add(1, Ordering::Relaxed) {
                0 | 1 => Err(tx.retry()),
                earlier => Ok(earlier),
            }
        };
        assert_eq!(store.write(closure).await.unwrap(), 2);
        assert_eq!(notes(&store).await, ["once"]);
        assert_eq!(store.stats().retries, 2);

        let tries = AtomicU32::new(0);
        let swallowed = move |tx: &mut Tx| {
            if tries.fetch_add(1, Ordering::Relaxed) == 0 {
                let _ = tx.retry();
            }
            tx.execute(NOTE, &[&"twice"])
        };
        store.write(swallowed).await.unwrap();

        let tries = AtomicU32::new(0);
        let read = move |tx: &mut Tx| match tries.fetch_add(1, Ordering::Relaxed) {
            0 => Err(tx.retry()),
            _ => tx.query(crate::NOTES, &[], |row| row.get::<String>(0)),
        };
        assert_eq!(store.read(read).await.unwrap(), ["once", "twice"]);
    }

    async fn asking_again_and_again_ends(place: TestPlace) {
        let mut options = place.options().with_migrations(&[]);
        options.retry_for = Duration::from_millis(50);
        let store = place.open(options).unwrap();
        set_up(&store).await;
        let forever = store.write(|tx| Err::<(), _>(tx.retry())).await;
        assert!(matches!(forever, Err(StoreError::Retry)), "{forever:?}");
        store.write(|tx| tx.execute(NOTE, &[&"next"])).await.unwrap();
    }

    async fn a_panic_is_the_callers_answer_on_reads_too(place: TestPlace) {
        let store = place.bare();
        let panicked = store.read(|_| -> Result<(), StoreError> { panic!("in a read") }).await;
        assert!(matches!(panicked, Err(StoreError::Panicked(why)) if why == "in a read"));
        let one = store.read(|tx| tx.query_one(sql("select 'x'"), &[], |row| row.get::<String>(0)));
        assert_eq!(one.await.unwrap(), "x");
    }
}
