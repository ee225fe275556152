//! Customers over HTTP, field by field.

use gate_domain::Mode;
use gate_store::both_engines;
use gate_store::testing::{TestStore, block_on};
use serde_json::{Value, json};

use crate::{Api, Reply, stranger, table};

const CUSTOMERS: &str = "/v1/customers";

fn ada() -> Value {
    json!({ "email": "Ada@Example.com" })
}

async fn create(api: &Api, body: &Value) -> Reply {
    api.partner_call("POST", CUSTOMERS).json(body).await
}

fn path_of(created: &Reply) -> String {
    format!("{CUSTOMERS}/{}", created.value()["id"].as_str().unwrap())
}

fn emails(list: &Reply) -> Vec<String> {
    let page = list.value();
    let rows = page["data"].as_array().unwrap();
    rows.iter().map(|row| row["email"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_customer_in_full_from_beginning_to_end() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let full = json!({
            "email": "Ada@Example.com", "external_id": "crm:1.a_b-c", "phone": "+442071838750",
            "country_code": "gb", "first_name": "Ada", "last_name": "Lovelace",
            "metadata": { "vip": true, "note": "Grüße, 猫" },
        });
        let created = create(&api, &full).await;
        insta::assert_snapshot!(created.shown(), @r#"
        201
        {
          "country_code": "GB",
          "created_at": "2026-11-23T12:00:00.000Z",
          "email": "Ada@Example.com",
          "external_id": "crm:1.a_b-c",
          "first_name": "Ada",
          "id": "<cus>",
          "kyc_status": "unverified",
          "last_name": "Lovelace",
          "metadata": {
            "note": "Grüße, 猫",
            "vip": true
          },
          "mode": "test",
          "object": "customer",
          "partner_id": "<ptr>",
          "phone": "+442071838750",
          "updated_at": "2026-11-23T12:00:00.000Z"
        }
        "#);
        let path = path_of(&created);
        let read = api.partner_call("GET", &path).send().await;
        assert_eq!(read.value(), created.value());

        api.clock.advance_ms(1_500);
        let change =
            json!({ "last_name": null, "country_code": "ie", "metadata": { "vip": false } });
        let changed = api.partner_call("PATCH", &path).json(&change).await;
        insta::assert_snapshot!(changed.shown(), @r#"
        200
        {
          "country_code": "IE",
          "created_at": "2026-11-23T12:00:00.000Z",
          "email": "Ada@Example.com",
          "external_id": "crm:1.a_b-c",
          "first_name": "Ada",
          "id": "<cus>",
          "kyc_status": "unverified",
          "last_name": null,
          "metadata": {
            "vip": false
          },
          "mode": "test",
          "object": "customer",
          "partner_id": "<ptr>",
          "phone": "+442071838750",
          "updated_at": "2026-11-23T12:00:01.500Z"
        }
        "#);
        let same = api.partner_call("PATCH", &path).json(&json!({})).await;
        assert_eq!(same.bytes, changed.bytes);

        let deleted = api.partner_call("DELETE", &path).send().await;
        insta::assert_snapshot!(deleted.shown(), @r#"
        200
        {
          "deleted": true,
          "deleted_at": "2026-11-23T12:00:01.500Z",
          "id": "<cus>",
          "object": "customer"
        }
        "#);
        api.clock.advance_ms(1_500);
        let again = api.partner_call("DELETE", &path).send().await;
        assert_eq!((again.status, &again.bytes), (deleted.status, &deleted.bytes));
        for (method, body) in [("GET", None), ("PATCH", Some(json!({ "first_name": "Eve" })))] {
            let call = api.partner_call(method, &path);
            let reply = match &body {
                Some(body) => call.json(body).await,
                None => call.send().await,
            };
            assert_eq!(reply.line(), "404 not_found", "{method}");
        }
        let types: Vec<_> = api.events().await.into_iter().map(|event| event.event_type).collect();
        assert_eq!(types, ["customer.created", "customer.updated", "customer.deleted"]);
    });
}

#[test]
fn fields_of_create() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let long = "x".repeat(129);
        let mut lines = Vec::new();
        for (field, value) in [
            ("email", json!(null)),
            ("email", json!("")),
            ("email", json!("ada")),
            ("email", json!("ada@")),
            ("email", json!("ada lovelace@example.com")),
            ("email", json!(7)),
            ("external_id", json!("")),
            ("external_id", json!("a b")),
            ("external_id", json!("x".repeat(201))),
            ("phone", json!("020 7183 8750")),
            ("phone", json!("+0")),
            ("phone", json!("+12345678901234567")),
            ("country_code", json!("GBR")),
            ("country_code", json!("G1")),
            ("first_name", json!("")),
            ("first_name", json!(long)),
            ("last_name", json!("a\u{0}b")),
            ("metadata", json!([])),
            ("metadata", json!({ "a": { "b": 1 } })),
            ("kyc_status", json!("verified")),
            ("id", json!("cus_test_1")),
            ("mode", json!("live")),
            ("nickname", json!("Ada")),
        ] {
            let mut body = ada();
            body[field] = value;
            let shown: String = format!("{field} {}", body[field]).chars().take(44).collect();
            lines.push((shown, create(&api, &body).await.line()));
        }
        insta::assert_snapshot!(table(lines), @r#"
        email null                                    400 field_required /email field_required
        email ""                                      400 field_length /email field_length
        email "ada"                                   400 email_invalid /email email_invalid
        email "ada@"                                  400 email_invalid /email email_invalid
        email "ada lovelace@example.com"              400 email_invalid /email email_invalid
        email 7                                       400 field_type /email field_type
        external_id ""                                400 field_length /external_id field_length
        external_id "a b"                             400 external_id_invalid /external_id external_id_invalid
        external_id "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  400 field_length /external_id field_length
        phone "020 7183 8750"                         400 phone_invalid /phone phone_invalid
        phone "+0"                                    400 phone_invalid /phone phone_invalid
        phone "+12345678901234567"                    400 field_length /phone field_length
        country_code "GBR"                            400 field_length /country_code field_length
        country_code "G1"                             400 country_code_invalid /country_code country_code_invalid
        first_name ""                                 400 field_length /first_name field_length
        first_name "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  400 field_length /first_name field_length
        last_name "a\u0000b"                          400 invalid_text /last_name invalid_text
        metadata []                                   400 field_type /metadata field_type
        metadata {"a":{"b":1}}                        400 metadata_invalid /metadata metadata_invalid
        kyc_status "verified"                         400 field_immutable /kyc_status field_immutable
        id "cus_test_1"                               400 field_immutable /id field_immutable
        mode "live"                                   400 field_immutable /mode field_immutable
        nickname "Ada"                                400 field_unknown /nickname field_unknown
        "#);
        let all = json!({ "email": "x", "phone": "x", "country_code": "x", "extra": 1 });
        insta::assert_snapshot!(create(&api, &all).await.line(), @"400 email_invalid /email email_invalid /phone phone_invalid /country_code country_code_invalid /extra field_unknown");
        let nulls = json!({
            "email": "ada@example.com", "external_id": null, "phone": null, "country_code": null,
            "first_name": null, "last_name": null, "metadata": null,
        });
        assert_eq!(create(&api, &nulls).await.status, 201, "null is as good as left out");
    });
}

#[test]
fn fields_of_a_change() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let path = path_of(&create(&api, &ada()).await);
        let mut lines = Vec::new();
        for body in [
            json!({ "email": "eve@example.com" }),
            json!({ "email": null }),
            json!({ "external_id": "1", "phone": "+4915112345678" }),
            json!({ "kyc_status": "verified", "mode": "live", "partner_id": "ptr_1" }),
            json!({ "nickname": "Ada" }),
            json!({ "first_name": "" }),
            json!({ "first_name": 1, "country_code": "x", "metadata": 1 }),
            json!({ "country_code": "12" }),
            json!([]),
        ] {
            let shown: String = body.to_string().chars().take(60).collect();
            lines.push((shown, api.partner_call("PATCH", &path).json(&body).await.line()));
        }
        insta::assert_snapshot!(table(lines), @r#"
        {"email":"eve@example.com"}                                   400 field_immutable /email field_immutable
        {"email":null}                                                400 field_immutable /email field_immutable
        {"external_id":"1","phone":"+4915112345678"}                  400 field_immutable /external_id field_immutable /phone field_immutable
        {"kyc_status":"verified","mode":"live","partner_id":"ptr_1"}  400 field_immutable /partner_id field_immutable /mode field_immutable /kyc_status field_immutable
        {"nickname":"Ada"}                                            400 field_unknown /nickname field_unknown
        {"first_name":""}                                             400 field_length /first_name field_length
        {"country_code":"x","first_name":1,"metadata":1}              400 country_code_invalid /country_code country_code_invalid /first_name field_type /metadata field_type
        {"country_code":"12"}                                         400 country_code_invalid /country_code country_code_invalid
        []                                                            400 field_type  field_type
        "#);
        assert_eq!(api.events().await.len(), 1, "nothing changed");
    });
}

both_engines! {
    async fn pages_and_filters(store) {
        let api = Api::over(store).await;
        for number in 1..=5 {
            api.clock.advance_ms(1); // ids sort by time
            let body = json!({ "email": format!("User{number}@example.com"), "external_id": format!("crm-{number}") });
            assert_eq!(create(&api, &body).await.status, 201);
        }
        let list = async |query: &str| {
            api.partner_call("GET", &format!("{CUSTOMERS}?{query}")).send().await
        };
        let first = list("limit=2").await;
        assert_eq!(emails(&first), ["User5@example.com", "User4@example.com"]);
        assert_eq!((&first.value()["has_more"], &first.value()["url"]), (&json!(true), &json!(CUSTOMERS)));
        let last = first.value()["data"][1]["id"].as_str().unwrap().to_owned();
        let rest = list(&format!("starting_after={last}")).await;
        assert_eq!(emails(&rest), ["User3@example.com", "User2@example.com", "User1@example.com"]);
        assert_eq!(rest.value()["has_more"], false);

        for (query, found) in [
            ("email=user3%40EXAMPLE.com", vec!["User3@example.com"]),
            ("external_id=crm-2", vec!["User2@example.com"]),
            ("email=user2@example.com&external_id=crm-2", vec!["User2@example.com"]),
            ("email=user3@example.com&external_id=crm-2", vec![]),
            ("email=nobody@example.com", vec![]),
            ("email=no%20address", vec![]),
            ("external_id=a%20b", vec![]),
        ] {
            assert_eq!(emails(&list(query).await), found, "{query}");
        }
        let behind = list(&format!("email=user5@example.com&starting_after={last}")).await;
        assert_eq!(emails(&behind), [] as [&str; 0]);
        let gone = list("external_id=crm-3").await.value()["data"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(api.partner_call("DELETE", &format!("{CUSTOMERS}/{gone}")).send().await.status, 200);
        assert_eq!(emails(&list("external_id=crm-3").await), [] as [&str; 0]);
        assert_eq!(emails(&list("limit=100").await).len(), 4);
        for (query, line) in [
            ("email=", "400 field_length email field_length"),
            ("external_id=&limit=0", "400 field_range limit field_range external_id field_length"),
            ("starting_after=gs_test_1", "400 cursor_invalid starting_after cursor_invalid"),
            ("phone=1", "400 field_unknown phone field_unknown"),
        ] {
            assert_eq!(list(query).await.line(), line, "{query}");
        }
    }

    async fn a_key_makes_it_safe_to_repeat(store) {
        let api = Api::over(store).await;
        let send = async |key: &str, body: &Value| {
            api.partner_call("POST", CUSTOMERS).header("idempotency-key", key).json(body).await
        };
        let first = send("k", &ada()).await;
        let again = send("k", &ada()).await;
        assert_eq!((first.status.as_u16(), again.header("idempotent-replayed")), (201, "true"));
        assert_eq!(again.bytes, first.bytes);
        let other = send("k", &json!({ "email": "eve@example.com" })).await;
        assert_eq!(other.line(), "409 idempotency_key_reused");
        let taken = send("l", &json!({ "email": "ADA@EXAMPLE.COM" })).await;
        assert_eq!(taken.line(), "409 customer_already_exists /email");
        let id = first.value()["id"].as_str().unwrap().to_owned();
        let message = taken.value()["message"].as_str().unwrap().to_owned();
        assert_eq!(message, format!("The customer {id} has this email already."));
    }

    async fn fifty_twins_at_once_get_the_same_answer(store) {
        let api = Api::over(store).await;
        let body = ada();
        let twin = async || {
            api.partner_call("POST", CUSTOMERS).header("idempotency-key", "k").json(&body).await
        };
        let replies = futures::future::join_all((0..50).map(|_| twin())).await;
        assert!(replies.iter().all(|reply| reply.status == 201 && reply.bytes == replies[0].bytes));
        assert_eq!(api.events().await.len(), 1);
    }

    async fn partners_and_modes_see_their_own(store) {
        let api = Api::over(store).await;
        let created = create(&api, &ada()).await;
        let other = stranger(&api, Mode::Test).await;
        let mut live = gate_app::testing::partner("Demo Shop", Mode::Live, 0);
        live.partner_id = api.partner.partner_id.clone();
        api.provision(&live).await;
        for key in [&other.secret_key.1, &live.secret_key.1] {
            for (method, body) in [("GET", None), ("DELETE", None), ("PATCH", Some(json!({ "first_name": "E" })))] {
                let call = api.call(method, &path_of(&created)).key(key);
                let reply = match &body {
                    Some(body) => call.json(body).await,
                    None => call.send().await,
                };
                assert_eq!(reply.line(), "404 not_found", "{method}");
            }
            let list = api.call("GET", &format!("{CUSTOMERS}?email=ada@example.com")).key(key);
            assert_eq!(emails(&list.send().await), [] as [&str; 0]);
            let theirs = api.call("POST", CUSTOMERS).key(key).json(&ada()).await;
            assert_eq!(theirs.status, 201, "addresses are taken per partner and mode");
        }
        for id in ["cus_test_1", "cus_demo_01hf7yat00fentqaxbnentqaxb", "x"] {
            let reply = api.partner_call("GET", &format!("{CUSTOMERS}/{id}")).send().await;
            assert_eq!(reply.line(), "404 not_found", "{id}");
        }
    }
}
