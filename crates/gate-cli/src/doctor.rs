//! `gate doctor`: examine a database and say what is wrong with it.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use gate_app::doctor::{Report, examine};
use gate_store::{Schema, Store, StoreOptions};

#[derive(Args)]
pub(crate) struct DoctorArgs {
    /// The data directory of the gateway.
    #[arg(long, default_value = ".gate")]
    data_dir: PathBuf,
    /// Another database than the SQLite file in the data directory.
    #[arg(long, env = "GATE_DATABASE")]
    database: Option<String>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &DoctorArgs) -> Result<()> {
    let mut options = if let Some(url) = &args.database {
        StoreOptions::from_url(url)?
    } else {
        let path = args.data_dir.join("gate.db");
        if !path.exists() {
            let folder = args.data_dir.display();
            bail!("there is no database in {folder}. Name its folder with --data-dir.");
        }
        StoreOptions::sqlite(path)
    };
    // It examines; it does not bring a database up to date.
    options.schema = Schema::Require;
    let store = Store::open(options).context("cannot open the database")?;
    let report = store.read_blocking(examine)?;
    store.close_blocking();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", in_words(&report));
    }
    // Scripts look at the exit code.
    if !report.ok {
        bail!("{} problems found", report.problems.len());
    }
    Ok(())
}

fn in_words(report: &Report) -> String {
    let counts = |counts: &std::collections::BTreeMap<String, i64>| {
        let counts: Vec<_> =
            counts.iter().map(|(status, count)| format!("{count} {status}")).collect();
        if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
    };
    let ledger = &report.ledger;
    let verdict = if ledger.balanced { "balanced" } else { "OUT OF BALANCE" };
    let mut words = format!(
        "Sessions      {}\nTransactions  {}\nDeliveries    {}\nLedger        {verdict}: {} postings, {} lines\n",
        counts(&report.sessions),
        counts(&report.transactions),
        counts(&report.deliveries),
        ledger.postings,
        ledger.entries,
    );
    for (account, units) in &ledger.balances {
        let _ = writeln!(words, "  {account:<32} {units:>24}");
    }
    for check in &report.checks {
        let verdict = if check.ok { "ok" } else { "BROKEN" };
        let _ = writeln!(words, "{:<16} {verdict:<8} {} looked at", check.name, check.looked_at);
    }
    for problem in &report.problems {
        let _ = writeln!(words, "Problem: {problem}");
    }
    words
}
