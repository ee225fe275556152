//! Migrations: applied once, and refused when the database and the program disagree.

use gate_store::{Migration, Schema, Sql, StoreError, StoreOptions, both_engines, sql};

const FIRST: Migration = Migration {
    file: "0001_first.sql",
    text: "create table first (id bigint not null primary key);
           insert into first (id) values (1);",
    then: None,
};
const SECOND: Migration =
    Migration { file: "0002_second.sql", text: "insert into first (id) values (2);", then: None };
const CHANGED: Migration = Migration { text: "insert into first (id) values (3);", ..SECOND };
const BROKEN: Migration = Migration {
    file: "0002_second.sql",
    text: "insert into first (id) values (7); insert into nowhere (id) values (1);",
    then: None,
};
const BETWEEN: Migration =
    Migration { file: "0003_third.sql", text: "insert into first (id) values (3);", then: None };
const LATER: Migration =
    Migration { file: "0004_fourth.sql", text: "insert into first (id) values (4);", then: None };

const IDS: Sql = sql("select id from first order by id");

fn with(mut options: StoreOptions, list: &'static [Migration], schema: Schema) -> StoreOptions {
    options.schema = schema;
    options.with_migrations(list)
}

fn why(refused: Result<gate_store::testing::TestStore, StoreError>) -> String {
    match refused {
        Err(StoreError::Migration(why)) => why,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it opened"),
    }
}

both_engines! {
    async fn each_is_applied_once(place: TestPlace) {
        for list in [&[FIRST][..], &[FIRST], &[SECOND, FIRST], &[FIRST, SECOND]] {
            place.open(with(place.options(), list, Schema::Upgrade)).unwrap();
        }
        let store = place.open(with(place.options(), &[FIRST, SECOND], Schema::Require)).unwrap();
        let ids = store.read(|tx| tx.query(IDS, &[], |row| row.get::<i64>(0))).await.unwrap();
        assert_eq!(ids, [1, 2]);
    }

    async fn a_database_that_is_behind_is_not_touched(place: TestPlace) {
        let empty = why(place.open(with(place.options(), &[FIRST], Schema::Require)));
        assert_eq!(empty, "the database is behind: apply 0001_first.sql first");
        place.open(with(place.options(), &[FIRST], Schema::Upgrade)).unwrap();
        let behind = why(place.open(with(place.options(), &[FIRST, SECOND], Schema::Require)));
        assert_eq!(behind, "the database is behind: apply 0002_second.sql first");
    }

    async fn a_changed_file_is_refused(place: TestPlace) {
        place.open(with(place.options(), &[FIRST, SECOND], Schema::Upgrade)).unwrap();
        for schema in [Schema::Upgrade, Schema::Require] {
            let changed = why(place.open(with(place.options(), &[FIRST, CHANGED], schema)));
            assert!(changed.starts_with("0002_second.sql has changed"), "{changed}");
        }
    }

    async fn a_newer_database_is_refused(place: TestPlace) {
        place.open(with(place.options(), &[FIRST, SECOND], Schema::Upgrade)).unwrap();
        for schema in [Schema::Upgrade, Schema::Require] {
            let newer = why(place.open(with(place.options(), &[FIRST], schema)));
            assert!(newer.contains("it has 0002_second.sql, which this program"), "{newer}");
        }
    }

    async fn a_late_number_is_refused(place: TestPlace) {
        place.open(with(place.options(), &[FIRST, LATER], Schema::Upgrade)).unwrap();
        let late = with(place.options(), &[FIRST, BETWEEN, LATER], Schema::Upgrade);
        let late = why(place.open(late));
        assert!(late.starts_with("0003_third.sql is older"), "{late}");
    }

    async fn a_broken_one_leaves_nothing_behind(place: TestPlace) {
        let broken = why(place.open(with(place.options(), &[FIRST, BROKEN], Schema::Upgrade)));
        assert!(broken.starts_with("0002_second.sql could not be applied: "), "{broken}");
        assert!(broken.contains("nowhere"), "the cause is told: {broken}");
        let store = place.open(with(place.options(), &[FIRST, SECOND], Schema::Upgrade)).unwrap();
        let ids = store.read(|tx| tx.query(IDS, &[], |row| row.get::<i64>(0))).await.unwrap();
        assert_eq!(ids, [1, 2]);
    }
}

/// Eight nodes start at once; the database lets one of them migrate at a time.
#[test]
fn nodes_that_start_together_migrate_once() {
    let place = gate_store::testing::TestPlace::postgres();
    std::thread::scope(|scope| {
        let nodes: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    place.open(with(place.options(), &[FIRST, SECOND], Schema::Upgrade)).map(drop)
                })
            })
            .collect();
        for node in nodes {
            node.join().unwrap().unwrap();
        }
    });
}
