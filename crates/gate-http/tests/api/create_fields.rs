//! The optional fields of create.

use gate_app::testing::ADDRESS;
use gate_store::testing::{TestStore, block_on};
use serde_json::{Map, Value, json};

use crate::create::{attempt, said, with};
use crate::{Api, table};

#[test]
fn the_other_fields() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let texts = |values: &[&str]| values.iter().map(|value| json!(value)).collect::<Vec<_>>();
        let mut said = String::new();
        let lower = ADDRESS.to_owned();
        let wrong_case = lower.replacen('a', "A", 1);
        for (field, values) in [
            ("target_token", texts(&["USDC", "eth", "DOGE", "", "USDCUSDCUSDCU"])),
            ("target_network", texts(&["Base", "fantom", "cardano"])),
            ("flow", texts(&["on_ramp", "off_ramp", "swap", "ON_RAMP", "lend"])),
            (
                "wallet_address",
                texts(&[
                    &lower,
                    &lower.to_uppercase(),
                    &wrong_case,
                    "0x12",
                    "bc1q",
                    &format!("0x{}", "0".repeat(40)),
                ]),
            ),
            (
                "user_reference",
                texts(&[
                    "user-7",
                    "7f9c",
                    "12345678",
                    "a@b",
                    "@shop",
                    "jo@shop.example",
                    "+49 170 1234567",
                    "+1-800-555-0199",
                    "4242 4242 4242 4242",
                    "4242-4242-4242-4243",
                    &"x".repeat(200),
                    &"猫".repeat(200),
                    &"x".repeat(201),
                    "",
                    "a\0b",
                ]),
            ),
            (
                "expires_in",
                vec![
                    json!(300),
                    json!(604_800),
                    json!(299),
                    json!(604_801),
                    json!(-1),
                    json!(300.5),
                    json!("300"),
                    json!(1e300),
                ],
            ),
        ] {
            said += &attempt(&api, field, values).await;
        }
        insta::assert_snapshot!(said, @r#"
        target_token
        "USDC"           201
        "eth"            201
        "DOGE"           400 asset_not_available /target_token asset_not_available
        ""               400 field_length /target_token field_length
        "USDCUSDCUSDCU"  400 field_length /target_token field_length
        target_network
        "Base"     201
        "fantom"   400 network_not_available /target_network network_not_available
        "cardano"  400 network_not_available /target_network network_not_available
        flow
        "on_ramp"   201
        "off_ramp"  201
        "swap"      403 entitlement_required
        "ON_RAMP"   400 flow_not_supported /flow flow_not_supported
        "lend"      400 flow_not_supported /flow flow_not_supported
        wallet_address
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"  201
        "0X5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED"  201
        "0x5Aaeb6053f3e94c9b9a09f33669435e7ef1beaed"  400 invalid_wallet_address /wallet_address invalid_wallet_address
        "0x12"                                        400 invalid_wallet_address /wallet_address invalid_wallet_address
        "bc1q"                                        400 invalid_wallet_address /wallet_address invalid_wallet_address
        "0x0000000000000000000000000000000000000000"  400 invalid_wallet_address /wallet_address invalid_wallet_address
        user_reference
        "user-7"                                                      201
        "7f9c"                                                        201
        "12345678"                                                    201
        "a@b"                                                         201
        "@shop"                                                       201
        "jo@shop.example"                                             400 user_reference_not_opaque /user_reference user_reference_not_opaque
        "+49 170 1234567"                                             400 user_reference_not_opaque /user_reference user_reference_not_opaque
        "+1-800-555-0199"                                             400 user_reference_not_opaque /user_reference user_reference_not_opaque
        "4242 4242 4242 4242"                                         400 user_reference_not_opaque /user_reference user_reference_not_opaque
        "4242-4242-4242-4243"                                         201
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  201
        "猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫  201
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  400 field_length /user_reference field_length
        ""                                                            400 field_length /user_reference field_length
        "a\u0000b"                                                    400 invalid_text /user_reference invalid_text
        expires_in
        300     201
        604800  201
        299     400 field_range /expires_in field_range
        604801  400 field_range /expires_in field_range
        -1      400 field_range /expires_in field_range
        300.5   400 field_range /expires_in field_range
        "300"   400 field_type /expires_in field_type
        1e+300  400 field_range /expires_in field_range
        "#);
    });
}

#[test]
fn a_name_of_the_partners_own_says_something() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        for blank in [" ", "\t \n", "\u{3000}"] {
            let reply = api.create_session(&with("client_reference_id", json!(blank))).await;
            let refused = "400 field_length /client_reference_id field_length";
            assert_eq!(said(&reply), refused, "{blank:?}");
        }
    });
}

#[test]
fn metadata() {
    let store = TestStore::sqlite();
    block_on(async {
        let api = Api::over(&store).await;
        let many = |keys: usize| {
            Value::Object((0..keys).map(|n| (format!("k{n}"), json!(n))).collect::<Map<_, _>>())
        };
        let one =
            |key: &str, value: Value| Value::Object(Map::from_iter([(key.to_owned(), value)]));
        // Sixteen long values, and one that fills up to exactly so many bytes.
        let sized = |bytes: usize| {
            let mut object: Map<_, _> =
                (10..26).map(|n| (format!("k{n}"), json!("x".repeat(490)))).collect();
            let rest = bytes - Value::Object(object.clone()).to_string().len();
            object.insert("rest".into(), json!("x".repeat(rest - 10)));
            Value::Object(object)
        };
        let values = vec![
            ("none", json!({})),
            ("50 keys", many(50)),
            ("51 keys", many(51)),
            ("a key of 40", one(&"k".repeat(40), json!(1))),
            ("a key of 41", one(&"k".repeat(41), json!(1))),
            ("an empty key", one("", json!(1))),
            ("a key with NUL", one("a\0", json!(1))),
            ("a value of 500", one("k", json!("猫".repeat(500)))),
            ("a value of 501", one("k", json!("x".repeat(501)))),
            ("a value with NUL", one("k", json!("a\0"))),
            ("an object inside", one("k", json!({}))),
            ("an array inside", one("k", json!([]))),
            ("2^64 - 1", one("k", json!(u64::MAX))),
            ("2^64", one("k", json!(18_446_744_073_709_551_616.0))),
            ("-2^63 + 1", one("k", json!(i64::MIN + 1))),
            ("-2^63", one("k", json!(i64::MIN))),
            ("below -2^63", one("k", json!(-1e19))),
            ("half", one("k", json!(0.5))),
            ("8 KiB", sized(8_192)),
            ("one byte more", sized(8_193)),
            ("an array", json!([])),
            ("text", json!("x")),
        ];
        let mut lines = Vec::new();
        for (name, value) in values {
            lines
                .push((name.to_owned(), said(&api.create_session(&with("metadata", value)).await)));
        }
        insta::assert_snapshot!(table(lines), @r#"
        none              201
        50 keys           201
        51 keys           400 metadata_invalid /metadata metadata_invalid
        a key of 40       201
        a key of 41       400 metadata_invalid /metadata metadata_invalid
        an empty key      400 metadata_invalid /metadata metadata_invalid
        a key with NUL    400 metadata_invalid /metadata metadata_invalid
        a value of 500    201
        a value of 501    400 metadata_invalid /metadata metadata_invalid
        a value with NUL  400 metadata_invalid /metadata metadata_invalid
        an object inside  400 metadata_invalid /metadata metadata_invalid
        an array inside   400 metadata_invalid /metadata metadata_invalid
        2^64 - 1          201
        2^64              400 metadata_invalid /metadata metadata_invalid
        -2^63 + 1         201
        -2^63             400 metadata_invalid /metadata metadata_invalid
        below -2^63       400 metadata_invalid /metadata metadata_invalid
        half              201
        8 KiB             201
        one byte more     400 metadata_invalid /metadata metadata_invalid
        an array          400 field_type /metadata field_type
        text              400 field_type /metadata field_type
        "#);
    });
}
