//! What can go wrong when talking to the gateway, told apart by what a caller does about it.

use std::time::Duration;

use gate_wire::ErrorBody;

/// A client that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The base URL is not the bare origin of a gateway.
    #[error("the base URL must be an http or https origin such as https://gate.example")]
    InvalidBaseUrl,
    /// TLS could not be set up on this machine.
    #[error("the HTTP client could not be set up")]
    Http(#[source] reqwest::Error),
}

/// A request that did not succeed, after the retries that were allowed.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The gateway said no, and why (contract, section 3.3). Branch on `body.code`.
    #[error("the gateway answered {status} {}: {}", body.code, body.message)]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The error object.
        body: Box<ErrorBody>,
        /// When the gateway asked to be asked again.
        retry_after: Option<Duration>,
    },
    /// Something answered, but not in the words of the contract: a proxy, or another service.
    #[error("the gateway answered {status} with a body that could not be read: {problem}")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// The `X-Request-Id`, if there was one.
        request_id: Option<String>,
        /// What was wrong with it.
        problem: String,
        /// When it asked to be asked again.
        retry_after: Option<Duration>,
    },
    /// No answer: refused, cut off, or too late. The request may or may not have been carried out.
    #[error("the gateway could not be reached")]
    Unreachable(#[source] reqwest::Error),
}

impl GateError {
    /// The stable code of a refusal.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { body, .. } => Some(&body.code),
            Self::Unexpected { .. } | Self::Unreachable(_) => None,
        }
    }

    /// The HTTP status, if there was an answer.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } | Self::Unexpected { status, .. } => Some(*status),
            Self::Unreachable(_) => None,
        }
    }

    /// The request id, for the order record and for support (contract, section 3.2).
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Refused { body, .. } => Some(&body.request_id),
            Self::Unexpected { request_id, .. } => request_id.as_deref(),
            Self::Unreachable(_) => None,
        }
    }

    /// When the gateway asked to be asked again.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } | Self::Unexpected { retry_after, .. } => {
                *retry_after
            }
            Self::Unreachable(_) => None,
        }
    }

    /// Whether the same request may succeed later without anybody changing anything.
    pub const fn is_transient(&self) -> bool {
        match self.status() {
            None => true,
            Some(501) => false, // not enabled: only a configuration change helps
            Some(408 | 425 | 429) => true,
            Some(status) => status >= 500,
        }
    }
}
