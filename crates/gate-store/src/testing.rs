//! Fresh databases for tests, on both engines, and one test body for the two of them.
//! An engine that is missing fails the test; it is never skipped.

use std::{
    env,
    future::Future,
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher, RandomState},
    ops::Deref,
    path::{Path, PathBuf},
    process, thread,
};

use tempfile::TempDir;
use tokio::runtime;
use tokio_postgres::{Client, Error, NoTls};

pub use crate::mishaps::Mishap;
use crate::{Store, StoreError, StoreOptions, migrations::MIGRATIONS};

/// Where the PostgreSQL server for tests is: a URL whose user may create databases.
pub const POSTGRES_VARIABLE: &str = "GATE_TEST_POSTGRES";

/// Held by whoever makes the template, until they hang up.
const ONE_AT_A_TIME: &str = "select pg_advisory_lock(4720616515411)";
const IS_THERE: &str = "select from pg_database where datname = $1";

/// An empty database of its own for one test, removed at the end.
pub struct TestPlace(Kind);

enum Kind {
    Sqlite { folder: TempDir },
    Postgres { server: String, name: String },
}

/// A store over a place of its own. It is closed at the end, so nothing is left running.
pub struct TestStore {
    store: Store,
    _place: Option<TestPlace>,
}

impl TestPlace {
    /// A SQLite file that does not exist yet, in a folder of its own.
    #[expect(clippy::missing_panics_doc, reason = "everything here panics on failure")]
    pub fn sqlite() -> Self {
        Self(Kind::Sqlite { folder: TempDir::new().expect("a temporary folder can be made") })
    }

    /// A new database on the test server.
    ///
    /// # Panics
    /// When [`POSTGRES_VARIABLE`] is not set, or the server cannot be reached.
    pub fn postgres() -> Self {
        Self::copy_of("template1")
    }

    fn copy_of(template: &str) -> Self {
        let server = server();
        let name = format!("gate_test_{}_{:016x}", process::id(), RandomState::new().hash_one(0));
        let statement = format!("create database {name} template {template}");
        on_server(&server, async move |client| client.batch_execute(&statement).await);
        Self(Kind::Postgres { server, name })
    }

    /// The options of a store over this place; the product's schema unless changed.
    pub fn options(&self) -> StoreOptions {
        match &self.0 {
            Kind::Sqlite { .. } => StoreOptions::sqlite(self.path()),
            Kind::Postgres { server, name } => StoreOptions::postgres(renamed(server, name)),
        }
    }

    /// The SQLite file.
    ///
    /// # Panics
    /// On PostgreSQL.
    pub fn path(&self) -> PathBuf {
        match &self.0 {
            Kind::Sqlite { folder } => Path::join(folder.path(), "gate.db"),
            Kind::Postgres { .. } => panic!("a PostgreSQL database has no path"),
        }
    }

    /// Whether this is the engine that has one writer.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.0, Kind::Sqlite { .. })
    }

    /// Open a store here.
    pub fn open(&self, options: StoreOptions) -> Result<TestStore, StoreError> {
        Ok(TestStore { store: Store::open(options)?, _place: None })
    }

    /// Open a store here that has no tables at all.
    ///
    /// # Panics
    /// When it does not open.
    pub fn bare(&self) -> TestStore {
        self.open(self.options().with_migrations(&[])).expect("a fresh store opens")
    }
}

impl TestStore {
    /// A store over a fresh SQLite file, with the product's schema.
    pub fn sqlite() -> Self {
        Self::over(TestPlace::sqlite())
    }

    /// A store over a fresh PostgreSQL database, with the product's schema.
    ///
    /// # Panics
    /// As [`TestPlace::postgres`].
    pub fn postgres() -> Self {
        Self::over(TestPlace::copy_of(&template()))
    }

    fn over(place: TestPlace) -> Self {
        let store = Store::open(place.options()).expect("a fresh store opens");
        Self { store, _place: Some(place) }
    }
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        self.store.close_blocking();
    }
}

impl Drop for TestPlace {
    fn drop(&mut self) {
        if let Kind::Postgres { server, name } = &self.0 {
            let statement = format!("drop database {name} with (force)");
            on_server(server, async move |client| client.batch_execute(&statement).await);
        }
    }
}

/// Run a test's future on a runtime like the server's.
///
/// # Panics
/// When the test does.
pub fn block_on<T>(test: impl Future<Output = T>) -> T {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime can be started").block_on(test)
}

#[expect(clippy::disallowed_methods, reason = "tests have no configuration")]
fn server() -> String {
    env::var(POSTGRES_VARIABLE).unwrap_or_else(|_| {
        panic!(
            "{POSTGRES_VARIABLE} is not set: run `make test`, which starts a server, or set it \
             to the address of one, such as postgres://postgres@127.0.0.1:5432/postgres"
        )
    })
}

/// The name of a database with the product's schema, for copies. The first test that asks makes
/// it, so that the migrations run once on a server and not once in every test.
fn template() -> String {
    let server = server();
    let texts: Vec<_> = MIGRATIONS.iter().map(|migration| migration.text).collect();
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(texts);
    let name = format!("gate_template_{hash:016x}");
    let (place, template) = (server.clone(), name.clone());
    on_server(&server, async move |client| {
        client.batch_execute(ONE_AT_A_TIME).await?;
        if client.query_opt(IS_THERE, &[&template]).await?.is_some() {
            return Ok(());
        }
        let half = format!("{template}_half"); // left by a test that was stopped here
        client.batch_execute(&format!("drop database if exists {half} with (force)")).await?;
        client.batch_execute(&format!("create database {half}")).await?;
        let options = StoreOptions::postgres(renamed(&place, &half));
        Store::open(options).expect("the migrations run").close_blocking();
        client.batch_execute(&format!("alter database {half} rename to {template}")).await
    });
    name
}

/// Waiting is not allowed on a thread of a runtime, so this takes a plain one.
fn on_server<F: Future<Output = Result<(), Error>>>(
    server: &str,
    work: impl FnOnce(Client) -> F + Send + 'static,
) {
    let server = server.to_owned();
    let connected = move || {
        block_on(async {
            let (client, connection) = tokio_postgres::connect(&server, NoTls).await?;
            tokio::spawn(connection);
            work(client).await
        })
    };
    let done = thread::spawn(connected).join().expect("the client does not panic");
    done.unwrap_or_else(|error| panic!("the PostgreSQL server for tests: {error:?}"));
}

/// The same server's address with another database.
fn renamed(server: &str, name: &str) -> String {
    let (address, query) = server.split_once('?').map_or((server, None), |(a, q)| (a, Some(q)));
    let (scheme, rest) = address.split_once("://").unwrap_or(("postgres", address));
    let host = rest.split('/').next().unwrap_or_default();
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{scheme}://{host}/{name}{query}")
}

/// One body, two tests: `name::sqlite` and `name::postgres`.
///
/// ```ignore
/// both_engines! {
///     /// With the product's schema; `store` is a `&TestStore`.
///     async fn sessions_are_found(store) { … }
///     /// With nothing opened yet; `place` is a `&TestPlace`.
///     async fn a_newer_database_is_refused(place: TestPlace) { … }
/// }
/// ```
#[macro_export]
macro_rules! both_engines {
    () => {};
    ($(#[$meta:meta])* async fn $name:ident($store:ident) $body:block $($rest:tt)*) => {
        $crate::both_engines!(@pair TestStore, $(#[$meta])* $name($store) $body);
        $crate::both_engines!($($rest)*);
    };
    ($(#[$meta:meta])* async fn $name:ident($place:ident: TestPlace) $body:block $($rest:tt)*) => {
        $crate::both_engines!(@pair TestPlace, $(#[$meta])* $name($place) $body);
        $crate::both_engines!($($rest)*);
    };
    (@pair $kind:ident, $(#[$meta:meta])* $name:ident($given:ident) $body:block) => {
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn body($given: &$crate::testing::$kind) $body

            #[test]
            fn sqlite() {
                let given = $crate::testing::$kind::sqlite();
                $crate::testing::block_on(body(&given));
            }

            #[test]
            fn postgres() {
                let given = $crate::testing::$kind::postgres();
                $crate::testing::block_on(body(&given));
            }
        }
    };
}
