//! What exists (countries, currencies, crypto assets, networks, methods), what of it is on offer to
//! whom, and why not. Data that is read at start, and rules that change while the gateway runs;
//! nothing else in the system names a currency or a token.

mod fees;
mod identity;
mod offer;
mod refusal;
mod rules;
mod things;

pub use fees::{Charged, FEE_BPS_MAX, FEE_UNITS_MAX, FeeRule, FeeScope, FeeUnits, in_order};
pub use identity::{IdentityRules, LIMIT_UNITS_MAX, Rung, SpendLimits, WORTH_DECIMALS, Worth};
pub use offer::{Offer, Wanted};
pub use refusal::{Refusal, RefusalCode};
pub use rules::{Entitlement, Kind, PartnerTerms, Rules, Subject, Switch};
pub use things::{Country, CryptoAsset, Currency, Limits, Method, Network, Side, Token};

use crate::destination::Family;
use crate::money::Asset;
use crate::session::Flow;

/// Everything that exists. It is made by reading a catalogue file, which checks it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    flows: Vec<Flow>,
    countries: Vec<Country>,
    currencies: Vec<Currency>,
    networks: Vec<Network>,
    assets: Vec<CryptoAsset>,
    methods: Vec<Method>,
    fees: Vec<FeeRule>,
    identity: IdentityRules,
}

impl Catalogue {
    /// A catalogue of checked parts: codes are unique, spelt in their one case, and each refers to
    /// what is there.
    pub fn new(
        flows: Vec<Flow>,
        countries: Vec<Country>,
        currencies: Vec<Currency>,
        networks: Vec<Network>,
        assets: Vec<CryptoAsset>,
        methods: Vec<Method>,
    ) -> Self {
        let (fees, identity) = (Vec::new(), IdentityRules::default());
        Self { flows, countries, currencies, networks, assets, methods, fees, identity }
    }

    /// The same, charging by these rules, which were checked against it.
    #[must_use]
    pub fn with_fees(self, fees: Vec<FeeRule>) -> Self {
        Self { fees, ..self }
    }

    /// The same, with what people may move, which was checked against it.
    #[must_use]
    pub fn with_identity(self, identity: IdentityRules) -> Self {
        Self { identity, ..self }
    }

    /// What people may move, by how well they are known.
    pub fn identity(&self) -> &IdentityRules {
        &self.identity
    }

    /// What is charged where no contract says otherwise.
    pub fn fees(&self) -> &[FeeRule] {
        &self.fees
    }

    /// Every flow that exists.
    pub fn flows(&self) -> &[Flow] {
        &self.flows
    }

    /// Every country.
    pub fn countries(&self) -> &[Country] {
        &self.countries
    }

    /// Every currency that can be paid with.
    pub fn currencies(&self) -> &[Currency] {
        &self.currencies
    }

    /// Every network.
    pub fn networks(&self) -> &[Network] {
        &self.networks
    }

    /// Every crypto asset, in the order that the page offers them.
    pub fn assets(&self) -> &[CryptoAsset] {
        &self.assets
    }

    /// Every way to pay and to be paid out.
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// The country with this code. Like every look-up here, it is without case.
    pub fn country(&self, code: &str) -> Option<&Country> {
        self.countries.iter().find(|country| country.code.eq_ignore_ascii_case(code))
    }

    /// The currency with this code.
    pub fn currency(&self, code: &str) -> Option<&Currency> {
        self.currencies.iter().find(|currency| currency.code.eq_ignore_ascii_case(code))
    }

    /// The network with this id.
    pub fn network(&self, chain: &str) -> Option<&Network> {
        self.networks.iter().find(|network| network.chain.eq_ignore_ascii_case(chain))
    }

    /// Whose kind of addresses amounts of this asset go to; none for a currency, and for a network
    /// that is here no longer.
    pub fn family(&self, asset: &Asset) -> Option<Family> {
        Some(self.network(asset.network.as_deref()?)?.family)
    }

    /// The crypto asset with this symbol, active or not.
    pub fn asset(&self, symbol: &str) -> Option<&CryptoAsset> {
        self.assets.iter().find(|asset| asset.symbol.eq_ignore_ascii_case(symbol))
    }

    /// Every crypto asset on each of its networks.
    pub fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.assets.iter().flat_map(|asset| &asset.tokens)
    }

    /// The crypto asset on this network, on offer or not.
    pub fn token(&self, symbol: &str, network: &str) -> Option<&Token> {
        let tokens = &self.asset(symbol)?.tokens;
        tokens.iter().find(|token| token.network.eq_ignore_ascii_case(network))
    }

    /// The method with this id on this side.
    pub fn method(&self, side: Side, id: &str) -> Option<&Method> {
        let mut methods = self.methods.iter().filter(|method| method.side == side);
        methods.find(|method| method.id.eq_ignore_ascii_case(id))
    }

    /// Every id of a kind, as it is spelt.
    pub fn ids(&self, kind: Kind) -> Vec<&str> {
        let methods = |side| self.methods.iter().filter(move |method| method.side == side);
        match kind {
            Kind::Country => self.countries.iter().map(|country| country.code.as_str()).collect(),
            Kind::Currency => {
                self.currencies.iter().map(|currency| currency.code.as_str()).collect()
            }
            Kind::Asset => self.assets.iter().map(|asset| asset.symbol.as_str()).collect(),
            Kind::Network => self.networks.iter().map(|network| network.chain.as_str()).collect(),
            Kind::PaymentMethod => methods(Side::OnRamp).map(|method| method.id.as_str()).collect(),
            Kind::PayoutMethod => methods(Side::OffRamp).map(|method| method.id.as_str()).collect(),
            Kind::Flow => self.flows.iter().map(|flow| flow.as_str()).collect(),
        }
    }

    /// Whether there is such a thing to switch off.
    pub fn knows(&self, subject: &Subject) -> bool {
        self.ids(subject.kind).contains(&subject.id.as_str())
    }
}
