//! `gate listen`: nothing is missed, nothing comes twice, and whoever does not answer is waited for.

use std::net::TcpListener;

use serde_json::Value;

use crate::receiver::Receiver;
use crate::{Running, Sandbox};

fn listen(sandbox: &Sandbox, url: &str, more: &[&str]) -> (Running, Value) {
    let mut command = sandbox.gate(&["listen", "--forward-to", url]);
    let running = Running::start(command.args(more));
    let greeting = running.line_of("listening");
    (running, greeting)
}

/// The event of a line about something that was forwarded.
fn forwarded(line: &Value) -> (i64, &str) {
    (line["sequence"].as_i64().unwrap(), line["event_id"].as_str().unwrap())
}

#[test]
fn every_event_arrives_once_and_in_order_over_a_killed_gateway_and_a_pause() {
    let mut sandbox = Sandbox::start();
    let receiver = Receiver::start();
    let (running, greeting) = listen(&sandbox, &receiver.url(), &[]);
    let secret = greeting["secret"].as_str().unwrap().to_owned();
    assert_eq!(greeting["after"], 0);

    let mut happened = vec![sandbox.trigger(&["gate_session.created"])];
    assert_eq!(forwarded(&running.line_of("forwarded")), (1, happened[0].as_str()));
    sandbox.kill();
    running.line_of("lost");
    sandbox.go_on();
    for _ in 0..5 {
        happened.push(sandbox.trigger(&["customer.created"]));
    }
    running.line_of("back");
    for (sequence, id) in (2..).zip(&happened[1..]) {
        assert_eq!(forwarded(&running.line_of("forwarded")), (sequence, id.as_str()));
    }
    let (rest, code) = running.interrupt();
    assert_eq!((code, rest.last().unwrap()["after"].as_i64()), (Some(0), Some(6)));

    // What happens meanwhile comes when it is back; what was there is not sent again.
    happened.push(sandbox.trigger(&["customer.created"]));
    happened.push(sandbox.trigger(&["customer.created"]));
    let (running, greeting) = listen(&sandbox, &receiver.url(), &[]);
    assert_eq!((&greeting["after"], greeting["secret"].as_str()), (&6.into(), Some(&*secret)));
    for (sequence, id) in (7..).zip(&happened[6..]) {
        assert_eq!(forwarded(&running.line_of("forwarded")), (sequence, id.as_str()));
    }
    running.kill();
    happened.push(sandbox.trigger(&["customer.created"]));
    let (running, _) = listen(&sandbox, &receiver.url(), &[]);
    assert_eq!(forwarded(&running.line_of("forwarded")), (9, happened[8].as_str()));
    assert_eq!(running.interrupt().1, Some(0));

    for id in &happened {
        let request = receiver.next();
        assert_eq!(request.event()["id"], id.as_str());
        request.verify(&secret);
    }
    assert!(receiver.is_quiet());
}

#[test]
fn killed_over_a_request_it_sends_that_one_again_and_nothing_else() {
    let sandbox = Sandbox::start();
    let receiver = Receiver::start();
    assert_eq!(listen(&sandbox, &receiver.url(), &[]).0.interrupt().1, Some(0));
    let happened = [0; 3].map(|_| sandbox.trigger(&["customer.created"]));
    receiver.answer_only(1);
    let (running, _) = listen(&sandbox, &receiver.url(), &[]);
    assert_eq!(forwarded(&running.line_of("forwarded")).1, happened[0]);
    for id in &happened[..2] {
        assert_eq!(receiver.next().event()["id"], id.as_str());
    }
    running.kill();
    receiver.answer_only(usize::MAX);
    let (running, _) = listen(&sandbox, &receiver.url(), &[]);
    for id in &happened[1..] {
        assert_eq!(forwarded(&running.line_of("forwarded")).1, id);
        assert_eq!(receiver.next().event()["id"], id.as_str());
    }
}

#[test]
fn a_receiver_that_is_not_there_is_waited_for() {
    let sandbox = Sandbox::start();
    // Nobody else is given a port there: at 127.0.0.1 it would be the next test's that asks.
    let taken = TcpListener::bind("127.0.0.2:0").unwrap();
    let address = taken.local_addr().unwrap();
    drop(taken);
    let (running, _) = listen(&sandbox, &format!("http://{address}/"), &[]);
    let first = sandbox.trigger(&["customer.created"]);
    running.line_of("waiting");
    let second = sandbox.trigger(&["customer.created"]);
    let receiver = Receiver::on(TcpListener::bind(address).unwrap());
    for id in [first, second] {
        assert_eq!(forwarded(&running.line_of("forwarded")).1, id);
        assert_eq!(receiver.next().event()["id"], id.as_str());
    }
    // Waiting is no reason not to end.
    let (running, _) = listen(&sandbox, "http://127.0.0.1:1/", &["--from", "start"]);
    running.line_of("waiting");
    assert_eq!(running.interrupt().1, Some(0));
}

#[test]
fn replays_reach_the_receiver_by_what_it_answered() {
    let sandbox = Sandbox::start();
    let receiver = Receiver::start();
    let before = sandbox.trigger(&["customer.created"]);
    let (running, _) = listen(&sandbox, &receiver.url(), &[]);
    let good = sandbox.trigger(&["customer.created"]);
    assert_eq!(running.line_of("forwarded")["accepted"], true);
    receiver.answer(500);
    let bad = sandbox.trigger(&["customer.created"]);
    let line = running.line_of("forwarded");
    assert_eq!(
        (&line["accepted"], &line["status"], &line["answer"]),
        (&false.into(), &500.into(), &"hello".into())
    );
    receiver.answer(204);

    // An event that is named comes again, whatever became of it.
    sandbox.answers(&["events", "resend", &good]);
    let line = running.line_of("forwarded");
    assert_eq!((forwarded(&line).1, line["replay"].is_string()), (good.as_str(), true));
    // A replay of a time brings what was refused and what came before it listened.
    sandbox.answers(&["events", "resend", "--since", "1h"]);
    for id in [&before, &bad] {
        assert_eq!(forwarded(&running.line_of("forwarded")).1, id);
    }
    // By now everything but the first has arrived, and the first did as well.
    sandbox.answers(&["events", "resend", "--since", "1h", "--status", "dead_lettered"]);
    let last = sandbox.trigger(&["customer.created"]);
    assert_eq!(forwarded(&running.line_of("forwarded")).1, last);
    assert_eq!(running.interrupt().1, Some(0));

    // A replay while it was away is carried out when it is back.
    sandbox.answers(&["events", "resend", &last]);
    let (running, _) = listen(&sandbox, &receiver.url(), &[]);
    assert_eq!(forwarded(&running.line_of("forwarded")).1, last);
    for id in [&good, &bad, &good, &before, &bad, &last, &last] {
        assert_eq!(receiver.next().event()["id"], id.as_str());
    }
}

#[test]
fn only_what_is_wanted_and_one_listener_for_each_receiver() {
    let sandbox = Sandbox::start();
    let receiver = Receiver::start();
    let words = ["--events", "gate_session.*,customer.deleted", "--header", "X-Shop: 7"];
    let (running, _) = listen(&sandbox, &receiver.url(), &words);
    sandbox.trigger(&["customer.created"]);
    let wanted = sandbox.trigger(&["customer.deleted"]);
    let line = running.line_of("forwarded");
    assert_eq!(forwarded(&line).1, wanted);
    assert_eq!(receiver.next().header("x-shop"), "7");

    let (code, said) = sandbox.refuses(&["listen", "--forward-to", &receiver.url()]);
    assert_eq!(code, 1);
    assert!(said.contains("forwards to") && said.contains("already"), "{said}");
    let (code, said) = sandbox.refuses(&["listen", "--forward-to", "4242", "--events", "settled"]);
    assert_eq!(code, 2);
    assert!(said.contains("rail.pay_in.settled"), "{said}");
    assert_eq!(sandbox.refuses(&["listen"]).0, 2);

    let secret = sandbox.answers(&["listen", "--print-secret"]);
    sandbox.answers(&["events", "resend", &wanted, "--forward-to", &receiver.url()]);
    receiver.next().verify(secret["secret"].as_str().unwrap());
}
