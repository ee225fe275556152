//! The body of create, checked field by field, with every problem told at once.

use gate_domain::catalogue::{Entitlement, Offer, RefusalCode, Side, Wanted};
use gate_domain::destination::{
    Destination, DestinationError, Family, TypedMemo, recognise_or_why,
};
use gate_domain::ids::Mode;
use gate_domain::money::{Money, parse_decimal};
use gate_domain::quote::Quote;
use gate_domain::rail::is_card_number;
use gate_domain::session::{Flow, LIFETIME_DEFAULT_S, LIFETIME_MAX_S, LIFETIME_MIN_S, Terms};
use gate_domain::time::Millis;
use serde_json::{Map, Value};
use url::{Host, Url};

use crate::error::ApiError;
use crate::error::codes::wallet_problem;
use crate::fields::Fields;
use crate::metadata::check_metadata;

const URL_CHARS_MAX: usize = 2048;
const REFERENCE_CHARS_MAX: usize = 200;
const QUOTE_ID_CHARS_MAX: usize = 64;
/// More decimals than any currency has.
const DECIMALS_MAX: u8 = 18;

/// What a create asks for: the terms (their `expires_at` is set later) and the lifetime in seconds.
/// `offer` is what the partner can offer in this `mode` now, `quote` the signed quote of the partner
/// that the body names, if there is such a one.
pub(super) fn read_create(
    body: Map<String, Value>,
    mode: Mode,
    offer: &Offer,
    quote: Option<&Quote>,
) -> Result<(Terms, i64), ApiError> {
    let mut fields = Fields::new(body);
    let named = Named::read(&mut fields, quote);
    let flow = read_flow(&mut fields, offer);
    let amount = match named {
        Named::Nothing => read_amount(&mut fields, offer, flow),
        Named::Unknown => read_quoted_amount(&mut fields, None),
        Named::Quote(quote) => read_quoted_amount(&mut fields, Some(quote)),
    };
    let return_url = fields.text("return_url", URL_CHARS_MAX);
    let return_url = return_url.and_then(|url| check_url(&mut fields, "return_url", url, mode));
    let cancel_url = fields.text_opt("cancel_url", URL_CHARS_MAX);
    let cancel_url = cancel_url.and_then(|url| check_url(&mut fields, "cancel_url", url, mode));
    let (target_token, target_network) = read_target(&mut fields, offer, flow);
    let (flow, target_token, target_network) = match named {
        Named::Nothing | Named::Unknown => (flow, target_token, target_network),
        Named::Quote(quote) => {
            let pinned = (target_token.as_deref(), target_network.as_deref());
            check_quoted(&mut fields, offer, quote, flow, pinned);
            let asset = &quote.crypto.asset;
            (Some(quote.side.flow()), Some(asset.code.clone()), asset.network.clone())
        }
    };
    let target = (target_token.as_deref(), target_network.as_deref());
    let wallet_address = read_wallet(&mut fields, offer, target);
    let user_reference = read_user_reference(&mut fields);
    let client_reference_id = fields.words_opt("client_reference_id", REFERENCE_CHARS_MAX);
    let metadata = fields.object_opt("metadata").unwrap_or_default();
    let metadata = check_metadata(&mut fields, metadata);
    let kyc_package = fields.object_opt("kyc_package");
    let lifetime_s = fields.integer_opt("expires_in", LIFETIME_MIN_S, LIFETIME_MAX_S);
    let terms = amount.zip(return_url).map(|(amount, return_url)| Terms {
        amount,
        target_token,
        target_network,
        flow,
        wallet_address,
        return_url,
        cancel_url,
        user_reference,
        client_reference_id,
        quote_id: named.quote().map(|quote| quote.id.clone()),
        metadata,
        expires_at: Millis(0),
    });
    let asked = (fields.finish(terms)?, lifetime_s.unwrap_or(LIFETIME_DEFAULT_S));
    if flow == Some(Flow::Swap) {
        offer.entitled(Entitlement::Swap)?;
    }
    if kyc_package.is_some() {
        offer.entitled(Entitlement::KycPackage)?;
        return Err(ApiError::KycPackageNotEnabled);
    }
    Ok(asked)
}

/// The quote that a body names.
#[derive(Clone, Copy)]
enum Named<'a> {
    Nothing,
    /// There is no such quote.
    Unknown,
    Quote(&'a Quote),
}

impl<'a> Named<'a> {
    fn read(fields: &mut Fields, quote: Option<&'a Quote>) -> Self {
        if fields.text_opt("quote_preview_id", QUOTE_ID_CHARS_MAX).is_none() {
            return Self::Nothing;
        }
        let Some(quote) = quote else {
            fields.problem("quote_preview_id", "quote_not_found", "There is no such quote.");
            return Self::Unknown;
        };
        Self::Quote(quote)
    }

    fn quote(self) -> Option<&'a Quote> {
        match self {
            Self::Nothing | Self::Unknown => None,
            Self::Quote(quote) => Some(quote),
        }
    }
}

/// What the quote fixes. Amount and currency may be sent too, and then say the same.
fn read_quoted_amount(fields: &mut Fields, quote: Option<&Quote>) -> Option<Money> {
    let amount = fields.text_opt("amount", 40);
    let currency = fields.text_opt("currency", 3);
    let fiat = &quote?.fiat;
    let mut differs = |name| {
        let message = format!("The quote is for {fiat}. Leave {name} out, or send the same.");
        fields.problem(name, "quote_mismatch", message);
    };
    if currency.is_some_and(|code| !code.eq_ignore_ascii_case(&fiat.asset.code)) {
        differs("currency");
    }
    let same = |text: String| Money::parse(&text, fiat.asset.clone()).as_ref() == Ok(fiat);
    if amount.is_some_and(|text| !same(text)) {
        differs("amount");
    }
    Some(fiat.clone())
}

/// Whether what the body pins is what the quote is for, and that is still on offer.
fn check_quoted(
    fields: &mut Fields,
    offer: &Offer,
    quote: &Quote,
    flow: Option<Flow>,
    (token, network): (Option<&str>, Option<&str>),
) {
    let asset = &quote.crypto.asset;
    let on = asset.network.as_deref().unwrap_or_default();
    let other = |pinned: Option<&str>, word: &str| {
        pinned.is_some_and(|pinned| !pinned.eq_ignore_ascii_case(word))
    };
    let same = [
        ("flow", flow.is_none_or(|flow| flow == quote.side.flow()), quote.side.as_str()),
        ("target_token", !other(token, &asset.code), asset.code.as_str()),
        ("target_network", !other(network, on), on),
    ];
    for (name, same, quoted) in same {
        if !same {
            let message = format!("The quote is for {quoted}. Leave {name} out, or send the same.");
            fields.problem(name, "quote_mismatch", message);
        }
    }
    let wanted = Wanted {
        flow: Some(quote.side.flow()),
        currency: Some(&quote.fiat.asset.code),
        asset: Some(&asset.code),
        network: Some(on),
        method: Some(&quote.payment_method),
        ..Wanted::default()
    };
    if let Err(refusal) = offer.check(&wanted) {
        fields.refused("quote_preview_id", &refusal);
    }
}

fn read_amount(fields: &mut Fields, offer: &Offer, flow: Option<Flow>) -> Option<Money> {
    let amount = fields.text("amount", 40);
    let code = fields.text("currency", 3);
    let currency = code.and_then(|code| match offer.currency(&code) {
        Ok(currency) => Some(currency),
        Err(refusal) => {
            fields.refused("currency", &refusal);
            None
        }
    });
    // Without a currency there is no amount, but what is no number is told all the same.
    let decimals = currency.map_or(DECIMALS_MAX, |currency| currency.asset().decimals);
    let units = match parse_decimal(&amount?, decimals) {
        Ok(units) => units,
        Err(error) => {
            fields.problem("amount", "amount_invalid", format!("amount {error}."));
            return None;
        }
    };
    let amount = Money::new(units, currency?.asset());
    match offer.payable(flow, &amount) {
        Ok(()) => Some(amount),
        Err(refusal) => {
            let out_of_range = refusal.code == RefusalCode::AmountOutOfRange;
            fields.refused(if out_of_range { "amount" } else { "currency" }, &refusal);
            None
        }
    }
}

/// https, or http on a loopback host in test mode; no user-info part (decisions, "Sessions").
fn check_url(fields: &mut Fields, name: &str, text: String, mode: Mode) -> Option<String> {
    let url = Url::parse(&text).ok();
    let good = url.as_ref().is_some_and(|url| {
        let plain = url.username().is_empty() && url.password().is_none();
        let scheme = match url.scheme() {
            "https" => true,
            "http" => mode == Mode::Test && is_loopback(url),
            _ => false,
        };
        // Browsers forgive more: line breaks, backslashes, a missing pair of slashes.
        let strict = text.get(url.scheme().len()..).is_some_and(|rest| rest.starts_with("://"))
            && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\');
        plain && scheme && strict && url.host().is_some()
    });
    if good {
        return Some(text);
    }
    let allowed = match mode {
        Mode::Test => "an https URL, or an http URL on a loopback host such as localhost",
        Mode::Live => "an https URL",
    };
    fields.problem(name, "url_invalid", format!("{name} must be {allowed}, without user-info."));
    None
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn read_target(
    fields: &mut Fields,
    offer: &Offer,
    flow: Option<Flow>,
) -> (Option<String>, Option<String>) {
    let token = fields.text_opt("target_token", 12).map(|token| token.to_ascii_uppercase());
    let network = fields.text_opt("target_network", 40).map(|network| network.to_ascii_lowercase());
    let side = match flow {
        Some(Flow::OffRamp) => Side::OffRamp,
        None | Some(Flow::OnRamp | Flow::Swap) => Side::OnRamp,
    };
    if let Err(refusal) = offer.something_to_choose(side, token.as_deref(), network.as_deref()) {
        let of_network = refusal.code == RefusalCode::NetworkNotAvailable;
        fields.refused(if of_network { "target_network" } else { "target_token" }, &refusal);
    }
    (token, network)
}

fn read_flow(fields: &mut Fields, offer: &Offer) -> Option<Flow> {
    let word = fields.text_opt("flow", 40)?;
    let Some(flow) = Flow::parse(&word) else {
        let message = "flow must be one of on_ramp, off_ramp, swap.";
        fields.problem("flow", "flow_not_supported", message);
        return None;
    };
    match offer.flow(flow) {
        Err(refusal) if refusal.code != RefusalCode::EntitlementRequired => {
            fields.refused("flow", &refusal);
            None
        }
        // What the contract does not hold is told once the request itself is in order.
        Ok(()) | Err(_) => Some(flow),
    }
}

fn read_wallet(
    fields: &mut Fields,
    offer: &Offer,
    target: (Option<&str>, Option<&str>),
) -> Option<Destination> {
    let address = fields.text_opt("wallet_address", 100);
    let memo = fields.text_opt("wallet_memo", 100);
    let is_text = fields.boolean_opt("wallet_memo_is_text").unwrap_or(false);
    let Some(address) = address else {
        if memo.is_some() {
            let message = "wallet_memo belongs to a wallet_address. Send both, or neither.";
            fields.problem("wallet_memo", "invalid_wallet_memo", message);
        }
        return None;
    };
    let read = || {
        let family = family_of(offer, target, &address)?;
        let memo = TypedMemo { is_text, ..TypedMemo::of(memo.as_deref()) };
        let wallet = Destination::parse(family, &address, memo)?;
        wallet.refuse_loss(offer.catalogue())?;
        Ok(wallet)
    };
    match read() {
        Ok(wallet) => Some(wallet),
        Err(error) => {
            let (name, code, message) = wallet_problem(&error);
            fields.problem(name, code, message);
            None
        }
    }
}

/// Whose kind of address the session's target asks for. Where that leaves a choice, the address says it
/// of itself, and the page then offers the tokens that can go there.
fn family_of(
    offer: &Offer,
    (token, network): (Option<&str>, Option<&str>),
    address: &str,
) -> Result<Family, DestinationError> {
    let catalogue = offer.catalogue();
    let is = |pinned: Option<&str>, word: &str| {
        pinned.is_none_or(|pinned| pinned.eq_ignore_ascii_case(word))
    };
    let there =
        catalogue.tokens().filter(|known| is(token, &known.symbol) && is(network, &known.network));
    let mut families: Vec<Family> =
        there.filter_map(|known| catalogue.family(&known.asset())).collect();
    families.sort();
    families.dedup();
    match families.as_slice() {
        [only] => Ok(*only),
        several => {
            let found = recognise_or_why(address)?;
            match several.first() {
                Some(wanted) if !several.contains(&found) => {
                    Err(DestinationError::OtherFamily { found, wanted: *wanted })
                }
                // That nothing is there has been told.
                Some(_) | None => Ok(found),
            }
        }
    }
}

fn read_user_reference(fields: &mut Fields) -> Option<String> {
    let reference = fields.text_opt("user_reference", REFERENCE_CHARS_MAX)?;
    let Some(what) = looks_personal(&reference) else { return Some(reference) };
    let message =
        format!("user_reference looks like {what}. Send an id that means something to you alone.");
    fields.problem("user_reference", "user_reference_not_opaque", message);
    None
}

/// What a reference gives away, if it does.
fn looks_personal(reference: &str) -> Option<&'static str> {
    let at = reference.split_once('@');
    if at.is_some_and(|(name, host)| !name.is_empty() && host.contains('.')) {
        return Some("an e-mail address");
    }
    let separators = |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')');
    let digits: String = reference.chars().filter(|c| !separators(*c)).collect();
    let number = digits.strip_prefix('+');
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if number.is_some_and(|number| (8..=15).contains(&number.len()) && all_digits(number)) {
        return Some("a phone number");
    }
    (digits.len() >= 13 && is_card_number(&digits)).then_some("a card number")
}
