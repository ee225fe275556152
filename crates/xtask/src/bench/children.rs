//! The servers of `servers.rs` as child processes of this one. They end when they are dropped.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

const START_MAX: Duration = Duration::from_secs(10);

pub(super) struct Child {
    /// `http://…/`.
    pub(super) address: String,
    process: tokio::process::Child,
}

impl Child {
    pub(super) async fn bare_server(answer_bytes: usize) -> Result<Self> {
        Self::start(&["bare-server".to_owned(), answer_bytes.to_string()]).await
    }

    /// A pipeline that remembers nothing: it answers so many bytes and posts to a receiver.
    pub(super) async fn bare_pipeline(answer_bytes: usize, receiver: &Self) -> Result<Self> {
        let args = ["bare-pipeline".to_owned(), answer_bytes.to_string(), receiver.address.clone()];
        Self::start(&args).await
    }

    pub(super) async fn receiver() -> Result<Self> {
        Self::start(&["receiver".to_owned()]).await
    }

    /// Hold it, so that it takes connections and answers nobody, or let it go on.
    pub(super) fn hold(&self, held: bool) -> Result<()> {
        let id = self.process.id().context("the child ended by itself")?;
        let pid = Pid::from_raw(i32::try_from(id)?).context("a process id")?;
        let signal = if held { Signal::STOP } else { Signal::CONT };
        kill_process(pid, signal).context("cannot hold the child")
    }

    async fn start(args: &[String]) -> Result<Self> {
        let own = std::env::current_exe().context("cannot find this program")?;
        let mut process =
            Command::new(own).args(args).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stdout = process.stdout.take().context("the child's output is piped")?;
        let mut line = String::new();
        let mut stdout = BufReader::new(stdout);
        let read = timeout(START_MAX, stdout.read_line(&mut line)).await;
        read.with_context(|| format!("{args:?} did not start"))??;
        Ok(Self { address: line.trim().to_owned(), process })
    }
}
