//! What the hosted page shows: one step at a time, decided by the server.

use gate_domain::catalogue::{self, Catalogue, Refusal, RefusalCode, Token};
use gate_domain::destination::Destination;
use gate_domain::hosted::Payout;
use gate_domain::journey::{ProcessingStage, Step};
use gate_domain::money::{Asset, Money};
use gate_domain::quote::{self, Quote};
use gate_domain::rail::PayoutAccount;
use gate_domain::session::{self, IdentityProblem, Session, State};
use gate_domain::time::Millis;
use gate_domain::transaction::Transaction;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::branding::BrandingBody;
use crate::embed::AccountRequestBody;
use crate::error::ReasonBody;
use crate::instant::to_rfc3339;
use crate::session::{is_text, memo_of};
use crate::words::{
    AccountKind, AddressFormat, FeeKind, Flow, IdentityAsk, IdentityLevel, IdentityOutcome,
    IdentityStage, Mode, Notice, SessionStatus, Side, Stage,
};

/// The whole of what the page needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Journey {
    /// The session, as far as the user may know it.
    pub session: JourneySession,
    /// Grows with each change of the session; an older one never overwrites a newer one.
    pub revision: i64,
    /// RFC 3339: the server's clock, for the countdown.
    pub server_time: String,
    /// What to show.
    pub step: JourneyStep,
}

/// A session as the user sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JourneySession {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub status: SessionStatus,
    /// Which world.
    pub mode: Mode,
    /// The pinned flow.
    #[schema(required)]
    pub flow: Option<String>,
    /// What the user pays.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// RFC 3339.
    pub expires_at: String,
    /// Where the user goes back to.
    pub return_url: String,
    /// Where the user goes back to after giving up.
    #[schema(required)]
    pub cancel_url: Option<String>,
    /// The partner's name.
    pub partner_name: String,
    /// How the page looks.
    pub branding: BrandingBody,
}

/// A step, told apart by `kind`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JourneyStep {
    /// Choose what to buy or sell and look at the price.
    Amount {
        /// What the user wants to do.
        flow: Flow,
        /// What they could want; one where the partner fixed it.
        flows: Vec<Flow>,
        /// What there is to choose from.
        options: Vec<AssetOption>,
        /// What is chosen.
        selected: AssetChoice,
        /// What a swap can be paid with; empty otherwise.
        from_options: Vec<AssetOption>,
        /// What it is paid with.
        #[schema(required)]
        from_selected: Option<AssetChoice>,
        /// How a sale can be paid out; empty otherwise.
        payout_methods: Vec<PayoutMethodBody>,
        /// How it is, by its id; none unless this is a sale.
        #[schema(required)]
        payout_method: Option<String>,
        /// The partner fixed the asset: there is no choice.
        pinned: bool,
        /// The price on the table.
        #[schema(required)]
        quote: Option<QuoteBody>,
        /// Why the price is shown again.
        #[schema(required)]
        notice: Option<Notice>,
    },
    /// Say where the money of a sale goes.
    Account {
        /// The accepted price.
        quote: QuoteBody,
        /// What was said before.
        #[schema(required)]
        account: Option<AccountBody>,
        /// What is asked for: it says which fields to send.
        account_kind: AccountKind,
        /// What the simulator knows of that kind; empty in live mode.
        test_payouts: Vec<TestPayout>,
        /// The same for IBANs alone, in fewer words.
        test_accounts: Vec<TestAccount>,
    },
    /// Say where the tokens go; for a sale, where they would go back to.
    Wallet {
        /// The accepted price.
        quote: QuoteBody,
        /// The network's name for people.
        network_name: String,
        /// What was said before.
        #[schema(required)]
        address: Option<String>,
        /// How an address looks.
        address_format: AddressFormat,
        /// What the network calls the memo that accounts at exchanges need; null where it has none.
        #[schema(required)]
        memo_name: Option<String>,
        /// Addresses here have no checksum: a typing mistake cannot be noticed.
        unchecked: bool,
        /// Wallets that the simulator knows; empty in live mode.
        test_wallets: Vec<TestWallet>,
        /// It is for what would go back, and not for what is bought.
        refund: bool,
        /// The partner fixed the address.
        locked: bool,
    },
    /// Look at a sale once more before anything is sent.
    Confirm {
        /// The accepted price.
        quote: QuoteBody,
        /// The network's name for people.
        network_name: String,
        /// Where tokens would go back to.
        back_to: String,
        /// The memo that belongs to it.
        #[schema(required)]
        back_to_memo: Option<String>,
        /// Whether that memo is a text; null without one.
        #[schema(required)]
        back_to_memo_is_text: Option<bool>,
        /// Where the tokens of a swap go; none for a sale.
        #[schema(required)]
        address: Option<String>,
        /// The memo that belongs to it.
        #[schema(required)]
        memo: Option<String>,
        /// Whether that memo is a text; null without one.
        #[schema(required)]
        memo_is_text: Option<bool>,
        /// The partner fixed one of these addresses.
        locked: bool,
        /// Where the money of a sale goes; none for a swap.
        #[schema(required)]
        account: Option<AccountBody>,
    },
    /// Send the tokens.
    Deposit {
        /// The agreed price.
        quote: QuoteBody,
        /// The network's name for people.
        network_name: String,
        /// Where to send them. Nobody else is given this address, or this address and this memo.
        address: String,
        /// What has to be sent with them, where others are given the same address: without it nobody
        /// can tell whose they are.
        #[schema(required)]
        memo: Option<String>,
        /// What the network calls the memo; null where it has none.
        #[schema(required)]
        memo_name: Option<String>,
        /// The text for a QR code. It carries the memo where the network has a standard for that.
        qr: String,
        /// Whether that text carries the memo.
        qr_has_memo: bool,
        /// What has come.
        received_amount: String,
        /// What is still to come.
        missing_amount: String,
        /// The price holds no longer. What comes now meets the quote's `on_lapse`.
        lapsed: bool,
        /// Where tokens would go back to.
        back_to: String,
        /// The memo that belongs to it.
        #[schema(required)]
        back_to_memo: Option<String>,
        /// Where the money of a sale goes; none for a swap.
        #[schema(required)]
        account: Option<AccountBody>,
        /// The transaction.
        transaction_id: String,
        /// The simulator can be told what to send; false in live mode.
        simulated: bool,
    },
    /// Say yes or no to a new price: the tokens came after the old one had lapsed.
    NewPrice {
        /// The price that had been agreed.
        agreed: QuoteBody,
        /// The new one; none until it is asked for.
        #[schema(required)]
        quote: Option<QuoteBody>,
        /// The network's name for people.
        network_name: String,
        /// Where the tokens go back to after a no.
        back_to: String,
        /// The transaction.
        transaction_id: String,
    },
    /// Pay.
    Payment {
        /// The accepted price.
        quote: QuoteBody,
        /// The network's name for people.
        network_name: String,
        /// Where the tokens go.
        address: String,
        /// The memo that belongs to it.
        #[schema(required)]
        memo: Option<String>,
        /// Whether that memo is a text; null without one.
        #[schema(required)]
        memo_is_text: Option<bool>,
        /// Cards that the simulator knows; empty in live mode.
        test_cards: Vec<TestCard>,
    },
    /// Show who they are; the purchase then goes on where it was.
    Identity {
        /// How sure the gateway has to be.
        level: IdentityLevel,
        /// Why, or why not yet, and what to do.
        reason: ReasonBody,
        /// They tried, and it could not be confirmed. They may try again.
        rejected: bool,
        /// How far they are.
        stage: IdentityStage,
        /// The address that a code was sent to, masked.
        #[schema(required)]
        email: Option<String>,
        /// What they are to give now; empty at other stages than `details`.
        asks: Vec<IdentityAsk>,
        /// For people: why they are asked again, or why it takes longer.
        #[schema(required)]
        problem: Option<String>,
        /// People that the simulator knows, by their family name; empty in live mode.
        test_people: Vec<TestPerson>,
        /// What the simulator can make of it; empty in live mode.
        test_outcomes: Vec<TestOutcome>,
    },
    /// Confirm with the bank.
    Challenge {
        /// The accepted price.
        quote: QuoteBody,
        /// The card in question.
        card_last4: String,
        /// What the simulator accepts; none in live mode.
        #[schema(required)]
        hint: Option<String>,
    },
    /// Wait.
    Processing {
        /// What the user waits for.
        stage: Stage,
        /// The agreed price.
        quote: QuoteBody,
        /// Where the tokens go, or go back to.
        address: String,
        /// The memo that belongs to it.
        #[schema(required)]
        memo: Option<String>,
        /// Where the money of a sale goes; none for a buy.
        #[schema(required)]
        account: Option<AccountBody>,
        /// The transaction.
        transaction_id: String,
        /// It takes longer than usual.
        slow: bool,
        /// What is going on, for people.
        message: String,
    },
    /// The tokens are there.
    Done {
        /// The agreed price.
        quote: QuoteBody,
        /// Where the tokens of a buy went.
        address: String,
        /// The memo that belongs to it.
        #[schema(required)]
        memo: Option<String>,
        /// Where the money of a sale went; none for a buy.
        #[schema(required)]
        account: Option<AccountBody>,
        /// The transaction.
        transaction_id: String,
        /// The transfer that brought it, by its name on its network or at its bank.
        chain_transaction: String,
        /// Where to look at it; none for the simulator's network.
        #[schema(required)]
        explorer_url: Option<String>,
    },
    /// The attempt failed.
    Failed {
        /// Why, and what now.
        reason: ReasonBody,
        /// Whether the user may try again here.
        can_retry: bool,
        /// The transaction that failed.
        #[schema(required)]
        transaction_id: Option<String>,
        /// Whether a payment was made and went back.
        refunded: bool,
    },
    /// What the user came for is not on offer now. When it is again, the journey goes on by itself.
    Unavailable {
        /// Why, and what now.
        reason: ReasonBody,
    },
    /// The session is over.
    Ended {
        /// Expired or cancelled.
        status: SessionStatus,
        /// For people.
        message: String,
    },
}

/// A token on one network, to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssetOption {
    /// The symbol.
    pub target_token: String,
    /// The network.
    pub target_network: String,
    /// The token's name for people.
    pub name: String,
    /// The network's name for people.
    pub network_name: String,
}

/// A token on one network, chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssetChoice {
    /// The symbol.
    pub target_token: String,
    /// The network.
    pub target_network: String,
}

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

/// A price with every part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuoteBody {
    /// Its id.
    pub id: String,
    /// Which way the money goes.
    pub side: Side,
    /// What the user pays in all; for a sale, what they are paid.
    pub fiat_amount: String,
    /// ISO 4217.
    pub currency: String,
    /// What the user receives; for a sale, what they send.
    pub crypto_amount: String,
    /// The token's symbol.
    pub target_token: String,
    /// The network.
    pub target_network: String,
    /// What a swap is paid with; none for a buy or a sale.
    #[schema(required)]
    pub paid_in: Option<PaidInBody>,
    /// The price of one token without fees.
    pub exchange_rate: String,
    /// Every fee.
    pub fees: Vec<FeeBody>,
    /// All fees together.
    pub total_fees: String,
    /// RFC 3339.
    pub expires_at: String,
    /// Whether the price no longer holds.
    pub lapsed: bool,
    /// How long a price holds in all, seconds.
    pub locked_for_seconds: i64,
}

/// The tokens that a swap is paid with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PaidInBody {
    /// How many.
    pub amount: String,
    /// The symbol.
    pub token: String,
    /// The network.
    pub network: String,
    /// The price of one of them without fees.
    pub exchange_rate: String,
}

/// One line of the bill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeeBody {
    /// What it is for.
    pub kind: FeeKind,
    /// For people.
    pub label: String,
    /// In the currency of the charge.
    pub amount: String,
}

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

/// Who sells, as the page shows it.
#[derive(Clone, Debug, Default)]
pub struct Seller {
    /// The partner's name.
    pub partner_name: String,
    /// How its pages look.
    pub branding: BrandingBody,
}

impl Journey {
    /// The journey of a session, from the step that the domain computed.
    pub fn new(
        session: &Session,
        step: Step<'_>,
        seller: &Seller,
        hints: &RailHints,
        catalogue: &Catalogue,
        now: Millis,
    ) -> Self {
        let terms = &session.terms;
        Self {
            session: JourneySession {
                id: session.id.to_string(),
                status: (&session.state).into(),
                mode: session.tenant.mode.into(),
                flow: terms.flow.map(|flow| flow.as_str().into()),
                amount: terms.amount.to_decimal(),
                currency: terms.amount.asset.code.clone(),
                expires_at: to_rfc3339(terms.expires_at),
                return_url: terms.return_url.clone(),
                cancel_url: terms.cancel_url.clone(),
                partner_name: seller.partner_name.clone(),
                branding: seller.branding.clone(),
            },
            revision: session.revision,
            server_time: to_rfc3339(now),
            step: step_body(session, step, hints, catalogue, now),
        }
    }
}

fn step_body(
    session: &Session,
    step: Step<'_>,
    hints: &RailHints,
    catalogue: &Catalogue,
    now: Millis,
) -> JourneyStep {
    let name_of = |asset: &Asset| {
        let chain = asset.network.as_deref().unwrap_or_default();
        catalogue.network(chain).map_or_else(|| chain.to_owned(), |network| network.name.clone())
    };
    let network_name = |quote: &Quote| name_of(&quote.crypto.asset);
    let sent_on = |quote: &Quote| name_of(&quote.taken().asset);
    let quoted = |quote: &Quote| QuoteBody::new(quote, now);
    let locked = session.terms.wallet_address.is_some();
    match step {
        Step::Amount {
            flow,
            flows,
            options,
            selected,
            from_options,
            from_selected,
            payouts,
            payout,
            quote,
            notice,
        } => JourneyStep::Amount {
            flow: flow.into(),
            flows: flows.into_iter().map(Flow::from).collect(),
            pinned: options.len() == 1,
            options: options.iter().map(AssetOption::from).collect(),
            selected: selected.into(),
            from_options: from_options.iter().map(AssetOption::from).collect(),
            from_selected: from_selected.map(|token| AssetChoice::from(*token)),
            payout_methods: payouts.into_iter().map(PayoutMethodBody::from).collect(),
            payout_method: payout.map(|payout| payout.id),
            quote: quote.map(quoted),
            notice: notice.map(Notice::from),
        },
        Step::Account { quote, asks } => {
            let of_it = hints.test_payouts.iter().filter(|(kind, _)| *kind == asks.into());
            let test_payouts: Vec<_> = of_it.map(|(_, payout)| payout.clone()).collect();
            JourneyStep::Account {
                quote: quoted(quote),
                account: None,
                account_kind: asks.into(),
                test_accounts: test_payouts.iter().filter_map(TestPayout::by_iban).collect(),
                test_payouts,
            }
        }
        Step::Confirm { quote, back_to, address, account } => JourneyStep::Confirm {
            network_name: sent_on(quote),
            quote: quoted(quote),
            back_to: back_to.address.clone(),
            back_to_memo: memo_of(Some(back_to)),
            back_to_memo_is_text: is_text(Some(back_to)),
            address: address.map(|address| address.address.clone()),
            memo: memo_of(address),
            memo_is_text: is_text(address),
            locked,
            account: account.map(AccountBody::from),
        },
        Step::Deposit { quote, means, transaction, received, lapsed } => {
            let units = quote.taken().units - received.units;
            let missing = Money { units, ..received.clone() };
            let (qr, qr_has_memo) = means.address.scannable(&missing);
            JourneyStep::Deposit {
                network_name: sent_on(quote),
                quote: quoted(quote),
                address: means.address.address.clone(),
                memo: memo_of(Some(&means.address)),
                memo_name: means.address.family.memo_name().map(str::to_owned),
                qr,
                qr_has_memo,
                missing_amount: missing.to_decimal(),
                received_amount: received.to_decimal(),
                lapsed,
                back_to: means.back_to.address.clone(),
                back_to_memo: memo_of(Some(&means.back_to)),
                account: means.account.as_ref().map(AccountBody::from),
                transaction_id: transaction.id.to_string(),
                simulated: session.tenant.mode == gate_domain::Mode::Test,
            }
        }
        Step::NewPrice { agreed, quote, transaction } => JourneyStep::NewPrice {
            network_name: network_name(agreed),
            agreed: quoted(agreed),
            quote: quote.map(quoted),
            back_to: back_to(transaction).map_or_else(String::new, |back| back.address.clone()),
            transaction_id: transaction.id.to_string(),
        },
        Step::Wallet { quote, family, refund } => JourneyStep::Wallet {
            network_name: if refund { sent_on(quote) } else { network_name(quote) },
            refund,
            quote: quoted(quote),
            address: None,
            address_format: family.into(),
            memo_name: family.memo_name().map(str::to_owned),
            unchecked: !family.has_checksum(),
            test_wallets: hints.test_wallets.clone(),
            locked,
        },
        Step::Payment { quote, address } => JourneyStep::Payment {
            network_name: network_name(quote),
            quote: quoted(quote),
            address: address.address.clone(),
            memo: memo_of(Some(address)),
            memo_is_text: is_text(Some(address)),
            test_cards: hints.test_cards.clone(),
        },
        Step::Identity { check, email, asks } => JourneyStep::Identity {
            level: check.level.into(),
            reason: check.reason().into(),
            rejected: check.rejected,
            stage: check.stage.into(),
            email: email.map(str::to_owned),
            asks: asks.iter().copied().map(IdentityAsk::from).collect(),
            problem: identity_problem(check.stage).map(str::to_owned),
            test_people: hints.test_people.clone(),
            test_outcomes: match session.tenant.mode {
                gate_domain::Mode::Test => test_outcomes(),
                gate_domain::Mode::Live => Vec::new(),
            },
        },
        Step::Challenge { quote, card_last4 } => JourneyStep::Challenge {
            quote: quoted(quote),
            card_last4: card_last4.into(),
            hint: hints.challenge_hint.clone(),
        },
        Step::Processing { stage, quote, transaction, slow } => JourneyStep::Processing {
            stage: stage.into(),
            quote: quoted(quote),
            address: sent_to(transaction).map_or_else(String::new, |to| to.address.clone()),
            memo: memo_of(sent_to(transaction)),
            account: account_of(transaction),
            transaction_id: transaction.id.to_string(),
            slow,
            message: stage_message(stage, quote.side).into(),
        },
        Step::Done { quote, transaction, chain_transaction } => JourneyStep::Done {
            quote: quoted(quote),
            address: sent_to(transaction).map_or_else(String::new, |to| to.address.clone()),
            memo: memo_of(sent_to(transaction)),
            account: account_of(transaction),
            transaction_id: transaction.id.to_string(),
            chain_transaction: chain_transaction.into(),
            explorer_url: None,
        },
        Step::Failed { reason, refunded, can_retry, transaction } => JourneyStep::Failed {
            reason: reason.into(),
            can_retry,
            transaction_id: transaction.map(|transaction| transaction.id.to_string()),
            refunded,
        },
        Step::Unavailable { refusal } => {
            JourneyStep::Unavailable { reason: unavailable_reason(&refusal) }
        }
        Step::Ended => JourneyStep::Ended {
            status: (&session.state).into(),
            message: match session.state {
                State::Expired => "This session has expired. Start again when you are ready.",
                State::Cancelled => "This purchase was cancelled. Start again when you are ready.",
                State::Open { .. } | State::InFlight { .. } | State::Completed => {
                    unreachable!("only an expired or cancelled session has ended")
                }
            }
            .into(),
        },
    }
}

/// Why the user is asked again, or why it takes longer.
const fn identity_problem(stage: session::IdentityStage) -> Option<&'static str> {
    use session::IdentityStage as S;
    match stage {
        S::Details { problem: Some(IdentityProblem::Name) } => Some(
            "Your name could not be confirmed. Write it as your document shows it, and try again.",
        ),
        S::Details { problem: Some(IdentityProblem::Document) } => Some(
            "Your document could not be confirmed. Look at its type and number, and try again.",
        ),
        S::Details { problem: Some(IdentityProblem::TookTooLong) } => {
            Some("The check took too long. Nothing was charged; try again.")
        }
        S::Checking { held: true } => {
            Some("This takes longer than usual. You can close this page and come back later.")
        }
        S::Email | S::Code | S::Details { problem: None } | S::Checking { held: false } => None,
    }
}

fn test_outcomes() -> Vec<TestOutcome> {
    let outcomes = [
        (IdentityOutcome::Approved, "Pass the check"),
        (IdentityOutcome::Rejected, "Fail the check"),
    ];
    outcomes.map(|(outcome, label)| TestOutcome { outcome, label: label.into() }).to_vec()
}

/// Where the tokens of a buy go, or those of a sale go back to.
fn sent_to(transaction: &Transaction) -> Option<&Destination> {
    transaction.address.as_ref().or(back_to(transaction))
}

fn back_to(transaction: &Transaction) -> Option<&Destination> {
    transaction.means.deposit().map(|means| &means.back_to)
}

fn account_of(transaction: &Transaction) -> Option<AccountBody> {
    let means = transaction.means.deposit()?;
    means.account.as_ref().map(AccountBody::from)
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

impl TestPayout {
    fn by_iban(&self) -> Option<TestAccount> {
        let AccountRequestBody::Iban(account) = &self.account else { return None };
        let (label, outcome) = (self.label.clone(), self.outcome.clone());
        Some(TestAccount { iban: account.iban.clone(), label, outcome })
    }
}

const fn stage_message(stage: ProcessingStage, side: catalogue::Side) -> &'static str {
    match stage {
        ProcessingStage::Sending if matches!(side, catalogue::Side::OffRamp) => {
            "Your tokens have arrived. Your money is on its way."
        }
        ProcessingStage::Refunding if matches!(side, catalogue::Side::OffRamp) => {
            "The money could not be paid out. Your tokens are on their way back."
        }
        ProcessingStage::Authorising => "Your bank is confirming the payment.",
        ProcessingStage::Sending => "The payment is confirmed. Your tokens are on their way.",
        ProcessingStage::Refunding => {
            "The tokens could not be sent. Your payment is on its way back."
        }
        ProcessingStage::Review => "We are looking into this payment. Nothing is lost.",
    }
}

/// A refusal in words for the user, who can neither change the request nor ask the API.
fn unavailable_reason(refusal: &Refusal) -> ReasonBody {
    let mut reason = ReasonBody::from(refusal);
    // This one was written for the user.
    if refusal.code == RefusalCode::LimitReached {
        return reason;
    }
    let next_step = if refusal.retryable && refusal.code != RefusalCode::AmountOutOfRange {
        "This page goes on by itself once it is back. You can also go back to the shop."
    } else {
        "Go back to the shop and choose something else."
    };
    reason.next_step = Some(next_step.into());
    if let (Some(minimum), Some(maximum)) = (&refusal.minimum, &refusal.maximum) {
        reason.message = format!("A purchase can be from {minimum} to {maximum} at the moment.");
    }
    reason
}

impl From<Token> for AssetChoice {
    fn from(token: Token) -> Self {
        Self { target_token: token.symbol, target_network: token.network }
    }
}

impl From<&Token> for AssetOption {
    fn from(token: &Token) -> Self {
        Self {
            target_token: token.symbol.clone(),
            target_network: token.network.clone(),
            name: token.name.clone(),
            network_name: token.network_name.clone(),
        }
    }
}

impl QuoteBody {
    /// A quote as the page sees it at `now`.
    pub fn new(quote: &Quote, now: Millis) -> Self {
        let fees = quote.fees.iter().map(|fee| FeeBody {
            kind: fee.kind.into(),
            label: match fee.kind {
                quote::FeeKind::Service => "Service fee",
                quote::FeeKind::Fixed => "Fixed fee",
                quote::FeeKind::Network => "Network fee",
                quote::FeeKind::Rounding => "Rounding",
            }
            .into(),
            amount: fee.amount.to_decimal(),
        });
        Self {
            id: quote.id.to_string(),
            side: quote.side.into(),
            fiat_amount: quote.fiat.to_decimal(),
            currency: quote.fiat.asset.code.clone(),
            crypto_amount: quote.crypto.to_decimal(),
            target_token: quote.crypto.asset.code.clone(),
            target_network: quote.crypto.asset.network.clone().unwrap_or_default(),
            paid_in: quote.paid_in.as_ref().map(|paid| PaidInBody {
                amount: paid.amount.to_decimal(),
                token: paid.amount.asset.code.clone(),
                network: paid.amount.asset.network.clone().unwrap_or_default(),
                exchange_rate: paid.rate.to_decimal(),
            }),
            exchange_rate: quote.rate.to_decimal(),
            fees: fees.collect(),
            total_fees: quote.total_fees().to_decimal(),
            expires_at: to_rfc3339(quote.expires_at),
            lapsed: quote.lapsed(now),
            locked_for_seconds: (quote.expires_at.0 - quote.created_at.0) / 1000,
        }
    }
}
