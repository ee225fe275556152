//! What restricted keys open. The list of routes is the OpenAPI document's, so that a new route shows
//! up here: a key opens it on purpose or not at all.

use gate_app::admin::keys::{Command as Keys, MadeKey};
use gate_app::admin::{self, Command, Whose};
use gate_app::testing::World;
use gate_domain::Mode;
use gate_store::testing::{TestStore, block_on};
use serde_json::json;

use crate::{Api, SESSIONS, good, keys::routes, table};

/// A secret key with this access.
async fn key(world: &World, access: &str) -> MadeKey {
    let whose = Whose { partner: None, mode: Mode::Test };
    let (kind, access) = ("secret".to_owned(), access.to_owned());
    let command = Keys::Create { whose, kind, access, name: None };
    let made = admin::run(&world.app, Command::Keys(command)).await.unwrap();
    serde_json::from_value(made).unwrap()
}

/// The routes that a key is let through to, whatever comes of it there.
async fn opened(api: &Api, key: &str) -> Vec<String> {
    let mut opened = Vec::new();
    for (method, path, route) in routes(api) {
        if !path.starts_with("/v1/") || path.starts_with("/v1/embed/") {
            continue;
        }
        let reply = api.call(&method, &path).key(key).json(&json!({})).await;
        if method == "HEAD" {
            continue;
        }
        if reply.status == 403 && reply.value()["code"] == "key_restricted" {
            continue;
        }
        opened.push(format!("{method} {route}"));
    }
    opened
}

#[test]
fn what_each_access_opens() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let everything = opened(&api, &key(&api, "full").await.secret).await;
        let all = routes(&api)
            .iter()
            .filter(|(_, path, _)| path.starts_with("/v1/") && !path.starts_with("/v1/embed/"))
            .count();
        assert_eq!(everything.len(), all);
        let public = "GET /v1/openapi.json";
        let reading = opened(&api, &key(&api, "read_only").await.secret).await;
        for route in &everything {
            let opens = route.starts_with("GET ") || route == "POST /v1/quotes/preview";
            assert_eq!(reading.contains(route), opens, "{route}");
        }
        let sessions = opened(&api, &key(&api, "sessions").await.secret).await;
        let sessions: Vec<_> = sessions.into_iter().filter(|route| route != public).collect();
        insta::assert_snapshot!(sessions.join("\n"), @r"
        GET /v1/capabilities/assets
        GET /v1/capabilities/assets/{symbol}
        GET /v1/capabilities/countries
        GET /v1/capabilities/currencies
        GET /v1/capabilities/eligibility
        GET /v1/capabilities/identity-levels
        GET /v1/capabilities/payment-methods
        GET /v1/capabilities/payout-methods
        GET /v1/gate_sessions
        POST /v1/gate_sessions
        GET /v1/gate_sessions/{id}
        POST /v1/gate_sessions/{id}/cancel
        POST /v1/quotes/preview
        POST /v1/test_helpers/gate_sessions/{id}/advance_time
        POST /v1/test_helpers/gate_sessions/{id}/complete
        POST /v1/test_helpers/gate_sessions/{id}/expire
        POST /v1/test_helpers/gate_sessions/{id}/fail
        POST /v1/test_helpers/gate_sessions/{id}/require_kyc
        GET /v1/transactions
        GET /v1/transactions/{refid}
        GET /v1/transactions/{refid}/deposits
        GET /v1/transactions/{refid}/refunds
        ");
    });
}

#[test]
fn a_restricted_key_in_use() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let session = api.create().await;
        let (read_only, sessions) = (key(&api, "read_only").await, key(&api, "sessions").await);
        let one = format!("{SESSIONS}/{session}");
        let cancel = format!("{one}/cancel");
        let absent = format!("{SESSIONS}/gs_test_00000000000000000000000000/cancel");
        let mut lines = Vec::new();
        for (name, key) in [("read_only", &read_only.secret), ("sessions", &sessions.secret)] {
            for (method, path) in [
                ("GET", one.as_str()),
                ("HEAD", &one),
                ("GET", "/v1/webhooks/deliveries"),
                ("HEAD", "/v1/webhooks/deliveries"),
                ("POST", "/v1/webhooks/test"),
                ("POST", &absent),
                ("POST", &cancel),
                ("GET", "/v1/nothing"),
                ("DELETE", &one),
            ] {
                let reply = api.call(method, path).key(key).send().await;
                let said = if reply.status.is_success() || method == "HEAD" {
                    reply.status.as_u16().to_string()
                } else {
                    reply.line()
                };
                let path = path.replace(session.as_str(), "{id}");
                let path = path.replace("gs_test_00000000000000000000000000", "{absent}");
                lines.push((format!("{name:<9} {method} {path}"), said));
            }
        }
        insta::assert_snapshot!(table(lines), @r#"
        read_only GET /v1/gate_sessions/{id}              200
        read_only HEAD /v1/gate_sessions/{id}             200
        read_only GET /v1/webhooks/deliveries             200
        read_only HEAD /v1/webhooks/deliveries            200
        read_only POST /v1/webhooks/test                  403 key_restricted
        read_only POST /v1/gate_sessions/{absent}/cancel  403 key_restricted
        read_only POST /v1/gate_sessions/{id}/cancel      403 key_restricted
        read_only GET /v1/nothing                         404 route_not_found
        read_only DELETE /v1/gate_sessions/{id}           405 method_not_allowed
        sessions  GET /v1/gate_sessions/{id}              200
        sessions  HEAD /v1/gate_sessions/{id}             200
        sessions  GET /v1/webhooks/deliveries             403 key_restricted
        sessions  HEAD /v1/webhooks/deliveries            403
        sessions  POST /v1/webhooks/test                  403 key_restricted
        sessions  POST /v1/gate_sessions/{absent}/cancel  404 not_found
        sessions  POST /v1/gate_sessions/{id}/cancel      201
        sessions  GET /v1/nothing                         404 route_not_found
        sessions  DELETE /v1/gate_sessions/{id}           405 method_not_allowed
        "#);
        let create = |key: &str| {
            let call = api.call("POST", SESSIONS).key(key).header("idempotency-key", "once");
            async move { call.json(&good()).await }
        };
        insta::assert_snapshot!(create(&read_only.secret).await.shown(), @r#"
        403
        {
          "code": "key_restricted",
          "doc_url": null,
          "message": "This key has the access read_only; this call needs a key with the access sessions or full.",
          "param": null,
          "request_id": "<req>",
          "statusCode": 403,
          "type": "permission_error"
        }
        "#);
        assert_eq!(create(&sessions.secret).await.status, 201);
    });
}
