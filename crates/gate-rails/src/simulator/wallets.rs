//! Wallets with an outcome. Of an EVM address the last characters decide, so that anybody can make one;
//! the addresses of other families end with a checksum and spell no words, so each has one for each
//! outcome, which nobody has the key of.

use gate_domain::destination::{Destination, Family, spell};
use sha2::{Digest, Sha256};

use crate::TestWallet;

/// How a transfer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Arrives,
    Fails,
    Slow,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Arrives, Self::Fails, Self::Slow];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Arrives => "arrives",
            Self::Fails => "fails",
            Self::Slow => "slow",
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Arrives => "Arrives",
            Self::Fails => "Cannot be sent to",
            Self::Slow => "Takes ten seconds",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Arrives => "ae7b",
            Self::Fails => "dead",
            Self::Slow => "beef",
        }
    }

    fn wallet(self, family: Family) -> String {
        match family {
            Family::Evm => format!("0x52908400098527886e0f7030069857d2e416{}", self.ending()),
            Family::Bitcoin | Family::Tron | Family::Xrp | Family::Stellar | Family::Solana => {
                spell(family, &Sha256::digest(format!("a wallet: {}", self.as_str())).into())
            }
        }
    }
}

/// One wallet of a family for each outcome.
pub fn test_wallets(family: Family) -> Vec<TestWallet> {
    let wallet = |outcome: Outcome| TestWallet {
        address: outcome.wallet(family),
        label: outcome.label(),
        outcome: outcome.as_str(),
    };
    Outcome::ALL.map(wallet).to_vec()
}

/// Whether transfers to this address end like this.
pub(super) fn meets(address: &Destination, outcome: Outcome) -> bool {
    match address.family {
        Family::Evm => address.address.to_ascii_lowercase().ends_with(outcome.ending()),
        family => address.address == outcome.wallet(family),
    }
}

#[cfg(test)]
mod tests {
    use gate_domain::destination::TypedMemo;

    use super::*;

    #[test]
    fn every_family_has_a_wallet_for_each_outcome() {
        for family in Family::ALL {
            let wallets = test_wallets(family);
            for (wallet, outcome) in wallets.iter().zip(Outcome::ALL) {
                let read =
                    Destination::parse(family, &wallet.address, TypedMemo::default()).unwrap();
                let met = Outcome::ALL.into_iter().filter(|other| meets(&read, *other));
                assert_eq!(met.collect::<Vec<_>>(), [outcome], "{}", wallet.address);
            }
        }
    }
}
