//! The bodies of preview and lock, checked field by field, with every problem told at once.

use gate_app::quotes::{AMOUNT_DECIMALS_MAX, PriceWanted};
use gate_domain::catalogue::{Currency, Offer, Side, Token};
use gate_domain::money::Money;
use gate_domain::quote::{LOCK_MAX_S, LOCK_MIN_S, LOCK_MS, OnLapse};
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::fields::Fields;

/// What a lock asks for.
pub(super) struct LockWanted {
    pub(super) wanted: PriceWanted,
    pub(super) payment_method: String,
    pub(super) lock_s: i64,
    pub(super) on_lapse: OnLapse,
}

pub(super) fn read_preview(
    body: Map<String, Value>,
    offer: &Offer,
) -> Result<PriceWanted, ApiError> {
    let mut fields = Fields::new(body);
    let wanted = read_price(&mut fields, offer);
    fields.finish(wanted)
}

pub(super) fn read_lock(body: Map<String, Value>, offer: &Offer) -> Result<LockWanted, ApiError> {
    let mut fields = Fields::new(body);
    let wanted = read_price(&mut fields, offer);
    let payment_method = fields.text("payment_method", 64);
    let lock_s = fields.integer_opt("expires_in", LOCK_MIN_S, LOCK_MAX_S);
    let on_lapse = read_on_lapse(&mut fields);
    if let (Some(wanted), Some(method)) = (&wanted, &payment_method) {
        let currency = Some(wanted.currency.code.as_str());
        let open = offer.method(wanted.side, method, currency, wanted.country.as_deref());
        if let Err(refusal) = open {
            fields.refused("payment_method", &refusal);
        }
    }
    let lock = wanted.zip(payment_method).map(|(wanted, payment_method)| LockWanted {
        wanted,
        payment_method,
        lock_s: lock_s.unwrap_or(LOCK_MS / 1_000),
        on_lapse,
    });
    fields.finish(lock)
}

fn read_price(fields: &mut Fields, offer: &Offer) -> Option<PriceWanted> {
    let side = read_side(fields);
    let currency = read_currency(fields, offer);
    let token = read_token(fields, offer, side);
    let country = read_country(fields, offer);
    if let Some(side) = side
        && let Err(refusal) = offer.flow(side.flow())
    {
        fields.refused("side", &refusal);
    }
    let text = fields.text("amount", 40);
    let (side, currency, token, text) = (side?, currency?.asset(), token?.asset(), text?);
    let counted_in = match side {
        Side::OnRamp => currency.clone(),
        Side::OffRamp => token.clone(),
    };
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let problem = match Money::parse(&text, counted_in) {
        Ok(_) if decimals > usize::from(AMOUNT_DECIMALS_MAX) => {
            format!("must have at most {AMOUNT_DECIMALS_MAX} decimals")
        }
        Ok(amount) if amount.units == 0 => "must be above zero".to_owned(),
        Ok(amount) => return Some(PriceWanted { side, currency, token, amount, country }),
        Err(error) => error.to_string(),
    };
    fields.problem("amount", "amount_invalid", format!("amount {problem}."));
    None
}

fn read_side(fields: &mut Fields) -> Option<Side> {
    let side = Side::parse(&fields.text("side", 40)?);
    if side.is_none() {
        fields.problem("side", "field_range", "side must be on_ramp or off_ramp.");
    }
    side
}

fn read_currency<'a>(fields: &mut Fields, offer: &'a Offer) -> Option<&'a Currency> {
    let code = fields.text("currency", 3)?;
    offer.currency(&code).map_err(|refusal| fields.refused("currency", &refusal)).ok()
}

/// The token on the named network, or else on the first one that is open.
fn read_token(fields: &mut Fields, offer: &Offer, side: Option<Side>) -> Option<Token> {
    let symbol = fields.text("asset", 12);
    let network = fields.text_opt("network", 40);
    let symbol = symbol?;
    let asset = match offer.asset(&symbol, side) {
        Ok(asset) => asset,
        Err(refusal) => {
            fields.refused("asset", &refusal);
            return None;
        }
    };
    if let Some(network) = network {
        let token = offer.token(&symbol, &network, side).cloned();
        return token.map_err(|refusal| fields.refused("network", &refusal)).ok();
    }
    let side = side.unwrap_or(Side::OnRamp);
    offer.tokens(side, Some(&asset.symbol), None).into_iter().next()
}

fn read_country(fields: &mut Fields, offer: &Offer) -> Option<String> {
    let code = fields.text_opt("country_code", 2)?;
    match offer.country(&code) {
        Ok(country) => Some(country.code.clone()),
        Err(refusal) => {
            fields.refused("country_code", &refusal);
            None
        }
    }
}

fn read_on_lapse(fields: &mut Fields) -> OnLapse {
    let Some(text) = fields.text_opt("on_lapse", 40) else { return OnLapse::default() };
    OnLapse::parse(&text).unwrap_or_else(|| {
        let furthest = OnLapse::BPS_MAX;
        let message = format!(
            "on_lapse must be requote, refund, or convert_within: and 1 to {furthest} hundredths of a percent, such as convert_within:50."
        );
        fields.problem("on_lapse", "on_lapse_invalid", message);
        OnLapse::default()
    })
}
