//! The closed sets of words on the wire. Each is spelt as its domain spells it.

use gate_domain::journey::ProcessingStage;
use gate_domain::session::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$word_doc])* $word),* }
    };
}

words!(
    /// Which world.
    Mode {
        /// The sandbox.
        Test,
        /// Real money.
        Live,
    }
);

words!(
    /// Where a session stands (contract, section 5).
    SessionStatus {
        /// The user may act, or money is moving.
        Open,
        /// The user has what they bought.
        Completed,
        /// The lifetime passed.
        Expired,
        /// The partner or the user gave up.
        Cancelled,
    }
);

words!(
    /// What the user waits for.
    Stage {
        /// For the bank.
        Authorising,
        /// For the network.
        Sending,
        /// For the refund.
        Refunding,
        /// For a person.
        Review,
    }
);

words!(
    /// What a fee is for.
    FeeKind {
        /// Ours, by the amount.
        Service,
        /// Ours, whatever the amount.
        Fixed,
        /// The network's.
        Network,
        /// What cannot be divided.
        Rounding,
    }
);

/// What a hosted page may do with its token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EmbedScope)]
pub enum Scope {
    /// Look at the journey.
    #[serde(rename = "journey:read")]
    Read,
    /// Take part in it.
    #[serde(rename = "journey:act")]
    Act,
}

words!(
    /// Why the page shows the price again.
    Notice {
        /// The accepted price no longer holds.
        QuoteExpired,
        /// The token that was chosen is not on offer any more.
        AssetNotAvailable,
    }
);

words!(
    /// How an address looks.
    AddressFormat {
        /// `0x` and 40 hexadecimal digits (EIP-55).
        Evm,
        /// Bitcoin: `bc1…`, `1…` or `3…`.
        Bitcoin,
        /// Tron: `T…`.
        Tron,
        /// The XRP Ledger: `r…`, with a destination tag where accounts share an address.
        Xrp,
        /// Stellar: `G…`, with a memo where accounts share an address, or `M…`.
        Stellar,
        /// Solana: 32 bytes in base58, without a checksum.
        Solana,
    }
);

words!(
    /// Whether the gateway has verified a customer.
    KycStatus {
        /// Not yet.
        Unverified,
    }
);

words!(
    /// How sure the gateway has to be of who the user is.
    IdentityLevel {
        /// Their name, when they were born and where they live, or what else the catalogue asks for.
        Basic,
        /// More: a document, and where the money comes from.
        Enhanced,
    }
);

words!(
    /// How well a user is known.
    Rung {
        /// Not at all.
        Guest,
        /// By the first level of identity.
        Basic,
        /// By the second.
        Enhanced,
    }
);

words!(
    /// How an identity check ended.
    IdentityOutcome {
        /// They are who they say.
        Approved,
        /// It could not be confirmed.
        Rejected,
    }
);

words!(
    /// How far the user is who has to show who they are.
    IdentityStage {
        /// They are to name an e-mail address.
        Email,
        /// They are to type the code that was sent there.
        Code,
        /// They are to give details of themselves.
        Details,
        /// What they gave is looked at: wait.
        Checking,
    }
);

words!(
    /// One thing that a user is asked for.
    IdentityAsk {
        /// The given and the family name.
        Name,
        /// The day of birth.
        BirthDate,
        /// Where they live.
        Country,
        /// A document.
        Document,
        /// Where their money comes from.
        SourceOfFunds,
    }
);

words!(
    /// What a document is.
    DocumentType {
        /// A passport.
        Passport,
        /// An identity card.
        IdCard,
        /// A driving licence.
        DrivingLicence,
    }
);

words!(
    /// Where a user's money comes from.
    SourceOfFunds {
        /// They are paid for their work.
        Salary,
        /// They have put it by.
        Savings,
        /// They own a business.
        Business,
        /// What they own pays.
        Investments,
        /// Something else.
        Other,
    }
);

impl From<gate_domain::session::IdentityStage> for IdentityStage {
    fn from(stage: gate_domain::session::IdentityStage) -> Self {
        match stage {
            gate_domain::session::IdentityStage::Email => Self::Email,
            gate_domain::session::IdentityStage::Code => Self::Code,
            gate_domain::session::IdentityStage::Details { .. } => Self::Details,
            gate_domain::session::IdentityStage::Checking { .. } => Self::Checking,
        }
    }
}

impl From<gate_domain::person::Ask> for IdentityAsk {
    fn from(ask: gate_domain::person::Ask) -> Self {
        match ask {
            gate_domain::person::Ask::Name => Self::Name,
            gate_domain::person::Ask::BirthDate => Self::BirthDate,
            gate_domain::person::Ask::Country => Self::Country,
            gate_domain::person::Ask::Document => Self::Document,
            gate_domain::person::Ask::SourceOfFunds => Self::SourceOfFunds,
        }
    }
}

impl From<gate_domain::session::IdentityLevel> for IdentityLevel {
    fn from(level: gate_domain::session::IdentityLevel) -> Self {
        match level {
            gate_domain::session::IdentityLevel::Basic => Self::Basic,
            gate_domain::session::IdentityLevel::Enhanced => Self::Enhanced,
        }
    }
}

impl From<Option<gate_domain::session::IdentityLevel>> for Rung {
    fn from(level: Option<gate_domain::session::IdentityLevel>) -> Self {
        match level {
            None => Self::Guest,
            Some(gate_domain::session::IdentityLevel::Basic) => Self::Basic,
            Some(gate_domain::session::IdentityLevel::Enhanced) => Self::Enhanced,
        }
    }
}

words!(
    /// Where a caller's country is known from.
    GeoSource {
        /// The request named it.
        Explicit,
        /// The edge's header `cf-ipcountry` named it.
        Ip,
        /// It is not known.
        None,
    }
);

words!(
    /// Which way money goes.
    Side {
        /// Fiat in, crypto out.
        OnRamp,
        /// Crypto in, fiat out.
        OffRamp,
    }
);

words!(
    /// What the user of a session wants to do.
    Flow {
        /// Buy crypto.
        OnRamp,
        /// Sell crypto.
        OffRamp,
        /// Swap one token for another.
        Swap,
    }
);

impl From<gate_domain::session::Flow> for Flow {
    fn from(flow: gate_domain::session::Flow) -> Self {
        match flow {
            gate_domain::session::Flow::OnRamp => Self::OnRamp,
            gate_domain::session::Flow::OffRamp => Self::OffRamp,
            gate_domain::session::Flow::Swap => Self::Swap,
        }
    }
}

words!(
    /// Where tokens stand that came in for a sale.
    DepositStatus {
        /// They count, and more are to come or a price is to be agreed on.
        Counted,
        /// The sale has taken them in.
        Taken,
        /// A person decides.
        Held,
        /// What is not taken in is on its way back.
        Returning,
        /// What was not taken in is back.
        Returned,
    }
);

words!(
    /// Why something of a deposit is not taken in.
    DepositCause {
        /// More than was agreed on.
        Surplus,
        /// Nothing waited for it: it came twice, or after the sale had ended.
        Unexpected,
        /// The sale ended before it was complete.
        SaleEnded,
        /// Another token than was agreed on.
        WrongAsset,
        /// Another network than was agreed on.
        WrongNetwork,
        /// It could not be sent back.
        ReturnFailed,
        /// Nobody knows whether it was sent back.
        ReturnUnknown,
    }
);

words!(
    /// What a transaction does.
    Action {
        /// Buys crypto.
        OnRamp,
        /// Sells crypto.
        OffRamp,
        /// Swaps one token for another.
        Swap,
    }
);

words!(
    /// Where a transaction stands.
    TransactionStatus {
        /// What the user gives has not come in.
        AwaitingPayment,
        /// It has come in.
        PaymentReceived,
        /// What the user gets is on its way.
        Settling,
        /// The user has it.
        Completed,
        /// Nothing came in, or nothing of it was kept.
        Failed,
        /// What came in is on its way back.
        RefundPending,
        /// It is back.
        Refunded,
        /// A person looks into it.
        Review,
    }
);

words!(
    /// Where a signed quote stands.
    QuoteStatus {
        /// It can be redeemed.
        Active,
        /// It was redeemed.
        Consumed,
        /// Nobody redeemed it in time.
        Expired,
    }
);

words!(
    /// Where a refund stands.
    RefundStatus {
        /// The money is on its way back.
        Pending,
        /// It is back where it came from.
        Succeeded,
        /// It did not leave.
        Failed,
        /// The provider has not said what became of it; a person looks into it.
        Review,
    }
);

words!(
    /// Where a rail payment stands.
    RailStatus {
        /// Money may be moving.
        Processing,
        /// The user has what they get.
        Settled,
        /// Nothing was taken in, or all of it went back.
        Failed,
        /// It was withdrawn before anything had come in.
        Cancelled,
    }
);

words!(
    /// What a way of being paid out asks its user for.
    AccountKind {
        /// `iban`.
        Iban,
        /// `sort_code` and `account_number` of the United Kingdom, or a British `iban`.
        SortCode,
        /// `routing_number` (ABA), `account_number` and `account_type` of the United States.
        Aba,
        /// `pix_key`.
        Pix,
        /// `card`.
        Card,
    }
);

words!(
    /// What an account of the United States is for.
    AccountType {
        /// Everyday money.
        Checking,
        /// Money that is put by.
        Savings,
    }
);

impl From<gate_domain::bank::AccountKind> for AccountKind {
    fn from(kind: gate_domain::bank::AccountKind) -> Self {
        match kind {
            gate_domain::bank::AccountKind::Iban => Self::Iban,
            gate_domain::bank::AccountKind::SortCode => Self::SortCode,
            gate_domain::bank::AccountKind::Aba => Self::Aba,
            gate_domain::bank::AccountKind::Pix => Self::Pix,
            gate_domain::bank::AccountKind::Card => Self::Card,
        }
    }
}

impl From<gate_domain::bank::AccountType> for AccountType {
    fn from(kind: gate_domain::bank::AccountType) -> Self {
        match kind {
            gate_domain::bank::AccountType::Checking => Self::Checking,
            gate_domain::bank::AccountType::Savings => Self::Savings,
        }
    }
}

impl From<gate_domain::Mode> for Mode {
    fn from(mode: gate_domain::Mode) -> Self {
        match mode {
            gate_domain::Mode::Test => Self::Test,
            gate_domain::Mode::Live => Self::Live,
        }
    }
}

impl From<&State> for SessionStatus {
    fn from(state: &State) -> Self {
        match state {
            State::Open { .. } | State::InFlight { .. } => Self::Open,
            State::Completed => Self::Completed,
            State::Expired => Self::Expired,
            State::Cancelled => Self::Cancelled,
        }
    }
}

impl From<gate_domain::journey::Notice> for Notice {
    fn from(notice: gate_domain::journey::Notice) -> Self {
        match notice {
            gate_domain::journey::Notice::QuoteExpired => Self::QuoteExpired,
            gate_domain::journey::Notice::AssetNotAvailable => Self::AssetNotAvailable,
        }
    }
}

impl From<ProcessingStage> for Stage {
    fn from(stage: ProcessingStage) -> Self {
        match stage {
            ProcessingStage::Authorising => Self::Authorising,
            ProcessingStage::Sending => Self::Sending,
            ProcessingStage::Refunding => Self::Refunding,
            ProcessingStage::Review => Self::Review,
        }
    }
}

impl From<gate_domain::destination::Family> for AddressFormat {
    fn from(family: gate_domain::destination::Family) -> Self {
        match family {
            gate_domain::destination::Family::Evm => Self::Evm,
            gate_domain::destination::Family::Bitcoin => Self::Bitcoin,
            gate_domain::destination::Family::Tron => Self::Tron,
            gate_domain::destination::Family::Xrp => Self::Xrp,
            gate_domain::destination::Family::Stellar => Self::Stellar,
            gate_domain::destination::Family::Solana => Self::Solana,
        }
    }
}

impl From<gate_domain::quote::FeeKind> for FeeKind {
    fn from(kind: gate_domain::quote::FeeKind) -> Self {
        match kind {
            gate_domain::quote::FeeKind::Service => Self::Service,
            gate_domain::quote::FeeKind::Fixed => Self::Fixed,
            gate_domain::quote::FeeKind::Network => Self::Network,
            gate_domain::quote::FeeKind::Rounding => Self::Rounding,
        }
    }
}
