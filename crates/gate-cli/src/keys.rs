//! `gate keys`: make, list, roll and revoke API keys.

use std::fmt::Write as _;

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use gate_app::admin::Command;
use gate_app::admin::keys::{Command as KeyCommand, KeyAnswer, KeysAnswer, MadeKey};

use crate::admin::{Place, WhoseArgs};
use crate::words::{minute, or_dash, seconds, table};

#[derive(Args)]
#[command(after_help = "Examples:
  gate keys create --kind secret --name \"shop backend\"
  gate keys create --kind secret --access read_only --name reporting
  gate keys list
  gate keys roll key_test_01k... --overlap 24h
  gate keys revoke key_test_01k...

A rolled key and its successor both work until the overlap ends: deploy the new key, then let the old
one run out. A key that may be known to others is revoked, or rolled with --overlap 0.")]
pub(crate) struct KeysArgs {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make a key. It is shown once, here.
    Create {
        #[command(flatten)]
        whose: WhoseArgs,
        /// Secret keys are for servers, publishable keys for browsers.
        #[arg(long, default_value = "secret", value_parser = PossibleValuesParser::new(["secret", "publishable"]))]
        kind: String,
        /// What a secret key opens: everything, reading only, or what a checkout needs.
        #[arg(long, default_value = "full", value_parser = PossibleValuesParser::new(["full", "read_only", "sessions"]))]
        access: String,
        /// What to call it in lists.
        #[arg(long)]
        name: Option<String>,
    },
    /// List keys, newest first.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
        /// Also those that work no longer.
        #[arg(long)]
        all: bool,
    },
    /// Make a key that takes the place of another one. It is shown once, here.
    Roll {
        /// The id of the key, as `gate keys list` shows it.
        key: String,
        /// The partner's id. It may be left out where there is one partner only.
        #[arg(long, value_name = "PARTNER")]
        partner: Option<String>,
        /// How long the old key works on, such as 30m, 24h or 7d; 30 days at most.
        #[arg(long, default_value = "24h", value_parser = seconds)]
        overlap: i64,
    },
    /// Take a key back. It works no longer from now on.
    Revoke {
        /// The id of the key, as `gate keys list` shows it.
        key: String,
        /// The partner's id. It may be left out where there is one partner only.
        #[arg(long, value_name = "PARTNER")]
        partner: Option<String>,
    },
}

pub(crate) fn run(args: KeysArgs) -> Result<()> {
    let place = &args.place;
    match args.action {
        Action::Create { whose, kind, access, name } => {
            let command = KeyCommand::Create { whose: whose.into(), kind, access, name };
            place.ask(Command::Keys(command), made)
        }
        Action::List { whose, all } => {
            let command = KeyCommand::List { whose: whose.into() };
            place.ask(Command::Keys(command), |answer| listed(answer, all))
        }
        Action::Roll { key, partner, overlap } => {
            let command = KeyCommand::Roll { partner, key, overlap_seconds: overlap };
            place.ask(Command::Keys(command), made)
        }
        Action::Revoke { key, partner } => {
            place.ask(Command::Keys(KeyCommand::Revoke { partner, key }), revoked)
        }
    }
}

fn made(made: &MadeKey) -> String {
    let MadeKey { key, secret, replaces } = made;
    let access = key.access.as_ref().map(|access| format!(", {access} access"));
    let mut text = format!(
        "Made {} ({}, {} mode{}) for {}:\n\n  {secret}\n\n",
        key.id,
        key.kind,
        key.mode,
        access.unwrap_or_default(),
        key.partner,
    );
    text += if key.kind == "secret" {
        "It is shown here and never again. Keep it where only your server can read it."
    } else {
        "It opens the embed from the allowed origins, and nothing else."
    };
    if let Some(old) = replaces {
        let until = old.expires_at.as_deref().map(minute).unwrap_or_default();
        let works = if old.status == "active" { "works until" } else { "has ended at" };
        let _ = write!(text, "\n{} (...{}) {works} {until} UTC.", old.id, old.last4);
    }
    text
}

fn revoked(key: &KeyAnswer) -> String {
    let since = key.revoked_at.as_deref().map(minute).unwrap_or_default();
    format!(
        "{} (...{}) is revoked since {since} UTC. The gateway that this went through refuses it at once, others on the same database within two seconds.",
        key.id, key.last4
    )
}

fn listed(answer: &KeysAnswer, all: bool) -> String {
    let keys: Vec<_> = answer.keys.iter().filter(|key| all || key.status == "active").collect();
    if keys.is_empty() {
        return "There is no key here. Make one with `gate keys create`.".into();
    }
    let rows: Vec<_> = keys
        .into_iter()
        .map(|key| {
            let until = key.expires_at.as_deref().filter(|_| key.status == "active").map(minute);
            [
                key.id.clone(),
                key.kind.clone(),
                or_dash(key.access.as_deref()),
                or_dash(key.name.as_deref()),
                format!("...{}", key.last4),
                until.map_or_else(|| key.status.clone(), |until| format!("until {until}")),
                key.last_used_at.as_deref().map_or_else(|| "never".into(), minute),
                minute(&key.created_at),
            ]
        })
        .collect();
    let headings = ["ID", "KIND", "ACCESS", "NAME", "ENDS WITH", "STATUS", "LAST USED", "CREATED"];
    table(headings, &rows)
}
