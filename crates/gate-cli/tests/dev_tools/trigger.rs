//! `gate trigger`: every event happens, with what was set, and nothing is invented.

use gate_domain::event::EventType;

use crate::Sandbox;
use crate::receiver::Receiver;

#[test]
fn every_event_happens() {
    let sandbox = Sandbox::start();
    // One takes a day and one half a minute; one is an operator's, two need a user who sells, and the
    // last is a mistake of the gateway's.
    let left_out = [
        "webhook_endpoint.failing",
        "webhook_endpoint.resumed",
        "payment.reinstated",
        "deposit.returned",
        "deposit.held",
        "webhook.event_not_built",
    ];
    let names = EventType::ALL.iter().map(|known| known.as_str());
    for name in names.filter(|name| !left_out.contains(name)) {
        let answer = sandbox.answers(&["trigger", name]);
        assert_eq!(answer["event"]["type"], name);
        // It stands in the feed, as it is shown by its id.
        let shown = sandbox.answers(&["events", "show", answer["event"]["id"].as_str().unwrap()]);
        assert_eq!(shown["event"], answer["event"]);
    }
    let listed = sandbox.answers(&["trigger", "--list"]);
    assert_eq!(listed.as_array().unwrap().len(), EventType::ALL.len());
}

#[test]
fn what_is_set_is_asked_for_and_the_gateway_decides() {
    let sandbox = Sandbox::start();
    let words = [
        "trigger",
        "gate_session.completed",
        "--set",
        "amount=25.00",
        "--set",
        "metadata.order:=7",
        "--set",
        "session.user_reference=u_1",
    ];
    let data = &sandbox.answers(&words)["event"]["data"];
    assert_eq!((&data["amount"], &data["metadata"]["order"]), (&"25.00".into(), &7.into()));
    assert_eq!(data["user_reference"], "u_1");
    let words = ["trigger", "customer.updated", "--set", "change.first_name=Grace"];
    assert_eq!(sandbox.answers(&words)["event"]["data"]["first_name"], "Grace");

    let refused =
        ["trigger", "gate_session.created", "--set", "amount=none", "--set", "colour=red"];
    let (code, said) = sandbox.refuses(&refused);
    assert_eq!(code, 1);
    assert!(said.contains("/amount") && said.contains("/colour"), "{said}");
    let output = sandbox.gate(&refused).arg("--json").output().unwrap();
    let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"]["errors"].as_array().unwrap().len(), 2);
    let elsewhere =
        ["trigger", "gate_session.created", "--set", "return_url=https://other.example/"];
    let (code, said) = sandbox.refuses(&elsewhere);
    assert_eq!(code, 1);
    assert!(said.contains("gate origins add"), "{said}");
    assert_eq!(sandbox.refuses(&["trigger", "gate_session.complete"]).0, 2);
    assert_eq!(sandbox.refuses(&["trigger", "webhook.test", "--set", "a=b"]).0, 2);
}

#[test]
fn an_event_is_changed_in_a_copy_only() {
    let sandbox = Sandbox::start();
    let receiver = Receiver::start();
    let set = ["trigger", "gate_session.failed", "--set", "event.data.currency=XXX"];
    assert_eq!(sandbox.refuses(&set).0, 2, "it cannot really happen");
    let url = receiver.url();
    let words = [&set[..], &["--forward-to", &url]].concat();
    let answer = sandbox.answers(&words);
    assert_eq!((&answer["changed"], &answer["forwarded"]["status"]), (&true.into(), &200.into()));
    assert_eq!(answer["event"]["data"]["currency"], "EUR");
    let request = receiver.next();
    assert_eq!(request.event()["data"]["currency"], "XXX");
    request.verify(sandbox.answers(&["listen", "--print-secret"])["secret"].as_str().unwrap());
    receiver.answer(500);
    let (code, _) =
        sandbox.refuses(&["trigger", "customer.created", "--forward-to", &receiver.url()]);
    assert_eq!(code, 1, "a receiver that refuses is a failure");
}
