//! What a catalogue is made of. Every code in here was checked by whoever read the catalogue.

use serde::{Deserialize, Serialize};

use crate::bank::AccountKind;
use crate::destination::Family;
use crate::money::{Asset, Money};
use crate::session::Flow;

/// Which way money goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Fiat in, crypto out: a buy.
    OnRamp,
    /// Crypto in, fiat out: a sale.
    OffRamp,
}

impl Side {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OnRamp => "on_ramp",
            Self::OffRamp => "off_ramp",
        }
    }

    /// Read the word again.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::OnRamp, Self::OffRamp].into_iter().find(|side| side.as_str() == word)
    }

    /// The flow that a side is a part of.
    pub const fn flow(self) -> Flow {
        match self {
            Self::OnRamp => Flow::OnRamp,
            Self::OffRamp => Flow::OffRamp,
        }
    }
}

/// A country of ISO 3166.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Country {
    /// Two letters, upper case.
    pub code: String,
    /// The English name.
    pub name: String,
    /// The currency that people pay with there, ISO 4217. It may be one that we do not take.
    pub currency: String,
    /// Whether anything is offered there.
    pub supported: bool,
}

/// A currency that can be paid with or paid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Currency {
    /// ISO 4217, upper case.
    pub code: String,
    /// The English name.
    pub name: String,
    /// How people write it, such as `€`.
    pub symbol: String,
    /// Minor units of ISO 4217.
    pub decimals: u8,
    /// What one purchase or sale may come to.
    pub limits: Limits,
}

impl Currency {
    /// What amounts of it are counted in.
    pub fn asset(&self) -> Asset {
        Asset { code: self.code.clone(), network: None, decimals: self.decimals }
    }

    /// The least and the most of one purchase as money.
    pub fn money(&self, units: i128) -> Money {
        Money::new(units, self.asset())
    }
}

/// What one purchase or sale may come to, in smallest units of its currency, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The least.
    pub minimum_units: i128,
    /// The most.
    pub maximum_units: i128,
}

impl Limits {
    /// What passes both. It may be that nothing does.
    #[must_use]
    pub fn narrowed(self, other: Self) -> Self {
        Self {
            minimum_units: self.minimum_units.max(other.minimum_units),
            maximum_units: self.maximum_units.min(other.maximum_units),
        }
    }

    /// What passes either.
    #[must_use]
    pub fn widened(self, other: Self) -> Self {
        Self {
            minimum_units: self.minimum_units.min(other.minimum_units),
            maximum_units: self.maximum_units.max(other.maximum_units),
        }
    }
}

/// A network that tokens live on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its id, lower case: `base`.
    pub chain: String,
    /// The name for people.
    pub name: String,
    /// Whose kind of addresses it has.
    pub family: Family,
    /// Its number after EIP-155; none for a network of another family than Ethereum's.
    pub chain_id: Option<i64>,
}

/// A crypto asset on every network that it is offered on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CryptoAsset {
    /// The symbol, upper case.
    pub symbol: String,
    /// The name for people.
    pub name: String,
    /// Whether it is offered at all.
    pub active: bool,
    /// Where it can be bought or sold.
    pub sides: Vec<Side>,
    /// One for each network, in the order that the page offers them.
    pub tokens: Vec<Token>,
}

/// A crypto asset on one network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The symbol, upper case.
    pub symbol: String,
    /// The name for people.
    pub name: String,
    /// The network, lower case.
    pub network: String,
    /// The network's name for people.
    pub network_name: String,
    /// What tells it apart there, as the network's family spells it (a contract, a mint, a code and
    /// its issuer); none for a network's own coin.
    pub contract: Option<String>,
    /// Decimals of the smallest unit.
    pub decimals: u8,
}

impl Token {
    /// What amounts of it are counted in.
    pub fn asset(&self) -> Asset {
        Asset {
            code: self.symbol.clone(),
            network: Some(self.network.clone()),
            decimals: self.decimals,
        }
    }

    /// Whether amounts of this asset are amounts of this token.
    pub fn is(&self, asset: &Asset) -> bool {
        self.symbol == asset.code && Some(&self.network) == asset.network.as_ref()
    }
}

/// A way to pay (buy side) or to be paid out (sell side).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its id, unique on its side: `card`.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// Which side it is for.
    pub side: Side,
    /// The currencies that it takes, each with limits of its own where it has them.
    pub currencies: Vec<(String, Option<Limits>)>,
    /// The countries that it works in; every one where empty.
    pub countries: Vec<String>,
    /// What the hosted page asks its user for, to pay them out; one without is for rails alone.
    pub account: Option<AccountKind>,
}

impl Method {
    /// Whether it takes this currency.
    pub fn takes(&self, currency: &str) -> bool {
        self.currencies.iter().any(|(code, _)| code.eq_ignore_ascii_case(currency))
    }

    /// Whether it works in this country.
    pub fn works_in(&self, country: &str) -> bool {
        self.countries.is_empty()
            || self.countries.iter().any(|code| code.eq_ignore_ascii_case(country))
    }

    /// Its own limits in this currency.
    pub fn limits(&self, currency: &str) -> Option<Limits> {
        let row = self.currencies.iter().find(|(code, _)| code.eq_ignore_ascii_case(currency))?;
        row.1
    }
}
