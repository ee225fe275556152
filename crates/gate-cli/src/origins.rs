//! `gate origins`: where a partner may embed the page, and where users may be sent back to.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, Subcommand};
use gate_app::admin::Command;
use gate_app::admin::origins::{Command as OriginCommand, OriginsAnswer};

use crate::admin::{Place, WhoseArgs};

#[derive(Args)]
#[command(after_help = "Examples:
  gate origins add https://shop.example
  gate origins remove https://old.shop.example
  gate origins list --mode live

An origin is compared to the letter: scheme, host and port, without a slash at the end.")]
pub(crate) struct OriginsArgs {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Allow an origin.
    Add {
        /// Such as `https://shop.example`.
        origin: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Allow an origin no longer.
    Remove {
        /// As it was added.
        origin: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// List what is allowed.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
    },
}

pub(crate) fn run(args: OriginsArgs) -> Result<()> {
    let command = match args.action {
        Action::Add { origin, whose } => OriginCommand::Add { whose: whose.into(), origin },
        Action::Remove { origin, whose } => OriginCommand::Remove { whose: whose.into(), origin },
        Action::List { whose } => OriginCommand::List { whose: whose.into() },
    };
    args.place.ask(Command::Origins(command), listed)
}

fn listed(answer: &OriginsAnswer) -> String {
    let OriginsAnswer { partner, mode, origins, .. } = answer;
    if origins.is_empty() {
        return format!(
            "{partner} may embed nowhere in {mode} mode. Add an origin with `gate origins add`."
        );
    }
    let mut text = format!("{partner} may embed in {mode} mode from:\n");
    for origin in origins {
        let _ = writeln!(text, "  {origin}");
    }
    text
}
