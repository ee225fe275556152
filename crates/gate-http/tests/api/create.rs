//! Create, field by field.

use gate_app::testing::{ADDRESS, partner};
use gate_domain::Mode;
use gate_store::both_engines;
use gate_store::testing::{TestStore, block_on};
use serde_json::{Map, Value, json};

use crate::{Api, Reply, SESSIONS, good, table};

/// A good body with one field changed; null takes it away.
pub(crate) fn with(field: &str, value: Value) -> Value {
    let mut body = good();
    let fields = body.as_object_mut().unwrap();
    match value {
        Value::Null => drop(fields.remove(field)),
        value => drop(fields.insert(field.to_owned(), value)),
    }
    body
}

pub(crate) fn said(reply: &Reply) -> String {
    if reply.status == 201 { "201".into() } else { reply.line() }
}

/// Try values for one field, one line each.
pub(crate) async fn attempt(api: &Api, field: &str, values: Vec<Value>) -> String {
    let mut lines = Vec::new();
    for value in values {
        let shown: String = value.to_string().chars().take(60).collect();
        lines.push((shown, said(&api.create_session(&with(field, value)).await)));
    }
    format!("{field}\n{}", table(lines))
}

#[test]
fn a_session_in_full() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let full = json!({
            "amount": "100.5", "currency": "eur", "target_token": "usdc", "target_network": "BASE",
            "flow": "on_ramp", "wallet_address": ADDRESS, "return_url": "https://shop.example/orders/1",
            "cancel_url": "https://shop.example/cart?a=1#b", "user_reference": "user-7",
            "metadata": { "order": 1, "gift": true, "note": "Grüße, 猫", "none": null },
            "expires_in": 300,
        });
        let reply = api.create_session(&full).await;
        insta::assert_snapshot!(reply.shown(), @r#"
        201
        {
          "amount": "100.50",
          "cancel_url": "https://shop.example/cart?a=1#b",
          "client_reference_id": null,
          "client_secret": "<client secret>",
          "created_at": "2026-11-23T12:00:00.000Z",
          "currency": "EUR",
          "expires_at": "2026-11-23T12:05:00.000Z",
          "flow": "on_ramp",
          "id": "<gs>",
          "metadata": {
            "gift": true,
            "none": null,
            "note": "Grüße, 猫",
            "order": 1
          },
          "mode": "test",
          "object": "gate_session",
          "partner_id": "<ptr>",
          "progress": {
            "phase": "created",
            "reason": null,
            "updated_at": "2026-11-23T12:00:00.000Z"
          },
          "return_url": "https://shop.example/orders/1",
          "status": "open",
          "target_network": "base",
          "target_token": "USDC",
          "tx_refid": null,
          "user_reference": "user-7",
          "wallet_address": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
          "wallet_memo": null,
          "wallet_memo_is_text": null
        }
        "#);
        let created = reply.value();
        let path = format!("{SESSIONS}/{}", created["id"].as_str().unwrap());
        let mut read = api.partner_call("GET", &path).send().await.value();
        assert_eq!(read.get("client_secret"), None, "shown once");
        read["client_secret"] = created["client_secret"].clone();
        assert_eq!(read, created);
        let listed = api.partner_call("GET", SESSIONS).send().await.value();
        assert_eq!(listed["data"][0].get("client_secret"), None);
        let events = api.events().await;
        assert_eq!(events[0].data["id"], created["id"]);
    });
}

#[test]
fn amounts_and_currencies() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let amounts = [
            "10",
            "10.00",
            "10000.00",
            "9.99",
            "10000.01",
            "0",
            "",
            "-10",
            "+10",
            "1e2",
            "10,00",
            "1 000",
            "010",
            "10.",
            ".5",
            "10.005",
            "0x10",
            "١٠",
            "NaN",
            "99999999999999999999999999999999",
            "\u{0}10",
        ];
        let mut values: Vec<_> = amounts.into_iter().map(Value::from).collect();
        values.extend([
            json!("1".repeat(41)),
            json!(100),
            json!(100.5),
            json!(["100"]),
            json!({}),
            json!(true),
            Value::Null,
        ]);
        let amounts = attempt(&api, "amount", values).await;
        let currencies = ["GBP", "usd", "JPY", "BTC", "EU", "EURO", "E€R", ""];
        let mut values: Vec<_> = currencies.into_iter().map(Value::from).collect();
        values.extend([json!(978), Value::Null]);
        let currencies = attempt(&api, "currency", values).await;
        insta::assert_snapshot!(amounts + &currencies, @r#"
        amount
        "10"                                         201
        "10.00"                                      201
        "10000.00"                                   201
        "9.99"                                       400 amount_out_of_range /amount amount_out_of_range
        "10000.01"                                   400 amount_out_of_range /amount amount_out_of_range
        "0"                                          400 amount_out_of_range /amount amount_out_of_range
        ""                                           400 field_length /amount field_length
        "-10"                                        400 amount_invalid /amount amount_invalid
        "+10"                                        400 amount_invalid /amount amount_invalid
        "1e2"                                        400 amount_invalid /amount amount_invalid
        "10,00"                                      400 amount_invalid /amount amount_invalid
        "1 000"                                      400 amount_invalid /amount amount_invalid
        "010"                                        400 amount_invalid /amount amount_invalid
        "10."                                        400 amount_invalid /amount amount_invalid
        ".5"                                         400 amount_invalid /amount amount_invalid
        "10.005"                                     400 amount_invalid /amount amount_invalid
        "0x10"                                       400 amount_invalid /amount amount_invalid
        "١٠"                                         400 amount_invalid /amount amount_invalid
        "NaN"                                        400 amount_invalid /amount amount_invalid
        "99999999999999999999999999999999"           400 amount_invalid /amount amount_invalid
        "\u000010"                                   400 invalid_text /amount invalid_text
        "11111111111111111111111111111111111111111"  400 field_length /amount field_length
        100                                          400 field_type /amount field_type
        100.5                                        400 field_type /amount field_type
        ["100"]                                      400 field_type /amount field_type
        {}                                           400 field_type /amount field_type
        true                                         400 field_type /amount field_type
        null                                         400 field_required /amount field_required
        currency
        "GBP"   201
        "usd"   201
        "JPY"   400 amount_invalid /amount amount_invalid
        "BTC"   400 currency_not_supported /currency currency_not_supported
        "EU"    400 currency_not_supported /currency currency_not_supported
        "EURO"  400 field_length /currency field_length
        "E€R"   400 currency_not_supported /currency currency_not_supported
        ""      400 field_length /currency field_length
        978     400 field_type /currency field_type
        null    400 field_required /currency field_required
        "#);
        let reply = api.create_session(&with("amount", json!("9.99"))).await;
        insta::assert_snapshot!(reply.shown(), @r#"
        400
        {
          "code": "amount_out_of_range",
          "doc_url": null,
          "errors": [
            {
              "code": "amount_out_of_range",
              "message": "amount must be from 10.00 EUR to 10000.00 EUR.",
              "param": "/amount"
            }
          ],
          "message": "amount must be from 10.00 EUR to 10000.00 EUR.",
          "param": "/amount",
          "reason": {
            "code": "amount_out_of_range",
            "limit": "10.00 EUR",
            "maximum": "10000.00 EUR",
            "message": "amount must be from 10.00 EUR to 10000.00 EUR.",
            "minimum": "10.00 EUR",
            "next_step": "Choose an amount within these limits.",
            "remaining": null,
            "retryable": true
          },
          "request_id": "<req>",
          "statusCode": 400,
          "type": "invalid_request"
        }
        "#);
    });
}

#[test]
fn every_problem_is_told_at_once() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let body = json!({ "currency": "XXX", "return_url": 7, "flow": "lend", "expires_in": 1,
            "colour": "red", "a/b~c": 1, "__proto__": {}, "x".repeat(500): 1 });
        insta::assert_snapshot!(api.create_session(&body).await.line(), @"400 flow_not_supported /flow flow_not_supported /amount field_required /currency currency_not_supported /return_url field_type /expires_in field_range /__proto__ field_unknown /a~1b~0c field_unknown /colour field_unknown /xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx field_unknown");
        let body =
            json!({ "amount": "1e2", "currency": "XXX", "return_url": "https://shop.example/" });
        let line = api.create_session(&body).await.line();
        insta::assert_snapshot!(line, @"400 currency_not_supported /currency currency_not_supported /amount amount_invalid");
        let unknown: Map<_, _> = (0..1_000).map(|n| (format!("u{n}"), json!(n))).collect();
        let reply = api.create_session(&Value::Object(unknown)).await;
        assert!(reply.bytes.len() < 8_192, "an answer is bounded too: {}", reply.bytes.len());
    });
}

both_engines! {
    async fn live_mode_takes_https_only(store) {
        let world = gate_app::testing::World::over(store).await;
        let live = partner("Demo Shop", Mode::Live, 0);
        let origins = vec!["http://localhost:4100".into(), "https://shop.example".into()];
        world.provision(&gate_app::provision::Provision { origins, ..live.clone() }).await;
        let api = Api::of(world);
        for (url, status) in [("http://localhost:4100/", 400), ("https://shop.example/", 201)] {
            let call = api.call("POST", SESSIONS).key(&live.secret_key.1);
            let reply = call.header("idempotency-key", url).json(&with("return_url", json!(url))).await;
            assert_eq!(reply.status, status, "{url}");
            if status == 201 {
                assert_eq!(reply.value()["mode"], "live");
                assert!(reply.value()["id"].as_str().unwrap().starts_with("gs_live_"));
                assert!(reply.header("x-request-id").starts_with("req_live_"));
            }
        }
    }
}
