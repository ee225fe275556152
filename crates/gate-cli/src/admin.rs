//! How the command line carries out an admin command: through the running gateway where there is one,
//! and on the database itself where there is none.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use gate_app::admin::{self, AdminError, Command, Whose};
use gate_domain::Mode;
use gate_store::{Place as Database, Schema, StoreError};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::admin_socket::{Answer, DEADLINE, Request, SOCKET};
use crate::config::Config;
use crate::open::open_app;
use crate::settings::Given;

/// The longest answer that is read: 16 MiB.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Which gateway a command is for.
#[derive(Args)]
pub(crate) struct Place {
    /// The configuration file of the gateway.
    #[arg(long, global = true, env = "GATE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data directory of the gateway. [default: .gate]
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// Another database than the file in the data directory, such as postgres://...
    #[arg(long, global = true, value_name = "DATABASE")]
    database: Option<String>,
    /// Answer in JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// Whose rows a command is about.
#[derive(Args)]
pub(crate) struct WhoseArgs {
    /// The partner's id. It may be left out where there is one partner only.
    #[arg(long, value_name = "PARTNER")]
    partner: Option<String>,
    /// Test or live.
    #[arg(long, value_enum, default_value_t = ModeArg::Test)]
    mode: ModeArg,
}

/// Who decides something.
#[derive(Args)]
pub(crate) struct ByArgs {
    /// Who decides this, for the log. [default: the user of this shell]
    #[arg(long, value_name = "NAME", env = "USER", hide_env = true)]
    actor: String,
}

impl ByArgs {
    /// The name that is written down.
    pub(crate) fn actor(self) -> String {
        self.actor
    }
}

/// Which world.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ModeArg {
    Test,
    Live,
}

impl From<ModeArg> for Mode {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Test => Self::Test,
            ModeArg::Live => Self::Live,
        }
    }
}

impl From<WhoseArgs> for Whose {
    fn from(args: WhoseArgs) -> Self {
        Self { partner: args.partner, mode: args.mode.into() }
    }
}

/// The command was not carried out, and that has been told.
#[derive(Debug, thiserror::Error)]
#[error("told already")]
pub(crate) struct Told;

impl Place {
    /// Carry a command out and print what came of it, in `words` or as JSON.
    pub(crate) fn ask<T: DeserializeOwned>(
        &self,
        command: Command,
        words: impl FnOnce(&T) -> String,
    ) -> Result<()> {
        let value = match self.carry_out(command)? {
            Ok(value) => value,
            Err(refused) if self.json => {
                eprintln!("{}", json!({ "error": refused }));
                return Err(Told.into());
            }
            Err(refused) => bail!(refused),
        };
        if self.json {
            print(&serde_json::to_string_pretty(&value)?)
        } else {
            let answer = serde_json::from_value(value).context("the answer cannot be read")?;
            print(words(&answer).trim_end())
        }
    }

    /// Carry a command out whose answer is not printed as it is.
    pub(crate) fn fetch<T: DeserializeOwned>(&self, command: Command) -> Result<T> {
        match self.carry_out(command)? {
            Ok(value) => serde_json::from_value(value).context("the answer cannot be read"),
            Err(refused) => bail!(refused),
        }
    }

    /// Print what was found out without any gateway, in `words` or as JSON.
    pub(crate) fn print(&self, value: &Value, words: impl FnOnce() -> String) -> Result<()> {
        if self.json {
            println!("{}", serde_json::to_string_pretty(value)?);
        } else {
            println!("{}", words());
        }
        Ok(())
    }

    fn carry_out(&self, command: Command) -> Result<Result<Value, AdminError>> {
        let given = [("data_dir", &self.data_dir), ("database", &self.database)];
        let given = given.into_iter().filter_map(|(key, value)| Some((key, value.clone()?)));
        let given = Given(given.collect());
        let config = Config::load(&given, self.config.as_deref(), &crate::variable)?;
        let request = Request { database: config.database()?, command };
        match ask_running(&config.data_dir, &request)? {
            Some(Answer::Done(value)) => Ok(Ok(value)),
            Some(Answer::Refused(refused)) => Ok(Err(refused)),
            Some(Answer::OtherDatabase) | None => carry_out_here(&config, request.command),
        }
    }
}

/// Print a text. Who reads it may stop before its end, as `head` does.
pub(crate) fn print(text: &str) -> Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Ask the gateway that runs on this data directory; none when there is none.
fn ask_running(data_dir: &Path, request: &Request) -> Result<Option<Answer>> {
    let path = data_dir.join(SOCKET);
    let mut stream = match UnixStream::connect(&path) {
        Ok(stream) => stream,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => bail!(
            "{} belongs to another user. Run this as the user that runs the gateway.",
            path.display()
        ),
        Err(_) => return Ok(None),
    };
    let silent = || format!("the running gateway on {} did not answer", path.display());
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    stream.write_all(&serde_json::to_vec(request)?).with_context(silent)?;
    stream.shutdown(Shutdown::Write).with_context(silent)?;
    let mut bytes = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes).with_context(silent)?;
    Ok(Some(serde_json::from_slice(&bytes).with_context(silent)?))
}

/// Open the database in this process, which works where no other process holds it.
fn carry_out_here(config: &Config, command: Command) -> Result<Result<Value, AdminError>> {
    let mut options = config.store_options()?;
    // The first partner may be made before the gateway was ever started. Everything else works on a
    // database that is there and up to date.
    let begins = matches!(&command, Command::Partners(admin::partners::Command::Create { .. }));
    if !begins {
        options.schema = Schema::Require;
        if let Database::Sqlite { path } = &options.place
            && !path.exists()
        {
            bail!(
                "there is no database at {}. Name its folder with --data-dir, or begin with `gate partner create`.",
                path.display()
            );
        }
    }
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(async {
        let app = open_app(config, options, None).await.map_err(explain)?;
        let answer = admin::run(&app, command).await;
        app.store().close().await;
        Ok(answer)
    })
}

fn explain(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<StoreError>() {
        Some(StoreError::InUse(_)) => error.context(
            "another gateway holds the database, and it has no admin socket in this data directory. Name its data directory with --data-dir, or stop it first",
        ),
        Some(StoreError::Migration(_)) => {
            error.context("start `gate serve` once: it brings the database up to date")
        }
        _ => error,
    }
}
