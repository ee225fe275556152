//! A failure on its way out: what the answer says beside its row of the table.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use gate_wire::ErrorBody;
use gate_wire::error::ReasonBody;

use super::ApiError;
use super::codes::{card_field, wallet_field};
use super::table::Row;

impl ApiError {
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

    pub(super) fn headers(&self) -> Option<(HeaderName, HeaderValue)> {
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
