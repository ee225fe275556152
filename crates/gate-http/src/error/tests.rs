//! The whole table of codes. They are promises: a line that changes here breaks somebody's program.

use std::fmt::Write as _;

use super::*;
use crate::error::codes::FIELD_CODES;
use crate::error::registry::every_failure;

/// The list of the registry is by hand, so the source says whether it is complete.
#[test]
fn no_failure_is_missing_from_the_list() {
    let source = include_str!("../error.rs");
    let (_, body) = source.split_once("pub(crate) enum ApiError {").unwrap();
    let (body, _) = body.split_once("\n}").unwrap();
    let names = body.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    let names = names.map(|line| line.split(['(', ' ', ',']).next().unwrap());
    let names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
    assert!(names.len() > 30, "{names:?}");
    let listed = format!("{:?}", every_failure());
    for name in names {
        assert!(listed.contains(name), "{name} is missing");
    }
}

#[test]
fn the_table_of_codes() {
    let mut lines: Vec<String> = every_failure()
        .iter()
        .map(|error| {
            let body = error.body("req_test_1");
            let mut line = format!("{} {:<20} {:<28}", body.status_code, body.kind, body.code);
            if let Some((name, value)) = error.headers() {
                let _ = write!(line, " {name}: {}", value.to_str().unwrap());
            }
            line.trim_end().to_owned()
        })
        .collect();
    lines.sort();
    lines.dedup();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    400 invalid_request      amount_out_of_range
    400 invalid_request      asset_not_available
    400 invalid_request      card_cvc_invalid
    400 invalid_request      card_expiry_invalid
    400 invalid_request      card_number_invalid
    400 invalid_request      country_not_supported
    400 invalid_request      currency_not_supported
    400 invalid_request      delivery_not_dead_lettered
    400 invalid_request      flow_not_available
    400 invalid_request      flow_not_available_here
    400 invalid_request      idempotency_key_invalid
    400 invalid_request      idempotency_key_required
    400 invalid_request      invalid_request
    400 invalid_request      invalid_wallet_address
    400 invalid_request      invalid_wallet_memo
    400 invalid_request      key_exposed
    400 invalid_request      malformed_json
    400 invalid_request      method_not_available
    400 invalid_request      network_not_available
    400 invalid_request      quote_mismatch
    400 invalid_request      test_card_required
    400 invalid_request      url_not_allowed
    400 invalid_request      version_unknown
    400 invalid_request      wallet_address_missing
    400 invalid_request      webhook_endpoint_missing
    401 authentication_error embed_token_invalid
    401 authentication_error invalid_client_secret
    401 authentication_error key_expired                  www-authenticate: Bearer
    401 authentication_error key_exposed
    401 authentication_error key_malformed                www-authenticate: Bearer
    401 authentication_error key_missing                  www-authenticate: Bearer
    401 authentication_error key_unknown                  www-authenticate: Bearer
    401 authentication_error mode_not_served              www-authenticate: Bearer
    401 authentication_error publishable_key_required
    401 authentication_error secret_key_required          www-authenticate: Bearer
    403 permission_error     entitlement_required
    403 permission_error     key_restricted
    403 permission_error     origin_not_allowed
    403 permission_error     scope_missing
    403 permission_error     session_required
    404 not_found            not_found
    404 not_found            route_not_found
    405 invalid_request      method_not_allowed
    408 invalid_request      request_timeout
    409 conflict             client_reference_id_in_use
    409 conflict             customer_already_exists
    409 conflict             endpoints_limit_reached
    409 conflict             journey_out_of_step
    409 conflict             no_price
    409 conflict             nothing_to_refund
    409 conflict             payment_in_flight
    409 conflict             quote_consumed
    409 conflict             quote_expired
    409 conflict             quote_replaced
    409 conflict             rail_payment_out_of_step
    409 conflict             refund_in_flight
    409 conflict             refund_not_supported
    409 conflict             refund_too_large
    409 conflict             replays_limit_reached
    409 conflict             secrets_limit_reached
    409 conflict             session_not_open
    409 conflict             transaction_not_completed
    409 idempotency_error    idempotency_key_reused
    413 invalid_request      body_too_large
    415 invalid_request      unsupported_media_type
    425 idempotency_error    request_in_progress          retry-after: 1
    429 rate_limit           identity_codes_limited       retry-after: 240
    429 rate_limit           rate_limited                 retry-after: 1
    500 api_error            internal
    501 not_enabled          kyc_package_not_enabled
    501 not_enabled          mode_not_enabled
    503 api_error            not_ready                    retry-after: 1
    503 api_error            payments_paused              retry-after: 60
    503 api_error            try_again                    retry-after: 1
    "#);
}

#[test]
fn the_codes_of_single_fields() {
    for code in FIELD_CODES {
        assert_eq!(ApiError::field("/x", code, "why").body("req_test_1").code, *code);
    }
    insta::assert_snapshot!(FIELD_CODES.join("\n"), @r#"
    field_required
    field_unknown
    field_type
    field_length
    field_range
    amount_invalid
    amount_out_of_range
    currency_not_supported
    asset_not_available
    network_not_available
    method_not_available
    country_not_supported
    flow_not_supported
    flow_not_available
    url_invalid
    invalid_wallet_address
    invalid_wallet_memo
    iban_invalid
    sort_code_invalid
    account_number_invalid
    routing_number_invalid
    pix_key_invalid
    user_reference_not_opaque
    metadata_invalid
    invalid_text
    cursor_invalid
    unknown_scope
    quote_id_invalid
    challenge_code_invalid
    identity_code_wrong
    identity_code_expired
    birth_date_invalid
    user_too_young
    quote_not_found
    quote_mismatch
    on_lapse_invalid
    field_not_accepted
    field_immutable
    email_invalid
    external_id_invalid
    phone_invalid
    country_code_invalid
    brand_name_misleading
    color_invalid
    event_type_unknown
    header_invalid
    cursor_expired
    instant_invalid
    "#);
}

#[test]
fn a_wait_is_said_in_minutes() {
    for (retry_after_s, wanted) in
        [(1, "1 minute"), (60, "1 minute"), (61, "2 minutes"), (597, "10 minutes")]
    {
        let message = ApiError::CodesLimited { retry_after_s }.body("req_test_1").message;
        assert!(message.contains(&format!("Try again in {wanted}, ")), "{message}");
    }
}
