//! `gate deposits`: tokens that came in for sales, and sending back what is held.

use anyhow::Result;
use clap::{Args, Subcommand};
use gate_app::admin::Command;
use gate_app::admin::deposits::{Command as DepositCommand, DepositsAnswer};
use gate_wire::deposit::DepositBody;

use crate::admin::{ByArgs, Place, WhoseArgs};
use crate::words::{minute, table};

#[derive(Args)]
#[command(after_help = "Examples:
  gate deposits list
  gate deposits list --transaction tx_test_01k...
  gate deposits send-back dp_test_01k... --reason 'EURC instead of USDC, ticket 812'

What is held is another token or network than was agreed on, or could not be sent back before. It goes
to the address that the user named for refunds; see first that this address can receive it.")]
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
}

pub(crate) fn run(args: DepositsArgs) -> Result<()> {
    let place = &args.place;
    match args.action {
        Action::List { transaction, whose } => {
            let command = DepositCommand::List { whose: whose.into(), transaction };
            place.ask(Command::Deposits(command), listed)
        }
        Action::SendBack { deposit, whose, reason, by } => {
            let actor = by.actor();
            let command = DepositCommand::SendBack { whose: whose.into(), deposit, reason, actor };
            place.ask(Command::Deposits(command), |sent: &DepositBody| {
                format!("{} of {} are on their way back.", sent.back_amount, sent.token)
            })
        }
    }
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
