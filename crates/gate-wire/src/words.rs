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
        /// Ours.
        Service,
        /// The network's.
        Network,
        /// What cannot be divided.
        Rounding,
    }
);

words!(
    /// Why the page shows the price again.
    Notice {
        /// The accepted price no longer holds.
        QuoteExpired,
    }
);

words!(
    /// How an address looks.
    AddressFormat {
        /// `0x` and 40 hexadecimal digits (EIP-55).
        Evm,
    }
);

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

impl From<gate_domain::quote::FeeKind> for FeeKind {
    fn from(kind: gate_domain::quote::FeeKind) -> Self {
        match kind {
            gate_domain::quote::FeeKind::Service => Self::Service,
            gate_domain::quote::FeeKind::Network => Self::Network,
            gate_domain::quote::FeeKind::Rounding => Self::Rounding,
        }
    }
}
