//! What came and was not taken in, as its user sees it.

use gate_domain::catalogue::Catalogue;
use gate_domain::deposit::Deposit;
use gate_domain::destination::Destination;
use gate_domain::money::Money;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::session::memo_of;
use crate::words::{DepositCause, DepositStatus};

/// Tokens that came and did not count: on their way back, back, or held for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotTakenBody {
    /// How much of a transfer is not taken in.
    #[schema(example = "99889.40")]
    pub amount: String,
    /// The symbol of what came.
    pub token: String,
    /// The name for people of the network that it came on.
    pub network_name: String,
    /// `returning`, `returned` or `held`.
    pub status: DepositStatus,
    /// Why it is not taken in.
    #[schema(required)]
    pub cause: Option<DepositCause>,
    /// Where it goes back to, if it does.
    pub back_to: String,
    /// The memo that belongs to it.
    #[schema(required)]
    pub back_to_memo: Option<String>,
}

impl NotTakenBody {
    /// What of a deposit is not taken in, and where it would go back to.
    pub fn new(deposit: &Deposit, back_to: &Destination, catalogue: &Catalogue) -> Self {
        let asset = &deposit.amount.asset;
        let network = asset.network.as_deref().unwrap_or_default();
        let known = catalogue.network(network);
        Self {
            amount: Money::new(deposit.back_units, asset.clone()).to_decimal(),
            token: asset.code.clone(),
            network_name: known.map_or_else(|| network.to_owned(), |known| known.name.clone()),
            status: deposit.state.into(),
            cause: deposit.state.cause().map(DepositCause::from),
            back_to: back_to.address.clone(),
            back_to_memo: memo_of(Some(back_to)),
        }
    }
}
