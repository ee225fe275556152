//! Deposits: the tokens that a user sends for a sale or a swap, transfer by transfer. A wallet sends what it
//! likes, when it likes: less, more, late, twice, or something else. Whatever comes is booked at
//! once, and is either taken in for the sale, or goes back, or waits for a person.

use serde::{Deserialize, Serialize};

use crate::event::EventType;
use crate::ids::{DepositId, SessionId, Tenant, TransactionId};
use crate::money::{Asset, Money};
use crate::quote::{OnLapse, Quote};
use crate::time::Millis;
use crate::transaction::{self, PaymentStep};

/// How long a user may think about a new price for tokens that came too late: 24 h.
pub const NEW_PRICE_MS: i64 = 24 * 3_600_000;

/// One transfer that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// Its id.
    pub id: DepositId,
    /// Whose it is.
    pub tenant: Tenant,
    /// The session of its sale.
    pub session_id: SessionId,
    /// The transaction of its sale.
    pub transaction_id: TransactionId,
    /// How much of what.
    pub amount: Money,
    /// The name on its network of the transaction that it is in.
    pub transfer: String,
    /// Which payment of the network's transaction it is, from 0.
    pub output: u32,
    /// How much of it is not taken in, in smallest units: on its way back, back, or held.
    pub back_units: i128,
    /// Where it stands.
    pub state: State,
    /// When it came.
    pub created_at: Millis,
    /// When it last moved.
    pub updated_at: Millis,
}

/// Why something of a deposit is not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// More than was agreed on.
    Surplus,
    /// Nothing waited for it any more: it came twice, or after the sale had ended.
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

impl Cause {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Surplus => "surplus",
            Self::Unexpected => "unexpected",
            Self::SaleEnded => "sale_ended",
            Self::WrongAsset => "wrong_asset",
            Self::WrongNetwork => "wrong_network",
            Self::ReturnFailed => "return_failed",
            Self::ReturnUnknown => "return_unknown",
        }
    }
}

/// Where a deposit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum State {
    /// It counts, and more is to come or a price is to be agreed on.
    Counted,
    /// The sale has taken it in.
    Taken,
    /// A person decides.
    Held {
        /// Why.
        cause: Cause,
    },
    /// What is not taken in is on its way back.
    Returning {
        /// Why.
        cause: Cause,
    },
    /// What was not taken in is back.
    Returned {
        /// Why.
        cause: Cause,
    },
}

impl State {
    /// The word on the wire.
    pub const fn status(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Taken => "taken",
            Self::Held { .. } => "held",
            Self::Returning { .. } => "returning",
            Self::Returned { .. } => "returned",
        }
    }

    /// Why something of it is not taken in.
    pub const fn cause(self) -> Option<Cause> {
        match self {
            Self::Counted | Self::Taken => None,
            Self::Held { cause } | Self::Returning { cause } | Self::Returned { cause } => {
                Some(cause)
            }
        }
    }

    /// What partners are told when a deposit comes to stand here.
    pub const fn event(self) -> Option<EventType> {
        match self {
            Self::Held { .. } => Some(EventType::DepositHeld),
            Self::Returned { .. } => Some(EventType::DepositReturned),
            Self::Counted | Self::Taken | Self::Returning { .. } => None,
        }
    }

    /// The only transition function.
    pub const fn apply(self, event: Event) -> Result<Step, Refused> {
        match (self, event) {
            (Self::Returning { cause }, Event::Arrived) => {
                Ok(Step::Moved(Self::Returned { cause }))
            }
            (
                Self::Returning { .. } | Self::Held { cause: Cause::ReturnUnknown },
                Event::Refused,
            ) => Ok(Step::Moved(Self::Held { cause: Cause::ReturnFailed })),
            (Self::Returning { .. }, Event::Unheard) => {
                Ok(Step::Moved(Self::Held { cause: Cause::ReturnUnknown }))
            }
            (Self::Held { cause }, Event::SentBack) => Ok(Step::Moved(Self::Returning { cause })),
            // An answer that came after we had given up on it, or what a person found out.
            (
                Self::Held { cause: cause @ (Cause::ReturnFailed | Cause::ReturnUnknown) },
                Event::Arrived,
            ) => Ok(Step::Moved(Self::Returned { cause })),
            (Self::Returned { .. }, Event::Arrived)
            | (Self::Held { cause: Cause::ReturnFailed }, Event::Refused)
            | (Self::Held { cause: Cause::ReturnUnknown }, Event::Unheard) => Ok(Step::Unchanged),
            (
                Self::Counted
                | Self::Taken
                | Self::Held { .. }
                | Self::Returning { .. }
                | Self::Returned { .. },
                Event::Arrived | Event::Refused | Event::Unheard | Event::SentBack,
            ) => Err(Refused),
        }
    }
}

/// What can happen to a deposit that is not, or not wholly, taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// What goes back has arrived.
    Arrived,
    /// It could not be sent back.
    Refused,
    /// Nobody knows whether it was sent back: nothing was heard for a long time.
    Unheard,
    /// A person sends it back.
    SentBack,
}

/// What an event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It moved on.
    Moved(State),
    /// Old news; replaying it is harmless.
    Unchanged,
}

/// An event that makes no sense where the deposit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the deposit is not at this step")]
pub struct Refused;

/// What a transfer means for its sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It counts, and more is to come.
    Partial,
    /// With it everything is there, in time; so much of it is too much.
    Complete {
        /// In smallest units.
        surplus_units: i128,
    },
    /// With it everything is there, after the price has lapsed: the quote says what now.
    Late {
        /// In smallest units.
        surplus_units: i128,
    },
    /// Nothing waits for it: all of it goes back.
    Unexpected,
    /// It is not what was agreed on: a person decides.
    Foreign(Cause),
}

/// Judge a transfer of `amount` for a sale that stands at `state`, with `counted` smallest units of
/// the agreed token there already.
pub fn judge(
    state: &transaction::State,
    quote: &Quote,
    lapsed: bool,
    counted: i128,
    amount: &Money,
) -> Verdict {
    let wanted = quote.taken();
    if amount.asset.network != wanted.asset.network {
        return Verdict::Foreign(Cause::WrongNetwork);
    }
    if amount.asset != wanted.asset {
        return Verdict::Foreign(Cause::WrongAsset);
    }
    let transaction::State::AwaitingPayment { step: PaymentStep::Deposit | PaymentStep::Partial } =
        state
    else {
        return Verdict::Unexpected;
    };
    let surplus_units = counted + amount.units - wanted.units;
    match (surplus_units >= 0, lapsed) {
        (false, _) => Verdict::Partial,
        (true, false) => Verdict::Complete { surplus_units },
        (true, true) => Verdict::Late { surplus_units },
    }
}

/// What becomes of a sale or a swap whose tokens came after its price had lapsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterLapse {
    /// The user is asked about a new price.
    Ask,
    /// It goes on at the new price.
    Convert,
    /// The tokens go back.
    Return,
}

impl OnLapse {
    /// What the policy says once the new price is known: `agreed` and `now` are what the user would
    /// get, in the same smallest units.
    pub fn decide(self, agreed: i128, now: Option<i128>) -> AfterLapse {
        match (self, now) {
            (Self::Requote, _) => AfterLapse::Ask,
            (Self::ConvertWithin(bps), Some(now))
                if (now - agreed).abs().saturating_mul(10_000)
                    <= agreed.saturating_mul(i128::from(bps)) =>
            {
                AfterLapse::Convert
            }
            (Self::Refund | Self::ConvertWithin(_), _) => AfterLapse::Return,
        }
    }
}

/// The asset of a transfer in words, for logs and operators: `12.5 USDC on base`.
pub fn in_words(amount: &Money) -> String {
    let Asset { code, network, .. } = &amount.asset;
    let network = network.as_deref().unwrap_or("no network");
    format!("{} {code} on {network}", amount.to_decimal())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usdc(network: &str) -> Asset {
        Asset { code: "USDC".into(), network: Some(network.into()), decimals: 6 }
    }

    fn quote() -> Quote {
        serde_json::from_value(serde_json::json!({
            "id": "qt_test_01hf7yat00fentqaxbnentqaxb",
            "side": "off_ramp",
            "fiat": { "units": "9000", "asset": { "code": "EUR", "network": null, "decimals": 2 } },
            "crypto": { "units": "100000000", "asset": usdc("base") },
            "rate": 92_000_000,
            "fees": [],
            "source": "test",
            "created_at": 0,
            "expires_at": 100,
        }))
        .expect("a quote")
    }

    #[test]
    fn what_comes_in_is_judged_by_what_was_agreed_on() {
        use transaction::State as S;
        let waiting = |step| S::AwaitingPayment { step };
        let (deposit, partial) = (waiting(PaymentStep::Deposit), waiting(PaymentStep::Partial));
        let done =
            S::Completed { payment: "0x1".into(), chain_transaction: "out".into(), reversal: None };
        let verdict = |state: &S, lapsed, counted, units, network: &str| {
            judge(state, &quote(), lapsed, counted, &Money::new(units, usdc(network)))
        };
        let (whole, surplus_units) = (100_000_000, 0);
        for (state, lapsed, counted, units, network, right) in [
            (&deposit, false, 0, whole, "base", Verdict::Complete { surplus_units }),
            (&deposit, false, 0, whole - 1, "base", Verdict::Partial),
            (&deposit, true, 0, 1, "base", Verdict::Partial),
            (&deposit, false, 0, whole + 1, "base", Verdict::Complete { surplus_units: 1 }),
            (&partial, false, whole - 5, 5, "base", Verdict::Complete { surplus_units }),
            (&partial, false, whole - 5, 4, "base", Verdict::Partial),
            (&partial, true, whole - 5, 9, "base", Verdict::Late { surplus_units: 4 }),
            (&deposit, true, 0, whole, "base", Verdict::Late { surplus_units }),
            (&waiting(PaymentStep::Repricing), true, whole, 1, "base", Verdict::Unexpected),
            (&done, false, whole, whole, "base", Verdict::Unexpected),
            (&deposit, false, 0, whole, "polygon", Verdict::Foreign(Cause::WrongNetwork)),
        ] {
            assert_eq!(verdict(state, lapsed, counted, units, network), right, "{state:?} {units}");
        }
        let eurc = Asset { code: "EURC".into(), ..usdc("base") };
        let other = judge(&deposit, &quote(), false, 0, &Money::new(whole, eurc));
        assert_eq!(other, Verdict::Foreign(Cause::WrongAsset));
    }

    #[test]
    fn a_policy_decides_to_the_unit() {
        for (policy, now, right) in [
            (OnLapse::Requote, Some(9_000), AfterLapse::Ask),
            (OnLapse::Refund, Some(9_000), AfterLapse::Return),
            (OnLapse::ConvertWithin(100), Some(9_090), AfterLapse::Convert),
            (OnLapse::ConvertWithin(100), Some(9_091), AfterLapse::Return),
            (OnLapse::ConvertWithin(100), Some(8_910), AfterLapse::Convert),
            (OnLapse::ConvertWithin(100), Some(8_909), AfterLapse::Return),
            (OnLapse::ConvertWithin(100), None, AfterLapse::Return),
        ] {
            assert_eq!(policy.decide(9_000, now), right, "{policy:?} {now:?}");
        }
    }

    #[test]
    fn every_state_meets_every_event() {
        use Event as E;
        let cause = Cause::Surplus;
        let failed = State::Held { cause: Cause::ReturnFailed };
        let unknown = State::Held { cause: Cause::ReturnUnknown };
        let moved = |state| Ok(Step::Moved(state));
        let (unchanged, no) = (Ok(Step::Unchanged), Err(Refused));
        let back = |cause| moved(State::Returned { cause });
        let again = |cause| moved(State::Returning { cause });
        for (state, arrived, refused, unheard, sent_back) in [
            (State::Counted, no, no, no, no),
            (State::Taken, no, no, no, no),
            (State::Held { cause }, no, no, no, again(cause)),
            (failed, back(Cause::ReturnFailed), unchanged, no, again(Cause::ReturnFailed)),
            (
                unknown,
                back(Cause::ReturnUnknown),
                moved(failed),
                unchanged,
                again(Cause::ReturnUnknown),
            ),
            (State::Returning { cause }, back(cause), moved(failed), moved(unknown), no),
            (State::Returned { cause }, unchanged, no, no, no),
        ] {
            assert_eq!(state.apply(E::Arrived), arrived, "{state:?}");
            assert_eq!(state.apply(E::Refused), refused, "{state:?}");
            assert_eq!(state.apply(E::Unheard), unheard, "{state:?}");
            assert_eq!(state.apply(E::SentBack), sent_back, "{state:?}");
        }
    }
}
