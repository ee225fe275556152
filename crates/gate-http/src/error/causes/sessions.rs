//! What goes wrong with sessions, and with the customers that they are for.

use gate_app::cancel_session::CancelError;
use gate_app::create_session::CreateError;
use gate_app::customers::CustomerError;
use gate_store::StoreError;
use gate_wire::error::SessionStatusBody;

use crate::error::ApiError;
use crate::error::codes::wallet_problem;

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

impl From<CancelError> for ApiError {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::NotFound => Self::NotFound("session"),
            CancelError::Refused(refused) => Self::Session(refused),
            CancelError::Store(error) => error.into(),
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
