//! Query parameters of the lists.

use gate_domain::Mode;
use gate_domain::ids::SessionId;
use gate_store::both_engines;
use gate_store::testing::{TestStore, block_on};
use serde_json::Value;

use crate::{Api, SESSIONS, table};

fn ids(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

#[test]
fn within_bounds_known_and_once() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let session = api.create().await;
        let live = SessionId::new(Mode::Live, api.ids().seed(api.now()));
        let mut lines = Vec::new();
        for (path, queries) in [
            (
                SESSIONS,
                vec![
                    "limit=1",
                    "limit=100",
                    "limit=0",
                    "limit=101",
                    "limit=-1",
                    "limit=1.5",
                    "limit=ten",
                    "limit=",
                    "limit",
                    "limit=99999999999999999999",
                    "limit=%31",
                    "limit=1&limit=1",
                    "LIMIT=1",
                    "skip=1",
                    "status=open",
                    "status=cancelled",
                    "status=canceled",
                    "status=OPEN",
                    "status=",
                    "starting_after=",
                    "starting_after=x",
                    "starting_after=gs_test_%00",
                    "starting_after=%FF",
                    "colour=red&limit=0",
                    "=",
                    "&&",
                    "a%2Fb=1",
                    "limit=1;status=open",
                ],
            ),
            (
                "/v1/webhooks/deliveries",
                vec![
                    "limit=200",
                    "limit=201",
                    "limit=0",
                    "skip=0",
                    "skip=-1",
                    "skip=10000",
                    "skip=10001",
                    "status=pending",
                    "status=in_flight",
                    "status=dead_lettered",
                    "status=failed",
                    "starting_after=x",
                    "skip=1&skip=2",
                ],
            ),
        ] {
            for query in queries {
                let reply = api.partner_call("GET", &format!("{path}?{query}")).send().await;
                let said = if reply.status == 200 { "200".into() } else { reply.line() };
                lines.push((query.to_owned(), said));
            }
        }
        insta::assert_snapshot!(table(lines), @r#"
        limit=1                     200
        limit=100                   200
        limit=0                     400 field_range limit field_range
        limit=101                   400 field_range limit field_range
        limit=-1                    400 field_range limit field_range
        limit=1.5                   400 field_range limit field_range
        limit=ten                   400 field_range limit field_range
        limit=                      400 field_range limit field_range
        limit                       400 field_range limit field_range
        limit=99999999999999999999  400 field_range limit field_range
        limit=%31                   200
        limit=1&limit=1             400 field_unknown limit field_unknown
        LIMIT=1                     400 field_unknown LIMIT field_unknown
        skip=1                      400 field_unknown skip field_unknown
        status=open                 200
        status=cancelled            200
        status=canceled             400 field_range status field_range
        status=OPEN                 400 field_range status field_range
        status=                     400 field_range status field_range
        starting_after=             400 cursor_invalid starting_after cursor_invalid
        starting_after=x            400 cursor_invalid starting_after cursor_invalid
        starting_after=gs_test_%00  400 cursor_invalid starting_after cursor_invalid
        starting_after=%FF          400 cursor_invalid starting_after cursor_invalid
        colour=red&limit=0          400 field_range limit field_range colour field_unknown
        =                           400 field_unknown  field_unknown
        &&                          200
        a%2Fb=1                     400 field_unknown a/b field_unknown
        limit=1;status=open         400 field_range limit field_range
        limit=200                   200
        limit=201                   400 field_range limit field_range
        limit=0                     400 field_range limit field_range
        skip=0                      200
        skip=-1                     400 field_range skip field_range
        skip=10000                  200
        skip=10001                  400 field_range skip field_range
        status=pending              200
        status=in_flight            200
        status=dead_lettered        200
        status=failed               400 field_range status field_range
        starting_after=x            400 field_unknown starting_after field_unknown
        skip=1&skip=2               400 field_unknown skip field_unknown
        "#);
        for id in [session, live] {
            let path = format!("{SESSIONS}?starting_after={id}");
            let reply = api.partner_call("GET", &path).send().await;
            assert_eq!(reply.value()["data"].as_array().unwrap().len(), 0, "{id}");
        }
        let long = format!("{SESSIONS}?{0}=1&{0}=2&{0}x=3", "y".repeat(2_000));
        let reply = api.partner_call("GET", &long).send().await;
        assert_eq!(reply.status, 400);
        assert!(reply.bytes.len() < 2_000, "an answer is bounded too: {}", reply.bytes.len());
    });
}

both_engines! {
    async fn pages_newest_first(store) {
        let api = Api::over(store).await;
        let mut sessions = Vec::new();
        for _ in 0..12 {
            sessions.push(api.create().await.to_string());
            api.clock.advance_ms(1);
        }
        sessions.reverse();
        let first = api.partner_call("GET", SESSIONS).send().await.value();
        assert_eq!((ids(&first), &first["has_more"]), (sessions[..10].iter().map(String::as_str).collect(), &Value::Bool(true)));
        assert_eq!((&first["object"], &first["url"]), (&"list".into(), &SESSIONS.into()));
        let path = format!("{SESSIONS}?limit=2&starting_after={}", sessions[9]);
        let last = api.partner_call("GET", &path).send().await.value();
        assert_eq!(ids(&last), sessions[10..], "exactly the rest");
        assert_eq!(last["has_more"], false, "and no more");

        let hooks = "/v1/webhooks/deliveries?limit=5";
        let page = api.partner_call("GET", hooks).send().await.value();
        assert_eq!((ids(&page).len(), &page["has_more"]), (5, &Value::Bool(true)));
        let rest = api.partner_call("GET", &format!("{hooks}&skip=7")).send().await.value();
        assert_eq!((ids(&rest).len(), &rest["has_more"]), (5, &Value::Bool(false)));
    }
}
