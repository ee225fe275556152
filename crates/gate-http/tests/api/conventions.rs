//! What is true of every operation alike: versions, limits, compression, HEAD and OPTIONS, and the
//! document and the page that describe it all.

use std::num::NonZeroU32;
use std::time::Duration;

use gate_app::testing::World;
use gate_domain::Mode;
use gate_http::{HttpConfig, Rate, RateLimits};
use gate_store::testing::{TestStore, block_on};
use serde_json::json;

use crate::{Api, BOOTSTRAP, Call, Reply, SESSIONS, stranger};

const DOCUMENT: &str = "/v1/openapi.json";

#[test]
fn the_version_is_echoed_and_another_one_is_refused() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let asks = |version: &str| {
            api.partner_call("GET", SESSIONS).header("gate-version", version).send()
        };
        assert_eq!(asks("2026-05-25").await.status, 200);
        for other in ["2026-05-26", "2020-01-01", "latest", "", "2026-05-25 "] {
            let reply = asks(other).await;
            assert_eq!(reply.line(), "400 version_unknown", "{other:?}");
            assert!(reply.value()["message"].as_str().unwrap().contains("2026-05-25"));
        }
        // It is said before anything else is looked at, also to callers without a key.
        let nobody = api.call("GET", SESSIONS).header("gate-version", "1").send().await;
        assert_eq!(nobody.line(), "400 version_unknown");
        let page = api.call("GET", "/healthz").header("gate-version", "1").send().await;
        assert_eq!((page.status.as_u16(), page.header("gate-version")), (200, ""), "no API");
    });
}

fn slow(per_key: u32, per_address: u32) -> HttpConfig {
    let rate = |burst| Rate {
        token_every: Duration::from_hours(1),
        burst: NonZeroU32::new(burst).unwrap(),
    };
    let rate_limits =
        RateLimits { per_key: Some(rate(per_key)), per_address: Some(rate(per_address)) };
    HttpConfig { rate_limits, ..HttpConfig::default() }
}

fn left(reply: &Reply) -> (&str, &str, &str, &str) {
    let [limit, remaining, reset, retry] =
        ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset", "retry-after"]
            .map(|name| reply.header(name));
    (limit, remaining, reset, retry)
}

#[test]
fn a_key_has_a_bucket_of_its_own() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::with(World::over(&store).await, &slow(3, 50));
        let other = stranger(&api, Mode::Test).await;
        let first = api.partner_call("GET", SESSIONS).send().await;
        assert_eq!((first.status.as_u16(), left(&first)), (200, ("3", "2", "3600", "")));
        // Failures count as well, and say the same.
        let absent = api.partner_call("GET", "/v1/nothing").send().await;
        assert_eq!((absent.status.as_u16(), left(&absent)), (404, ("3", "1", "7200", "")));
        assert_eq!(left(&api.partner_call("GET", SESSIONS).send().await).1, "0");
        let refused = api.partner_call("GET", SESSIONS).send().await;
        assert_eq!(refused.line(), "429 rate_limited");
        assert_eq!(refused.value()["type"], "rate_limit");
        let (limit, remaining, _, retry) = left(&refused);
        assert_eq!((limit, remaining), ("3", "0"));
        let retry: u64 = retry.parse().unwrap();
        assert!((3_590..=3_600).contains(&retry), "{retry}");
        let created = api.create_session(&crate::good()).await;
        assert_eq!(created.line(), "429 rate_limited", "nothing is done for a refused request");
        let others = api.call("GET", SESSIONS).key(&other.secret_key.1).send().await;
        assert_eq!((others.status.as_u16(), left(&others).1), (200, "2"), "another partner");
        let health = api.call("GET", "/healthz").send().await;
        assert_eq!((health.status.as_u16(), left(&health).0), (200, ""), "no API");
    });
}

#[test]
fn an_address_without_a_secret_key_has_a_smaller_bucket() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::with(World::over(&store).await, &slow(50, 4));
        let publishable = api.partner.publishable_key.1.clone();
        let bootstrap = async || {
            let call = api.call("POST", BOOTSTRAP).header("origin", gate_app::testing::SHOP);
            call.key(&publishable).json(&json!({})).await
        };
        assert_eq!(left(&bootstrap().await).1, "3");
        let nobody = api.call("GET", SESSIONS).send().await;
        assert_eq!((nobody.status.as_u16(), left(&nobody).1), (401, "2"), "one bucket for all");
        let token = api.call("GET", "/v1/embed/journey").token("x").send().await;
        assert_eq!((token.status.as_u16(), left(&token).1), (401, "1"));
        assert_eq!(left(&api.call("GET", DOCUMENT).send().await).1, "0");
        let refused = api.call("GET", "/v1/embed/journey").header("origin", "https://x.example");
        let refused = refused.send().await;
        assert_eq!(refused.line(), "429 rate_limited");
        assert_eq!(refused.header("access-control-allow-origin"), "https://x.example");
        let readable = refused.header("access-control-expose-headers");
        assert!(readable.contains("ratelimit-remaining") && readable.contains("retry-after"));
        let preflight = api.call("OPTIONS", BOOTSTRAP).header("origin", "https://x.example");
        assert_eq!(preflight.send().await.status, 204, "a preflight costs nothing");
        assert_eq!(api.call("GET", "/docs").send().await.line(), "429 rate_limited");
        assert_eq!(api.partner_call("GET", SESSIONS).send().await.status, 200, "a key's own");
    });
}

#[test]
fn guessing_keys_is_limited_too() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::with(World::over(&store).await, &slow(3, 50));
        let guess = || {
            let key = gate_app::vault::mint_api_key("sk", Mode::Test, api.ids());
            api.call("GET", SESSIONS).key(&key).send()
        };
        for _ in 0..3 {
            assert_eq!(guess().await.line(), "401 key_unknown");
        }
        assert_eq!(guess().await.line(), "429 rate_limited", "each with a new key");
        let real = api.partner_call("GET", SESSIONS).send().await;
        assert_eq!(real.line(), "429 rate_limited", "from the same address, never seen before");
    });
}

#[test]
fn without_limits_there_are_no_headers_about_them() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let reply = api.partner_call("GET", SESSIONS).send().await;
        assert_eq!(left(&reply), ("", "", "", ""));
    });
}

fn accepting(call: Call, encodings: &str) -> Call {
    call.header("accept-encoding", encodings)
}

#[test]
fn large_answers_are_compressed_and_small_or_new_ones_are_not() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        for _ in 0..5 {
            api.create().await;
        }
        let plain = api.partner_call("GET", SESSIONS).send().await;
        assert!(plain.bytes.len() > 1_024, "{}", plain.bytes.len());
        for encoding in ["br", "gzip"] {
            let call = accepting(api.partner_call("GET", SESSIONS), encoding);
            let reply = call.send_encoded().await;
            assert_eq!(reply.header("content-encoding"), encoding);
            assert!(reply.header("vary").contains("accept-encoding"));
            assert!(reply.bytes.len() < plain.bytes.len() / 2, "{encoding}: {}", reply.bytes.len());
            assert_ne!(reply.header("x-request-id"), "");
        }
        assert_eq!(plain.header("content-encoding"), "");
        let one = format!("{SESSIONS}?limit=1");
        let small = accepting(api.partner_call("GET", &one), "br").send_encoded().await;
        assert_eq!(small.header("content-encoding"), "", "{} bytes", small.bytes.len());
        let nobody = accepting(api.call("GET", SESSIONS), "br").send_encoded().await;
        assert_eq!(nobody.header("content-encoding"), "", "a failure is short");
        let mut body = crate::good();
        let note = |n| (format!("key{n}"), "x".repeat(100).into());
        body["metadata"] = serde_json::Value::Object((0..20).map(note).collect());
        let call = accepting(api.partner_call("POST", SESSIONS), "br, gzip");
        let call = call.header("idempotency-key", "1").header("content-type", "application/json");
        let created = call.body(body.to_string()).await;
        assert_eq!(created.header("content-encoding"), "", "beside a new secret");
        assert!(created.bytes.len() > 1_024);
    });
}

#[test]
fn every_path_says_which_methods_it_takes() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        for (path, methods) in [
            (SESSIONS, "GET, HEAD, OPTIONS, POST"),
            ("/v1/gate_sessions/x", "GET, HEAD, OPTIONS"),
            ("/v1/gate_sessions/x/cancel", "OPTIONS, POST"),
            (DOCUMENT, "GET, HEAD, OPTIONS"),
            ("/healthz", "GET, HEAD, OPTIONS"),
            ("/docs", "GET, HEAD, OPTIONS"),
        ] {
            for method in ["OPTIONS", "TRACE"] {
                let reply = api.call(method, path).send().await;
                let expected = if method == "OPTIONS" { 204 } else { 405 };
                assert_eq!(reply.status, expected, "{method} {path}");
                let mut allowed: Vec<_> = reply.header("allow").split([',', ' ']).collect();
                allowed.retain(|word| !word.is_empty());
                allowed.sort_unstable();
                assert_eq!(allowed.join(", "), methods, "{method} {path}");
            }
        }
        assert_eq!(api.call("OPTIONS", "/v1/nothing").send().await.line(), "404 route_not_found");
    });
}

#[test]
fn the_document_is_served_and_cached() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let reply = api.call("GET", DOCUMENT).send().await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(reply.value(), *crate::documented::document());
        assert_eq!(reply.value()["openapi"], "3.1.0");
        let etag = reply.header("etag").to_owned();
        let again = api.call("GET", DOCUMENT).header("if-none-match", &etag).send().await;
        assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0));
        assert_eq!(again.header("etag"), etag);
        let stale = api.call("GET", DOCUMENT).header("if-none-match", "\"x\"").send().await;
        assert_eq!(stale.status, 200);
        let small = accepting(api.call("GET", DOCUMENT), "br").send_encoded().await;
        assert!(small.bytes.len() < reply.bytes.len() / 4, "{}", small.bytes.len());
    });
}

#[test]
fn the_reference_is_a_page_of_our_own() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let reply = api.call("GET", "/docs").send().await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), "text/html; charset=utf-8");
        let policy = reply.header("content-security-policy").to_owned();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        let page = String::from_utf8(reply.bytes.clone()).unwrap();
        let base_url = &api.config().base_url;
        assert!(page.contains(&format!("{base_url}/v1/gate_sessions")), "its own address");
        assert!(!page.contains("{{"), "something was not filled in");
        let etag = reply.header("etag").to_owned();
        let again = api.call("GET", "/docs").header("if-none-match", &etag).send().await;
        assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0));
    });
}
