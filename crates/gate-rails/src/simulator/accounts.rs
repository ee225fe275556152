//! Accounts of the sandbox: a few of each kind stand for what can happen to a payout, and any other
//! that is well-formed is paid. Nobody has these. Of cards, only those of the table are taken.

use gate_domain::bank::{
    Account, AccountType, BankAccount, PayoutCard, PixKey, RoutingNumber, SortCode, UkAccount,
    UkAccountNumber, UsAccount, UsAccountNumber,
};
use gate_domain::rail::PayoutAccount;
use gate_domain::time::Millis;

use super::cards::{card_digits, check_card};
use crate::{AccountVault, CardProblem, TestAccount, TypedAccount};

const PAID: (&str, &str) = ("Is paid", "succeeds");
const BOUNCES: (&str, &str) = ("Bounces", "bounces");
const SLOW: (&str, &str) = ("Takes ten seconds", "slow");
const SILENT: (&str, &str) = ("Is never answered for", "never_answers");

/// The accounts that the sandbox page offers, and the only place that says what each stands for.
pub static TEST_ACCOUNTS: [TestAccount; 20] = [
    iban("DE09 0000 0000 0000 0000 01", PAID),
    iban("DE79 0000 0000 0000 0000 02", BOUNCES),
    iban("DE52 0000 0000 0000 0000 03", SLOW),
    iban("DE25 0000 0000 0000 0000 04", SILENT),
    uk("00000001", PAID),
    uk("00000002", BOUNCES),
    uk("00000003", SLOW),
    uk("00000004", SILENT),
    us("000000000001", PAID),
    us("000000000002", BOUNCES),
    us("000000000003", SLOW),
    us("000000000004", SILENT),
    pix("paid@pix.test", PAID),
    pix("bounces@pix.test", BOUNCES),
    pix("slow@pix.test", SLOW),
    pix("silent@pix.test", SILENT),
    card("4000 0566 5566 5556", PAID),
    card("4000 0000 0000 0002", BOUNCES),
    card("4000 0000 0000 3063", SLOW),
    card("4000 0000 0000 6975", SILENT),
];

type Meaning = (&'static str, &'static str);

const fn test_account(typed: TypedAccount, (label, outcome): Meaning) -> TestAccount {
    TestAccount { typed, label, outcome }
}

const fn iban(iban: &'static str, meaning: Meaning) -> TestAccount {
    test_account(TypedAccount::Iban(iban), meaning)
}

const fn uk(account_number: &'static str, meaning: Meaning) -> TestAccount {
    test_account(TypedAccount::Uk { sort_code: "00-00-00", account_number }, meaning)
}

const fn us(account_number: &'static str, meaning: Meaning) -> TestAccount {
    let account_type = AccountType::Checking;
    let routing_number = "110000000";
    test_account(TypedAccount::Us { routing_number, account_number, account_type }, meaning)
}

const fn pix(key: &'static str, meaning: Meaning) -> TestAccount {
    test_account(TypedAccount::Pix(key), meaning)
}

const fn card(number: &'static str, meaning: Meaning) -> TestAccount {
    test_account(TypedAccount::Card { number, expiry: "12/40" }, meaning)
}

impl TestAccount {
    /// The account as a user would have typed it.
    ///
    /// # Panics
    /// When the table above has a mistake; a test reads all of it.
    pub fn account(&self) -> Account {
        match self.typed {
            TypedAccount::Iban(iban) => {
                Account::Iban(BankAccount::parse(iban, None).expect("a constant of ours"))
            }
            TypedAccount::Uk { sort_code, account_number } => Account::Uk(UkAccount {
                sort_code: SortCode::parse(sort_code).expect("a constant of ours"),
                number: UkAccountNumber::parse(account_number).expect("a constant of ours"),
            }),
            TypedAccount::Us { routing_number, account_number, account_type } => {
                Account::Us(UsAccount {
                    routing_number: RoutingNumber::parse(routing_number)
                        .expect("a constant of ours"),
                    number: UsAccountNumber::parse(account_number).expect("a constant of ours"),
                    account_type,
                })
            }
            TypedAccount::Pix(key) => Account::Pix(PixKey::parse(key).expect("a constant of ours")),
            TypedAccount::Card { number, expiry } => {
                Account::Card(PayoutCard { number: number.into(), expiry: expiry.into() })
            }
        }
    }
}

/// Turns an account into what it stands for.
pub struct SimulatedAccounts;

impl AccountVault for SimulatedAccounts {
    fn tokenise(&self, account: &Account, now: Millis) -> Result<PayoutAccount, CardProblem> {
        let known = TEST_ACCOUNTS.iter().find(|known| is_same(&known.account(), account));
        let (last4, country) = match account {
            Account::Iban(account) => (account.last4().to_owned(), account.country()),
            Account::Uk(account) => (account.number.last4().to_owned(), "GB"),
            Account::Us(account) => (account.number.last4().to_owned(), "US"),
            Account::Pix(key) => (key.last4().to_owned(), "BR"),
            Account::Card(card) => {
                let digits = check_card(&card.number, &card.expiry, now)?;
                known.ok_or(CardProblem::TestCardRequired)?;
                // The simulator's cards come from where its IBANs come from.
                (digits[digits.len() - 4..].to_owned(), "DE")
            }
        };
        Ok(PayoutAccount {
            kind: account.kind(),
            token: known.map_or(PAID.1, |known| known.outcome).to_owned(),
            last4,
            country: country.to_owned(),
        })
    }
}

/// Whether money would go to the same place, whatever else was typed.
fn is_same(one: &Account, other: &Account) -> bool {
    match (one, other) {
        (Account::Us(one), Account::Us(other)) => {
            one.routing_number == other.routing_number && one.number == other.number
        }
        (Account::Card(one), Account::Card(other)) => {
            card_digits(&one.number) == card_digits(&other.number)
        }
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use gate_domain::bank::AccountKind;

    use super::*;

    impl TypedAccount {
        /// What tells it from the others of its kind.
        const fn distinguished(&self) -> &'static str {
            match self {
                Self::Iban(text) | Self::Pix(text) => text,
                Self::Uk { account_number, .. } | Self::Us { account_number, .. } => account_number,
                Self::Card { number, .. } => number,
            }
        }
    }

    const NOW: Millis = Millis(1_795_392_000_000);

    #[test]
    fn every_account_that_is_offered_can_be_typed() {
        for offered in &TEST_ACCOUNTS {
            let account = offered.account();
            let known = SimulatedAccounts.tokenise(&account, NOW).unwrap();
            assert_eq!((known.token.as_str(), known.kind), (offered.outcome, account.kind()));
            assert!((1..=4).contains(&known.last4.chars().count()), "{account:?}");
        }
        for kind in AccountKind::ALL {
            let of_it = TEST_ACCOUNTS.iter().filter(|known| known.account().kind() == kind);
            let outcomes: Vec<_> = of_it.map(|known| known.outcome).collect();
            assert_eq!(outcomes, ["succeeds", "bounces", "slow", "never_answers"], "{kind:?}");
        }
    }

    /// docs/API.md has a row for each kind, in the order of the table.
    #[test]
    fn the_documents_name_every_account() {
        let docs = include_str!("../../../../docs/API.md");
        for kind in AccountKind::ALL {
            let of_it = TEST_ACCOUNTS.iter().filter(|known| known.account().kind() == kind);
            let cells: Vec<_> = of_it.map(|known| known.typed.distinguished()).collect();
            let row = format!("| {} |\n", cells.join(" | "));
            assert!(docs.contains(&row), "docs/API.md needs the row {row}");
        }
    }

    #[test]
    fn a_british_iban_stands_for_what_its_account_does() {
        let iban = "GB05 ABCD 0000 0000 0000 02";
        let iban = Account::Iban(BankAccount::parse(iban, None).unwrap());
        let account = iban.as_kind(AccountKind::SortCode).unwrap();
        assert_eq!(SimulatedAccounts.tokenise(&account, NOW).unwrap().token, "bounces");
    }

    #[test]
    fn cards_are_checked_as_for_a_payment() {
        let take = |number: &str, expiry: &str| {
            let card = PayoutCard { number: number.into(), expiry: expiry.into() };
            SimulatedAccounts.tokenise(&Account::Card(card), NOW)
        };
        assert_eq!(take("4000056655665556", "11/26").unwrap().last4, "5556");
        assert_eq!(take("4000056655665557", "11/26"), Err(CardProblem::Number));
        assert_eq!(take("4000056655665556", "10/26"), Err(CardProblem::Expiry));
        assert_eq!(take("5555 5555 5555 4444", "11/26"), Err(CardProblem::TestCardRequired));
    }
}
