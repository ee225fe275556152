//! Previews, locked quotes, and sessions that are sold at one.

use gate_app::testing::World;
use gate_domain::catalogue::Entitlement;
use gate_store::Store;
use gate_store::both_engines;
use serde_json::{Value, json};

use crate::{Api, Reply, good, redacted, stranger, table};

pub(crate) const QUOTES: &str = "/v1/quotes";
const PREVIEW: &str = "/v1/quotes/preview";

/// A gateway whose partner may use the rails.
pub(crate) async fn entitled(store: &Store) -> Api {
    let api = Api::over(store).await;
    api.entitle(&[Entitlement::Rails]).await;
    api
}

pub(crate) fn buy() -> Value {
    json!({ "side": "on_ramp", "currency": "EUR", "asset": "USDC", "amount": "100.00",
        "payment_method": "sepa_bank_transfer" })
}

pub(crate) fn sell() -> Value {
    json!({ "side": "off_ramp", "currency": "EUR", "asset": "USDC", "amount": "100",
        "payment_method": "sepa_payout" })
}

/// The same body with a field set, or left out where the value is `"-"`.
fn with(mut body: Value, field: &str, value: Value) -> Value {
    let fields = body.as_object_mut().unwrap();
    if value == "-" {
        fields.remove(field);
    } else {
        fields.insert(field.into(), value);
    }
    body
}

pub(crate) async fn lock(api: &Api, body: &Value) -> Reply {
    api.partner_call("POST", QUOTES).json(body).await
}

/// Lock a quote that is good; its id.
pub(crate) async fn locked(api: &Api, body: &Value) -> String {
    let reply = lock(api, body).await;
    assert_eq!(reply.status, 201, "{}", reply.line());
    reply.value()["id"].as_str().unwrap().to_owned()
}

/// A decimal string in units of 10⁻¹⁸.
fn exact(text: &Value) -> i128 {
    let (whole, fraction) = text.as_str().unwrap().split_once('.').unwrap();
    format!("{whole}{fraction:0<18}").parse().unwrap()
}

both_engines! {
    async fn a_preview_has_an_option_per_method_and_keeps_nothing(store) {
        let api = Api::over(store).await;
        let body = with(buy(), "payment_method", json!("-"));
        let shown = api.partner_call("POST", PREVIEW).json(&body).await;
        insta::allow_duplicates! { insta::assert_snapshot!(shown.shown(), @r#"
        200
        {
          "data": [
            {
              "asset": "USDC",
              "crypto_amount": "106.700133",
              "currency": "EUR",
              "exchange_rate": "0.91996136",
              "fees": [
                {
                  "amount": "1.49",
                  "currency": "EUR",
                  "kind": "service"
                },
                {
                  "amount": "0.35",
                  "currency": "EUR",
                  "kind": "network"
                }
              ],
              "fiat_amount": "100.00",
              "network": "base",
              "object": "quote_preview",
              "payment_method": "card",
              "side": "on_ramp",
              "source": {
                "at": "2026-11-23T12:00:00.000Z",
                "name": "simulated_market"
              },
              "total_fees": "1.84"
            },
            {
              "asset": "USDC",
              "crypto_amount": "106.700133",
              "currency": "EUR",
              "exchange_rate": "0.91996136",
              "fees": [
                {
                  "amount": "1.49",
                  "currency": "EUR",
                  "kind": "service"
                },
                {
                  "amount": "0.35",
                  "currency": "EUR",
                  "kind": "network"
                }
              ],
              "fiat_amount": "100.00",
              "network": "base",
              "object": "quote_preview",
              "payment_method": "sepa_bank_transfer",
              "side": "on_ramp",
              "source": {
                "at": "2026-11-23T12:00:00.000Z",
                "name": "simulated_market"
              },
              "total_fees": "1.84"
            }
          ],
          "has_more": false,
          "object": "list",
          "url": "/v1/quotes/preview"
        }
        "#); }
        let methods = |body: Value| {
            let call = api.partner_call("POST", PREVIEW);
            async move {
                let reply = call.json(&body).await;
                let data = reply.value()["data"].clone();
                let ids = data.as_array().unwrap().iter().map(|option| option["payment_method"].clone());
                Value::Array(ids.collect())
            }
        };
        let mut tried = Vec::new();
        for change in [
            json!({}),
            json!({ "country_code": "us" }),
            json!({ "country_code": "DE", "currency": "eur", "asset": "usdc", "network": "Base" }),
            json!({ "side": "off_ramp" }),
            json!({ "side": "off_ramp", "currency": "JPY" }),
            json!({ "currency": "USD", "amount": "15" }),
        ] {
            let mut body = body.clone();
            body.as_object_mut().unwrap().append(&mut change.as_object().unwrap().clone());
            tried.push((change.to_string(), methods(body).await.to_string()));
        }
        insta::allow_duplicates! { insta::assert_snapshot!(table(tried), @r#"
        {}                                                                      ["card","sepa_bank_transfer"]
        {"country_code":"us"}                                                   ["card"]
        {"asset":"usdc","country_code":"DE","currency":"eur","network":"Base"}  ["card","sepa_bank_transfer"]
        {"side":"off_ramp"}                                                     ["sepa_payout","card_payout"]
        {"currency":"JPY","side":"off_ramp"}                                    []
        {"amount":"15","currency":"USD"}                                        ["card"]
        "#); }
        let kept = gate_store::sql("select count(*) from quotes");
        let count = move |tx: &mut gate_store::Tx| tx.query_one(kept, &[], |row| row.get::<i64>(0));
        assert_eq!(api.store().read(count).await.unwrap(), 0);
    }

    async fn what_is_wrong_with_a_lock(store) {
        let api = entitled(store).await;
        let mut tried = Vec::new();
        for (field, value) in [
            ("side", json!("-")),
            ("side", json!("swap")),
            ("side", json!(1)),
            ("currency", json!("-")),
            ("currency", json!("XXX")),
            ("currency", json!("EURO")),
            ("asset", json!("NOPE")),
            ("asset", json!("U")),
            ("network", json!("cardano")),
            ("network", json!(null)),
            ("country_code", json!("KP")),
            ("country_code", json!("Z1")),
            ("amount", json!("-")),
            ("amount", json!(100)),
            ("amount", json!("0")),
            ("amount", json!("0.00")),
            ("amount", json!("-1")),
            ("amount", json!("1e2")),
            ("amount", json!("100.001")),
            ("amount", json!("9.99")),
            ("amount", json!("999999999999999999")),
            ("payment_method", json!("-")),
            ("payment_method", json!("pix")),
            ("payment_method", json!("sepa_payout")),
            ("expires_in", json!(14)),
            ("expires_in", json!(1201)),
            ("expires_in", json!(15.5)),
            ("on_lapse", json!("convert_within:0")),
            ("on_lapse", json!("never")),
            ("price", json!("1")),
        ] {
            let reply = lock(&api, &with(buy(), field, value.clone())).await;
            tried.push((format!("{field}: {value}"), reply.line()));
        }
        for amount in ["0.000001", "0.0000001", "0.000000001", "999999999999999999"] {
            let reply = lock(&api, &with(sell(), "amount", json!(amount))).await;
            tried.push((format!("sell {amount}"), reply.line()));
        }
        let all = json!({ "side": "buy", "currency": "XXX", "asset": "NOPE", "amount": 1, "expires_in": 0 });
        tried.push(("all at once".into(), lock(&api, &all).await.line()));
        insta::allow_duplicates! { insta::assert_snapshot!(table(tried), @r#"
        side: "-"                      400 field_required /side field_required
        side: "swap"                   400 field_range /side field_range
        side: 1                        400 field_type /side field_type
        currency: "-"                  400 field_required /currency field_required
        currency: "XXX"                400 currency_not_supported /currency currency_not_supported
        currency: "EURO"               400 field_length /currency field_length
        asset: "NOPE"                  400 asset_not_available /asset asset_not_available
        asset: "U"                     400 asset_not_available /asset asset_not_available
        network: "cardano"             400 network_not_available /network network_not_available
        network: null                  201 -
        country_code: "KP"             400 country_not_supported /country_code country_not_supported
        country_code: "Z1"             400 country_not_supported /country_code country_not_supported
        amount: "-"                    400 field_required /amount field_required
        amount: 100                    400 field_type /amount field_type
        amount: "0"                    400 amount_invalid /amount amount_invalid
        amount: "0.00"                 400 amount_invalid /amount amount_invalid
        amount: "-1"                   400 amount_invalid /amount amount_invalid
        amount: "1e2"                  400 amount_invalid /amount amount_invalid
        amount: "100.001"              400 amount_invalid /amount amount_invalid
        amount: "9.99"                 400 amount_out_of_range /amount amount_out_of_range
        amount: "999999999999999999"   400 amount_out_of_range /amount amount_out_of_range
        payment_method: "-"            400 field_required /payment_method field_required
        payment_method: "pix"          400 method_not_available /payment_method method_not_available
        payment_method: "sepa_payout"  400 method_not_available /payment_method method_not_available
        expires_in: 14                 400 field_range /expires_in field_range
        expires_in: 1201               400 field_range /expires_in field_range
        expires_in: 15.5               400 field_range /expires_in field_range
        on_lapse: "convert_within:0"   400 on_lapse_invalid /on_lapse on_lapse_invalid
        on_lapse: "never"              400 on_lapse_invalid /on_lapse on_lapse_invalid
        price: "1"                     400 field_unknown /price field_unknown
        sell 0.000001                  400 amount_out_of_range /amount amount_out_of_range
        sell 0.0000001                 400 amount_invalid /amount amount_invalid
        sell 0.000000001               400 amount_invalid /amount amount_invalid
        sell 999999999999999999        400 amount_out_of_range /amount amount_out_of_range
        all at once                    400 field_range /side field_range /currency currency_not_supported /asset asset_not_available /amount field_type /payment_method field_required /expires_in field_range
        "#); }
        let small = lock(&api, &with(sell(), "amount", json!("0.5"))).await;
        insta::allow_duplicates! { insta::assert_snapshot!(small.shown(), @r#"
        400
        {
          "code": "amount_out_of_range",
          "doc_url": null,
          "errors": [
            {
              "code": "amount_out_of_range",
              "message": "amount must be from 10.870022 USDC to 10870.032628 USDC at this price.",
              "param": "/amount"
            }
          ],
          "message": "amount must be from 10.870022 USDC to 10870.032628 USDC at this price.",
          "param": "/amount",
          "reason": {
            "code": "amount_out_of_range",
            "limit": "10.870022 USDC",
            "maximum": "10870.032628 USDC",
            "message": "amount must be from 10.870022 USDC to 10870.032628 USDC at this price.",
            "minimum": "10.870022 USDC",
            "next_step": "Choose an amount within these limits.",
            "remaining": null,
            "retryable": true
          },
          "request_id": "<req>",
          "statusCode": 400,
          "type": "invalid_request"
        }
        "#); }
    }

    async fn a_locked_quote_adds_up_lapses_and_stays(store) {
        let api = entitled(store).await;
        let body = json!({ "side": "on_ramp", "currency": "eur", "asset": "usdc", "amount": "100",
            "network": "BASE", "payment_method": "sepa_bank_transfer", "country_code": "de",
            "expires_in": 15, "on_lapse": "convert_within:50" });
        let made = lock(&api, &body).await;
        insta::allow_duplicates! { insta::assert_snapshot!(redacted(&made, &["signature"]), @r#"
        201
        {
          "asset": "USDC",
          "consumed_at": null,
          "created_at": "2026-11-23T12:00:00.000Z",
          "crypto_amount": "106.700133",
          "currency": "EUR",
          "exchange_rate": "0.91996136",
          "expires_at": "2026-11-23T12:00:15.000Z",
          "fees": [
            {
              "amount": "1.49",
              "currency": "EUR",
              "kind": "service"
            },
            {
              "amount": "0.35",
              "currency": "EUR",
              "kind": "network"
            }
          ],
          "fiat_amount": "100.00",
          "id": "<qt>",
          "mode": "test",
          "network": "base",
          "object": "signed_quote",
          "on_lapse": "convert_within:50",
          "partner_id": "<ptr>",
          "payment_method": "sepa_bank_transfer",
          "side": "on_ramp",
          "signature": "<signature>",
          "source": {
            "at": "2026-11-23T12:00:00.000Z",
            "name": "simulated_market"
          },
          "status": "active",
          "total_fees": "1.84",
          "tx_refid": null
        }
        "#); }
        let quote = made.value();
        let bought = exact(&quote["crypto_amount"]) * exact(&quote["exchange_rate"]) / 10i128.pow(18);
        let cent = 10i128.pow(16);
        let bought = (bought + cent - 1) / cent * cent;
        assert_eq!(bought + exact(&quote["total_fees"]), exact(&quote["fiat_amount"]));
        let path = format!("{QUOTES}/{}", quote["id"].as_str().unwrap());
        let read = |api: &Api| api.partner_call("GET", &path).send();
        assert_eq!(read(&api).await.value(), quote, "what was told is what is stored");
        api.clock.advance_ms(14_999);
        assert_eq!(read(&api).await.value()["status"], "active");
        api.clock.advance_ms(1);
        let lapsed = read(&api).await;
        assert_eq!((lapsed.status.as_u16(), lapsed.value()["status"].clone()), (200, json!("expired")));
    }

    async fn a_sale_is_priced_the_other_way(store) {
        let api = entitled(store).await;
        let made = lock(&api, &sell()).await;
        insta::allow_duplicates! { insta::assert_snapshot!(redacted(&made, &["signature"]), @r#"
        201
        {
          "asset": "USDC",
          "consumed_at": null,
          "created_at": "2026-11-23T12:00:00.000Z",
          "crypto_amount": "100.000000",
          "currency": "EUR",
          "exchange_rate": "0.91996136",
          "expires_at": "2026-11-23T12:02:00.000Z",
          "fees": [
            {
              "amount": "1.38",
              "currency": "EUR",
              "kind": "service"
            }
          ],
          "fiat_amount": "90.61",
          "id": "<qt>",
          "mode": "test",
          "network": "base",
          "object": "signed_quote",
          "on_lapse": "requote",
          "partner_id": "<ptr>",
          "payment_method": "sepa_payout",
          "side": "off_ramp",
          "signature": "<signature>",
          "source": {
            "at": "2026-11-23T12:00:00.000Z",
            "name": "simulated_market"
          },
          "status": "active",
          "total_fees": "1.38",
          "tx_refid": null
        }
        "#); }
    }

    async fn locking_needs_the_entitlement(store) {
        let api = Api::over(store).await;
        let refused = lock(&api, &buy()).await;
        insta::allow_duplicates! { insta::assert_snapshot!(refused.shown(), @r#"
        403
        {
          "code": "entitlement_required",
          "doc_url": null,
          "message": "Your contract does not hold the entitlement rails.",
          "param": null,
          "reason": {
            "code": "entitlement_required",
            "limit": null,
            "maximum": null,
            "message": "Your contract does not hold the entitlement rails.",
            "minimum": null,
            "next_step": "Ask the operator of this gateway for it.",
            "remaining": null,
            "retryable": false
          },
          "request_id": "<req>",
          "statusCode": 403,
          "type": "permission_error"
        }
        "#); }
        let id = "qt_test_01hf7yat00fentqaxbnentqaxb";
        let read = api.partner_call("GET", &format!("{QUOTES}/{id}")).send().await;
        assert_eq!(read.line(), "403 entitlement_required");
        let body = with(buy(), "payment_method", json!("-"));
        assert_eq!(api.partner_call("POST", PREVIEW).json(&body).await.status, 200);
    }

    async fn a_repeated_lock_answers_the_same_bytes(store) {
        let api = entitled(store).await;
        let send = |body: &Value| {
            let call = api.partner_call("POST", QUOTES).header("idempotency-key", "q-1");
            let body = body.clone();
            async move { call.json(&body).await }
        };
        let first = send(&buy()).await;
        api.clock.advance_ms(600_000);
        api.switch_off("payment_method:sepa_bank_transfer", "The bank is closed.").await;
        let again = send(&buy()).await;
        assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, "true"));
        assert_eq!(again.bytes, first.bytes, "even if it could not be locked any more");
        assert_eq!(send(&sell()).await.line(), "409 idempotency_key_reused");
        assert_eq!(lock(&api, &buy()).await.line(), "400 method_not_available /payment_method method_not_available");
        let other = lock(&api, &sell()).await.value()["id"].clone();
        assert_ne!(other, first.value()["id"]);
    }

    async fn what_is_not_yours_does_not_exist(store) {
        let api = entitled(store).await;
        let id = locked(&api, &buy()).await;
        let other = stranger(&api, gate_domain::Mode::Test).await;
        World { partner: other.clone(), ..api.world.clone() }.entitle(&[Entitlement::Rails]).await;
        let foreign = api.call("GET", &format!("{QUOTES}/{id}")).key(&other.secret_key.1).send().await;
        assert_eq!(foreign.line(), "404 not_found");
        for absent in ["qt_test_01hf7yat00fentqaxbnentqaxb", "qt_x", "gs_test_01hf7yat00fentqaxbnentqaxb"] {
            let reply = api.partner_call("GET", &format!("{QUOTES}/{absent}")).send().await;
            assert_eq!(reply.line(), "404 not_found", "{absent}");
        }
        // A price that was made for a session is no answer to anybody outside.
        let session = api.create().await;
        let offered = api.quote(&session).await;
        let reply = api.partner_call("GET", &format!("{QUOTES}/{offered}")).send().await;
        assert_eq!(reply.line(), "404 not_found");
    }

    async fn a_quote_fixes_what_a_session_is_for(store) {
        let api = entitled(store).await;
        let card = with(with(buy(), "payment_method", json!("card")), "network", json!("polygon"));
        let id = locked(&api, &card).await;
        let bare = json!({ "return_url": "https://shop.example/orders/1", "quote_preview_id": id });
        let made = api.create_session(&bare).await.value();
        let shown = ["amount", "currency", "flow", "target_token", "target_network"];
        let shown: Vec<_> = shown.iter().map(|field| made[field].clone()).collect();
        assert_eq!(json!(shown), json!(["100.00", "EUR", "on_ramp", "USDC", "polygon"]));
        let same = json!({ "amount": "100", "currency": "eur", "flow": "on_ramp",
            "target_token": "usdc", "target_network": "Polygon",
            "return_url": "https://shop.example/orders/1", "quote_preview_id": id });
        assert_eq!(api.create_session(&same).await.status, 201);
        let mut tried = Vec::new();
        for (field, value) in [
            ("amount", json!("100.01")),
            ("amount", json!("100.000")),
            ("currency", json!("USD")),
            ("flow", json!("off_ramp")),
            ("target_token", json!("USDT")),
            ("target_network", json!("base")),
            ("quote_preview_id", json!("qt_test_01hf7yat00fentqaxbnentqaxb")),
            ("quote_preview_id", json!("x")),
            ("quote_preview_id", json!(7)),
        ] {
            let reply = api.create_session(&with(bare.clone(), field, value.clone())).await;
            tried.push((format!("{field}: {value}"), reply.line()));
        }
        let nothing = with(good(), "amount", json!("-"));
        tried.push(("no quote, no amount".into(), api.create_session(&nothing).await.line()));
        let null = with(good(), "quote_preview_id", json!(null));
        tried.push(("null is left out".into(), api.create_session(&null).await.status.to_string()));
        let foreign = locked(&api, &card).await;
        let other = stranger(&api, gate_domain::Mode::Test).await;
        let call = api.call("POST", crate::SESSIONS).key(&other.secret_key.1);
        let reply = call.header("idempotency-key", "k").json(&with(bare.clone(), "quote_preview_id", json!(foreign))).await;
        tried.push(("somebody else's".into(), reply.line()));
        api.clock.advance_ms(120_000);
        tried.push(("lapsed".into(), api.create_session(&bare).await.line()));
        insta::allow_duplicates! { insta::assert_snapshot!(table(tried), @r#"
        amount: "100.01"                                        400 quote_mismatch /amount quote_mismatch
        amount: "100.000"                                       400 quote_mismatch /amount quote_mismatch
        currency: "USD"                                         400 quote_mismatch /currency quote_mismatch
        flow: "off_ramp"                                        400 quote_mismatch /flow quote_mismatch
        target_token: "USDT"                                    400 quote_mismatch /target_token quote_mismatch
        target_network: "base"                                  400 quote_mismatch /target_network quote_mismatch
        quote_preview_id: "qt_test_01hf7yat00fentqaxbnentqaxb"  400 quote_not_found /quote_preview_id quote_not_found
        quote_preview_id: "x"                                   400 quote_not_found /quote_preview_id quote_not_found
        quote_preview_id: 7                                     400 field_type /quote_preview_id field_type /amount field_required /currency field_required
        no quote, no amount                                     400 field_required /amount field_required
        null is left out                                        201 Created
        somebody else's                                         400 quote_not_found /quote_preview_id quote_not_found
        lapsed                                                  409 quote_expired /quote_preview_id
        "#); }
    }
}
