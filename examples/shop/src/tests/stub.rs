//! A gateway with a memory and no mind: sessions are what a test says they are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

#[derive(Clone, Default)]
pub(super) struct StubGate(Arc<Mutex<Memory>>);

#[derive(Default)]
struct Memory {
    by_key: BTreeMap<String, (Value, String)>,
    sessions: BTreeMap<String, Value>,
    reads: usize,
    away: bool,
    no_cancel: bool,
}

impl StubGate {
    pub(super) async fn serve() -> (Self, String) {
        let stub = Self::default();
        let router = Router::new()
            .route("/v1/gate_sessions", post(create))
            .route("/v1/test_helpers/mails", get(mails))
            .route("/v1/gate_sessions/{id}", get(retrieve))
            .route("/v1/gate_sessions/{id}/cancel", post(cancel))
            .with_state(stub.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (stub, base_url)
    }

    /// What becomes of a session.
    pub(super) fn set(&self, id: &str, status: &str, phase: &str, at: &str) {
        let mut memory = self.0.lock().unwrap();
        let session = memory.sessions.get_mut(id).unwrap();
        session["status"] = status.into();
        session["progress"] = json!({ "phase": phase, "reason": null, "updated_at": at });
        if status == "completed" {
            session["tx_refid"] = id.replace("gs_", "tx_").into();
        }
    }

    pub(super) fn change(&self, id: &str, field: &str, value: impl Into<Value>) {
        self.0.lock().unwrap().sessions.get_mut(id).unwrap()[field] = value.into();
    }

    pub(super) fn session(&self, id: &str) -> Value {
        self.0.lock().unwrap().sessions[id].clone()
    }

    pub(super) fn session_ids(&self) -> Vec<String> {
        self.0.lock().unwrap().sessions.keys().cloned().collect()
    }

    pub(super) fn reads(&self) -> usize {
        self.0.lock().unwrap().reads
    }

    pub(super) fn go_away(&self, away: bool) {
        self.0.lock().unwrap().away = away;
    }

    pub(super) fn refuse_to_cancel(&self) {
        self.0.lock().unwrap().no_cancel = true;
    }
}

fn refuse(status: StatusCode, code: &str) -> Response {
    let body = json!({
        "type": "conflict", "code": code, "message": "No.", "request_id": "req_test_refused",
        "doc_url": null, "statusCode": status.as_u16(), "param": null,
    });
    (status, Json(body)).into_response()
}

fn answer(status: StatusCode, body: Value) -> Response {
    (status, [("x-request-id", "req_test_stub")], Json(body)).into_response()
}

async fn create(
    State(stub): State<StubGate>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let mut memory = stub.0.lock().unwrap();
    if memory.away {
        return refuse(StatusCode::BAD_REQUEST, "away");
    }
    let id = match memory.by_key.get(&key) {
        Some((first, _)) if *first != body => {
            return refuse(StatusCode::CONFLICT, "idempotency_key_reused");
        }
        Some((_, id)) => id.clone(),
        None => {
            let id = format!("gs_test_{}", memory.sessions.len() + 1);
            memory.by_key.insert(key, (body.clone(), id.clone()));
            memory.sessions.insert(id.clone(), new_session(&id, &body));
            id
        }
    };
    let mut session = memory.sessions[&id].clone();
    session["client_secret"] = secret_of(&id).into();
    answer(StatusCode::CREATED, session)
}

pub(super) fn secret_of(session_id: &str) -> String {
    format!("gsec_{session_id}_not-a-secret")
}

fn new_session(id: &str, body: &Value) -> Value {
    let mut session = body.clone();
    let rest = json!({
        "id": id, "object": "gate_session", "partner_id": "ptr_1", "mode": "test",
        "status": "open", "expires_at": "2027-01-01T00:00:00.000Z",
        "created_at": "2026-01-01T00:00:00.000Z", "tx_refid": null, "wallet_address": null,
        "progress": { "phase": "created", "reason": null, "updated_at": "2026-01-01T00:00:00.000Z" },
    });
    session.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    session
}

async fn mails() -> Response {
    let mail = json!({
        "id": "mail_test_1", "object": "mail", "to": "jane@example.com",
        "subject": "123456 is your code", "text": "Your code is 123456. <b>Hello</b>",
        "code": "123456", "created_at": "2026-01-01T00:00:00.000Z",
    });
    let list = json!({
        "object": "list", "data": [mail], "has_more": false, "url": "/v1/test_helpers/mails",
    });
    answer(StatusCode::OK, list)
}

async fn retrieve(State(stub): State<StubGate>, Path(id): Path<String>) -> Response {
    let mut memory = stub.0.lock().unwrap();
    memory.reads += 1;
    if memory.away {
        return refuse(StatusCode::BAD_REQUEST, "away");
    }
    match memory.sessions.get(&id) {
        Some(session) => answer(StatusCode::OK, session.clone()),
        None => refuse(StatusCode::NOT_FOUND, "not_found"),
    }
}

async fn cancel(State(stub): State<StubGate>, Path(id): Path<String>) -> Response {
    let open = stub.session(&id)["status"] == "open";
    if !open || stub.0.lock().unwrap().no_cancel {
        return refuse(StatusCode::CONFLICT, "payment_in_flight");
    }
    stub.set(&id, "cancelled", "failed", "2026-06-01T00:00:00.000Z");
    answer(StatusCode::CREATED, stub.session(&id))
}
