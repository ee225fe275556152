//! `cargo xtask bench`: how many sessions this machine creates and announces, next to what the same
//! machine does with the same bytes when nothing has to be remembered.
//!
//! The machine is shared and noisy: every number is the median of a few short rounds, the rounds of
//! what is compared take turns, and the ratios say more than the numbers.

mod children;
mod connection;
mod database;
mod deliveries;
mod fresh;
mod lifecycle;
mod lists;
mod load;
mod neighbour;
mod report;
pub(crate) mod servers;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand, ValueEnum};

use crate::gateway::sibling;
use crate::interrupt::unless_interrupted;
use children::Child;
use fresh::Fresh;
use load::Target;
use report::{Report, Row};

/// How often everything is measured.
const ROUNDS: usize = 3;
const CONNECTIONS: [usize; 3] = [1, 32, 128];
const DELIVERY_CONNECTIONS: usize = 32;
const FAN_OUT: usize = 5;
/// Steady rates, in creates a second.
const STEADY: [(&str, u32); 3] = [
    ("answer to webhook at 50/s", 50),
    ("answer to webhook at 200/s", 200),
    ("answer to webhook at 400/s", 400),
];

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    other: Option<Other>,
    /// How long each measurement takes.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Measure on this PostgreSQL server instead of SQLite. A database is made and dropped there.
    #[arg(long)]
    postgres: Option<String>,
    /// Measure this only.
    #[arg(long)]
    only: Option<Only>,
    /// Write the numbers to this file too, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Other {
    /// Pages of lists over ten thousand and over a million sessions, side by side.
    Lists(lists::ListsArgs),
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Only {
    /// Creates, next to a bare server.
    Create,
    /// Creates with a webhook each.
    Deliver,
    /// Creates with five webhooks each.
    FanOut,
    /// Webhooks that piled up.
    Drain,
    /// From a create's answer to its webhook, at steady rates.
    Latency,
    /// The same for one partner while another one's endpoint hangs.
    Neighbour,
    /// Start, stop and memory.
    Lifecycle,
}

pub(crate) fn run(args: &BenchArgs) -> Result<()> {
    let release = sibling("../release")?;
    for program in ["gate", "xtask"] {
        ensure!(
            release.join(program).exists(),
            "there is no release build of {program}. Build it first: cargo build --release -p gate-cli -p xtask"
        );
    }
    if cfg!(debug_assertions) {
        // A load generator without optimisation would measure itself.
        let status = Command::new(release.join("xtask")).args(std::env::args_os().skip(1)).status();
        std::process::exit(status.context("cannot run the release build")?.code().unwrap_or(1));
    }
    // One thread makes enough load and leaves the rest of the machine to the servers.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let gate = release.join("gate");
    if let Some(Other::Lists(lists)) = &args.other {
        return runtime.block_on(unless_interrupted(lists::run(lists, &gate)));
    }
    let report = runtime.block_on(unless_interrupted(measure(args, &gate)))?;
    print!("{report}");
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&report).context("numbers become JSON")?;
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

async fn measure(args: &BenchArgs, gate: &std::path::Path) -> Result<Report> {
    let mut report = Report::new(args.postgres.is_some(), args.seconds, ROUNDS);
    let wanted = |what| args.only.is_none_or(|only| only == what);
    let bench = Bench { args, gate };
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        if wanted(Only::Create) {
            bench.creates(&mut report).await?;
        }
        if wanted(Only::Deliver) {
            bench.deliveries(&mut report).await?;
        }
        if wanted(Only::FanOut) {
            bench.fan_out(&mut report).await?;
        }
        if wanted(Only::Drain) {
            bench.drain(&mut report).await?;
        }
        if wanted(Only::Latency) {
            bench.latency(&mut report).await?;
        }
        if wanted(Only::Neighbour) {
            bench.neighbour(&mut report).await?;
        }
        if wanted(Only::Lifecycle) {
            let postgres = args.postgres.as_deref();
            lifecycle::measure(&mut report, gate, postgres, bench.period()).await?;
        }
    }
    Ok(report)
}

struct Bench<'a> {
    args: &'a BenchArgs,
    gate: &'a std::path::Path,
}

impl Bench<'_> {
    fn period(&self) -> Duration {
        Duration::from_secs(self.args.seconds)
    }

    async fn start(&self, webhook_url: Option<&str>) -> Result<Fresh> {
        Fresh::start(self.gate, self.args.postgres.as_deref(), webhook_url).await
    }

    /// Creates and the bare server, in turns.
    async fn creates(&self, report: &mut Report) -> Result<()> {
        let fresh = self.start(None).await?;
        let target = Target::creates(&fresh.gateway.ready)?;
        let answer_bytes = target.answer_bytes().await?;
        let child = Child::bare_server(answer_bytes).await?;
        let bare = target.elsewhere(&child.address)?;
        for connections in CONNECTIONS {
            let measured = bare.load(connections, self.period()).await?;
            report.add(Row::of("bare server", connections, &measured));
            let before = fresh.gateway.cpu_time()?;
            let measured = target.load(connections, self.period()).await?;
            let cpu = fresh.gateway.cpu_time()?.saturating_sub(before);
            report.add(Row::of("create", connections, &measured).with_cpu(cpu, &measured));
        }
        fresh.gateway.stop().await
    }

    /// Creates with a webhook each, until the last one has arrived, and the bare pipeline.
    async fn deliveries(&self, report: &mut Report) -> Result<()> {
        let (receiver, connections) = (Child::receiver().await?, DELIVERY_CONNECTIONS);
        let fresh = self.start(Some(&receiver.address)).await?;
        let target = Target::creates(&fresh.gateway.ready)?;
        let pipeline = Child::bare_pipeline(target.answer_bytes().await?, &receiver).await?;
        let bare = target.elsewhere(&pipeline.address)?;
        let period = self.period();
        let (_, delivered) =
            deliveries::until_delivered(&bare, &receiver, connections, period, 1).await?;
        report.add(Row::of("bare pipeline", connections, &delivered));
        let before = fresh.gateway.cpu_time()?;
        let (created, delivered) =
            deliveries::until_delivered(&target, &receiver, connections, period, 1).await?;
        let cpu = fresh.gateway.cpu_time()?.saturating_sub(before);
        report.add(Row::of("create, with delivery", connections, &created));
        let delivered_row = Row::of("created and delivered", connections, &delivered);
        report.add(delivered_row.with_cpu(cpu, &delivered));
        fresh.gateway.stop().await
    }

    /// Creates whose event goes to five endpoints.
    async fn fan_out(&self, report: &mut Report) -> Result<()> {
        let (receiver, connections) = (Child::receiver().await?, DELIVERY_CONNECTIONS);
        let fresh = self.start(Some(&receiver.address)).await?;
        for _ in 1..FAN_OUT {
            let endpoint = ["endpoints", "add", &receiver.address];
            fresh.launch.administer(&endpoint).await.context("another endpoint")?;
        }
        let target = Target::creates(&fresh.gateway.ready)?;
        let before = fresh.gateway.cpu_time()?;
        let (_, delivered) =
            deliveries::until_delivered(&target, &receiver, connections, self.period(), FAN_OUT)
                .await?;
        let cpu = fresh.gateway.cpu_time()?.saturating_sub(before);
        let row = Row::of("fan-out to five, deliveries", connections, &delivered);
        report.add(row.with_cpu(cpu, &delivered));
        fresh.gateway.stop().await
    }

    /// Webhooks that piled up before a receiver that did not answer.
    async fn drain(&self, report: &mut Report) -> Result<()> {
        let (receiver, connections) = (Child::receiver().await?, DELIVERY_CONNECTIONS);
        let fresh = self.start(Some(&receiver.address)).await?;
        let target = Target::creates(&fresh.gateway.ready)?;
        let drained = deliveries::drain(&target, &receiver, connections, self.period()).await?;
        report.add(Row::of("backlog drained", connections, &drained));
        fresh.gateway.stop().await
    }

    /// From answer to webhook, when there is no queue.
    async fn latency(&self, report: &mut Report) -> Result<()> {
        let receiver = Child::receiver().await?;
        let fresh = self.start(Some(&receiver.address)).await?;
        let target = Target::creates(&fresh.gateway.ready)?;
        for (what, per_second) in STEADY {
            let measured =
                deliveries::latency(&target, &receiver, per_second, self.period()).await?;
            report.add(Row::of(what, deliveries::STEADY_CONNECTIONS, &measured));
        }
        fresh.gateway.stop().await
    }

    /// The webhooks of one partner while the endpoint of another one hangs.
    async fn neighbour(&self, report: &mut Report) -> Result<()> {
        let receiver = Child::receiver().await?;
        let fresh = self.start(Some(&format!("{}slow", receiver.address))).await?;
        let (alone, beside) = neighbour::measure(&fresh, &receiver, self.period()).await?;
        let connections = deliveries::STEADY_CONNECTIONS;
        let (alone, beside) = (
            Row::of("neighbour alone", connections, &alone),
            Row::of("neighbour of a hung endpoint", connections, &beside),
        );
        report.add(alone);
        report.add(beside);
        fresh.gateway.stop().await
    }
}
