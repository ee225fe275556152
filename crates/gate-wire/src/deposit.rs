//! Tokens that came in for a sale, as partners see them.

use gate_domain::deposit::{self, Cause, State};
use gate_domain::stray::Stray;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::instant::to_rfc3339;
use crate::session::{is_text, memo_of};
use crate::words::{DepositCause, DepositStatus};

/// One transfer that came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DepositBody {
    /// Its id.
    #[schema(example = "dp_test_01hf7yat00fentqaxbnentqaxb")]
    pub id: String,
    /// Always `deposit`.
    pub object: String,
    /// The session of its sale.
    pub session_id: String,
    /// The transaction of its sale.
    pub transaction_id: String,
    /// The symbol of what came.
    pub token: String,
    /// The network that it came on.
    pub network: String,
    /// How much came.
    pub amount: String,
    /// How much of it is not taken in: on its way back, back, or held.
    pub back_amount: String,
    /// The transaction that it came in, by its name on its network. In the sandbox the id of the
    /// session stands before a name that you gave it.
    pub transfer_id: String,
    /// Which payment of that transaction it is, from 0: a transaction can hold several.
    #[schema(minimum = 0, maximum = 4_294_967_295_u32)]
    pub output: u32,
    /// Where it stands.
    pub status: DepositStatus,
    /// Why something of it is not taken in.
    #[schema(required)]
    pub cause: Option<DepositCause>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

/// A transfer to an address that users share, without the memo of any of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StrayBody {
    /// Its id.
    #[schema(example = "st_test_01hf7yat00fentqaxbnentqaxb")]
    pub id: String,
    /// Always `stray_transfer`.
    pub object: String,
    /// Where it went.
    pub address: String,
    /// The memo that it had; null where it had none.
    #[schema(required)]
    pub memo: Option<String>,
    /// Whether that memo is a text; null without one.
    #[schema(required)]
    pub memo_is_text: Option<bool>,
    /// The symbol of what came.
    pub token: String,
    /// The network that it came on.
    pub network: String,
    /// How much came.
    pub amount: String,
    /// The transaction that it came in, by its name on its network. In the sandbox the id of the
    /// session stands before a name that you gave it.
    pub transfer_id: String,
    /// Which payment of that transaction it is, from 0: a transaction can hold several.
    #[schema(minimum = 0, maximum = 4_294_967_295_u32)]
    pub output: u32,
    /// The deposit that it was found to be; null while nobody knows whose it is.
    #[schema(required)]
    pub deposit_id: Option<String>,
    /// RFC 3339.
    pub created_at: String,
}

impl From<&Stray> for StrayBody {
    fn from(stray: &Stray) -> Self {
        let asset = &stray.amount.asset;
        Self {
            id: stray.id.to_string(),
            object: "stray_transfer".into(),
            address: stray.address.address.clone(),
            memo: memo_of(Some(&stray.address)),
            memo_is_text: is_text(Some(&stray.address)),
            token: asset.code.clone(),
            network: asset.network.clone().unwrap_or_default(),
            amount: stray.amount.to_decimal(),
            transfer_id: stray.transfer.clone(),
            output: stray.output,
            deposit_id: stray.state.deposit_id().map(ToString::to_string),
            created_at: to_rfc3339(stray.created_at),
        }
    }
}

/// Show the simulator an incoming transfer (decisions, "Sandbox").
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestDepositBody {
    /// The session, which waits for tokens or has done so.
    #[schema(min_length = 1, max_length = 200, example = "gs_test_01hf7yat00fentqaxbnentqaxb")]
    pub session_id: String,
    /// How much; what is still missing where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 40, example = "10.5")]
    pub amount: Option<String>,
    /// Another token than was agreed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 12, example = "EURC")]
    pub token: Option<String>,
    /// Another network than was agreed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 40, example = "ethereum")]
    pub network: Option<String>,
    /// The name on its network of the transaction that it comes in. One is made where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100)]
    pub transfer_id: Option<String>,
    /// Which payment of that transaction it is; 0 where nothing is said. The same one of the same
    /// transaction again is the same transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 4_294_967_295_u32)]
    pub output: Option<u32>,
}

/// Show the simulator a transfer with another memo than was asked for, or without one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestStrayBody {
    /// The session, which waits for tokens on a network with memos.
    #[schema(min_length = 1, max_length = 200, example = "gs_test_01hf7yat00fentqaxbnentqaxb")]
    pub session_id: String,
    /// A memo that nobody was given; none where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100, example = "271828")]
    pub memo: Option<String>,
    /// How much; what is still missing where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 40, example = "10.5")]
    pub amount: Option<String>,
    /// The name on its network of the transaction that it comes in. One is made where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100)]
    pub transfer_id: Option<String>,
    /// Which payment of that transaction it is; 0 where nothing is said. The same one of the same
    /// transaction again is the same transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 4_294_967_295_u32)]
    pub output: Option<u32>,
}

impl From<State> for DepositStatus {
    fn from(state: State) -> Self {
        match state {
            State::Counted => Self::Counted,
            State::Taken => Self::Taken,
            State::Held { .. } => Self::Held,
            State::Returning { .. } => Self::Returning,
            State::Returned { .. } => Self::Returned,
        }
    }
}

impl From<Cause> for DepositCause {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Surplus => Self::Surplus,
            Cause::Unexpected => Self::Unexpected,
            Cause::SaleEnded => Self::SaleEnded,
            Cause::WrongAsset => Self::WrongAsset,
            Cause::WrongNetwork => Self::WrongNetwork,
            Cause::ReturnFailed => Self::ReturnFailed,
            Cause::ReturnUnknown => Self::ReturnUnknown,
        }
    }
}

impl From<&deposit::Deposit> for DepositBody {
    fn from(deposit: &deposit::Deposit) -> Self {
        let asset = &deposit.amount.asset;
        let back =
            gate_domain::money::Money { units: deposit.back_units, ..deposit.amount.clone() };
        Self {
            id: deposit.id.to_string(),
            object: "deposit".into(),
            session_id: deposit.session_id.to_string(),
            transaction_id: deposit.transaction_id.to_string(),
            token: asset.code.clone(),
            network: asset.network.clone().unwrap_or_default(),
            amount: deposit.amount.to_decimal(),
            back_amount: back.to_decimal(),
            transfer_id: deposit.transfer.clone(),
            output: deposit.output,
            status: deposit.state.into(),
            cause: deposit.state.cause().map(DepositCause::from),
            created_at: to_rfc3339(deposit.created_at),
            updated_at: to_rfc3339(deposit.updated_at),
        }
    }
}
