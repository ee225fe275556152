//! The runtime of the hosted pages.

use std::path::Path;

use gate_app::bootstrap::Bootstrap;
use gate_app::screening::SanctionsList;
use gate_app::testing::{ADDRESS, SHOP, World};
use gate_domain::ids::SessionId;
use gate_store::both_engines;
use gate_store::testing::{TestStore, block_on};
use serde_json::{Value, json};

use crate::{Api, Reply, table};

async fn act(api: &Api, token: &str, action: &str, body: &Value) -> Reply {
    api.call("POST", &format!("/v1/embed/{action}")).token(token).json(body).await
}

async fn journey(api: &Api, token: &str) -> Reply {
    api.call("GET", "/v1/embed/journey").token(token).send().await
}

fn card(number: &str) -> Value {
    json!({ "number": number, "expiry": "12/30", "cvc": "123" })
}

/// Bring a fresh session to the payment step; the embed token and the price.
async fn at_payment(api: &Api) -> (String, String) {
    let (_, token) = api.visit().await;
    let asset = json!({ "target_token": "USDC", "target_network": "base" });
    let quoted = act(api, &token, "quote", &asset).await.value();
    let quote = quoted["step"]["quote"]["id"].as_str().unwrap().to_owned();
    act(api, &token, "quote/accept", &json!({ "quote_id": quote })).await;
    act(api, &token, "wallet", &json!({ "address": ADDRESS })).await;
    (token, quote)
}

/// Bring a fresh session of a sale to the step that asks for an account.
async fn at_account(api: &Api, currency: &str, payout: Option<&str>) -> String {
    let mut body = crate::good();
    body["currency"] = json!(currency);
    body["flow"] = json!("off_ramp");
    let created = api.create_session(&body).await.value();
    let session = SessionId::parse(created["id"].as_str().unwrap()).unwrap();
    let token = api.token_of(&session).await;
    let mut asset = json!({ "target_token": "USDC", "target_network": "base" });
    if let Some(payout) = payout {
        asset["payout_method"] = json!(payout);
    }
    let quoted = act(api, &token, "quote", &asset).await.value();
    let quote = &quoted["step"]["quote"]["id"];
    act(api, &token, "quote/accept", &json!({ "quote_id": quote })).await;
    token
}

both_engines! {
    async fn accounts_are_told_apart_field_by_field(store) {
        let api = Api::over(store).await;
        let mut told = Vec::new();
        let us = |routing: &str, number: &str, kind: &str| {
            json!({ "routing_number": routing, "account_number": number, "account_type": kind })
        };
        let uk = |sort_code: &str, number: &str| {
            json!({ "sort_code": sort_code, "account_number": number })
        };
        let card = |number: &str, expiry: &str| json!({ "card": { "number": number, "expiry": expiry } });
        for (currency, payout, bodies) in [
            ("EUR", None, vec![json!({}), json!({ "iban": "DE00" }), uk("00-00-00", "00000001")]),
            ("GBP", None, vec![
                uk("00-00-0", "1234"),
                json!({ "account_number": "00000001" }),
                json!({ "iban": "GB29 NWBK 6016 1331 9268 19", "sort_code": "601613" }),
                json!({ "iban": "DE09 0000 0000 0000 0000 01" }),
                json!({ "iban": "GB29 NWBK 6016 1331 9268 19" }),
            ]),
            ("USD", None, vec![
                us("021000022", "123", "current"),
                us("000000000", "000000000001", "savings"),
                json!({ "routing_number": "110000000" }),
                json!({ "routing_number": 110_000_000, "account_number": null }),
                us("110000000", "000000000001", "savings"),
            ]),
            ("BRL", None, vec![
                json!({ "pix_key": "529.982.247-24" }),
                json!({ "pix_key": "ada" }),
                json!({ "pix_key": "529.982.247-25" }),
            ]),
            ("EUR", Some("card_payout"), vec![
                card("4000 0566 5566 5557", "12/40"),
                card("4000 0566 5566 5556", "12/20"),
                card("5555 5555 5555 4444", "12/40"),
                json!({ "card": { "number": "4000 0566 5566 5556", "expiry": "12/40", "cvc": "123" } }),
                card("4000 0566 5566 5556", "12/40"),
            ]),
        ] {
            let token = at_account(&api, currency, payout).await;
            for body in bodies {
                let answer = act(&api, &token, "account", &body).await;
                told.push((format!("{currency} {body}"), answer.line()));
            }
        }
        insta::allow_duplicates! { insta::assert_snapshot!(table(told), @r#"
        EUR {}                                                                                       400 field_required /iban field_required
        EUR {"iban":"DE00"}                                                                          400 iban_invalid /iban iban_invalid
        EUR {"account_number":"00000001","sort_code":"00-00-00"}                                     400 method_not_available
        GBP {"account_number":"1234","sort_code":"00-00-0"}                                          400 sort_code_invalid /sort_code sort_code_invalid /account_number account_number_invalid
        GBP {"account_number":"00000001"}                                                            400 field_required /sort_code field_required
        GBP {"iban":"GB29 NWBK 6016 1331 9268 19","sort_code":"601613"}                              400 field_not_accepted /sort_code field_not_accepted
        GBP {"iban":"DE09 0000 0000 0000 0000 01"}                                                   400 method_not_available
        GBP {"iban":"GB29 NWBK 6016 1331 9268 19"}                                                   200 -
        USD {"account_number":"123","account_type":"current","routing_number":"021000022"}           400 routing_number_invalid /routing_number routing_number_invalid /account_number account_number_invalid /account_type field_range
        USD {"account_number":"000000000001","account_type":"savings","routing_number":"000000000"}  400 routing_number_invalid /routing_number routing_number_invalid
        USD {"routing_number":"110000000"}                                                           400 field_required /account_number field_required /account_type field_required
        USD {"account_number":null,"routing_number":110000000}                                       400 field_type /routing_number field_type /account_number field_required /account_type field_required
        USD {"account_number":"000000000001","account_type":"savings","routing_number":"110000000"}  200 -
        BRL {"pix_key":"529.982.247-24"}                                                             400 pix_key_invalid /pix_key pix_key_invalid
        BRL {"pix_key":"ada"}                                                                        400 pix_key_invalid /pix_key pix_key_invalid
        BRL {"pix_key":"529.982.247-25"}                                                             200 -
        EUR {"card":{"expiry":"12/40","number":"4000 0566 5566 5557"}}                               400 card_number_invalid /card/number
        EUR {"card":{"expiry":"12/20","number":"4000 0566 5566 5556"}}                               400 card_expiry_invalid /card/expiry
        EUR {"card":{"expiry":"12/40","number":"5555 5555 5555 4444"}}                               400 test_card_required /card/number
        EUR {"card":{"cvc":"123","expiry":"12/40","number":"4000 0566 5566 5556"}}                   400 field_unknown /card/cvc field_unknown
        EUR {"card":{"expiry":"12/40","number":"4000 0566 5566 5556"}}                               200 -
        "#) };
    }

    async fn nothing_of_an_account_comes_back(store) {
        let api = Api::over(store).await;
        let token = at_account(&api, "USD", None).await;
        let shown = journey(&api, &token).await.value()["step"].clone();
        assert_eq!(shown["account_kind"], "aba");
        let first = shown["test_payouts"][0].clone();
        assert_eq!(first["account"], json!({ "routing_number": "110000000",
            "account_number": "000000000001", "account_type": "checking" }));
        let number = "00012345678901";
        let body = json!({ "routing_number": "021000021", "account_number": number,
            "account_type": "checking" });
        act(&api, &token, "account", &body).await;
        let after = act(&api, &token, "wallet", &json!({ "address": ADDRESS })).await.value();
        assert_eq!(after["step"]["kind"], "confirm");
        let kept = json!({ "kind": "aba", "last4": "8901", "country": "US" });
        assert_eq!(after["step"]["account"], kept);
        assert!(!after.to_string().contains(number) && !after.to_string().contains("021000021"));
    }

    async fn a_whole_purchase(store) {
        let api = Api::over(store).await;
        let (token, quote) = at_payment(&api).await;
        let pay = json!({ "quote_id": quote, "card": card("4000 0000 0000 3220") });
        let mut kinds = vec![act(&api, &token, "pay", &pay).await.value()["step"]["kind"].clone()];
        api.pass_seconds(1).await;
        kinds.push(journey(&api, &token).await.value()["step"]["kind"].clone());
        let answer = act(&api, &token, "challenge", &json!({ "code": "123456" })).await;
        kinds.push(answer.value()["step"]["kind"].clone());
        let busy = act(&api, &token, "cancel", &json!({})).await;
        assert_eq!(busy.line(), "409 payment_in_flight");
        api.pass_seconds(3).await;
        let done = journey(&api, &token).await.value();
        kinds.push(done["step"]["kind"].clone());
        assert_eq!(kinds, ["processing", "challenge", "processing", "done"]);
        assert_eq!(done["session"]["status"], "completed");
        let late = act(&api, &token, "cancel", &json!({})).await;
        assert_eq!(late.line(), "409 session_not_open");
        api.sound().await;
    }

    async fn tokens(store) {
        let api = Api::over(store).await;
        let (session, token) = api.visit().await;
        assert_eq!(journey(&api, &token).await.value()["session"]["id"], session);
        for bad in ["", "x", &format!("{token}x"), &token[1..]] {
            assert_eq!(journey(&api, bad).await.line(), "401 embed_token_invalid");
        }
        let with_key = api.partner_call("GET", "/v1/embed/journey").send().await;
        assert_eq!(with_key.line(), "401 embed_token_invalid", "a key is no token");

        api.clock.advance_ms(1_800_000);
        let fresh = act(&api, &token, "refresh", &json!({})).await.value();
        let fresh = fresh["embed_token"].as_str().unwrap().to_owned();
        api.clock.advance_ms(1_800_000);
        assert_eq!(journey(&api, &token).await.line(), "401 embed_token_invalid", "its hour is over");
        assert_eq!(act(&api, &token, "refresh", &json!({})).await.line(), "401 embed_token_invalid");
        assert_eq!(journey(&api, &fresh).await.status, 200);

        act(&api, &fresh, "cancel", &json!({})).await;
        assert_eq!(journey(&api, &fresh).await.value()["step"]["kind"], "ended");
        let over = act(&api, &fresh, "refresh", &json!({})).await;
        assert_eq!(over.line(), "409 session_not_open", "only while its session lives");
    }

    async fn tokens_that_may_less(store) {
        let api = Api::over(store).await;
        let session = api.create().await;
        let ask = |client_secret, scopes: Option<Vec<&str>>| {
            let requested_scopes = scopes.map(|words| words.into_iter().map(str::to_owned).collect());
            let origin = Some(SHOP.to_owned());
            let tenant = api.tenant();
            let ask = Bootstrap { tenant, origin, client_secret, requested_scopes, seen_in: None };
            let app = api.app.clone();
            async move { gate_app::bootstrap::bootstrap(&app, ask).await.unwrap().token.token }
        };
        let secret = Some(api.vault().client_secret(&session));
        let nothing = ask(secret.clone(), Some(vec![])).await;
        let reads = ask(secret.clone(), Some(vec!["journey:read"])).await;
        let acts = ask(secret, Some(vec!["journey:act"])).await;
        let homeless = ask(None, None).await;
        let mut lines = Vec::new();
        for (name, token) in [("nothing", nothing), ("reads", reads), ("acts", acts), ("no session", homeless)] {
            let read = journey(&api, &token).await;
            let acted = act(&api, &token, "retry", &json!({})).await;
            let fresh = act(&api, &token, "refresh", &json!({})).await;
            let said = |reply: &Reply| if reply.status == 200 { "200".into() } else { reply.line() };
            let line = [read, acted, fresh].each_ref().map(said).join(" | ");
            lines.push((name.to_owned(), line));
        }
        insta::allow_duplicates! {
            insta::assert_snapshot!(table(lines), @r#"
            nothing     403 scope_missing | 403 scope_missing | 200
            reads       200 | 403 scope_missing | 200
            acts        403 scope_missing | 200 | 200
            no session  403 session_required | 403 session_required | 200
            "#);
        }
    }
}

#[test]
fn fields_of_each_action() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let (token, quote) = at_payment(&api).await;
        let (_, stranger) = at_payment(&api).await;
        let good = "4242 4242 4242 4242";
        let pay = |change: Value| {
            let mut body = json!({ "quote_id": quote, "card": card(good) });
            for (path, value) in change.as_object().unwrap() {
                *body.pointer_mut(path).unwrap() = value.clone();
            }
            body
        };
        let mut lines = Vec::new();
        for (action, body) in [
            ("quote", json!({})),
            ("quote", json!({ "target_token": "USDCUSDCUSDCU", "target_network": 1 })),
            ("quote/accept", json!({})),
            ("quote/accept", json!({ "quote_id": "qt_x" })),
            ("quote/accept", json!({ "quote_id": stranger })),
            ("wallet", json!({})),
            ("wallet", json!({ "address": "0x12" })),
            ("wallet", json!({ "address": "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq" })),
            ("wallet", json!({ "address": "x".repeat(101) })),
            ("wallet", json!({ "address": ADDRESS, "network": "base" })),
            ("back", json!({})),
            ("back", json!({ "to": "start" })),
            ("challenge", json!({ "code": "12345" })),
            ("challenge", json!({ "code": "1234567" })),
            ("challenge", json!({ "code": 123_456 })),
            ("challenge", json!({ "code": "１２３４５６" })),
            ("challenge", json!({ "code": "123456" })),
            ("pay", json!({})),
            ("pay", json!({ "quote_id": quote })),
            ("pay", pay(json!({ "/card": null }))),
            ("pay", pay(json!({ "/card": good }))),
            ("pay", pay(json!({ "/card": {} }))),
            (
                "pay",
                pay(
                    json!({ "/card": { "number": good, "expiry": "12/30", "cvc": "123", "name": "Jo" } }),
                ),
            ),
            ("pay", pay(json!({ "/quote_id": stranger }))),
            ("pay", pay(json!({ "/card/number": "4242 4242 4242 4241" }))),
            ("pay", pay(json!({ "/card/number": "5555 5555 5555 4444" }))),
            ("pay", pay(json!({ "/card/number": 4_242_424_242_424_242_u64 }))),
            ("pay", pay(json!({ "/card/expiry": "12/20" }))),
            ("pay", pay(json!({ "/card/cvc": "12" }))),
            ("pay", pay(json!({ "/card/cvc": "12345678901" }))),
        ] {
            let shown: String =
                body.to_string().replace(&quote, "<ours>").replace(&stranger, "<theirs>");
            let shown: String = shown.chars().take(70).collect();
            lines
                .push((format!("{action} {shown}"), act(&api, &token, action, &body).await.line()));
        }
        insta::assert_snapshot!(table(lines), @r#"
        quote {}                                                                       400 field_required /target_token field_required /target_network field_required
        quote {"target_network":1,"target_token":"USDCUSDCUSDCU"}                      400 field_length /target_token field_length /target_network field_type
        quote/accept {}                                                                400 field_required /quote_id field_required
        quote/accept {"quote_id":"qt_x"}                                               400 quote_id_invalid /quote_id quote_id_invalid
        quote/accept {"quote_id":"<theirs>"}                                           409 quote_replaced
        wallet {}                                                                      400 field_required /address field_required
        wallet {"address":"0x12"}                                                      400 invalid_wallet_address /address
        wallet {"address":"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"}                400 invalid_wallet_address /address
        wallet {"address":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  400 field_length /address field_length
        wallet {"address":"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed","network":"bas  400 field_unknown /network field_unknown
        back {}                                                                        400 field_required /to field_required
        back {"to":"start"}                                                            400 field_range /to field_range
        challenge {"code":"12345"}                                                     400 challenge_code_invalid /code challenge_code_invalid
        challenge {"code":"1234567"}                                                   400 challenge_code_invalid /code challenge_code_invalid
        challenge {"code":123456}                                                      400 field_type /code field_type
        challenge {"code":"１２３４５６"}                                                    400 challenge_code_invalid /code challenge_code_invalid
        challenge {"code":"123456"}                                                    409 journey_out_of_step
        pay {}                                                                         400 field_required /quote_id field_required /card field_required
        pay {"quote_id":"<ours>"}                                                      400 field_required /card field_required
        pay {"card":null,"quote_id":"<ours>"}                                          400 field_required /card field_required
        pay {"card":"4242 4242 4242 4242","quote_id":"<ours>"}                         400 field_type /card field_type
        pay {"card":{},"quote_id":"<ours>"}                                            400 field_required /card/number field_required /card/expiry field_required /card/cvc field_required
        pay {"card":{"cvc":"123","expiry":"12/30","name":"Jo","number":"4242 4242      400 field_unknown /card/name field_unknown
        pay {"card":{"cvc":"123","expiry":"12/30","number":"4242 4242 4242 4242"},     409 quote_replaced
        pay {"card":{"cvc":"123","expiry":"12/30","number":"4242 4242 4242 4241"},     400 card_number_invalid /card/number
        pay {"card":{"cvc":"123","expiry":"12/30","number":"5555 5555 5555 4444"},     400 test_card_required /card/number
        pay {"card":{"cvc":"123","expiry":"12/30","number":4242424242424242},"quot     400 field_type /card/number field_type
        pay {"card":{"cvc":"123","expiry":"12/20","number":"4242 4242 4242 4242"},     400 card_expiry_invalid /card/expiry
        pay {"card":{"cvc":"12","expiry":"12/30","number":"4242 4242 4242 4242"},"     400 card_cvc_invalid /card/cvc
        pay {"card":{"cvc":"12345678901","expiry":"12/30","number":"4242 4242 4242     400 field_length /card/cvc field_length
        "#);
        assert_eq!(journey(&api, &token).await.value()["step"]["kind"], "payment", "nothing moved");
        let (_, fresh) = api.visit().await;
        let doge = json!({ "target_token": "DOGE", "target_network": "base" });
        assert_eq!(act(&api, &fresh, "quote", &doge).await.line(), "400 asset_not_available");
        let wallet = act(&api, &token, "wallet", &json!({ "address": "0x12" })).await;
        insta::assert_snapshot!(wallet.shown(), @r#"
        400
        {
          "code": "invalid_wallet_address",
          "doc_url": null,
          "message": "An address has 40 characters after 0x.",
          "param": "/address",
          "reason": {
            "code": "invalid_wallet_address",
            "limit": null,
            "maximum": null,
            "message": "An address has 40 characters after 0x.",
            "minimum": null,
            "next_step": "Paste the whole address from your wallet.",
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
fn an_address_that_is_held_is_refused_and_the_answer_does_not_say_why() {
    let store = TestStore::sqlite();
    block_on(async {
        let list = concat!(env!("CARGO_MANIFEST_DIR"), "/../gate-app/tests/stories/sanctions");
        let list = SanctionsList::open(Path::new(list)).unwrap();
        let api = Api::of(World::screening(&store, list).await);
        let (_, token) = api.visit().await;
        let asset = json!({ "target_token": "USDC", "target_network": "base" });
        let quoted = act(&api, &token, "quote", &asset).await.value();
        act(&api, &token, "quote/accept", &json!({ "quote_id": quoted["step"]["quote"]["id"] }))
            .await;
        let listed = json!({ "address": "0x5a11ed5a11ed5a11ed5a11ed5a11ed5a11ed5a11" });
        let refused = act(&api, &token, "wallet", &listed).await;
        assert_eq!(refused.line(), "400 invalid_wallet_address /address invalid_wallet_address");
        let said = refused.value();
        assert_eq!(said["message"], "This address cannot be used here. Use another address.");
        let said = said.to_string().to_lowercase();
        for word in ["sanction", "list", "screen", "held", "scr_", "1001"] {
            assert!(!said.contains(word), "{word}: {said}");
        }
        let next = act(&api, &token, "wallet", &json!({ "address": ADDRESS })).await.value();
        assert_eq!(next["step"]["kind"], "payment");
    });
}

/// Another tab has moved on.
#[test]
fn steps_out_of_turn() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let (token, quote) = at_payment(&api).await;
        act(&api, &token, "back", &json!({ "to": "amount" })).await;
        let mut lines = Vec::new();
        for (action, body) in [
            ("pay", json!({ "quote_id": quote, "card": card("4242 4242 4242 4242") })),
            ("quote/accept", json!({ "quote_id": quote })),
            ("wallet", json!({ "address": ADDRESS })),
            ("challenge", json!({ "code": "123456" })),
        ] {
            lines.push((action.to_owned(), act(&api, &token, action, &body).await.line()));
        }
        insta::assert_snapshot!(table(lines), @r#"
        pay           409 quote_replaced
        quote/accept  409 quote_replaced
        wallet        409 journey_out_of_step
        challenge     409 journey_out_of_step
        "#);
        let (token, quote) = at_payment(&api).await;
        api.clock.advance_ms(120_000);
        let body = json!({ "quote_id": quote, "card": card("4242 4242 4242 4242") });
        assert_eq!(act(&api, &token, "pay", &body).await.line(), "409 quote_expired");
    });
}
