//! Bank accounts of the sandbox: a few IBANs stand for what can happen to a payout, and any other
//! that is well-formed is paid. No bank has these.

use gate_domain::bank::BankAccount;
use gate_domain::rail::PayoutAccount;

use crate::{AccountVault, TestAccount};

/// The accounts that the sandbox page offers.
pub const TEST_ACCOUNTS: [TestAccount; 4] = [
    TestAccount { iban: "DE09 0000 0000 0000 0000 01", label: "Is paid", outcome: "succeeds" },
    TestAccount { iban: "DE79 0000 0000 0000 0000 02", label: "Bounces", outcome: "bounces" },
    TestAccount {
        iban: "DE52 0000 0000 0000 0000 03",
        label: "Takes ten seconds",
        outcome: "slow",
    },
    TestAccount {
        iban: "DE25 0000 0000 0000 0000 04",
        label: "Is never answered for",
        outcome: "never_answers",
    },
];

/// Turns an IBAN into what it stands for.
pub struct SimulatedAccounts;

impl AccountVault for SimulatedAccounts {
    fn tokenise(&self, account: &BankAccount) -> PayoutAccount {
        let iban = &account.iban;
        let known = TEST_ACCOUNTS.iter().find(|known| known.iban.replace(' ', "") == *iban);
        PayoutAccount {
            token: known.map_or("succeeds", |known| known.outcome).to_owned(),
            last4: iban[iban.len() - 4..].to_owned(),
            country: iban[..2].to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_that_is_offered_can_be_typed() {
        for offered in TEST_ACCOUNTS {
            let account = BankAccount::parse(offered.iban, None).expect(offered.iban);
            let known = SimulatedAccounts.tokenise(&account);
            assert_eq!((known.token.as_str(), known.country.as_str()), (offered.outcome, "DE"));
            assert!(offered.iban.ends_with(&known.last4[2..]));
        }
    }
}
