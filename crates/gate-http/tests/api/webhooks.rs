//! Deliveries as partners see them.

use gate_app::testing::{ScriptedSender, partner};
use gate_app::workers::deliveries::deliver_due;
use gate_domain::Mode;
use gate_domain::delivery::RETRY_GAPS_S;
use gate_store::both_engines;
use serde_json::json;

use crate::Api;

const LIST: &str = "/v1/webhooks/deliveries";

/// The id of the only delivery there is.
pub(crate) async fn only(api: &Api) -> String {
    let list = api.partner_call("GET", LIST).send().await.value();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    list["data"][0]["id"].as_str().unwrap().to_owned()
}

both_engines! {
    async fn replayed_only_after_it_was_given_up(store) {
        let api = Api::over(store).await;
        let sender = ScriptedSender::default();
        api.create().await;
        let id = only(&api).await;
        let replay = || api.partner_call("POST", &format!("{LIST}/{id}/replay")).send();
        let refused = replay().await;
        assert_eq!(refused.line(), "400 delivery_not_dead_lettered");
        let hook = api.partner.endpoint.clone().unwrap().1;
        sender.answer(&hook, [500; 10]);
        for gap_s in RETRY_GAPS_S {
            deliver_due(&api.app, &sender).await.unwrap();
            api.clock.advance_ms(gap_s * 1_100);
        }
        deliver_due(&api.app, &sender).await.unwrap();
        let given_up = api.partner_call("GET", &format!("{LIST}?status=dead_lettered")).send().await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(given_up.shown(), @r#"
            200
            {
              "data": [
                {
                  "attempts": 10,
                  "created_at": "2026-11-23T12:00:00.000Z",
                  "delivered_at": null,
                  "endpoint_id": "<we>",
                  "event_id": "<evt>",
                  "event_type": "gate_session.created",
                  "id": "<wd>",
                  "last_error": "answered 500",
                  "last_response_status": 500,
                  "next_attempt_at": null,
                  "object": "webhook_delivery",
                  "status": "dead_lettered",
                  "target_url": "https://shop.example/webhooks"
                }
              ],
              "has_more": false,
              "object": "list",
              "url": "/v1/webhooks/deliveries"
            }
            "#);
        }
        let replayed = replay().await;
        assert_eq!(replayed.status, 200);
        assert_eq!(replayed.value()["status"], "pending");
        assert_eq!(replay().await.line(), "400 delivery_not_dead_lettered", "it is pending");
        deliver_due(&api.app, &sender).await.unwrap();
        assert_eq!(replay().await.line(), "400 delivery_not_dead_lettered", "it arrived");
        let list = api.partner_call("GET", &format!("{LIST}?status=succeeded")).send().await.value();
        assert_eq!(list["data"][0]["attempts"], 11);
        let none = api.partner_call("POST", &format!("{LIST}/wd_x/replay")).send().await;
        assert_eq!(none.line(), "404 not_found");
    }

    async fn a_test_webhook_needs_an_endpoint(store) {
        let api = Api::over(store).await;
        let queued = api.partner_call("POST", "/v1/webhooks/test").send().await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(queued.shown(), @r#"
            200
            {
              "attempts": 0,
              "created_at": "2026-11-23T12:00:00.000Z",
              "delivered_at": null,
              "endpoint_id": "<we>",
              "event_id": "<evt>",
              "event_type": "webhook.test",
              "id": "<wd>",
              "last_error": null,
              "last_response_status": null,
              "next_attempt_at": "2026-11-23T12:00:00.000Z",
              "object": "webhook_delivery",
              "status": "pending",
              "target_url": "https://shop.example/webhooks"
            }
            "#);
        }
        let quiet = partner("Quiet Shop", Mode::Test, 0);
        api.provision(&quiet).await;
        let refused = api.call("POST", "/v1/webhooks/test").key(&quiet.secret_key.1).send().await;
        assert_eq!(refused.line(), "400 webhook_endpoint_missing");
        let fields = api.partner_call("POST", "/v1/webhooks/test").json(&json!({ "url": "x" })).await;
        assert_eq!(fields.line(), "400 field_unknown /url field_unknown", "it goes where the partner registered");
    }
}
