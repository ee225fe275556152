//! Every failure that a caller can see: one table, one shape.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gate_app::bootstrap::BootstrapError;
use gate_app::cancel_session::CancelError;
use gate_app::create_session::CreateError;
use gate_app::journey::JourneyError;
use gate_app::webhooks::WebhookError;
use gate_domain::session::Refused;
use gate_domain::wallet::AddressError;
use gate_rails::CardProblem;
use gate_store::StoreError;
use gate_wire::ErrorBody;
use gate_wire::error::{ProblemBody, ReasonBody, SessionStatusBody};

use crate::fields::shown;

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
    // Who asks.
    NoKey,
    KeyMalformed,
    SecretKeyWanted,
    PublishableKeyWanted,
    KeyUnknown,
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
    NoPrice,
    QuoteExpired,
    Card(CardProblem),
    Wallet(AddressError),
    NotEnabled,
    NoEndpoint,
    NotDeadLettered(&'static str),
    UrlNotAllowed { param: &'static str, origin: String },
    KeyReused,
    // Ourselves.
    Busy,
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
            Self::NoPrice => conflict("no_price", "There is no price for this purchase now. Try again shortly."),
            Self::QuoteExpired => {
                conflict("quote_expired", "This price no longer holds. Look at the new one and confirm it.")
            }
            Self::Card(problem) => {
                invalid(S::BAD_REQUEST, card_field(*problem).1, &problem.to_string())
            }
            Self::Wallet(error) => {
                invalid(S::BAD_REQUEST, "invalid_wallet_address", &error.to_string())
            }
            Self::NotEnabled => Row(
                S::NOT_IMPLEMENTED,
                "not_enabled",
                "mode_not_enabled",
                "Payments are not enabled in this mode of this gateway.".into(),
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
            Self::Wallet(_) => Some("/address".into()),
            Self::UrlNotAllowed { param, .. } => Some((*param).into()),
            Self::ClientSecretInvalid => Some("/clientSecret".into()),
            _ => None,
        }
    }

    fn reason(&self) -> Option<ReasonBody> {
        match self {
            Self::Problems(_, reason) => reason.as_deref().cloned(),
            Self::Wallet(error) => Some(ReasonBody {
                code: "invalid_wallet_address".into(),
                message: error.to_string(),
                retryable: true,
                next_step: Some(error.next_step().into()),
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
                Self::SessionNotOpen(session) => Some(session.clone()),
                _ => None,
            },
        }
    }

    fn headers(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Busy | Self::TwinInProgress => {
                Some((header::RETRY_AFTER, HeaderValue::from_static("1")))
            }
            Self::NoKey | Self::KeyMalformed | Self::KeyUnknown | Self::SecretKeyWanted => {
                Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            _ => None,
        }
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

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::KeyReused(_) => Self::KeyReused,
            CreateError::UrlNotAllowed { param, origin } => Self::UrlNotAllowed { param, origin },
            // The twin that was quicker has not ended for as long as we were willing to wait.
            CreateError::Store(StoreError::Retry) => Self::TwinInProgress,
            CreateError::Store(error) => error.into(),
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

impl From<JourneyError> for ApiError {
    fn from(error: JourneyError) -> Self {
        match error {
            JourneyError::NotFound => Self::NotFound("session"),
            JourneyError::Refused(refused) => Self::Session(refused),
            JourneyError::AssetNotAvailable => Self::AssetNotAvailable,
            JourneyError::NoPrice => Self::NoPrice,
            JourneyError::QuoteExpired => Self::QuoteExpired,
            JourneyError::Card(problem) => Self::Card(problem),
            JourneyError::NotEnabled => Self::NotEnabled,
            JourneyError::Store(error) => error.into(),
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
    "flow_not_supported",
    "url_invalid",
    "invalid_wallet_address",
    "user_reference_not_opaque",
    "metadata_invalid",
    "invalid_text",
    "cursor_invalid",
    "unknown_scope",
    "quote_id_invalid",
    "challenge_code_invalid",
];
