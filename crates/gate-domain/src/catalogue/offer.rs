//! What one partner can offer in one mode now: the catalogue, less what is switched off, less what
//! its contract leaves out. Every step of every journey asks here.

use std::sync::Arc;

use super::Catalogue;
use super::fees::{Charged, policy};
use super::refusal::{Refusal, RefusalCode};
use super::rules::{Entitlement, Kind, PartnerTerms, Rules, Switch};
use super::things::{Country, CryptoAsset, Currency, Limits, Method, Side, Token};
use crate::ids::Tenant;
use crate::money::Money;
use crate::quote::FeePolicy;
use crate::session::Flow;

/// What somebody wants to do. Parts that are not known yet are left out, and not asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Buy, sell or swap; the buy side is meant where this is left out.
    pub flow: Option<Flow>,
    /// Two letters.
    pub country: Option<&'a str>,
    /// ISO 4217.
    pub currency: Option<&'a str>,
    /// The symbol of a crypto asset.
    pub asset: Option<&'a str>,
    /// The id of a network.
    pub network: Option<&'a str>,
    /// The id of a way to pay (buy) or to be paid out (sell).
    pub method: Option<&'a str>,
    /// What it comes to in the currency.
    pub amount: Option<&'a Money>,
}

/// What one partner can offer in one mode, as of one revision of the rules.
#[derive(Clone, Debug)]
pub struct Offer {
    catalogue: Arc<Catalogue>,
    rules: Arc<Rules>,
    tenant: Tenant,
}

/// Boxed, because a refusal is large and a yes is not.
type Answer<T = ()> = Result<T, Box<Refusal>>;

impl Offer {
    /// The offer to this partner in this mode.
    pub fn new(catalogue: Arc<Catalogue>, rules: Arc<Rules>, tenant: Tenant) -> Self {
        Self { catalogue, rules, tenant }
    }

    /// Everything that exists, whether it is on offer or not.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Grows with every change of the rules.
    pub fn revision(&self) -> i64 {
        self.rules.revision
    }

    /// Whether all of this together is on offer; or else the first reason why not, in the order
    /// flow, country, currency, asset, network, method, amount. Codes are compared without case.
    pub fn check(&self, wanted: &Wanted<'_>) -> Answer {
        let side = match wanted.flow {
            None | Some(Flow::OnRamp) => Some(Side::OnRamp),
            Some(Flow::OffRamp) => Some(Side::OffRamp),
            Some(Flow::Swap) => None,
        };
        if let Some(flow) = wanted.flow {
            self.flow(flow)?;
        }
        if let Some(country) = wanted.country {
            self.country(country)?;
        }
        if let Some(currency) = wanted.currency {
            self.currency(currency)?;
        }
        match (wanted.asset, wanted.network) {
            (Some(symbol), None) => drop(self.asset(symbol, side)?),
            (Some(symbol), Some(network)) => drop(self.token(symbol, network, side)?),
            (None, Some(network)) => self.network(network)?,
            (None, None) => {}
        }
        if let Some((method, side)) = wanted.method.zip(side) {
            self.method(side, method, wanted.currency, wanted.country)?;
        }
        match wanted.amount {
            Some(amount) => self.amount(amount, side, wanted.method),
            None => Ok(()),
        }
    }

    /// Whether the partner's contract holds this.
    pub fn entitled(&self, entitlement: Entitlement) -> Answer {
        if self.terms().is_some_and(|terms| terms.entitlements.contains(&entitlement)) {
            return Ok(());
        }
        let name = entitlement.as_str();
        Err(Refusal::lasting(
            RefusalCode::EntitlementRequired,
            format!("Your contract does not hold the entitlement {name}."),
            "Ask the operator of this gateway for it.",
        ))
    }

    /// Whether a flow is on offer. Swap needs its entitlement.
    pub fn flow(&self, flow: Flow) -> Answer {
        const CODE: RefusalCode = RefusalCode::FlowNotAvailable;
        if flow == Flow::Swap {
            self.entitled(Entitlement::Swap)?;
        }
        let name = match flow {
            Flow::OnRamp => "Buying",
            Flow::OffRamp => "Selling",
            Flow::Swap => "Swapping",
        };
        if !self.catalogue.flows().contains(&flow) {
            let message = format!("{name} is not offered here.");
            return Err(Refusal::lasting(CODE, message, "Choose another flow."));
        }
        self.open(Kind::Flow, flow.as_str(), name, CODE)
    }

    /// The country, if anything is offered there.
    pub fn country(&self, code: &str) -> Answer<&Country> {
        const CODE: RefusalCode = RefusalCode::CountryNotSupported;
        let next_step = "Ask /v1/capabilities/countries for what is supported.";
        let Some(country) = self.catalogue.country(code) else {
            let message = "There is no country with this code.".to_owned();
            return Err(Refusal::lasting(CODE, message, next_step));
        };
        if !country.supported {
            let message = format!("Nothing is offered in {}.", country.name);
            return Err(Refusal::lasting(CODE, message, next_step));
        }
        self.open(Kind::Country, &country.code, &country.name, CODE)?;
        Ok(country)
    }

    /// The currency, if it is taken.
    pub fn currency(&self, code: &str) -> Answer<&Currency> {
        const CODE: RefusalCode = RefusalCode::CurrencyNotSupported;
        let Some(currency) = self.catalogue.currency(code) else {
            let taken = self.catalogue.currencies().iter().filter(|currency| {
                let open = self.open(Kind::Currency, &currency.code, &currency.name, CODE);
                open.is_ok()
            });
            let taken: Vec<_> = taken.map(|currency| currency.code.as_str()).collect();
            let message = format!("currency must be one of {}.", taken.join(", "));
            return Err(Refusal::lasting(CODE, message, "Choose one of these currencies."));
        };
        self.open(Kind::Currency, &currency.code, &currency.name, CODE)?;
        Ok(currency)
    }

    /// The asset, if it is active, on this side, and on at least one network that is open.
    pub fn asset(&self, symbol: &str, side: Option<Side>) -> Answer<&CryptoAsset> {
        let asset = self.open_asset(symbol, side)?;
        let mut closed = None;
        for token in &asset.tokens {
            match self.network(&token.network) {
                Ok(()) => return Ok(asset),
                Err(refusal) => closed = closed.or(Some(refusal)),
            }
        }
        Err(closed.unwrap_or_else(|| no_such_asset(symbol)))
    }

    /// The asset on this network, if both are open.
    pub fn token(&self, symbol: &str, network: &str, side: Option<Side>) -> Answer<&Token> {
        let asset = self.open_asset(symbol, side)?;
        self.network(network)?;
        let token = asset.tokens.iter().find(|token| token.network.eq_ignore_ascii_case(network));
        token.ok_or_else(|| {
            let known: Vec<_> = asset.tokens.iter().map(|token| token.network.as_str()).collect();
            let message = format!("{} is offered on {}.", asset.symbol, known.join(", "));
            let next_step = "Choose one of these networks.";
            Refusal::lasting(RefusalCode::AssetNotAvailable, message, next_step)
        })
    }

    /// Whether a network is open.
    pub fn network(&self, chain: &str) -> Answer {
        const CODE: RefusalCode = RefusalCode::NetworkNotAvailable;
        let Some(network) = self.catalogue.network(chain) else {
            let known: Vec<_> =
                self.catalogue.networks().iter().map(|network| network.chain.as_str()).collect();
            let message = format!("The network must be one of {}.", known.join(", "));
            return Err(Refusal::lasting(CODE, message, "Choose one of these networks."));
        };
        self.open(Kind::Network, &network.chain, &network.name, CODE)
    }

    /// The method, if it is open and fits the currency and the country, where they are known.
    pub fn method(
        &self,
        side: Side,
        id: &str,
        currency: Option<&str>,
        country: Option<&str>,
    ) -> Answer<&Method> {
        const CODE: RefusalCode = RefusalCode::MethodNotAvailable;
        let (kind, list) = match side {
            Side::OnRamp => (Kind::PaymentMethod, "/v1/capabilities/payment-methods"),
            Side::OffRamp => (Kind::PayoutMethod, "/v1/capabilities/payout-methods"),
        };
        let next_step = format!("Ask {list} for what is on offer.");
        let lasting = |message: String| Err(Refusal::lasting(CODE, message, &next_step));
        let Some(method) = self.catalogue.method(side, id) else {
            return lasting("There is no such method on this side.".into());
        };
        self.open(kind, &method.id, &method.name, CODE)?;
        if let Some(currency) = currency.filter(|currency| !method.takes(currency)) {
            let currency = currency.to_ascii_uppercase();
            return lasting(format!("{} does not take {currency}.", method.name));
        }
        if country.is_some_and(|country| !method.works_in(country)) {
            return lasting(format!("{} does not work in this country.", method.name));
        }
        Ok(method)
    }

    /// What one purchase or sale in a currency may come to, with a method where one is known.
    /// None for a currency that we do not take.
    pub fn limits(&self, currency: &str, side: Side, method: Option<&str>) -> Option<Limits> {
        let currency = self.catalogue.currency(currency)?;
        let mut limits = currency.limits;
        let method = method.and_then(|id| self.catalogue.method(side, id));
        if let Some(own) = method.and_then(|method| method.limits(&currency.code)) {
            limits = limits.narrowed(own);
        }
        let terms = self.terms().and_then(|terms| terms.maximum_units.get(&currency.code));
        if let Some(maximum) = terms {
            limits.maximum_units = limits.maximum_units.min(i128::from(*maximum));
        }
        Some(limits)
    }

    /// Whether an amount of fiat is within the limits.
    pub fn amount(&self, amount: &Money, side: Option<Side>, method: Option<&str>) -> Answer {
        let side = side.unwrap_or(Side::OnRamp);
        let Some(limits) = self.limits(&amount.asset.code, side, method) else {
            return self.currency(&amount.asset.code).map(drop);
        };
        if (limits.minimum_units..=limits.maximum_units).contains(&amount.units) {
            return Ok(());
        }
        Err(Refusal::out_of_range(amount, limits))
    }

    /// Whether there is a way to pay (or, for a sale, to be paid out) an amount of fiat. A swap needs
    /// none. The limits in a refusal are the widest of all ways.
    pub fn payable(&self, flow: Option<Flow>, amount: &Money) -> Answer {
        let side = match flow {
            None | Some(Flow::OnRamp) => Side::OnRamp,
            Some(Flow::OffRamp) => Side::OffRamp,
            Some(Flow::Swap) => return self.amount(amount, None, None),
        };
        let currency = amount.asset.code.as_str();
        self.some_method(side, currency, None)?;
        let methods = self.methods(side, currency, None);
        let accepts = |method: &&Method| self.amount(amount, Some(side), Some(&method.id)).is_ok();
        if methods.iter().any(accepts) {
            return Ok(());
        }
        match self.widest_limits(side, currency) {
            Some(limits) => Err(Refusal::out_of_range(amount, limits)),
            None => self.currency(currency).map(drop),
        }
    }

    /// What one purchase or sale in a currency may come to with the most generous of the methods
    /// that are on offer; none where no method is.
    pub fn widest_limits(&self, side: Side, currency: &str) -> Option<Limits> {
        let methods = self.methods(side, currency, None).into_iter();
        let limits = methods.filter_map(|method| self.limits(currency, side, Some(&method.id)));
        limits.reduce(Limits::widened)
    }

    /// Whether there is any way to pay with a currency, or to be paid out in it.
    pub fn some_method(&self, side: Side, currency: &str, country: Option<&str>) -> Answer {
        if self.methods(side, currency, country).is_empty() {
            return Err(self.no_method(side, currency, country));
        }
        Ok(())
    }

    /// Whether pinning this asset, this network, both or neither leaves something to choose.
    pub fn something_to_choose(
        &self,
        side: Side,
        asset: Option<&str>,
        network: Option<&str>,
    ) -> Answer {
        match (asset, network) {
            (Some(symbol), Some(network)) => self.token(symbol, network, Some(side)).map(drop),
            (Some(symbol), None) => self.asset(symbol, Some(side)).map(drop),
            (None, Some(chain)) => self.network(chain),
            (None, None) => Ok(()),
        }?;
        if self.tokens(side, asset, network).is_empty() {
            return Err(Refusal::nothing_to_buy());
        }
        Ok(())
    }

    /// Every country, each with whether anything is offered there now.
    pub fn countries(&self) -> impl Iterator<Item = (&Country, bool)> {
        let countries = self.catalogue.countries().iter();
        countries.map(|country| (country, self.country(&country.code).is_ok()))
    }

    /// The currencies that are taken now.
    pub fn currencies(&self) -> impl Iterator<Item = &Currency> {
        self.catalogue.currencies().iter().filter(|currency| self.currency(&currency.code).is_ok())
    }

    /// The assets that are on offer now, each with the networks that are open.
    pub fn assets(&self, side: Side) -> impl Iterator<Item = (&CryptoAsset, Vec<&Token>)> {
        let assets = self.catalogue.assets().iter();
        assets.filter_map(move |asset| {
            let open = self.asset(&asset.symbol, Some(side)).ok()?;
            Some((open, self.open_tokens(open).collect()))
        })
    }

    /// The tokens that leave something to choose from: all that match what is pinned.
    pub fn tokens(&self, side: Side, symbol: Option<&str>, network: Option<&str>) -> Vec<Token> {
        let matches =
            |pinned: Option<&str>, word: &str| pinned.is_none_or(|p| p.eq_ignore_ascii_case(word));
        let tokens = self.assets(side).flat_map(|(_, tokens)| tokens);
        tokens
            .filter(|token| matches(symbol, &token.symbol) && matches(network, &token.network))
            .cloned()
            .collect()
    }

    /// The methods that are on offer now for a currency, and in a country where one is known.
    pub fn methods(&self, side: Side, currency: &str, country: Option<&str>) -> Vec<&Method> {
        let methods = self.catalogue.methods().iter().filter(|method| method.side == side);
        methods
            .filter(|method| self.method(side, &method.id, Some(currency), country).is_ok())
            .collect()
    }

    /// What a purchase or sale is charged on top of the price.
    pub fn fees(&self, charged: &Charged<'_>) -> FeePolicy {
        let contract = self.terms().map_or(&[][..], |terms| &terms.fees);
        policy(contract, self.catalogue.fees(), charged)
    }

    fn terms(&self) -> Option<&PartnerTerms> {
        self.rules.partners.get(&self.tenant)
    }

    fn open_asset(&self, symbol: &str, side: Option<Side>) -> Answer<&CryptoAsset> {
        let asset = self.catalogue.asset(symbol).filter(|asset| asset.active);
        let asset = asset.ok_or_else(|| no_such_asset(symbol))?;
        if let Some(side) = side.filter(|side| !asset.sides.contains(side)) {
            let verb = match side {
                Side::OnRamp => "bought",
                Side::OffRamp => "sold",
            };
            let message = format!("{} cannot be {verb} here.", asset.symbol);
            let next_step = "Ask /v1/capabilities/assets for what is on offer.";
            return Err(Refusal::lasting(RefusalCode::AssetNotAvailable, message, next_step));
        }
        self.open(Kind::Asset, &asset.symbol, &asset.symbol, RefusalCode::AssetNotAvailable)?;
        Ok(asset)
    }

    /// Why there is no method: the one that is switched off, if that is why.
    fn no_method(&self, side: Side, currency: &str, country: Option<&str>) -> Box<Refusal> {
        let methods = self.catalogue.methods().iter();
        let mut fitting = methods.filter(|method| {
            method.side == side
                && method.takes(currency)
                && country.is_none_or(|country| method.works_in(country))
        });
        let closed =
            fitting.find_map(|method| self.method(side, &method.id, Some(currency), country).err());
        closed.unwrap_or_else(|| {
            let how = match side {
                Side::OnRamp => "pay with",
                Side::OffRamp => "be paid out in",
            };
            let place = if country.is_some() { " in this country" } else { "" };
            let message = format!("There is no way to {how} {currency}{place}.");
            let next_step = "Choose another currency.";
            Refusal::lasting(RefusalCode::MethodNotAvailable, message, next_step)
        })
    }

    fn open_tokens<'a>(&'a self, asset: &'a CryptoAsset) -> impl Iterator<Item = &'a Token> {
        asset.tokens.iter().filter(|token| self.network(&token.network).is_ok())
    }

    /// Neither switched off nor left out of the partner's contract.
    fn open(&self, kind: Kind, id: &str, name: &str, code: RefusalCode) -> Answer {
        let only = self.terms().and_then(|terms| terms.only.get(&kind));
        if only.is_some_and(|only| !only.contains(id)) {
            let message = format!("{name} is not offered here.");
            let next_step = "Choose something else, or ask the operator of this gateway.";
            return Err(Refusal::lasting(code, message, next_step));
        }
        match self.switched_off(kind, id) {
            Some(switch) => {
                let reason = switch.reason.trim();
                let end = if reason.ends_with(['.', '!', '?']) { "" } else { "." };
                let message = format!("{name} is not available now. {reason}{end}");
                Err(Refusal::passing(code, message))
            }
            None => Ok(()),
        }
    }

    fn switched_off(&self, kind: Kind, id: &str) -> Option<&Switch> {
        let switches = self.rules.switches.iter();
        let mut off = switches.filter(|switch| {
            switch.subject.kind == kind && switch.subject.id == id && switch.concerns(&self.tenant)
        });
        off.next()
    }
}

fn no_such_asset(symbol: &str) -> Box<Refusal> {
    let shown: String = symbol.chars().take(40).collect();
    let message = format!("{shown} is not on offer.");
    let next_step = "Ask /v1/capabilities/assets for what is on offer.";
    Refusal::lasting(RefusalCode::AssetNotAvailable, message, next_step)
}
