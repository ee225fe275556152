//! Ending early in order: what is under way is dropped, and with it the processes that it started.

use anyhow::{Result, bail};
use tokio::signal::unix::{SignalKind, signal};

/// Do the work, unless somebody asks this program to end.
pub(crate) async fn unless_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        done = work => done,
        _ = terminate.recv() => bail!("interrupted"),
        _ = interrupt.recv() => bail!("interrupted"),
    }
}
