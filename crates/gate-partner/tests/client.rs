//! The client against a gateway that answers from a list, on loopback.

#![expect(clippy::unwrap_used, reason = "the helpers of tests are tests too")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use gate_partner::reconcile::{OpenOrder, OrderBook, Reading, Tally, reconcile_due};
use gate_partner::wire::session::CreateSessionBody;
use gate_partner::{
    Gate, GateError, IdempotencyKey, ListSessions, Meaning, Request, RetryPolicy, SecretKey,
    SetupError,
};
use serde_json::{Value, json};

type Scripted = Response<axum::body::Body>;

#[derive(Debug)]
struct Seen {
    line: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

#[derive(Clone, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<Scripted>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

async fn answer(
    State(script): State<Script>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Scripted {
    let seen = Seen { line: format!("{method} {uri}"), headers, body };
    script.seen.lock().unwrap().push(seen);
    script.answers.lock().unwrap().pop_front().expect("a scripted answer")
}

impl Script {
    async fn serve(answers: impl IntoIterator<Item = Scripted>) -> (Self, Gate) {
        let script = Self::default();
        script.answers.lock().unwrap().extend(answers);
        let router = Router::new().fallback(answer).with_state(script.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let gate = gate(&format!("http://{}", listener.local_addr().unwrap()));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (script, gate)
    }

    fn lines(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|seen| seen.line.clone()).collect()
    }
}

fn gate(base_url: &str) -> Gate {
    let key = SecretKey::parse(&format!("sk_test_{}", "x".repeat(8))).unwrap();
    let retry = RetryPolicy {
        attempts_max: 3,
        first_pause: Duration::ZERO,
        pause_max: Duration::from_secs(1),
    };
    Gate::new(base_url, key).unwrap().with_retry(retry)
}

fn reply(status: u16, body: &Value) -> Scripted {
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap())
        .header("x-request-id", "req_test_1")
        .body(body.to_string().into())
        .unwrap()
}

fn with(mut reply: Scripted, name: &'static str, value: &'static str) -> Scripted {
    reply.headers_mut().insert(name, value.parse().unwrap());
    reply
}

fn refusal(status: u16, code: &str) -> Scripted {
    let body = json!({
        "type": "api_error", "code": code, "message": "No.", "request_id": "req_test_1",
        "doc_url": null, "statusCode": status, "param": null,
    });
    reply(status, &body)
}

fn session(status: &str) -> Value {
    json!({
        "id": "gs_test_1", "object": "gate_session", "partner_id": "ptr_1", "mode": "test",
        "amount": "100.00", "currency": "EUR", "target_token": null, "target_network": null,
        "flow": null, "wallet_address": null, "return_url": "https://shop.example/",
        "cancel_url": null, "status": status, "expires_at": "2026-11-23T12:00:00.000Z",
        "created_at": null, "user_reference": null, "metadata": {}, "tx_refid": null,
        "progress": { "phase": "created", "reason": null, "updated_at": "2026-11-23T12:00:00.000Z" },
    })
}

fn created() -> Value {
    let mut body = session("open");
    body["client_secret"] = json!("gsec_1");
    body
}

fn create_body() -> CreateSessionBody {
    CreateSessionBody {
        amount: "100.00".into(),
        currency: "EUR".into(),
        return_url: "https://shop.example/".into(),
        ..CreateSessionBody::default()
    }
}

fn key() -> IdempotencyKey {
    IdempotencyKey::parse("order-1-attempt-1").unwrap()
}

#[tokio::test]
async fn create_repeats_the_same_key_and_body_until_it_is_answered() {
    let answers = [
        with(refusal(425, "in_progress"), "retry-after", "0"),
        reply(502, &json!("a proxy's own words")),
        with(reply(201, &created()), "idempotent-replayed", "true"),
    ];
    let (script, gate) = Script::serve(answers).await;
    let answer = gate.create_session(&key(), &create_body()).await.unwrap();
    assert_eq!(answer.value.client_secret, "gsec_1");
    assert_eq!(answer.value.session.id, "gs_test_1");
    assert_eq!(answer.request_id.as_deref(), Some("req_test_1"));
    assert!(answer.replayed);

    let seen = script.seen.lock().unwrap();
    assert_eq!(seen.len(), 3);
    for request in seen.iter() {
        assert_eq!(request.line, "POST /v1/gate_sessions");
        assert_eq!(request.header("idempotency-key"), "order-1-attempt-1");
        assert_eq!(request.header("authorization"), "Bearer sk_test_xxxxxxxx");
        assert_eq!(request.header("content-type"), "application/json");
        assert_eq!(request.body, seen[0].body);
    }
}

#[tokio::test]
async fn retries_end() {
    let (script, gate) = Script::serve((0..3).map(|_| refusal(503, "try_again"))).await;
    let error = gate.create_session(&key(), &create_body()).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(503), Some("try_again")));
    assert!(error.is_transient());
    assert_eq!(script.lines().len(), 3);
}

#[tokio::test]
async fn what_would_fail_again_is_not_repeated() {
    for (status, code) in [(400, "invalid_request"), (409, "conflict"), (501, "not_enabled")] {
        let (script, gate) = Script::serve([refusal(status, code)]).await;
        let error = gate.create_session(&key(), &create_body()).await.unwrap_err();
        assert_eq!((error.status(), error.code()), (Some(status), Some(code)));
        assert_eq!(error.request_id(), Some("req_test_1"));
        assert!(!error.is_transient());
        assert_eq!(script.lines().len(), 1);
    }
}

#[tokio::test]
async fn a_wait_beyond_our_patience_is_the_callers_decision() {
    let (script, gate) = Script::serve([with(refusal(429, "slow"), "retry-after", "60")]).await;
    let error = gate.retrieve_session("gs_test_1").await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_mins(1)));
    assert_eq!(script.lines().len(), 1);
}

#[tokio::test]
async fn a_gateway_that_is_away_is_unreachable() {
    // Where no other test is given the port once it is free.
    let listener = std::net::TcpListener::bind("127.0.0.2:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = gate(&format!("http://{address}")).retrieve_session("gs_1").await.unwrap_err();
    assert!(matches!(error, GateError::Unreachable(_)));
    assert!(error.is_transient());
    assert!(!format!("{error:?}").contains("sk_test"), "{error:?}");
}

#[tokio::test]
async fn an_answer_in_other_words_is_unexpected() {
    let (_, gate) = Script::serve([reply(200, &json!({ "hello": "world" }))]).await;
    let error = gate.retrieve_session("gs_test_1").await.unwrap_err();
    assert!(matches!(error, GateError::Unexpected { status: 200, .. }), "{error}");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_redirect_does_not_carry_the_key_away() {
    let moved = with(reply(307, &json!({})), "location", "http://127.0.0.1:1/elsewhere");
    let (script, gate) = Script::serve([moved]).await;
    let error = gate.retrieve_session("gs_test_1").await.unwrap_err();
    assert_eq!(error.status(), Some(307));
    assert_eq!(script.lines().len(), 1);
}

#[tokio::test]
async fn cancel_is_sent_once_and_takes_any_success() {
    let (script, gate) = Script::serve([reply(201, &session("cancelled"))]).await;
    assert_eq!(gate.cancel_session("gs_test_1").await.unwrap().value.status, "cancelled");
    assert_eq!(script.lines(), ["POST /v1/gate_sessions/gs_test_1/cancel"]);

    let (script, gate) = Script::serve([refusal(503, "try_again")]).await;
    assert_eq!(gate.cancel_session("gs_test_1").await.unwrap_err().status(), Some(503));
    assert_eq!(script.lines().len(), 1);
}

#[tokio::test]
async fn lists_and_ids_are_encoded() {
    let page =
        json!({ "object": "list", "data": [session("open")], "has_more": true, "url": "/v1" });
    let answers = [reply(200, &page), refusal(404, "not_found")];
    let (script, gate) = Script::serve(answers).await;
    let query = ListSessions {
        limit: Some(5),
        starting_after: Some("gs_1&x=y".into()),
        status: Some("open".into()),
    };
    assert!(gate.list_sessions(&query).await.unwrap().value.has_more);
    gate.retrieve_session("a/b?c").await.unwrap_err();
    let expected = [
        "GET /v1/gate_sessions?limit=5&starting_after=gs_1%26x%3Dy&status=open",
        "GET /v1/gate_sessions/a%2Fb%3Fc",
    ];
    assert_eq!(script.lines(), expected);
}

#[test]
fn a_base_url_with_a_path_is_refused() {
    let key = SecretKey::parse("sk_test_x").unwrap();
    let error = Gate::new("https://gate.example/v1", key).unwrap_err();
    assert!(matches!(error, SetupError::InvalidBaseUrl));
}

#[derive(Default)]
struct Book(Mutex<Vec<(String, Option<Meaning>)>>);

impl OrderBook for Book {
    type Error = String;

    async fn list_due(&self) -> Result<Vec<OpenOrder>, String> {
        let order = |name: &str| OpenOrder { order_id: name.into(), session_id: name.into() };
        Ok(vec![order("lost"), order("done"), order("waiting")])
    }

    async fn settle(&self, order: &OpenOrder, reading: Reading) -> Result<(), String> {
        let meaning = reading.ok().map(|answer| answer.value.meaning);
        self.0.lock().unwrap().push((order.order_id.clone(), meaning));
        Ok(())
    }
}

#[tokio::test]
async fn a_pass_reads_every_due_order_and_one_that_fails_holds_up_nobody() {
    let answers = [
        refusal(404, "not_found"),
        reply(200, &session("completed")),
        reply(200, &session("open")),
    ];
    let (_, gate) = Script::serve(answers).await;
    let book = Book::default();
    let tally = reconcile_due(&gate, &book).await.unwrap();
    assert_eq!(tally, Tally { read: 2, unread: 1 });
    let pending = Meaning::Pending { phase: "created".into() };
    let expected = [
        ("lost".into(), None),
        ("done".into(), Some(Meaning::Completed)),
        ("waiting".into(), Some(pending)),
    ];
    assert_eq!(*book.0.lock().unwrap(), expected);
}

#[tokio::test]
async fn any_request_can_be_made_and_only_a_safe_one_is_repeated() {
    let ok = || reply(200, &json!({ "a": 1 }));
    let busy = || refusal(503, "try_again");
    let (script, gate) = Script::serve([busy(), ok(), busy(), busy(), ok()]).await;

    let read = Request::get(&["v1", "events", "a/../b?c"]).query("limit", Some(2));
    let read = read.query("type", None::<&str>).query("session_id", Some("x y"));
    assert_eq!(gate.request::<Value>(&read).await.unwrap().value, json!({ "a": 1 }));
    let make = Request::post(&["v1", "webhooks", "test"]);
    let error = gate.request::<Value>(&make).await.unwrap_err();
    assert_eq!(error.code(), Some("try_again"), "sent once");
    let named = Request::post(&["v1", "quotes"]).body(&json!({ "side": "on_ramp" }));
    let named = named.key(IdempotencyKey::parse("k-1").unwrap());
    gate.request::<Value>(&named).await.unwrap();

    let read = "GET /v1/events/a%2F..%2Fb%3Fc?limit=2&session_id=x+y";
    let expected = [read, read, "POST /v1/webhooks/test", "POST /v1/quotes", "POST /v1/quotes"];
    assert_eq!(script.lines(), expected);
    let seen = script.seen.lock().unwrap();
    assert_eq!(seen[4].header("idempotency-key"), "k-1");
    assert_eq!(seen[4].header("content-type"), "application/json");
    assert_eq!(seen[4].body, r#"{"side":"on_ramp"}"#);
    assert_eq!(seen[2].header("content-type"), "", "there is no body");
}
