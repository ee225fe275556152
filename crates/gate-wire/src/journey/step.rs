//! The steps, and what each of them shows.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    AccountBody, AssetChoice, AssetOption, NotTakenBody, PayoutMethodBody, QuoteBody, TestAccount,
    TestCard, TestOutcome, TestPayout, TestPerson, TestWallet,
};
use crate::error::ReasonBody;
use crate::words::{
    AccountKind, AddressFormat, Flow, IdentityAsk, IdentityLevel, IdentityStage, Notice,
    SessionStatus, Stage,
};

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
        /// What came and is not taken in, newest first.
        not_taken: Vec<NotTakenBody>,
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
        /// What becomes of tokens that are too many, too few or too late, for people.
        unless_exact: String,
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
        /// What came and is not taken in, newest first.
        not_taken: Vec<NotTakenBody>,
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
        /// What came and is not taken in, newest first.
        not_taken: Vec<NotTakenBody>,
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
        /// What the user wanted to do; null where that was left open.
        #[schema(required)]
        flow: Option<Flow>,
        /// For people.
        message: String,
        /// What came and is not taken in, newest first.
        not_taken: Vec<NotTakenBody>,
    },
}
