//! The table: one row per failure, and nothing is said to a caller that is not in it.

use axum::http::StatusCode;
use gate_domain::Mode;
use gate_domain::catalogue::RefusalCode;
use gate_domain::session::Refused;
use gate_domain::signed_quote::NotRedeemable;

use super::ApiError;
use super::codes::{card_field, known_code, wallet_field};
use crate::exposed::{Place, Secret};
use crate::version::VERSION;

/// One row of the table.
pub(super) struct Row(
    pub(super) StatusCode,
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) String,
);

impl ApiError {
    /// Status, type, code, and a sentence for people.
    pub(super) fn row(&self) -> Row {
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
                format!("Enough codes were sent. Try again in {}, and look for the last one meanwhile.", minutes(*retry_after_s)),
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
            Self::TransactionNotCompleted("review") => conflict(
                "transaction_not_completed",
                "The transaction is in review. Only a completed one is refunded; a person finds out first how this one ended.",
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
}

/// A length of time as people read it.
fn minutes(seconds: u64) -> String {
    match seconds.div_ceil(60) {
        0 | 1 => "1 minute".into(),
        minutes => format!("{minutes} minutes"),
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
