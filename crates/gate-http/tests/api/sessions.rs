//! Cancel, and the helpers that force an outcome.

use gate_app::testing::partner;
use gate_domain::Mode;
use gate_store::both_engines;
use serde_json::json;

use crate::{Api, SESSIONS};

both_engines! {
    async fn cancelled_once(store) {
        let api = Api::over(store).await;
        let session = api.create().await;
        let path = format!("{SESSIONS}/{session}/cancel");
        let first = api.partner_call("POST", &path).send().await;
        assert_eq!((first.status.as_u16(), first.value()["status"].clone()), (201, json!("cancelled")));
        let read = api.partner_call("GET", &format!("{SESSIONS}/{session}")).send().await;
        assert_eq!(read.value(), first.value(), "what was told is what is stored");
        let again = api.partner_call("POST", &path).send().await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(again.shown(), @r#"
            409
            {
              "code": "session_not_open",
              "doc_url": null,
              "message": "The session has already ended. Create a new one.",
              "param": null,
              "request_id": "<req>",
              "statusCode": 409,
              "type": "conflict"
            }
            "#);
        }
        assert_eq!(api.event_types().await, ["created", "cancelled"]);
    }

    async fn nobody_cancels_money_that_is_moving(store) {
        let api = Api::over(store).await;
        let session = api.paying("slow").await;
        let path = format!("{SESSIONS}/{session}/cancel");
        let refused = api.partner_call("POST", &path).send().await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused.shown(), @r#"
            409
            {
              "code": "payment_in_flight",
              "doc_url": null,
              "message": "A payment is in flight. Wait for it to end; money that is moving is never cancelled.",
              "param": null,
              "request_id": "<req>",
              "statusCode": 409,
              "type": "conflict"
            }
            "#);
        }
        api.pass_seconds(6).await;
        let read = api.partner_call("GET", &format!("{SESSIONS}/{session}")).send().await;
        assert_eq!(read.value()["status"], "completed");
        assert_eq!(read.value()["progress"]["phase"], "settled");
        assert!(read.value()["tx_refid"].as_str().unwrap().starts_with("tx_test_"));
    }

    async fn forced_in_test_mode_only(store) {
        let api = Api::over(store).await;
        let force = |key: &str, id: &str, outcome: &str| {
            api.call("POST", &format!("/v1/test_helpers/gate_sessions/{id}/{outcome}")).key(key).send()
        };
        let key = api.partner.secret_key.1.clone();
        for (outcome, status, phase) in
            [("complete", "completed", "settled"), ("fail", "open", "failed"), ("expire", "expired", "failed")]
        {
            let session = api.create().await.to_string();
            let forced = force(&key, &session, outcome).await;
            assert_eq!(forced.status, 200, "{outcome}");
            let body = forced.value();
            assert_eq!((&body["status"], &body["progress"]["phase"]), (&json!(status), &json!(phase)));
        }
        let mut live = partner("Demo Shop", Mode::Live, 0);
        live.partner_id = api.partner.partner_id.clone();
        api.provision(&live).await;
        let call = api.call("POST", SESSIONS).key(&live.secret_key.1).header("idempotency-key", "k");
        let session = call.json(&crate::good()).await.value()["id"].as_str().unwrap().to_owned();
        for outcome in ["complete", "fail", "expire"] {
            let refused = force(&live.secret_key.1, &session, outcome).await;
            assert_eq!(refused.line(), "404 route_not_found", "{outcome}");
            let refused = force(&key, &session, outcome).await;
            assert_eq!(refused.line(), "404 not_found", "{outcome}");
        }
    }
}
