//! Databases on a PostgreSQL server, made for a measurement.

use anyhow::{Context, Result};
use gate_store::bulk;
use tokio::task::spawn_blocking;

/// A database that is dropped when this is, unless it is kept.
pub(super) struct PostgresDatabase {
    server: String,
    name: String,
    pub(super) is_kept: bool,
}

impl PostgresDatabase {
    /// An empty one.
    pub(super) async fn create(server: &str, name: &str) -> Result<Self> {
        let made = Self::existing(server, name);
        let (server, name) = (server.to_owned(), name.to_owned());
        spawn_blocking(move || bulk::create_database(&server, &name)).await??;
        Ok(made)
    }

    /// One that was kept.
    pub(super) fn existing(server: &str, name: &str) -> Self {
        Self { server: server.to_owned(), name: name.to_owned(), is_kept: false }
    }

    pub(super) fn url(&self) -> Result<String> {
        let (server, _) = self.server.rsplit_once('/').context("postgres://…/database")?;
        Ok(format!("{server}/{}", self.name))
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let (server, name) = (self.server.clone(), self.name.clone());
        // The client blocks, so it gets a thread outside of the runtime.
        let dropped = std::thread::spawn(move || bulk::drop_database(&server, &name)).join();
        if !matches!(dropped, Ok(Ok(()))) {
            eprintln!("The database {} could not be dropped.", self.name);
        }
    }
}
