//! The list of events and the feed, over HTTP.

use gate_app::testing::{ScriptedSender, World};
use gate_app::workers::deliveries::deliver_due;
use gate_app::workers::retention::remove_old_events;
use gate_domain::Mode;
use gate_http::HttpConfig;
use gate_store::both_engines;
use gate_store::testing::{TestStore, block_on};
use serde_json::Value;

use crate::{Api, stranger, table};

const LIST: &str = "/v1/events";

async fn places(api: &Api, query: &str) -> (Vec<i64>, bool) {
    let list = api.partner_call("GET", &format!("{LIST}{query}")).send().await.value();
    let rows = list["data"].as_array().unwrap();
    let places = rows.iter().map(|row| row["sequence"].as_i64().unwrap()).collect();
    (places, list["has_more"].as_bool().unwrap())
}

both_engines! {
    // T43.
    async fn a_feed_that_begins_later_says_so_and_leaves_no_gap(store) {
        const DAY_MS: i64 = 24 * 3_600_000;
        let world = World::keeping_events(store, Some(30 * DAY_MS)).await;
        let api = Api::with(world, &HttpConfig::unlimited());
        for _ in 0..3 {
            api.create().await;
        }
        api.clock.advance_ms(31 * DAY_MS);
        api.create().await;
        assert_eq!(remove_old_events(&api.app).await.unwrap(), 3);
        for after in [0, 2] {
            let call = api.partner_call("GET", &format!("{LIST}?after={after}"));
            let refused = call.send().await;
            assert_eq!(refused.line(), "400 cursor_expired after cursor_expired");
            let told = refused.value();
            assert_eq!(told["param"], "after");
            assert!(told["message"].as_str().unwrap().contains("after=3"), "{told}");
        }
        assert_eq!(places(&api, "?after=3").await.0, [4]);
        assert_eq!(places(&api, "").await.0, [4]);
    }

    async fn an_event_is_shown_as_it_was_sent(store) {
        let api = Api::over(store).await;
        let sender = ScriptedSender::default();
        api.create().await;
        deliver_due(&api.app, &sender).await.unwrap();
        let sent = sender.take().remove(0);
        let id = sent.header("webhook-id");
        let read = api.partner_call("GET", &format!("{LIST}/{id}")).send().await;
        assert_eq!(String::from_utf8(read.bytes.clone()).unwrap(), sent.body);
        let list = api.partner_call("GET", LIST).send().await;
        let text = String::from_utf8(list.bytes).unwrap();
        let expected = format!(
            r#"{{"object":"list","data":[{}],"has_more":false,"url":"/v1/events"}}"#, sent.body
        );
        assert_eq!(text, expected);

        let other = stranger(&api, Mode::Test).await.secret_key.1;
        let theirs = api.call("GET", &format!("{LIST}/{id}")).key(&other).send().await;
        assert_eq!(theirs.line(), "404 not_found");
        let theirs = api.call("GET", LIST).key(&other).send().await.value();
        assert_eq!(theirs["data"].as_array().unwrap().len(), 0);
        let after = format!("{LIST}?starting_after={id}");
        let theirs = api.call("GET", &after).key(&other).send().await;
        assert_eq!(theirs.status, 200, "a cursor does not tell whether an id exists");
        assert_eq!(api.partner_call("GET", "/v1/events/evt_x").send().await.line(), "404 not_found");
    }

    async fn pages_stay_right_while_events_are_added(store) {
        let api = Api::over(store).await;
        for _ in 0..5 {
            api.create().await;
        }
        let page = api.partner_call("GET", "/v1/events?limit=2").send().await.value();
        assert_eq!((page["data"][1]["sequence"].as_i64(), &page["has_more"]), (Some(4), &Value::Bool(true)));
        api.create().await;
        let last = page["data"][1]["id"].as_str().unwrap();
        let next = format!("?limit=2&starting_after={last}");
        assert_eq!(places(&api, &next).await, (vec![3, 2], true));
        assert_eq!(places(&api, "?after=4").await, (vec![5, 6], false));
        assert_eq!(places(&api, "?after=0&limit=2").await, (vec![1, 2], true));
        let both = format!("?after=0&starting_after={last}");
        assert_eq!(places(&api, &both).await, (vec![5, 6], false));
        assert_eq!(places(&api, "?type=rail.*").await, (vec![], false));
        assert_eq!(places(&api, "?type=gate_session.*&limit=1").await, (vec![6], true));
        assert_eq!(places(&api, "?after=6&wait=0").await, (vec![], false));
        assert_eq!(places(&api, "?session_id=gs_x").await, (vec![], false));
    }

    async fn an_empty_page_waits_for_what_comes(store) {
        let api = Api::over(store).await;
        let waits = {
            let call = api.partner_call("GET", "/v1/events?after=0&wait=30");
            tokio::spawn(call.send())
        };
        tokio::task::yield_now().await;
        api.create().await;
        let page = waits.await.unwrap().value();
        assert_eq!(page["data"][0]["type"], "gate_session.created");
    }
}

#[test]
fn what_is_wrong_with_a_query_is_told() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let mut lines = Vec::new();
        for query in [
            "?limit=0&after=-1&wait=31",
            "?limit=1001",
            "?type=gate_session.paid",
            "?starting_after=gs_1",
            "?after=x",
            "?colour=red",
        ] {
            let reply = api.partner_call("GET", &format!("{LIST}{query}")).send().await;
            lines.push((query.to_owned(), reply.line()));
        }
        insta::assert_snapshot!(table(lines), @r#"
        ?limit=0&after=-1&wait=31  400 field_range after field_range limit field_range wait field_range
        ?limit=1001                400 field_range limit field_range
        ?type=gate_session.paid    400 event_type_unknown type event_type_unknown
        ?starting_after=gs_1       400 cursor_invalid starting_after cursor_invalid
        ?after=x                   400 field_range after field_range
        ?colour=red                400 field_unknown colour field_unknown
        "#);
    });
}
