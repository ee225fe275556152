//! `gate serve` and the commands that administer it, as an operator meets them: the real binary, its
//! messages, its exit codes.
#![expect(clippy::unwrap_used, reason = "a test's helpers may")]

mod admin;
mod capabilities;
mod deposits;
mod keys;
mod screening;
mod serve;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How long a start may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder with a configuration file, and what runs on it.
pub(crate) struct Deployment {
    folder: TempDir,
}

/// A gateway that serves. It is ended with the test.
pub(crate) struct Gateway {
    child: Child,
    address: String,
}

impl Deployment {
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// With further lines in the configuration file.
    pub(crate) fn with(settings: &str) -> Self {
        let deployment = Self { folder: TempDir::new().unwrap() };
        let file = format!(
            "listen = \"127.0.0.1:0\"\ndata_dir = \"{}\"\nready_file = \"{}\"\n{settings}\n",
            deployment.path("data").display(),
            deployment.path("ready.json").display(),
        );
        fs::write(deployment.path("gate.toml"), file).unwrap();
        deployment
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        Path::join(self.folder.path(), name)
    }

    /// `gate` with these words, on this deployment.
    pub(crate) fn gate(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gate"));
        command.args(words).arg("--config").arg(self.path("gate.toml"));
        for name in ["GATE_DATABASE", "GATE_MASTER_KEY", "GATE_DATA_DIR", "GATE_MODES", "GATE_LOG"]
        {
            command.env_remove(name);
        }
        command.env("USER", "operator");
        command
    }

    /// What a command prints, which has to succeed.
    pub(crate) fn says(&self, words: &[&str]) -> String {
        let output = self.gate(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", complaint(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command answers in JSON.
    pub(crate) fn answers(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.says(&[words, &["--json"]].concat())).unwrap()
    }

    /// What a command that fails says, with its exit code.
    pub(crate) fn refuses(&self, words: &[&str]) -> (i32, String) {
        let output = self.gate(words).output().unwrap();
        assert_eq!(output.stdout, b"", "{words:?}");
        (output.status.code().unwrap(), complaint(&output))
    }

    pub(crate) fn start(&self) -> Gateway {
        let ready_file = self.path("ready.json");
        let _ = fs::remove_file(&ready_file);
        let mut command = self.gate(&["--log", "warn", "serve"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let started = Instant::now();
        while !ready_file.exists() {
            let ended = child.try_wait().unwrap().is_some();
            assert!(!ended, "it did not start: {}", complaint(&child.wait_with_output().unwrap()));
            assert!(started.elapsed() < PATIENCE, "it was not ready in time");
            std::thread::yield_now();
        }
        let ready: Value = serde_json::from_str(&fs::read_to_string(&ready_file).unwrap()).unwrap();
        let address = ready["address"].as_str().unwrap().replace("http://", "");
        Gateway { child, address }
    }
}

impl Gateway {
    /// The status that a request of a key gets.
    pub(crate) fn status(&self, path: &str, key: &str) -> u16 {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Ask it to end, as a service manager would.
    pub(crate) fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").arg(&pid).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "it did not end well");
    }

    /// End it without a chance to tidy up.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
