//! What the simulator knows, so that the page can offer it as buttons. In live mode all of it is empty.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::embed::AccountRequestBody;
use crate::words::{AccountKind, IdentityOutcome};

/// What the rails add to a step: it differs between the simulator and real money.
#[derive(Clone, Debug, Default)]
pub struct RailHints {
    /// Cards to offer as buttons.
    pub test_cards: Vec<TestCard>,
    /// Accounts to offer as buttons, each with its kind.
    pub test_payouts: Vec<(AccountKind, TestPayout)>,
    /// Wallets to offer as buttons, of the family that is asked for.
    pub test_wallets: Vec<TestWallet>,
    /// People to offer as buttons.
    pub test_people: Vec<TestPerson>,
    /// What the second step accepts.
    pub challenge_hint: Option<String>,
}

/// What the simulator knows to pay out to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TestPayout {
    /// What to send.
    pub account: AccountRequestBody,
    /// What it does, for people.
    pub label: String,
    /// What it does, for programs.
    pub outcome: String,
}

/// A bank account that the simulator knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TestAccount {
    /// The IBAN, grouped.
    pub iban: String,
    /// What it does, for people.
    pub label: String,
    /// What it does, for programs.
    pub outcome: String,
}

/// A card that the simulator knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TestCard {
    /// The number, grouped.
    pub number: String,
    /// What it does, for people.
    pub label: String,
    /// What it does, for programs.
    pub outcome: String,
}

/// A wallet that the simulator knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TestWallet {
    /// The address.
    pub address: String,
    /// What becomes of a transfer to it, for people.
    pub label: String,
    /// What becomes of it, for programs.
    pub outcome: String,
}

/// Somebody whom the simulator knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TestPerson {
    /// The family name, in any case.
    pub family_name: String,
    /// What becomes of their check, for people.
    pub label: String,
    /// What becomes of it, for programs.
    pub outcome: String,
}

/// How the simulator lets an identity check end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TestOutcome {
    /// What to send.
    pub outcome: IdentityOutcome,
    /// What it does, for people.
    pub label: String,
}

impl TestPayout {
    pub(super) fn by_iban(&self) -> Option<TestAccount> {
        let AccountRequestBody::Iban(account) = &self.account else { return None };
        let (label, outcome) = (self.label.clone(), self.outcome.clone());
        Some(TestAccount { iban: account.iban.clone(), label, outcome })
    }
}

pub(super) fn test_outcomes() -> Vec<TestOutcome> {
    let outcomes = [
        (IdentityOutcome::Approved, "Pass the check"),
        (IdentityOutcome::Rejected, "Fail the check"),
    ];
    outcomes.map(|(outcome, label)| TestOutcome { outcome, label: label.into() }).to_vec()
}
