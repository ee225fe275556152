//! `gate mailbox`: the mails that the sandbox wrote to users and did not send.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use gate_app::admin::Command;
use gate_app::admin::mailbox::{Command as MailboxCommand, MailsAnswer};

use crate::admin::{Place, WhoseArgs};
use crate::words::minute;

#[derive(Args)]
#[command(after_help = "Examples:
  gate mailbox
  gate mailbox --to jane@example.com

The sandbox sends no mail. What it would have sent stays here for a day.")]
pub(crate) struct MailboxArgs {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    whose: WhoseArgs,
    /// Those to this address.
    #[arg(long, value_name = "ADDRESS")]
    to: Option<String>,
}

pub(crate) fn run(args: MailboxArgs) -> Result<()> {
    let command = MailboxCommand::List { whose: args.whose.into(), to: args.to };
    args.place.ask(Command::Mailbox(command), listed)
}

fn listed(answer: &MailsAnswer) -> String {
    if answer.mails.is_empty() {
        return "The mailbox is empty.".into();
    }
    let mut text = String::new();
    for mail in &answer.mails {
        let _ = writeln!(text, "{}  to {}: {}", minute(&mail.created_at), mail.to, mail.subject);
        for line in mail.text.lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
    text
}
