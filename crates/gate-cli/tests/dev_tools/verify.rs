//! `gate verify`, as somebody uses it whose receiver refuses everything.

use std::fs;
use std::process::Output;

use serde_json::Value;

use crate::receiver::Receiver;
use crate::{Sandbox, complaint, gate};

fn verify(words: &[&str], secret: &str) -> Output {
    gate(&[&["verify", "--json"], words].concat())
        .env("GATE_WEBHOOK_SECRET", secret)
        .output()
        .unwrap()
}

fn codes(output: &Output) -> Vec<String> {
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = answer["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_captured_request_verifies_and_a_changed_one_says_what_was_changed() {
    let sandbox = Sandbox::start();
    let receiver = Receiver::start();
    let secret = sandbox.answers(&["listen", "--print-secret"])["secret"].clone();
    let secret = secret.as_str().unwrap();
    sandbox.answers(&["trigger", "gate_session.completed", "--forward-to", &receiver.url()]);
    let request = receiver.next();
    let path = sandbox.path("captured.http");
    let file = path.to_str().unwrap();

    fs::write(&path, format!("{}{}", request.head, request.body)).unwrap();
    let output = verify(&["--request", file], secret);
    assert_eq!(
        (output.status.code(), codes(&output)),
        (Some(0), vec!["signature_matches".into(); 2])
    );

    let parsed = serde_json::to_string_pretty(&request.event()).unwrap();
    fs::write(&path, format!("{}{}\n", request.head, request.body)).unwrap();
    let output = verify(&["--request", file], secret);
    assert_eq!((output.status.code(), &codes(&output)[0][..]), (Some(1), "body_changed"));
    fs::write(&path, format!("{}{parsed}", request.head)).unwrap();
    let output = verify(&["--request", file], secret);
    assert_eq!(output.status.code(), Some(1));
    assert!(codes(&output).contains(&"body_sorted".to_owned()));

    let body = sandbox.path("body.json");
    fs::write(&body, &request.body).unwrap();
    let header = format!("Gate-Signature: {}", request.header("gate-signature"));
    let words = ["--body", body.to_str().unwrap(), "--header", &header];
    assert_eq!(verify(&words, secret).status.code(), Some(0));
    let old = [&words[..], &["--at", "2020-01-01T00:00:00Z"]].concat();
    assert!(codes(&verify(&old, secret)).contains(&"stale".to_owned()));
    let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert_eq!(codes(&verify(&words, other)), ["signature_mismatch"]);
}

#[test]
fn an_endpoint_s_public_key_verifies_what_it_gets() {
    let sandbox = Sandbox::start();
    let receiver = Receiver::start();
    let made = sandbox.answers(&["endpoints", "add", &receiver.url(), "--asymmetric"]);
    let [secret, key] = ["secret", "public_key"].map(|name| made[name].as_str().unwrap());
    sandbox.trigger(&["gate_session.created"]);
    let request = receiver.next();
    let path = sandbox.path("captured.http");
    let words = ["--request", path.to_str().unwrap()];
    fs::write(&path, format!("{}{}", request.head, request.body)).unwrap();
    for (with, matches) in [(secret, 2), (key, 1)] {
        let output = verify(&words, with);
        let expected = vec!["signature_matches".to_owned(); matches];
        assert_eq!((output.status.code(), codes(&output)), (Some(0), expected), "{with}");
    }
    fs::write(&path, format!("{}{}\n", request.head, request.body)).unwrap();
    assert_eq!(codes(&verify(&words, key)), ["body_changed"]);
}

#[test]
fn half_a_command_line_is_told() {
    for words in
        [&["verify"][..], &["verify", "--body", "-"], &["verify", "--body", "-", "--at", "soon"]]
    {
        let output = gate(words).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", complaint(&output));
        assert_eq!(output.stdout, b"");
    }
}
