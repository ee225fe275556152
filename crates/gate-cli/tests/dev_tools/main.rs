//! The commands of a partner's developer, as the real binary on a real sandbox: what they print, what
//! they exit with, and what arrives.
#![expect(clippy::unwrap_used, reason = "a test's helpers may")]

mod deliveries;
mod listen;
mod receiver;
mod trigger;
mod verify;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use gate_partner::{Gate, Request, SecretKey};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(40);

/// A folder with a sandbox in it, which is ended with the test.
pub(crate) struct Sandbox {
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Sandbox {
    /// A sandbox without a shop, and so without an endpoint.
    pub(crate) fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut sandbox = Self { folder: TempDir::new().unwrap(), port, child: None };
        sandbox.go_on();
        sandbox
    }

    /// Start it on its folder and its port.
    pub(crate) fn go_on(&mut self) {
        let ready_file = self.path("ready.json");
        let _ = fs::remove_file(&ready_file);
        let mut child = gate(&["--log", "warn", "dev", "--no-shop", "--rate-limit", "off"])
            .args(["--listen", &format!("127.0.0.1:{}", self.port)])
            .arg("--data-dir")
            .arg(self.data_dir())
            .arg("--ready-file")
            .arg(&ready_file)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let started = Instant::now();
        while !ready_file.exists() {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it was ready");
            assert!(started.elapsed() < PATIENCE, "it was not ready in time");
            std::thread::yield_now();
        }
        self.child = Some(child);
    }

    /// End it as a power cut would.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.path("data")
    }

    /// A command that finds this sandbox by its data directory.
    pub(crate) fn gate(&self, words: &[&str]) -> Command {
        let mut command = gate(words);
        command.arg("--data-dir").arg(self.data_dir());
        command
    }

    /// What a command answers in JSON. It has to succeed.
    pub(crate) fn answers(&self, words: &[&str]) -> Value {
        let output = self.gate(words).arg("--json").output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", complaint(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What a command that does not succeed exits with and says.
    pub(crate) fn refuses(&self, words: &[&str]) -> (i32, String) {
        let output = self.gate(words).output().unwrap();
        (output.status.code().unwrap(), complaint(&output))
    }

    /// Make an event happen; its id.
    pub(crate) fn trigger(&self, words: &[&str]) -> String {
        let answer = self.answers(&[&["trigger"], words].concat());
        answer["event"]["id"].as_str().unwrap().to_owned()
    }

    /// Ask the API.
    pub(crate) fn ask(&self, request: &Request) -> Value {
        let ready: Value =
            serde_json::from_str(&fs::read_to_string(self.path("ready.json")).unwrap()).unwrap();
        let key = SecretKey::parse(ready["secret_key"].as_str().unwrap()).unwrap();
        let gate = Gate::new(ready["base_url"].as_str().unwrap(), key).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(gate.request(request)).unwrap().value
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// `gate` with these words, and nothing from this environment.
pub(crate) fn gate(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gate"));
    for name in ["GATE_URL", "GATE_API_KEY", "GATE_DATA_DIR", "GATE_WEBHOOK_SECRET", "GATE_LOG"] {
        command.env_remove(name);
    }
    command.args(words);
    command
}

pub(crate) fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A command that goes on and prints lines of JSON. It is ended with the test.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<Value>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.arg("--json").stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        Self { child, lines }
    }

    pub(crate) fn line(&self) -> Value {
        self.lines.recv_timeout(PATIENCE).expect("it says nothing more")
    }

    /// The next line of a kind; what comes before it is passed over.
    pub(crate) fn line_of(&self, kind: &str) -> Value {
        loop {
            let line = self.line();
            if line["kind"] == kind {
                return line;
            }
            assert_ne!(line["kind"], "forwarded", "{line} before {kind}");
        }
    }

    /// Press Ctrl-C. What it printed until it ended, and what it exited with.
    pub(crate) fn interrupt(mut self) -> (Vec<Value>, Option<i32>) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        (self.lines.iter().collect(), status.code())
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_shells_complete() {
    for shell in ["bash", "zsh", "fish"] {
        let output = gate(&["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success());
        for word in ["listen", "forward-to", "dead_lettered"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        // Fish is not given the values of what has no name.
        assert_eq!(script.contains("gate_session.completed"), shell != "fish", "{shell}");
    }
    assert_eq!(gate(&["completions", "tcsh"]).output().unwrap().status.code(), Some(2));
}

#[test]
fn a_key_is_needed_and_the_sandbox_key_stays_on_this_machine() {
    let empty = TempDir::new().unwrap();
    let path = empty.path().to_str().unwrap();
    let output = gate(&["events", "show", "evt_1", "--data-dir", path]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("Set GATE_API_KEY"), "{}", complaint(&output));

    let text = r#"{ "secret_key": "sk_test_keepme" }"#;
    fs::write(Path::join(empty.path(), "dev.json"), text).unwrap();
    let words = ["events", "tail", "--url", "https://gate.example", "--data-dir", path];
    let output = gate(&words).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = complaint(&output);
    assert!(said.contains("is not sent to https://gate.example"), "{said}");
    assert!(!said.contains("keepme"));

    // A key that is given is used, and a gateway that is not there is told in words.
    let mut command = gate(&["events", "tail", "--url", "http://127.0.0.1:1", "--data-dir", path]);
    let output = command.env("GATE_API_KEY", "sk_test_a").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint(&output).contains("No gateway answers at http://127.0.0.1:1"));
    for (key, url) in [("pk_test_a", "http://127.0.0.1:1"), ("sk_live_a", "http://gate.example")] {
        let words = ["events", "tail", "--key", key, "--url", url, "--data-dir", path];
        assert_eq!(gate(&words).output().unwrap().status.code(), Some(2), "{key}");
    }
}
