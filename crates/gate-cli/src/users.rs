//! `gate users`: who the gateway knows, and forgetting them.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, Subcommand};
use gate_app::admin::Command;
use gate_app::admin::users::{Command as UsersCommand, ShownUser, UserBody, UsersAnswer};
use gate_domain::person::Person;

use crate::admin::{ByArgs, ModeArg, Place};
use crate::words::{minute, or_dash, table};

#[derive(Args)]
#[command(after_help = "Examples:
  gate users list
  gate users show usr_test_01k...
  gate users show usr_test_01k... --reveal --reason 'asked what we know of her, ticket 91' --actor ada
  gate users erase usr_test_01k... --reason 'asked to be forgotten, ticket 92' --actor ada

A user who is forgotten keeps their id, their level and what counts against their limits; the books stay
as they are. Whoever names the same address afterwards is a new user. docs/OPERATIONS.md says more.")]
pub(crate) struct UsersArgs {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Who there is, oldest first; nothing about who they are.
    List {
        /// Test or live.
        #[arg(long, value_enum, default_value_t = ModeArg::Test)]
        mode: ModeArg,
        /// Those behind this one.
        #[arg(long, value_name = "USER")]
        after: Option<String>,
    },
    /// One, and what operators did about them.
    Show {
        /// The user.
        id: String,
        /// Show who they are, too. It is written down who wanted to know, and why.
        #[arg(long, requires = "reason")]
        reveal: bool,
        /// Why you want to know.
        #[arg(long, requires = "reveal")]
        reason: Option<String>,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Forget who they are: name, address, mails, codes and details. It cannot be undone.
    Erase {
        /// The user.
        id: String,
        /// Why, for the log.
        #[arg(long)]
        reason: String,
        /// Who decides this, for the log.
        #[arg(long, value_name = "NAME")]
        actor: String,
    },
}

pub(crate) fn run(args: UsersArgs) -> Result<()> {
    let place = &args.place;
    match args.action {
        Action::List { mode, after } => {
            let command = UsersCommand::List { mode: mode.into(), after };
            place.ask(Command::Users(command), listed)
        }
        Action::Show { id, reveal: true, reason, by } => {
            let (reason, actor) = (reason.unwrap_or_default(), by.actor());
            place.ask(Command::Users(UsersCommand::Reveal { id, reason, actor }), revealed)
        }
        Action::Show { id, .. } => place.ask(Command::Users(UsersCommand::Show { id }), shown),
        Action::Erase { id, reason, actor } => {
            place.ask(Command::Users(UsersCommand::Erase { id, reason, actor }), shown)
        }
    }
}

fn listed(answer: &UsersAnswer) -> String {
    if answer.users.is_empty() {
        return "There is nobody.".into();
    }
    let rows: Vec<_> = answer.users.iter().map(row).collect();
    let mut text = table(["ID", "LEVEL", "SINCE", "FORGOTTEN"], &rows);
    if let Some(after) = &answer.next_after {
        let _ = writeln!(text, "There are more: --after {after}");
    }
    text
}

fn row(user: &UserBody) -> [String; 4] {
    [
        user.id.clone(),
        or_dash(user.level.map(gate_domain::session::IdentityLevel::as_str)),
        minute(&user.created_at),
        or_dash(user.erased_at.as_deref().map(minute).as_deref()),
    ]
}

fn shown(answer: &ShownUser) -> String {
    let mut text = table(["ID", "LEVEL", "SINCE", "FORGOTTEN"], &[row(&answer.user)]);
    for action in &answer.actions {
        let _ = writeln!(
            text,
            "{} {}: {}, {} ({})",
            minute(&action.at),
            action.actor,
            action.action,
            action.outcome,
            action.reason
        );
    }
    text
}

fn revealed(answer: &ShownUser) -> String {
    let mut text = shown(answer);
    text.push('\n');
    text.push_str(&answer.person.as_ref().map_or("Nothing is known of them.".into(), person));
    text
}

fn person(person: &Person) -> String {
    let mut text = String::new();
    let document = person.document.as_ref();
    for (name, value) in [
        ("e-mail", person.email.as_ref().map(|email| email.as_str().to_owned())),
        ("given name", person.given_name.clone()),
        ("family name", person.family_name.clone()),
        ("born", person.birth_date.map(|date| date.to_string())),
        ("country", person.country.as_ref().map(|country| country.as_str().to_owned())),
        ("document", document.map(|paper| format!("{} {}", paper.kind.as_str(), paper.number))),
        ("source of funds", person.source_of_funds.map(|source| source.as_str().to_owned())),
    ] {
        let _ = writeln!(text, "{name:<16} {}", or_dash(value.as_deref()));
    }
    text
}
