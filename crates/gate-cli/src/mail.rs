//! `gate mail`: tries the mail server that codes of live mode go to.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand};
use gate_domain::customer::Email;
use gate_rails::mail::{Letter, Mailer as _};

use crate::config::Config;
use crate::open::smtp;
use crate::settings::Given;

#[derive(Args)]
#[command(after_help = "Examples:
  gate mail test --to ada@example.com
  gate mail test --to ada@example.com --config /etc/gate/gate.toml

It speaks to the mail server itself, so the gateway need not run. docs/OPERATIONS.md says more.")]
pub(crate) struct MailArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Send a mail now, and say what the server says.
    Test {
        /// Whom it is to.
        #[arg(long, value_name = "ADDRESS")]
        to: String,
        /// The configuration file of the gateway.
        #[arg(long, env = "GATE_CONFIG", value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

pub(crate) fn run(args: MailArgs) -> Result<()> {
    let Action::Test { to, config } = args.action;
    let config = Config::load(&Given::default(), config.as_deref(), &crate::variable)?;
    let Some(smtp) = smtp(&config)? else {
        bail!("no mail server is named: give GATE_SMTP_URL or smtp_url_file, and mail_from");
    };
    let to = Email::parse(&to).ok_or_else(|| anyhow!("{to:?} is no e-mail address"))?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let letter = Letter {
        id: format!("test-{:032x}", u128::from_be_bytes(gate_app::Ids.random())),
        to,
        subject: "A test of your mail settings".into(),
        text: "The gateway can send mail. You need not do anything.".into(),
    };
    match runtime.block_on(smtp.send(&letter)) {
        Ok(()) => {
            println!("The mail server has taken it: {smtp:?}.");
            Ok(())
        }
        Err(error) => {
            let again = if error.for_good { "would not be" } else { "would be" };
            bail!("{error} ({}). A code {again} sent again. The server is {smtp:?}", error.reply)
        }
    }
}
