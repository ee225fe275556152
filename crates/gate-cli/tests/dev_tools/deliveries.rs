//! `gate deliveries` and `gate events`: what was sent, what was answered, and sending it again.

use gate_partner::Request;
use serde_json::json;

use crate::receiver::Receiver;
use crate::{Running, Sandbox};

#[test]
fn a_delivery_is_given_up_shown_and_replayed() {
    let sandbox = Sandbox::start();
    let receiver = Receiver::start();
    receiver.answer(500);
    let endpoint = Request::post(&["v1", "webhook_endpoints"])
        .body(&json!({ "url": receiver.url(), "event_types": ["gate_session.created"] }));
    let endpoint = sandbox.ask(&endpoint)["id"].as_str().unwrap().to_owned();
    let answer = sandbox.answers(&["trigger", "gate_session.created"]);
    let event = answer["event"]["id"].as_str().unwrap();
    let session = answer["made"]["session"].as_str().unwrap();
    // Ten attempts, days apart.
    let later = Request::post(&["v1", "test_helpers", "gate_sessions", session, "advance_time"]);
    let later = later.body(&json!({ "seconds": 100_000 }));
    let list = ["deliveries", "list", "--event", event, "--endpoint", &endpoint];
    let delivery = loop {
        let delivery = sandbox.answers(&list)["data"][0].clone();
        match delivery["status"].as_str().unwrap() {
            "pending" if delivery["attempts"].as_i64() > Some(0) => drop(sandbox.ask(&later)),
            "dead_lettered" => break delivery,
            _ => std::thread::yield_now(),
        }
    };
    let id = delivery["id"].as_str().unwrap();
    assert_eq!(delivery["last_response_status"], 500);
    let shown = sandbox.answers(&["deliveries", "show", id]);
    assert_eq!(shown["attempts"][0]["response_excerpt"], "hello");
    let attempts = shown["attempts"].as_array().unwrap().len();

    assert_eq!(sandbox.refuses(&["deliveries", "replay", id]).0, 1, "refused once more");
    let again = sandbox.answers(&["deliveries", "show", id]);
    assert_eq!(again["attempts"].as_array().unwrap().len(), attempts + 1);
    receiver.answer(200);
    let resent = sandbox.answers(&["events", "resend", event]);
    assert_eq!((&resent["status"], &resent["queued"]), (&"done".into(), &1.into()));
    let (code, said) = sandbox.refuses(&["deliveries", "replay", "wd_test_none"]);
    assert_eq!(code, 1);
    assert!(said.contains("404 not_found"), "{said}");
}

#[test]
fn the_feed_is_followed_from_the_last_ones_on() {
    let sandbox = Sandbox::start();
    let first = sandbox.trigger(&["customer.created"]);
    let second = sandbox.trigger(&["gate_session.created"]);
    let ids = |words: &[&str]| -> Vec<String> {
        let output = sandbox.gate(&[&["events", "tail", "--no-follow", "--json"], words].concat());
        let output = { output }.output().unwrap();
        assert!(output.status.success());
        let lines = String::from_utf8(output.stdout).unwrap();
        let id = |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].clone();
        lines.lines().map(id).map(|id| id.as_str().unwrap().to_owned()).collect()
    };
    let (one, two) = (std::slice::from_ref(&first), std::slice::from_ref(&second));
    assert_eq!(ids(&[]), [one, two].concat());
    assert_eq!(ids(&["--last", "1"]), two);
    assert_eq!(ids(&["--events", "customer.*"]), one);
    assert_eq!(ids(&["--events", "customer.*,kyc.required"]), one);
    assert_eq!(ids(&["--from", "1"]), two);
    assert_eq!(ids(&["--from", "now"]), [] as [String; 0]);

    let running = Running::start(&mut sandbox.gate(&["events", "tail", "--last", "1"]));
    assert_eq!(running.line()["id"], second.as_str());
    let third = sandbox.trigger(&["customer.created"]);
    assert_eq!(running.line()["id"], third.as_str());
    assert_eq!(running.interrupt().1, Some(0));

    // The bytes that are signed, and nothing else.
    let raw = sandbox.gate(&["events", "show", &first, "--raw"]).output().unwrap().stdout;
    let event: serde_json::Value = serde_json::from_slice(&raw).unwrap();
    assert!(event["id"] == first.as_str() && !raw.ends_with(b"\n"));
}
