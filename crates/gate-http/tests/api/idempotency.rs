//! The same request again.

use gate_domain::Mode;
use gate_store::both_engines;
use gate_store::testing::{TestStore, block_on};
use serde_json::{Value, json};

use crate::{Api, Reply, SESSIONS, good, stranger, table};

async fn create(api: &Api, key: &str, body: &Value) -> Reply {
    api.partner_call("POST", SESSIONS).header("idempotency-key", key).json(body).await
}

async fn sessions(api: &Api) -> i64 {
    let count = gate_store::sql("select count(*) from sessions");
    let count = move |tx: &mut gate_store::Tx| tx.query_one(count, &[], |row| row.get::<i64>(0));
    api.store().read(count).await.unwrap()
}

both_engines! {
    async fn the_same_key_and_body_answers_the_same_bytes(store) {
        let api = Api::over(store).await;
        let first = create(&api, "order-1", &good()).await;
        assert_eq!((first.status.as_u16(), first.header("idempotent-replayed")), (201, ""));
        api.clock.advance_ms(24 * 3_600_000);
        let cancel = format!("{SESSIONS}/{}/cancel", first.value()["id"].as_str().unwrap());
        assert_eq!(api.partner_call("POST", &cancel).send().await.status, 201);
        for _ in 0..2 {
            let again = create(&api, "order-1", &good()).await;
            assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, "true"));
            assert_eq!(again.bytes, first.bytes, "as it was then, with its client secret");
            assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
        }
        assert_eq!(sessions(&api).await, 1);
        assert_eq!(api.event_types().await, ["created", "cancelled"]);
    }

    async fn the_order_and_spelling_of_the_json_do_not_matter(store) {
        let api = Api::over(store).await;
        let send = |text: &'static str| {
            let call = api.partner_call("POST", SESSIONS).header("idempotency-key", "k");
            call.header("content-type", "application/json").body(text)
        };
        let first = send(r#"{"amount":"10","currency":"EUR","return_url":"https://shop.example/","metadata":{"a":1,"b":2}}"#).await;
        assert_eq!(first.status, 201);
        for text in [
            r#"{"return_url":"https://shop.example/","metadata":{"b":2,"a":1},"currency":"EUR","amount":"10"}"#,
            " { \"amount\" : \"\\u0031\\u0030\", \"currency\":\"EUR\", \"return_url\":\"https:\\/\\/shop.example\\/\", \"metadata\":{\"a\":1,\"b\":2}}\n",
        ] {
            assert_eq!(send(text).await.bytes, first.bytes, "{text}");
        }
        for text in [
            r#"{"amount":"10.00","currency":"EUR","return_url":"https://shop.example/","metadata":{"a":1,"b":2}}"#,
            r#"{"amount":"10","currency":"EUR","return_url":"https://shop.example/","metadata":{"a":1,"b":3}}"#,
            r#"{"amount":"10","currency":"EUR","return_url":"https://shop.example/"}"#,
        ] {
            let other = send(text).await;
            assert_eq!(other.line(), "409 idempotency_key_reused", "{text}");
            assert_eq!(other.value()["type"], "idempotency_error");
        }
        assert_eq!(sessions(&api).await, 1);
    }

    async fn a_refusal_is_not_remembered(store) {
        let api = Api::over(store).await;
        for wrong in [json!({}), json!({ "amount": "1" })] {
            assert_eq!(create(&api, "k", &wrong).await.status, 400);
        }
        let mut elsewhere = good();
        elsewhere["return_url"] = "https://evil.example/".into();
        assert_eq!(create(&api, "k", &elsewhere).await.line(), "400 url_not_allowed /return_url");
        assert_eq!(create(&api, "k", &good()).await.status, 201);
    }

    async fn partners_and_modes_do_not_share_keys(store) {
        let api = Api::over(store).await;
        let first = create(&api, "k", &good()).await;
        let other = stranger(&api, Mode::Test).await;
        let mut live = gate_app::testing::partner("Demo Shop", Mode::Live, 0);
        live.partner_id = api.partner.partner_id.clone();
        api.provision(&live).await;
        for key in [&other.secret_key.1, &live.secret_key.1] {
            let call = api.call("POST", SESSIONS).key(key).header("idempotency-key", "k");
            let theirs = call.json(&good()).await;
            assert_eq!((theirs.status.as_u16(), theirs.header("idempotent-replayed")), (201, ""));
            assert_ne!(theirs.value()["id"], first.value()["id"]);
        }
    }

    async fn fifty_twins_at_once_make_one_session(store) {
        let api = Api::over(store).await;
        let body = good();
        let twins = (0..50).map(|_| create(&api, "order-1", &body));
        let replies = futures::future::join_all(twins).await;
        assert!(replies.iter().all(|reply| reply.status == 201 && reply.bytes == replies[0].bytes));
        let fresh = replies.iter().filter(|reply| reply.header("idempotent-replayed").is_empty());
        assert_eq!(fresh.count(), 1, "one did the work");
        assert_eq!(sessions(&api).await, 1);
        assert_eq!(api.event_types().await, ["created"]);
        api.sound().await;
    }
}

#[test]
fn keys() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let none = api.partner_call("POST", SESSIONS).json(&good()).await;
        let mut lines = vec![("none".to_owned(), none.line())];
        for (name, key) in [
            ("255 characters", vec![b'k'; 255]),
            ("256 characters", vec![b'k'; 256]),
            ("empty", vec![]),
            ("blank", b"   ".to_vec()),
            ("empty quotes", b"\"\"".to_vec()),
            ("one quote", b"\"".to_vec()),
            ("spaces inside", b"a b".to_vec()),
            ("a tab inside", b"a\tb".to_vec()),
            ("not ASCII", "schlüssel".as_bytes().to_vec()),
            ("not UTF-8", b"a\xFFb".to_vec()),
        ] {
            let mut call = api.partner_call("POST", SESSIONS);
            call.raw_header("idempotency-key", &key);
            let reply = call.json(&good()).await;
            lines.push((
                name.to_owned(),
                if reply.status == 201 { "201".into() } else { reply.line() },
            ));
        }
        insta::assert_snapshot!(table(lines), @r#"
        none            400 idempotency_key_required
        255 characters  201
        256 characters  400 idempotency_key_invalid
        empty           400 idempotency_key_invalid
        blank           400 idempotency_key_invalid
        empty quotes    201
        one quote       201
        spaces inside   201
        a tab inside    400 idempotency_key_invalid
        not ASCII       400 idempotency_key_invalid
        not UTF-8       400 idempotency_key_invalid
        "#);

        let bare = create(&api, "order-1", &good()).await;
        let quoted = create(&api, "\"order-1\"", &good()).await;
        assert_eq!(quoted.bytes, bare.bytes, "quotes are only a spelling");
        let padded = create(&api, "  order-1  ", &good()).await;
        assert_eq!(padded.bytes, bare.bytes);
        let other = create(&api, "Order-1", &good()).await;
        assert_ne!(other.value()["id"], bare.value()["id"], "case counts");
    });
}
