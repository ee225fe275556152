//! `gate screening`: asking the list of sanctions, and deciding about what is held because of it.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use gate_app::admin::Command;
use gate_app::admin::screening::{
    CheckAnswer, Command as ScreeningCommand, ScreeningsAnswer, ShownScreening, Status,
};
use gate_app::screening::Verdict;
use gate_domain::screening::{Hit, How, Subject};

use crate::admin::{ByArgs, Place, WhoseArgs};
use crate::words::{minute, or_dash, table};

#[derive(Args)]
#[command(after_help = "Examples:
  gate screening check --name 'Jane Example'
  gate screening check --address 0x12...
  gate screening list
  gate screening show scr_test_01k...
  gate screening release scr_test_01k... --reason 'another date of birth, ticket 90' --actor ada
  gate screening block scr_test_01k... --reason 'it is their address' --actor ada

Releasing takes two people: the first one proposes it, another one says the same and it counts. One
person is enough to block, which is for good. docs/SCREENING.md says what the users see.")]
pub(crate) struct ScreeningArgs {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Whom a name or an address may be. Nothing is written down.
    Check {
        #[command(flatten)]
        subject: SubjectArgs,
    },
    /// What is held, oldest first.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
        /// How it stands.
        #[arg(long, value_enum, default_value_t = StatusArg::Waiting)]
        status: StatusArg,
    },
    /// What one is, whom it may be, and what operators did. It shows personal data.
    Show {
        /// What is held.
        id: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Let one go: propose it, or confirm what somebody else proposed.
    Release(DecideArgs),
    /// Keep one for good.
    Block(DecideArgs),
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct SubjectArgs {
    /// The name of a person or a company.
    #[arg(long)]
    name: Option<String>,
    /// A crypto address.
    #[arg(long)]
    address: Option<String>,
}

#[derive(Args)]
struct DecideArgs {
    /// What is held.
    id: String,
    #[command(flatten)]
    whose: WhoseArgs,
    /// Why, for the log: what you looked at, and what it said.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    by: ByArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum StatusArg {
    Waiting,
    Released,
    Blocked,
}

impl From<StatusArg> for Status {
    fn from(arg: StatusArg) -> Self {
        match arg {
            StatusArg::Waiting => Self::Waiting,
            StatusArg::Released => Self::Released,
            StatusArg::Blocked => Self::Blocked,
        }
    }
}

pub(crate) fn run(args: ScreeningArgs) -> Result<()> {
    let place = &args.place;
    match args.action {
        Action::Check { subject: SubjectArgs { name, address } } => {
            let name = name.map(Subject::name);
            let subject = name.or(address.map(Subject::address)).expect("one is required");
            place.ask(Command::Screening(ScreeningCommand::Check { subject }), checked)
        }
        Action::List { whose, status } => {
            let command = ScreeningCommand::List { whose: whose.into(), status: status.into() };
            place.ask(Command::Screening(command), listed)
        }
        Action::Show { id, whose } => {
            let command = ScreeningCommand::Show { whose: whose.into(), id };
            place.ask(Command::Screening(command), shown)
        }
        Action::Release(args) => decide(place, args, Verdict::Release),
        Action::Block(args) => decide(place, args, Verdict::Block),
    }
}

fn decide(place: &Place, args: DecideArgs, verdict: Verdict) -> Result<()> {
    let DecideArgs { id, whose, reason, by } = args;
    let (whose, actor) = (whose.into(), by.actor());
    let command = ScreeningCommand::Decide { whose, id, verdict, reason, actor };
    place.ask(Command::Screening(command), shown)
}

fn checked(answer: &CheckAnswer) -> String {
    let list = &answer.list;
    let asked = format!("{} entries, of {}", list.entries, minute(&list.dated_at));
    if answer.hits.is_empty() {
        return format!("Nothing like it is on the list ({asked}).");
    }
    format!("{}\nAsked: {asked}.", hits(&answer.hits))
}

fn listed(answer: &ScreeningsAnswer) -> String {
    if answer.screenings.is_empty() {
        return "Nothing stands like this.".into();
    }
    let rows = answer.screenings.iter().map(|row| {
        [
            row.id.clone(),
            row.kind.as_str().into(),
            minute(&row.held_at),
            row.session_id.clone(),
            or_dash(row.proposed_by.as_deref()),
        ]
    });
    let rows: Vec<_> = rows.collect();
    table(["ID", "WHAT", "SINCE", "SESSION", "RELEASE PROPOSED BY"], &rows)
}

fn shown(answer: &ShownScreening) -> String {
    let row = &answer.screening;
    let mut text = format!(
        "{} is {}: the {} {:?} in {}.\n",
        row.id,
        row.status,
        row.kind.as_str(),
        answer.text,
        row.session_id
    );
    if let Some(first) = &row.proposed_by {
        let _ = writeln!(text, "{first} proposes to release it; another person has to confirm.");
    }
    let _ = write!(text, "\n{}", hits(&answer.hits));
    for action in &answer.actions {
        let _ = write!(
            text,
            "\n{} {}: {}, and it is {} ({})",
            minute(&action.at),
            action.actor,
            action.action,
            action.outcome,
            action.reason
        );
    }
    text
}

fn hits(hits: &[Hit]) -> String {
    let rows = hits.iter().map(|hit| {
        let how = match hit.how {
            How::Exact => "the same",
            How::Part => "a part",
            How::Close => "close",
        };
        [
            hit.entry.clone(),
            hit.name.clone(),
            hit.programmes.join(", "),
            hit.matched.clone(),
            format!("{how}, {}", hit.score),
        ]
    });
    let rows: Vec<_> = rows.collect();
    table(["ENTRY", "NAME", "PROGRAMME", "MATCHED", "HOW, OF 100"], &rows)
}
