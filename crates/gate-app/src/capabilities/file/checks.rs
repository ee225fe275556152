//! From the words of a file to a catalogue, noting every word that does not fit.

use std::collections::BTreeSet;

use gate_domain::bank::AccountKind;
use gate_domain::catalogue::{
    Catalogue, Country, CryptoAsset, Currency, Limits, Method, Network, Side, Token,
};
use gate_domain::destination::Family;
use gate_domain::money::{Asset, Money};
use gate_domain::session::Flow;
use toml::Spanned;

use super::{
    Draft, DraftAsset, DraftCountry, DraftLimits, DraftMethod, DraftNetwork, DraftToken, Problem,
    Problems, Word, fees, identity, line_of, world_wide,
};

const DECIMALS_MAX: i64 = 18;
const METHOD_CHARS_MAX: usize = 64;

/// The catalogue that a draft describes; `text` is where it was read from.
pub(super) fn build(text: &str, draft: &Draft) -> Result<Catalogue, Problems> {
    let mut notes = Notes { text, problems: Vec::new() };
    let flows = read_flows(&mut notes, &draft.flows);
    let currencies: Vec<_> = draft
        .currencies
        .iter()
        .filter_map(|(code, limits)| read_currency(&mut notes, code, limits))
        .collect();
    let networks: Vec<_> = draft
        .networks
        .iter()
        .filter_map(|(chain, network)| read_network(&mut notes, chain, network))
        .collect();
    let assets: Vec<_> = draft
        .assets
        .iter()
        .filter_map(|asset| read_asset(&mut notes, asset, draft, &networks))
        .collect();
    notes.unique("asset", draft.assets.iter().map(|asset| &asset.symbol));
    let countries: Vec<_> = draft
        .countries
        .iter()
        .filter_map(|(code, country)| read_country(&mut notes, code, country))
        .collect();
    let mut methods = Vec::new();
    for (side, drafts) in
        [(Side::OnRamp, &draft.payment_methods), (Side::OffRamp, &draft.payout_methods)]
    {
        notes.unique("method", drafts.iter().map(|method| &method.id));
        let known = (draft, currencies.as_slice(), countries.as_slice());
        let read = |method| read_method(&mut notes, side, method, known);
        methods.extend(drafts.iter().filter_map(read));
    }
    let catalogue = Catalogue::new(flows, countries, currencies, networks, assets, methods);
    let fees = match &draft.fees {
        Some(drafts) => fees::read(&mut notes, drafts, &catalogue),
        None => world_wide().fees().to_vec(),
    };
    let identity = identity::read(&mut notes, draft, &catalogue);
    notes.problems.sort();
    if notes.problems.is_empty() {
        Ok(catalogue.with_fees(fees).with_identity(identity))
    } else {
        Err(Problems(notes.problems))
    }
}

pub(super) struct Notes<'a> {
    text: &'a str,
    problems: Vec<Problem>,
}

impl Notes<'_> {
    pub(super) fn problem<T>(&mut self, at: &Spanned<T>, message: String) {
        let line = line_of(self.text, at.span().start);
        self.problems.push(Problem { line, message });
    }

    /// How many there are by now.
    pub(super) fn count(&self) -> usize {
        self.problems.len()
    }

    /// The value, or a note about why there is none.
    pub(super) fn wanted<T, U>(
        &mut self,
        at: &Spanned<T>,
        value: Option<U>,
        message: &str,
    ) -> Option<U>
    where
        T: std::fmt::Display,
    {
        if value.is_none() {
            self.problem(at, format!("\"{}\" {message}", at.get_ref()));
        }
        value
    }

    /// What a word refers to. A word that is listed with a mistake of its own has been told already.
    fn referred<'t, T>(
        &mut self,
        word: &Word,
        found: Option<&'t T>,
        mut listed: impl Iterator<Item = &'t Word>,
        what: &str,
    ) -> Option<&'t T> {
        if found.is_none() && !listed.any(|other| other.get_ref() == word.get_ref()) {
            let message = format!("\"{}\" is not among the {what} of this file.", word.get_ref());
            self.problem(word, message);
        }
        found
    }

    pub(super) fn unique<'w>(&mut self, what: &str, words: impl Iterator<Item = &'w Word>) {
        let mut seen = BTreeSet::new();
        for word in words {
            if !seen.insert(word.get_ref().to_ascii_lowercase()) {
                let message =
                    format!("\"{}\" is there twice; each {what} has one entry.", word.get_ref());
                self.problem(word, message);
            }
        }
    }
}

fn read_flows(notes: &mut Notes<'_>, words: &[Word]) -> Vec<Flow> {
    const ALL: [Flow; 3] = [Flow::OnRamp, Flow::OffRamp, Flow::Swap];
    let mut flow = |word: &Word| {
        let found = ALL.into_iter().find(|flow| flow.as_str() == word.get_ref());
        notes.wanted(word, found, "is no flow; there are on_ramp, off_ramp and swap.")
    };
    words.iter().filter_map(&mut flow).collect()
}

/// A currency as amounts are counted in it.
pub(super) fn read_asset_of_currency(notes: &mut Notes<'_>, code: &Word) -> Option<Asset> {
    read_iso_currency(notes, code).map(|(_, asset)| asset)
}

fn read_iso_currency(
    notes: &mut Notes<'_>,
    code: &Word,
) -> Option<(iso_currency::Currency, Asset)> {
    let iso = iso_currency::Currency::from_code(code.get_ref());
    let iso = notes.wanted(code, iso, "is no currency code of ISO 4217, such as EUR.")?;
    let decimals = iso.exponent().and_then(|decimals| u8::try_from(decimals).ok());
    let decimals =
        notes.wanted(code, decimals, "has no minor units, so it cannot be paid with.")?;
    Some((iso, Asset { code: iso.code().to_owned(), network: None, decimals }))
}

fn read_currency(notes: &mut Notes<'_>, code: &Word, limits: &DraftLimits) -> Option<Currency> {
    let (iso, asset) = read_iso_currency(notes, code)?;
    let (Some(minimum), Some(maximum)) = (&limits.minimum, &limits.maximum) else {
        let message = format!("\"{}\" needs a minimum and a maximum.", code.get_ref());
        notes.problem(code, message);
        return None;
    };
    let minimum_units = read_amount(notes, minimum, &asset)?;
    let maximum_units = read_amount(notes, maximum, &asset)?;
    let limits = ordered(notes, maximum, Limits { minimum_units, maximum_units })?;
    Some(Currency {
        code: asset.code,
        name: iso.name().to_owned(),
        symbol: iso.symbol().to_string(),
        decimals: asset.decimals,
        limits,
    })
}

fn read_amount(notes: &mut Notes<'_>, word: &Word, asset: &Asset) -> Option<i128> {
    match Money::parse(word.get_ref(), asset.clone()) {
        Ok(amount) if amount.units > 0 => Some(amount.units),
        Ok(_) => {
            notes.problem(word, format!("{} must be more than 0.", word.get_ref()));
            None
        }
        Err(error) => {
            notes.problem(word, format!("\"{}\" {error}.", word.get_ref()));
            None
        }
    }
}

fn ordered(notes: &mut Notes<'_>, maximum: &Word, limits: Limits) -> Option<Limits> {
    let ordered = limits.minimum_units <= limits.maximum_units;
    notes.wanted(maximum, ordered.then_some(limits), "is less than the minimum.")
}

fn read_network(notes: &mut Notes<'_>, chain: &Word, network: &DraftNetwork) -> Option<Network> {
    let spelt = chain.get_ref();
    let good = (1..=40).contains(&spelt.len())
        && spelt.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let good = good.then_some(());
    notes.wanted(chain, good, "must have 1 to 40 lower case letters, digits and underscores.")?;
    let family = match &network.family {
        None => Family::Evm,
        Some(word) => {
            let message = "is no family; there are evm, bitcoin, tron, xrp, stellar and solana.";
            notes.wanted(word, Family::from_word(word.get_ref()), message)?
        }
    };
    let chain_id = match (&network.chain_id, family) {
        (None, Family::Evm) => {
            let message = format!(
                "\"{spelt}\" needs a chain_id, its number of EIP-155, or a family such as \"bitcoin\"."
            );
            notes.problem(chain, message);
            return None;
        }
        (None, _) => None,
        (Some(id), Family::Evm) => {
            let number = Some(*id.get_ref()).filter(|number| *number > 0);
            Some(notes.wanted(id, number, "must be the network's number of EIP-155.")?)
        }
        (Some(id), _) => {
            let message = "is a number of EIP-155, and this network is of another family.";
            return notes.wanted(id, None, message);
        }
    };
    Some(Network { chain: spelt.clone(), name: network.name.clone(), family, chain_id })
}

fn read_asset(
    notes: &mut Notes<'_>,
    draft: &DraftAsset,
    file: &Draft,
    networks: &[Network],
) -> Option<CryptoAsset> {
    let symbol = draft.symbol.get_ref();
    let good = (2..=12).contains(&symbol.len())
        && symbol.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let good = good.then_some(());
    notes.wanted(&draft.symbol, good, "must have 2 to 12 upper case letters and digits.")?;
    if draft.networks.is_empty() {
        notes.problem(&draft.symbol, format!("\"{symbol}\" needs at least one network."));
    }
    notes.unique("network of an asset", draft.networks.iter().map(|token| &token.chain));
    let tokens = draft.networks.iter();
    let tokens =
        tokens.filter_map(|token| read_token(notes, draft, token, file, networks)).collect();
    let mut sides = Vec::new();
    for word in &draft.sides {
        let side = Side::parse(word.get_ref());
        sides.extend(notes.wanted(word, side, "is no side; there are on_ramp and off_ramp."));
    }
    if draft.sides.is_empty() {
        sides = vec![Side::OnRamp, Side::OffRamp];
    }
    let (symbol, name) = (symbol.clone(), draft.name.clone());
    Some(CryptoAsset { symbol, name, active: draft.active, sides, tokens })
}

fn read_token(
    notes: &mut Notes<'_>,
    asset: &DraftAsset,
    draft: &DraftToken,
    file: &Draft,
    networks: &[Network],
) -> Option<Token> {
    let network = networks.iter().find(|network| network.chain == *draft.chain.get_ref());
    let network = notes.referred(&draft.chain, network, file.networks.keys(), "networks");
    let decimals = Some(*draft.decimals.get_ref()).filter(|d| (0..=DECIMALS_MAX).contains(d));
    let decimals = decimals.and_then(|decimals| u8::try_from(decimals).ok());
    let decimals = notes.wanted(&draft.decimals, decimals, "must be from 0 to 18.");
    let contract = match &draft.contract {
        None => None,
        Some(word) => match network.map(|network| network.family) {
            // That the network is missing has been told.
            None => None,
            Some(family) => {
                let contract = family.parse_contract(word.get_ref());
                notes.wanted(word, contract, contract_wanted(family))
            }
        },
    };
    let (network, decimals) = network.zip(decimals)?;
    Some(Token {
        symbol: asset.symbol.get_ref().clone(),
        name: asset.name.clone(),
        network: network.chain.clone(),
        network_name: network.name.clone(),
        contract,
        decimals,
    })
}

/// What a file has to say of a token that is not its network's own coin.
const fn contract_wanted(family: Family) -> &'static str {
    match family {
        Family::Evm => "must be the address of a contract.",
        Family::Tron => "must be the address of a contract of Tron.",
        Family::Solana => "must be the address of a mint of Solana.",
        Family::Xrp => "must be a currency and its issuer, such as USD:r…",
        Family::Stellar => "must be a code and its issuer, such as USDC:G…",
        Family::Bitcoin => "cannot be: there are no tokens on Bitcoin but its own coin.",
    }
}

fn read_country(notes: &mut Notes<'_>, code: &Word, draft: &DraftCountry) -> Option<Country> {
    let iso = rust_iso3166::from_alpha2(code.get_ref());
    let iso = notes.wanted(code, iso, "is no country code of ISO 3166, such as DE.")?;
    let currency = iso_currency::Currency::from_code(draft.currency.get_ref());
    let message = "is no currency code of ISO 4217, such as EUR.";
    let currency = notes.wanted(&draft.currency, currency, message)?;
    Some(Country {
        code: iso.alpha2.to_owned(),
        name: draft.name.clone().unwrap_or_else(|| iso.name.to_owned()),
        currency: currency.code().to_owned(),
        supported: draft.supported,
    })
}

fn read_method(
    notes: &mut Notes<'_>,
    side: Side,
    draft: &DraftMethod,
    (file, currencies, countries): (&Draft, &[Currency], &[Country]),
) -> Option<Method> {
    let id = draft.id.get_ref();
    let good = (1..=METHOD_CHARS_MAX).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let good = good.then_some(());
    notes.wanted(
        &draft.id,
        good,
        "must have 1 to 64 lower case letters, digits and underscores.",
    )?;
    let mut taken = Vec::new();
    for word in &draft.currencies {
        let known = currencies.iter().find(|currency| currency.code == *word.get_ref());
        let currency = notes.referred(word, known, file.currencies.keys(), "currencies");
        let Some(currency) = currency else { continue };
        let own = draft.limits.iter().find(|(code, _)| code.get_ref() == word.get_ref());
        let own = own.and_then(|(_, limits)| read_own_limits(notes, currency, limits));
        taken.push((currency.code.clone(), own));
    }
    for code in draft.limits.keys() {
        let taken = draft.currencies.iter().any(|word| word.get_ref() == code.get_ref());
        notes.wanted(code, taken.then_some(()), "has limits, but this method does not take it.");
    }
    let mut works_in = Vec::new();
    for word in &draft.countries {
        let known = countries.iter().find(|country| country.code == *word.get_ref());
        let country = notes.referred(word, known, file.countries.keys(), "countries");
        works_in.extend(country.map(|country| country.code.clone()));
    }
    let account = read_account(notes, side, draft);
    let (id, name) = (id.clone(), draft.name.clone());
    Some(Method { id, name, side, currencies: taken, countries: works_in, account })
}

/// What a way of being paid out asks for.
fn read_account(notes: &mut Notes<'_>, side: Side, draft: &DraftMethod) -> Option<AccountKind> {
    match (&draft.account, side) {
        (None, Side::OnRamp) => None,
        (None, Side::OffRamp) => world_wide().method(side, draft.id.get_ref())?.account,
        (Some(word), Side::OnRamp) => {
            let message = format!("\"{}\": only payout methods have an account.", word.get_ref());
            notes.problem(word, message);
            None
        }
        (Some(word), Side::OffRamp) => {
            let kind = AccountKind::parse(word.get_ref());
            let message = "is no kind of account; there are iban, sort_code, aba, pix and card.";
            notes.wanted(word, kind, message)
        }
    }
}

/// Limits of a method: what it leaves out is the currency's.
fn read_own_limits(
    notes: &mut Notes<'_>,
    currency: &Currency,
    draft: &DraftLimits,
) -> Option<Limits> {
    let asset = currency.asset();
    let mut limits = currency.limits;
    if let Some(word) = &draft.minimum {
        limits.minimum_units = read_amount(notes, word, &asset)?;
    }
    if let Some(word) = &draft.maximum {
        limits.maximum_units = read_amount(notes, word, &asset)?;
    }
    match draft.maximum.as_ref().or(draft.minimum.as_ref()) {
        Some(word) => ordered(notes, word, limits),
        None => None,
    }
}
