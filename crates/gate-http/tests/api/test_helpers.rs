//! What a test of a partner can do to a session: ask who the user is, and let time pass.

use gate_domain::Mode;
use gate_store::both_engines;
use gate_store::testing::{TestStore, block_on};
use serde_json::{Value, json};

use crate::{Api, Reply, table};

const HELPERS: &str = "/v1/test_helpers/gate_sessions";
const IDENTITY: &str = "/v1/embed/identity";

both_engines! {
    async fn the_page_asks_who_the_user_is_until_they_pass(store) {
        let api = Api::over(store).await;
        let (id, token) = api.visit().await;
        let asked = api.partner_call("POST", &format!("{HELPERS}/{id}/require_kyc")).send().await;
        assert_eq!((asked.status.as_u16(), &asked.value()["status"]), (200, &json!("open")));
        let progress = asked.value()["progress"].clone();
        assert_eq!((&progress["phase"], &progress["reason"]["code"]), (&json!("verifying"), &json!("identity_required")));
        let journey = api.call("GET", "/v1/embed/journey").token(&token).send().await.value();
        assert_eq!((&journey["step"]["kind"], &journey["step"]["level"]), (&json!("identity"), &json!("basic")));
        let event = api.events().await.pop().unwrap();
        insta::allow_duplicates! {
            insta::assert_snapshot!(event.data["reason"], @r#"{"code":"identity_required","limit":null,"maximum":null,"message":"We have to confirm who you are before this purchase can go on.","minimum":null,"next_step":"Confirm your identity; the purchase then goes on where it was.","remaining":null,"retryable":true}"#);
        }
        assert_eq!((event.event_type.as_str(), &event.data["session_id"]), ("kyc.required", &json!(id)));

        let end = async |outcome: &str| {
            let body = json!({ "outcome": outcome });
            api.call("POST", IDENTITY).token(&token).json(&body).await
        };
        let rejected = end("rejected").await.value();
        assert_eq!((&rejected["step"]["kind"], &rejected["step"]["rejected"]), (&json!("identity"), &json!(true)));
        assert_eq!(end("approved").await.value()["step"]["kind"], "amount");
        assert_eq!(end("approved").await.status, 200, "old news");
        assert_eq!(end("rejected").await.line(), "409 journey_out_of_step");
    }

    async fn time_passes_for_one_session(store) {
        let api = Api::over(store).await;
        let (id, other) = (api.create().await, api.create().await);
        let advance = async |seconds: i64| {
            let call = api.partner_call("POST", &format!("{HELPERS}/{id}/advance_time"));
            call.json(&json!({ "seconds": seconds })).await.value()
        };
        let near = advance(86_399).await;
        assert_eq!((&near["status"], &near["expires_at"]), (&json!("open"), &json!("2026-11-23T12:00:01.000Z")));
        assert_eq!(near["created_at"], "2026-11-23T12:00:00.000Z");
        assert_eq!(advance(1).await["status"], "expired");
        assert_eq!(api.session(&other).await.status(), "open");
        assert_eq!(api.event_types().await, ["created", "created", "expired"]);
    }
}

#[test]
fn bodies() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let (id, token) = api.visit().await;
        let mut lines = Vec::new();
        for body in [
            json!({ "level": "enhanced" }),
            json!({ "level": null }),
            json!({ "level": "medium" }),
            json!({ "level": 1, "why": "x" }),
        ] {
            let call = api.partner_call("POST", &format!("{HELPERS}/{id}/require_kyc"));
            let reply = call.json(&body).await;
            lines.push((format!("require_kyc {body}"), said(&reply)));
        }
        for body in [
            json!({}),
            json!({ "seconds": null }),
            json!({ "seconds": 0 }),
            json!({ "seconds": -5 }),
            json!({ "seconds": 2_592_001 }),
            json!({ "seconds": 1.5 }),
            json!({ "seconds": "60" }),
            json!({ "seconds": 1, "minutes": 1 }),
            json!({ "seconds": 1 }),
        ] {
            let call = api.partner_call("POST", &format!("{HELPERS}/{id}/advance_time"));
            let reply = call.json(&body).await;
            lines.push((format!("advance_time {body}"), said(&reply)));
        }
        for body in [json!({}), json!({ "outcome": "maybe" }), json!({ "outcome": true })] {
            let reply = api.call("POST", IDENTITY).token(&token).json(&body).await;
            lines.push((format!("identity {body}"), said(&reply)));
        }
        insta::assert_snapshot!(table(lines), @r#"
        require_kyc {"level":"enhanced"}        200
        require_kyc {"level":null}              200
        require_kyc {"level":"medium"}          400 field_range /level field_range
        require_kyc {"level":1,"why":"x"}       400 field_type /level field_type /why field_unknown
        advance_time {}                         400 field_required /seconds field_required
        advance_time {"seconds":null}           400 field_required /seconds field_required
        advance_time {"seconds":0}              400 field_range /seconds field_range
        advance_time {"seconds":-5}             400 field_range /seconds field_range
        advance_time {"seconds":2592001}        400 field_range /seconds field_range
        advance_time {"seconds":1.5}            400 field_range /seconds field_range
        advance_time {"seconds":"60"}           400 field_type /seconds field_type
        advance_time {"minutes":1,"seconds":1}  400 field_unknown /minutes field_unknown
        advance_time {"seconds":1}              200
        identity {}                             400 field_required /outcome field_required
        identity {"outcome":"maybe"}            400 field_range /outcome field_range
        identity {"outcome":true}               400 field_type /outcome field_type
        "#);
    });
}

#[test]
fn they_do_not_exist_in_live_mode_and_know_no_strangers() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let mut live = gate_app::testing::partner("Demo Shop", Mode::Live, 0);
        live.partner_id = api.partner.partner_id.clone();
        api.provision(&live).await;
        let other = crate::stranger(&api, Mode::Test).await;
        let id = api.create().await;
        for (helper, body) in
            [("require_kyc", json!({})), ("advance_time", json!({ "seconds": 1 }))]
        {
            let path = format!("{HELPERS}/{id}/{helper}");
            let send = async |key: &str, body: &Value| {
                api.call("POST", &path).key(key).json(body).await.line()
            };
            assert_eq!(send(&live.secret_key.1, &body).await, "404 route_not_found", "{helper}");
            assert_eq!(send(&other.secret_key.1, &body).await, "404 not_found", "{helper}");
        }
    });
}

fn said(reply: &Reply) -> String {
    if reply.status.is_success() { reply.status.as_u16().to_string() } else { reply.line() }
}
