//! `gate deposits`: tokens that came in for sales, and sending back what is held.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, Subcommand};
use gate_app::admin::Command;
use gate_app::admin::deposits::{
    Command as DepositCommand, DepositsAnswer, ShownStray, StraysAnswer,
};
use gate_wire::deposit::{DepositBody, StrayBody};

use crate::admin::{ByArgs, ModeArg, Place, WhoseArgs};
use crate::words::{minute, or_dash, table};

#[derive(Args)]
#[command(after_help = "Examples:
  gate deposits list
  gate deposits list --transaction tx_test_01k...
  gate deposits strays
  gate deposits strays --all
  gate deposits assign st_test_01k... --transaction tx_test_01k... --reason 'tag forgotten, ticket 815'
  gate deposits dismiss st_test_01k... --reason 'sent back from the treasury, ticket 816'
  gate deposits send-back dp_test_01k... --reason 'EURC instead of USDC, ticket 812'
  gate deposits arrived dp_test_01k... --reason 'the explorer shows 0x51..., ticket 812'

What is held is another token or network than was agreed on, could not be sent back before, or nobody
knows whether it was (return_unknown). It goes to the address that the user named for refunds; see first
that this address can receive it. A return of which nobody knows is told to the network again under the
same id, so that it goes out once; where you see that it has arrived, say so.")]
pub(crate) struct DepositsArgs {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// What waits for a person, or all of one transaction, oldest first.
    List {
        /// All that came in for this one.
        #[arg(long)]
        transaction: Option<String>,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// What came for nobody: to an address that users share, without the memo of any of them.
    Strays {
        /// Test or live.
        #[arg(long, value_enum, default_value_t = ModeArg::Test)]
        mode: ModeArg,
        /// Those that were assigned or dismissed, too.
        #[arg(long)]
        all: bool,
        /// Those behind this one.
        #[arg(long, value_name = "STRAY")]
        after: Option<String>,
    },
    /// Take a stray as the deposit of a transaction, once you know whose it is.
    Assign {
        /// The stray.
        stray: String,
        /// The sale or swap that it was meant for.
        #[arg(long)]
        transaction: String,
        #[command(flatten)]
        whose: WhoseArgs,
        /// How you know, for the log.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Close a stray that was settled outside of the gateway. It cannot be assigned afterwards.
    Dismiss {
        /// The stray.
        stray: String,
        /// How it was settled, for the log.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Send back what is held.
    SendBack {
        /// The deposit.
        deposit: String,
        #[command(flatten)]
        whose: WhoseArgs,
        /// Why, for the log.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Book as back what could not be sent back, or of which nobody knows: you have seen that it arrived.
    Arrived {
        /// The deposit.
        deposit: String,
        #[command(flatten)]
        whose: WhoseArgs,
        /// How you know, for the log.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        by: ByArgs,
    },
}

pub(crate) fn run(args: DepositsArgs) -> Result<()> {
    let place = &args.place;
    match args.action {
        Action::List { transaction, whose } => {
            let command = DepositCommand::List { whose: whose.into(), transaction };
            place.ask(Command::Deposits(command), listed)
        }
        Action::Strays { mode, all, after } => {
            let command = DepositCommand::ListStrays { mode: mode.into(), all, after };
            place.ask(Command::Deposits(command), strays_listed)
        }
        Action::Assign { stray, transaction, whose, reason, by } => {
            let (whose, actor) = (whose.into(), by.actor());
            let command = DepositCommand::Assign { whose, stray, transaction, reason, actor };
            place.ask(Command::Deposits(command), |taken: &DepositBody| {
                format!("{} of {} are {} now.", taken.amount, taken.token, taken.id)
            })
        }
        Action::Dismiss { stray, reason, by } => {
            let command = DepositCommand::Dismiss { stray, reason, actor: by.actor() };
            place.ask(Command::Deposits(command), |dismissed: &ShownStray| {
                let StrayBody { id, amount, token, .. } = &dismissed.stray;
                format!("{id}, {amount} {token}, is closed.")
            })
        }
        Action::SendBack { deposit, whose, reason, by } => {
            let actor = by.actor();
            let command = DepositCommand::SendBack { whose: whose.into(), deposit, reason, actor };
            place.ask(Command::Deposits(command), |sent: &DepositBody| {
                format!("{} of {} are on their way back.", sent.back_amount, sent.token)
            })
        }
        Action::Arrived { deposit, whose, reason, by } => {
            let actor = by.actor();
            let command = DepositCommand::Arrived { whose: whose.into(), deposit, reason, actor };
            place.ask(Command::Deposits(command), |back: &DepositBody| {
                format!("{} of {} are booked as back.", back.back_amount, back.token)
            })
        }
    }
}

/// The memo of a stray, with its kind where that is not seen.
fn memo_words(stray: &StrayBody) -> String {
    match (&stray.memo, stray.memo_is_text) {
        (None, _) => "none".into(),
        (Some(memo), Some(true)) => format!("{memo:?}"),
        (Some(memo), _) => memo.clone(),
    }
}

fn strays_listed(answer: &StraysAnswer) -> String {
    if answer.strays.is_empty() {
        return "There is none.".into();
    }
    let rows = answer.strays.iter().map(|ShownStray { stray, dismissed }| {
        let end = dismissed.as_ref().map(|said| format!("{}: {}", said.actor, said.reason));
        [
            stray.id.clone(),
            format!("{} {} on {}", stray.amount, stray.token, stray.network),
            memo_words(stray),
            minute(&stray.created_at),
            format!("{}/{}", stray.transfer_id, stray.output),
            or_dash(stray.deposit_id.as_deref().or(end.as_deref())),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let mut text = table(["ID", "AMOUNT", "MEMO", "CAME", "TRANSFER", "END"], &rows);
    if let Some(after) = &answer.next_after {
        let _ = writeln!(text, "There are more: --after {after}");
    }
    text
}

fn listed(answer: &DepositsAnswer) -> String {
    if answer.deposits.is_empty() {
        return "There is none.".into();
    }
    let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let rows = answer.deposits.iter().map(|row| {
        let cause = row.cause.map(|cause| serde_json::json!(cause)).unwrap_or_default();
        [
            row.id.clone(),
            word(serde_json::json!(row.status)),
            word(cause),
            format!("{} {} on {}", row.amount, row.token, row.network),
            minute(&row.created_at),
            row.transaction_id.clone(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    table(["ID", "STATUS", "WHY", "AMOUNT", "CAME", "TRANSACTION"], &rows)
}
