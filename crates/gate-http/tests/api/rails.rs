//! Pay-ins and pay-outs over the API, and the transactions behind them.

use gate_app::testing::World;
use gate_domain::catalogue::Entitlement;
use gate_store::both_engines;
use serde_json::{Value, json};

use crate::quotes::{buy, entitled, locked, sell};
use crate::{Api, Reply, stranger, table};

const PAY_INS: &str = "/v1/rails/pay_ins";
const PAY_OUTS: &str = "/v1/rails/pay_outs";
const TRANSACTIONS: &str = "/v1/transactions";

/// A session for a quote, by its id.
async fn session_for(api: &Api, quote: &str) -> String {
    let body = json!({ "return_url": "https://shop.example/orders/1", "quote_preview_id": quote,
        "wallet_address": gate_app::testing::ADDRESS });
    let reply = api.create_session(&body).await;
    assert_eq!(reply.status, 201, "{}", reply.line());
    reply.value()["id"].as_str().unwrap().to_owned()
}

async fn start(api: &Api, path: &str, key: &str, body: &Value) -> Reply {
    api.partner_call("POST", path).header("idempotency-key", key).json(body).await
}

/// A pay-in (or pay-out) that was started; its body and the answer.
async fn started(api: &Api, path: &str, key: &str) -> (Value, Value) {
    let quote = locked(api, &if path == PAY_INS { buy() } else { sell() }).await;
    let session = session_for(api, &quote).await;
    let body = json!({ "quote_id": quote, "session_id": session });
    let reply = start(api, path, key, &body).await;
    assert_eq!(reply.status, 201, "{}", reply.line());
    (body, reply.value())
}

fn path(root: &str, payment: &Value) -> String {
    format!("{root}/{}", payment["id"].as_str().unwrap())
}

both_engines! {
    async fn a_pay_in_from_start_to_settled(store) {
        let api = entitled(store).await;
        let quote = locked(&api, &buy()).await;
        let session = session_for(&api, &quote).await;
        let body = json!({ "quote_id": quote, "session_id": session });
        let made = start(&api, PAY_INS, "k1", &body).await;
        insta::allow_duplicates! { insta::assert_snapshot!(made.shown(), @r#"
        201
        {
          "asset": "USDC",
          "created_at": "2026-11-23T12:00:00.000Z",
          "crypto_amount": "106.700133",
          "currency": "EUR",
          "fiat_amount": "100.00",
          "id": "<pi>",
          "kind": "pay_in",
          "mode": "test",
          "network": "base",
          "object": "rail_pay_in",
          "payment_method": "sepa_bank_transfer",
          "quote_id": "<qt>",
          "reason": null,
          "refid": "<tx>",
          "session_id": "<gs>",
          "status": "processing",
          "updated_at": "2026-11-23T12:00:00.000Z"
        }
        "#); }
        let path = path(PAY_INS, &made.value());
        let read = |api: &Api| api.partner_call("GET", &path).send();
        assert_eq!(read(&api).await.value(), made.value());
        let quote = api.partner_call("GET", &format!("/v1/quotes/{quote}")).send().await.value();
        assert_eq!((&quote["status"], &quote["tx_refid"]), (&json!("consumed"), &made.value()["refid"]));
        let seen = api.partner_call("GET", &format!("/v1/gate_sessions/{session}")).send().await.value();
        assert_eq!(seen["tx_refid"], made.value()["refid"]);
        assert_eq!(seen["progress"]["phase"], "processing");
        api.pass_seconds(3).await;
        assert_eq!(read(&api).await.value()["status"], "settled");
        let refid = made.value()["refid"].as_str().unwrap().to_owned();
        let transaction = api.partner_call("GET", &format!("{TRANSACTIONS}/{refid}")).send().await;
        insta::allow_duplicates! { insta::assert_snapshot!(transaction.shown(), @r#"
        200
        {
          "action": "on_ramp",
          "created_at": "2026-11-23T12:00:00.000Z",
          "currency": "EUR",
          "exchange_rate": "0.91996136",
          "facilita_transaction_id": "<pi>",
          "fiat_amount": "100.00",
          "local_rail_transaction_id": "<pi>",
          "network": "base",
          "object": "transaction",
          "payment_method": "sepa_bank_transfer",
          "quote_id": "<qt>",
          "reason": null,
          "refid": "<tx>",
          "session_id": "<gs>",
          "source_amount": null,
          "source_network": null,
          "source_token": null,
          "status": "completed",
          "token": "USDC",
          "token_amount": "106.700133",
          "total_fees": "1.84",
          "updated_at": "2026-11-23T12:00:02.000Z"
        }
        "#); }
        let out = api.partner_call("GET", &path.replace("pay_ins", "pay_outs")).send().await;
        assert_eq!(out.line(), "404 not_found", "a pay-in is no pay-out");
        api.sound().await;
    }

    async fn the_same_key_answers_the_same_bytes(store) {
        let api = entitled(store).await;
        let (body, first) = started(&api, PAY_OUTS, "k1").await;
        api.pass_seconds(3).await;
        let again = start(&api, PAY_OUTS, "k1", &body).await;
        assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (201, "true"));
        assert_eq!(again.value(), first, "as it was then");
        let quote = locked(&api, &sell()).await;
        let other = json!({ "quote_id": quote, "session_id": body["session_id"] });
        assert_eq!(start(&api, PAY_OUTS, "k1", &other).await.line(), "409 idempotency_key_reused");
        assert_eq!(start(&api, PAY_OUTS, "k2", &body).await.line(), "409 quote_consumed /quote_id");
        assert_eq!(start(&api, PAY_OUTS, "k3", &other).await.line(), "409 session_not_open");
        let bare = api.partner_call("POST", PAY_OUTS).json(&other).await;
        assert_eq!(bare.line(), "400 idempotency_key_required");
    }

    async fn nothing_but_the_quote_and_the_session_is_accepted(store) {
        let api = entitled(store).await;
        let quote = locked(&api, &buy()).await;
        let session = session_for(&api, &quote).await;
        let good = json!({ "quote_id": quote, "session_id": session });
        let mut tried = Vec::new();
        for (field, value) in [
            ("amount", json!("100.00")),
            ("currency", json!("EUR")),
            ("payment_method", json!("card")),
            ("iban", json!("DE02120300000000202051")),
            ("email", json!("ada@example.com")),
            ("wallet_address", json!(gate_app::testing::ADDRESS)),
            ("amount", json!(null)),
            ("colour", json!("red")),
            ("quote_id", json!(null)),
            ("quote_id", json!(7)),
            ("quote_id", json!("qt_x")),
            ("quote_id", json!("qt_test_01hf7yat00fentqaxbnentqaxb")),
            ("session_id", json!("gs_test_01hf7yat00fentqaxbnentqaxb")),
            ("session_id", json!("gs_x")),
        ] {
            let mut body = good.clone();
            body[field] = value.clone();
            tried.push((format!("{field}: {value}"), start(&api, PAY_INS, "k", &body).await.line()));
        }
        tried.push(("a buy as a pay-out".into(), start(&api, PAY_OUTS, "k", &good).await.line()));
        let other = api.create_session(&crate::good()).await.value()["id"].clone();
        let homeless = json!({ "quote_id": quote, "session_id": other });
        tried.push(("no wallet".into(), start(&api, PAY_INS, "k", &homeless).await.line()));
        let mut cheap = crate::good();
        cheap["amount"] = json!("20.00");
        let other = api.create_session(&cheap).await.value()["id"].clone();
        let cheap = json!({ "quote_id": quote, "session_id": other });
        tried.push(("another amount".into(), start(&api, PAY_INS, "k", &cheap).await.line()));
        api.clock.advance_ms(120_000);
        tried.push(("lapsed".into(), start(&api, PAY_INS, "k", &good).await.line()));
        insta::allow_duplicates! { insta::assert_snapshot!(table(tried), @r#"
        amount: "100.00"                                              400 field_not_accepted /amount field_not_accepted
        currency: "EUR"                                               400 field_not_accepted /currency field_not_accepted
        payment_method: "card"                                        400 field_not_accepted /payment_method field_not_accepted
        iban: "DE02120300000000202051"                                400 field_not_accepted /iban field_not_accepted
        email: "ada@example.com"                                      400 field_not_accepted /email field_not_accepted
        wallet_address: "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"  400 field_not_accepted /wallet_address field_not_accepted
        amount: null                                                  400 field_not_accepted /amount field_not_accepted
        colour: "red"                                                 400 field_unknown /colour field_unknown
        quote_id: null                                                400 field_required /quote_id field_required
        quote_id: 7                                                   400 field_type /quote_id field_type
        quote_id: "qt_x"                                              404 not_found
        quote_id: "qt_test_01hf7yat00fentqaxbnentqaxb"                404 not_found
        session_id: "gs_test_01hf7yat00fentqaxbnentqaxb"              404 not_found
        session_id: "gs_x"                                            404 not_found
        a buy as a pay-out                                            400 quote_mismatch /quote_id
        no wallet                                                     400 wallet_address_missing /session_id
        another amount                                                400 quote_mismatch /quote_id
        lapsed                                                        409 quote_expired /quote_id
        "#); }
        assert!(!api.event_types().await.iter().any(|name| name.starts_with("rail.")));
        let all = json!({ "amount": "1", "iban": "x" });
        let told = start(&api, PAY_INS, "k", &all).await;
        insta::allow_duplicates! { insta::assert_snapshot!(told.shown(), @r#"
        400
        {
          "code": "field_required",
          "doc_url": null,
          "errors": [
            {
              "code": "field_required",
              "message": "quote_id is required.",
              "param": "/quote_id"
            },
            {
              "code": "field_required",
              "message": "session_id is required.",
              "param": "/session_id"
            },
            {
              "code": "field_not_accepted",
              "message": "amount comes from the quote and is not accepted. Leave it out.",
              "param": "/amount"
            },
            {
              "code": "field_not_accepted",
              "message": "iban comes from the session and the verified user and is not accepted. Leave it out.",
              "param": "/iban"
            }
          ],
          "message": "quote_id is required.",
          "param": "/quote_id",
          "request_id": "<req>",
          "statusCode": 400,
          "type": "invalid_request"
        }
        "#); }
    }

    async fn rails_need_the_entitlement_and_are_yours_alone(store) {
        let api = entitled(store).await;
        let (body, made) = started(&api, PAY_INS, "k1").await;
        let path = path(PAY_INS, &made);
        let refid = made["refid"].as_str().unwrap();
        let other = stranger(&api, gate_domain::Mode::Test).await;
        let call = |method: &str, path: &str| {
            api.call(method, path).key(&other.secret_key.1).header("idempotency-key", "k")
        };
        assert_eq!(call("POST", PAY_INS).json(&body).await.line(), "403 entitlement_required");
        assert_eq!(call("GET", &path).send().await.line(), "403 entitlement_required");
        World { partner: other.clone(), ..api.world.clone() }.entitle(&[Entitlement::Rails]).await;
        assert_eq!(call("POST", PAY_INS).json(&body).await.line(), "404 not_found");
        assert_eq!(call("GET", &path).send().await.line(), "404 not_found");
        assert_eq!(call("GET", &format!("{TRANSACTIONS}/{refid}")).send().await.line(), "404 not_found");
        assert_eq!(call("GET", TRANSACTIONS).send().await.value()["data"], json!([]));
        let mine = format!("{TRANSACTIONS}?session_id={}", body["session_id"].as_str().unwrap());
        assert_eq!(call("GET", &mine).send().await.value()["data"], json!([]));
        let helper = format!("/v1/test_helpers/rails/{}/settle", made["id"].as_str().unwrap());
        assert_eq!(call("POST", &helper).send().await.line(), "404 not_found");
        let absent = api.partner_call("POST", "/v1/test_helpers/rails/pi_x/settle").send().await;
        assert_eq!(absent.line(), "404 not_found");
    }

    async fn test_helpers_say_how_it_ends(store) {
        let api = entitled(store).await;
        let mut told = Vec::new();
        for (root, kind) in [(PAY_INS, "in"), (PAY_OUTS, "out")] {
            for helper in ["settle", "fail", "cancel"] {
                let (body, made) = started(&api, root, &format!("{kind} {helper}")).await;
                let force = format!("/v1/test_helpers/rails/{}/{helper}", made["id"].as_str().unwrap());
                let ended = api.partner_call("POST", &force).send().await.value();
                let session = body["session_id"].as_str().unwrap();
                let session = api.partner_call("GET", &format!("/v1/gate_sessions/{session}")).send().await.value();
                let again = api.partner_call("POST", &force).send().await.line();
                let line = format!("{} {} | session {} {} | {again}", ended["status"], ended["reason"]["code"],
                    session["status"], session["progress"]["phase"]);
                told.push((format!("{kind} {helper}"), line));
            }
        }
        insta::allow_duplicates! { insta::assert_snapshot!(table(told), @r#"
        in settle   "settled" null | session "completed" "settled" | 409 rail_payment_out_of_step
        in fail     "failed" "forced_failure" | session "open" "failed" | 409 rail_payment_out_of_step
        in cancel   "cancelled" "payment_cancelled" | session "open" "failed" | 409 rail_payment_out_of_step
        out settle  "settled" null | session "completed" "settled" | 409 rail_payment_out_of_step
        out fail    "failed" "forced_failure" | session "open" "failed" | 409 rail_payment_out_of_step
        out cancel  "cancelled" "payment_cancelled" | session "open" "failed" | 409 rail_payment_out_of_step
        "#); }
        api.pass_seconds(30).await;
        api.sound().await;
    }

    async fn transactions_of_both_roads_are_one_list(store) {
        let api = entitled(store).await;
        let (_, paid_in) = started(&api, PAY_INS, "k1").await;
        api.clock.advance_ms(1);
        let card = api.paying("succeeds").await;
        api.clock.advance_ms(1);
        let (_, paid_out) = started(&api, PAY_OUTS, "k2").await;
        api.clock.advance_ms(1);
        let declined = api.paying("declined").await;
        api.pass_seconds(4).await;
        let list = |query: &str| api.partner_call("GET", &format!("{TRANSACTIONS}{query}")).send();
        let told = |reply: Reply| {
            let data = reply.value()["data"].clone();
            let rows = data.as_array().unwrap().iter().map(|row| format!(
                "{} {} {} {} {} {}", word(&row["action"]), word(&row["status"]), word(&row["payment_method"]),
                word(&row["fiat_amount"]), word(&row["token_amount"]), word(&row["reason"]["code"])
            ));
            rows.collect::<Vec<_>>().join("\n")
        };
        let all = told(list("").await);
        insta::allow_duplicates! { insta::assert_snapshot!(all, @r#"
        on_ramp failed card 100.00 106.700133 card_declined
        off_ramp completed sepa_payout 90.61 100.000000 -
        on_ramp completed card 100.00 106.700133 -
        on_ramp completed sepa_bank_transfer 100.00 106.700133 -
        "#); }
        let first = list("?limit=3").await.value();
        assert_eq!((first["data"].as_array().unwrap().len(), &first["has_more"]), (3, &json!(true)));
        let after = first["data"][2]["refid"].as_str().unwrap().to_owned();
        let last = list(&format!("?limit=3&starting_after={after}")).await.value();
        assert_eq!((&last["data"][0]["refid"], &last["has_more"]), (&paid_in["refid"], &json!(false)));
        let failed = list("?status=failed").await.value();
        assert_eq!(failed["data"][0]["session_id"], json!(declined));
        let of_card = list(&format!("?session_id={card}&status=completed")).await.value();
        assert_eq!(of_card["data"].as_array().unwrap().len(), 1);
        let rail = &of_card["data"][0]["local_rail_transaction_id"];
        assert!(rail.as_str().unwrap().starts_with("sim_pay_"));
        assert_eq!(of_card["data"][0]["facilita_transaction_id"], *rail);
        assert_eq!(list("?status=settling").await.value()["data"], json!([]));
        assert_eq!(list("?session_id=gs_x").await.value()["data"], json!([]));
        let mut tried = Vec::new();
        for query in ["?limit=0", "?limit=101", "?status=done", "?starting_after=tx_x", "?skip=1", "?session_id="] {
            tried.push((query.to_owned(), list(query).await.line()));
        }
        insta::allow_duplicates! { insta::assert_snapshot!(table(tried), @r#"
        ?limit=0              400 field_range limit field_range
        ?limit=101            400 field_range limit field_range
        ?status=done          400 field_range status field_range
        ?starting_after=tx_x  400 cursor_invalid starting_after cursor_invalid
        ?skip=1               400 field_unknown skip field_unknown
        ?session_id=          400 field_length session_id field_length
        "#); }
        let out = paid_out["refid"].as_str().unwrap();
        let found = api.partner_call("GET", &format!("{TRANSACTIONS}/{out}")).send().await.value();
        assert_eq!((&found["action"], &found["local_rail_transaction_id"]), (&json!("off_ramp"), &paid_out["id"]));
        for absent in ["tx_x", "tx_test_01hf7yat00fentqaxbnentqaxb"] {
            let reply = api.partner_call("GET", &format!("{TRANSACTIONS}/{absent}")).send().await;
            assert_eq!(reply.line(), "404 not_found");
        }
    }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}
