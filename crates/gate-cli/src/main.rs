//! `gate`: the API, the hosted pages and the workers in one binary.
//!
//! The only crate that reads the command line and the environment; it wires everything together.

mod dev;
mod dev_files;
mod doctor;
mod server;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// A gateway for buying crypto, on your own machine.
#[derive(Parser)]
#[command(name = "gate", version, max_term_width = 100)]
struct Cli {
    /// What to log, such as `info` or `warn,gate_app=debug`. Logs go to standard error.
    #[arg(long, global = true, env = "GATE_LOG", default_value = "info")]
    log: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a sandbox: gateway, hosted pages and workers, with a ready-made partner and its shop.
    Dev(dev::DevArgs),
    /// Prove from the stored rows that nothing is lost or out of balance. Stop the gateway first.
    Doctor(doctor::DoctorArgs),
    /// Print the OpenAPI document of the API.
    Openapi,
}

fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let filter = EnvFilter::try_new(&cli.log)
        .map_err(|error| anyhow::anyhow!("--log {:?} is not a filter: {error}", cli.log))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    // A panic fails one request or one pass; it is told once, where the rest of the log is.
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a mistake of ours")));
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("nothing before this line installs a TLS provider");
    match cli.command {
        Command::Dev(args) => dev::run(args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Openapi => {
            println!("{}", gate_http::openapi_document().to_pretty_json()?);
            Ok(())
        }
    }
}
