//! What goes wrong with endpoints, their deliveries, and replays.

use gate_app::endpoints::EndpointError;
use gate_app::replays::ReplayError;
use gate_app::webhooks::WebhookError;
use gate_store::StoreError;

use crate::error::ApiError;

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
