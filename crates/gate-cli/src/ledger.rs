//! `gate ledger`: what stands on the accounts, line by line, and as a chain for others to check.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use clap::{Args, Subcommand, ValueEnum};
use gate_app::admin::ledger::{
    BalancesAnswer, Command as LedgerCommand, EntriesAnswer, ExportAnswer, ExportedPosting, Only,
    ResumedAnswer,
};
use gate_app::admin::{Command, Whose};

use crate::admin::{ByArgs, Place, WhoseArgs, print};
use crate::words::{minute, table};

#[derive(Args)]
#[command(after_help = "Examples:
  gate ledger balances
  gate ledger balances --account treasury --asset USDC.base
  gate ledger entries --transaction tx_test_01k...
  gate ledger export > ledger.jsonl
  gate ledger export --format csv --mode live > ledger.csv
  gate ledger resume --reason restored-from-the-backup-of-tuesday

Amounts are in smallest units: 10000 EUR are 100.00. How the hashes of an export are made, so that any
program can check them, is in docs/OPERATIONS.md.")]
pub(crate) struct LedgerArgs {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// What stands on each account, and what of it is held.
    Balances {
        #[command(flatten)]
        whose: WhoseArgs,
        #[command(flatten)]
        only: OnlyArgs,
    },
    /// Line by line, oldest first.
    Entries {
        #[command(flatten)]
        whose: WhoseArgs,
        #[command(flatten)]
        only: OnlyArgs,
        /// The lines of one transaction and its refunds.
        #[arg(long, value_name = "REFID")]
        transaction: Option<String>,
        /// From behind the posting with this number.
        #[arg(long, default_value_t = 0, value_name = "NUMBER")]
        after: i64,
    },
    /// Every posting with its hash, on standard output.
    Export {
        #[command(flatten)]
        whose: WhoseArgs,
        /// One JSON object a posting, or one row a line.
        #[arg(long, value_enum, default_value_t = Format::Jsonl)]
        format: Format,
        /// From behind the posting with this number.
        #[arg(long, default_value_t = 0, value_name = "NUMBER")]
        after: i64,
    },
    /// Let money move again after the books were found broken and put right. Refused while they are broken.
    Resume {
        #[command(flatten)]
        by: ByArgs,
        /// Why, for the record.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Args)]
struct OnlyArgs {
    /// An account, such as treasury or `provider_receivable:card`; without the rail, every rail's.
    #[arg(long)]
    account: Option<String>,
    /// An asset, such as EUR or USDC.base.
    #[arg(long)]
    asset: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Jsonl,
    Csv,
}

impl From<OnlyArgs> for Only {
    fn from(args: OnlyArgs) -> Self {
        Self { account: args.account, asset: args.asset }
    }
}

pub(crate) fn run(args: LedgerArgs) -> Result<()> {
    let place = &args.place;
    match args.action {
        Action::Balances { whose, only } => {
            let command = LedgerCommand::Balances { whose: whose.into(), only: only.into() };
            place.ask(Command::Ledger(command), balances)
        }
        Action::Entries { whose, only, transaction, after } => {
            let (whose, only) = (whose.into(), only.into());
            let command = LedgerCommand::Entries { whose, only, transaction, after };
            place.ask(Command::Ledger(command), entries)
        }
        Action::Export { whose, format, after } => export(place, &whose.into(), format, after),
        Action::Resume { by, reason } => {
            let command = LedgerCommand::Resume { reason, actor: by.actor() };
            place.ask(Command::Ledger(command), |answer: &ResumedAnswer| {
                format!("Payments go on. What had been found: {}.", answer.finding)
            })
        }
    }
}

fn balances(answer: &BalancesAnswer) -> String {
    let rows = answer.balances.iter().map(|row| {
        [&row.account, &row.asset, &row.balance, &row.held, &row.available].map(Clone::clone)
    });
    let rows: Vec<_> = rows.collect();
    let table = table(["ACCOUNT", "ASSET", "BALANCE", "HELD", "AVAILABLE"], &rows);
    format!(
        "{table}\n{} postings of {} in {} mode; the last hash is {}.",
        answer.postings, answer.partner, answer.mode, answer.head
    )
}

fn entries(answer: &EntriesAnswer) -> String {
    let rows = answer.entries.iter().map(|row| {
        [
            row.number.to_string(),
            minute(&row.created_at),
            row.subject.clone(),
            row.booking.clone(),
            row.account.clone(),
            row.asset.clone(),
            row.units.clone(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let headings = ["POSTING", "WRITTEN", "SUBJECT", "FACT", "ACCOUNT", "ASSET", "UNITS"];
    let mut text = table(headings, &rows);
    if let Some(after) = answer.next_after {
        let _ = write!(text, "\nThere is more: go on with --after {after}.");
    }
    text
}

/// Page by page, so that a ledger of any size goes through.
fn export(place: &Place, whose: &Whose, format: Format, mut after: i64) -> Result<()> {
    if format == Format::Csv {
        ensure!(!place.json, "--json and --format csv ask for two things. Leave one of them out.");
        print(
            "partner,mode,number,id,transaction,subject,booking,created_at,line,account,asset,units,previous,hash",
        )?;
    }
    loop {
        let command = LedgerCommand::Export { whose: whose.clone(), after };
        let page: ExportAnswer = place.fetch(Command::Ledger(command))?;
        let Some(last) = page.postings.last() else { return Ok(()) };
        after = last.number;
        for posting in &page.postings {
            match format {
                Format::Jsonl => print(&serde_json::to_string(posting)?)?,
                Format::Csv => print(csv(posting).trim_end())?,
            }
        }
        if !page.has_more {
            return Ok(());
        }
    }
}

/// One row for each line. No word of a posting holds a comma or a quotation mark.
fn csv(posting: &ExportedPosting) -> String {
    let mut rows = String::new();
    let ExportedPosting { partner, mode, number, id, transaction, subject, .. } = posting;
    let ExportedPosting { booking, created_at, lines, previous, hash, .. } = posting;
    for (place, line) in lines.iter().enumerate() {
        let _ = writeln!(
            rows,
            "{partner},{mode},{number},{id},{transaction},{subject},{booking},{created_at},{place},{},{},{},{previous},{hash}",
            line.account, line.asset, line.units
        );
    }
    rows
}
