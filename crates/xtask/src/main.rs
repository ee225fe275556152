//! Chores of this repository that have a branch in them: `cargo xtask <command>`.

mod api_changes;
mod bench;
mod boundaries;
mod config_reference;
mod crash;
mod gateway;
mod generate;
mod interrupt;
mod random;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Parser, Subcommand};

/// Chores of this repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Kill the gateway again and again under load, and check from outside that nothing is lost.
    Crash(crash::CrashArgs),
    /// Measure the release build: creates, deliveries, and the same without any of our work.
    Bench(bench::BenchArgs),
    /// A server that remembers nothing: what the bench compares with.
    #[command(hide = true)]
    BareServer { answer_bytes: usize },
    /// The same with a webhook for each request.
    #[command(hide = true)]
    BarePipeline { answer_bytes: usize, receiver: String },
    /// A server that takes the bench's webhooks.
    #[command(hide = true)]
    Receiver,
    /// Write the generated files again: the OpenAPI document and the page's types.
    Generate,
    /// Fail when a generated file is stale, a crate uses what it must not, or the API breaks its
    /// promise.
    Check,
    /// Make the OpenAPI document of now the promise that later ones are compared with.
    Promise {
        /// Even if it takes back what was promised: callers must change.
        #[arg(long = "break")]
        may_break: bool,
    },
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Crash(args) => crash::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::BareServer { answer_bytes } => bench::servers::run_bare_server(answer_bytes),
        Command::BarePipeline { answer_bytes, receiver } => {
            bench::servers::run_bare_pipeline(answer_bytes, receiver)
        }
        Command::Receiver => bench::servers::run_receiver(),
        Command::Generate => {
            generate::generate(&root()?)?;
            config_reference::generate(&root()?)
        }
        Command::Promise { may_break } => api_changes::promise(&root()?, may_break),
        Command::Check => {
            boundaries::check(&root()?)?;
            generate::check(&root()?)?;
            config_reference::check(&root()?)?;
            api_changes::check(&root()?)
        }
    }
}

/// The folder of the repository.
fn root() -> anyhow::Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here.ancestors().nth(2).context("xtask lives in crates/xtask")?.to_owned())
}
