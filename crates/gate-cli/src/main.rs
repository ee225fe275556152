//! `gate`: the API, the hosted pages and the workers in one binary.
//!
//! The only crate that reads the command line and the environment; it wires everything together.

mod admin;
mod admin_socket;
mod capabilities;
mod config;
mod deposits;
mod dev;
mod dev_files;
mod dev_tools;
mod doctor;
mod endpoints;
mod fees;
mod keys;
mod ledger;
mod mail;
mod mailbox;
mod open;
mod origins;
mod partner;
mod prices;
mod refunds;
mod reviews;
mod screening;
mod serve;
mod server;
mod settings;
mod users;
mod words;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// A gateway for buying crypto, on your own machine.
#[derive(Parser)]
#[command(name = "gate", version, max_term_width = 100)]
struct Cli {
    /// What to log, such as `info` or `warn,gate_app=debug`. Logs go to standard error.
    /// [default: info for a gateway, warn for everything else]
    #[arg(long, global = true, env = "GATE_LOG")]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start a sandbox: gateway, hosted pages and workers, with a ready-made partner and its shop.
    Dev(dev::DevArgs),
    /// Serve a deployment, as its configuration says.
    Serve(serve::ServeArgs),
    /// Make, list and show partners.
    Partner(partner::PartnerArgs),
    /// Make, list, roll and revoke API keys.
    Keys(keys::KeysArgs),
    /// Say where a partner may embed the page.
    Origins(origins::OriginsArgs),
    /// Make, list, pause and remove webhook endpoints, and roll their secrets.
    Endpoints(endpoints::EndpointsArgs),
    /// Say what is on offer: switch parts of it off and on, and set what partners may do.
    Capabilities(capabilities::CapabilitiesArgs),
    /// Show and export the books: balances, lines, and the chain of hashes.
    Ledger(ledger::LedgerArgs),
    /// List what a person has to look into, and say how it ended.
    Reviews(reviews::ReviewsArgs),
    /// Ask the list of sanctions, and decide about what is held because of it.
    Screening(screening::ScreeningArgs),
    /// List the users whom the gateway knows, show one, and forget who they are.
    Users(users::UsersArgs),
    /// Send a mail, to try the settings of the mail server.
    Mail(mail::MailArgs),
    /// Show the mails that the sandbox wrote to users and did not send.
    Mailbox(mailbox::MailboxArgs),
    /// Give completed payments back, and list what was given back.
    Refunds(refunds::RefundsArgs),
    /// Tokens that came in for sales, and what is held of them.
    Deposits(deposits::DepositsArgs),
    /// Say what is charged on top of the price, for everybody and by partner.
    Fees(fees::FeesArgs),
    /// Show what each source of prices says now.
    Prices(prices::PricesArgs),
    /// Prove from the stored rows that nothing is lost or out of balance. Stop the gateway first.
    Doctor(doctor::DoctorArgs),
    #[command(flatten)]
    Tool(dev_tools::Tool),
    /// Print the OpenAPI document of the API.
    Openapi,
    /// Print docs/CONFIG.md, made from the settings.
    #[command(hide = true)]
    ConfigReference,
}

/// 0: done. 1: not done, and standard error says why. 2: the command line is not understood.
fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is::<admin::Told>() {
                eprintln!("Error: {error:#}");
            }
            if error.is::<dev_tools::Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<()> {
    let serves = matches!(cli.command, Command::Dev(_) | Command::Serve(_));
    let log = cli.log.unwrap_or_else(|| if serves { "info" } else { "warn" }.to_owned());
    let filter = EnvFilter::try_new(&log)
        .map_err(|error| anyhow::anyhow!("--log {log:?} is not a filter: {error}"))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    // A panic fails one request or one pass; it is told once, where the rest of the log is.
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic, "a mistake of ours")));
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("nothing before this line installs a TLS provider");
    match cli.command {
        Command::Dev(args) => dev::run(args),
        Command::Serve(args) => serve::run(&args),
        Command::Partner(args) => partner::run(args),
        Command::Keys(args) => keys::run(args),
        Command::Origins(args) => origins::run(args),
        Command::Endpoints(args) => endpoints::run(args),
        Command::Capabilities(args) => capabilities::run(args),
        Command::Ledger(args) => ledger::run(args),
        Command::Reviews(args) => reviews::run(args),
        Command::Screening(args) => screening::run(args),
        Command::Users(args) => users::run(args),
        Command::Mail(args) => mail::run(args),
        Command::Mailbox(args) => mailbox::run(args),
        Command::Refunds(args) => refunds::run(args),
        Command::Deposits(args) => deposits::run(args),
        Command::Fees(args) => fees::run(args),
        Command::Prices(args) => prices::run(args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Tool(tool) => dev_tools::run(tool, Cli::command),
        Command::Openapi => {
            println!("{}", gate_http::openapi_document().to_pretty());
            Ok(())
        }
        Command::ConfigReference => {
            print!("{}", settings::reference());
            Ok(())
        }
    }
}

/// A variable of the environment; none when it is not set or no text.
#[expect(clippy::disallowed_methods, reason = "this is the crate that reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
