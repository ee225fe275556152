//! A gateway process in our hands: started, waited for, killed or stopped. What it writes to its
//! log goes to a file.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// How long a gateway may take to serve.
const START_MAX: Duration = Duration::from_mins(1);
/// How long it may take to end when asked to.
const STOP_MAX: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// What the ready file says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Ready {
    pub(crate) base_url: String,
    pub(crate) shop_url: Option<String>,
    pub(crate) secret_key: String,
    pub(crate) publishable_key: String,
}

/// How to start a gateway, again and again on the same data.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The program.
    pub(crate) gate: PathBuf,
    /// Where its data, its ready file and its log are.
    pub(crate) folder: PathBuf,
    /// Another database than the file in the folder.
    pub(crate) database: Option<String>,
    /// Further arguments of `gate dev`.
    pub(crate) args: Vec<String>,
}

/// A gateway that serves. It is killed when this is dropped.
pub(crate) struct Gateway {
    child: Child,
    pub(crate) ready: Ready,
}

impl Launch {
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("gate.log")
    }

    /// Start it, and wait until it serves.
    pub(crate) async fn start(&self) -> Result<Gateway> {
        let ready_file = self.folder.join("ready.json");
        match std::fs::remove_file(&ready_file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context("cannot remove the old ready file");
            }
            _ => {}
        }
        let mut command = self.command("dev");
        command.arg("--ready-file").arg(&ready_file).args(&self.args);
        // One key asks thousands of times a second here.
        command.args(["--rate-limit", "off"]);
        let mut child = command.spawn().with_context(|| self.cannot_run())?;
        let started = Instant::now();
        while started.elapsed() < START_MAX {
            if let Some(status) = child.try_wait()? {
                bail!("the gateway did not start ({status}):\n{}", tail_of(&self.log()));
            }
            // The file appears whole or not at all.
            if let Ok(text) = std::fs::read_to_string(&ready_file) {
                let ready = serde_json::from_str(&text).context("the ready file cannot be read")?;
                return Ok(Gateway { child, ready });
            }
            sleep(LOOK_EVERY).await;
        }
        bail!("the gateway did not serve within {START_MAX:?}:\n{}", tail_of(&self.log()))
    }

    /// What the doctor says about the data. The gateway must be stopped.
    pub(crate) async fn doctor(&self) -> Result<DoctorReport> {
        let mut command = self.command("doctor");
        command.arg("--json").stdout(Stdio::piped());
        let output = timeout(STOP_MAX, command.output()).await.context("the doctor hangs")?;
        let output = output.with_context(|| self.cannot_run())?;
        serde_json::from_slice(&output.stdout).with_context(|| {
            format!("the doctor said nothing useful ({}):\n{}", output.status, tail_of(&self.log()))
        })
    }

    /// What a command of the operator answers, as JSON.
    pub(crate) async fn administer(&self, words: &[&str]) -> Result<serde_json::Value> {
        let [first, rest @ ..] = words else { bail!("a command has a name") };
        let [second, rest @ ..] = rest else { bail!("a command of the operator has two words") };
        let mut command = Command::new(&self.gate);
        command.args([first, second]).arg("--json").arg("--data-dir").arg(self.folder.join("data"));
        command.args(rest).env("GATE_LOG", "warn").env_remove("GATE_DATABASE");
        if let Some(database) = &self.database {
            command.arg("--database").arg(database);
        }
        let output = timeout(STOP_MAX, command.output()).await.context("the command hangs")?;
        let output = output.with_context(|| self.cannot_run())?;
        let told = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "gate {first} {second}: {told}");
        serde_json::from_slice(&output.stdout).context("the command did not answer in JSON")
    }

    fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.gate);
        command.arg(subcommand).arg("--data-dir").arg(self.folder.join("data"));
        if let Some(database) = &self.database {
            command.arg("--database").arg(database);
        }
        command.env("GATE_LOG", "warn").env_remove("GATE_DATABASE");
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        command.stderr(append_to(&self.log()).map_or_else(|_| Stdio::null(), Stdio::from));
        command
    }

    fn cannot_run(&self) -> String {
        format!("cannot run {}; build it first, or name it with --gate", self.gate.display())
    }
}

impl Gateway {
    /// How long its threads have run so far, as the kernel counts it: in hundredths of a second.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        let pid = self.child.id().context("the gateway ended by itself")?;
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name of the program may hold spaces; what follows its bracket is numbers.
        let (_, numbers) = text.rsplit_once(')').context("the kernel's account of a process")?;
        let hundredths = numbers.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        Ok(Duration::from_millis(10 * hundredths.sum::<Result<u64, _>>()?))
    }

    /// The memory that it holds now, in bytes, as the kernel counts it.
    pub(crate) fn resident_bytes(&self) -> Result<u64> {
        let pid = self.child.id().context("the gateway ended by itself")?;
        let text = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        Ok(kib.context("the kernel's account of a process")? * 1024)
    }

    /// End it at once, as a power cut of the process would: it gets no chance to tidy up.
    pub(crate) async fn kill(mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("the gateway ended by itself ({status})");
        }
        self.child.kill().await.context("cannot kill the gateway")
    }

    /// Ask it to end, and see that it does so in order.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let pid = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let pid = pid.context("the gateway ended by itself")?;
        kill_process(pid, Signal::TERM).context("cannot ask the gateway to end")?;
        let status = timeout(STOP_MAX, self.child.wait()).await;
        let status = status.context("the gateway did not end when asked to")??;
        ensure!(status.success(), "the gateway ended badly: {status}");
        Ok(())
    }
}

/// What `gate doctor --json` says.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct DoctorReport {
    pub(crate) ok: bool,
    pub(crate) ledger: LedgerReport,
    pub(crate) sessions: BTreeMap<String, u64>,
    pub(crate) transactions: BTreeMap<String, u64>,
    pub(crate) deliveries: BTreeMap<String, u64>,
    pub(crate) problems: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct LedgerReport {
    pub(crate) balanced: bool,
}

/// The program that was built beside this one, in the same profile.
pub(crate) fn sibling(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("cannot find this program's own folder")?;
    Ok(own.with_file_name(name))
}

fn append_to(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

/// The end of a log, for a person.
pub(crate) fn tail_of(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
