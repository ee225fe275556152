//! The admin socket: who may ask, what is not understood, and what a dead process leaves behind.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::process::Command;

use serde_json::{Value, json};

use crate::{Deployment, complaint};

/// Send bytes to the socket; what it answers.
fn send(deployment: &Deployment, bytes: &[u8]) -> Value {
    let mut stream = UnixStream::connect(deployment.path("data/admin.sock")).unwrap();
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    serde_json::from_slice(&answer).unwrap()
}

#[test]
fn the_socket_is_its_owners_and_understands_commands_only() {
    let deployment = Deployment::new();
    let gateway = deployment.start();
    let mode = fs::metadata(deployment.path("data/admin.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let code = |bytes: &[u8]| send(&deployment, bytes)["refused"]["code"].clone();
    assert_eq!(code(b""), "command_unknown");
    assert_eq!(code(b"{\"partners\": \"list\"}"), "command_unknown");
    let unknown = json!({ "database": "x", "command": { "shutdown": {} } });
    assert_eq!(code(unknown.to_string().as_bytes()), "command_unknown");
    assert_eq!(code(&vec![b' '; 1024 * 1024 + 1]), "command_too_large");
    let other =
        json!({ "database": "x", "command": { "partners": { "list": { "after": null } } } });
    assert_eq!(send(&deployment, other.to_string().as_bytes()), "other_database");
    gateway.stop();
    assert!(!deployment.path("data/admin.sock").exists(), "it tidies up");
}

#[test]
fn a_socket_that_a_dead_process_left_behind_is_in_nobodys_way() {
    let deployment = Deployment::new();
    deployment.says(&["partner", "create", "Tea and Bread"]);
    deployment.start().kill();
    assert!(deployment.path("data/admin.sock").exists());
    deployment.says(&["partner", "list"]);
    let gateway = deployment.start();
    deployment.says(&["partner", "list"]);
    gateway.stop();
}

#[test]
fn the_database_that_is_meant_is_the_one_that_is_changed() {
    let deployment = Deployment::new();
    let gateway = deployment.start();
    deployment.says(&["partner", "create", "Here"]);
    let elsewhere = format!("sqlite:{}", deployment.path("other.db").display());
    deployment.says(&["partner", "create", "There", "--database", &elsewhere]);
    let names = |words: &[&str]| {
        let answer = deployment.answers(words);
        let partners = answer["partners"].as_array().unwrap().clone();
        partners.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["partner", "list"]), ["Here"]);
    assert_eq!(names(&["partner", "list", "--database", &elsewhere]), ["There"]);
    gateway.stop();
    assert_eq!(names(&["partner", "list"]), ["Here"]);
}

#[test]
fn a_sandbox_is_administered_in_the_same_way() {
    let folder = tempfile::TempDir::new().unwrap();
    let ready_file = folder.path().join("ready.json");
    let gate = || Command::new(env!("CARGO_BIN_EXE_gate"));
    let mut sandbox = gate()
        .args(["--log", "warn", "dev", "--no-shop", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.path())
        .arg("--ready-file")
        .arg(&ready_file)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !ready_file.exists() {
        assert!(sandbox.try_wait().unwrap().is_none(), "it ended before it was ready");
        std::thread::yield_now();
    }
    let listed = gate().args(["keys", "list", "--data-dir"]).arg(folder.path()).output().unwrap();
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();
    let said = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.status.success() && said.contains("publishable"), "{listed:?}");
}

#[test]
fn who_decides_has_a_name() {
    let deployment = Deployment::new();
    deployment.says(&["partner", "create", "Tea and Bread"]);
    let words = ["capabilities", "off", "currency:EUR", "--reason", "a test"];
    let refused = deployment.gate(&words).env_remove("USER").output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(complaint(&refused).contains("--actor <NAME>"), "{}", complaint(&refused));
    let named = deployment.gate(&words).env("USER", "ada").arg("--json").output().unwrap();
    assert!(named.status.success(), "{}", complaint(&named));
    let log = deployment.answers(&["capabilities", "log"]);
    assert_eq!(log["changes"][0]["actor"], "ada", "{log}");
}
