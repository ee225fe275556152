//! Wallets that partners name: an address of the network's family, with its memo.

use gate_app::testing::ADDRESS;
use gate_domain::destination::{Family, spell};
use gate_store::testing::{TestStore, block_on};
use serde_json::{Value, json};

use crate::{Api, good};

fn with(changes: &Value) -> Value {
    let mut body = good();
    let fields = body.as_object_mut().unwrap();
    fields.extend(changes.as_object().unwrap().clone());
    body
}

#[test]
fn an_address_is_of_the_family_of_the_target_or_says_its_own() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let of = |family| spell(family, &[7; 32]);
        let (xrp, stellar, bitcoin) = (of(Family::Xrp), of(Family::Stellar), of(Family::Bitcoin));
        for changes in [
            json!({ "target_network": "xrpl", "wallet_address": xrp }),
            json!({ "target_network": "xrpl", "wallet_address": xrp, "wallet_memo": "7" }),
            json!({ "target_token": "BTC", "wallet_address": bitcoin }),
            json!({ "wallet_address": stellar, "wallet_memo": "order 7" }),
            json!({ "wallet_address": stellar, "wallet_memo": "order 7", "wallet_memo_is_text": true }),
            json!({ "wallet_address": stellar, "wallet_memo": "7", "wallet_memo_is_text": true }),
            json!({ "wallet_address": stellar, "wallet_memo": "7", "wallet_memo_is_text": false }),
            json!({ "target_token": "USDC", "wallet_address": of(Family::Solana) }),
            json!({ "target_token": "USDC", "wallet_address": ADDRESS }),
        ] {
            let reply = api.create_session(&with(&changes)).await;
            assert_eq!(reply.status, 201, "{changes} {}", reply.shown());
            let made = reply.value();
            let memo = changes.get("wallet_memo").unwrap_or(&Value::Null);
            assert_eq!(&made["wallet_memo"], memo, "{changes}");
            if let Some(is_text) = changes.get("wallet_memo_is_text") {
                assert_eq!(&made["wallet_memo_is_text"], is_text, "{changes}");
            }
        }
        let contract = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913";
        for (changes, param, why) in [
            (
                json!({ "target_network": "xrpl", "wallet_address": ADDRESS }),
                "/wallet_address",
                "This is an Ethereum address",
            ),
            (
                json!({ "target_token": "USDC", "wallet_address": xrp }),
                "/wallet_address",
                "This is an XRP address",
            ),
            (json!({ "wallet_address": contract }), "/wallet_address", "contract of USDC on Base"),
            (json!({ "wallet_address": "me" }), "/wallet_address", "no address of any network"),
            (
                json!({ "wallet_address": ADDRESS, "wallet_memo": "7" }),
                "/wallet_memo",
                "There is no memo on this network",
            ),
            (
                json!({ "wallet_address": xrp, "wallet_memo": "order 7" }),
                "/wallet_memo",
                "A destination tag is a number",
            ),
            (
                json!({ "wallet_address": xrp, "wallet_memo": "7", "wallet_memo_is_text": true }),
                "/wallet_memo",
                "A destination tag is a number",
            ),
            (json!({ "wallet_memo": "7" }), "/wallet_memo", "Send both, or neither"),
        ] {
            let reply = api.create_session(&with(&changes)).await;
            let told = reply.value();
            assert_eq!((reply.status.as_u16(), &told["param"]), (400, &json!(param)), "{changes}");
            assert!(told["message"].as_str().unwrap().contains(why), "{changes} {told}");
        }
    });
}
