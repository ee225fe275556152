//! The admin socket: how the command line reaches a gateway that runs, which on SQLite is the only
//! process that can open the database.
//!
//! One request and one answer per connection, both JSON. Whoever may read the data directory's secrets
//! may ask: the socket belongs to the gateway's user, and the caller's user is asked of the kernel.

use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use gate_app::App;
use gate_app::admin::{self, AdminError, Command};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{info, warn};

/// The socket's name in the data directory.
pub(crate) const SOCKET: &str = "admin.sock";
/// The longest request: 1 MiB.
pub(crate) const REQUEST_BYTES_MAX: u64 = 1024 * 1024;
/// How long one connection may take, from the first byte to the last.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
/// Commands that are carried out at the same time; more wait.
const CONNECTIONS_MAX: usize = 8;
/// The system's user, who may read every file anyway.
const ROOT: u32 = 0;

/// What is asked.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// The database that the caller means.
    pub(crate) database: String,
    /// What to do.
    pub(crate) command: Command,
}

/// What is answered.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// It is done.
    Done(Value),
    /// It is not done.
    Refused(AdminError),
    /// This gateway works on another database.
    OtherDatabase,
}

/// A socket that is bound and not served yet.
pub(crate) struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
    database: String,
    owner: u32,
}

impl AdminSocket {
    /// Listen in a data directory, for commands about a database. A socket that a process before left
    /// behind is replaced; one that a living process serves is not.
    pub(crate) fn bind(data_dir: &Path, database: String) -> Result<Self> {
        let path = data_dir.join(SOCKET);
        match std::os::unix::net::UnixStream::connect(&path) {
            Ok(_) => bail!("another gateway serves {}", path.display()),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                std::fs::remove_file(&path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
            }
            Err(_) => {}
        }
        let listener = UnixListener::bind(&path)
            .with_context(|| format!("cannot listen on {}", path.display()))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        let owner = std::fs::metadata(&path)?.uid();
        Ok(Self { listener, path, database, owner })
    }

    /// Carry out commands until `stopping` turns true, then let those that run end.
    pub(crate) async fn serve(self, app: App, mut stopping: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut running = JoinSet::new();
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await.expect("nobody closes it");
                (place, self.listener.accept().await)
            };
            let (place, connection) = tokio::select! {
                next = next => next,
                _ = stopping.wait_for(|stopping| *stopping) => break,
            };
            while running.try_join_next().is_some() {}
            let stream = match connection {
                Ok((stream, _)) => stream,
                Err(error) => {
                    warn!(%error, "the admin socket could not take a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let (app, database, owner) = (app.clone(), self.database.clone(), self.owner);
            running.spawn(async move {
                let _place = place;
                match timeout(DEADLINE, converse(stream, &app, &database, owner)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => warn!("an admin command broke off: {error:#}"),
                    Err(_) => warn!("an admin command took longer than {DEADLINE:?}"),
                }
            });
        }
        // While it is still ours: the next process makes its own, and replaces one that is left.
        let _ = std::fs::remove_file(&self.path);
        drop(self.listener);
        while running.join_next().await.is_some() {}
    }
}

async fn converse(mut stream: UnixStream, app: &App, database: &str, owner: u32) -> Result<()> {
    let caller = stream.peer_cred().context("who asks is not known")?.uid();
    if caller != owner && caller != ROOT {
        bail!("user {caller} may not administer this gateway");
    }
    let mut bytes = Vec::new();
    (&mut stream).take(REQUEST_BYTES_MAX + 1).read_to_end(&mut bytes).await?;
    let answer = answer(&bytes, app, database).await;
    stream.write_all(&serde_json::to_vec(&answer)?).await?;
    stream.shutdown().await?;
    Ok(())
}

async fn answer(request: &[u8], app: &App, database: &str) -> Answer {
    if request.len() as u64 > REQUEST_BYTES_MAX {
        let message = "A command has at most 1 MiB.";
        return Answer::Refused(AdminError::new("command_too_large", message));
    }
    let Request { database: meant, command } = match serde_json::from_slice(request) {
        Ok(request) => request,
        Err(error) => {
            let message = format!(
                "The running gateway does not know this command, perhaps because it is another version: {error}."
            );
            return Answer::Refused(AdminError::new("command_unknown", message));
        }
    };
    if meant != database {
        return Answer::OtherDatabase;
    }
    info!("carrying out an admin command");
    match admin::run(app, command).await {
        Ok(value) => Answer::Done(value),
        Err(refused) => Answer::Refused(refused),
    }
}
