//! What the store promises, on both engines: one body, two tests. Scratch tables only; the
//! product's own statements are tested beside their modules.
#![expect(clippy::unwrap_used, reason = "a test's helpers may")]

mod front;
mod isolation;
mod locks;
mod migrations;
mod postgres;
mod sqlite;
mod statements;

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use gate_store::{Sql, Store, StoreError, Tx, sql};

pub(crate) const SCRATCH: &str = "
    create table account (id bigint not null primary key, amount bigint not null);
    create table note (id text not null primary key, body text, bytes bytea, number bigint);
    create table job (id bigint not null primary key, state bigint not null);";

pub(crate) const OPEN: Sql = sql("insert into account (id, amount) values ($1, 0)");
pub(crate) const AMOUNT: Sql = sql("select amount from account where id = $1");
pub(crate) const SET: Sql = sql("update account set amount = $2 where id = $1");
pub(crate) const NOTE: Sql = sql("insert into note (id) values ($1)");
pub(crate) const NOTES: Sql = sql("select id from note order by id");

/// A future that has done what it does before it first waits: here, it has its place in a queue.
pub(crate) fn started<'a, T: 'a>(
    future: impl Future<Output = T> + 'a,
) -> Pin<Box<dyn Future<Output = T> + 'a>> {
    let mut future = Box::pin(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Box::pin(std::future::ready(answer)), // a free writer was quick
        Poll::Pending => future,
    }
}

/// A future's answer, if it has one without waiting.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match Box::pin(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it waits"),
    }
}

pub(crate) async fn set_up(store: &Store) {
    store.write(|tx| tx.batch(SCRATCH)).await.unwrap();
}

pub(crate) async fn notes(store: &Store) -> Vec<String> {
    store.read(|tx| tx.query(NOTES, &[], |row| row.get(0))).await.unwrap()
}

pub(crate) fn amount(tx: &mut Tx, id: i64) -> Result<i64, StoreError> {
    tx.query_one(AMOUNT, &[&id], |row| row.get(0))
}

/// A hand on the writers: while it lives, one write closure per hand is kept from ending.
pub(crate) struct Hand {
    release: std::sync::mpsc::Sender<()>,
    pub(crate) held: tokio::task::JoinHandle<Result<(), StoreError>>,
}

impl Hand {
    /// Run a closure and keep it in its transaction; returns once it is there.
    pub(crate) async fn on(
        store: &Store,
        first: impl Fn(&mut Tx) -> Result<(), StoreError> + Send + 'static,
    ) -> Self {
        let (release, released) = std::sync::mpsc::channel::<()>();
        let (tell, there) = tokio::sync::oneshot::channel();
        let tell = std::sync::Mutex::new(Some(tell));
        let released = std::sync::Mutex::new(released);
        let store = store.clone();
        let held = tokio::spawn(async move {
            let closure = move |tx: &mut Tx| {
                first(tx)?;
                if let Some(tell) = tell.lock().unwrap().take() {
                    tell.send(()).unwrap();
                }
                let _ = released.lock().unwrap().recv(); // or the test has ended
                Ok(())
            };
            store.write(closure).await
        });
        there.await.unwrap();
        Self { release, held }
    }

    /// Let it commit, and wait for that.
    pub(crate) async fn release(self) -> Result<(), StoreError> {
        drop(self.release);
        self.held.await.unwrap()
    }
}
