//! Bootstrap over HTTP: what a page may send, and how it is let in.

use gate_app::test_helpers::{Force, force};
use gate_app::testing::{BASE_URL, SHOP};
use gate_store::testing::{TestStore, block_on};
use serde_json::{Value, json};

use crate::{Api, BOOTSTRAP, Reply, table};

async fn bootstrap(api: &Api, origin: &str, body: &Value) -> Reply {
    let call = api.call("POST", BOOTSTRAP).key(&api.partner.publishable_key.1);
    call.header("origin", origin).json(body).await
}

#[test]
fn in_full_and_with_the_key_in_each_place() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let session = api.create().await;
        let secret = api.vault().client_secret(&session);
        let reply = bootstrap(&api, SHOP, &json!({ "clientSecret": secret })).await;
        let token = reply.value()["embed_token"].as_str().unwrap().to_owned();
        assert!(api.open_embed_token(&token).is_some());
        insta::assert_snapshot!(reply.shown().replace(&token, "<embed token>"), @r#"
        200
        {
          "amount": "100.00",
          "branding": {
            "accent_color": null,
            "brand_name": null,
            "logo_url": null,
            "primary_color": null,
            "secondary_color": null
          },
          "currency": "EUR",
          "embed_token": "<embed token>",
          "expires_at": "2026-11-23T13:00:00.000Z",
          "flow": null,
          "mode": "test",
          "partner_id": "<ptr>",
          "return_url": "https://shop.example/orders/1",
          "session_id": "<gs>",
          "target_network": null,
          "target_token": null
        }
        "#);

        let key = &api.partner.publishable_key.1;
        let call = || api.call("POST", BOOTSTRAP).header("origin", SHOP);
        let in_header = call().header("x-publishable-key", key).json(&json!({})).await;
        assert_eq!(
            (in_header.status.as_u16(), &in_header.value()["session_id"]),
            (200, &Value::Null)
        );
        let in_body = call().json(&json!({ "publishable_key": key })).await;
        assert_eq!(in_body.status, 200);
        let nowhere = call().json(&json!({})).await;
        assert_eq!(nowhere.line(), "401 key_missing");
        let referer = api.call("POST", BOOTSTRAP).key(key);
        let referer =
            referer.header("referer", "https://shop.example/cart?x=1").json(&json!({})).await;
        assert_eq!(referer.status, 200, "some browsers state the page only");
    });
}

#[test]
fn origins_that_almost_match() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let session = api.create().await;
        let body = json!({ "clientSecret": api.vault().client_secret(&session) });
        for origin in [SHOP, BASE_URL] {
            assert_eq!(bootstrap(&api, origin, &body).await.status, 200, "{origin}");
        }
        assert_eq!(bootstrap(&api, BASE_URL, &json!({})).await.line(), "403 origin_not_allowed");
        for origin in [
            "null",
            "",
            "*",
            "http://shop.example",
            "https://shop.example:443",
            "https://shop.example.",
            "https://shop.example/",
            "https://SHOP.example",
            "https://www.shop.example",
            "https://evilshop.example",
            "https://shop.example.evil.example",
            "https://shop.example, https://evil.example",
            "https://shop.example https://evil.example",
            "http://pay.gate.example",
        ] {
            let reply = bootstrap(&api, origin, &body).await;
            assert_eq!(reply.line(), "403 origin_not_allowed", "{origin}");
        }
        // An Origin that is there wins over a Referer that would do.
        let call = api.call("POST", BOOTSTRAP).key(&api.partner.publishable_key.1);
        let call = call.header("origin", "null").header("referer", "https://shop.example/");
        assert_eq!(call.json(&body).await.line(), "403 origin_not_allowed");
    });
}

#[test]
fn bodies() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let session = api.create().await;
        let secret = api.vault().client_secret(&session);
        let mut altered = secret.clone();
        altered.replace_range(
            secret.len() - 5..secret.len() - 4,
            if secret.as_bytes()[secret.len() - 5] == b'A' { "B" } else { "A" },
        );
        let ended = api.create().await;
        let ended_secret = api.vault().client_secret(&ended);
        force(&api.app, &api.tenant(), &ended, Force::Expire).await.unwrap();
        let mut lines = Vec::new();
        for (name, body) in [
            ("nothing", json!({})),
            ("null", json!({ "clientSecret": null })),
            ("empty", json!({ "clientSecret": "" })),
            ("a number", json!({ "clientSecret": 1 })),
            ("no secret of ours", json!({ "clientSecret": "gsec_x" })),
            ("an altered secret", json!({ "clientSecret": altered })),
            ("NUL", json!({ "clientSecret": "a\0" })),
            ("very long", json!({ "clientSecret": "x".repeat(201) })),
            ("snake case", json!({ "client_secret": secret })),
            ("an ended session", json!({ "clientSecret": ended_secret })),
            ("no scopes", json!({ "requested_scopes": [] })),
            ("one scope", json!({ "requested_scopes": ["journey:read"] })),
            ("an unknown scope", json!({ "requested_scopes": ["admin"] })),
            ("scopes as text", json!({ "requested_scopes": "journey:read" })),
            ("scopes as numbers", json!({ "requested_scopes": [1] })),
        ] {
            let reply = bootstrap(&api, SHOP, &body).await;
            lines.push((
                name.to_owned(),
                if reply.status == 200 { "200".into() } else { reply.line() },
            ));
        }
        insta::assert_snapshot!(table(lines), @r#"
        nothing            200
        null               200
        empty              400 field_length /clientSecret field_length
        a number           400 field_type /clientSecret field_type
        no secret of ours  401 invalid_client_secret /clientSecret
        an altered secret  401 invalid_client_secret /clientSecret
        NUL                400 invalid_text /clientSecret invalid_text
        very long          400 field_length /clientSecret field_length
        snake case         400 field_unknown /client_secret field_unknown
        an ended session   409 session_not_open
        no scopes          200
        one scope          200
        an unknown scope   400 unknown_scope /requested_scopes unknown_scope
        scopes as text     400 field_type /requested_scopes field_type
        scopes as numbers  400 field_type /requested_scopes field_type
        "#);
        let reply = bootstrap(&api, SHOP, &json!({ "clientSecret": ended_secret })).await;
        insta::assert_snapshot!(reply.shown(), @r#"
        409
        {
          "code": "session_not_open",
          "doc_url": null,
          "message": "The session is expired. Create a new one.",
          "param": null,
          "request_id": "<req>",
          "session": {
            "id": "<gs>",
            "status": "expired"
          },
          "statusCode": 409,
          "type": "conflict"
        }
        "#);
        let long = json!({ "requested_scopes": ["x".repeat(100_000)] });
        let reply = bootstrap(&api, SHOP, &long).await;
        assert!(reply.bytes.len() < 2_000, "an answer is bounded too: {}", reply.bytes.len());
    });
}

#[test]
fn the_edge_says_where_a_page_is() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let session = api.create().await;
        let secret = api.vault().client_secret(&session);
        let mut steps = Vec::new();
        for country in ["KP", "de", "XX", "T1", "kp"] {
            let call = api.call("POST", BOOTSTRAP).key(&api.partner.publishable_key.1);
            let call = call.header("origin", SHOP).header("cf-ipcountry", country);
            let entered = call.json(&json!({ "clientSecret": secret })).await.value();
            let token = entered["embed_token"].as_str().unwrap();
            let journey = api.call("GET", "/v1/embed/journey").token(token).send().await.value();
            steps.push(journey["step"]["kind"].as_str().unwrap().to_owned());
        }
        let words = ["unavailable", "amount", "amount", "amount", "unavailable"];
        assert_eq!(steps, words, "what the edge does not know changes nothing");
    });
}
