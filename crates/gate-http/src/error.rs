//! Every failure that a caller can see, before it is put into words: `table` has the words, `answer`
//! the rest of what is sent, and `causes` which errors of the gateway become which failure.

use gate_app::readiness::Unready;
use gate_domain::Mode;
use gate_domain::catalogue::Refusal;
use gate_domain::destination::DestinationError;
use gate_domain::money::Money;
use gate_domain::price::NoPrice;
use gate_domain::session::Refused;
use gate_domain::signed_quote::NotRedeemable;
use gate_rails::CardProblem;
use gate_store::KeyAccess;
use gate_wire::error::{ProblemBody, ReasonBody, SessionStatusBody};

use crate::exposed::{Place, Secret};

mod answer;
mod causes;
pub(crate) mod codes;
pub(crate) mod registry;
mod table;
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
}
