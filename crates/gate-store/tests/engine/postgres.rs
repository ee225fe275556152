//! What only PostgreSQL has: a connection that can be lost, and a commit nobody answered.

use gate_store::{Sql, Store, StoreError, StoreOptions, Tx, sql, testing::TestPlace};

use crate::{NOTE, notes, set_up};

const END_MYSELF: Sql = sql("select pg_terminate_backend(pg_backend_pid())::text");
const END_OTHERS: Sql = sql("select pg_terminate_backend(pid)::text from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()");

fn end_myself(tx: &mut Tx) -> Result<(), StoreError> {
    tx.query(END_MYSELF, &[], |_| Ok(())).map(drop)
}

#[test]
fn a_lost_connection_fails_one_closure_and_is_replaced() {
    let place = TestPlace::postgres();
    gate_store::testing::block_on(async {
        let mut options = place.options().with_migrations(&[]);
        options.postgres_writers = 1.try_into().unwrap();
        let store = place.open(options).unwrap();
        set_up(&store).await;
        let lost = store.write(|tx| {
            tx.execute(NOTE, &[&"lost"])?;
            end_myself(tx)
        });
        let error = lost.await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        store.write(|tx| tx.execute(NOTE, &[&"next"])).await.unwrap();
        assert_eq!(notes(&store).await, ["next"]);

        let swallowed = store.write(|tx| {
            tx.execute(NOTE, &[&"swallowed"])?;
            let _ = end_myself(tx);
            Ok::<_, StoreError>(())
        });
        assert!(matches!(swallowed.await, Err(StoreError::Poisoned)));
        assert_eq!(notes(&store).await, ["next"]);
    });
}

#[test]
fn connections_lost_while_idle_are_not_noticed() {
    let place = TestPlace::postgres();
    gate_store::testing::block_on(async {
        let store = place.bare();
        set_up(&store).await;
        // All of them: eight that write, two that read.
        let count = sql("select count(*) from pg_stat_activity where datname = current_database()
            and application_name = 'gate' and state = 'idle' and query not like '%migrations%'");
        let others = move |tx: &mut Tx| tx.query_one(count, &[], |row| row.get::<i64>(0));
        while store.write(others).await.unwrap() != 9 {}
        let ended = store.write(|tx| tx.query(END_OTHERS, &[], |_| Ok(()))).await.unwrap();
        assert!(!ended.is_empty());
        let ids = 0..64i64;
        for id in ids.clone() {
            store.write(move |tx| tx.execute(NOTE, &[&format!("{id:02}")])).await.unwrap();
        }
        assert!(notes(&store).await.into_iter().eq(ids.map(|id| format!("{id:02}"))));
    });
}

/// The connection dies inside the commit: neither success nor failure may be told.
#[test]
fn a_commit_without_an_answer_is_of_unknown_outcome() {
    let place = TestPlace::postgres();
    gate_store::testing::block_on(async {
        let store = place.bare();
        set_up(&store).await;
        let trap = "create function cut() returns trigger language plpgsql as
                $$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;
            create constraint trigger cut after insert on job deferrable initially deferred
                for each row execute function cut();";
        store.write(move |tx| tx.batch(trap)).await.unwrap();
        let insert = sql("insert into job (id, state) values (1, 0)");
        let error = store.write(move |tx| tx.execute(insert, &[])).await.unwrap_err();
        assert!(matches!(error, StoreError::OutcomeUnknown), "{error:?}");
        store.write(|tx| tx.execute(NOTE, &[&"next"])).await.unwrap();
    });
}

#[test]
fn a_constraint_checked_late_is_a_certain_failure() {
    let place = TestPlace::postgres();
    gate_store::testing::block_on(async {
        let store = place.bare();
        set_up(&store).await;
        let late = "create table late (id bigint not null,
            constraint late_key unique (id) deferrable initially deferred)";
        store.write(move |tx| tx.batch(late)).await.unwrap();
        let insert = sql("insert into late (id) values (1)");
        let twice = move |tx: &mut Tx| {
            tx.execute(insert, &[])?;
            tx.execute(insert, &[])
        };
        let error = store.write(twice).await.unwrap_err();
        assert!(matches!(&error, StoreError::Unique { table } if table == "late"), "{error:?}");
    });
}

#[test]
fn sessions_are_bounded_and_durable() {
    let place = TestPlace::postgres();
    let store = place.bare();
    let setting = |name: &'static str| {
        let show = sql("select current_setting($1)");
        let read = move |tx: &mut Tx| tx.query_one(show, &[&name], |row| row.get::<String>(0));
        store.write_blocking(read).unwrap()
    };
    assert_eq!(setting("lock_timeout"), "100ms");
    assert_eq!(setting("transaction_isolation"), "read committed");
    assert_eq!(setting("synchronous_commit"), "on");
    assert_eq!(setting("statement_timeout"), "30s");
}

#[test]
fn a_server_that_is_not_there_is_unavailable() {
    // A port nobody listens on: bound, and given back at once.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://gate:hunter2@127.0.0.1:{port}/gate");
    let options = StoreOptions::postgres(url);
    assert!(!format!("{options:?}").contains("hunter2"), "the password stays out of logs");
    let error = Store::open(options).map(drop).unwrap_err();
    assert!(
        matches!(&error, StoreError::Unavailable(why) if !why.contains("hunter2")),
        "{error:?}"
    );
}

#[test]
fn opening_works_on_a_thread_of_a_runtime() {
    let place = TestPlace::postgres();
    gate_store::testing::block_on(async {
        let store = tokio::spawn({
            let options = place.options().with_migrations(&[]);
            async move { Store::open(options).unwrap() }
        });
        let store = store.await.unwrap();
        set_up(&store).await;
        store.close().await;
    });
}

/// Without it a claim passes over what a fifth of ten million deliveries left behind.
#[test]
fn queues_are_vacuumed_long_before_a_fifth_of_them_has_changed() {
    let place = TestPlace::postgres();
    let store = place.open(place.options()).unwrap();
    let soon = sql("select relname::text from pg_class where relkind = 'r'
        and 'autovacuum_vacuum_scale_factor=0.01' = any(reloptions) order by relname");
    let tables = store.write_blocking(move |tx| tx.query(soon, &[], |row| row.get::<String>(0)));
    assert_eq!(tables.unwrap(), ["commands", "deliveries"]);
}
