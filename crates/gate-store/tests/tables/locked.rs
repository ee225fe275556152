//! The proof that a locked row is locked: two transactions, with a hand on the first.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use gate_domain::session::{Session, State, Step};
use gate_store::testing::{TestPlace, block_on};
use gate_store::{StoreError, Tx};

use crate::{NOW, insert, partner, session};

/// Lock a session, say what was seen, wait to be let go, and move it one revision on.
fn lock_and_move(
    session: &Session,
    saw: std::sync::mpsc::Sender<i64>,
    go: Option<std::sync::mpsc::Receiver<()>>,
) -> impl Fn(&mut Tx) -> Result<Session, StoreError> + Send + 'static {
    let (tenant, id) = (session.tenant.clone(), session.id.clone());
    let (saw, go) = (Mutex::new(saw), Mutex::new(go));
    move |tx| {
        let locked = tx.lock_session(&tenant, &id)?.unwrap();
        saw.lock().unwrap().send(locked.revision).unwrap();
        if let Some(go) = &*go.lock().unwrap() {
            let _ = go.recv();
        }
        let step = Step::Moved { next: State::Cancelled, effects: Vec::new() };
        tx.advance_session(locked, step, NOW, |_| {}, |_, _, _| Ok::<_, StoreError>(()))
    }
}

/// PostgreSQL: SQLite has a single writer, and so has each process of PostgreSQL.
#[test]
fn the_second_sees_what_the_first_left() {
    let place = TestPlace::postgres();
    let open = || place.open(place.options()).unwrap();
    let (store, other) = (open(), open()); // as two processes
    block_on(async {
        let session = session(&partner(&store).await);
        insert(&store, &session).await;
        let (saw, seen) = channel();
        let (go, wait) = channel();
        let first = {
            let (store, work) =
                ((*store).clone(), lock_and_move(&session, saw.clone(), Some(wait)));
            tokio::spawn(async move { store.write(work).await })
        };
        assert_eq!(seen.recv().unwrap(), 1, "the first holds the row");
        let retries = other.stats().retries;
        let second = {
            let (store, work) = ((*other).clone(), lock_and_move(&session, saw, None));
            tokio::spawn(async move { store.write(work).await })
        };
        while other.stats().retries == retries {
            // Kept out by the lock, it comes round again; without it, it would have seen the row.
            assert!(seen.try_recv().is_err(), "the second got past the first");
            tokio::task::yield_now().await;
        }
        go.send(()).unwrap();
        assert_eq!(first.await.unwrap().unwrap().revision, 2);
        assert_eq!(seen.recv().unwrap(), 2, "it reads what the first wrote");
        assert_eq!(second.await.unwrap().unwrap().revision, 3);
    });
}
