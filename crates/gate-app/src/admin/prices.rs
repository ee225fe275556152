//! Prices: what each source says now, and whether that is a price to sell by.

use gate_domain::catalogue::{Catalogue, Token};
use gate_domain::ids::Mode;
use gate_domain::money::Asset;
use gate_rails::PriceSource;
use gate_wire::instant::to_rfc3339;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AdminError, to_value};
use crate::app::App;

/// Which prices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Only those of this asset.
    pub asset: Option<String>,
    /// Only those in this currency.
    pub currency: Option<String>,
}

/// Every pair that was asked for and that somebody knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricesAnswer {
    /// In the order of the catalogue.
    pub pairs: Vec<PairRow>,
}

/// One pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairRow {
    /// The symbol of the asset.
    pub asset: String,
    /// ISO 4217.
    pub currency: String,
    /// What it is sold by, eight decimals; none when there is no price.
    pub price: Option<String>,
    /// Where the price comes from, or why there is none.
    pub source: String,
    /// When that was asked, RFC 3339.
    pub at: Option<String>,
    /// What each source says.
    pub sources: Vec<SourceRow>,
}

/// One source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRow {
    /// Its name.
    pub source: String,
    /// What it last said.
    pub price: Option<String>,
    /// When that was asked, RFC 3339.
    pub at: Option<String>,
    /// Why it said nothing when it was last asked.
    pub problem: Option<String>,
}

pub(super) async fn run(app: &App, command: Command) -> Result<Value, AdminError> {
    // A command line without a gateway has not asked anybody yet.
    app.refresh_prices().await;
    let catalogue = app.catalogue();
    let unknown =
        |what, id: &str| AdminError::new("subject_unknown", format!("There is no {what} {id:?}."));
    if let Some(id) = command.asset.as_deref().filter(|id| catalogue.asset(id).is_none()) {
        return Err(unknown("asset", id));
    }
    if let Some(id) = command.currency.as_deref().filter(|id| catalogue.currency(id).is_none()) {
        return Err(unknown("currency", id));
    }
    let rails = app.rails(Mode::Test);
    let rails = rails.ok_or_else(|| AdminError::new("mode_not_served", "There are no prices."))?;
    let pairs = pairs(catalogue, &command);
    let rows = pairs.filter_map(|(token, currency)| row(app, &*rails.prices, &token, &currency));
    Ok(to_value(&PricesAnswer { pairs: rows.collect() }))
}

/// Each asset, on whichever network, in each currency.
fn pairs<'a>(
    catalogue: &'a Catalogue,
    command: &'a Command,
) -> impl Iterator<Item = (Asset, Asset)> + 'a {
    let is = |wanted: &Option<String>, id: &str| {
        wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(id))
    };
    let assets = catalogue.assets().iter().filter(move |asset| is(&command.asset, &asset.symbol));
    assets.filter_map(|asset| asset.tokens.first().map(Token::asset)).flat_map(move |token| {
        let currencies = catalogue.currencies().iter();
        let wanted = currencies.filter(move |currency| is(&command.currency, &currency.code));
        wanted.map(move |currency| (token.clone(), currency.asset()))
    })
}

fn row(app: &App, prices: &dyn PriceSource, token: &Asset, currency: &Asset) -> Option<PairRow> {
    let now = app.now();
    let reports = prices.reports(token, currency, now);
    let sources = reports.into_iter().map(|report| SourceRow {
        source: report.source,
        price: report.last.map(|(rate, _)| rate.to_decimal()),
        at: report.last.map(|(_, at)| to_rfc3339(at)),
        problem: report.problem,
    });
    let sources: Vec<_> = sources.collect();
    if sources.is_empty() {
        return None;
    }
    let price = prices.price(token, currency, now);
    Some(PairRow {
        asset: token.code.clone(),
        currency: currency.code.clone(),
        price: price.as_ref().ok().map(|price| price.rate.to_decimal()),
        at: price.as_ref().ok().map(|price| to_rfc3339(price.at)),
        source: match price {
            Ok(price) => price.source,
            Err(why) => why.to_string(),
        },
        sources,
    })
}
