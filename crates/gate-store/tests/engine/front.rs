//! The way in and out: queues, callers who leave, closing.

use std::sync::{Arc, Mutex, mpsc::channel};

use gate_store::{StoreError, Tx, both_engines, testing::TestPlace};

use crate::{Hand, NOTE, at_once, notes, set_up, started};

fn narrow(place: &TestPlace, queue_max: usize) -> gate_store::testing::TestStore {
    let mut options = place.options().with_migrations(&[]);
    options.queue_max = queue_max;
    options.postgres_writers = 1.try_into().unwrap();
    options.readers = 1.try_into().unwrap();
    place.open(options).unwrap()
}

both_engines! {
    async fn a_full_queue_says_so_at_once(place: TestPlace) {
        let store = narrow(place, 3);
        set_up(&store).await;
        let hand = Hand::on(&store, |_| Ok(())).await;
        let write = |id: &'static str| store.write(move |tx| tx.execute(NOTE, &[&id]));
        let waiting = ["a", "b", "c"].map(|id| started(write(id)));
        assert_eq!(store.stats().writes_waiting, 3);
        assert!(matches!(at_once(write("d")), Err(StoreError::Overloaded)));
        assert_eq!(notes(&store).await, [""; 0], "reads have a queue of their own");
        hand.release().await.unwrap();
        for one in waiting {
            one.await.unwrap();
        }
        assert_eq!(notes(&store).await, ["a", "b", "c"]);
        write("d").await.unwrap();
    }

    async fn whoever_left_before_their_turn_is_skipped(place: TestPlace) {
        let store = narrow(place, 9);
        set_up(&store).await;
        let hand = Hand::on(&store, |_| Ok(())).await;
        let left = started(store.write(|tx| tx.execute(NOTE, &[&"left"])));
        let stayed = started(store.write(|tx| tx.execute(NOTE, &[&"stayed"])));
        drop(left);
        hand.release().await.unwrap();
        stayed.await.unwrap();
        assert_eq!(notes(&store).await, ["stayed"]);
        assert_eq!(store.stats().skipped, 1);
    }

    async fn whoever_leaves_in_the_middle_is_carried_through(place: TestPlace) {
        let store = narrow(place, 9);
        set_up(&store).await;
        let hand = Hand::on(&store, |tx| tx.execute(NOTE, &[&"kept"]).map(drop)).await;
        hand.held.abort();
        drop(hand); // its closure ends, and commits for nobody
        store.write(|_| Ok::<_, StoreError>(())).await.unwrap();
        assert_eq!(notes(&store).await, ["kept"]);
    }

    async fn closing_finishes_what_is_queued(place: TestPlace) {
        let store = narrow(place, 9);
        set_up(&store).await;
        let hand = Hand::on(&store, |_| Ok(())).await;
        let queued = started(store.write(|tx| tx.execute(NOTE, &[&"queued"])));
        let closing = started(store.close());
        hand.release().await.unwrap();
        closing.await;
        assert_eq!(queued.await.unwrap(), 1);
        let late = store.write(|tx| tx.execute(NOTE, &[&"late"])).await;
        assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
        let late = store.read(|_| Ok::<_, StoreError>(())).await;
        assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
        store.close().await;
        assert_eq!(notes(&place.bare()).await, ["queued"]);
    }

    async fn synchronous_code_has_its_own_doors(place: TestPlace) {
        let store = place.bare();
        set_up(&store).await;
        let inner = (*store).clone();
        let plain = std::thread::spawn(move || {
            inner.write_blocking(|tx| tx.execute(NOTE, &[&"plain"]))?;
            inner.read_blocking(|tx| tx.query(crate::NOTES, &[], |row| row.get::<String>(0)))
        });
        assert_eq!(plain.join().unwrap().unwrap(), ["plain"]);
    }

    async fn a_panic_while_delivering_spares_the_thread(place: TestPlace) {
        /// A caller's error whose making panics.
        #[derive(Debug)]
        struct Bad;
        impl From<StoreError> for Bad {
            fn from(error: StoreError) -> Self {
                assert!(matches!(error, StoreError::OutcomeUnknown), "not this one");
                Self
            }
        }
        let store = narrow(place, 9);
        set_up(&store).await;
        let bad = |tx: &mut Tx| -> Result<(), Bad> {
            let _ = tx.execute(NOTE, &[&"a\0"]);
            Ok(())
        };
        assert!(store.write(bad).await.is_err());
        store.write(|tx| tx.execute(NOTE, &[&"after"])).await.unwrap();
        assert_eq!(notes(&store).await, ["after"]);
    }

    async fn reads_run_beside_a_held_write(place: TestPlace) {
        let store = place.bare();
        set_up(&store).await;
        let hand = Hand::on(&store, |tx| tx.execute(NOTE, &[&"held"]).map(drop)).await;
        assert_eq!(notes(&store).await, [""; 0], "not committed, so not seen");
        hand.release().await.unwrap();
        assert_eq!(notes(&store).await, ["held"]);
    }

    async fn the_last_clone_lets_the_queue_finish(place: TestPlace) {
        let store = gate_store::Store::open(place.options().with_migrations(&[])).unwrap();
        set_up(&store).await;
        let (tell, told) = channel();
        let tell = Arc::new(Mutex::new(tell));
        let clone = store.clone();
        let write = started(async move {
            let closure = move |tx: &mut Tx| {
                tell.lock().unwrap().send(()).unwrap();
                tx.execute(NOTE, &[&"last"])
            };
            clone.write(closure).await
        });
        drop(store);
        told.recv().unwrap();
        assert_eq!(write.await.unwrap(), 1);
    }
}
