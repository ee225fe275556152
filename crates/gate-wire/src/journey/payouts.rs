//! Where the money of a sale can go, and where it goes.

use gate_domain::hosted::Payout;
use gate_domain::rail::PayoutAccount;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::words::AccountKind;

/// A way of being paid out, to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PayoutMethodBody {
    /// Its id: what `payout_method` takes.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// What it will ask for.
    pub account_kind: AccountKind,
}

/// What the money of a sale goes to, as much of it as we keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountBody {
    /// What it is.
    pub kind: AccountKind,
    /// The last four characters; of an e-mail address, those before the `@`. Of what is shorter than
    /// eight characters at most half, so that it may be empty.
    pub last4: String,
    /// The country of its bank, ISO 3166.
    pub country: String,
}

impl From<&PayoutAccount> for AccountBody {
    fn from(account: &PayoutAccount) -> Self {
        let (last4, country) = (account.last4.clone(), account.country.clone());
        Self { kind: account.kind.into(), last4, country }
    }
}

impl From<Payout> for PayoutMethodBody {
    fn from(payout: Payout) -> Self {
        Self { id: payout.id, name: payout.name, account_kind: payout.account.into() }
    }
}
