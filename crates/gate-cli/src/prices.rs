//! `gate prices`: what each source of prices says now.

use anyhow::Result;
use clap::Args;
use gate_app::admin::Command;
use gate_app::admin::prices::{Command as PricesCommand, PricesAnswer};

use crate::admin::Place;
use crate::words::{or_dash, table};

#[derive(Args)]
#[command(after_help = "Examples:
  gate prices --currency EUR
  gate prices --asset ETH --json

`gate serve --prices FILE` says where prices come from; docs/PRICES.md shows such files. A price is
refused when too few sources are fresh or when they disagree: the last column says why.")]
pub(crate) struct PricesArgs {
    #[command(flatten)]
    place: Place,
    /// Only this asset.
    #[arg(long)]
    asset: Option<String>,
    /// Only this currency.
    #[arg(long)]
    currency: Option<String>,
}

pub(crate) fn run(args: PricesArgs) -> Result<()> {
    let PricesArgs { place, asset, currency } = args;
    place.ask(Command::Prices(PricesCommand { asset, currency }), words)
}

fn words(answer: &PricesAnswer) -> String {
    if answer.pairs.is_empty() {
        return "No source knows a price for this.".into();
    }
    let mut rows = Vec::new();
    for row in &answer.pairs {
        let pair = format!("{}/{}", row.asset, row.currency);
        let (price, at) = (or_dash(row.price.as_deref()), or_dash(row.at.as_deref()));
        rows.push([pair, price, at, row.source.clone()]);
        // One source alone has just been told.
        for source in row.sources.iter().filter(|source| source.source != row.source) {
            let told = source.problem.clone().unwrap_or_else(|| "fine".into());
            let (price, at) = (or_dash(source.price.as_deref()), or_dash(source.at.as_deref()));
            rows.push([format!("  {}", source.source), price, at, told]);
        }
    }
    table(["PAIR", "PRICE", "ASKED AT", "WHO SAYS SO, OR WHY NOT"], &rows)
}
