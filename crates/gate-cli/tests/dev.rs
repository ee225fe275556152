//! `gate dev` and `gate doctor` as a new user meets them: the real binary, its messages, its files.
#![expect(clippy::unwrap_used, reason = "a test's helpers may")]

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How long a start may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running sandbox, ended with the test.
struct Sandbox {
    child: Child,
    ready: Value,
}

impl Sandbox {
    fn start(data_dir: &Path) -> Self {
        let ready_file = data_dir.join("ready.json");
        let _ = fs::remove_file(&ready_file);
        let mut child = dev(data_dir).arg("--ready-file").arg(&ready_file).spawn().unwrap();
        let started = Instant::now();
        while !ready_file.exists() {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it was ready");
            assert!(started.elapsed() < PATIENCE, "it was not ready in time");
            std::thread::yield_now();
        }
        let ready = serde_json::from_str(&fs::read_to_string(&ready_file).unwrap()).unwrap();
        Self { child, ready }
    }

    /// Ask it to end, as a service manager would.
    fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").arg(&pid).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "it did not end well");
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn dev(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gate"));
    command
        .args(["--log", "warn", "dev", "--listen", "127.0.0.1:0", "--shop-listen", "127.0.0.1:0"])
        .arg("--data-dir")
        .arg(data_dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn doctor(data_dir: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gate"));
    command.args(["doctor", "--json", "--data-dir"]).arg(data_dir).output().unwrap()
}

/// What a refused start says. It must end at once and by itself.
fn complaint(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn the_ready_file_holds_what_is_needed_and_the_same_keys_come_again() {
    let folder = TempDir::new().unwrap();
    let first = Sandbox::start(folder.path());
    let before = first.ready.clone();
    for key in
        ["base_url", "shop_url", "partner_id", "secret_key", "publishable_key", "webhook_secret"]
    {
        assert!(before[key].is_string(), "{key}");
    }
    assert_eq!(before["mode"], "test");
    first.stop();

    let second = Sandbox::start(folder.path());
    for key in ["partner_id", "secret_key", "publishable_key", "webhook_secret"] {
        assert_eq!(second.ready[key], before[key], "{key}");
    }
    second.stop();
}

#[test]
fn nobody_else_may_read_the_secrets() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    Sandbox::start(folder.path()).stop();
    for name in ["master.key", "credentials.json", "ready.json", "gate.db"] {
        let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} is {mode:o}");
    }
}

#[test]
fn a_second_process_on_the_same_data_is_refused_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    let sandbox = Sandbox::start(folder.path());
    let said = complaint(&mut dev(folder.path()));
    assert!(said.contains("stop it, or choose another --data-dir"), "{said}");
    sandbox.stop();
}

#[test]
fn a_port_in_use_is_told_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for option in ["--listen", "--shop-listen"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gate"));
        command.args(["dev", "--listen", "127.0.0.1:0", "--shop-listen", "127.0.0.1:0"]);
        // The last one counts.
        let said = complaint(command.args([option, &address, "--data-dir"]).arg(folder.path()));
        let wanted = format!(
            "{address} is in use. Stop what listens there, or choose another address with {option}."
        );
        assert!(said.contains(&wanted), "{said}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_told_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("not-a-folder");
    fs::write(&file, "").unwrap();
    let said = complaint(&mut dev(&file.join("data")));
    assert!(said.contains("choose another with --data-dir"), "{said}");
}

#[test]
fn the_doctor_finds_a_fresh_database_healthy_and_a_missing_one_missing() {
    let folder = TempDir::new().unwrap();
    assert!(!doctor(folder.path()).status.success());
    Sandbox::start(folder.path()).stop();
    let healthy = doctor(folder.path());
    assert!(healthy.status.success());
    let report: Value = serde_json::from_slice(&healthy.stdout).unwrap();
    assert_eq!(report["ok"], true);
    assert_eq!(report["ledger"]["balanced"], true);
}
