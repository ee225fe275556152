//! `gate fees`: what is charged on top of the price, and what partners are charged instead.

use anyhow::Result;
use clap::{Args, Subcommand};
use gate_app::admin::Command;
use gate_app::admin::fees::{By, Charge, Command as FeeCommand, FeesAnswer};
use gate_domain::catalogue::FeeScope;

use crate::admin::{ByArgs, Place, WhoseArgs};
use crate::words::{or_dash, table};

#[derive(Args)]
#[command(after_help = "Examples:
  gate fees show
  gate fees set --basis-points 99 --reason \"Contract of March.\"
  gate fees set --method sepa_bank_transfer --basis-points 40 --minimum EUR=0.20 --reason \"Pilot.\"
  gate fees set --network ethereum --network-cost EUR=1.00,USD=1.10 --reason \"Gas is cheap.\"
  gate fees clear --network ethereum --reason \"Gas is not.\"
  gate fees clear --all --reason \"The contract has ended.\"

The rules of a partner's contract come before those of the catalogue; of either, the one that names
more comes first (at the same count method weighs most, then country, asset, network). Each part of
the bill is taken from the first rule that states it. `gate capabilities log` says who changed what.")]
pub(crate) struct FeesArgs {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show what a partner's users are charged: its own rules, then those of everybody.
    Show {
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Set what a partner's users are charged. A rule for exactly the same is replaced.
    Set {
        #[command(flatten)]
        scope: ScopeArgs,
        /// A share of the amount, in hundredths of a percent.
        #[arg(long, value_name = "NUMBER")]
        basis_points: Option<i64>,
        /// The least of the share, such as EUR=0.50,USD=0.55.
        #[arg(long, value_name = "AMOUNTS", value_delimiter = ',')]
        minimum: Vec<String>,
        /// The most of the share. It has the last word over the minimum.
        #[arg(long, value_name = "AMOUNTS", value_delimiter = ',')]
        maximum: Vec<String>,
        /// Beside the share, whatever the amount.
        #[arg(long, value_name = "AMOUNTS", value_delimiter = ',')]
        fixed: Vec<String>,
        /// For sending the tokens of a buy.
        #[arg(long, value_name = "AMOUNTS", value_delimiter = ',')]
        network_cost: Vec<String>,
        #[command(flatten)]
        whose: WhoseArgs,
        #[command(flatten)]
        by: WhyArgs,
    },
    /// Take a rule out of a partner's contract: its users are charged what everybody is.
    Clear {
        #[command(flatten)]
        scope: ScopeArgs,
        /// Every rule of the contract.
        #[arg(long, conflicts_with_all = ["method", "country", "asset", "network"])]
        all: bool,
        #[command(flatten)]
        whose: WhoseArgs,
        #[command(flatten)]
        by: WhyArgs,
    },
}

/// What a rule is for: everything, unless it says less.
#[derive(Args)]
struct ScopeArgs {
    /// Only for this way to pay or to be paid out.
    #[arg(long)]
    method: Option<String>,
    /// Only where the user is known to be in this country.
    #[arg(long)]
    country: Option<String>,
    /// Only for this crypto asset.
    #[arg(long)]
    asset: Option<String>,
    /// Only on this network.
    #[arg(long)]
    network: Option<String>,
}

#[derive(Args)]
struct WhyArgs {
    /// Why, for the log.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    by: ByArgs,
}

impl From<ScopeArgs> for FeeScope {
    fn from(args: ScopeArgs) -> Self {
        let ScopeArgs { method, country, asset, network } = args;
        Self { method, country, asset, network }
    }
}

impl From<WhyArgs> for By {
    fn from(args: WhyArgs) -> Self {
        Self { actor: args.by.actor(), reason: args.reason }
    }
}

pub(crate) fn run(args: FeesArgs) -> Result<()> {
    let command = match args.action {
        Action::Show { whose } => FeeCommand::Show { whose: whose.into() },
        Action::Set { scope, basis_points, minimum, maximum, fixed, network_cost, whose, by } => {
            FeeCommand::Set {
                whose: whose.into(),
                scope: scope.into(),
                charge: Charge { basis_points, minimum, maximum, fixed, network_cost },
                by: by.into(),
            }
        }
        Action::Clear { scope, all, whose, by } => FeeCommand::Clear {
            whose: whose.into(),
            scope: (!all).then(|| scope.into()),
            by: by.into(),
        },
    };
    args.place.ask(Command::Fees(command), words)
}

fn words(answer: &FeesAnswer) -> String {
    let rows: Vec<_> = answer
        .rules
        .iter()
        .map(|rule| {
            let share = rule.basis_points.map(|share| share.to_string());
            [
                rule.from.clone(),
                rule.scope.clone(),
                or_dash(share.as_deref()),
                some(&rule.minimum),
                some(&rule.maximum),
                some(&rule.fixed),
                some(&rule.network_cost),
            ]
        })
        .collect();
    format!(
        "What users of {} pay in {} mode, first rules first:\n{}",
        answer.partner,
        answer.mode,
        table(
            ["FROM", "FOR", "BASIS POINTS", "MINIMUM", "MAXIMUM", "FIXED", "NETWORK COST"],
            &rows
        )
    )
}

/// The first amounts of a list; `--json` has all of them.
fn some(amounts: &[String]) -> String {
    const SHOWN: usize = 2;
    match amounts.len() {
        0 => "-".into(),
        count if count <= SHOWN => amounts.join(", "),
        count => format!("{}, and {} more", amounts[..SHOWN].join(", "), count - SHOWN),
    }
}
