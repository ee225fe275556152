//! Why something is not on offer, in words that say what would be.

use super::things::Limits;
use crate::money::Money;
use crate::time::Millis;

/// The kinds of refusal. Programs branch on the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalCode {
    /// Nothing is offered in this country.
    CountryNotSupported,
    /// This currency is not taken.
    CurrencyNotSupported,
    /// This asset is not on offer, or not on this network or side.
    AssetNotAvailable,
    /// Nothing is offered on this network.
    NetworkNotAvailable,
    /// This way to pay or to be paid out is not on offer, or not for this currency or country.
    MethodNotAvailable,
    /// This flow is not on offer.
    FlowNotAvailable,
    /// The hosted page has no journey for this flow.
    FlowNotAvailableHere,
    /// The partner's contract does not hold it.
    EntitlementRequired,
    /// The amount is outside the limits.
    AmountOutOfRange,
    /// The user may not move that much in one transaction, a day or a month.
    LimitReached,
}

impl RefusalCode {
    /// Every code.
    pub const ALL: [Self; 10] = [
        Self::CountryNotSupported,
        Self::CurrencyNotSupported,
        Self::AssetNotAvailable,
        Self::NetworkNotAvailable,
        Self::MethodNotAvailable,
        Self::FlowNotAvailable,
        Self::FlowNotAvailableHere,
        Self::EntitlementRequired,
        Self::AmountOutOfRange,
        Self::LimitReached,
    ];

    /// The word on the wire. A promise.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CountryNotSupported => "country_not_supported",
            Self::CurrencyNotSupported => "currency_not_supported",
            Self::AssetNotAvailable => "asset_not_available",
            Self::NetworkNotAvailable => "network_not_available",
            Self::MethodNotAvailable => "method_not_available",
            Self::FlowNotAvailable => "flow_not_available",
            Self::FlowNotAvailableHere => "flow_not_available_here",
            Self::EntitlementRequired => "entitlement_required",
            Self::AmountOutOfRange => "amount_out_of_range",
            Self::LimitReached => "limit_reached",
        }
    }
}

/// What a rule answers instead of yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code.
    pub code: RefusalCode,
    /// What happened, for people.
    pub message: String,
    /// Whether the same thing can pass later or with another amount.
    pub retryable: bool,
    /// The limit that the amount is past, where it was one.
    pub limit: Option<Money>,
    /// The least that would pass, where the amount was the problem.
    pub minimum: Option<Money>,
    /// The most that would pass, where the amount was the problem.
    pub maximum: Option<Money>,
    /// What is left of the limit, where it is one of the user.
    pub remaining: Option<Money>,
    /// When the whole limit can be used again, where it renews.
    pub renews_at: Option<Millis>,
    /// What to do.
    pub next_step: String,
}

impl Refusal {
    /// A refusal that no waiting helps against.
    pub(crate) fn lasting(code: RefusalCode, message: String, next_step: &str) -> Box<Self> {
        Box::new(Self {
            code,
            message,
            retryable: false,
            limit: None,
            minimum: None,
            maximum: None,
            remaining: None,
            renews_at: None,
            next_step: next_step.into(),
        })
    }

    /// An amount outside of its limits.
    pub(super) fn out_of_range(amount: &Money, limits: Limits) -> Box<Self> {
        let money = |units| Money::new(units, amount.asset.clone());
        let (minimum, maximum) = (money(limits.minimum_units), money(limits.maximum_units));
        let limit = if amount.units < minimum.units { &minimum } else { &maximum };
        let message = format!("amount must be from {minimum} to {maximum}.");
        let next_step = "Choose an amount within these limits.";
        Box::new(Self {
            retryable: true,
            limit: Some(limit.clone()),
            minimum: Some(minimum),
            maximum: Some(maximum),
            ..*Self::lasting(RefusalCode::AmountOutOfRange, message, next_step)
        })
    }

    /// Every asset that there could be is switched off.
    pub(crate) fn nothing_to_buy() -> Box<Self> {
        let message = "There is nothing on offer at the moment.".to_owned();
        Self::passing(RefusalCode::AssetNotAvailable, message)
    }

    /// A refusal that ends when a switch is turned on again.
    pub(super) fn passing(code: RefusalCode, message: String) -> Box<Self> {
        let next_step = "Try again later, or choose something else.";
        Box::new(Self { retryable: true, ..*Self::lasting(code, message, next_step) })
    }
}
