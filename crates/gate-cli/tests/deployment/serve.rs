//! How a gateway starts, and what keeps it from starting.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::{Deployment, complaint};

#[test]
fn it_serves_what_the_file_says_and_keeps_its_secrets() {
    let deployment = Deployment::new();
    let gateway = deployment.start();
    assert_eq!(gateway.status("/readyz", "x"), 200);
    gateway.stop();
    for name in ["data/master.key", "data/gate.db", "ready.json"] {
        let mode = fs::metadata(deployment.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} is {mode:o}");
    }
}

#[test]
fn live_mode_needs_a_live_rail() {
    let deployment = Deployment::with("modes = [\"test\", \"live\"]");
    let (code, said) = deployment.refuses(&["serve"]);
    assert_eq!(code, 1);
    assert!(said.contains("no live rail is configured and no verifier of users"), "{said}");
    assert!(!deployment.path("data").exists(), "nothing was touched");
}

#[test]
fn every_problem_is_told_at_once() {
    let deployment = Deployment::with("lisen = 1\nmodes = [\"live\"]\nrate_limit = \"fast\"");
    let output = deployment.gate(&["serve"]).env("GATE_MASTER_KEY", "short").output().unwrap();
    let said = complaint(&output);
    for problem in ["\"lisen\"", "modes in", "rate_limit in", "GATE_MASTER_KEY must be 32 bytes"] {
        assert!(said.contains(problem), "{problem}: {said}");
    }
    assert!(!said.contains("short"), "a secret is not repeated: {said}");
}

#[test]
fn another_master_key_is_refused_before_anything_is_served() {
    let deployment = Deployment::new();
    deployment.start().stop();
    fs::remove_file(deployment.path("data/master.key")).unwrap();
    let (code, said) = deployment.refuses(&["serve"]);
    assert_eq!(code, 1);
    assert!(said.contains("rest under another master key"), "{said}");
    assert!(said.contains("master.key"), "it says where to put the right one: {said}");
    assert!(!deployment.path("data/master.key").exists(), "and leaves that place free");
}

#[test]
fn a_capabilities_file_that_is_wrong_is_told() {
    let deployment = Deployment::with("capabilities = \"nowhere.toml\"");
    let (code, said) = deployment.refuses(&["serve"]);
    assert_eq!(code, 1);
    assert!(said.contains("nowhere.toml"), "{said}");
}

#[test]
fn help_has_examples() {
    for words in
        [&["serve"][..], &["keys"], &["partner"], &["origins"], &["endpoints"], &["screening"]]
    {
        let said = Deployment::new().says(&[words, &["--help"]].concat());
        assert!(said.contains("Examples:\n  gate "), "{words:?}: {said}");
    }
}
