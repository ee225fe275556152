//! `client_reference_id`: one session for it, whatever key it was asked for with.

use gate_domain::Mode;
use gate_store::both_engines;
use serde_json::{Value, json};

use crate::{Api, SESSIONS, good, stranger};

fn named(reference: &str) -> Value {
    let mut body = good();
    body["client_reference_id"] = reference.into();
    body
}

both_engines! {
    async fn the_same_body_under_another_key_finds_the_first_session(store) {
        let api = Api::over(store).await;
        let first = api.create_session(&named("order 1 – Grüße")).await;
        assert_eq!((first.status.as_u16(), first.header("idempotent-replayed")), (201, ""));
        assert_eq!(first.value()["client_reference_id"], "order 1 – Grüße");
        let id = first.value()["id"].as_str().unwrap().to_owned();
        let again = api.create_session(&named("order 1 – Grüße")).await;
        assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, "true"));
        assert_eq!(again.bytes, first.bytes, "with its client secret");

        let cancel = format!("{SESSIONS}/{id}/cancel");
        assert_eq!(api.partner_call("POST", &cancel).send().await.status, 201);
        let now = api.create_session(&named("order 1 – Grüße")).await;
        assert_eq!((now.status.as_u16(), &now.value()["status"]), (201, &json!("cancelled")));

        let mut dearer = named("order 1 – Grüße");
        dearer["amount"] = "101.00".into();
        let other = api.create_session(&dearer).await;
        assert_eq!(other.line(), "409 client_reference_id_in_use /client_reference_id");
        assert_eq!(other.value()["session"], json!({ "id": id, "status": "cancelled" }));
        assert_eq!(other.value()["type"], "conflict");
        assert_eq!(api.event_types().await, ["created", "cancelled"]);
    }

    async fn it_is_a_filter_of_the_list(store) {
        let api = Api::over(store).await;
        let id = api.create_session(&named("a/b c")).await.value()["id"].clone();
        api.create_session(&good()).await;
        let find = async |query: &str| {
            let list = api.partner_call("GET", &format!("{SESSIONS}?{query}")).send().await;
            let rows = list.value()["data"].as_array().unwrap().clone();
            rows.into_iter().map(|row| row["id"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(find("client_reference_id=a%2Fb%20c").await, std::slice::from_ref(&id));
        assert_eq!(find("client_reference_id=a%2Fb%20c&status=open").await, std::slice::from_ref(&id));
        for nothing in [
            "client_reference_id=A%2Fb%20c".to_owned(),
            "client_reference_id=a%2Fb%20c&status=expired".to_owned(),
            format!("client_reference_id=a%2Fb%20c&starting_after={}", id.as_str().unwrap()),
        ] {
            assert_eq!(find(&nothing).await, [] as [Value; 0], "{nothing}");
        }
        let empty = api.partner_call("GET", &format!("{SESSIONS}?client_reference_id=")).send().await;
        assert_eq!(empty.line(), "400 field_length client_reference_id field_length");
        let other = stranger(&api, Mode::Test).await;
        let path = format!("{SESSIONS}?client_reference_id=a%2Fb%20c");
        let theirs = api.call("GET", &path).key(&other.secret_key.1).send().await;
        assert_eq!(theirs.value()["data"], json!([]));
        for (reference, line) in [
            (json!(""), "400 field_length /client_reference_id field_length"),
            (json!("x".repeat(201)), "400 field_length /client_reference_id field_length"),
            (json!(7), "400 field_type /client_reference_id field_type"),
        ] {
            let mut body = good();
            body["client_reference_id"] = reference;
            assert_eq!(api.create_session(&body).await.line(), line);
        }
        assert_eq!(api.create_session(&json!({ "client_reference_id": null,
            "amount": "100.00", "currency": "EUR", "return_url": "https://shop.example/" })).await.status, 201);
    }

    async fn fifty_twins_with_keys_of_their_own_make_one_session(store) {
        let api = Api::over(store).await;
        let body = named("order 1");
        let replies = futures::future::join_all((0..50).map(|_| api.create_session(&body))).await;
        assert!(replies.iter().all(|reply| reply.status == 201 && reply.bytes == replies[0].bytes));
        let fresh = replies.iter().filter(|reply| reply.header("idempotent-replayed").is_empty());
        assert_eq!(fresh.count(), 1, "one did the work");
        assert_eq!(api.event_types().await, ["created"]);
        api.sound().await;
    }
}
