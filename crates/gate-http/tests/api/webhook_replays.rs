//! Delivering again in bulk, and faults on purpose, over HTTP.

use gate_app::testing::ScriptedSender;
use gate_app::workers::deliveries::deliver_due;
use gate_app::workers::replays::take_due_steps;
use gate_domain::Mode;
use gate_store::both_engines;
use gate_store::testing::{TestStore, block_on};
use serde_json::{Value, json};

use crate::{Api, stranger, table};

const REPLAY: &str = "/v1/webhooks/replay";
const CHAOS: &str = "/v1/test_helpers/webhooks/chaos";

both_engines! {
    async fn a_replay_tells_how_far_it_is(store) {
        let api = Api::over(store).await;
        let sender = ScriptedSender::default();
        api.create().await;
        deliver_due(&api.app, &sender).await.unwrap();
        let event = api.events().await[0].id.clone();
        let ask = |body: Value| {
            let call = api.partner_call("POST", REPLAY).header("idempotency-key", "again");
            async move { call.json(&body).await }
        };
        let body = json!({ "event_ids": [event], "statuses": ["succeeded"] });
        let asked = ask(body.clone()).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(asked.shown(), @r#"
            201
            {
              "after": 0,
              "created_at": "2026-11-23T12:00:00.000Z",
              "cursor": 0,
              "endpoint_id": null,
              "event_types": null,
              "examined": 0,
              "id": "<rp>",
              "object": "webhook_replay",
              "queued": 0,
              "rate_per_second": 100,
              "sequences": [
                1
              ],
              "since": null,
              "status": "running",
              "statuses": [
                "succeeded"
              ],
              "through": 1,
              "total": 1,
              "until": null,
              "updated_at": "2026-11-23T12:00:00.000Z"
            }
            "#);
        }
        assert_eq!(ask(body).await.bytes, asked.bytes);
        while take_due_steps(&api.app).await.unwrap() > 0 {}
        let path = format!("{REPLAY}/{}", asked.value()["id"].as_str().unwrap());
        let done = api.partner_call("GET", &path).send().await.value();
        assert_eq!(done["status"], "done");
        assert_eq!((&done["examined"], &done["queued"], &done["cursor"]), (&json!(1), &json!(1), &json!(1)));
        let cancelled = api.partner_call("POST", &format!("{path}/cancel")).send().await.value();
        assert_eq!(cancelled, done, "what has ended stays as it is");
        let list = api.partner_call("GET", REPLAY).send().await.value();
        assert_eq!(list["data"], json!([done]));
        deliver_due(&api.app, &sender).await.unwrap();
        let log = format!("/v1/webhooks/deliveries?event_id={event}");
        let log = api.partner_call("GET", &log).send().await.value();
        let rows = log["data"].as_array().unwrap();
        assert_eq!(rows.iter().map(|row| &row["status"]).collect::<Vec<_>>(), ["succeeded"; 2]);

        let other = stranger(&api, Mode::Test).await.secret_key.1;
        for (method, path) in [("GET", path.clone()), ("POST", format!("{path}/cancel"))] {
            let reply = api.call(method, &path).key(&other).send().await;
            assert_eq!(reply.line(), "404 not_found");
        }
        let theirs = api.call("POST", REPLAY).key(&other);
        let theirs = theirs.json(&json!({ "event_ids": [event] })).await;
        assert_eq!(theirs.line(), "404 not_found");
    }

    async fn the_log_shows_attempts_and_filters(store) {
        let api = Api::over(store).await;
        let sender = ScriptedSender::default();
        let hook = api.partner.endpoint.clone().unwrap();
        api.add_endpoint("https://backup.example/hooks").await;
        let session = api.create().await;
        sender.answer(&hook.1, [500]);
        deliver_due(&api.app, &sender).await.unwrap();
        api.clock.advance_ms(66_000);
        deliver_due(&api.app, &sender).await.unwrap();
        let list = async |query: String| {
            let path = format!("/v1/webhooks/deliveries{query}");
            let list = api.partner_call("GET", &path).send().await.value();
            list["data"].as_array().unwrap().clone()
        };
        let event = api.events().await[0].id.clone();
        assert_eq!(list(format!("?event_id={event}")).await.len(), 2);
        assert_eq!(list(format!("?event_id={event}&status=pending")).await.len(), 0);
        assert_eq!(list(format!("?event_id={event}&endpoint_id={}", hook.0)).await.len(), 1);
        assert_eq!(list(format!("?endpoint_id={}&status=succeeded", hook.0)).await.len(), 1);
        assert_eq!(list(format!("?endpoint_id={}&status=dead_lettered", hook.0)).await.len(), 0);
        assert_eq!(list("?endpoint_id=we_x".into()).await.len(), 0);
        let of_session = format!("?session_id={session}");
        assert_eq!(list(of_session.clone()).await.len(), 2);
        assert_eq!(list(format!("{of_session}&endpoint_id={}", hook.0)).await.len(), 1);
        assert_eq!(list(format!("{of_session}&status=dead_lettered")).await.len(), 0);
        assert_eq!(list(format!("{of_session}&limit=1&skip=1")).await, list(of_session.clone()).await[1..]);
        let other = "?session_id=gs_test_01hf7yat00fentqaxbnentqaxb".to_owned();
        assert_eq!(list(other).await.len(), 0);
        let both = format!("/v1/webhooks/deliveries{of_session}&event_id={event}");
        let both = api.partner_call("GET", &both).send().await;
        assert_eq!(both.line(), "400 field_not_accepted session_id field_not_accepted");
        let ours = list(format!("?endpoint_id={}", hook.0)).await.remove(0);
        let path = format!("/v1/webhooks/deliveries/{}", ours["id"].as_str().unwrap());
        assert_eq!(api.partner_call("GET", &path).send().await.value(), ours);
        let attempts = api.partner_call("GET", &format!("{path}/attempts")).send().await;
        let shown = attempts.shown().replace(ours["id"].as_str().unwrap(), "<wd>");
        insta::allow_duplicates! {
            insta::assert_snapshot!(shown, @r#"
            200
            {
              "data": [
                {
                  "duration_ms": 0,
                  "ended_at": "2026-11-23T12:01:06.000Z",
                  "error": null,
                  "number": 2,
                  "object": "webhook_attempt",
                  "response_excerpt": "",
                  "response_status": 200,
                  "started_at": "2026-11-23T12:01:06.000Z"
                },
                {
                  "duration_ms": 0,
                  "ended_at": "2026-11-23T12:00:00.000Z",
                  "error": "answered 500",
                  "number": 1,
                  "object": "webhook_attempt",
                  "response_excerpt": "said 500",
                  "response_status": 500,
                  "started_at": "2026-11-23T12:00:00.000Z"
                }
              ],
              "has_more": false,
              "object": "list",
              "url": "/v1/webhooks/deliveries/<wd>/attempts"
            }
            "#);
        }
        let first = api.partner_call("GET", &format!("{path}/attempts?limit=1&starting_after=2"));
        assert_eq!(first.send().await.value()["data"][0]["number"], 1);
        let other = stranger(&api, Mode::Test).await.secret_key.1;
        for path in [path.clone(), format!("{path}/attempts")] {
            let reply = api.call("GET", &path).key(&other).send().await;
            assert_eq!(reply.line(), "404 not_found");
        }
    }

    async fn chaos_is_asked_for_seen_and_ended(store) {
        let api = Api::over(store).await;
        let calm = api.partner_call("GET", CHAOS).send().await;
        assert_eq!(calm.value()["active"], false);
        let body = json!({ "duplicate": 100, "for_seconds": 60, "seed": 7 });
        let begun = api.partner_call("POST", CHAOS).json(&body).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(begun.shown(), @r#"
            200
            {
              "active": true,
              "delay": 0,
              "drop": 0,
              "duplicate": 100,
              "ends_at": "2026-11-23T12:01:00.000Z",
              "object": "webhook_chaos",
              "reorder": 0,
              "seed": 7
            }
            "#);
        }
        assert_eq!(api.partner_call("GET", CHAOS).send().await.value(), begun.value());
        let ended = api.partner_call("POST", CHAOS).json(&json!({ "for_seconds": 0 })).await;
        assert_eq!(ended.value(), calm.value());
    }
}

#[test]
fn what_is_wrong_is_told_all_at_once() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let mut lines = Vec::new();
        for (path, body) in [
            (REPLAY, json!({ "since": "yesterday", "until": 1, "event_ids": [], "statuses": [] })),
            (REPLAY, json!({ "event_ids": [1], "rate_per_second": 0, "colour": "red" })),
            (REPLAY, json!({ "event_types": ["paid"], "statuses": ["lost", "pending"] })),
            (REPLAY, json!({ "event_ids": ["evt_x"] })),
            (REPLAY, json!({ "endpoint_id": "we_x" })),
            (CHAOS, json!({ "drop": 101, "delay": "1", "for_seconds": 3601, "seed": -1, "x": 1 })),
        ] {
            let reply = api.partner_call("POST", path).json(&body).await;
            lines.push((body.to_string(), reply.line()));
        }
        insta::assert_snapshot!(table(lines), @r#"
        {"event_ids":[],"since":"yesterday","statuses":[],"until":1}  400 instant_invalid /since instant_invalid /until field_type /event_ids field_length /statuses field_length
        {"colour":"red","event_ids":[1],"rate_per_second":0}          400 field_type /event_ids field_type /rate_per_second field_range /colour field_unknown
        {"event_types":["paid"],"statuses":["lost","pending"]}        400 event_type_unknown /event_types/0 event_type_unknown /statuses/0 field_range
        {"event_ids":["evt_x"]}                                       404 not_found
        {"endpoint_id":"we_x"}                                        404 not_found
        {"delay":"1","drop":101,"for_seconds":3601,"seed":-1,"x":1}   400 field_type /delay field_type /drop field_range /for_seconds field_range /seed field_range /x field_unknown
        "#);
    });
}
