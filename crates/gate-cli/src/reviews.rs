//! `gate reviews`: what a person has to look into, and saying how it ended.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use gate_app::admin::Command;
use gate_app::admin::reviews::{Command as ReviewCommand, Outcome, ReviewsAnswer, ShownReview};
use gate_wire::error::ReasonBody;

use crate::admin::{ByArgs, Place, WhoseArgs};
use crate::words::{minute, table};

#[derive(Args)]
#[command(after_help = "Examples:
  gate reviews list
  gate reviews show tx_test_01k...
  gate reviews resolve tx_test_01k... --as refunded --reason 'the bank shows it, ticket 812'
  gate reviews resolve tx_test_01k... --as completed --transfer 0x5d1e... --reason 'seen on chain'
  gate reviews resolve rf_test_01k... --as failed --reason 'the provider never had it'

Look first at what the provider, the bank or the network says. What you say is booked, the session
follows, and the partner is told; it cannot be taken back.")]
pub(crate) struct ReviewsArgs {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Transactions and refunds whose end nobody knows, oldest first.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Where one stands, what is booked, and what operators did.
    Show {
        /// A transaction or a refund.
        subject: String,
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Say how one ended.
    Resolve {
        /// A transaction or a refund.
        subject: String,
        #[command(flatten)]
        whose: WhoseArgs,
        /// completed: the user has what they get; of a payment that was taken back: it came again.
        /// refunded: they have back what they gave; of one that was taken back: it is lost. failed:
        /// nothing was taken, or of a refund, nothing was given back.
        #[arg(long = "as", value_enum, value_name = "OUTCOME")]
        outcome: OutcomeArg,
        /// Why, for the log: what you looked at, and what it said.
        #[arg(long)]
        reason: String,
        /// The provider's name for the payment, where none is known yet.
        #[arg(long, value_name = "NAME")]
        payment: Option<String>,
        /// The name outside of the transfer that delivered, such as its hash; for completed. Not of a
        /// payment that was taken back: there it is known.
        #[arg(long, value_name = "NAME")]
        transfer: Option<String>,
        #[command(flatten)]
        by: ByArgs,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum OutcomeArg {
    Completed,
    Refunded,
    Failed,
}

impl From<OutcomeArg> for Outcome {
    fn from(arg: OutcomeArg) -> Self {
        match arg {
            OutcomeArg::Completed => Self::Completed,
            OutcomeArg::Refunded => Self::Refunded,
            OutcomeArg::Failed => Self::Failed,
        }
    }
}

pub(crate) fn run(args: ReviewsArgs) -> Result<()> {
    let place = &args.place;
    match args.action {
        Action::List { whose } => {
            let command = ReviewCommand::List { whose: whose.into() };
            place.ask(Command::Reviews(command), listed)
        }
        Action::Show { subject, whose } => {
            let command = ReviewCommand::Show { whose: whose.into(), subject };
            place.ask(Command::Reviews(command), shown)
        }
        Action::Resolve { subject, whose, outcome, reason, payment, transfer, by } => {
            let command = ReviewCommand::Resolve {
                whose: whose.into(),
                subject,
                outcome: outcome.into(),
                reason,
                actor: by.actor(),
                payment,
                transfer,
            };
            place.ask(Command::Reviews(command), shown)
        }
    }
}

fn listed(answer: &ReviewsAnswer) -> String {
    let why = |reason: &Option<ReasonBody>| {
        reason.as_ref().map_or_else(String::new, |reason| reason.code.clone())
    };
    let transactions = answer.transactions.iter().map(|row| {
        let amount = format!("{} {}", row.fiat_amount, row.currency);
        [
            row.refid.clone(),
            why(&row.reason),
            amount,
            minute(&row.updated_at),
            row.session_id.clone(),
        ]
    });
    let refunds = answer.refunds.iter().map(|row| {
        let amount = format!("{} {}", row.amount, row.currency);
        [row.id.clone(), why(&row.reason), amount, minute(&row.updated_at), row.session_id.clone()]
    });
    let rows: Vec<_> = transactions.chain(refunds).collect();
    if rows.is_empty() {
        return "Nothing waits for a person.".into();
    }
    table(["ID", "WHY", "AMOUNT", "SINCE", "SESSION"], &rows)
}

fn shown(answer: &ShownReview) -> String {
    let transaction = &answer.transaction;
    let mut text = format!(
        "{} is {}: {} {} by {} for {} {} on {}.\n",
        transaction.refid,
        word(&transaction.status),
        transaction.fiat_amount,
        transaction.currency,
        transaction.payment_method,
        transaction.token_amount,
        transaction.token,
        transaction.network,
    );
    if let Some(refund) = &answer.refund {
        let (id, status) = (&refund.id, word(&refund.status));
        let _ = writeln!(text, "{id} is {status}: {} {}.", refund.amount, refund.currency);
    }
    let reason = answer.refund.as_ref().map_or(&transaction.reason, |refund| &refund.reason);
    if let Some(reason) = reason {
        let _ = writeln!(text, "{}: {}", reason.code, reason.message);
    }
    let rows = answer
        .entries
        .iter()
        .map(|row| [&row.booking, &row.account, &row.asset, &row.units].map(Clone::clone));
    let rows: Vec<_> = rows.collect();
    let _ = write!(text, "\n{}", table(["BOOKED", "ACCOUNT", "ASSET", "UNITS"], &rows));
    for action in &answer.actions {
        let _ = write!(
            text,
            "\n{} {}: {} {} ({})",
            minute(&action.at),
            action.actor,
            action.action,
            action.outcome,
            action.reason
        );
    }
    text
}

/// A status as it is on the wire.
fn word(status: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(status).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
