//! Addresses that nobody has a key for: each is made from the transaction that it is for. On networks
//! with memos everybody shares one, as at an exchange, and has a memo of their own.

use gate_domain::destination::{Destination, Family, Memo, spell};
use gate_domain::ids::TransactionId;
use gate_domain::money::Asset;
use sha2::{Digest, Sha256};

use crate::DepositAddresses;

/// Gives out an address for each transaction, the same on every network of a family.
pub struct SimulatedAddresses;

impl DepositAddresses for SimulatedAddresses {
    fn address_for(
        &self,
        transaction: &TransactionId,
        _: &Asset,
        family: Family,
        turn: u32,
    ) -> Destination {
        let own: [u8; 32] = match turn {
            0 => Sha256::digest(transaction.as_str()),
            _ => Sha256::digest(format!("{transaction}/{turn}")),
        }
        .into();
        let number = own.first_chunk().copied().map(u64::from_be_bytes).unwrap_or_default();
        let memo = match family {
            Family::Xrp => Some(Memo::Tag((number >> 32) as u32)),
            Family::Stellar => Some(Memo::Number(number)),
            Family::Evm | Family::Bitcoin | Family::Tron | Family::Solana => None,
        };
        let address = if memo.is_some() { shared(family) } else { spell(family, &own) };
        Destination { family, address, memo }
    }

    fn is_shared(&self, destination: &Destination) -> bool {
        destination.family.memo_name().is_some()
            && destination.account() == shared(destination.family)
    }
}

/// The address that everybody sends to.
fn shared(family: Family) -> String {
    spell(family, &Sha256::digest("the gateway's own account").into())
}

#[cfg(test)]
mod tests {
    use gate_domain::destination::TypedMemo;
    use gate_domain::ids::{Mode, Seed};
    use gate_domain::time::Millis;

    use super::*;

    #[test]
    fn every_transaction_has_an_address_or_a_memo_of_its_own() {
        let asset = Asset { code: "XRP".into(), network: Some("xrpl".into()), decimals: 6 };
        let id = |seed| TransactionId::new(Mode::Test, Seed { at: Millis(0), random: [seed; 10] });
        for family in Family::ALL {
            let given =
                |seed, turn| SimulatedAddresses.address_for(&id(seed), &asset, family, turn);
            assert_eq!(given(1, 0), given(1, 0), "{family:?}");
            assert_ne!(given(1, 0), given(2, 0), "{family:?}");
            assert_ne!(given(1, 0), given(1, 1), "{family:?}");
            let shared = given(1, 0).address == given(2, 0).address;
            assert_eq!(shared, family.memo_name().is_some(), "{family:?}");
            assert_eq!(SimulatedAddresses.is_shared(&given(1, 0)), shared, "{family:?}");
            let memo = given(1, 0).memo.map(|memo| memo.to_string());
            let read =
                Destination::parse(family, &given(1, 0).address, TypedMemo::of(memo.as_deref()));
            assert_eq!(read, Ok(given(1, 0)), "{family:?}");
        }
    }
}
