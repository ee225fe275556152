//! Webhook endpoints over HTTP.

use gate_app::testing::ScriptedSender;
use gate_app::workers::deliveries::deliver_due;
use gate_domain::Mode;
use gate_store::both_engines;
use gate_store::testing::{TestStore, block_on};
use gate_wire::signature::WebhookSecret;
use serde_json::{Value, json};

use crate::{Api, Reply, stranger, table};

const LIST: &str = "/v1/webhook_endpoints";

fn hook() -> Value {
    json!({ "url": "https://backup.example/hooks", "event_types": ["gate_session.completed"] })
}

async fn create(api: &Api, body: &Value) -> Reply {
    api.partner_call("POST", LIST).json(body).await
}

fn id_of(reply: &Reply) -> String {
    reply.value()["id"].as_str().unwrap().to_owned()
}

both_engines! {
    async fn an_endpoint_says_how_it_wants_its_webhooks(store) {
        let api = Api::over(store).await;
        let mut body = hook();
        let wanted = json!({
            "rate_limit": 5, "retry_schedule": [60, 300], "payload": "thin", "asymmetric": true,
            "headers": { "Authorization": "Bearer of-the-receiver", "x-shop": "tea" },
        });
        body.as_object_mut().unwrap().extend(wanted.as_object().unwrap().clone());
        let created = create(&api, &body).await;
        assert_eq!(created.status, 201);
        assert!(!created.shown().contains("of-the-receiver"), "values are not shown again");
        let path = format!("{LIST}/{}", id_of(&created));
        let read = api.partner_call("GET", &path).send().await.value();
        assert_eq!(read["rate_limit"], 5);
        assert_eq!(read["retry_schedule"], json!([60, 300]));
        assert_eq!(read["payload"], "thin");
        assert_eq!(read["header_names"], json!(["authorization", "x-shop"]));
        assert!(read["public_key"].as_str().unwrap().starts_with("whpk_"));
        let patch = |body: Value| {
            let call = api.partner_call("PATCH", &path);
            async move { call.json(&body).await.value() }
        };
        let less = patch(json!({ "headers": { "x-shop": "cake" }, "rate_limit": null })).await;
        assert_eq!((&less["header_names"], &less["rate_limit"]), (&json!(["x-shop"]), &Value::Null));
        assert_eq!(less["payload"], "thin", "what is left out stays");
        let plain = patch(json!({
            "headers": null, "retry_schedule": null, "payload": "full", "asymmetric": false,
        }));
        let plain = plain.await;
        assert_eq!(plain["header_names"], json!([]));
        assert_eq!((&plain["retry_schedule"], &plain["public_key"]), (&Value::Null, &Value::Null));
        assert_eq!(plain["payload"], "full");
    }

    async fn every_wish_that_cannot_be_met_is_told_at_once(store) {
        let api = Api::over(store).await;
        let mut body = hook();
        let wrong = json!({
            "rate_limit": 0, "retry_schedule": [60, 0], "payload": "tiny", "asymmetric": "yes",
            "headers": { "Host": "elsewhere.example" },
        });
        body.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        let refused = create(&api, &body).await;
        assert_eq!(refused.status, 400);
        let told = refused.value();
        let told: Vec<_> = told["errors"].as_array().unwrap().iter().map(|problem| {
            let text = |name: &str| problem[name].as_str().unwrap().to_owned();
            (text("param"), text("code"))
        }).collect();
        let told: Vec<_> = told.iter().map(|(param, code)| (param.as_str(), code.as_str())).collect();
        assert_eq!(told, [
            ("/rate_limit", "field_range"),
            ("/retry_schedule", "field_range"),
            ("/payload", "field_range"),
            ("/asymmetric", "field_type"),
            ("/headers/Host", "header_invalid"),
        ]);
    }

    async fn an_endpoint_lives(store) {
        let api = Api::over(store).await;
        api.clock.advance_ms(1_000);
        let mut body = hook();
        body["description"] = "The backup".into();
        let created = create(&api, &body).await;
        let secret = created.value()["secret"].as_str().unwrap().to_owned();
        assert!(WebhookSecret::parse(&secret).is_ok());
        let shown = created.shown().replace(&secret, "<secret>");
        insta::allow_duplicates! {
            insta::assert_snapshot!(shown, @r#"
            201
            {
              "created_at": "2026-11-23T12:00:01.000Z",
              "description": "The backup",
              "disabled_reason": null,
              "event_types": [
                "gate_session.completed"
              ],
              "header_names": [],
              "health": {
                "failures_in_row": 0,
                "last_error": null,
                "since": "2026-11-23T12:00:01.000Z",
                "state": "ok",
                "until": null
              },
              "id": "<we>",
              "mode": "test",
              "object": "webhook_endpoint",
              "old_secret_expires_at": null,
              "payload": "full",
              "public_key": null,
              "rate_limit": null,
              "retry_schedule": null,
              "secret": "<secret>",
              "status": "enabled",
              "updated_at": "2026-11-23T12:00:01.000Z",
              "url": "https://backup.example/hooks"
            }
            "#);
        }
        let id = id_of(&created);
        let path = format!("{LIST}/{id}");
        let read = api.partner_call("GET", &path).send().await;
        assert_eq!(read.status, 200);
        let mut without = created.value();
        without.as_object_mut().unwrap().remove("secret");
        assert_eq!(read.value(), without, "all of it but the secret");

        let list = api.partner_call("GET", LIST).send().await.value();
        let urls: Vec<_> = list["data"].as_array().unwrap().iter().map(|row| &row["url"]).collect();
        assert_eq!(urls, ["https://backup.example/hooks", "https://shop.example/webhooks"]);
        let rest = api.partner_call("GET", &format!("{LIST}?limit=1&starting_after={id}"));
        assert_eq!(rest.send().await.value()["data"][0]["url"], "https://shop.example/webhooks");

        let patch = |body: Value| {
            let call = api.partner_call("PATCH", &path);
            async move { call.json(&body).await }
        };
        let paused = patch(json!({ "status": "disabled", "description": null })).await.value();
        assert_eq!(paused["status"], "disabled");
        assert_eq!(paused["disabled_reason"], "disabled_by_partner");
        assert_eq!(paused["description"], Value::Null);
        let on = patch(json!({ "status": "enabled", "event_types": null })).await.value();
        assert_eq!((&on["disabled_reason"], &on["event_types"]), (&Value::Null, &json!(["*"])));
        assert_eq!(patch(json!({})).await.value(), on, "nothing said, nothing changed");

        let gone = api.partner_call("DELETE", &path).send().await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(gone.shown(), @r#"
            200
            {
              "deleted": true,
              "deleted_at": "2026-11-23T12:00:01.000Z",
              "id": "<we>",
              "object": "webhook_endpoint"
            }
            "#);
        }
        api.clock.advance_ms(1_000);
        assert_eq!(api.partner_call("DELETE", &path).send().await.value(), gone.value());
        for method in ["GET", "PATCH"] {
            let reply = api.partner_call(method, &path).json(&json!({})).await;
            assert_eq!(reply.line(), "404 not_found", "{method}");
        }
        let roll = api.partner_call("POST", &format!("{path}/roll_secret")).send().await;
        assert_eq!(roll.line(), "404 not_found");
    }

    async fn a_repeat_is_answered_the_same_the_secret_included(store) {
        let api = Api::over(store).await;
        let call = |body: Value| {
            let call = api.partner_call("POST", LIST).header("idempotency-key", "hook-1");
            async move { call.json(&body).await }
        };
        let (first, again) = (call(hook()).await, call(hook()).await);
        assert_eq!(first.bytes, again.bytes);
        assert_eq!(again.header("idempotent-replayed"), "true");
        let other = call(json!({ "url": "https://other.example/" })).await;
        assert_eq!(other.line(), "409 idempotency_key_reused");
        let path = format!("{LIST}/{}/roll_secret", id_of(&first));
        let roll = || api.partner_call("POST", &path).header("idempotency-key", "roll-1").send();
        let (rolled, repeated) = (roll().await, roll().await);
        assert_eq!(rolled.status, 200);
        assert_eq!(rolled.bytes, repeated.bytes, "a repeat does not roll again");
        assert_ne!(rolled.value()["secret"], first.value()["secret"]);
        assert_eq!(rolled.value()["old_secret_expires_at"], "2026-11-24T12:00:00.000Z");
    }

    async fn a_rolled_secret_signs_beside_the_old_one(store) {
        let api = Api::over(store).await;
        let sender = ScriptedSender::default();
        let id = api.partner.endpoint.clone().unwrap().0;
        let path = format!("{LIST}/{id}/roll_secret");
        let rolled = api.partner_call("POST", &path).json(&json!({ "overlap_seconds": 60 })).await;
        let new = WebhookSecret::parse(rolled.value()["secret"].as_str().unwrap()).unwrap();
        api.create().await;
        deliver_due(&api.app, &sender).await.unwrap();
        let sent = sender.take().remove(0);
        let now = api.now().unix_seconds();
        for secret in [new, api.webhook_secret()] {
            let header = sent.header("gate-signature");
            assert_eq!(secret.verify(header, sent.body.as_bytes(), now), Ok(()));
        }
    }

    async fn strangers_and_the_other_mode_see_nothing(store) {
        let api = Api::over(store).await;
        let id = api.partner.endpoint.clone().unwrap().0;
        let other = stranger(&api, Mode::Test).await;
        let (path, key) = (format!("{LIST}/{id}"), &other.secret_key.1);
        for (method, path) in [
            ("GET", path.clone()),
            ("PATCH", path.clone()),
            ("DELETE", path.clone()),
            ("POST", format!("{path}/roll_secret")),
            ("GET", format!("{LIST}/we_test_nonsense")),
        ] {
            let call = api.call(method, &path).key(key);
            let reply = if method == "PATCH" {
                call.json(&json!({})).await
            } else {
                call.send().await
            };
            assert_eq!(reply.line(), "404 not_found", "{method}");
        }
        let list = api.call("GET", LIST).key(key).send().await.value();
        assert_eq!(list["data"], json!([]));
    }
}

#[test]
fn what_is_wrong_is_told_all_at_once() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let id = api.partner.endpoint.clone().unwrap().0;
        let mut lines = Vec::new();
        for body in [
            json!({}),
            json!({ "url": null, "event_types": [], "description": "", "colour": 1 }),
            json!({ "url": "http://shop.example/", "event_types": ["gate_session.paid", "*", "x"] }),
            json!({ "url": "https://a:b@shop.example/" }),
            json!({ "url": "https://shop.example/#x" }),
            json!({ "url": 1, "event_types": "x", "description": 1 }),
            json!({ "url": "https://shop.example/", "secret": "x", "status": "enabled" }),
            json!({ "url": "https://shop.example/", "description": "a\u{1B}[2K" }),
        ] {
            lines.push((format!("POST {body}"), create(&api, &body).await.line()));
        }
        let path = format!("{LIST}/{id}");
        for body in [
            json!({ "url": null, "status": null }),
            json!({ "status": "paused", "event_types": ["kyc"] }),
            json!({ "url": "ftp://x", "id": "we_1" }),
            json!({ "description": "a\nwe_1" }),
        ] {
            let reply = api.partner_call("PATCH", &path).json(&body).await;
            lines.push((format!("PATCH {body}"), reply.line()));
        }
        for body in [json!({ "overlap_seconds": 604_801 }), json!({ "overlap_seconds": "1" })] {
            let call = api.partner_call("POST", &format!("{path}/roll_secret"));
            lines.push((format!("roll {body}"), call.json(&body).await.line()));
        }
        insta::assert_snapshot!(table(lines), @r#"
        POST {}                                                                          400 field_required /url field_required
        POST {"colour":1,"description":"","event_types":[],"url":null}                   400 field_required /url field_required /event_types field_length /description field_length /colour field_unknown
        POST {"event_types":["gate_session.paid","*","x"],"url":"http://shop.example/"}  400 url_invalid /url url_invalid /event_types/0 event_type_unknown /event_types/2 event_type_unknown
        POST {"url":"https://a:b@shop.example/"}                                         400 url_invalid /url url_invalid
        POST {"url":"https://shop.example/#x"}                                           400 url_invalid /url url_invalid
        POST {"description":1,"event_types":"x","url":1}                                 400 field_type /url field_type /event_types field_type /description field_type
        POST {"secret":"x","status":"enabled","url":"https://shop.example/"}             400 field_unknown /secret field_unknown /status field_unknown
        POST {"description":"a\u001b[2K","url":"https://shop.example/"}                  400 invalid_text /description invalid_text
        PATCH {"status":null,"url":null}                                                 400 field_type /url field_type /status field_type
        PATCH {"event_types":["kyc"],"status":"paused"}                                  400 event_type_unknown /event_types/0 event_type_unknown /status field_range
        PATCH {"id":"we_1","url":"ftp://x"}                                              400 url_invalid /url url_invalid /id field_unknown
        PATCH {"description":"a\nwe_1"}                                                  400 invalid_text /description invalid_text
        roll {"overlap_seconds":604801}                                                  400 field_range /overlap_seconds field_range
        roll {"overlap_seconds":"1"}                                                     400 field_type /overlap_seconds field_type
        "#);
        let many = json!({ "url": "https://shop.example/", "event_types": vec!["*"; 51] });
        assert_eq!(create(&api, &many).await.line(), "400 field_length /event_types field_length");
        for number in 1..20 {
            assert_eq!(create(&api, &hook()).await.status, 201, "{number}");
        }
        assert_eq!(create(&api, &hook()).await.line(), "409 endpoints_limit_reached");
        let local = json!({ "url": "http://localhost:3000/hooks" });
        api.partner_call("DELETE", &path).send().await;
        assert_eq!(create(&api, &local).await.status, 201, "the sandbox reaches home");
    });
}

#[test]
fn a_live_endpoint_is_never_on_the_inside() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let live = stranger(&api, Mode::Live).await;
        let ask = |method: &str, path: &str| api.call(method, path).key(&live.secret_key.1);
        let public = json!({ "url": "https://93.184.216.34/hooks" });
        let made = ask("POST", LIST).json(&public).await;
        assert_eq!(made.status, 201);
        let path = format!("{LIST}/{}", id_of(&made));
        for url in ["https://127.0.0.1/", "https://169.254.169.254/", "https://[fd00::1]/"] {
            for (method, path) in [("POST", LIST), ("PATCH", &path)] {
                let refused = ask(method, path).json(&json!({ "url": url })).await;
                assert_eq!(refused.line(), "400 url_invalid /url url_invalid", "{method} {url}");
                let why = refused.value()["message"].as_str().unwrap().to_owned();
                assert!(why.ends_with("webhooks go to public addresses only."), "{why}");
            }
        }
    });
}
