//! Who may ask what. The list of routes is the OpenAPI document's, so a new one cannot be forgotten.

use std::collections::BTreeSet;

use gate_app::testing::{World, partner};
use gate_app::vault::mint_api_key;
use gate_app::{App, AppConfig};
use gate_domain::Mode;
use gate_domain::ids::{DeliveryId, SessionId};
use gate_rails::Rails;
use gate_store::both_engines;
use serde_json::{Value, json};

use crate::{Api, SESSIONS, stranger, table};

/// Every route as method, path and template; the path has ids of things that do not exist.
pub(crate) fn routes(api: &Api) -> Vec<(String, String, String)> {
    let document = serde_json::to_value(gate_http::openapi_document()).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let seed = api.ids().seed(api.now());
        let id = if path.contains("deliveries") {
            DeliveryId::new(Mode::Test, seed).to_string()
        } else {
            SessionId::new(Mode::Test, seed).to_string()
        };
        for method in methods.as_object().unwrap().keys() {
            let template = path.clone();
            routes.push((method.to_uppercase(), path.replace("{id}", &id), template));
        }
    }
    assert!(routes.len() > 20, "{routes:?}");
    routes
}

both_engines! {
    async fn nobody_gets_in_without_a_key(store) {
        let api = Api::over(store).await;
        let mut open = BTreeSet::new();
        for (method, path, _) in routes(&api) {
            let reply = api.call(&method, &path).json(&json!({})).await;
            let expected = if path.starts_with("/v1/embed/") && path != crate::BOOTSTRAP {
                "embed_token_invalid"
            } else {
                "key_missing"
            };
            if reply.status == 401 {
                assert_eq!(reply.value()["code"], expected, "{method} {path}");
                assert_eq!(reply.value()["type"], "authentication_error");
            } else {
                assert_eq!(reply.status, 200, "{method} {path}");
                open.insert(path);
            }
        }
        assert_eq!(open, BTreeSet::from(["/healthz", "/readyz", "/v1/openapi.json"].map(str::to_owned)));
    }

    async fn a_publishable_key_only_opens_the_embed(store) {
        let api = Api::over(store).await;
        for (method, path, _) in routes(&api) {
            if path.starts_with("/v1/embed/")
                || !path.starts_with("/v1/")
                || path == "/v1/openapi.json"
            {
                continue;
            }
            let call = api.call(&method, &path).key(&api.partner.publishable_key.1);
            let reply = call.json(&json!({})).await;
            assert_eq!(reply.line(), "401 secret_key_required", "{method} {path}");
            assert_eq!(reply.header("www-authenticate"), "Bearer");
        }
        let call = api.call("POST", crate::BOOTSTRAP).key(&api.partner.secret_key.1);
        assert_eq!(call.json(&json!({})).await.line(), "401 publishable_key_required");
    }

    async fn a_key_opens_its_own_partner_and_mode_only(store) {
        let api = Api::over(store).await;
        let session = api.create().await;
        let delivery = crate::webhooks::only(&api).await;
        let other = stranger(&api, Mode::Test).await;
        let mut live = partner("Demo Shop", Mode::Live, 0);
        live.partner_id = api.partner.partner_id.clone();
        api.provision(&live).await;
        let ids = [
            ("GET", format!("{SESSIONS}/{session}")),
            ("POST", format!("{SESSIONS}/{session}/cancel")),
            ("POST", format!("/v1/webhooks/deliveries/{delivery}/replay")),
            ("POST", format!("/v1/test_helpers/gate_sessions/{session}/complete")),
            ("POST", format!("/v1/test_helpers/gate_sessions/{session}/fail")),
            ("POST", format!("/v1/test_helpers/gate_sessions/{session}/expire")),
        ];
        for key in [&other.secret_key.1, &live.secret_key.1] {
            for (method, path) in &ids {
                let reply = api.call(method, path).key(key).send().await;
                assert_eq!(reply.status, 404, "{method} {path}");
            }
            for path in [SESSIONS, "/v1/webhooks/deliveries"] {
                let reply = api.call("GET", path).key(key).send().await;
                assert_eq!(reply.value()["data"], json!([]), "{path}");
            }
        }
        assert_eq!(api.session(&session).await.revision, 1, "nothing was touched");
        let reply = api.partner_call("GET", &ids[0].1).send().await;
        assert_eq!(reply.status, 200, "the control");
    }

    async fn what_is_no_key_of_ours(store) {
        let api = Api::over(store).await;
        let key = api.partner.secret_key.1.clone();
        let unknown = mint_api_key("sk", Mode::Test, api.ids());
        let other_mode = key.replace("sk_test_", "sk_live_");
        let longer = format!("{key}x");
        let mut lines = Vec::new();
        for (name, value) in [
            ("nothing", String::new()),
            ("scheme only", "Bearer".into()),
            ("another scheme", format!("Basic {key}")),
            ("no scheme", key.clone()),
            ("empty", "Bearer ".into()),
            ("some text", "Bearer hello".into()),
            ("another mode", "Bearer sk_demo_1".into()),
            ("never given out", format!("Bearer {unknown}")),
            ("claims to be live", format!("Bearer {other_mode}")),
            ("one character more", format!("Bearer {longer}")),
            ("one character less", format!("Bearer {}", &key[..key.len() - 1])),
            ("in another case", format!("Bearer {}", key.to_uppercase())),
        ] {
            let reply = api.call("GET", SESSIONS).header("authorization", &value).send().await;
            lines.push((name.to_owned(), reply.line()));
        }
        let mut call = api.call("GET", SESSIONS);
        call.raw_header("authorization", b"Bearer \xFF");
        lines.push(("not ASCII".into(), call.send().await.line()));
        for (name, value) in [("scheme in lower case", format!("bearer {key}")), ("two spaces", format!("Bearer  {key}"))] {
            let reply = api.call("GET", SESSIONS).header("authorization", &value).send().await;
            assert_eq!(reply.status, 200, "{name}");
        }
        insta::allow_duplicates! {
            insta::assert_snapshot!(table(lines), @r#"
            nothing             401 key_missing
            scheme only         401 key_missing
            another scheme      401 key_missing
            no scheme           401 key_missing
            empty               401 key_malformed
            some text           401 key_malformed
            another mode        401 key_malformed
            never given out     401 key_unknown
            claims to be live   401 key_unknown
            one character more  401 key_unknown
            one character less  401 key_unknown
            in another case     401 key_malformed
            not ASCII           401 key_missing
            "#);
        }
    }

    async fn an_expired_key_and_one_that_was_looked_up_before(store) {
        let api = Api::over(store).await;
        let key = &api.partner.secret_key.1;
        assert_eq!(api.call("GET", SESSIONS).key(key).send().await.status, 200);
        let expire = gate_store::sql("update api_keys set expires_at = $1");
        let now = api.now().0;
        let end = move |tx: &mut gate_store::Tx| tx.execute(expire, &[&(now + 3_000)]);
        api.store().write(end).await.unwrap();
        let at = |ms| {
            api.clock.advance_ms(ms);
            api.call("GET", SESSIONS).key(key).send()
        };
        assert_eq!(at(2_999).await.status, 200);
        let late = at(2_001).await;
        assert_eq!(late.line(), "401 key_expired", "at most 2 s late");
        assert_eq!(late.header("www-authenticate"), "Bearer");
        let revoke = gate_store::sql("update api_keys set expires_at = null, revoked_at = $1");
        api.store().write(move |tx| tx.execute(revoke, &[&now])).await.unwrap();
        assert_eq!(at(0).await.line(), "401 key_expired");
    }

    async fn keys_of_a_mode_that_is_not_served(store) {
        let api = Api::over(store).await;
        let mut live = partner("Demo Shop", Mode::Live, 0);
        live.partner_id = api.partner.partner_id.clone();
        api.provision(&live).await;
        let (clock, vault) = (api.clock.clone(), api.vault().clone());
        let config = AppConfig::sandbox(gate_app::testing::BASE_URL);
        let app = App::new((**store).clone(), clock, vault, Rails::simulated(), config);
        let sandbox = Api::of(World { app, ..api.world.clone() });
        let unknown = mint_api_key("sk", Mode::Live, api.ids());
        for key in [&live.secret_key.1, &unknown] {
            let reply = sandbox.call("GET", SESSIONS).key(key).send().await;
            assert_eq!(reply.line(), "401 mode_not_served");
        }
        let call = sandbox.call("POST", crate::BOOTSTRAP).key(&live.publishable_key.1);
        assert_eq!(call.json(&json!({})).await.line(), "401 mode_not_served");
        assert_eq!(sandbox.partner_call("GET", SESSIONS).send().await.status, 200);
        assert_eq!(api.call("GET", SESSIONS).key(&live.secret_key.1).send().await.status, 200);
    }
}

/// The shape of a failure, in full.
#[test]
fn a_failure_in_full() {
    let store = gate_store::testing::TestStore::sqlite();
    gate_store::testing::block_on(async {
        let api = Api::over(&store).await;
        insta::assert_snapshot!(api.call("GET", SESSIONS).send().await.shown(), @r#"
        401
        {
          "code": "key_missing",
          "doc_url": null,
          "message": "Send your API key in the header Authorization: Bearer <key>.",
          "param": null,
          "request_id": "<req>",
          "statusCode": 401,
          "type": "authentication_error"
        }
        "#);
        let body: Value = json!({ "amount": "1", "currency": "EUR", "colour": "red" });
        insta::assert_snapshot!(api.create_session(&body).await.shown(), @r#"
        400
        {
          "code": "amount_out_of_range",
          "doc_url": null,
          "errors": [
            {
              "code": "amount_out_of_range",
              "message": "amount must be from 10.00 EUR to 10000.00 EUR.",
              "param": "/amount"
            },
            {
              "code": "field_required",
              "message": "return_url is required.",
              "param": "/return_url"
            },
            {
              "code": "field_unknown",
              "message": "There is no field \"colour\".",
              "param": "/colour"
            }
          ],
          "message": "amount must be from 10.00 EUR to 10000.00 EUR.",
          "param": "/amount",
          "reason": {
            "code": "amount_out_of_range",
            "limit": "10.00 EUR",
            "maximum": "10000.00 EUR",
            "message": "amount must be from 10.00 EUR to 10000.00 EUR.",
            "minimum": "10.00 EUR",
            "next_step": "Choose an amount within these limits.",
            "remaining": null,
            "retryable": true
          },
          "request_id": "<req>",
          "statusCode": 400,
          "type": "invalid_request"
        }
        "#);
    });
}
