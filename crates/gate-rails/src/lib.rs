//! The outside world behind traits: card providers, chains, prices, verifiers, mail. The only crate that speaks to
//! any of them.
//!
//! A rail takes commands that were written down before, dedupes on their id, and answers at once,
//! later, twice or never. It holds no state that matters: whoever drives it reads the store.

pub mod mail;
pub mod prices;
pub mod simulator;
mod verifier;

use std::sync::Arc;

use futures::future::BoxFuture;
use gate_domain::bank::{Account, AccountType};
use gate_domain::destination::{Destination, Family};
use gate_domain::ids::TransactionId;
use gate_domain::money::Asset;
use gate_domain::price::NoPrice;
use gate_domain::quote::Rate;
use gate_domain::rail::{Card, Command, CommandKind, Means, PayoutAccount};
use gate_domain::time::Millis;
use gate_domain::transaction::Event;

pub use verifier::{Doubt, IdentityVerifier, Question, Verdict};

/// What a rail says about a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What has happened, in order. The same answer may come again at any time.
    pub answers: Vec<Event>,
    /// When to ask again, in milliseconds; none when this was the last word.
    pub ask_again_ms: Option<i64>,
}

impl Reply {
    /// The last word.
    pub fn last(answers: impl Into<Vec<Event>>) -> Self {
        Self { answers: answers.into(), ask_again_ms: None }
    }

    /// Nothing new; ask again.
    pub fn pending(ask_again_ms: i64) -> Self {
        Self { answers: Vec::new(), ask_again_ms: Some(ask_again_ms) }
    }
}

/// Why a rail said nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RailError {
    /// The command was sent and its answer was lost: ask.
    #[error("the answer was lost")]
    AnswerLost,
    /// The rail could not be reached: nothing was sent.
    #[error("the rail cannot be reached: {0}")]
    Unreachable(String),
}

/// A party that carries out commands. Sending one again is safe: the other side knows its id.
pub trait Rail: Send + Sync {
    /// Send a command.
    fn send<'a>(
        &'a self,
        command: &'a Command,
        now: Millis,
    ) -> BoxFuture<'a, Result<Reply, RailError>>;

    /// Ask what became of a command. None when the other side has never seen it.
    fn ask<'a>(
        &'a self,
        command: &'a Command,
        now: Millis,
    ) -> BoxFuture<'a, Result<Option<Reply>, RailError>>;
}

/// Why a card was not taken, told field by field before anything is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardProblem {
    /// Not a card number: wrong length, other characters, or a wrong check digit.
    #[error("The card number is not complete or has a typing mistake.")]
    Number,
    /// Not `MM/YY`, or in the past.
    #[error("The expiry date must be a month and year in the future, such as 09/31.")]
    Expiry,
    /// Not three or four digits.
    #[error("The security code has three or four digits.")]
    Cvc,
    /// A real card in the sandbox. It is forgotten at once.
    #[error("This is the sandbox: real cards are not accepted. Use one of the test cards.")]
    TestCardRequired,
}

/// Turns a card as typed into the provider's token, so that the number goes no further.
pub trait CardVault: Send + Sync {
    /// Tokenise a card.
    fn tokenise(
        &self,
        number: &str,
        expiry: &str,
        cvc: &str,
        now: Millis,
    ) -> Result<Card, CardProblem>;
}

/// Turns what the money of a sale goes to into the provider's token, so that its number goes no further.
pub trait AccountVault: Send + Sync {
    /// Tokenise an account. Only a card may not be taken.
    fn tokenise(&self, account: &Account, now: Millis) -> Result<PayoutAccount, CardProblem>;
}

/// Gives out addresses for users to send tokens to, each once. Where a family has memos, the address may
/// be shared, and what tells users apart is the memo.
pub trait DepositAddresses: Send + Sync {
    /// An address for the tokens of one transaction on a network of a family; the same one whenever it
    /// is asked for again. Memos can be few: where the one of a `turn` is somebody else's, the next
    /// turn has another.
    fn address_for(
        &self,
        transaction: &TransactionId,
        token: &Asset,
        family: Family,
        turn: u32,
    ) -> Destination;

    /// Whether users share this address.
    fn is_shared(&self, destination: &Destination) -> bool;
}

/// A price without fees, and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// Of one whole token.
    pub rate: Rate,
    /// Its name, for the quote.
    pub source: String,
    /// When the source was asked.
    pub at: Millis,
}

/// What one source says of a pair, for whoever looks after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The source's name.
    pub source: String,
    /// The last price, and when it was asked for.
    pub last: Option<(Rate, Millis)>,
    /// Why the last question was not answered.
    pub problem: Option<String>,
}

/// Knows what a token costs. It answers at once, from what it has heard before: prices are asked
/// for inside of transactions, which wait for nobody.
pub trait PriceSource: Send + Sync {
    /// The price of a token in a currency, or why there is none.
    fn price(&self, token: &Asset, currency: &Asset, now: Millis) -> Result<Price, NoPrice>;

    /// Ask whoever knows, if it is time to. Ends by itself, within a bounded time.
    fn refresh(&self, now: Millis) -> BoxFuture<'_, ()>;

    /// What each source says of a pair; none where nobody is asked about it.
    fn reports(&self, token: &Asset, currency: &Asset, now: Millis) -> Vec<Report>;
}

/// A card for the sandbox page to offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestCard {
    /// The number, grouped.
    pub number: &'static str,
    /// What it does, for people.
    pub label: &'static str,
    /// What it does, for programs; also the simulator's token.
    pub outcome: &'static str,
}

/// An account as a user types it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypedAccount {
    /// An IBAN.
    Iban(&'static str),
    /// Of the United Kingdom.
    Uk {
        /// The branch.
        sort_code: &'static str,
        /// The account.
        account_number: &'static str,
    },
    /// Of the United States.
    Us {
        /// The bank.
        routing_number: &'static str,
        /// The account.
        account_number: &'static str,
        /// What it is for.
        account_type: AccountType,
    },
    /// A key of Pix.
    Pix(&'static str),
    /// A card.
    Card {
        /// The number.
        number: &'static str,
        /// `MM/YY`.
        expiry: &'static str,
    },
}

/// An account for the sandbox page to offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestAccount {
    /// What to type.
    pub typed: TypedAccount,
    /// What it does, for people.
    pub label: &'static str,
    /// What it does, for programs; also the simulator's token.
    pub outcome: &'static str,
}

/// A wallet for the sandbox page to offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestWallet {
    /// Its address.
    pub address: String,
    /// What becomes of a transfer to it, for people.
    pub label: &'static str,
    /// What becomes of it, for programs.
    pub outcome: &'static str,
}

/// Somebody for the sandbox page to offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestPerson {
    /// The family name, in any case.
    pub family_name: &'static str,
    /// What becomes of their check, for people.
    pub label: &'static str,
    /// What becomes of it, for programs.
    pub outcome: &'static str,
}

/// Everything outside, for one mode.
#[derive(Clone)]
pub struct Rails {
    /// Charges, confirms, lets go, refunds.
    pub card: Arc<dyn Rail>,
    /// Sends tokens.
    pub chain: Arc<dyn Rail>,
    /// Takes transfers in, gives them back, and pays sales out.
    pub transfers: Arc<dyn Rail>,
    /// Takes card numbers.
    pub cards: Arc<dyn CardVault>,
    /// Takes what the money of sales goes to.
    pub accounts: Arc<dyn AccountVault>,
    /// Gives out addresses for deposits.
    pub deposits: Arc<dyn DepositAddresses>,
    /// Knows prices.
    pub prices: Arc<dyn PriceSource>,
    /// Looks at who users are.
    pub verifier: Arc<dyn IdentityVerifier>,
    /// Cards that the page may offer; none where money is real.
    pub test_cards: &'static [TestCard],
    /// Accounts that the page may offer; none where money is real.
    pub test_accounts: &'static [TestAccount],
    /// Wallets of a family that the page may offer; none where money is real.
    pub test_wallets: fn(Family) -> Vec<TestWallet>,
    /// People that the page may offer; none where money is real.
    pub test_people: &'static [TestPerson],
    /// What the second step accepts; none where money is real.
    pub challenge_hint: Option<&'static str>,
}

impl Rails {
    /// The simulator in every place, with its usual market.
    pub fn simulated() -> Self {
        Self {
            card: Arc::new(simulator::SimulatedCards),
            chain: Arc::new(simulator::CHAIN),
            transfers: Arc::new(simulator::TRANSFERS),
            cards: Arc::new(simulator::SimulatedCards),
            accounts: Arc::new(simulator::SimulatedAccounts),
            deposits: Arc::new(simulator::SimulatedAddresses),
            prices: Arc::new(simulator::SimulatedMarket::default()),
            verifier: Arc::new(simulator::SimulatedVerifier),
            test_cards: &simulator::TEST_CARDS,
            test_accounts: &simulator::TEST_ACCOUNTS,
            test_wallets: simulator::test_wallets,
            test_people: &simulator::TEST_PEOPLE,
            challenge_hint: Some("Any six digits pass; 000000 is refused."),
        }
    }

    /// The same with prices from elsewhere.
    #[must_use]
    pub fn with_prices(self, prices: Arc<dyn PriceSource>) -> Self {
        Self { prices, ..self }
    }

    /// Who carries out this command. What has an address to go to are tokens.
    pub fn for_command(&self, command: &Command) -> &dyn Rail {
        match (command.kind, &command.means) {
            (CommandKind::Payout, _) if command.address.is_some() => &*self.chain,
            (CommandKind::Refund, Means::Deposit(_)) => &*self.chain,
            (_, Means::Card(_)) => &*self.card,
            (_, Means::Rail(_) | Means::Deposit(_)) => &*self.transfers,
        }
    }
}
