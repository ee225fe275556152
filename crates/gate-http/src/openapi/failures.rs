//! Which failures an operation can answer: those that follow from its shape, and its own.

use super::access::Access;
use super::json::Json;

/// Failures of any call of the API.
const ALWAYS: &[&str] =
    &["key_exposed", "version_unknown", "rate_limited", "internal", "try_again"];
/// Failures of any call that may carry a body.
const BODY: &[&str] = &[
    "malformed_json",
    "field_unknown",
    "field_type",
    "request_timeout",
    "body_too_large",
    "unsupported_media_type",
];
/// Failures of a body with fields in it.
const FIELDS: &[&str] = &["field_required", "field_length", "field_range", "invalid_text"];
/// Failures that belong to no operation: there is none where they happen.
#[cfg(test)]
pub(super) const NOWHERE: &[&str] = &["route_not_found", "method_not_allowed"];

/// The codes that one operation can answer, once each.
pub(super) fn codes_of(path: &str, method: &str, operation: &Json) -> Vec<&'static str> {
    if !path.starts_with("/v1/") {
        return if path == "/readyz" { vec!["not_ready", "try_again"] } else { Vec::new() };
    }
    let mut codes = ALWAYS.to_vec();
    codes.extend(Access::of(path).failures());
    if path.contains('{') {
        codes.push("not_found");
    }
    if method != "get" {
        codes.extend(BODY);
    }
    if operation.get("requestBody").is_some() {
        codes.extend(FIELDS);
    }
    for parameter in operation.get("parameters").map(Json::items).unwrap_or_default() {
        let text = |name| parameter.get(name).and_then(Json::text).unwrap_or_default();
        match (text("in"), text("name")) {
            ("header", "Idempotency-Key") => {
                codes.extend(["idempotency_key_invalid", "idempotency_key_reused"]);
                codes.push("request_in_progress");
                if parameter.get("required") == Some(&Json::Bool(true)) {
                    codes.push("idempotency_key_required");
                }
            }
            ("query", "starting_after") => codes.extend(["cursor_invalid", "field_unknown"]),
            ("query", _) => {
                codes.extend(["field_length", "field_range", "field_unknown", "invalid_text"]);
            }
            _ => {}
        }
    }
    let name = operation.get("operationId").and_then(Json::text).unwrap_or_default();
    codes.extend(own(name));
    let mut once = Vec::new();
    for code in codes {
        if !once.contains(&code) {
            once.push(code);
        }
    }
    once
}

/// What a rule of the capabilities can refuse.
const RULES: &[&str] = &[
    "amount_out_of_range",
    "asset_not_available",
    "country_not_supported",
    "currency_not_supported",
    "flow_not_available",
    "method_not_available",
    "network_not_available",
];
/// What the steps of a journey can refuse, each of them.
const JOURNEY: &[&str] = &[
    "flow_not_available_here",
    "journey_out_of_step",
    "not_found",
    "payment_in_flight",
    "session_not_open",
];
/// What a new price can refuse.
const PRICE: &[&str] = &["mode_not_enabled", "no_price"];

/// What only this operation can refuse.
fn own(operation: &str) -> Vec<&'static str> {
    let of: &[&[&str]] = match operation {
        "createSession" => &[
            RULES,
            &[
                "amount_invalid",
                "client_reference_id_in_use",
                "entitlement_required",
                "flow_not_supported",
                "invalid_wallet_address",
                "invalid_wallet_memo",
                "kyc_package_not_enabled",
                "metadata_invalid",
                "mode_not_enabled",
                "quote_consumed",
                "quote_expired",
                "quote_id_invalid",
                "quote_mismatch",
                "quote_not_found",
                "url_invalid",
                "url_not_allowed",
                "user_reference_not_opaque",
            ],
        ],
        "cancelSession" => &[&["payment_in_flight", "session_not_open"]],
        "previewQuotes" => &[RULES, PRICE, &["amount_invalid", "country_code_invalid"]],
        "lockQuote" => &[
            RULES,
            PRICE,
            &["amount_invalid", "country_code_invalid", "entitlement_required", "on_lapse_invalid"],
        ],
        "retrieveSignedQuote" | "retrievePayIn" | "retrievePayOut" => &[&["entitlement_required"]],
        "createPayIn" | "createPayOut" => &[
            RULES,
            &[
                "entitlement_required",
                "field_not_accepted",
                "invalid_wallet_address",
                "journey_out_of_step",
                "mode_not_enabled",
                "not_found",
                "payment_in_flight",
                "payments_paused",
                "quote_consumed",
                "quote_expired",
                "quote_mismatch",
                "session_not_open",
                "wallet_address_missing",
            ],
        ],
        "createRefund" => &[&[
            "amount_invalid",
            "mode_not_enabled",
            "nothing_to_refund",
            "payments_paused",
            "refund_in_flight",
            "refund_not_supported",
            "refund_too_large",
            "transaction_not_completed",
        ]],
        "listCountries" | "listCurrencies" | "listAssets" | "getAsset" | "listPaymentMethods"
        | "listPayoutMethods" | "checkEligibility" => &[&["country_code_invalid"]],
        "createCustomer" => &[&[
            "country_code_invalid",
            "customer_already_exists",
            "email_invalid",
            "external_id_invalid",
            "field_immutable",
            "metadata_invalid",
            "phone_invalid",
        ]],
        "updateCustomer" => &[&["country_code_invalid", "field_immutable", "metadata_invalid"]],
        "updateBranding" => &[&["brand_name_misleading", "color_invalid", "url_invalid"]],
        "createWebhookEndpoint" => {
            &[&["endpoints_limit_reached", "event_type_unknown", "header_invalid", "url_invalid"]]
        }
        "updateWebhookEndpoint" => &[&["event_type_unknown", "header_invalid", "url_invalid"]],
        "rollWebhookEndpointSecret" => &[&["secrets_limit_reached"]],
        "listEvents" => &[&["cursor_expired", "event_type_unknown"]],
        "listWebhookDeliveries" => &[&["field_not_accepted"]],
        "replayWebhookDelivery" => &[&["delivery_not_dead_lettered"]],
        "createWebhookReplay" => {
            &[&["event_type_unknown", "instant_invalid", "not_found", "replays_limit_reached"]]
        }
        "sendWebhookTest" => &[&["webhook_endpoint_missing"]],
        "createEmbedToken" => &[&["invalid_client_secret", "session_not_open", "unknown_scope"]],
        "refreshEmbedToken" | "retrieveJourney" | "streamJourney" => {
            &[&["not_found", "session_not_open"]]
        }
        "requestQuote" => &[RULES, JOURNEY, PRICE],
        "acceptQuote" => &[
            RULES,
            JOURNEY,
            PRICE,
            &["payments_paused", "quote_expired", "quote_id_invalid", "quote_replaced"],
        ],
        "giveWallet" | "giveRefundAddress" => &[
            RULES,
            JOURNEY,
            &["invalid_wallet_address", "invalid_wallet_memo", "mode_not_enabled"],
        ],
        "giveAccount" => &[
            RULES,
            JOURNEY,
            &[
                "account_number_invalid",
                "card_expiry_invalid",
                "card_number_invalid",
                "field_not_accepted",
                "iban_invalid",
                "mode_not_enabled",
                "pix_key_invalid",
                "routing_number_invalid",
                "sort_code_invalid",
                "test_card_required",
            ],
        ],
        "startDeposit" => &[
            RULES,
            JOURNEY,
            PRICE,
            &[
                "payments_paused",
                "quote_consumed",
                "quote_expired",
                "quote_id_invalid",
                "quote_replaced",
            ],
        ],
        "simulateDeposit" => &[JOURNEY, PRICE, &["amount_invalid"]],
        "createTestDeposit" => &[
            PRICE,
            &[
                "amount_invalid",
                "asset_not_available",
                "journey_out_of_step",
                "not_found",
                "session_not_open",
            ],
        ],
        "createTestStray" => &[
            PRICE,
            &[
                "amount_invalid",
                "invalid_wallet_memo",
                "journey_out_of_step",
                "not_found",
                "session_not_open",
            ],
        ],
        "chooseFlow" | "declineQuote" | "stepBack" | "retryJourney" | "cancelJourney"
        | "endIdentityCheck" => &[JOURNEY],
        "sendIdentityCode" => {
            &[JOURNEY, &["email_invalid", "identity_codes_limited", "mode_not_enabled"]]
        }
        "confirmIdentityCode" => &[
            JOURNEY,
            &[
                "challenge_code_invalid",
                "identity_code_expired",
                "identity_code_wrong",
                "mode_not_enabled",
            ],
        ],
        "giveIdentityDetails" => &[
            JOURNEY,
            &["birth_date_invalid", "country_code_invalid", "mode_not_enabled", "user_too_young"],
        ],
        "pay" => &[
            RULES,
            JOURNEY,
            PRICE,
            &[
                "card_cvc_invalid",
                "card_expiry_invalid",
                "card_number_invalid",
                "invalid_wallet_address",
                "payments_paused",
                "quote_consumed",
                "quote_expired",
                "quote_id_invalid",
                "quote_replaced",
                "test_card_required",
            ],
        ],
        "answerChallenge" => &[JOURNEY, &["challenge_code_invalid", "mode_not_enabled"]],
        "completeSession" | "failSession" | "expireSession" | "requireKyc" | "advanceTime" => &[
            PRICE,
            &["journey_out_of_step", "payment_in_flight", "payments_paused", "session_not_open"],
        ],
        "settleRailPayment" | "failRailPayment" | "cancelRailPayment" => {
            &[&["mode_not_enabled", "payments_paused", "rail_payment_out_of_step"]]
        }
        _ => &[],
    };
    of.concat()
}
