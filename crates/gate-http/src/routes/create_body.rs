//! The body of create, checked field by field, with every problem told at once.

use gate_domain::catalogue::{find_currency, list_currencies, list_options};
use gate_domain::ids::Mode;
use gate_domain::money::Money;
use gate_domain::rail::is_card_number;
use gate_domain::session::{Flow, LIFETIME_DEFAULT_S, LIFETIME_MAX_S, LIFETIME_MIN_S, Terms};
use gate_domain::time::Millis;
use gate_domain::wallet::Address;
use gate_wire::error::ReasonBody;
use serde_json::{Map, Value};
use url::{Host, Url};

use crate::error::ApiError;
use crate::fields::Fields;

const URL_CHARS_MAX: usize = 2048;
const REFERENCE_CHARS_MAX: usize = 200;
const METADATA_KEYS_MAX: usize = 50;
const METADATA_KEY_CHARS_MAX: usize = 40;
const METADATA_VALUE_CHARS_MAX: usize = 500;
const METADATA_BYTES_MAX: usize = 8 * 1024;

/// What a create asks for: the terms (their `expires_at` is set later) and the lifetime in seconds.
pub(super) fn read_create(body: Map<String, Value>, mode: Mode) -> Result<(Terms, i64), ApiError> {
    let mut fields = Fields::new(body);
    let amount = read_amount(&mut fields);
    let return_url = fields.text("return_url", URL_CHARS_MAX);
    let return_url = return_url.and_then(|url| check_url(&mut fields, "return_url", url, mode));
    let cancel_url = fields.text_opt("cancel_url", URL_CHARS_MAX);
    let cancel_url = cancel_url.and_then(|url| check_url(&mut fields, "cancel_url", url, mode));
    let (target_token, target_network) = read_target(&mut fields);
    let flow = read_flow(&mut fields);
    let wallet_address = read_wallet(&mut fields);
    let user_reference = read_user_reference(&mut fields);
    let metadata = read_metadata(&mut fields);
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
        metadata,
        expires_at: Millis(0),
    });
    Ok((fields.finish(terms)?, lifetime_s.unwrap_or(LIFETIME_DEFAULT_S)))
}

fn read_amount(fields: &mut Fields) -> Option<Money> {
    let amount = fields.text("amount", 40);
    let code = fields.text("currency", 3)?;
    let Some(currency) = find_currency(&code) else {
        let known: Vec<_> = list_currencies().iter().map(|currency| currency.code).collect();
        let message = format!("currency must be one of {}.", known.join(", "));
        fields.problem("currency", "currency_not_supported", message);
        return None;
    };
    let amount = match Money::parse(&amount?, currency.asset()) {
        Ok(amount) => amount,
        Err(error) => {
            fields.problem("amount", "amount_invalid", format!("amount {error}."));
            return None;
        }
    };
    if !(currency.minimum_units..=currency.maximum_units).contains(&amount.units) {
        let (minimum, maximum) = (currency.minimum().to_string(), currency.maximum().to_string());
        let message = format!("amount must be from {minimum} to {maximum}.");
        fields.problem("amount", "amount_out_of_range", message.clone());
        fields.explain(ReasonBody {
            code: "amount_out_of_range".into(),
            message,
            retryable: true,
            minimum: Some(minimum),
            maximum: Some(maximum),
            next_step: Some("Choose an amount within these limits.".into()),
            ..ReasonBody::default()
        });
        return None;
    }
    Some(amount)
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

fn read_target(fields: &mut Fields) -> (Option<String>, Option<String>) {
    let token = fields.text_opt("target_token", 12).map(|token| token.to_ascii_uppercase());
    let network = fields.text_opt("target_network", 40).map(|network| network.to_ascii_lowercase());
    if list_options(token.as_deref(), network.as_deref()).is_empty() {
        let name = if token.is_some() { "target_token" } else { "target_network" };
        let message = "This token is not on offer on this network.";
        fields.problem(name, "asset_not_available", message);
    }
    (token, network)
}

fn read_flow(fields: &mut Fields) -> Option<Flow> {
    match fields.text_opt("flow", 40)?.as_str() {
        "on_ramp" => Some(Flow::OnRamp),
        "off_ramp" | "swap" => {
            let message = "This gateway offers on_ramp only. Leave flow out, or send on_ramp.";
            fields.problem("flow", "flow_not_supported", message);
            None
        }
        _ => {
            fields.problem("flow", "flow_not_supported", "flow must be on_ramp.");
            None
        }
    }
}

fn read_wallet(fields: &mut Fields) -> Option<Address> {
    let text = fields.text_opt("wallet_address", 100)?;
    match Address::parse(&text) {
        Ok(address) => Some(address),
        Err(error) => {
            let message = format!("wallet_address: {error} {}", error.next_step());
            fields.problem("wallet_address", "invalid_wallet_address", message);
            None
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

fn read_metadata(fields: &mut Fields) -> String {
    let metadata = fields.object_opt("metadata").unwrap_or_default();
    let mut problems = Vec::new();
    if metadata.len() > METADATA_KEYS_MAX {
        problems.push(format!("metadata has at most {METADATA_KEYS_MAX} keys."));
    }
    for (key, value) in metadata.iter().take(METADATA_KEYS_MAX) {
        let shown: String = key.chars().take(METADATA_KEY_CHARS_MAX).collect();
        if key.is_empty() || key.chars().count() > METADATA_KEY_CHARS_MAX || key.contains('\0') {
            problems.push(format!(
                "metadata key {shown:?} must have 1 to {METADATA_KEY_CHARS_MAX} characters."
            ));
        }
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text)
                if text.chars().count() <= METADATA_VALUE_CHARS_MAX && !text.contains('\0') => {}
            Value::String(_) => problems.push(format!(
                "metadata value {shown:?} must have at most {METADATA_VALUE_CHARS_MAX} characters."
            )),
            Value::Array(_) | Value::Object(_) => problems.push(format!(
                "metadata value {shown:?} must be a string, a number, a boolean or null."
            )),
        }
    }
    let text = Value::Object(metadata).to_string();
    if text.len() > METADATA_BYTES_MAX {
        problems.push("metadata has at most 8 KiB in all.".into());
    }
    for problem in problems {
        fields.problem("metadata", "metadata_invalid", problem);
    }
    text
}
