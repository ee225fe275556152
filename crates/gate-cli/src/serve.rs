//! `gate serve`: the gateway of a deployment, configured by options, variables and a file.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use gate_app::workers::release_predecessors;
use gate_domain::Mode;
use gate_store::Place;
use serde_json::json;
use tracing::info;

use crate::config::Config;
use crate::dev_files::write_owner_only;
use crate::open::open_app;
use crate::server::{admin_socket, bind, run_gateway, stop_asked};
use crate::settings::Given;

#[derive(Args)]
#[command(after_help = "Examples:
  gate serve --config /etc/gate/gate.toml
  gate serve --listen 0.0.0.0:4000 --public-url https://pay.example.com --data-dir /var/lib/gate
  GATE_DATABASE=postgres://gate@db.internal/gate gate serve

docs/CONFIG.md describes every setting.")]
pub(crate) struct ServeArgs {
    /// A file with settings (TOML). Options and variables win over it.
    #[arg(long, env = "GATE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    given: Given,
}

pub(crate) fn run(args: &ServeArgs) -> Result<()> {
    let config = Config::load(&args.given, args.config.as_deref(), &crate::variable)?;
    refuse_live(&config)?;
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(start(&config))
}

/// Real money needs a rail that moves it.
fn refuse_live(config: &Config) -> Result<()> {
    if !config.modes.contains(&Mode::Live) {
        return Ok(());
    }
    bail!(
        "live mode cannot start: no live rail is configured and no verifier of users, and this version has neither. Its only ones are the simulator's, which serve test mode and must never meet real money. Set modes = [\"test\"]."
    )
}

async fn start(config: &Config) -> Result<()> {
    let listener = bind(config.listen, "--listen").await?;
    let address = listener.local_addr()?;
    let options = config.store_options()?;
    let alone = matches!(options.place, Place::Sqlite { .. });
    let app = open_app(config, options, Some(address)).await.context("the gateway cannot start")?;
    if alone {
        release_predecessors(&app).await?;
    }
    let stopping = stop_asked();
    if let Some(address) = config.metrics_listen {
        let listener = bind(address, "--metrics-listen").await?;
        info!("metrics on http://{}/metrics", listener.local_addr()?);
        tokio::spawn(gate_http::serve_metrics(app.clone(), listener, stopping.clone()));
    }
    let socket = admin_socket(&config.data_dir, config.database()?);
    let base_url = app.config().base_url.clone();
    if let Some(path) = &config.ready_file {
        let ready = json!({ "base_url": base_url, "address": format!("http://{address}") });
        write_owner_only(path, &serde_json::to_string_pretty(&ready)?)?;
    }
    info!("serving {base_url} on {address}");
    run_gateway(app, &config.http, socket, listener, stopping).await
}
