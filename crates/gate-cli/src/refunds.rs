//! `gate refunds`: give completed payments back.

use anyhow::Result;
use clap::{Args, Subcommand};
use gate_app::admin::Command;
use gate_app::admin::refunds::{Command as RefundCommand, RefundsAnswer};
use gate_wire::refund::RefundBody;

use crate::admin::{ByArgs, Place, WhoseArgs};
use crate::words::{minute, table};

#[derive(Args)]
#[command(after_help = "Examples:
  gate refunds create tx_test_01k... --reason 'the shop sent nothing' --idempotency-key ticket-813
  gate refunds create tx_test_01k... --amount 25.00 --reason 'half of it was broken'
  gate refunds list tx_test_01k...

The money goes back to where it came from. The service fee comes back in proportion; what sending the
tokens has cost is kept.")]
pub(crate) struct RefundsArgs {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Give a payment back, all that is left of it or part of it. The same command again is a second
    /// refund, unless both have the same --idempotency-key.
    Create {
        /// The transaction.
        transaction: String,
        #[command(flatten)]
        whose: WhoseArgs,
        /// How much, such as 25.00. [default: all that is left]
        #[arg(long)]
        amount: Option<String>,
        /// Why, for the log.
        #[arg(long)]
        reason: String,
        /// A word of yours, such as the ticket: the same command with it again within a day answers as
        /// before and gives nothing back.
        #[arg(long, value_name = "KEY")]
        idempotency_key: Option<String>,
        #[command(flatten)]
        by: ByArgs,
    },
    /// List the refunds of a transaction, newest first.
    List {
        /// The transaction.
        transaction: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
}

pub(crate) fn run(args: RefundsArgs) -> Result<()> {
    let place = &args.place;
    match args.action {
        Action::Create { transaction, whose, amount, reason, idempotency_key, by } => {
            let repeated = if idempotency_key.is_some() {
                "With the same key again this gives nothing more back."
            } else {
                "The same command again is a second refund."
            };
            let (whose, actor) = (whose.into(), by.actor());
            let command = RefundCommand::Create {
                whose,
                transaction,
                amount,
                reason,
                actor,
                idempotency_key,
            };
            place.ask(Command::Refunds(command), |made: &RefundBody| {
                format!(
                    "{} gives {} {} back, {} of it service fee. {} are kept. {repeated}",
                    made.id, made.amount, made.currency, made.service_fee_returned, made.fees_kept
                )
            })
        }
        Action::List { transaction, whose } => {
            let command = RefundCommand::List { whose: whose.into(), transaction };
            place.ask(Command::Refunds(command), listed)
        }
    }
}

fn listed(answer: &RefundsAnswer) -> String {
    if answer.refunds.is_empty() {
        return "Nothing of it was given back.".into();
    }
    let rows = answer.refunds.iter().map(|row| {
        let status = serde_json::to_value(row.status).unwrap_or_default();
        let status = status.as_str().unwrap_or_default().to_owned();
        let amount = format!("{} {}", row.amount, row.currency);
        [row.id.clone(), status, amount, minute(&row.created_at)]
    });
    let rows: Vec<_> = rows.collect();
    table(["ID", "STATUS", "AMOUNT", "CREATED"], &rows)
}
