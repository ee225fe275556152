//! The examples of the document, made by a story that is played here: every request is sent and
//! succeeds, and every answer is what came back. Ids and secrets are replaced by ones that stay the
//! same.
//!
//! `GATE_WRITE=1 cargo nextest run -p gate-http examples` writes the file again.

mod stand_ins;
mod story;

use std::collections::BTreeSet;

use axum::http::Method;
use gate_domain::event::EventType;
use gate_http::Json;
use gate_store::testing::{TestStore, block_on};
use serde_json::Value;

use crate::{Api, Call, Reply, documented};
use stand_ins::StandIns;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/openapi/examples.json");
/// A long list shows so many rows.
const ROWS_MAX: usize = 2;

/// What was asked and answered, in the order in which it happened.
struct Book {
    api: Api,
    stand_ins: StandIns,
    operations: Vec<(String, Json)>,
}

impl Book {
    /// Send a request by the partner's backend.
    async fn ask(&mut self, method: &str, path: &str, request: Option<&str>) -> Json {
        let call = self.api.partner_call(method, path);
        self.send(call, method, path, request).await
    }

    /// Send a request by the hosted page.
    async fn visit(&mut self, token: &str, method: &str, path: &str, request: &str) -> Json {
        let call = self.api.call(method, path).token(token);
        let request = (!request.is_empty()).then_some(request);
        self.send(call, method, path, request).await
    }

    /// Send it, see that it succeeds, and write down the first one of each operation.
    async fn send(&mut self, call: Call, method: &str, path: &str, request: Option<&str>) -> Json {
        let key = u64::from_be_bytes(self.api.ids().random()).to_string();
        let call = call.header("idempotency-key", &key);
        let reply = match request {
            Some(request) => {
                call.header("content-type", "application/json").body(request.to_owned()).await
            }
            None => call.send().await,
        };
        let said = String::from_utf8_lossy(&reply.bytes).into_owned();
        assert!(reply.status.is_success(), "{method} {path} {request:?}: {said}");
        self.write_down(method, path, request, &reply);
        // Rows of one instant have no order of their own.
        self.api.clock.advance_ms(1_000);
        serde_json::from_slice(&reply.bytes).unwrap()
    }

    fn write_down(&mut self, method: &str, path: &str, request: Option<&str>, reply: &Reply) {
        let method: Method = method.parse().unwrap();
        let plain = path.split('?').next().unwrap();
        let (_, operation) = documented::operation_of(&method, plain).unwrap();
        let name = operation["operationId"].as_str().unwrap();
        if self.operations.iter().any(|(known, _)| known == name) {
            return;
        }
        let mut example = Json::object([("path", Json::from(self.stand_ins.text(path)))]);
        if let Some(request) = request {
            let request: Json = serde_json::from_str(request).unwrap();
            example.set("request", self.stand_ins.value(&request));
        }
        example.set("status", i64::from(reply.status.as_u16()));
        let answer: Json = serde_json::from_slice(&reply.bytes).unwrap();
        // The document does not hold itself.
        if name != "retrieveOpenApi" {
            example.set("response", shortened(self.stand_ins.value(&answer)));
        }
        self.operations.push((name.to_owned(), example));
    }

    /// The first event of each type.
    async fn events(&mut self) -> Json {
        let path = "/v1/events?after=0&limit=1000";
        let reply = self.api.partner_call("GET", path).send().await;
        let page: Json = serde_json::from_slice(&reply.bytes).unwrap();
        let mut events = Json::object::<&str>([]);
        for event_type in EventType::ALL {
            let name = event_type.as_str();
            let events_of = page.get("data").unwrap().items().iter();
            let mut events_of =
                events_of.filter(|event| event.get("type").unwrap().text() == Some(name));
            let event = events_of.next().unwrap_or_else(|| panic!("no {name} in the story"));
            events.set(name, self.stand_ins.value(event));
        }
        events
    }
}

fn shortened(mut answer: Json) -> Json {
    if let Some(Json::List(rows)) = answer.get_mut("data") {
        rows.truncate(ROWS_MAX);
    }
    answer
}

#[test]
fn examples_are_true() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let mut book = Book { api, stand_ins: StandIns::default(), operations: Vec::new() };
        story::play(&mut book).await;
        let events = book.events().await;
        book.operations.sort_by(|(one, _), (other, _)| one.cmp(other));
        let played = Json::object([
            ("operations", Json::object(std::mem::take(&mut book.operations))),
            ("events", events),
        ]);
        let text = format!("{}\n", played.to_pretty());
        if std::env::var_os("GATE_WRITE").is_some() {
            std::fs::write(FILE, &text).unwrap();
        }
        let written = std::fs::read_to_string(FILE).unwrap();
        assert!(written == text, "the examples are stale: {}", first_difference(&written, &text));
    });
}

fn first_difference(old: &str, new: &str) -> String {
    let lines = old.lines().zip(new.lines()).enumerate();
    let differs = lines.filter(|(_, (old, new))| old != new);
    let mut said = differs.map(|(line, (old, new))| format!("line {}: {old} / {new}", line + 1));
    said.next().unwrap_or_else(|| "one is longer".into())
}

/// Each operation has an example, each example fits its schema, and so does each event.
#[test]
fn every_operation_and_event_has_an_example_that_fits() {
    let document = documented::document();
    let mut without = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap();
            let body = &operation["requestBody"]["content"]["application/json"];
            let responses = operation["responses"].as_object().unwrap();
            let contents = responses.iter().filter(|(status, _)| status.starts_with('2'));
            let contents = contents.map(|(_, response)| &response["content"]["application/json"]);
            for content in std::iter::once(body).chain(contents) {
                let schema = &content["schema"];
                match &content["example"] {
                    _ if schema.is_null() || name == "retrieveOpenApi" => {}
                    Value::Null => {
                        without.insert(name);
                    }
                    example => documented::fits(&format!("the example of {name}"), schema, example),
                }
            }
        }
    }
    assert!(without.is_empty(), "without an example: {without:?}");
    for (name, webhook) in document["webhooks"].as_object().unwrap() {
        let content = &webhook["post"]["requestBody"]["content"]["application/json"];
        documented::fits(name, &content["schema"], &content["example"]);
    }
}

/// The answers that stand for failures fit the one schema of failures.
#[test]
fn every_failure_fits() {
    let document = documented::document();
    let schema = &document["components"]["schemas"]["ErrorBody"];
    let examples = document["components"]["examples"].as_object().unwrap();
    assert!(examples.len() > 50);
    for (name, example) in examples {
        documented::fits(name, schema, &example["value"]);
    }
}
