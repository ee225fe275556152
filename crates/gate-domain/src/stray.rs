//! Strays: transfers to an address that users share, without the memo of any of them. They are
//! nobody's until a person has found out whose they are.

use crate::destination::Destination;
use crate::ids::{DepositId, Mode, StrayId};
use crate::money::Money;
use crate::time::Millis;

/// One transfer that came in for nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// Its id.
    pub id: StrayId,
    /// In which world it came.
    pub mode: Mode,
    /// Where it went, with the memo that it had.
    pub address: Destination,
    /// How much of what.
    pub amount: Money,
    /// The transfer on its network.
    pub transfer: String,
    /// The deposit that it was found to be.
    pub deposit_id: Option<DepositId>,
    /// When it came.
    pub created_at: Millis,
}
