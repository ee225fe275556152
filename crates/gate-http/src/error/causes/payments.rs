//! What goes wrong with prices, and with the payments and refunds that a partner asks for.

use gate_app::quotes::PriceError;
use gate_app::rails::RailError;
use gate_app::refunds::RefundError;
use gate_domain::catalogue::{Refusal, RefusalCode};
use gate_domain::refund::NotRefundable;
use gate_store::StoreError;
use gate_wire::error::ProblemBody;

use crate::error::ApiError;

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

impl From<Box<Refusal>> for ApiError {
    fn from(refusal: Box<Refusal>) -> Self {
        Self::Refused(refusal)
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
