//! `gate doctor`: examine a database and say what is wrong with it.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use gate_app::Clock;
use gate_app::doctor::{Report, examine, list_warnings};
use gate_app::screening::SanctionsList;
use gate_store::{Place, Schema, Store, StoreError};
use serde::Serialize;

use crate::config::Config;
use crate::open::{sanctions, smtp};
use crate::settings::Given;

const DAY_MS: i64 = 24 * 3_600_000;

#[derive(Args)]
pub(crate) struct DoctorArgs {
    /// The configuration file of the gateway.
    #[arg(long, env = "GATE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data directory of the gateway. [default: .gate]
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// Another database than the SQLite file in the data directory.
    #[arg(long)]
    database: Option<String>,
    /// The list of sanctions of the gateway.
    #[arg(long, value_name = "FOLDER or FILE")]
    sanctions_list: Option<String>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// What was found out, in the database and beside it.
#[derive(Serialize)]
struct Findings {
    #[serde(flatten)]
    report: Report,
    /// The list of sanctions; none where none was named.
    sanctions_list: Option<ListFound>,
    /// The mail server; none where no mail is sent.
    mail_server: Option<String>,
    /// What is not wrong, and waits for a person for long.
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct ListFound {
    path: PathBuf,
    entries: usize,
    /// How long ago its main file was changed.
    age_days: i64,
}

impl ListFound {
    fn new(list: &SanctionsList) -> Self {
        let current = list.current();
        let age_ms = (Clock::system().now().0 - current.dated.0).max(0);
        Self {
            path: list.path().into(),
            entries: current.list.entries(),
            age_days: age_ms / DAY_MS,
        }
    }
}

pub(crate) fn run(args: &DoctorArgs) -> Result<()> {
    let given = [
        ("data_dir", &args.data_dir),
        ("database", &args.database),
        ("sanctions_list", &args.sanctions_list),
    ];
    let given = given.into_iter().filter_map(|(key, value)| Some((key, value.clone()?)));
    let given = Given(given.collect());
    let config = Config::load(&given, args.config.as_deref(), &crate::variable)?;
    let mut options = config.store_options()?;
    if let Place::Sqlite { path } = &options.place
        && !path.exists()
    {
        bail!("there is no database at {}. Name its folder with --data-dir.", path.display());
    }
    // It examines; it does not bring a database up to date.
    options.schema = Schema::Require;
    let store = Store::open(options).context("cannot open the database")?;
    let now = Clock::system().now();
    let (mut report, warnings) = store
        .read_blocking(move |tx| Ok::<_, StoreError>((examine(tx)?, list_warnings(tx, now)?)))?;
    store.close_blocking();
    let list = sanctions(config.sanctions_list.as_deref()).unwrap_or_else(|error| {
        report.ok = false;
        report.problems.push(format!("{error:#}"));
        None
    });
    let sanctions_list = list.as_ref().map(ListFound::new);
    let mail_server = mail_server(&config).unwrap_or_else(|error| {
        report.ok = false;
        report.problems.push(format!("the mail server does not answer: {error:#}"));
        config.mail.as_ref().map(|(url, _)| url.to_string())
    });
    let findings = Findings { report, sanctions_list, mail_server, warnings };
    if args.json {
        println!("{}", serde_json::to_string_pretty(&findings)?);
    } else {
        print!("{}", in_words(&findings, config.sanctions_list.is_some()));
    }
    // Scripts look at the exit code.
    if !findings.report.ok {
        bail!("{} problems found", findings.report.problems.len());
    }
    Ok(())
}

/// The mail server, which is asked whether it would take mails.
fn mail_server(config: &Config) -> Result<Option<String>> {
    let Some(smtp) = smtp(config)? else { return Ok(None) };
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(smtp.greet()).map_err(|error| anyhow!(error.reply))?;
    Ok(Some(format!("{smtp:?}")))
}

fn in_words(findings: &Findings, screens: bool) -> String {
    let report = &findings.report;
    let counts = |counts: &std::collections::BTreeMap<String, i64>| {
        let counts: Vec<_> =
            counts.iter().map(|(status, count)| format!("{count} {status}")).collect();
        if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
    };
    let ledger = &report.ledger;
    let verdict = if ledger.balanced { "balanced" } else { "OUT OF BALANCE" };
    let mut words = format!(
        "Sessions      {}\nTransactions  {}\nDeliveries    {}\nMails         {}\nLedger        {verdict}: {} postings, {} lines\n",
        counts(&report.sessions),
        counts(&report.transactions),
        counts(&report.deliveries),
        counts(&report.mails),
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
    let list = match &findings.sanctions_list {
        Some(ListFound { path, entries, age_days }) => {
            let days = if *age_days == 1 { "day" } else { "days" };
            format!("{entries} entries, {age_days} {days} old, from {}", path.display())
        }
        None if screens => "it cannot be used".into(),
        None => "none was named to this command; a gateway without one screens nothing".into(),
    };
    let _ = writeln!(words, "Sanctions list   {list}");
    let server = findings.mail_server.as_deref();
    let server = server.unwrap_or("there is none: live mode sends no mail");
    let _ = writeln!(words, "Mail server      {server}");
    for warning in &findings.warnings {
        let _ = writeln!(words, "Warning: {warning}");
    }
    for problem in &report.problems {
        let _ = writeln!(words, "Problem: {problem}");
    }
    words
}
