//! `gate partner`: the companies that integrate.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, Subcommand};
use gate_app::admin::Command;
use gate_app::admin::partners::{
    Command as PartnerCommand, PartnerAnswer, PartnersAnswer, ShownPartner,
};

use crate::admin::Place;
use crate::words::{minute, table};

#[derive(Args)]
#[command(after_help = "Examples:
  gate partner create \"Tea and Bread\"
  gate partner list
  gate partner show ptr_01k...")]
pub(crate) struct PartnerArgs {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Write a new partner down. It has no keys and no origins yet.
    Create {
        /// The name that users see on the hosted page.
        name: String,
    },
    /// List partners, newest first.
    List {
        /// The id of the last partner of the page before.
        #[arg(long, value_name = "PARTNER")]
        after: Option<String>,
    },
    /// Show what a partner has in each mode.
    Show {
        /// Its id. It may be left out where there is one partner only.
        partner: Option<String>,
    },
}

pub(crate) fn run(args: PartnerArgs) -> Result<()> {
    let place = &args.place;
    match args.action {
        Action::Create { name } => {
            place.ask(Command::Partners(PartnerCommand::Create { name }), created)
        }
        Action::List { after } => {
            place.ask(Command::Partners(PartnerCommand::List { after }), listed)
        }
        Action::Show { partner } => {
            place.ask(Command::Partners(PartnerCommand::Show { partner }), shown)
        }
    }
}

fn created(partner: &PartnerAnswer) -> String {
    let PartnerAnswer { id, name, .. } = partner;
    format!(
        "Made the partner {name}: {id}\n\n\
         What it needs next:\n\
         \x20 gate keys create --partner {id} --kind secret\n\
         \x20 gate keys create --partner {id} --kind publishable\n\
         \x20 gate origins add --partner {id} https://shop.example\n\
         \x20 gate endpoints add --partner {id} https://shop.example/webhooks"
    )
}

fn listed(answer: &PartnersAnswer) -> String {
    if answer.partners.is_empty() {
        return "There is no partner yet. Make one with `gate partner create`.".into();
    }
    let rows = answer.partners.iter();
    let rows: Vec<_> =
        rows.map(|row| [row.id.clone(), row.name.clone(), minute(&row.created_at)]).collect();
    let mut text = table(["ID", "NAME", "CREATED"], &rows);
    if let Some(last) = answer.partners.last().filter(|_| answer.has_more) {
        let _ = write!(text, "\nThere are more: gate partner list --after {}", last.id);
    }
    text
}

fn shown(answer: &ShownPartner) -> String {
    let PartnerAnswer { id, name, created_at } = &answer.partner;
    let mut text = format!("{name}\n  id       {id}\n  created  {}\n", minute(created_at));
    let or_none = |list: &[String]| {
        if list.is_empty() { "none".to_owned() } else { list.join(", ") }
    };
    for mode in &answer.modes {
        let _ = write!(
            text,
            "\n{} mode\n  active keys  {}\n  origins      {}\n  endpoints    {}\n",
            mode.mode,
            mode.active_keys,
            or_none(&mode.origins),
            or_none(&mode.endpoints),
        );
    }
    text
}
