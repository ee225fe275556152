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
    /// The name on its network of the transaction that it is in.
    pub transfer: String,
    /// Which payment of the network's transaction it is, from 0.
    pub output: u32,
    /// Where it stands.
    pub state: State,
    /// When it came.
    pub created_at: Millis,
}

/// Where a stray stands. What has ended stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody knows whose it is.
    Open,
    /// A person found out whose it is.
    Assigned {
        /// What it is since then.
        deposit_id: DepositId,
    },
    /// It was settled outside of the gateway.
    Dismissed(Dismissal),
}

/// What a person said who dismissed a stray.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dismissal {
    /// Why.
    pub reason: String,
    /// Who.
    pub actor: String,
    /// When.
    pub at: Millis,
}

impl State {
    /// The deposit that it was found to be.
    pub const fn deposit_id(&self) -> Option<&DepositId> {
        match self {
            Self::Assigned { deposit_id } => Some(deposit_id),
            Self::Open | Self::Dismissed(_) => None,
        }
    }

    /// What was said of it when it was dismissed.
    pub const fn dismissal(&self) -> Option<&Dismissal> {
        match self {
            Self::Dismissed(dismissal) => Some(dismissal),
            Self::Open | Self::Assigned { .. } => None,
        }
    }
}
