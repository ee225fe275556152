//! Codes of single fields, and which field it is where the cause itself says that.

use gate_domain::destination::DestinationError;
use gate_rails::CardProblem;

/// Every code that a single field can have.
pub(crate) const FIELD_CODES: &[&str] = &[
    "field_required",
    "field_unknown",
    "field_type",
    "field_length",
    "field_range",
    "amount_invalid",
    "amount_out_of_range",
    "currency_not_supported",
    "asset_not_available",
    "network_not_available",
    "method_not_available",
    "country_not_supported",
    "flow_not_supported",
    "flow_not_available",
    "url_invalid",
    "invalid_wallet_address",
    "invalid_wallet_memo",
    "iban_invalid",
    "sort_code_invalid",
    "account_number_invalid",
    "routing_number_invalid",
    "pix_key_invalid",
    "user_reference_not_opaque",
    "metadata_invalid",
    "invalid_text",
    "cursor_invalid",
    "unknown_scope",
    "quote_id_invalid",
    "challenge_code_invalid",
    "identity_code_wrong",
    "identity_code_expired",
    "birth_date_invalid",
    "user_too_young",
    "quote_not_found",
    "quote_mismatch",
    "on_lapse_invalid",
    "field_not_accepted",
    "field_immutable",
    "email_invalid",
    "external_id_invalid",
    "phone_invalid",
    "country_code_invalid",
    "brand_name_misleading",
    "color_invalid",
    "event_type_unknown",
    "header_invalid",
    "cursor_expired",
    "instant_invalid",
];

/// Codes of single fields, so that the code of the whole is a constant too.
pub(super) fn known_code(code: &str) -> &'static str {
    FIELD_CODES.iter().find(|known| **known == code).copied().unwrap_or("invalid_request")
}

/// What is wrong with the wallet that a partner names for a session: its field, a code, a sentence.
pub(crate) fn wallet_problem(why: &DestinationError) -> (&'static str, &'static str, String) {
    let (name, code) = match why {
        DestinationError::Memo(_) => ("wallet_memo", "invalid_wallet_memo"),
        _ => ("wallet_address", "invalid_wallet_address"),
    };
    let next_step = why.next_step().map(|step| format!(" {step}")).unwrap_or_default();
    (name, code, format!("{name}: {why}{next_step}"))
}

pub(super) fn wallet_field(error: &DestinationError) -> (&'static str, &'static str) {
    match error {
        DestinationError::Memo(_) => ("/memo", "invalid_wallet_memo"),
        _ => ("/address", "invalid_wallet_address"),
    }
}

pub(super) fn card_field(problem: CardProblem) -> (&'static str, &'static str) {
    match problem {
        CardProblem::Number => ("/card/number", "card_number_invalid"),
        CardProblem::Expiry => ("/card/expiry", "card_expiry_invalid"),
        CardProblem::Cvc => ("/card/cvc", "card_cvc_invalid"),
        CardProblem::TestCardRequired => ("/card/number", "test_card_required"),
    }
}
