//! What goes wrong on the page of a user.

use gate_app::bootstrap::BootstrapError;
use gate_app::deposits::{DepositError, SimulateError};
use gate_app::identity::IdentityError;
use gate_app::journey::JourneyError;
use gate_app::screening::HeldAddress;
use gate_domain::person::BirthDateError;
use gate_domain::session::Refused;
use gate_wire::error::{ProblemBody, SessionStatusBody};

use crate::error::ApiError;
use crate::fields::shown;

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
            IdentityError::Country(_) => Self::field("/country", "country_not_supported", &message),
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
