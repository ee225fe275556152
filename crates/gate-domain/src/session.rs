//! A session: what a partner asked for, what the user has chosen so far, and where it stands.

use serde::{Deserialize, Serialize};

use crate::customer::CountryCode;
use crate::destination::Destination;
use crate::event::EventType;
use crate::ids::{QuoteId, SessionId, Tenant, TransactionId, UserId};
use crate::money::Money;
use crate::person::{Ask, Person};
use crate::rail::PayoutAccount;
use crate::reason::Reason;
use crate::time::Millis;

/// Lifetime where create says nothing: 24 h.
pub const LIFETIME_DEFAULT_S: i64 = 86_400;
/// The shortest lifetime that create may ask for: 5 min.
pub const LIFETIME_MIN_S: i64 = 300;
/// The longest lifetime that create may ask for: 7 days.
pub const LIFETIME_MAX_S: i64 = 604_800;

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub tenant: Tenant,
    /// What the partner asked for; fixed at creation.
    pub terms: Terms,
    /// Where it stands.
    pub state: State,
    /// The transaction that matters: the one in flight, or else the last one that was tried.
    pub transaction: Option<TransactionId>,
    /// Grows by one with every change.
    pub revision: i64,
    /// When it was made.
    pub created_at: Millis,
    /// When it last changed.
    pub updated_at: Millis,
}

/// What the partner asked for. The browser cannot change any of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// What the user pays; for a sale, what they are paid.
    pub amount: Money,
    /// The token's symbol, if the partner pins it.
    pub target_token: Option<String>,
    /// The network, lower case, if the partner pins it.
    pub target_network: Option<String>,
    /// The flow, if the partner pins it.
    pub flow: Option<Flow>,
    /// Where the tokens go, if the partner knows; for a sale, where they would go back to.
    pub wallet_address: Option<Destination>,
    /// Where the user goes back to.
    pub return_url: String,
    /// Where the user goes back to after giving up.
    pub cancel_url: Option<String>,
    /// The partner's own name for the user. Opaque.
    pub user_reference: Option<String>,
    /// The partner's own name for this session, such as its order number: there is one session
    /// for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_reference_id: Option<String>,
    /// The signed quote that fixed the amount, the currency and the token, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote_id: Option<QuoteId>,
    /// The partner's notes, a JSON object as text.
    pub metadata: String,
    /// When the session ends if no money is moving.
    pub expires_at: Millis,
}

/// What the user wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Buy crypto.
    OnRamp,
    /// Sell crypto.
    OffRamp,
    /// Swap one token for another.
    Swap,
}

impl Flow {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OnRamp => "on_ramp",
            Self::OffRamp => "off_ramp",
            Self::Swap => "swap",
        }
    }

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::OnRamp, Self::OffRamp, Self::Swap].into_iter().find(|flow| flow.as_str() == word)
    }
}

/// What the user has chosen so far. Kept through a failed attempt, so that nothing is typed twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The price that is on the table.
    pub quote: Option<QuoteId>,
    /// Whether the user said yes to it.
    pub accepted: bool,
    /// Where the tokens go; for a sale, where they would go back to.
    pub address: Option<Destination>,
    /// Where the tokens that a swap is paid with would go back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_to: Option<Destination>,
    /// What they want to do, where the partner leaves that open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<Flow>,
    /// Where the money of a sale goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<PayoutAccount>,
    /// What has to be confirmed about who they are, before they may go on. It outlives a failed
    /// attempt, so that nobody gets around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<IdentityCheck>,
    /// Who they have shown that they are. It outlives a failed attempt too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// Where the page was opened last, as far as the edge knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_in: Option<CountryCode>,
    /// Whether the partner was told that the payment of the last attempt went back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub told_refunded: bool,
}

/// A user who has to show who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityCheck {
    /// How sure we have to be.
    pub level: IdentityLevel,
    /// They tried, and it could not be confirmed. They may try again.
    pub rejected: bool,
    /// How far they are.
    #[serde(default)]
    pub stage: IdentityStage,
}

/// How far a user is who has to show who they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum IdentityStage {
    /// They are to name an e-mail address.
    #[default]
    Email,
    /// They are to type the code that was sent there.
    Code,
    /// They are to give details of themselves.
    Details {
        /// Why they are asked again.
        problem: Option<IdentityProblem>,
    },
    /// Somebody looks at what they gave.
    Checking {
        /// People decide first, so it takes longer.
        held: bool,
    },
}

/// Why a user is asked for details again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityProblem {
    /// The name does not fit.
    Name,
    /// The document does not fit.
    Document,
    /// There was no answer in time.
    TookTooLong,
}

/// How sure the gateway has to be of who the user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityLevel {
    /// Their name, when they were born and where they live, or what else the catalogue asks for.
    Basic,
    /// More: a document, and where the money comes from.
    Enhanced,
}

impl IdentityLevel {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Basic, Self::Enhanced];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Enhanced => "enhanced",
        }
    }

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }
}

impl IdentityCheck {
    /// Whether somebody looks at what the user gave.
    pub const fn is_checking(self) -> bool {
        matches!(self.stage, IdentityStage::Checking { .. })
    }

    /// What the user is asked for now, of what their level asks: what is not known of them, and what is
    /// known and was doubted. Whoever was rejected gives everything again.
    pub fn asks(self, level_asks: &[Ask], known: &Person) -> Vec<Ask> {
        let doubted = match self.stage {
            IdentityStage::Details { problem: Some(IdentityProblem::Name) } => Some(Ask::Name),
            IdentityStage::Details { problem: Some(IdentityProblem::Document) } => {
                Some(Ask::Document)
            }
            IdentityStage::Details { problem: Some(IdentityProblem::TookTooLong) | None }
            | IdentityStage::Email
            | IdentityStage::Code
            | IdentityStage::Checking { .. } => None,
        };
        let more = doubted.filter(|ask| !level_asks.contains(ask));
        let missing = known.missing(level_asks);
        let asked = |ask: &Ask| self.rejected || doubted == Some(*ask) || missing.contains(ask);
        level_asks.iter().copied().chain(more).filter(asked).collect()
    }

    /// The same, further on or further back.
    const fn at(self, stage: IdentityStage) -> Self {
        Self { stage, ..self }
    }

    /// Why the user has to stop here.
    pub const fn reason(self) -> Reason {
        if self.rejected { Reason::IdentityRejected } else { Reason::IdentityRequired }
    }
}

/// Where a session stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// The user may act, and no money is moving.
    Open {
        /// What they have done so far.
        stage: Stage,
        /// What they have chosen so far.
        choice: Choice,
    },
    /// Money may be moving: neither expiry nor cancel touches the session.
    InFlight {
        /// What is going on.
        stage: FlightStage,
        /// What the user had chosen.
        choice: Choice,
    },
    /// The user has what they bought.
    Completed,
    /// The lifetime passed.
    Expired,
    /// The partner or the user gave up.
    Cancelled,
}

/// How far the user of an open session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// Nobody has looked at it yet.
    Created,
    /// The hosted page was opened.
    Opened,
    /// A price is on the table.
    Quoted,
    /// The bank waits for the user's second step; nothing is charged yet.
    AwaitingPayment,
    /// The user is to send tokens; none have come.
    AwaitingDeposit,
    /// The last attempt failed; the user may try again.
    Failed {
        /// Why.
        reason: Reason,
        /// Whether a payment was made and went back.
        refunded: bool,
    },
}

/// What is going on while money may be moving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum FlightStage {
    /// Payment, then sending.
    Processing,
    /// The user's tokens came too late for their price: a new one waits for a yes.
    Repricing,
    /// The payment goes back.
    Refunding {
        /// Why.
        reason: Reason,
    },
    /// A person looks into it.
    Review {
        /// What is unknown.
        reason: Reason,
    },
}

/// What can happen to a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The hosted page was opened.
    PageOpened,
    /// A page was let in from a country.
    SeenIn(CountryCode),
    /// A price was made for it.
    QuoteGiven(QuoteId),
    /// The user said yes to a price.
    QuoteAccepted(QuoteId),
    /// The user said what they want to do.
    FlowChosen(Flow),
    /// The user said where the tokens go.
    AddressGiven(Destination),
    /// The user said where the tokens that a swap is paid with would go back to.
    BackToGiven(Destination),
    /// The user said where the money of a sale goes.
    AccountGiven(PayoutAccount),
    /// The user wants to change an earlier answer.
    SteppedBack(BackTo),
    /// The user wants to try again after a failure.
    RetryRequested,
    /// The user has to show who they are before the purchase goes on.
    IdentityAsked(IdentityLevel),
    /// A code was sent to an e-mail address of theirs.
    CodeSent,
    /// They have shown that they are somebody whom the gateway knows.
    UserKnown(UserId),
    /// The gateway has forgotten who they are.
    UserForgotten,
    /// What they gave of themselves is looked at.
    IdentityChecking {
        /// People decide first.
        held: bool,
    },
    /// It does not do: they are to give it again.
    DetailsDoubted(IdentityProblem),
    /// They are who they say.
    IdentityConfirmed,
    /// It could not be confirmed that they are.
    IdentityRejected,
    /// A charge was written down.
    PaymentStarted,
    /// An address for the user's tokens was written down.
    DepositStarted,
    /// The partner redeemed a signed quote over the API: a rail payment was written down.
    RailStarted(QuoteId),
    /// The bank wants the second step.
    ChallengeAsked,
    /// Money may be moving (again): the second step was answered, tokens came, or an answer came at
    /// last.
    PaymentMoving,
    /// The user's tokens came too late for their price.
    NewPriceNeeded,
    /// The tokens are there.
    TransactionCompleted,
    /// Nothing was charged.
    TransactionFailed(Reason),
    /// The payment goes back.
    RefundStarted(Reason),
    /// The payment is back.
    TransactionRefunded(Reason),
    /// Nobody knows how it ended.
    ReviewStarted(Reason),
    /// The partner or the user gives up.
    CancelRequested,
    /// The clock says so.
    DeadlinePassed {
        /// What time it is.
        now: Millis,
    },
    /// A test helper says so, whatever the clock says.
    ExpiryForced,
}

/// Where a step back leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackTo {
    /// To the choice of asset and price.
    Amount,
    /// To the wallet address.
    Wallet,
    /// To the bank account.
    Account,
    /// To the address that the tokens of a swap would go back to.
    RefundAddress,
}

/// What a move causes. Carried out in the transaction that saves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Tell the partner.
    Announce(EventType),
    /// Let go of the payment that waits for a second step.
    AbandonPayment,
    /// Let go of the question about who the user is.
    DropIdentityCheck,
}

/// What an event did.
#[expect(clippy::large_enum_variant, reason = "a step is taken apart where it is made")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The session moved on.
    Moved {
        /// Where to.
        next: State,
        /// What that causes.
        effects: Vec<Effect>,
    },
    /// Old news; replaying it is harmless.
    Unchanged,
}

/// Why an event was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The session has ended.
    #[error("the session has already ended")]
    Ended,
    /// Money may be moving.
    #[error("a payment is in flight")]
    PaymentInFlight,
    /// It is not that late yet.
    #[error("the session has not expired yet")]
    NotDue,
    /// The page is behind: another tab or device has moved on.
    #[error("the session is not at this step")]
    OutOfStep,
    /// The price is not the one on the table.
    #[error("this is not the quote on the table")]
    OtherQuote,
}

impl Session {
    /// The contract's four words.
    pub const fn status(&self) -> &'static str {
        self.state.status()
    }

    /// Whether the user or the partner can still do something with it.
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. } | State::InFlight { .. })
    }

    /// What the user wants to do, as far as it is known.
    pub fn flow(&self) -> Flow {
        flow_of(self.choice(), &self.terms)
    }

    /// Whether nothing can come of another attempt: the network refused the address, and the partner
    /// has fixed it.
    pub fn cannot_deliver(&self) -> bool {
        match &self.state {
            State::Open { stage, choice } => is_stuck(*stage, choice, &self.terms),
            State::InFlight { .. } | State::Completed | State::Expired | State::Cancelled => false,
        }
    }

    /// What the user has chosen so far.
    pub const fn choice(&self) -> Option<&Choice> {
        match &self.state {
            State::Open { choice, .. } | State::InFlight { choice, .. } => Some(choice),
            State::Completed | State::Expired | State::Cancelled => None,
        }
    }
}

impl State {
    /// How every session begins.
    pub fn new(terms: &Terms) -> Self {
        let choice = Choice { address: terms.wallet_address.clone(), ..Choice::default() };
        Self::Open { stage: Stage::Created, choice }
    }

    /// The contract's four words (section 5).
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Open { .. } | Self::InFlight { .. } => "open",
            Self::Completed => "completed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// The richer life, for `progress.phase` (decisions, "Sessions"). A session that ended without
    /// a payment has no phase of its own beyond its status.
    pub const fn phase(&self) -> &'static str {
        match self {
            Self::Open { choice: Choice { identity: Some(_), .. }, .. } => "verifying",
            Self::Open { stage, .. } => match stage {
                Stage::Created => "created",
                Stage::Opened => "opened",
                Stage::Quoted => "quoted",
                Stage::AwaitingPayment | Stage::AwaitingDeposit => "awaiting_payment",
                Stage::Failed { refunded: false, .. } => "failed",
                Stage::Failed { refunded: true, .. } => "refunded",
            },
            Self::InFlight { stage, .. } => match stage {
                FlightStage::Processing | FlightStage::Repricing => "processing",
                FlightStage::Refunding { .. } => "refunding",
                FlightStage::Review { .. } => "review",
            },
            Self::Completed => "settled",
            Self::Expired | Self::Cancelled => "failed",
        }
    }

    /// Why it stands where it stands, if there is a reason.
    pub const fn reason(&self) -> Option<Reason> {
        match self {
            Self::Open { choice: Choice { identity: Some(check), .. }, .. } => Some(check.reason()),
            Self::Open { stage: Stage::Failed { reason, .. }, .. }
            | Self::InFlight {
                stage: FlightStage::Refunding { reason } | FlightStage::Review { reason },
                ..
            } => Some(*reason),
            Self::Open { .. }
            | Self::InFlight { .. }
            | Self::Completed
            | Self::Expired
            | Self::Cancelled => None,
        }
    }

    /// The only transition function. Every pair is written out.
    pub fn apply(&self, event: &Event, terms: &Terms) -> Result<Step, Refused> {
        match self {
            Self::Open { stage, choice } => apply_open(*stage, choice, event, terms),
            Self::InFlight { stage, choice } => apply_in_flight(*stage, choice, event, terms),
            Self::Completed => apply_ended(Event::TransactionCompleted == *event),
            Self::Expired => apply_ended(matches!(
                event,
                Event::DeadlinePassed { .. } | Event::ExpiryForced | Event::TransactionFailed(_)
            )),
            Self::Cancelled => apply_ended(matches!(event, Event::TransactionFailed(_))),
        }
    }
}

fn apply_open(
    stage: Stage,
    choice: &Choice,
    event: &Event,
    terms: &Terms,
) -> Result<Step, Refused> {
    use Event as E;
    let open = |stage, choice| moved(State::Open { stage, choice }, &[]);
    let paying = matches!(stage, Stage::AwaitingPayment | Stage::AwaitingDeposit);
    // Nothing that the user chooses counts before it is known who they are.
    let unknown = paying || choice.identity.is_some();
    let held = unknown || is_stuck(stage, choice, terms);
    match event {
        E::PageOpened => match stage {
            Stage::Created => open(Stage::Opened, choice.clone()),
            Stage::Opened
            | Stage::Quoted
            | Stage::AwaitingPayment
            | Stage::AwaitingDeposit
            | Stage::Failed { .. } => Ok(Step::Unchanged),
        },
        E::SeenIn(country) if choice.seen_in.as_ref() == Some(country) => Ok(Step::Unchanged),
        E::SeenIn(country) => {
            open(stage, Choice { seen_in: Some(country.clone()), ..choice.clone() })
        }
        E::FlowChosen(flow) => match (terms.flow, choice.flow) {
            _ if held => Err(Refused::OutOfStep),
            (Some(pinned), _) if pinned != *flow => Err(Refused::OutOfStep),
            (Some(_), _) => Ok(Step::Unchanged),
            (None, Some(known)) if known == *flow => Ok(Step::Unchanged),
            (None, _) => {
                let choice =
                    Choice { flow: Some(*flow), quote: None, accepted: false, ..choice.clone() };
                open(Stage::Opened, choice)
            }
        },
        E::QuoteGiven(quote) => {
            if held {
                return Err(Refused::OutOfStep);
            }
            // A new price asks the user again, whatever they had said to an older one.
            let quote = Some(quote.clone());
            open(Stage::Quoted, Choice { quote, accepted: false, ..choice.clone() })
        }
        E::QuoteAccepted(quote) => match &choice.quote {
            _ if held => Err(Refused::OutOfStep),
            Some(offered) if offered == quote && choice.accepted => Ok(Step::Unchanged),
            Some(offered) if offered == quote => {
                open(Stage::Quoted, Choice { accepted: true, ..choice.clone() })
            }
            Some(_) | None => Err(Refused::OtherQuote),
        },
        E::AddressGiven(address) => match &choice.address {
            _ if held || !choice.accepted => Err(Refused::OutOfStep),
            Some(known) if known == address => Ok(Step::Unchanged),
            // The partner's address is part of the terms, and terms do not change.
            Some(_) if terms.wallet_address.is_some() => Err(Refused::OutOfStep),
            Some(_) | None => {
                open(Stage::Quoted, Choice { address: Some(address.clone()), ..choice.clone() })
            }
        },
        E::AccountGiven(account) => match &choice.account {
            _ if held || !choice.accepted => Err(Refused::OutOfStep),
            Some(known) if known == account => Ok(Step::Unchanged),
            Some(_) | None => {
                open(Stage::Quoted, Choice { account: Some(account.clone()), ..choice.clone() })
            }
        },
        E::BackToGiven(address) => match &choice.back_to {
            _ if held || !choice.accepted => Err(Refused::OutOfStep),
            Some(known) if known == address => Ok(Step::Unchanged),
            Some(_) | None => {
                open(Stage::Quoted, Choice { back_to: Some(address.clone()), ..choice.clone() })
            }
        },
        // Nothing has come in, so the user may think again; what comes all the same goes back.
        E::SteppedBack(_) if stage == Stage::AwaitingDeposit && choice.identity.is_none() => {
            let choice = Choice { quote: None, accepted: false, ..choice.clone() };
            let next = State::Open { stage: Stage::Opened, choice };
            moved(next, &[Effect::AbandonPayment])
        }
        // An address that the partner fixed is no step to go back to; the one before it is.
        E::SteppedBack(to) => match to {
            _ if held => Err(Refused::OutOfStep),
            BackTo::RefundAddress => match choice.back_to {
                None => Ok(Step::Unchanged),
                Some(_) => open(stage, Choice { back_to: None, ..choice.clone() }),
            },
            BackTo::Account => match choice.account {
                None => Ok(Step::Unchanged),
                Some(_) => open(stage, Choice { account: None, ..choice.clone() }),
            },
            BackTo::Wallet if terms.wallet_address.is_none() => match choice.address {
                None => Ok(Step::Unchanged),
                Some(_) => open(stage, Choice { address: None, ..choice.clone() }),
            },
            BackTo::Amount | BackTo::Wallet if choice.quote.is_none() => Ok(Step::Unchanged),
            BackTo::Amount | BackTo::Wallet => {
                let choice = Choice { quote: None, accepted: false, ..choice.clone() };
                open(Stage::Opened, choice)
            }
        },
        E::RetryRequested => match stage {
            _ if held => Err(Refused::OutOfStep),
            Stage::Failed { .. } => {
                let choice = Choice { quote: None, accepted: false, ..choice.clone() };
                open(Stage::Opened, choice)
            }
            Stage::Created
            | Stage::Opened
            | Stage::Quoted
            | Stage::AwaitingPayment
            | Stage::AwaitingDeposit => Ok(Step::Unchanged),
        },
        E::IdentityAsked(_)
        | E::CodeSent
        | E::UserKnown(_)
        | E::UserForgotten
        | E::IdentityChecking { .. }
        | E::IdentityRejected
        | E::DetailsDoubted(_)
            if paying =>
        {
            Err(Refused::OutOfStep)
        }
        E::IdentityAsked(level) => match choice.identity {
            Some(check) if check.level == *level => Ok(Step::Unchanged),
            known => {
                let begin = match choice.user {
                    Some(_) => IdentityStage::Details { problem: None },
                    None => IdentityStage::Email,
                };
                // What is looked at already may still help; the verdict shows what is missing.
                let at = known.map_or(begin, |check| check.stage);
                let identity = Some(IdentityCheck { level: *level, rejected: false, stage: at });
                let next = State::Open { stage, choice: Choice { identity, ..choice.clone() } };
                moved(next, &[Effect::Announce(EventType::KycRequired)])
            }
        },
        E::CodeSent => match choice.identity {
            Some(check) if !check.is_checking() => {
                identity_moved(stage, choice, Some(check.at(IdentityStage::Code)))
            }
            Some(_) | None => Err(Refused::OutOfStep),
        },
        E::UserKnown(user) => {
            let details = IdentityStage::Details { problem: None };
            let identity = choice.identity.map(|check| check.at(details));
            if choice.user.as_ref() == Some(user) && choice.identity == identity {
                return Ok(Step::Unchanged);
            }
            let known = Choice { user: Some(user.clone()), ..choice.clone() };
            identity_moved(stage, &known, identity)
        }
        E::UserForgotten => match &choice.user {
            Some(_) => {
                let identity = choice.identity.map(|check| check.at(IdentityStage::Email));
                identity_moved(stage, &Choice { user: None, ..choice.clone() }, identity)
            }
            None => Ok(Step::Unchanged),
        },
        E::IdentityChecking { held } => match choice.identity {
            Some(check) if choice.user.is_some() => match check.stage {
                IdentityStage::Checking { held: known } if known == *held => Ok(Step::Unchanged),
                IdentityStage::Details { .. } | IdentityStage::Checking { .. } => {
                    let next = IdentityStage::Checking { held: *held };
                    let identity = Some(IdentityCheck { rejected: false, ..check.at(next) });
                    open(stage, Choice { identity, ..choice.clone() })
                }
                IdentityStage::Email | IdentityStage::Code => Err(Refused::OutOfStep),
            },
            Some(_) | None => Err(Refused::OutOfStep),
        },
        E::IdentityConfirmed => match choice.identity {
            Some(_) => identity_moved(stage, choice, None),
            None => Ok(Step::Unchanged),
        },
        E::IdentityRejected => match choice.identity {
            Some(check) if check.is_checking() => {
                let details = check.at(IdentityStage::Details { problem: None });
                let identity = Some(IdentityCheck { rejected: true, ..details });
                identity_moved(stage, choice, identity)
            }
            Some(IdentityCheck { rejected: true, .. }) => Ok(Step::Unchanged),
            Some(check) => {
                let identity = Some(IdentityCheck { rejected: true, ..check });
                open(stage, Choice { identity, ..choice.clone() })
            }
            None => Err(Refused::OutOfStep),
        },
        E::DetailsDoubted(problem) => {
            let doubted = IdentityStage::Details { problem: Some(*problem) };
            match choice.identity {
                Some(check) if check.is_checking() => {
                    identity_moved(stage, choice, Some(check.at(doubted)))
                }
                Some(check) if check.stage == doubted => Ok(Step::Unchanged),
                Some(_) | None => Err(Refused::OutOfStep),
            }
        }
        E::PaymentStarted => {
            if held || !choice.accepted || choice.quote.is_none() || choice.address.is_none() {
                return Err(Refused::OutOfStep);
            }
            let choice = Choice { told_refunded: false, ..choice.clone() };
            in_flight(FlightStage::Processing, &choice, &[EventType::SessionProcessing])
        }
        E::DepositStarted => {
            let known = choice.account.is_some() || choice.back_to.is_some();
            let ready = choice.accepted && choice.address.is_some() && known;
            if held || !ready || choice.quote.is_none() {
                return Err(Refused::OutOfStep);
            }
            open(Stage::AwaitingDeposit, Choice { told_refunded: false, ..choice.clone() })
        }
        // A partner who pays over the API has its own reasons.
        E::RailStarted(quote) => {
            if unknown {
                return Err(Refused::OutOfStep);
            }
            let quote = Some(quote.clone());
            let choice = Choice { quote, accepted: true, told_refunded: false, ..choice.clone() };
            in_flight(FlightStage::Processing, &choice, &[EventType::SessionProcessing])
        }
        E::ChallengeAsked if stage == Stage::AwaitingPayment => Ok(Step::Unchanged),
        E::PaymentMoving if stage == Stage::AwaitingDeposit => {
            in_flight(FlightStage::Processing, choice, &[EventType::SessionProcessing])
        }
        E::NewPriceNeeded if stage == Stage::AwaitingDeposit => {
            let choice = Choice { quote: None, accepted: false, ..choice.clone() };
            in_flight(FlightStage::Repricing, &choice, &[EventType::SessionProcessing])
        }
        E::PaymentMoving if paying => in_flight(FlightStage::Processing, choice, &[]),
        E::TransactionFailed(reason) if paying => failed(*reason, false, choice, terms),
        // A payment that was confirmed after we had let go of it: it is on its way back.
        E::RefundStarted(reason) if stage != Stage::Created => {
            in_flight(FlightStage::Refunding { reason: *reason }, choice, &[])
        }
        // The rails contradict what they said before: a person decides.
        E::ReviewStarted(reason) if stage != Stage::Created => {
            in_flight(FlightStage::Review { reason: *reason }, choice, &[])
        }
        E::CancelRequested => ended(State::Cancelled, EventType::SessionCancelled, stage, choice),
        E::DeadlinePassed { now } if *now < terms.expires_at => Err(Refused::NotDue),
        E::DeadlinePassed { .. } | E::ExpiryForced => {
            ended(State::Expired, EventType::SessionExpired, stage, choice)
        }
        E::ChallengeAsked
        | E::PaymentMoving
        | E::NewPriceNeeded
        | E::RefundStarted(_)
        | E::TransactionFailed(_)
        | E::TransactionCompleted
        | E::TransactionRefunded(_)
        | E::ReviewStarted(_) => Err(Refused::OutOfStep),
    }
}

fn apply_in_flight(
    stage: FlightStage,
    choice: &Choice,
    event: &Event,
    terms: &Terms,
) -> Result<Step, Refused> {
    use Event as E;
    match event {
        E::PageOpened | E::SeenIn(_) => Ok(Step::Unchanged),
        E::PaymentStarted => match stage {
            FlightStage::Processing => Ok(Step::Unchanged),
            FlightStage::Repricing | FlightStage::Refunding { .. } | FlightStage::Review { .. } => {
                Err(Refused::OutOfStep)
            }
        },
        E::PaymentMoving => match stage {
            FlightStage::Processing => Ok(Step::Unchanged),
            FlightStage::Repricing | FlightStage::Review { .. } => {
                in_flight(FlightStage::Processing, choice, &[])
            }
            FlightStage::Refunding { .. } => Err(Refused::OutOfStep),
        },
        E::NewPriceNeeded => match stage {
            FlightStage::Processing => {
                let choice = Choice { quote: None, accepted: false, ..choice.clone() };
                in_flight(FlightStage::Repricing, &choice, &[])
            }
            FlightStage::Repricing => Ok(Step::Unchanged),
            FlightStage::Refunding { .. } | FlightStage::Review { .. } => Err(Refused::OutOfStep),
        },
        // The only choice while money is in flight: the new price of tokens that came too late.
        E::QuoteGiven(quote) if stage == FlightStage::Repricing => {
            let choice = Choice { quote: Some(quote.clone()), accepted: false, ..choice.clone() };
            in_flight(FlightStage::Repricing, &choice, &[])
        }
        E::QuoteAccepted(quote) if stage == FlightStage::Repricing => match &choice.quote {
            Some(offered) if offered == quote && choice.accepted => Ok(Step::Unchanged),
            Some(offered) if offered == quote => {
                let choice = Choice { accepted: true, ..choice.clone() };
                in_flight(FlightStage::Repricing, &choice, &[])
            }
            Some(_) | None => Err(Refused::OtherQuote),
        },
        E::ChallengeAsked => match stage {
            FlightStage::Processing => {
                let choice = choice.clone();
                moved(State::Open { stage: Stage::AwaitingPayment, choice }, &[])
            }
            FlightStage::Repricing | FlightStage::Refunding { .. } | FlightStage::Review { .. } => {
                Err(Refused::OutOfStep)
            }
        },
        E::TransactionCompleted => {
            moved(State::Completed, &[Effect::Announce(EventType::SessionCompleted)])
        }
        E::TransactionFailed(reason) => failed(*reason, false, choice, terms),
        E::RefundStarted(reason) => match stage {
            FlightStage::Refunding { .. } => Ok(Step::Unchanged),
            FlightStage::Processing | FlightStage::Repricing | FlightStage::Review { .. } => {
                in_flight(FlightStage::Refunding { reason: *reason }, choice, &[])
            }
        },
        E::TransactionRefunded(reason) => failed(*reason, true, choice, terms),
        E::ReviewStarted(reason) => match stage {
            FlightStage::Review { .. } => Ok(Step::Unchanged),
            FlightStage::Processing | FlightStage::Repricing | FlightStage::Refunding { .. } => {
                in_flight(FlightStage::Review { reason: *reason }, choice, &[])
            }
        },
        E::RailStarted(_)
        | E::QuoteGiven(_)
        | E::QuoteAccepted(_)
        | E::FlowChosen(_)
        | E::AddressGiven(_)
        | E::BackToGiven(_)
        | E::AccountGiven(_)
        | E::DepositStarted
        | E::SteppedBack(_)
        | E::RetryRequested
        | E::IdentityAsked(_)
        | E::CodeSent
        | E::UserKnown(_)
        | E::UserForgotten
        | E::IdentityChecking { .. }
        | E::IdentityConfirmed
        | E::IdentityRejected
        | E::DetailsDoubted(_)
        | E::CancelRequested
        | E::DeadlinePassed { .. }
        | E::ExpiryForced => Err(Refused::PaymentInFlight),
    }
}

fn apply_ended(old_news: bool) -> Result<Step, Refused> {
    if old_news { Ok(Step::Unchanged) } else { Err(Refused::Ended) }
}

fn moved(next: State, effects: &[Effect]) -> Result<Step, Refused> {
    Ok(Step::Moved { next, effects: effects.to_vec() })
}

fn in_flight(stage: FlightStage, choice: &Choice, tell: &[EventType]) -> Result<Step, Refused> {
    let effects: Vec<_> = tell.iter().copied().map(Effect::Announce).collect();
    moved(State::InFlight { stage, choice: choice.clone() }, &effects)
}

fn failed(reason: Reason, refunded: bool, choice: &Choice, terms: &Terms) -> Result<Step, Refused> {
    let told = refunded && choice.told_refunded;
    let effects = (!told).then_some(Effect::Announce(EventType::SessionFailed));
    let choice = without_refused(reason, choice, terms);
    let choice = Choice { quote: None, accepted: false, told_refunded: refunded, ..choice };
    moved(State::Open { stage: Stage::Failed { reason, refunded }, choice }, effects.as_slice())
}

/// What the user had chosen, without what the bank or the network did not take: it is asked for again.
fn without_refused(reason: Reason, choice: &Choice, terms: &Terms) -> Choice {
    let choice = choice.clone();
    if !matches!(reason, Reason::PayoutBounced | Reason::PayoutFailed) {
        return choice;
    }
    match flow_of(Some(&choice), terms) {
        Flow::OffRamp => Choice { account: None, ..choice },
        // The partner's address is part of the terms, and terms do not change.
        Flow::OnRamp | Flow::Swap if terms.wallet_address.is_some() => choice,
        Flow::OnRamp | Flow::Swap => Choice { address: None, ..choice },
    }
}

/// Whether the network refused an address that the partner has fixed: what is paid for again would not
/// arrive either.
fn is_stuck(stage: Stage, choice: &Choice, terms: &Terms) -> bool {
    matches!(stage, Stage::Failed { reason: Reason::PayoutFailed, .. })
        && terms.wallet_address.is_some()
        && flow_of(Some(choice), terms) != Flow::OffRamp
}

/// What the user wants to do, as far as it is known.
fn flow_of(choice: Option<&Choice>, terms: &Terms) -> Flow {
    let chosen = choice.and_then(|choice| choice.flow);
    terms.flow.or(chosen).unwrap_or(Flow::OnRamp)
}

fn ended(next: State, tell: EventType, stage: Stage, choice: &Choice) -> Result<Step, Refused> {
    let paying = matches!(stage, Stage::AwaitingPayment | Stage::AwaitingDeposit);
    let abandon = paying.then_some(Effect::AbandonPayment);
    let checking = choice.identity.is_some_and(IdentityCheck::is_checking);
    let drop = checking.then_some(Effect::DropIdentityCheck);
    let effects: Vec<_> = abandon.into_iter().chain(drop).chain([Effect::Announce(tell)]).collect();
    moved(next, &effects)
}

/// The identity step has moved on; a question that was open is not open any more.
fn identity_moved(
    stage: Stage,
    choice: &Choice,
    identity: Option<IdentityCheck>,
) -> Result<Step, Refused> {
    let checking = choice.identity.is_some_and(IdentityCheck::is_checking);
    let drop = checking.then_some(Effect::DropIdentityCheck);
    let next = State::Open { stage, choice: Choice { identity, ..choice.clone() } };
    moved(next, drop.as_slice())
}
