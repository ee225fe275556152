//! Every failure that a caller can see: one table, one shape.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gate_app::bootstrap::BootstrapError;
use gate_app::cancel_session::CancelError;
use gate_app::create_session::CreateError;
use gate_app::customers::CustomerError;
use gate_app::deposits::{DepositError, SimulateError};
use gate_app::endpoints::EndpointError;
use gate_app::identity::IdentityError;
use gate_app::journey::JourneyError;
use gate_app::quotes::PriceError;
use gate_app::rails::RailError;
use gate_app::readiness::Unready;
use gate_app::refunds::RefundError;
use gate_app::replays::ReplayError;
use gate_app::screening::HeldAddress;
use gate_app::webhooks::WebhookError;
use gate_domain::Mode;
use gate_domain::catalogue::{Refusal, RefusalCode};
use gate_domain::destination::DestinationError;
use gate_domain::money::Money;
use gate_domain::person::BirthDateError;
use gate_domain::price::NoPrice;
use gate_domain::refund::NotRefundable;
use gate_domain::session::Refused;
use gate_domain::signed_quote::NotRedeemable;
use gate_rails::CardProblem;
use gate_store::{KeyAccess, StoreError};
use gate_wire::ErrorBody;
use gate_wire::error::{ProblemBody, ReasonBody, SessionStatusBody};

use crate::exposed::{Place, Secret};
use crate::fields::shown;
use crate::version::VERSION;

pub(crate) mod registry;
#[cfg(test)]
mod tests;

/// A failure, before it is put into words.
#[derive(Debug)]
pub(crate) enum ApiError {
    // The request itself.
    Problems(Vec<ProblemBody>, Option<Box<ReasonBody>>),
    MalformedJson(String),
    NotUtf8,
    WrongContentType,
    BodyTooLarge,
    BodyTooSlow,
    IdempotencyKeyRequired,
    IdempotencyKeyInvalid,
    UnknownRoute,
    MethodNotAllowed,
    VersionUnknown(String),
    RateLimited { retry_after_s: u64 },
    CodesLimited { retry_after_s: u64 },
    // Who asks.
    NoKey,
    KeyMalformed,
    SecretKeyWanted,
    PublishableKeyWanted,
    KeyUnknown,
    KeyEnded,
    KeyRestricted { access: KeyAccess, needed: &'static str },
    ModeNotServed(Mode),
    SecretExposed(Secret, Place),
    TokenInvalid,
    TokenWithoutSession,
    ScopeMissing(&'static str),
    OriginNotAllowed,
    ClientSecretInvalid,
    // What is asked for.
    NotFound(&'static str),
    Session(Refused),
    SessionNotOpen(SessionStatusBody),
    AssetNotAvailable,
    Refused(Box<Refusal>),
    KycPackageNotEnabled,
    NoPrice(NoPrice),
    QuoteExpired,
    Card(CardProblem),
    Wallet(DestinationError),
    NotEnabled,
    Quote(NotRedeemable, &'static str),
    WalletAddressMissing,
    RailOutOfStep(&'static str),
    RefundNotSupported,
    TransactionNotCompleted(&'static str),
    NothingToRefund,
    RefundTooLarge(Money),
    RefundInFlight,
    NoEndpoint,
    NotDeadLettered(&'static str),
    EndpointsLimit,
    SecretsLimit,
    ReplaysLimit,
    CustomerExists { field: &'static str, id: String, deleted: bool },
    ReferenceInUse(SessionStatusBody),
    UrlNotAllowed { param: &'static str, origin: String },
    KeyReused,
    // Ourselves.
    Busy,
    NotReady(Vec<Unready>),
    PaymentsPaused,
    TwinInProgress,
    Internal,
}

/// One row of the table.
struct Row(StatusCode, &'static str, &'static str, String);

impl ApiError {
    /// One problem of one field.
    pub(crate) fn field(param: &str, code: &str, message: &str) -> Self {
        let problem =
            ProblemBody { param: param.into(), code: code.into(), message: message.into() };
        Self::problems(vec![problem])
    }

    /// Every problem of a request.
    pub(crate) fn problems(problems: Vec<ProblemBody>) -> Self {
        Self::Problems(problems, None)
    }

    /// Status, type, code, and a sentence for people.
    fn row(&self) -> Row {
        use StatusCode as S;
        let invalid =
            |status, code, message: &str| Row(status, "invalid_request", code, message.into());
        let unauthorised = |code, message: &str| {
            Row(S::UNAUTHORIZED, "authentication_error", code, message.into())
        };
        let forbidden =
            |code, message: &str| Row(S::FORBIDDEN, "permission_error", code, message.into());
        let conflict = |code, message: &str| Row(S::CONFLICT, "conflict", code, message.into());
        match self {
            Self::Problems(problems, _) => {
                let (code, message) = match problems.first() {
                    Some(first) => (known_code(&first.code), first.message.as_str()),
                    None => ("invalid_request", "The request is not valid."),
                };
                invalid(S::BAD_REQUEST, code, message)
            }
            Self::MalformedJson(why) => invalid(
                S::BAD_REQUEST,
                "malformed_json",
                &format!("The body is not valid JSON: {why}."),
            ),
            Self::NotUtf8 => {
                invalid(S::BAD_REQUEST, "malformed_json", "The body is not valid UTF-8.")
            }
            Self::WrongContentType => invalid(
                S::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Send the body as JSON, with the header Content-Type: application/json.",
            ),
            Self::BodyTooLarge => invalid(
                S::PAYLOAD_TOO_LARGE,
                "body_too_large",
                "A request body has at most 256 KiB.",
            ),
            Self::BodyTooSlow => invalid(
                S::REQUEST_TIMEOUT,
                "request_timeout",
                "The body did not arrive within 10 s.",
            ),
            Self::IdempotencyKeyRequired => invalid(
                S::BAD_REQUEST,
                "idempotency_key_required",
                "Send an Idempotency-Key header, one per logical attempt, and the same one when you repeat it.",
            ),
            Self::IdempotencyKeyInvalid => invalid(
                S::BAD_REQUEST,
                "idempotency_key_invalid",
                "An Idempotency-Key has 1 to 255 printable ASCII characters.",
            ),
            Self::UnknownRoute => {
                Row(S::NOT_FOUND, "not_found", "route_not_found", "There is no such path.".into())
            }
            Self::MethodNotAllowed => invalid(
                S::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This path does not take this method.",
            ),
            Self::VersionUnknown(asked) => invalid(
                S::BAD_REQUEST,
                "version_unknown",
                &format!(
                    "There is no version {asked:?} of this API. Send Gate-Version: {VERSION}, or leave the header out."
                ),
            ),
            Self::RateLimited { retry_after_s } => Row(
                S::TOO_MANY_REQUESTS,
                "rate_limit",
                "rate_limited",
                format!("Too many requests. Wait {retry_after_s} s; the RateLimit headers say how many may come at once."),
            ),
            Self::CodesLimited { retry_after_s } => Row(
                S::TOO_MANY_REQUESTS,
                "rate_limit",
                "identity_codes_limited",
                format!("Enough codes were sent. Wait {retry_after_s} s before the next one, and look for the last one meanwhile."),
            ),
            Self::NoKey => unauthorised(
                "key_missing",
                "Send your API key in the header Authorization: Bearer <key>.",
            ),
            Self::KeyMalformed => unauthorised(
                "key_malformed",
                "This is no API key of this gateway. Keys begin with sk_test_, sk_live_, pk_test_ or pk_live_.",
            ),
            Self::SecretKeyWanted => unauthorised(
                "secret_key_required",
                "This call needs a secret key (sk_...), from your server. A publishable key only opens the embed.",
            ),
            Self::PublishableKeyWanted => unauthorised(
                "publishable_key_required",
                "This call needs a publishable key (pk_...). A secret key must never reach a browser; if this one did, roll it.",
            ),
            Self::KeyUnknown => unauthorised(
                "key_unknown",
                "This API key is not valid here. Check that it belongs to this gateway and was not revoked.",
            ),
            Self::KeyEnded => unauthorised(
                "key_expired",
                "This API key has expired or was revoked. Use a newer one.",
            ),
            Self::KeyRestricted { access, needed } => forbidden(
                "key_restricted",
                &format!(
                    "This key has the access {}; this call needs a key with the access {needed}.",
                    access.as_str()
                ),
            ),
            Self::ModeNotServed(mode) => unauthorised(
                "mode_not_served",
                match mode {
                    Mode::Live => "This gateway serves test mode only. Use a key that begins with sk_test_ or pk_test_.",
                    Mode::Test => "This gateway serves live mode only. Use a key that begins with sk_live_ or pk_live_.",
                },
            ),
            Self::SecretExposed(secret, place) => {
                let status = match place {
                    Place::Address => S::BAD_REQUEST,
                    Place::Browser => S::UNAUTHORIZED,
                };
                let kind = match place {
                    Place::Address => "invalid_request",
                    Place::Browser => "authentication_error",
                };
                Row(status, kind, "key_exposed", exposed_message(*secret, *place).into())
            }
            Self::TokenInvalid => unauthorised(
                "embed_token_invalid",
                "The embed token is missing, expired or not ours. Bootstrap again.",
            ),
            Self::TokenWithoutSession => forbidden(
                "session_required",
                "This embed token is not tied to a session. Bootstrap with a clientSecret.",
            ),
            Self::ScopeMissing(scope) => {
                forbidden("scope_missing", &format!("This embed token lacks the scope {scope}."))
            }
            Self::OriginNotAllowed => forbidden(
                "origin_not_allowed",
                "This page's origin is not among the partner's allowed origins. Scheme, host and port must match exactly.",
            ),
            Self::ClientSecretInvalid => unauthorised(
                "invalid_client_secret",
                "The client secret does not belong to a session of this partner and mode.",
            ),
            Self::NotFound(what) => {
                Row(S::NOT_FOUND, "not_found", "not_found", format!("There is no such {what}."))
            }
            Self::Session(Refused::PaymentInFlight) => conflict(
                "payment_in_flight",
                "A payment is in flight. Wait for it to end; money that is moving is never cancelled.",
            ),
            Self::Session(Refused::Ended) => {
                conflict("session_not_open", "The session has already ended. Create a new one.")
            }
            Self::Session(Refused::NotDue | Refused::OutOfStep) => conflict(
                "journey_out_of_step",
                "The journey is at another step, perhaps because of another tab. Read it again.",
            ),
            Self::Session(Refused::OtherQuote) => {
                conflict("quote_replaced", "Another price is on the table by now. Read the journey again.")
            }
            Self::SessionNotOpen(session) => conflict(
                "session_not_open",
                &format!("The session is {}. Create a new one.", session.status),
            ),
            Self::AssetNotAvailable => invalid(
                S::BAD_REQUEST,
                "asset_not_available",
                "This token on this network is not on offer in this session.",
            ),
            Self::Refused(refusal) => match refusal.code {
                RefusalCode::EntitlementRequired => {
                    forbidden(refusal.code.as_str(), &refusal.message)
                }
                code => invalid(S::BAD_REQUEST, code.as_str(), &refusal.message),
            },
            Self::KycPackageNotEnabled => Row(
                S::NOT_IMPLEMENTED,
                "not_enabled",
                "kyc_package_not_enabled",
                "This gateway cannot take over a KYC package yet. Leave kyc_package out: users are verified on the hosted page.".into(),
            ),
            Self::NoPrice(why) => conflict(
                "no_price",
                &format!("There is no price for this purchase now: {why}. Try again shortly."),
            ),
            Self::QuoteExpired => {
                conflict("quote_expired", "This price no longer holds. Look at the new one and confirm it.")
            }
            Self::Card(problem) => {
                invalid(S::BAD_REQUEST, card_field(*problem).1, &problem.to_string())
            }
            Self::Wallet(error) => {
                invalid(S::BAD_REQUEST, wallet_field(error).1, &error.to_string())
            }
            Self::NotEnabled => Row(
                S::NOT_IMPLEMENTED,
                "not_enabled",
                "mode_not_enabled",
                "Payments are not enabled in this mode of this gateway.".into(),
            ),
            Self::Quote(NotRedeemable::Consumed, _) => conflict(
                "quote_consumed",
                "This quote has been redeemed already. Lock a new one for another payment.",
            ),
            Self::Quote(NotRedeemable::Expired, _) => {
                conflict("quote_expired", "This quote has lapsed. Lock a new one.")
            }
            Self::Quote(
                why @ (NotRedeemable::OtherSide { .. }
                | NotRedeemable::OtherAmount { .. }
                | NotRedeemable::OtherAsset
                | NotRedeemable::OtherFlow),
                _,
            ) => invalid(S::BAD_REQUEST, "quote_mismatch", &quote_mismatch(why)),
            Self::WalletAddressMissing => invalid(
                S::BAD_REQUEST,
                "wallet_address_missing",
                "The session does not know where the tokens go. Create it with a wallet_address.",
            ),
            Self::RailOutOfStep(status) => conflict(
                "rail_payment_out_of_step",
                &format!("The rail payment is {status}. Read it again."),
            ),
            Self::RefundNotSupported => conflict(
                "refund_not_supported",
                "A sale is not refunded: its tokens stay where they are.",
            ),
            Self::TransactionNotCompleted(status) => conflict(
                "transaction_not_completed",
                &format!("The transaction is {status}. Only a completed one is refunded; what could not be delivered goes back by itself."),
            ),
            Self::NothingToRefund => conflict(
                "nothing_to_refund",
                "Everything that can be given back of this payment has been.",
            ),
            Self::RefundTooLarge(left) => conflict(
                "refund_too_large",
                &format!("At most {left} can be given back of this payment."),
            ),
            Self::RefundInFlight => conflict(
                "refund_in_flight",
                "Another refund of this transaction is under way. Wait until it has ended.",
            ),
            Self::NoEndpoint => invalid(
                S::BAD_REQUEST,
                "webhook_endpoint_missing",
                "No webhook endpoint is configured in this mode.",
            ),
            Self::NotDeadLettered(status) => invalid(
                S::BAD_REQUEST,
                "delivery_not_dead_lettered",
                &format!("Only a dead-lettered delivery can be replayed; this one is {status}."),
            ),
            Self::EndpointsLimit => conflict(
                "endpoints_limit_reached",
                "There are 20 webhook endpoints in this mode, and no more fit. Remove one first.",
            ),
            Self::SecretsLimit => conflict(
                "secrets_limit_reached",
                "Three older secrets of this endpoint still sign. Wait until one ends, or roll with overlap_seconds 0, which ends them all.",
            ),
            Self::ReplaysLimit => conflict(
                "replays_limit_reached",
                "Five replays are running in this mode. Wait for one of them, or cancel it.",
            ),
            Self::CustomerExists { field, id, deleted: false } => conflict(
                "customer_already_exists",
                &format!("The customer {id} has this {field} already."),
            ),
            Self::CustomerExists { field, id, deleted: true } => conflict(
                "customer_already_exists",
                &format!("The customer {id} had this {field} and was deleted; it stays taken."),
            ),
            Self::ReferenceInUse(session) => conflict(
                "client_reference_id_in_use",
                &format!(
                    "The session {} has this client_reference_id and was created with another body.",
                    session.id
                ),
            ),
            Self::UrlNotAllowed { origin, .. } => invalid(
                S::BAD_REQUEST,
                "url_not_allowed",
                &format!("{origin} is not among your allowed origins. Register it first."),
            ),
            Self::KeyReused => Row(
                S::CONFLICT,
                "idempotency_error",
                "idempotency_key_reused",
                "This Idempotency-Key was used with another body. Use a new key for a new request.".into(),
            ),
            Self::Busy => Row(
                S::SERVICE_UNAVAILABLE,
                "api_error",
                "try_again",
                "The gateway is busy. Try again shortly, with the same Idempotency-Key.".into(),
            ),
            Self::NotReady(unready) => {
                let parts: Vec<_> = unready.iter().map(ToString::to_string).collect();
                let message = format!("Not ready: {}.", parts.join("; "));
                Row(S::SERVICE_UNAVAILABLE, "api_error", "not_ready", message)
            }
            Self::PaymentsPaused => Row(
                S::SERVICE_UNAVAILABLE,
                "api_error",
                "payments_paused",
                "Payments are paused while the books are checked. Nothing has moved; try again later, with the same Idempotency-Key.".into(),
            ),
            Self::TwinInProgress => Row(
                S::TOO_EARLY,
                "idempotency_error",
                "request_in_progress",
                "A request with this Idempotency-Key is still being worked on. Try again shortly.".into(),
            ),
            Self::Internal => Row(
                S::INTERNAL_SERVER_ERROR,
                "api_error",
                "internal",
                "Our fault, not yours. Try again with the same Idempotency-Key, or tell us the request id.".into(),
            ),
        }
    }

    fn param(&self) -> Option<String> {
        match self {
            Self::Problems(problems, _) => problems.first().map(|problem| problem.param.clone()),
            Self::Card(problem) => Some(card_field(*problem).0.into()),
            Self::Wallet(error) => Some(wallet_field(error).0.into()),
            Self::UrlNotAllowed { param, .. } => Some((*param).into()),
            Self::Quote(_, param) => Some((*param).into()),
            Self::WalletAddressMissing => Some("/session_id".into()),
            Self::CustomerExists { field, .. } => Some(format!("/{field}")),
            Self::ReferenceInUse(_) => Some("/client_reference_id".into()),
            Self::ClientSecretInvalid => Some("/clientSecret".into()),
            Self::KycPackageNotEnabled => Some("/kyc_package".into()),
            Self::RefundTooLarge(_) => Some("/amount".into()),
            _ => None,
        }
    }

    fn reason(&self) -> Option<ReasonBody> {
        match self {
            Self::Problems(_, reason) => reason.as_deref().cloned(),
            Self::Refused(refusal) => Some((&**refusal).into()),
            Self::RefundTooLarge(left) => Some(ReasonBody {
                code: "refund_too_large".into(),
                message: format!("At most {left} can be given back of this payment."),
                retryable: true,
                maximum: Some(left.to_string()),
                remaining: Some(left.to_string()),
                next_step: Some("Ask for less, or leave amount out for all that is left.".into()),
                ..ReasonBody::default()
            }),
            Self::Wallet(error) => Some(ReasonBody {
                code: wallet_field(error).1.into(),
                message: error.to_string(),
                retryable: true,
                next_step: error.next_step().map(str::to_owned),
                ..ReasonBody::default()
            }),
            _ => None,
        }
    }

    /// The body, once the request has an id.
    pub(crate) fn body(&self, request_id: &str) -> ErrorBody {
        let Row(status, kind, code, message) = self.row();
        ErrorBody {
            kind: kind.into(),
            code: code.into(),
            message,
            request_id: request_id.into(),
            doc_url: None,
            status_code: status.as_u16(),
            param: self.param(),
            reason: self.reason(),
            errors: match self {
                Self::Problems(problems, _) => problems.clone(),
                _ => Vec::new(),
            },
            session: match self {
                Self::SessionNotOpen(session) | Self::ReferenceInUse(session) => {
                    Some(session.clone())
                }
                _ => None,
            },
        }
    }

    fn headers(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::RateLimited { retry_after_s } | Self::CodesLimited { retry_after_s } => {
                Some((header::RETRY_AFTER, HeaderValue::from(*retry_after_s)))
            }
            Self::Busy | Self::NotReady(_) | Self::TwinInProgress => {
                Some((header::RETRY_AFTER, HeaderValue::from_static("1")))
            }
            Self::PaymentsPaused => Some((header::RETRY_AFTER, HeaderValue::from_static("60"))),
            Self::NoKey
            | Self::KeyMalformed
            | Self::KeyUnknown
            | Self::KeyEnded
            | Self::ModeNotServed(_)
            | Self::SecretKeyWanted => {
                Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            _ => None,
        }
    }
}

/// What happened to a secret in the wrong place, and what to do about it.
fn exposed_message(secret: Secret, place: Place) -> &'static str {
    match (secret, place) {
        (Secret::ApiKey, Place::Address) => {
            "A secret key was sent in the URL, where logs and histories keep it. Take it for known to others: roll it now, and send keys in the header Authorization: Bearer <key> only."
        }
        (Secret::Webhook, Place::Address) => {
            "A webhook secret was sent in the URL, where logs and histories keep it. Take it for known to others: roll the secret of that endpoint now."
        }
        (Secret::Client, Place::Address) => {
            "A client secret was sent in the URL, where logs and histories keep it. Cancel that session and create a new one; the client secret belongs in a fragment or a body only."
        }
        (_, Place::Browser) => {
            "A secret was sent where a publishable key (pk_...) belongs. What a browser holds is known to others: roll that secret now, and use the publishable key here."
        }
    }
}

fn quote_mismatch(why: &NotRedeemable) -> String {
    let mut sentence = why.to_string();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{sentence}. A session's terms are fixed when it is created, so use a quote that fits.")
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

fn wallet_field(error: &DestinationError) -> (&'static str, &'static str) {
    match error {
        DestinationError::Memo(_) => ("/memo", "invalid_wallet_memo"),
        _ => ("/address", "invalid_wallet_address"),
    }
}

fn card_field(problem: CardProblem) -> (&'static str, &'static str) {
    match problem {
        CardProblem::Number => ("/card/number", "card_number_invalid"),
        CardProblem::Expiry => ("/card/expiry", "card_expiry_invalid"),
        CardProblem::Cvc => ("/card/cvc", "card_cvc_invalid"),
        CardProblem::TestCardRequired => ("/card/number", "test_card_required"),
    }
}

/// A failure on its way out: the request's id is not known here, so the outermost layer writes the
/// body.
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.row().0.into_response();
        if let Some((name, value)) = self.headers() {
            response.headers_mut().insert(name, value);
        }
        response.extensions_mut().insert(std::sync::Arc::new(self));
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded | StoreError::Retry | StoreError::Unavailable(_) => {
                tracing::warn!(%error, "the store could not take the request");
                Self::Busy
            }
            StoreError::Full(_) => {
                tracing::error!(%error, "the store cannot write");
                Self::Busy
            }
            StoreError::NulInText => {
                Self::field("", "invalid_text", "Text must not hold the NUL character.")
            }
            error => {
                tracing::error!(%error, "the store failed");
                Self::Internal
            }
        }
    }
}

impl From<RefundError> for ApiError {
    fn from(error: RefundError) -> Self {
        let amount = |why: String| Self::field("/amount", "amount_invalid", &why);
        match error {
            RefundError::KeyReused(_) => Self::KeyReused,
            RefundError::NotFound => Self::NotFound("transaction"),
            RefundError::NotCompleted(status) => Self::TransactionNotCompleted(status),
            RefundError::NotRefundable(NotRefundable::Sale) => Self::RefundNotSupported,
            RefundError::NotRefundable(NotRefundable::NothingLeft | NotRefundable::TooMuch) => {
                Self::NothingToRefund
            }
            RefundError::TooMuch { left } => Self::RefundTooLarge(left),
            RefundError::InFlight => Self::RefundInFlight,
            RefundError::Paused => Self::PaymentsPaused,
            RefundError::Amount(why) => amount(format!("amount {why}.")),
            RefundError::Nothing => amount("amount must be more than 0.".into()),
            // The twin that was quicker has not ended for as long as we were willing to wait.
            RefundError::Store(StoreError::Retry) => Self::TwinInProgress,
            RefundError::Store(error) => error.into(),
        }
    }
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::KeyReused(_) => Self::KeyReused,
            CreateError::Quote(why) => Self::Quote(why, "/quote_preview_id"),
            CreateError::Wallet(why) => {
                let (name, code, message) = wallet_problem(&why);
                Self::field(&format!("/{name}"), code, &message)
            }
            CreateError::UrlNotAllowed { param, origin } => Self::UrlNotAllowed { param, origin },
            CreateError::ReferenceInUse(session) => Self::ReferenceInUse(SessionStatusBody {
                id: session.id.to_string(),
                status: session.status().into(),
            }),
            // The twin that was quicker has not ended for as long as we were willing to wait.
            CreateError::Store(StoreError::Retry) => Self::TwinInProgress,
            CreateError::Store(error) => error.into(),
        }
    }
}

impl From<CustomerError> for ApiError {
    fn from(error: CustomerError) -> Self {
        match error {
            CustomerError::NotFound => Self::NotFound("customer"),
            CustomerError::Exists { field, id, deleted } => {
                Self::CustomerExists { field, id: id.to_string(), deleted }
            }
            CustomerError::KeyReused(_) => Self::KeyReused,
            CustomerError::Store(StoreError::Retry) => Self::TwinInProgress,
            CustomerError::Store(error) => error.into(),
        }
    }
}

impl From<CancelError> for ApiError {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::NotFound => Self::NotFound("session"),
            CancelError::Refused(refused) => Self::Session(refused),
            CancelError::Store(error) => error.into(),
        }
    }
}

impl From<BootstrapError> for ApiError {
    fn from(error: BootstrapError) -> Self {
        match error {
            BootstrapError::OriginNotAllowed => Self::OriginNotAllowed,
            BootstrapError::InvalidClientSecret => Self::ClientSecretInvalid,
            BootstrapError::UnknownScope(scope) => Self::field(
                "/requested_scopes",
                "unknown_scope",
                &format!(
                    "There is no scope {:?}; there are journey:read and journey:act.",
                    shown(&scope)
                ),
            ),
            BootstrapError::SessionNotOpen(session) => Self::SessionNotOpen(SessionStatusBody {
                id: session.id.to_string(),
                status: session.status().into(),
            }),
            BootstrapError::Store(error) => error.into(),
        }
    }
}

impl From<PriceError> for ApiError {
    fn from(error: PriceError) -> Self {
        match error {
            PriceError::Refused(refusal) if refusal.code == RefusalCode::AmountOutOfRange => {
                let problem = ProblemBody {
                    param: "/amount".into(),
                    code: refusal.code.as_str().into(),
                    message: refusal.message.clone(),
                };
                Self::Problems(vec![problem], Some(Box::new((&*refusal).into())))
            }
            PriceError::Refused(refusal) => Self::Refused(refusal),
            PriceError::NoPrice(why) => Self::NoPrice(why),
            PriceError::NotEnabled => Self::NotEnabled,
            PriceError::KeyReused(_) => Self::KeyReused,
            PriceError::Store(StoreError::Retry) => Self::TwinInProgress,
            PriceError::Store(error) => error.into(),
        }
    }
}

impl From<RailError> for ApiError {
    fn from(error: RailError) -> Self {
        match error {
            RailError::KeyReused(_) => Self::KeyReused,
            RailError::NotFound(what) => Self::NotFound(what),
            RailError::Refused(refusal) => Self::Refused(refusal),
            RailError::Quote(why) => Self::Quote(why, "/quote_id"),
            RailError::NoAddress => Self::WalletAddressMissing,
            RailError::AddressHeld => Self::field(
                "/session_id",
                "invalid_wallet_address",
                "The wallet address of this session cannot be used. Create a session with another address.",
            ),
            RailError::Session(refused) => Self::Session(refused),
            RailError::OutOfStep(status) => Self::RailOutOfStep(status),
            RailError::NotEnabled => Self::NotEnabled,
            RailError::Paused => Self::PaymentsPaused,
            RailError::Store(StoreError::Retry) => Self::TwinInProgress,
            RailError::Store(error) => error.into(),
        }
    }
}

impl From<Box<Refusal>> for ApiError {
    fn from(refusal: Box<Refusal>) -> Self {
        Self::Refused(refusal)
    }
}

impl From<JourneyError> for ApiError {
    fn from(error: JourneyError) -> Self {
        match error {
            JourneyError::NotFound => Self::NotFound("session"),
            JourneyError::Refused(refused) => Self::Session(refused),
            JourneyError::AssetNotAvailable => Self::AssetNotAvailable,
            JourneyError::Unavailable(refusal) => Self::Refused(refusal),
            JourneyError::NoPrice(why) => Self::NoPrice(why),
            JourneyError::QuoteExpired => Self::QuoteExpired,
            JourneyError::Destination(error) => Self::Wallet(error),
            JourneyError::AddressHeld(which) => held_address(which),
            JourneyError::Card(problem) => Self::Card(problem),
            JourneyError::Identity(error) => error.into(),
            JourneyError::NotEnabled => Self::NotEnabled,
            JourneyError::Paused => Self::PaymentsPaused,
            JourneyError::Store(error) => error.into(),
        }
    }
}

/// Two of them were given before the request that is refused, for the price that it names.
fn held_address(which: HeldAddress) -> ApiError {
    let (param, message) = match which {
        HeldAddress::Given => {
            ("/address", "This address cannot be used here. Use another address.")
        }
        HeldAddress::Wallet => (
            "/quote_id",
            "The wallet address cannot be used here. Go back and use another address.",
        ),
        HeldAddress::Refund => (
            "/quote_id",
            "The refund address cannot be used here. Go back and use another address.",
        ),
    };
    ApiError::field(param, "invalid_wallet_address", message)
}

impl From<IdentityError> for ApiError {
    fn from(error: IdentityError) -> Self {
        let message = error.to_string();
        match error {
            IdentityError::CodeWrong { .. } => {
                Self::field("/code", "identity_code_wrong", &message)
            }
            IdentityError::CodeExpired => Self::field("/code", "identity_code_expired", &message),
            IdentityError::TooManyCodes { retry_after_s }
            | IdentityError::TooManyUnused { retry_after_s } => {
                Self::CodesLimited { retry_after_s }
            }
            IdentityError::BirthDate(BirthDateError::TooYoung) => {
                Self::field("/birth_date", "user_too_young", &message)
            }
            IdentityError::BirthDate(BirthDateError::Future | BirthDateError::TooLongAgo) => {
                Self::field("/birth_date", "birth_date_invalid", &message)
            }
            IdentityError::Missing(fields) => {
                let problems = fields.into_iter().map(|field| ProblemBody {
                    param: format!("/{field}"),
                    code: "field_required".into(),
                    message: format!("{field} is required."),
                });
                Self::problems(problems.collect())
            }
        }
    }
}

impl From<SimulateError> for ApiError {
    fn from(error: SimulateError) -> Self {
        match error {
            SimulateError::NotFound => Self::NotFound("session"),
            SimulateError::NotAsked => Self::Session(Refused::OutOfStep),
            SimulateError::Amount(why) => {
                Self::field("/amount", "amount_invalid", &format!("amount {why}."))
            }
            SimulateError::NothingMissing => {
                let message = "amount is required where nothing is missing.";
                Self::field("/amount", "field_required", message)
            }
            SimulateError::Memo(why) => Self::Wallet(why.into()),
            SimulateError::NotStray => Self::field(
                "/memo",
                "invalid_wallet_memo",
                "A sale waits at this address with this memo. Send a memo that nobody was given, or none where the network has memos.",
            ),
            SimulateError::NoToken => {
                let message = "There is no such token on this network.";
                Self::field("/token", "asset_not_available", message)
            }
            SimulateError::NotEnabled => Self::NotEnabled,
            SimulateError::Deposit(DepositError::Store(error)) | SimulateError::Store(error) => {
                error.into()
            }
            SimulateError::Deposit(DepositError::OtherFamily) => {
                let message = "Tokens of that network do not come in at the address of this session: name a network with addresses of the same kind.";
                Self::field("/network", "asset_not_available", message)
            }
            SimulateError::Deposit(error) => JourneyError::from(error).into(),
        }
    }
}

impl From<WebhookError> for ApiError {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::NoEndpoint => Self::NoEndpoint,
            WebhookError::NotFound => Self::NotFound("delivery"),
            WebhookError::NotDeadLettered(status) => Self::NotDeadLettered(status.as_str()),
            WebhookError::Store(error) => error.into(),
        }
    }
}

impl From<EndpointError> for ApiError {
    fn from(error: EndpointError) -> Self {
        match error {
            EndpointError::NotFound => Self::NotFound("webhook endpoint"),
            EndpointError::LimitReached => Self::EndpointsLimit,
            EndpointError::SecretsLimitReached => Self::SecretsLimit,
            EndpointError::Url(problem) => {
                Self::field("/url", "url_invalid", &format!("url {problem}."))
            }
            EndpointError::KeyReused(_) => Self::KeyReused,
            EndpointError::CannotOpen(error) => {
                tracing::error!(%error, "a stored secret cannot be shown");
                Self::Internal
            }
            EndpointError::Store(StoreError::Retry) => Self::TwinInProgress,
            EndpointError::Store(error) => error.into(),
        }
    }
}

impl From<ReplayError> for ApiError {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::NotFound => Self::NotFound("replay"),
            ReplayError::EventNotFound => Self::NotFound("event"),
            ReplayError::EndpointNotFound => Self::NotFound("webhook endpoint"),
            ReplayError::LimitReached => Self::ReplaysLimit,
            ReplayError::KeyReused(_) => Self::KeyReused,
            ReplayError::Store(StoreError::Retry) => Self::TwinInProgress,
            ReplayError::Store(error) => error.into(),
        }
    }
}

/// Codes of single fields, so that the code of the whole is a constant too.
fn known_code(code: &str) -> &'static str {
    FIELD_CODES.iter().find(|known| **known == code).copied().unwrap_or("invalid_request")
}

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
