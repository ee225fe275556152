//! Strays, as an operator lists, assigns and dismisses them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::{Deployment, Gateway};

/// What a POST is answered, which has to succeed. A header says who asks.
fn post(gateway: &Gateway, path: &str, header: &str, body: &Value) -> Value {
    let body = body.to_string();
    let mut stream = TcpStream::connect(&gateway.address).unwrap();
    write!(
        stream,
        "POST /v1/{path} HTTP/1.1\r\nHost: gate\r\n{header}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 20"), "{path}: {answer}");
    serde_json::from_str(body).unwrap()
}

/// A partner with a sale of XRP on the page that waits for its tokens; the session, the transaction, and
/// the header of the partner's key.
fn sale(deployment: &Deployment, gateway: &Gateway) -> (String, String, String) {
    let origin = "https://shop.example";
    deployment.says(&["partner", "create", "Tea and Bread"]);
    deployment.says(&["origins", "add", origin]);
    let key = |kind| {
        let made = deployment.answers(&["keys", "create", "--kind", kind]);
        format!("Authorization: Bearer {}", made["secret"].as_str().unwrap())
    };
    let (secret, publishable) = (key("secret"), key("publishable"));
    let order = json!({
        "amount": "100.00", "currency": "EUR", "flow": "off_ramp", "target_token": "XRP",
        "target_network": "xrpl", "return_url": format!("{origin}/orders/1"),
    });
    let keyed = format!("{secret}\r\nIdempotency-Key: order_1");
    let session = post(gateway, "gate_sessions", &keyed, &order);
    let visitor = format!("{publishable}\r\nOrigin: {origin}");
    let opened = json!({ "clientSecret": session["client_secret"] });
    let opened = post(gateway, "embed/bootstrap", &visitor, &opened);
    let page = format!("X-Embed-Token: {}", opened["embed_token"].as_str().unwrap());
    let act = |path: &str, body: Value| post(gateway, &format!("embed/{path}"), &page, &body);
    let asked = act("quote", json!({ "target_token": "XRP", "target_network": "xrpl" }));
    let quote = json!({ "quote_id": asked["step"]["quote"]["id"] });
    act("quote/accept", quote.clone());
    act("account", json!({ "iban": "DE09 0000 0000 0000 0000 01" }));
    let back = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh";
    act("wallet", json!({ "address": back, "without_memo": true }));
    let waiting = act("deposit", quote);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&session["id"]), text(&waiting["step"]["transaction_id"]), secret)
}

fn error_of((code, said): (i32, String)) -> Value {
    assert_eq!(code, 1, "{said}");
    let said: Value = serde_json::from_str(&said).unwrap();
    said["error"]["code"].clone()
}

#[test]
fn strays_are_listed_assigned_and_dismissed() {
    let deployment = Deployment::new();
    let gateway = deployment.start();
    let (session, transaction, secret) = sale(&deployment, &gateway);
    assert_eq!(deployment.says(&["deposits", "strays"]), "There is none.\n");
    let lose = |output: u32| {
        let lost = json!({ "session_id": session, "transfer_id": "lost", "output": output });
        let stray = post(&gateway, "test_helpers/strays", &secret, &lost);
        stray["id"].as_str().unwrap().to_owned()
    };
    // Two of one millisecond may be in either order.
    let mut both = [lose(0), lose(1)];
    both.sort();
    let [first, second] = both;

    let listed = deployment.answers(&["deposits", "strays"]);
    let ids = |listed: &Value| -> Vec<String> {
        let strays = listed["strays"].as_array().unwrap();
        strays.iter().map(|stray| stray["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        (ids(&listed), &listed["next_after"]),
        (vec![first.clone(), second.clone()], &Value::Null)
    );
    let behind = deployment.answers(&["deposits", "strays", "--after", &first]);
    assert_eq!(ids(&behind), std::slice::from_ref(&second));

    let dismiss = ["deposits", "dismiss", &second, "--actor", "ada", "--reason"];
    let (code, said) = deployment.refuses(&dismiss[..3]);
    assert!(code == 2 && said.contains("--reason"), "{said}");
    let said = deployment.says(&[&dismiss[..], &["sent back by hand"]].concat());
    assert!(said.contains(&second) && said.contains("is closed"), "{said}");
    let again = deployment.refuses(&[&dismiss[..], &["x", "--json"]].concat());
    assert_eq!(error_of(again), "stray_dismissed");
    let assign = |stray: &str| {
        ["deposits", "assign", stray, "--transaction", &transaction, "--reason", "ticket 815"]
            .map(str::to_owned)
    };
    let words = assign(&second);
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["--json"]).collect();
    assert_eq!(error_of(deployment.refuses(&words)), "stray_dismissed");

    // The same where no gateway runs.
    gateway.stop();
    let words = assign(&first);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let said = deployment.says(&words);
    assert!(said.contains("XRP are dp_test_"), "{said}");
    let words: Vec<&str> = words.into_iter().chain(["--json"]).collect();
    assert_eq!(error_of(deployment.refuses(&words)), "stray_found");
    let assigned = ["deposits", "dismiss", &first, "--reason", "x", "--json"];
    assert_eq!(error_of(deployment.refuses(&assigned)), "stray_found");
    let nobody = ["deposits", "dismiss", "st_test_1", "--reason", "x", "--json"];
    assert_eq!(error_of(deployment.refuses(&nobody)), "deposit_not_found");
    assert_eq!(deployment.says(&["deposits", "strays"]), "There is none.\n");
    let said = deployment.says(&["deposits", "strays", "--all"]);
    assert!(said.contains("dp_test_") && said.contains("ada: sent back by hand"), "{said}");
    assert!(said.contains("/0 "), "which payment of its transaction: {said}");
    let found = deployment.answers(&["doctor"]);
    assert_eq!((&found["ok"], &found["warnings"]), (&json!(true), &json!([])));
}
