//! The servers of `servers.rs` as child processes of this one. They end when they are dropped.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

const START_MAX: Duration = Duration::from_secs(10);

pub(super) struct Child {
    /// `http://…/`.
    pub(super) address: String,
    _process: tokio::process::Child,
}

impl Child {
    pub(super) async fn bare_server(answer_bytes: usize) -> Result<Self> {
        Self::start(&["bare-server".to_owned(), answer_bytes.to_string()]).await
    }

    pub(super) async fn receiver() -> Result<Self> {
        Self::start(&["receiver".to_owned()]).await
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
        Ok(Self { address: line.trim().to_owned(), _process: process })
    }
}
