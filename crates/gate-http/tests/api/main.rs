//! The real router, one request at a time: status and body side by side. Times are those of a
//! clock that stands still; ids are shown by their prefix.
#![expect(clippy::unwrap_used, reason = "a test's helpers may")]

mod access;
mod bodies;
mod bootstrap;
mod branding;
mod capabilities;
mod conventions;
mod create;
mod create_fields;
mod create_urls;
mod customers;
mod documented;
mod endpoints;
mod events;
mod examples;
mod exposed;
mod idempotency;
mod keys;
mod paths;
mod queries;
mod quotes;
mod rails;
mod references;
mod runtime;
mod secrets;
mod sessions;
mod test_helpers;
mod wallets;
mod webhook_replays;
mod webhooks;

use std::fmt::Write as _;
use std::ops::Deref;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use gate_app::provision::Provision;
use gate_app::testing::World;
use gate_domain::ids::SessionId;
use gate_http::HttpConfig;
use gate_store::Store;
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::ServiceExt as _;

/// A gateway with its router.
pub(crate) struct Api {
    pub(crate) world: World,
    router: Router,
}

impl Deref for Api {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Api {
    pub(crate) async fn over(store: &Store) -> Self {
        Self::of(World::over(store).await)
    }

    pub(crate) fn of(world: World) -> Self {
        Self::with(world, &HttpConfig::unlimited())
    }

    pub(crate) fn with(world: World, config: &HttpConfig) -> Self {
        let (_, stopping) = watch::channel(false);
        let router = gate_http::router(world.app.clone(), config, stopping);
        Self { world, router }
    }

    /// A request by nobody in particular.
    pub(crate) fn call(&self, method: &str, path: &str) -> Call {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        Call { router: self.router.clone(), request }
    }

    /// A request by the partner's backend.
    pub(crate) fn partner_call(&self, method: &str, path: &str) -> Call {
        self.call(method, path).key(&self.partner.secret_key.1)
    }

    /// Create a session over HTTP, with an idempotency key of its own.
    pub(crate) async fn create_session(&self, body: &Value) -> Reply {
        let key = u64::from_be_bytes(self.ids().random()).to_string();
        let call = self.partner_call("POST", SESSIONS).header("idempotency-key", &key);
        call.json(body).await
    }

    /// Bootstrap for a new session; the session's id and the embed token.
    pub(crate) async fn visit(&self) -> (String, String) {
        let session = self.create().await;
        let token = self.token_of(&session).await;
        (session.to_string(), token)
    }

    /// The embed token of a session's page.
    pub(crate) async fn token_of(&self, session: &SessionId) -> String {
        let body = json!({ "clientSecret": self.vault().client_secret(session) });
        let call = self.call("POST", BOOTSTRAP).header("origin", gate_app::testing::SHOP);
        let reply = call.key(&self.partner.publishable_key.1).json(&body).await;
        reply.value()["embed_token"].as_str().unwrap().to_owned()
    }
}

pub(crate) const SESSIONS: &str = "/v1/gate_sessions";
pub(crate) const BOOTSTRAP: &str = "/v1/embed/bootstrap";

/// A body of create with which nothing is wrong.
pub(crate) fn good() -> Value {
    json!({ "amount": "100.00", "currency": "EUR", "return_url": "https://shop.example/orders/1" })
}

/// A request on its way.
pub(crate) struct Call {
    router: Router,
    request: Request<Body>,
}

impl Call {
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.raw_header(name, value.as_bytes());
        self
    }

    pub(crate) fn raw_header(&mut self, name: &'static str, value: &[u8]) {
        self.request.headers_mut().insert(name, value.try_into().unwrap());
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("x-embed-token", token)
    }

    pub(crate) async fn json(self, body: &Value) -> Reply {
        self.header("content-type", "application/json").body(body.to_string()).await
    }

    pub(crate) async fn body(mut self, body: impl Into<Body>) -> Reply {
        *self.request.body_mut() = body.into();
        self.send().await
    }

    pub(crate) async fn send(self) -> Reply {
        let (method, uri) = (self.request.method().clone(), self.request.uri().clone());
        let reply = self.send_encoded().await;
        reply.check(&method, uri.path());
        documented::check(&method, uri.path(), &reply);
        reply
    }

    /// Send it, and take what comes back as it is: it may be compressed.
    pub(crate) async fn send_encoded(self) -> Reply {
        let response = self.router.oneshot(self.request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Reply { status: parts.status, headers: parts.headers, bytes }
    }
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    /// What is true of every answer there is.
    fn check(&self, method: &Method, path: &str) {
        let id = self.header("x-request-id").to_owned();
        assert!(id.starts_with("req_"), "{method} {path}: {id}");
        let failed = self.status.is_client_error() || self.status.is_server_error();
        if failed && method != Method::HEAD {
            assert_eq!(self.header("content-type"), "application/json", "{method} {path}");
            let body = self.value();
            assert_eq!(body["request_id"], id, "{method} {path}");
            assert_eq!(body["statusCode"], self.status.as_u16(), "{method} {path}");
            for field in ["type", "code", "message"] {
                assert!(body[field].is_string(), "{method} {path}: {body}");
            }
            assert_eq!(body["doc_url"], Value::Null);
        }
        if path.starts_with("/v1/") {
            let public = path == "/v1/openapi.json" && !self.header("etag").is_empty();
            let cached = if public { "public, max-age=300" } else { "no-store" };
            assert_eq!(self.header("cache-control"), cached, "{method} {path}");
            assert_eq!(self.header("gate-version"), "2026-05-25", "{method} {path}");
            assert_eq!(self.header("x-content-type-options"), "nosniff", "{method} {path}");
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn value(&self) -> Value {
        let parsed = serde_json::from_slice(&self.bytes);
        parsed.unwrap_or_else(|_| panic!("no JSON: {:?}", String::from_utf8_lossy(&self.bytes)))
    }

    /// Status and body, ids by their prefix.
    pub(crate) fn shown(&self) -> String {
        let mut body = self.value();
        redact(&mut body);
        format!("{}\n{}", self.status.as_u16(), serde_json::to_string_pretty(&body).unwrap())
    }

    /// A failure on one line: status, code, and every field that is wrong with what is wrong.
    pub(crate) fn line(&self) -> String {
        let body = self.value();
        let mut line = format!("{} {}", self.status.as_u16(), word(&body["code"]));
        let problems = body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        for problem in problems {
            let (param, code) = (word(&problem["param"]), word(&problem["code"]));
            write!(line, " {param} {code}").unwrap();
        }
        if problems.is_empty() && !body["param"].is_null() {
            write!(line, " {}", word(&body["param"])).unwrap();
        }
        line
    }
}

/// The same, without the fields that are another text each time.
pub(crate) fn redacted(reply: &Reply, fields: &[&str]) -> String {
    let mut body = reply.value();
    redact(&mut body);
    for field in fields {
        assert!(body[field].is_string(), "{field}: {body}");
        body[field] = format!("<{field}>").into();
    }
    format!("{}\n{}", reply.status.as_u16(), serde_json::to_string_pretty(&body).unwrap())
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

fn redact(value: &mut Value) {
    match value {
        Value::String(text) if text.starts_with("gsec_") => "<client secret>".clone_into(text),
        Value::String(text) => {
            let prefix = text
                .split_once('_')
                .filter(|_| text.rsplit_once('_').is_some_and(|(_, tail)| tail.len() == 26));
            if let Some((prefix, _)) = prefix {
                *text = format!("<{prefix}>");
            }
        }
        Value::Array(values) => values.iter_mut().for_each(redact),
        Value::Object(fields) => fields.values_mut().for_each(redact),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A call that is made the same way in many cases: one line each, `name: what came back`.
pub(crate) fn table(lines: impl IntoIterator<Item = (String, String)>) -> String {
    let lines: Vec<_> = lines.into_iter().collect();
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut table = String::new();
    for (name, said) in lines {
        writeln!(table, "{name:<width$}  {said}").unwrap();
    }
    table
}

/// Another partner, written down.
pub(crate) async fn stranger(api: &Api, mode: gate_domain::Mode) -> Provision {
    let partner = gate_app::testing::partner("Other Shop", mode, 0);
    api.provision(&partner).await;
    partner
}
