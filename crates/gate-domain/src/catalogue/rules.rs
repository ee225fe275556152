//! What an operator decides while the gateway runs: switches, and what each partner may do.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::fees::FeeRule;
use crate::ids::{Mode, PartnerId, Tenant};
use crate::time::Millis;

/// What can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A country, by its two letters.
    Country,
    /// A currency, by its ISO code.
    Currency,
    /// A crypto asset, by its symbol.
    Asset,
    /// A network, by its id.
    Network,
    /// A way to pay.
    PaymentMethod,
    /// A way to be paid out.
    PayoutMethod,
    /// `on_ramp`, `off_ramp` or `swap`.
    Flow,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Country,
        Self::Currency,
        Self::Asset,
        Self::Network,
        Self::PaymentMethod,
        Self::PayoutMethod,
        Self::Flow,
    ];

    /// The word in the store and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::Currency => "currency",
            Self::Asset => "asset",
            Self::Network => "network",
            Self::PaymentMethod => "payment_method",
            Self::PayoutMethod => "payout_method",
            Self::Flow => "flow",
        }
    }

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One thing that can be switched off, written `currency:EUR`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject {
    /// What it is.
    pub kind: Kind,
    /// Which one, spelt as the catalogue spells it.
    pub id: String,
}

impl Subject {
    /// A subject by its kind and id.
    pub fn new(kind: Kind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }

    /// Read `kind:id`. Whether the catalogue knows it is another question.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once(':')?;
        let kind = Kind::parse(kind)?;
        (!id.is_empty()).then(|| Self::spelt(kind, id))
    }

    /// A subject by its kind and an id in any case.
    pub fn spelt(kind: Kind, id: &str) -> Self {
        let id = match kind {
            Kind::Country | Kind::Currency | Kind::Asset => id.to_ascii_uppercase(),
            Kind::Network | Kind::PaymentMethod | Kind::PayoutMethod | Kind::Flow => {
                id.to_ascii_lowercase()
            }
        };
        Self { kind, id }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.kind.as_str(), self.id)
    }
}

/// Something that is switched off, for everybody or for one partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// What is off.
    pub subject: Subject,
    /// For whom; none means every partner.
    pub partner: Option<PartnerId>,
    /// In which mode; none means both.
    pub mode: Option<Mode>,
    /// Why, in words that partners and users read.
    pub reason: String,
    /// Who switched it off.
    pub actor: String,
    /// Since when.
    pub since: Millis,
}

impl Switch {
    /// Whether it is about this partner in this mode.
    pub fn concerns(&self, tenant: &Tenant) -> bool {
        self.partner.as_ref().is_none_or(|partner| *partner == tenant.partner)
            && self.mode.is_none_or(|mode| mode == tenant.mode)
    }
}

/// What a partner's contract adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entitlement {
    /// Sessions that swap one token for another.
    Swap,
    /// Signed quotes and the rails.
    Rails,
    /// Handing over a KYC package with a session.
    KycPackage,
}

impl Entitlement {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Swap, Self::Rails, Self::KycPackage];

    /// The word in the store, in errors and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Swap => "swap",
            Self::Rails => "rails",
            Self::KycPackage => "kyc_package",
        }
    }

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|entitlement| entitlement.as_str() == word)
    }
}

/// What one partner may do in one mode.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PartnerTerms {
    /// What its contract adds.
    pub entitlements: BTreeSet<Entitlement>,
    /// For each kind that is named: these and no others.
    pub only: BTreeMap<Kind, BTreeSet<String>>,
    /// The most that one purchase or sale may come to, by currency, in smallest units.
    pub maximum_units: BTreeMap<String, i64>,
    /// What its users are charged, where that differs from what the catalogue says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fees: Vec<FeeRule>,
}

/// Everything that was decided, as of one revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Grows with every change.
    pub revision: i64,
    /// What is off.
    pub switches: Vec<Switch>,
    /// What partners may do, where it differs from what everybody may.
    pub partners: HashMap<Tenant, PartnerTerms>,
}
