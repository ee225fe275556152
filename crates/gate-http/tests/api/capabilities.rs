//! What is on offer, by API (contract, section 7).

use std::fmt::Write as _;

use gate_app::testing::partner;
use gate_domain::catalogue::Entitlement;
use gate_domain::ids::Mode;
use gate_store::both_engines;
use gate_store::testing::{TestStore, block_on};
use serde_json::{Value, json};

use crate::{Api, Reply, good};

const ROOT: &str = "/v1/capabilities";

async fn get(api: &Api, path: &str) -> Reply {
    api.partner_call("GET", &format!("{ROOT}/{path}")).send().await
}

/// The same from behind an edge that says where the caller is.
async fn get_from(api: &Api, geo: &str, path: &str) -> Reply {
    let call = api.partner_call("GET", &format!("{ROOT}/{path}"));
    call.header("cf-ipcountry", geo).send().await
}

/// One field of every row of a list, after a look at its envelope.
fn column(reply: &Reply, field: &str) -> Vec<String> {
    assert_eq!(reply.status, 200, "{}", reply.value());
    let body = reply.value();
    assert_eq!((&body["object"], &body["has_more"]), (&json!("list"), &json!(false)));
    let rows = body["data"].as_array().unwrap().iter();
    rows.map(|row| row[field].as_str().unwrap().to_owned()).collect()
}

#[test]
fn one_row_of_each_list() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let mut said = String::new();
        for path in [
            "countries?country_code=de",
            "currencies?country_code=DE",
            "assets?currency=EUR",
            "payment-methods?country_code=GB",
            "payout-methods?currency=gbp&country_code=GB",
        ] {
            let reply = get(&api, path).await;
            let mut body = reply.value();
            let first = body["data"][0].take();
            body["data"] = json!([first]);
            let text = serde_json::to_string_pretty(&body).unwrap();
            writeln!(said, "{path}\n{text}").unwrap();
        }
        let usdt = get(&api, "assets/usdt?currency=eur").await;
        let text = serde_json::to_string_pretty(&usdt.value()).unwrap();
        writeln!(said, "assets/usdt\n{text}").unwrap();
        insta::assert_snapshot!(said, @r#"
        countries?country_code=de
        {
          "data": [
            {
              "country_code": "DE",
              "default_fiat": "EUR",
              "name": "Germany",
              "supported": true
            }
          ],
          "has_more": false,
          "object": "list",
          "url": "/v1/capabilities/countries"
        }
        currencies?country_code=DE
        {
          "data": [
            {
              "code": "EUR",
              "decimals": 2,
              "limits": {
                "currency": "EUR",
                "maximum": "10000.00",
                "minimum": "10.00"
              },
              "name": "Euro",
              "symbol": "€"
            }
          ],
          "has_more": false,
          "object": "list",
          "url": "/v1/capabilities/currencies"
        }
        assets?currency=EUR
        {
          "data": [
            {
              "active": true,
              "limits": [
                {
                  "currency": "EUR",
                  "maximum": "10000.00",
                  "minimum": "10.00"
                }
              ],
              "name": "USD Coin",
              "networks": [
                {
                  "chain": "base",
                  "chain_id": 8453,
                  "contract_address": "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
                  "decimals": 6,
                  "family": "evm",
                  "memo_name": null,
                  "name": "Base"
                },
                {
                  "chain": "ethereum",
                  "chain_id": 1,
                  "contract_address": "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48",
                  "decimals": 6,
                  "family": "evm",
                  "memo_name": null,
                  "name": "Ethereum"
                },
                {
                  "chain": "arbitrum",
                  "chain_id": 42161,
                  "contract_address": "0xaf88d065e77c8cC2239327C5EDb3A432268e5831",
                  "decimals": 6,
                  "family": "evm",
                  "memo_name": null,
                  "name": "Arbitrum One"
                },
                {
                  "chain": "polygon",
                  "chain_id": 137,
                  "contract_address": "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359",
                  "decimals": 6,
                  "family": "evm",
                  "memo_name": null,
                  "name": "Polygon"
                },
                {
                  "chain": "solana",
                  "chain_id": 0,
                  "contract_address": "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
                  "decimals": 6,
                  "family": "solana",
                  "memo_name": null,
                  "name": "Solana"
                }
              ],
              "sides": [
                "on_ramp",
                "off_ramp"
              ],
              "symbol": "USDC"
            }
          ],
          "has_more": false,
          "object": "list",
          "url": "/v1/capabilities/assets"
        }
        payment-methods?country_code=GB
        {
          "data": [
            {
              "account_kind": null,
              "currency": "GBP",
              "id": "card",
              "limits": {
                "currency": "GBP",
                "maximum": "10000.00",
                "minimum": "10.00"
              },
              "name": "Card"
            }
          ],
          "has_more": false,
          "object": "list",
          "url": "/v1/capabilities/payment-methods"
        }
        payout-methods?currency=gbp&country_code=GB
        {
          "data": [
            {
              "account_kind": "sort_code",
              "currency": "GBP",
              "id": "faster_payments_payout",
              "limits": {
                "currency": "GBP",
                "maximum": "10000.00",
                "minimum": "10.00"
              },
              "name": "To a bank account (Faster Payments)"
            }
          ],
          "has_more": false,
          "object": "list",
          "url": "/v1/capabilities/payout-methods"
        }
        assets/usdt
        {
          "active": true,
          "country_code": null,
          "currency": "EUR",
          "limits": [
            {
              "currency": "EUR",
              "maximum": "10000.00",
              "minimum": "10.00"
            }
          ],
          "name": "Tether USD",
          "networks": [
            {
              "chain": "ethereum",
              "chain_id": 1,
              "contract_address": "0xdAC17F958D2ee523a2206206994597C13D831ec7",
              "decimals": 6,
              "family": "evm",
              "memo_name": null,
              "name": "Ethereum"
            },
            {
              "chain": "arbitrum",
              "chain_id": 42161,
              "contract_address": "0xFd086bC7CD5C481DCC9C85ebE478A1C0b69FCbb9",
              "decimals": 6,
              "family": "evm",
              "memo_name": null,
              "name": "Arbitrum One"
            },
            {
              "chain": "polygon",
              "chain_id": 137,
              "contract_address": "0xc2132D05D31c914a87C6611C10748AEb04B58e8F",
              "decimals": 6,
              "family": "evm",
              "memo_name": null,
              "name": "Polygon"
            },
            {
              "chain": "tron",
              "chain_id": 0,
              "contract_address": "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
              "decimals": 6,
              "family": "tron",
              "memo_name": null,
              "name": "Tron"
            }
          ],
          "side": "on_ramp",
          "sides": [
            "on_ramp",
            "off_ramp"
          ],
          "symbol": "USDT"
        }
        "#);
    });
}

#[test]
fn what_users_may_move_is_told_in_any_currency() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let mut said = String::new();
        for path in
            ["identity-levels", "identity-levels?currency=gbp", "identity-levels?currency=JPY"]
        {
            for row in get(&api, path).await.value()["data"].as_array().unwrap() {
                writeln!(said, "{row}").unwrap();
            }
        }
        insta::assert_snapshot!(said, @r#"
        {"asks":[],"currency":"EUR","day":null,"level":"guest","month":null,"transaction":"1000.00"}
        {"asks":["name","birth_date","country"],"currency":"EUR","day":"5000.00","level":"basic","month":"15000.00","transaction":"5000.00"}
        {"asks":["name","birth_date","country","document","source_of_funds"],"currency":"EUR","day":"25000.00","level":"enhanced","month":"100000.00","transaction":"10000.00"}
        {"asks":[],"currency":"GBP","day":null,"level":"guest","month":null,"transaction":"869.56"}
        {"asks":["name","birth_date","country"],"currency":"GBP","day":"4347.82","level":"basic","month":"13043.47","transaction":"4347.82"}
        {"asks":["name","birth_date","country","document","source_of_funds"],"currency":"GBP","day":"21739.13","level":"enhanced","month":"86956.52","transaction":"8695.65"}
        {"asks":[],"currency":"JPY","day":null,"level":"guest","month":null,"transaction":"166666"}
        {"asks":["name","birth_date","country"],"currency":"JPY","day":"833333","level":"basic","month":"2500000","transaction":"833333"}
        {"asks":["name","birth_date","country","document","source_of_funds"],"currency":"JPY","day":"4166666","level":"enhanced","month":"16666666","transaction":"1666666"}
        "#);
        assert_eq!(get(&api, "identity-levels?currency=XOF").await.value()["data"], json!([]));
        assert_eq!(get(&api, "identity-levels?currency=EURO").await.status, 400);
    });
}

#[test]
fn countries_do_not_depend_on_the_caller() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let all = column(&get(&api, "countries").await, "country_code");
        assert_eq!(all.len(), 249);
        assert!(all.is_sorted());
        assert_eq!(column(&get_from(&api, "DE", "countries").await, "country_code"), all);
        let supported = column(&get(&api, "countries?supported=true").await, "country_code");
        let not = column(&get(&api, "countries?supported=false").await, "country_code");
        assert_eq!(supported.len() + not.len(), all.len());
        assert!(not.contains(&"KP".to_owned()) && supported.contains(&"DE".to_owned()));
        for (path, codes) in [
            ("countries?country_code=kp", vec!["KP"]),
            ("countries?country_code=KP&supported=true", vec![]),
            ("countries?country_code=ZZ", vec![]),
        ] {
            assert_eq!(column(&get(&api, path).await, "country_code"), codes, "{path}");
        }
    });
}

#[test]
fn currencies_of_a_region() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let all = column(&get(&api, "currencies").await, "code");
        assert!(all.len() > 20);
        for (geo, path, codes) in [
            ("DE", "currencies", vec!["EUR"]),
            ("de", "currencies?country_code=us", vec!["USD"]),
            // Not taken, not supported, not a country.
            ("IS", "currencies", vec![]),
            ("KP", "currencies", vec![]),
            ("DE", "currencies?country_code=ZZ", vec![]),
        ] {
            assert_eq!(column(&get_from(&api, geo, path).await, "code"), codes, "{geo} {path}");
        }
        // What an edge says when it does not know, and what no edge says.
        for geo in ["XX", "T1", "", "Germany"] {
            assert_eq!(column(&get_from(&api, geo, "currencies").await, "code"), all, "{geo}");
        }
    });
}

#[test]
fn assets_by_side_and_region() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let all = column(&get(&api, "assets").await, "symbol");
        assert_eq!(&all[..3], ["USDC", "USDT", "ETH"]);
        assert_eq!(column(&get(&api, "assets?side=off_ramp").await, "symbol"), all);
        assert_eq!(column(&get(&api, "assets?country_code=DE").await, "symbol"), all);
        assert_eq!(column(&get(&api, "assets?country_code=KP").await, "symbol"), [""; 0]);
        assert_eq!(column(&get_from(&api, "KP", "assets").await, "symbol"), [""; 0]);
        assert_eq!(get(&api, "assets/eth").await.value()["symbol"], "ETH");
        for path in [
            "assets/DOGE",
            "assets/ETH?country_code=KP",
            "assets/ETH?country_code=ZZ",
            "assets/a%00b",
            "assets/averylongsymbolthatnobodycouldhavelisted",
        ] {
            let reply = get(&api, path).await;
            assert_eq!(
                (reply.status.as_u16(), &reply.value()["code"]),
                (404, &json!("not_found")),
                "{path}"
            );
        }
        api.switch_off("asset:ETH", "The network is being upgraded.").await;
        assert_eq!(get(&api, "assets/ETH").await.status, 404);
        api.switch_off("network:base", "The network is down.").await;
        let usdc = get(&api, "assets/USDC").await.value();
        let chains: Vec<_> =
            usdc["networks"].as_array().unwrap().iter().map(|n| &n["chain"]).collect();
        assert_eq!(chains, ["ethereum", "arbitrum", "polygon", "solana"]);
    });
}

#[test]
fn methods_need_a_currency_from_somewhere() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        for (geo, path, ids) in [
            ("", "payment-methods", vec![]),
            ("", "payout-methods", vec![]),
            ("GB", "payment-methods", vec!["card", "faster_payments"]),
            ("", "payment-methods?currency=eur", vec!["card", "sepa_bank_transfer"]),
            // The currency that is named wins over where the caller happens to be.
            ("US", "payment-methods?currency=EUR", vec!["card", "sepa_bank_transfer"]),
            ("", "payment-methods?currency=EUR&country_code=US", vec!["card"]),
            ("", "payment-methods?country_code=BR", vec!["card", "pix"]),
            ("", "payment-methods?currency=XYZ", vec![]),
            ("", "payment-methods?currency=EUR&country_code=KP", vec![]),
            ("", "payment-methods?country_code=IS", vec![]),
            ("", "payout-methods?country_code=DE", vec!["sepa_payout", "card_payout"]),
            ("", "payout-methods?currency=JPY", vec![]),
        ] {
            assert_eq!(column(&get_from(&api, geo, path).await, "id"), ids, "{geo} {path}");
        }
        api.switch_off("payment_method:card", "The processor is down.").await;
        let left = column(&get(&api, "payment-methods?currency=EUR").await, "id");
        assert_eq!(left, ["sepa_bank_transfer"]);
    });
}

#[test]
fn eligibility_is_an_answer_and_no_error() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        api.switch_off("asset:USDT", "Its issuer has paused it.").await;
        let mut said = String::new();
        for (geo, query) in [
            ("", "country_code=de&currency=eur&asset=usdc"),
            ("DE", ""),
            ("DE", "country_code=US&side=off_ramp&currency=USD"),
            ("", "currency=EUR"),
            ("", "country_code=KP"),
            ("KP", "asset=USDC"),
            ("", "country_code=ZZ"),
            ("", "country_code=DE&currency=XYZ"),
            ("", "country_code=DE&asset=DOGE"),
            ("", "country_code=DE&asset=USDT"),
            ("", "country_code=DE&side=off_ramp&currency=JPY"),
        ] {
            let reply = get_from(&api, geo, &format!("eligibility?{query}")).await;
            assert_eq!(reply.status, 200);
            let body = reply.value();
            let reason = &body["reason"];
            assert_eq!(body["eligible"], reason.is_null());
            assert_eq!(reason.get("code").unwrap_or(&Value::Null), &body["unavailable_reason"]);
            writeln!(
                said,
                "{geo:>2} {query:<50} {} {:<8} {} {}",
                body["eligible"], body["geo_source"], body["unavailable_reason"], reason["message"],
            )
            .unwrap();
        }
        insta::assert_snapshot!(said, @r#"
           country_code=de&currency=eur&asset=usdc            true "explicit" null null
        DE                                                    true "ip" null null
        DE country_code=US&side=off_ramp&currency=USD         true "explicit" null null
           currency=EUR                                       false "none" "country_unresolved" "The country is not known."
           country_code=KP                                    false "explicit" "country_not_supported" "Nothing is offered in North Korea."
        KP asset=USDC                                         false "ip" "country_not_supported" "Nothing is offered in North Korea."
           country_code=ZZ                                    false "explicit" "country_not_supported" "There is no country with this code."
           country_code=DE&currency=XYZ                       false "explicit" "currency_not_supported" "currency must be one of AED, AUD, BRL, CAD, CHF, CZK, DKK, EUR, GBP, HKD, HUF, IDR, ILS, INR, JPY, KRW, MXN, MYR, NOK, NZD, PHP, PLN, RON, SEK, SGD, THB, TRY, USD, ZAR."
           country_code=DE&asset=DOGE                         false "explicit" "asset_not_available" "DOGE is not on offer."
           country_code=DE&asset=USDT                         false "explicit" "asset_not_available" "USDT is not available now. Its issuer has paused it."
           country_code=DE&side=off_ramp&currency=JPY         false "explicit" "method_not_available" "There is no way to be paid out in JPY in this country."
        "#);
    });
}

#[test]
fn what_is_wrong_with_a_question_is_told_at_once() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let reply =
            get(&api, "eligibility?country_code=Germany&currency=E1R&asset=x&side=up&colour=red")
                .await;
        assert_eq!(reply.status, 400);
        let body = reply.value();
        let problems: Vec<_> = body["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| format!("{} {} {}", e["param"], e["code"], e["message"]))
            .collect();
        insta::assert_snapshot!(problems.join("\n"), @r#"
        "side" "field_range" "side must be one of on_ramp, off_ramp."
        "currency" "field_range" "currency must have 3 letters."
        "asset" "field_range" "asset must have 2 to 12 letters and digits."
        "country_code" "field_range" "country_code must have 2 letters."
        "colour" "field_unknown" "There is no parameter \"colour\"."
        "#);
        assert_eq!(get(&api, "countries?supported=yes").await.status, 400);
    });
}

both_engines! {
    async fn a_partner_sees_its_own_offer(store) {
        let api = Api::over(store).await;
        let other = partner("Other Shop", Mode::Test, 0);
        api.provision(&other).await;
        let tenant = api.tenant();
        let only_eur = api.app.write(move |tx, scope| {
            gate_app::capabilities::change_terms(tx, scope, &tenant, "a test", |terms| {
                let only = ["EUR".to_owned()].into_iter().collect();
                terms.only.insert(gate_domain::catalogue::Kind::Currency, only);
            })
        });
        only_eur.await.unwrap();
        assert_eq!(column(&get(&api, "currencies").await, "code"), ["EUR"]);
        let theirs = api.call("GET", &format!("{ROOT}/currencies")).key(&other.secret_key.1);
        assert!(column(&theirs.send().await, "code").len() > 20);
    }

    async fn create_asks_too(store) {
        let api = Api::over(store).await;
        let with = |field: &str, value: Value| {
            let mut body = good();
            body[field] = value;
            body
        };
        let mut said = String::new();
        let mut attempt = async |what: &str, body: Value| {
            let reply = api.create_session(&body).await;
            let body = reply.value();
            writeln!(
                said,
                "{what}: {} {} {} | {}",
                reply.status.as_u16(), body["code"], body["param"], body["message"],
            ).unwrap();
        };
        attempt("off_ramp", with("flow", json!("off_ramp"))).await;
        attempt("swap", with("flow", json!("swap"))).await;
        attempt("kyc", with("kyc_package", json!({ "any": "thing" }))).await;
        attempt("no kyc", with("kyc_package", Value::Null)).await;
        attempt("network", with("target_network", json!("fantom"))).await;
        let mut both = with("target_token", json!("USDT"));
        both["target_network"] = json!("base");
        attempt("pair", both.clone()).await;
        api.entitle(&[Entitlement::Swap, Entitlement::KycPackage]).await;
        attempt("swap, entitled", with("flow", json!("swap"))).await;
        attempt("kyc, entitled", with("kyc_package", json!({}))).await;
        api.switch_off("currency:EUR", "Our bank is closed.").await;
        api.switch_off("flow:off_ramp", "Sales are paused.").await;
        let mut much = with("flow", json!("off_ramp"));
        much["target_token"] = json!("DOGE");
        let reply = api.create_session(&much).await;
        let errors = reply.value()["errors"].clone();
        let codes: Vec<_> = errors.as_array().unwrap().iter().map(|e| e["code"].clone()).collect();
        assert_eq!(codes, ["flow_not_available", "currency_not_supported", "asset_not_available"]);
        assert_eq!(reply.value()["reason"]["code"], "flow_not_available");
        assert_eq!(reply.value()["reason"]["retryable"], true);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said, @r#"
            off_ramp: 201 null null | null
            swap: 403 "entitlement_required" null | "Your contract does not hold the entitlement swap."
            kyc: 403 "entitlement_required" null | "Your contract does not hold the entitlement kyc_package."
            no kyc: 201 null null | null
            network: 400 "network_not_available" "/target_network" | "The network must be one of arbitrum, base, bitcoin, ethereum, polygon, solana, stellar, tron, xrpl."
            pair: 400 "asset_not_available" "/target_token" | "USDT is offered on ethereum, arbitrum, polygon, tron."
            swap, entitled: 201 null null | null
            kyc, entitled: 501 "kyc_package_not_enabled" "/kyc_package" | "This gateway cannot take over a KYC package yet. Leave kyc_package out: users are verified on the hosted page."
            "#);
        }
    }

    async fn what_was_created_is_answered_again_when_it_could_not_be_created_any_more(store) {
        let api = Api::over(store).await;
        let create = async |body: Value| {
            let call = api.partner_call("POST", crate::SESSIONS);
            call.header("idempotency-key", "order-1").json(&body).await
        };
        let first = create(good()).await;
        api.switch_off("currency:EUR", "Our bank is closed.").await;
        let again = create(good()).await;
        assert_eq!((again.status, &again.bytes), (first.status, &first.bytes));
        assert_eq!(again.header("idempotent-replayed"), "true");
        let mut other = good();
        other["amount"] = json!("20.00");
        assert_eq!(create(other).await.value()["code"], "currency_not_supported");
    }

    async fn the_page_is_told_and_comes_back(store) {
        let api = Api::over(store).await;
        let (_, token) = api.visit().await;
        let journey = || api.call("GET", "/v1/embed/journey").token(&token).send();
        assert_eq!(journey().await.value()["step"]["kind"], "amount");
        api.switch_off("payment_method:card", "Cards are down.").await;
        let step = journey().await.value()["step"].clone();
        assert_eq!(step["kind"], "unavailable");
        assert_eq!(step["reason"]["code"], "method_not_available");
        assert_eq!(step["reason"]["message"], "Card is not available now. Cards are down.");
        let quote = json!({ "target_token": "USDC", "target_network": "base" });
        let asked = api.call("POST", "/v1/embed/quote").token(&token).json(&quote).await;
        assert_eq!((asked.status.as_u16(), &asked.value()["step"]), (200, &step));
        api.switch_on("payment_method:card").await;
        assert_eq!(journey().await.value()["step"]["kind"], "amount");
    }
}
