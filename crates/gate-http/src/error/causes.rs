//! Which errors of the gateway become which failure.

use gate_store::StoreError;

use super::ApiError;

mod journey;
mod payments;
mod sessions;
mod webhooks;

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
