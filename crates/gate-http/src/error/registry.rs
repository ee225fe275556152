//! Every failure that the API knows: the one list behind the OpenAPI document, the reference page and
//! the table in docs/API.md. Each entry is a real answer, so the words here are those on the wire.

use gate_app::readiness::Unready;
use gate_domain::Mode;
use gate_domain::catalogue::{Refusal, RefusalCode};
use gate_domain::destination::{DestinationError, MemoError};
use gate_domain::money::{Asset, Money};
use gate_domain::price::NoPrice;
use gate_domain::session::Refused;
use gate_domain::signed_quote::NotRedeemable;
use gate_rails::CardProblem;
use gate_store::KeyAccess;
use gate_wire::ErrorBody;
use gate_wire::error::{ProblemBody, ReasonBody, SessionStatusBody};

use super::ApiError;
use super::codes::FIELD_CODES;
use crate::exposed::{Place, Secret};

/// The id that stands for the request in examples.
const REQUEST_ID: &str = "req_test_01kdz7mn5sfrkte8kjb6v4w0xq";

/// One code, and an answer that carries it.
pub(crate) struct Failure {
    /// The HTTP status.
    pub(crate) status: u16,
    name: String,
    /// What the caller reads.
    pub(crate) body: ErrorBody,
    /// Seconds to wait, where the answer says so.
    pub(crate) retries: bool,
}

impl Failure {
    pub(crate) fn code(&self) -> &str {
        &self.body.code
    }

    /// The name that tells it from all others: its code, and where one code has two statuses, the
    /// second one with its status.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

/// Every status and code there is, once each, by status and then in the order of the table.
pub(crate) fn failures() -> Vec<Failure> {
    let fields = FIELD_CODES.iter().map(|code| field_failure(code));
    let all = fields.chain(every_failure()).map(|error| Failure {
        status: error.row().0.as_u16(),
        name: error.row().2.to_owned(),
        body: error.body(REQUEST_ID),
        retries: error.headers().is_some_and(|(name, _)| name == http::header::RETRY_AFTER),
    });
    let mut failures: Vec<Failure> = Vec::new();
    for failure in all {
        let known =
            |other: &Failure| (other.status, other.code()) == (failure.status, failure.code());
        if failure.code() != "invalid_request" && !failures.iter().any(known) {
            failures.push(failure);
        }
    }
    failures.sort_by_key(|failure| failure.status);
    for place in 1..failures.len() {
        if failures[..place].iter().any(|other| other.name == failures[place].name) {
            failures[place].name = format!("{}_{}", failures[place].name, failures[place].status);
        }
    }
    failures
}

/// A field with such a problem.
fn field_failure(code: &str) -> ApiError {
    let (param, message) = (field_of(code), words(code));
    let problem = ProblemBody { param: param.into(), code: code.into(), message: message.into() };
    let reason = (code == "amount_out_of_range").then(|| {
        Box::new(ReasonBody {
            code: code.into(),
            message: message.into(),
            retryable: true,
            limit: Some("10.00 EUR".into()),
            minimum: Some("10.00 EUR".into()),
            maximum: Some("10000.00 EUR".into()),
            next_step: Some("Choose an amount within these limits.".into()),
            ..ReasonBody::default()
        })
    });
    ApiError::Problems(vec![problem], reason)
}

/// A rule that says no.
fn refused(code: RefusalCode) -> ApiError {
    ApiError::Refused(Box::new(Refusal {
        code,
        message: words(code.as_str()).into(),
        retryable: true,
        limit: None,
        minimum: None,
        maximum: None,
        remaining: None,
        renews_at: None,
        next_step: "Read the capabilities again.".into(),
    }))
}

/// One failure of every kind that has a row of its own. A test reads the source of [`ApiError`] and
/// finds what is missing here.
pub(crate) fn every_failure() -> Vec<ApiError> {
    let status = SessionStatusBody { id: "gs_test_1".into(), status: "expired".into() };
    let refusals = [Refused::PaymentInFlight, Refused::Ended, Refused::NotDue, Refused::OutOfStep];
    let cards =
        [CardProblem::Number, CardProblem::Expiry, CardProblem::Cvc, CardProblem::TestCardRequired];
    let mut all = vec![
        ApiError::problems(Vec::new()),
        ApiError::MalformedJson("why".into()),
        ApiError::NotUtf8,
        ApiError::WrongContentType,
        ApiError::BodyTooLarge,
        ApiError::BodyTooSlow,
        ApiError::IdempotencyKeyRequired,
        ApiError::IdempotencyKeyInvalid,
        ApiError::UnknownRoute,
        ApiError::MethodNotAllowed,
        ApiError::VersionUnknown("2020-01-01".into()),
        ApiError::RateLimited { retry_after_s: 1 },
        ApiError::CodesLimited { retry_after_s: 240 },
        ApiError::NoKey,
        ApiError::KeyMalformed,
        ApiError::SecretKeyWanted,
        ApiError::PublishableKeyWanted,
        ApiError::KeyUnknown,
        ApiError::KeyEnded,
        ApiError::KeyRestricted { access: KeyAccess::ReadOnly, needed: "full" },
        ApiError::ModeNotServed(Mode::Live),
        ApiError::SecretExposed(Secret::ApiKey, Place::Address),
        ApiError::SecretExposed(Secret::ApiKey, Place::Browser),
        ApiError::TokenInvalid,
        ApiError::TokenWithoutSession,
        ApiError::ScopeMissing("journey:act"),
        ApiError::OriginNotAllowed,
        ApiError::ClientSecretInvalid,
        ApiError::NotFound("session"),
        ApiError::Session(Refused::OtherQuote),
        ApiError::SessionNotOpen(status.clone()),
        ApiError::AssetNotAvailable,
        ApiError::NoPrice(NoPrice::NoMarket),
        ApiError::QuoteExpired,
        ApiError::Wallet(DestinationError::Checksum),
        ApiError::Wallet(DestinationError::Memo(MemoError::Tag)),
        ApiError::NotEnabled,
        ApiError::KycPackageNotEnabled,
        ApiError::Quote(NotRedeemable::Consumed, "/quote_id"),
        ApiError::Quote(NotRedeemable::OtherFlow, "/quote_id"),
        ApiError::WalletAddressMissing,
        ApiError::RailOutOfStep("settled"),
        ApiError::RefundNotSupported,
        ApiError::TransactionNotCompleted("settling"),
        ApiError::NothingToRefund,
        ApiError::RefundTooLarge(Money::new(
            98_15,
            Asset { code: "EUR".into(), network: None, decimals: 2 },
        )),
        ApiError::RefundInFlight,
        ApiError::NoEndpoint,
        ApiError::NotDeadLettered("pending"),
        ApiError::EndpointsLimit,
        ApiError::SecretsLimit,
        ApiError::ReplaysLimit,
        ApiError::CustomerExists { field: "email", id: "cus_test_1".into(), deleted: false },
        ApiError::ReferenceInUse(status),
        ApiError::UrlNotAllowed { param: "/return_url", origin: "https://x.example".into() },
        ApiError::KeyReused,
        ApiError::Busy,
        ApiError::NotReady(vec![Unready::Deliveries { late_ms: 75_000, late_ms_max: 60_000 }]),
        ApiError::PaymentsPaused,
        ApiError::TwinInProgress,
        ApiError::Internal,
    ];
    // What a user may move is no failure: their journey says it.
    let of_requests = |code: &RefusalCode| *code != RefusalCode::LimitReached;
    all.extend(RefusalCode::ALL.into_iter().filter(of_requests).map(refused));
    all.extend(refusals.map(ApiError::Session));
    all.extend(cards.map(ApiError::Card));
    all
}

/// A field that the code is typical for.
fn field_of(code: &str) -> &'static str {
    match code {
        "currency_not_supported" => "/currency",
        "asset_not_available" => "/target_token",
        "flow_not_supported" => "/flow",
        "url_invalid" => "/return_url",
        "invalid_wallet_address" => "/wallet_address",
        "invalid_wallet_memo" => "/wallet_memo",
        "iban_invalid" => "/iban",
        "sort_code_invalid" => "/sort_code",
        "account_number_invalid" => "/account_number",
        "routing_number_invalid" => "/routing_number",
        "pix_key_invalid" => "/pix_key",
        "user_reference_not_opaque" => "/user_reference",
        "metadata_invalid" => "/metadata",
        "cursor_invalid" => "starting_after",
        "unknown_scope" => "/requested_scopes",
        "quote_id_invalid" => "/quote_id",
        "challenge_code_invalid" | "identity_code_wrong" | "identity_code_expired" => "/code",
        "birth_date_invalid" | "user_too_young" => "/birth_date",
        "quote_not_found" | "quote_mismatch" => "/quote_preview_id",
        "on_lapse_invalid" => "/on_lapse",
        "field_not_accepted" => "/amount",
        "email_invalid" | "field_immutable" => "/email",
        "external_id_invalid" => "/external_id",
        "phone_invalid" => "/phone",
        "country_code_invalid" => "/country_code",
        "brand_name_misleading" => "/brand_name",
        "color_invalid" => "/primary_color",
        "event_type_unknown" => "/event_types/0",
        "header_invalid" => "/headers/content-type",
        "cursor_expired" => "after",
        "instant_invalid" => "/since",
        _ => "/amount",
    }
}

/// What such a problem says.
fn words(code: &str) -> &'static str {
    match code {
        "country_not_supported" => "Nothing is on offer in this country.",
        "network_not_available" => "Nothing is on offer on this network.",
        "method_not_available" => "This method is not on offer for this currency and country.",
        "flow_not_available" => "This flow is not on offer.",
        "flow_not_available_here" => "The hosted page has no journey for this flow.",
        "entitlement_required" => {
            "This needs the entitlement \"rails\", which is not part of your contract."
        }
        "field_required" => "amount is required.",
        "field_unknown" => "There is no field \"colour\".",
        "field_type" => "amount must be a string.",
        "field_length" => "amount must have 1 to 30 characters.",
        "field_range" => "limit must be a whole number from 1 to 100.",
        "amount_invalid" => "amount must be a decimal string such as \"100.00\".",
        "amount_out_of_range" => "amount must be from 10.00 EUR to 10000.00 EUR.",
        "currency_not_supported" => "This currency is not on offer.",
        "asset_not_available" => "This token on this network is not on offer.",
        "flow_not_supported" => "This flow is not on offer.",
        "url_invalid" => "return_url must be an absolute https URL.",
        "invalid_wallet_address" => "This is no address of this network.",
        "invalid_wallet_memo" => "A destination tag is a number from 0 to 4294967295.",
        "iban_invalid" => "The IBAN does not have the length and form of its country.",
        "sort_code_invalid" => "A sort code has 6 digits, such as 30-90-09.",
        "account_number_invalid" => "An account number has 6 to 8 digits, such as 33669933.",
        "routing_number_invalid" => {
            "The digits of this routing number do not fit together, so one of them may be wrong."
        }
        "pix_key_invalid" => {
            "A Pix key is a CPF, a CNPJ, a phone number with +55, an e-mail address or a random key."
        }
        "user_reference_not_opaque" => {
            "user_reference must not be an e-mail address, a phone number or a card number."
        }
        "metadata_invalid" => "metadata has at most 50 keys.",
        "invalid_text" => "amount must not contain control characters.",
        "cursor_invalid" => "starting_after must be the id of the last row of the page before.",
        "unknown_scope" => "There is no scope \"admin\"; there are journey:read and journey:act.",
        "quote_id_invalid" => "quote_id must be the id of a quote.",
        "challenge_code_invalid" => "code must have six digits.",
        "identity_code_wrong" => "This is not the code that was sent. You can try 4 more times.",
        "identity_code_expired" => "This code is not good any more. Have a new one sent.",
        "birth_date_invalid" => "birth_date must be a day in the past.",
        "user_too_young" => "You have to be at least 18 years old.",
        "quote_not_found" => "There is no such quote.",
        "quote_mismatch" => "The quote is for 100.00 EUR. Leave amount out, or send the same.",
        "on_lapse_invalid" => {
            "on_lapse must be requote, refund, or convert_within: and 1 to 1000 hundredths of a percent."
        }
        "field_not_accepted" => "amount comes from the quote and is not accepted. Leave it out.",
        "field_immutable" => "email never changes. Leave it out.",
        "email_invalid" => "email must be an address such as ada@example.com.",
        "external_id_invalid" => "external_id may hold letters, digits, and . _ : - only.",
        "phone_invalid" => "phone must be in E.164, such as +442071838750.",
        "country_code_invalid" => "country_code must have two letters, such as GB (ISO 3166-1).",
        "brand_name_misleading" => {
            "brand_name must not hold the word \"kyc\": it would suggest that your company runs compliance or settlement. Use the name that your users know you by."
        }
        "color_invalid" => "primary_color must be written as #RRGGBB, such as #0D6B54.",
        "event_type_unknown" => {
            "There is no event type \"gate_session.paid\". Send exact types such as gate_session.completed, families such as rail.*, or *."
        }
        "cursor_expired" => {
            "The feed begins behind 4711: what stood before it is kept no longer. Go on with after=4711, and read what you missed from the objects themselves."
        }
        "header_invalid" => "headers: this header is set by the gateway; choose another name.",
        "instant_invalid" => "since must be a time in RFC 3339, such as 2026-11-23T12:00:00Z.",
        _ => "The request is not valid.",
    }
}
