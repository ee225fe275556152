//! A gateway with data of its own, which goes when this does.

use std::path::Path;

use anyhow::Result;

use super::database::PostgresDatabase;
use crate::gateway::{Gateway, Launch};

pub(super) struct Fresh {
    pub(super) gateway: Gateway,
    pub(super) launch: Launch,
    pub(super) _postgres: Option<PostgresDatabase>,
    pub(super) _folder: tempfile::TempDir,
}

impl Fresh {
    /// On SQLite, or in a new database on this PostgreSQL server; everything is sent to the URL.
    pub(super) async fn start(
        gate: &Path,
        postgres: Option<&str>,
        webhook_url: Option<&str>,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("gate-bench-").tempdir()?;
        let postgres = match postgres {
            Some(server) => Some(PostgresDatabase::create(server, "gate_bench").await?),
            None => None,
        };
        let mut args = vec!["--listen=127.0.0.1:0".to_owned(), "--no-shop".to_owned()];
        args.extend(webhook_url.map(|url| format!("--webhook-url={url}")));
        let launch = Launch {
            gate: gate.to_owned(),
            folder: folder.path().to_owned(),
            database: postgres.as_ref().map(PostgresDatabase::url).transpose()?,
            args,
        };
        let gateway = launch.start().await?;
        Ok(Self { gateway, launch, _postgres: postgres, _folder: folder })
    }
}
