//! Look at what a payment would come to, by every method that could take it.

use gate_domain::ids::{QuoteId, Tenant};
use gate_domain::quote::Quote;

use super::price::{PriceError, PriceWanted};
use crate::app::App;

/// One indicative quote per method that works for this currency, country and amount, in the order
/// of the catalogue. Nothing is written down. Empty when no method works there at all.
pub fn preview_quotes(
    app: &App,
    tenant: &Tenant,
    wanted: &PriceWanted,
) -> Result<Vec<Quote>, PriceError> {
    let prices = app.rails(tenant.mode).ok_or(PriceError::NotEnabled)?.prices.clone();
    let offer = app.offer(tenant);
    let now = app.now();
    let market = wanted.market(&*prices, now)?;
    wanted.check_limits(&offer, &market, None)?;
    let mut quotes = Vec::new();
    let mut refused = None;
    let country = wanted.country.as_deref();
    for method in offer.methods(wanted.side, &wanted.currency.code, country) {
        match wanted.check_limits(&offer, &market, Some(&method.id)) {
            Ok(()) => {
                let id = QuoteId::new(tenant.mode, app.ids().seed(now));
                quotes.push(wanted.quote(id, &offer, &market, &method.id, now)?);
            }
            Err(why) => refused = Some(why),
        }
    }
    // Every method that works here has a limit of its own: say what would pass.
    match refused {
        Some(why) if quotes.is_empty() => Err(why),
        Some(_) | None => Ok(quotes),
    }
}
