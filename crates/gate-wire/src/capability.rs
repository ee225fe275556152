//! What is on offer (contract, section 7).

use gate_domain::catalogue::{
    Catalogue, Country, CryptoAsset, Currency, IdentityRules, Limits, Method, SpendLimits, Token,
};
use gate_domain::money::{Asset, format_decimal};
use gate_domain::session::IdentityLevel;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ReasonBody;

/// A country.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CountryBody {
    /// ISO 3166, two letters.
    #[schema(pattern = "^[A-Z]{2}$", example = "DE")]
    pub country_code: String,
    /// The English name.
    #[schema(example = "Germany")]
    pub name: String,
    /// The currency that people pay with there, ISO 4217. It may be one that is not taken.
    #[schema(pattern = "^[A-Z]{3}$", example = "EUR")]
    pub default_fiat: String,
    /// Whether anything is offered there now.
    pub supported: bool,
}

/// A currency that can be paid with or paid out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CurrencyBody {
    /// ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$", example = "EUR")]
    pub code: String,
    /// The English name.
    #[schema(example = "Euro")]
    pub name: String,
    /// How people write it. For display only.
    #[schema(example = "€")]
    pub symbol: String,
    /// Minor units of ISO 4217.
    #[schema(minimum = 0, maximum = 4, example = 2)]
    pub decimals: u8,
    /// What one purchase or sale may come to.
    pub limits: LimitsBody,
}

/// What one purchase or sale may come to, both included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LimitsBody {
    /// ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: String,
    /// The least, a decimal string.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$", example = "10.00")]
    pub minimum: String,
    /// The most, a decimal string.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$", example = "10000.00")]
    pub maximum: String,
}

/// A crypto asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssetBody {
    /// The symbol.
    #[schema(pattern = "^[A-Z0-9]{2,12}$", example = "USDC")]
    pub symbol: String,
    /// The name for people.
    #[schema(example = "USD Coin")]
    pub name: String,
    /// Whether it is on offer: always true here, since others are not listed.
    pub active: bool,
    /// The sides that it is offered on.
    pub sides: Vec<crate::words::Side>,
    /// The networks that are open, in the order that users see them.
    pub networks: Vec<AssetNetworkBody>,
    /// What one purchase or sale may come to in each currency that is taken; in one currency where
    /// the request or its region names one.
    pub limits: Vec<LimitsBody>,
}

/// A crypto asset by its symbol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssetDetailBody {
    /// The asset.
    #[serde(flatten)]
    pub asset: AssetBody,
    /// The side that was asked about.
    pub side: crate::words::Side,
    /// The region that was asked about or that the caller is in; null where neither is known.
    #[schema(required)]
    pub country_code: Option<String>,
    /// The currency that was asked about, echoed.
    #[schema(required)]
    pub currency: Option<String>,
}

/// A crypto asset on one network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssetNetworkBody {
    /// The network: what `target_network` takes.
    #[schema(example = "base")]
    pub chain: String,
    /// Its name for people.
    #[schema(example = "Base")]
    pub name: String,
    /// Whose kind of addresses it has: what `wallet_address` must be.
    pub family: crate::words::AddressFormat,
    /// What the network calls the memo that accounts at exchanges need beside an address, and
    /// `wallet_memo` takes; null where there is none.
    #[schema(required, example = "destination tag")]
    pub memo_name: Option<String>,
    /// Its number after EIP-155; 0 for a network of another family than `evm`, which has none.
    #[schema(example = 8453)]
    pub chain_id: i64,
    /// What tells the asset apart there: its contract or mint, or its code and issuer as in
    /// `USDC:G…`; null for the network's own coin.
    #[schema(required, example = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913")]
    pub contract_address: Option<String>,
    /// Decimals of the smallest unit.
    #[schema(minimum = 0, maximum = 18, example = 6)]
    pub decimals: u8,
}

/// A way to pay or to be paid out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MethodBody {
    /// What quotes take as `payment_method`.
    #[schema(max_length = 64, example = "card")]
    pub id: String,
    /// The name for people.
    #[schema(example = "Card")]
    pub name: String,
    /// The currency that was asked about.
    #[schema(pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: String,
    /// What one purchase or sale may come to with it.
    pub limits: LimitsBody,
    /// What the hosted page asks users for, to pay them out by it; null for a way to pay, and for one
    /// that only rails pay out by.
    #[schema(required)]
    pub account_kind: Option<crate::words::AccountKind>,
}

/// What users who are known that well may move, and what is asked of them. Limits count over all
/// partners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IdentityLevelBody {
    /// How well they are known.
    pub level: crate::words::Rung,
    /// ISO 4217: what the limits here are told in.
    #[schema(pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: String,
    /// The most of one transaction, a decimal string.
    #[schema(pattern = r"^[0-9]+(\.[0-9]+)?$", example = "5000.00")]
    pub transaction: String,
    /// The most of one day in UTC; null for a guest, whose days nobody knows.
    #[schema(required, pattern = r"^[0-9]+(\.[0-9]+)?$", example = "5000.00")]
    pub day: Option<String>,
    /// The most of one month in UTC; null for a guest.
    #[schema(required, pattern = r"^[0-9]+(\.[0-9]+)?$", example = "15000.00")]
    pub month: Option<String>,
    /// What is asked beside an e-mail address; nothing at all of a guest.
    pub asks: Vec<crate::words::IdentityAsk>,
}

/// Whether something can be done. Not eligible is an answer, not an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EligibilityBody {
    /// Always `eligibility`.
    #[schema(pattern = "^eligibility$")]
    pub object: String,
    /// Whether a session can be created for this.
    pub eligible: bool,
    /// The code of the reason, null when eligible. Branch on this.
    #[schema(required, example = "country_not_supported")]
    pub unavailable_reason: Option<String>,
    /// The reason in full, null when eligible.
    #[schema(required)]
    pub reason: Option<ReasonBody>,
    /// Where the country was known from.
    pub geo_source: crate::words::GeoSource,
    /// The country that was judged.
    #[schema(required)]
    pub country_code: Option<String>,
    /// The currency that was judged.
    #[schema(required)]
    pub currency: Option<String>,
    /// The asset that was judged.
    #[schema(required)]
    pub asset: Option<String>,
}

impl CountryBody {
    /// A country, and whether anything is offered there now.
    pub fn new(country: &Country, supported: bool) -> Self {
        Self {
            country_code: country.code.clone(),
            name: country.name.clone(),
            default_fiat: country.currency.clone(),
            supported,
        }
    }
}

impl CurrencyBody {
    /// A currency with the limits that hold for the partner.
    pub fn new(currency: &Currency, limits: Limits) -> Self {
        Self {
            code: currency.code.clone(),
            name: currency.name.clone(),
            symbol: currency.symbol.clone(),
            decimals: currency.decimals,
            limits: LimitsBody::new(currency, limits),
        }
    }
}

impl LimitsBody {
    /// Limits in a currency.
    pub fn new(currency: &Currency, limits: Limits) -> Self {
        Self {
            currency: currency.code.clone(),
            minimum: format_decimal(limits.minimum_units, currency.decimals),
            maximum: format_decimal(limits.maximum_units, currency.decimals),
        }
    }
}

impl AssetBody {
    /// An asset on the networks of a catalogue that are open.
    pub fn new(
        asset: &CryptoAsset,
        tokens: &[&Token],
        catalogue: &Catalogue,
        limits: Vec<LimitsBody>,
    ) -> Self {
        let networks = tokens.iter().filter_map(|token| {
            let network = catalogue.network(&token.network)?;
            Some(AssetNetworkBody {
                chain: token.network.clone(),
                name: token.network_name.clone(),
                family: network.family.into(),
                memo_name: network.family.memo_name().map(str::to_owned),
                chain_id: network.chain_id.unwrap_or(0),
                contract_address: token.contract.clone(),
                decimals: token.decimals,
            })
        });
        Self {
            symbol: asset.symbol.clone(),
            name: asset.name.clone(),
            active: asset.active,
            sides: asset.sides.iter().copied().map(Into::into).collect(),
            networks: networks.collect(),
            limits,
        }
    }
}

impl IdentityLevelBody {
    /// What somebody of a level may move, told in a currency.
    pub fn new(rules: &IdentityRules, level: Option<IdentityLevel>, currency: &Asset) -> Self {
        let SpendLimits { transaction_units, day_units, month_units } = rules.limits(level);
        let told = |units| rules.most_within(units, currency).to_decimal();
        let asks = level.map_or(&[][..], |level| &rules.rung(level).asks);
        Self {
            level: level.into(),
            currency: currency.code.clone(),
            transaction: told(transaction_units),
            day: level.map(|_| told(day_units)),
            month: level.map(|_| told(month_units)),
            asks: asks.iter().copied().map(Into::into).collect(),
        }
    }
}

impl MethodBody {
    /// A method in a currency.
    pub fn new(method: &Method, currency: &Currency, limits: Limits) -> Self {
        Self {
            id: method.id.clone(),
            name: method.name.clone(),
            currency: currency.code.clone(),
            limits: LimitsBody::new(currency, limits),
            account_kind: method.account.map(Into::into),
        }
    }
}
