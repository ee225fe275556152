//! Paths and methods that do not exist, and those that are special.

use gate_app::testing::ScriptedSender;
use gate_app::workers::deliveries::deliver_due;
use gate_http::HttpConfig;
use gate_store::testing::{TestStore, block_on};

use crate::{Api, BOOTSTRAP, Reply, SESSIONS, table};

fn said(reply: &Reply) -> String {
    match reply.status.as_u16() {
        200..300 => format!("{} and {} bytes", reply.status.as_u16(), reply.bytes.len()),
        status if reply.bytes.is_empty() => format!("{status} and no body"),
        _ => reply.line(),
    }
}

#[test]
fn unknown_paths_and_wrong_methods() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let mut lines = Vec::new();
        for (method, path) in [
            ("GET", "/"),
            ("GET", "/v1"),
            ("GET", "/v1/"),
            ("GET", "/v2/gate_sessions"),
            ("GET", "/v1/gate_sessions/"),
            ("GET", "//v1/gate_sessions"),
            ("GET", "/v1/Gate_Sessions"),
            ("GET", "/v1/gate_sessions/x/y"),
            ("GET", "/v1/gate_sessions/x"),
            ("GET", "/v1/gate_sessions/%00"),
            ("GET", "/v1/gate_sessions/%FF"),
            ("GET", "/v1/gate_sessions/%2e%2e"),
            ("GET", "/v1/gate_sessions/..%2Fx"),
            ("POST", "/v1/gate_sessions/%FF/cancel"),
            ("POST", "/v1/webhooks/deliveries/%FF/replay"),
            ("POST", "/v1/test_helpers/gate_sessions/%FF/expire"),
            ("POST", "/v1/test_helpers/gate_sessions/x/pay"),
            ("GET", "/embed/x/test"),
            ("GET", "/embed/%FF/test"),
            ("GET", "/embed/x"),
            ("GET", "/assets/../index.html"),
            ("GET", "/assets/%FF"),
            ("GET", "/assets/"),
            ("GET", "/healthz/"),
            ("PUT", SESSIONS),
            ("DELETE", SESSIONS),
            ("PATCH", SESSIONS),
            ("TRACE", SESSIONS),
            ("OPTIONS", SESSIONS),
            ("DELETE", "/v1/gate_sessions/x"),
            ("GET", "/v1/gate_sessions/x/cancel"),
            ("GET", "/v1/webhooks/test"),
            ("POST", "/v1/webhooks/deliveries"),
            ("GET", BOOTSTRAP),
            ("POST", "/v1/embed/journey"),
            ("PUT", "/v1/embed/pay"),
            ("POST", "/healthz"),
            ("POST", "/checkout"),
            ("BREW", SESSIONS),
        ] {
            let reply = api.partner_call(method, path).send().await;
            lines.push((format!("{method} {path}"), said(&reply)));
        }
        insta::assert_snapshot!(table(lines), @r#"
        GET /                                           404 route_not_found
        GET /v1                                         404 route_not_found
        GET /v1/                                        404 route_not_found
        GET /v2/gate_sessions                           404 route_not_found
        GET /v1/gate_sessions/                          404 route_not_found
        GET //v1/gate_sessions                          404 route_not_found
        GET /v1/Gate_Sessions                           404 route_not_found
        GET /v1/gate_sessions/x/y                       404 route_not_found
        GET /v1/gate_sessions/x                         404 not_found
        GET /v1/gate_sessions/%00                       404 not_found
        GET /v1/gate_sessions/%FF                       404 route_not_found
        GET /v1/gate_sessions/%2e%2e                    404 not_found
        GET /v1/gate_sessions/..%2Fx                    404 not_found
        POST /v1/gate_sessions/%FF/cancel               404 route_not_found
        POST /v1/webhooks/deliveries/%FF/replay         404 route_not_found
        POST /v1/test_helpers/gate_sessions/%FF/expire  404 route_not_found
        POST /v1/test_helpers/gate_sessions/x/pay       404 route_not_found
        GET /embed/x/test                               404 route_not_found
        GET /embed/%FF/test                             404 route_not_found
        GET /embed/x                                    404 route_not_found
        GET /assets/../index.html                       404 route_not_found
        GET /assets/%FF                                 404 route_not_found
        GET /assets/                                    404 route_not_found
        GET /healthz/                                   404 route_not_found
        PUT /v1/gate_sessions                           405 method_not_allowed
        DELETE /v1/gate_sessions                        405 method_not_allowed
        PATCH /v1/gate_sessions                         405 method_not_allowed
        TRACE /v1/gate_sessions                         405 method_not_allowed
        OPTIONS /v1/gate_sessions                       204 and 0 bytes
        DELETE /v1/gate_sessions/x                      405 method_not_allowed
        GET /v1/gate_sessions/x/cancel                  405 method_not_allowed
        GET /v1/webhooks/test                           405 method_not_allowed
        POST /v1/webhooks/deliveries                    405 method_not_allowed
        GET /v1/embed/bootstrap                         405 method_not_allowed
        POST /v1/embed/journey                          405 method_not_allowed
        PUT /v1/embed/pay                               405 method_not_allowed
        POST /healthz                                   405 method_not_allowed
        POST /checkout                                  405 method_not_allowed
        BREW /v1/gate_sessions                          405 method_not_allowed
        "#);
        let reply = api.partner_call("DELETE", SESSIONS).send().await;
        let mut allowed: Vec<_> = reply.header("allow").split(", ").collect();
        allowed.sort_unstable();
        assert_eq!(allowed, ["GET", "HEAD", "OPTIONS", "POST"]);
    });
}

#[test]
fn head_is_get_without_the_body() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let session = api.create().await;
        for path in [
            SESSIONS.to_owned(),
            format!("{SESSIONS}/{session}"),
            "/healthz".into(),
            "/readyz".into(),
            "/v1/webhooks/deliveries".into(),
            format!("{SESSIONS}/x"),
            "/nothing".into(),
        ] {
            let get = api.partner_call("GET", &path).send().await;
            let head = api.partner_call("HEAD", &path).send().await;
            assert_eq!((head.status, head.bytes.len()), (get.status, 0), "{path}");
            assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
        }
        assert_eq!(api.call("HEAD", SESSIONS).send().await.status, 401);
    });
}

#[test]
fn pages_of_other_origins_may_call_the_embed_and_nothing_else() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let origin = "https://anywhere.example";
        let preflight = |path| {
            let call = api.call("OPTIONS", path).header("origin", origin);
            call.header("access-control-request-method", "POST").send()
        };
        let allowed = preflight(BOOTSTRAP).await;
        assert_eq!((allowed.status.as_u16(), allowed.bytes.len()), (204, 0));
        assert_eq!(allowed.header("access-control-allow-origin"), origin);
        assert_eq!(allowed.header("access-control-allow-credentials"), "", "never with cookies");
        assert_eq!(allowed.header("vary"), "origin");
        for name in
            ["authorization", "content-type", "gate-version", "x-embed-token", "x-publishable-key"]
        {
            assert!(allowed.header("access-control-allow-headers").contains(name), "{name}");
        }
        let refused = api.call("GET", "/v1/embed/journey").header("origin", origin).send().await;
        assert_eq!(refused.header("access-control-allow-origin"), origin, "it may read why not");

        for path in [SESSIONS, "/v1/webhooks/test", "/healthz"] {
            let refused = preflight(path).await;
            assert_eq!(refused.status, 204, "{path}");
            assert_ne!(refused.header("allow"), "", "{path}: methods, and no leave to call them");
            assert_eq!(refused.header("access-control-allow-origin"), "", "{path}");
            let read = api.partner_call("GET", path).header("origin", origin).send().await;
            assert_eq!(read.header("access-control-allow-origin"), "", "{path}");
        }
    });
}

// T44.
#[test]
fn a_webhook_that_waits_too_long_turns_readiness_off_until_it_is_sent() {
    let store = TestStore::sqlite();
    block_on(async {
        let ready = async |api: &Api| {
            // The answer is kept for a second; a router of its own has none yet.
            let api = Api::with(api.world.clone(), &HttpConfig::unlimited());
            let reply = api.call("GET", "/readyz").send().await;
            (reply.line(), reply.value()["message"].as_str().unwrap_or_default().to_owned())
        };
        let api = Api::over(&store).await;
        api.create().await;
        assert_eq!(ready(&api).await.0, "200 -");
        api.clock.advance_ms(61_000);
        let (line, message) = ready(&api).await;
        assert_eq!(line, "503 not_ready");
        let expected = "Not ready: a webhook waits for 61 s to be sent; 60 s is the limit.";
        assert_eq!(message, expected);
        deliver_due(&api.app, &ScriptedSender::default()).await.unwrap();
        assert_eq!(ready(&api).await.0, "200 -");
    });
}

#[test]
fn a_server_that_is_stopping_is_not_ready() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let (stop, stopping) = tokio::sync::watch::channel(false);
        let router = gate_http::router(api.app.clone(), &HttpConfig::unlimited(), stopping);
        let api = Api { world: api.world, router };
        assert_eq!(api.call("GET", "/readyz").send().await.status, 200);
        stop.send(true).unwrap();
        let reply = api.call("GET", "/readyz").send().await;
        assert_eq!((reply.line().as_str(), reply.header("retry-after")), ("503 try_again", "1"));
        assert_eq!(api.call("GET", "/healthz").send().await.status, 200, "but it lives");
        store.close().await;
        let closed = api.partner_call("GET", SESSIONS).send().await;
        assert_eq!((closed.line().as_str(), closed.header("retry-after")), ("503 try_again", "1"));
    });
}
