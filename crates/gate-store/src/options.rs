//! Where the data is and how much of the machine the store may take.

use std::{fmt, num::NonZeroUsize, path::PathBuf, time::Duration};

use crate::{StoreError, migrate::Migration, migrations::MIGRATIONS};

/// What [`Store::open`](crate::Store::open) needs to know. The defaults suit one small machine.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Which engine, and where.
    pub place: Place,
    /// What to do about a database that is behind this program.
    pub schema: Schema,
    /// Threads, each with a connection, that run `write` on PostgreSQL. SQLite has one.
    pub postgres_writers: NonZeroUsize,
    /// Threads, each with a connection, that run `read`.
    pub readers: NonZeroUsize,
    /// Closures that may wait, per queue (one for writes, one for reads), before
    /// [`StoreError::Overloaded`].
    pub queue_max: usize,
    /// How long a closure is run again after concurrent changes, on PostgreSQL, before
    /// [`StoreError::Retry`].
    pub retry_for: Duration,
    pub(crate) migrations: &'static [Migration],
}

/// Which engine, and where.
#[derive(Clone)]
pub enum Place {
    /// A file on a local disk. `<file>.lock` beside it keeps a second process out.
    Sqlite {
        /// The database file, made when missing.
        path: PathBuf,
    },
    /// A server, without TLS.
    Postgres {
        /// `postgres://user:password@host:port/database`.
        url: String,
    },
}

/// What to do about a database that is behind this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Apply the missing migrations.
    Upgrade,
    /// Refuse to open, saying which ones are missing.
    Require,
}

impl StoreOptions {
    /// The defaults over a SQLite file.
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self::at(Place::Sqlite { path: path.into() })
    }

    /// The defaults over a PostgreSQL server.
    pub fn postgres(url: impl Into<String>) -> Self {
        Self::at(Place::Postgres { url: url.into() })
    }

    /// The defaults over `sqlite:<path>` or `postgres://…`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the text is neither.
    pub fn from_url(url: &str) -> Result<Self, StoreError> {
        if let Some(path) = url.strip_prefix("sqlite:")
            && !path.is_empty()
        {
            Ok(Self::sqlite(path))
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Ok(Self::postgres(url))
        } else {
            let why = "the database must be written as sqlite:<path> or postgres://<address>";
            Err(StoreError::Unavailable(why.to_owned()))
        }
    }

    fn at(place: Place) -> Self {
        const fn count(number: usize) -> NonZeroUsize {
            NonZeroUsize::new(number).expect("a count written here is not zero")
        }
        Self {
            place,
            schema: Schema::Upgrade,
            postgres_writers: const { count(8) },
            readers: const { count(2) },
            queue_max: 4096,
            retry_for: Duration::from_secs(10),
            migrations: MIGRATIONS,
        }
    }
}

#[cfg(feature = "testing")]
impl StoreOptions {
    /// Another list of migrations than the product's.
    #[must_use]
    pub fn with_migrations(self, migrations: &'static [Migration]) -> Self {
        Self { migrations, ..self }
    }

    /// The product's schema as it was when this migration was the newest.
    #[must_use]
    pub fn up_to(self, version: usize) -> Self {
        let known = MIGRATIONS.iter().take_while(|migration| {
            migration.file.get(..4).and_then(|number| number.parse().ok()) <= Some(version)
        });
        Self { migrations: &MIGRATIONS[..known.count()], ..self }
    }
}

/// The address may hold a password, so it is not shown.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => f.debug_struct("Sqlite").field("path", path).finish(),
            Self::Postgres { .. } => f.debug_struct("Postgres").finish_non_exhaustive(),
        }
    }
}
