//! `gate dev`: everything on one laptop, with keys that stay the same in the same folder.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use gate_app::capabilities::{CapabilityError, entitle, read_file};
use gate_app::provision::{Provision, provision};
use gate_app::workers::release_predecessors;
use gate_app::{App, AppConfig, Clock, Scope, Vault};
use gate_domain::catalogue::Entitlement;
use gate_domain::ids::{Mode, Tenant};
use gate_http::{HttpConfig, RateLimits};
use gate_shop::{SecretKey, ShopConfig};
use gate_store::{Place, Store, StoreError, StoreOptions, Tx};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::database_text;
use crate::dev_files::{Credentials, DataDir, READY_FILE, ReadyFile};
use crate::open::{rails, sanctions, see_that_the_key_fits};
use crate::server::{admin_socket, bind, rate_limit, run_gateway, stop_asked};

/// How the shop is called on the hosted page.
const PARTNER_NAME: &str = "Pebble";
/// How long the demo shop waits for a webhook before it reads the session itself.
const SHOP_RECONCILES_AFTER: Duration = Duration::from_secs(5);

#[derive(Args)]
pub(crate) struct DevArgs {
    /// Where the database, the keys and the shop's own data live.
    #[arg(long, default_value = ".gate")]
    data_dir: PathBuf,
    /// Where the gateway listens. Port 0 takes any free port.
    #[arg(long, default_value = "127.0.0.1:4000", overrides_with = "listen")]
    listen: SocketAddr,
    /// Where the demo shop listens.
    #[arg(long, default_value = "127.0.0.1:4100", overrides_with = "shop_listen")]
    shop_listen: SocketAddr,
    /// Do not start the demo shop.
    #[arg(long)]
    no_shop: bool,
    /// Write addresses and keys to this file, as JSON, once everything serves.
    #[arg(long)]
    ready_file: Option<PathBuf>,
    /// Another database than the SQLite file in the data directory, such as postgres://...
    #[arg(long, env = "GATE_DATABASE")]
    database: Option<String>,
    /// Send webhooks here instead of to the demo shop.
    #[arg(long)]
    webhook_url: Option<String>,
    /// Countries, currencies, assets and payment methods from this file, instead of the list that
    /// the program brings along.
    #[arg(long, env = "GATE_CAPABILITIES", value_name = "FILE")]
    capabilities: Option<PathBuf>,
    /// Where a monitor finds /metrics.
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics_listen: Option<SocketAddr>,
    /// Where prices come from, instead of the simulator's market.
    #[arg(long, env = "GATE_PRICES", value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Screen names and addresses against this list of sanctions.
    #[arg(long, env = "GATE_SANCTIONS_LIST", value_name = "FOLDER or FILE")]
    sanctions_list: Option<PathBuf>,
    /// Requests a second that each secret key may make, and a fifth of it for each address without
    /// one; twice as many at once. `off` is without limits.
    #[arg(long, default_value = "100", value_parser = rate_limit, overrides_with = "rate_limit")]
    rate_limit: RateLimits,
}

pub(crate) fn run(args: DevArgs) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    runtime.block_on(start(args))
}

/// Write the demo partner down. At its first start it may do everything that there is to try; what an
/// operator sets afterwards stays.
fn provision_demo(
    tx: &mut Tx,
    scope: &Scope<'_>,
    partner: &Provision,
) -> Result<(), CapabilityError> {
    provision(tx, scope, partner)?;
    let tenant = Tenant { partner: partner.partner_id.clone(), mode: partner.mode };
    if tx.find_partner_terms(&tenant)?.is_none() {
        for entitlement in [Entitlement::Rails, Entitlement::Swap] {
            entitle(tx, scope, &tenant, entitlement, true, "gate dev")?;
        }
    }
    Ok(())
}

async fn start(args: DevArgs) -> Result<()> {
    let data_dir = DataDir::open(&args.data_dir)?;
    let listener = bind(args.listen, "--listen").await?;
    let shop_listener =
        if args.no_shop { None } else { Some(bind(args.shop_listen, "--shop-listen").await?) };
    let options = store_options(&args, &data_dir)?;
    let alone = matches!(options.place, Place::Sqlite { .. });
    let store = open_store(options, &args)?;
    let credentials = data_dir.credentials()?;
    let base_url = format!("http://{}", listener.local_addr()?);
    let shop_address = shop_listener.as_ref().map(TcpListener::local_addr).transpose()?;
    let shop_url = shop_address.map(|address| format!("http://{address}"));

    let vault = Vault::new(&data_dir.master_key()?);
    let mut config = AppConfig::sandbox(base_url.clone());
    if let Some(path) = &args.capabilities {
        let catalogue = read_file(path).context("the capabilities cannot be used")?;
        config.catalogue = Arc::new(catalogue);
    }
    config.sanctions = sanctions(args.sanctions_list.as_deref())?;
    let rails = rails(args.prices.as_deref(), None)?;
    let app = App::new(store, Clock::system(), vault, rails, config);
    see_that_the_key_fits(&app, &data_dir.path("master.key")).await?;
    if alone {
        release_predecessors(&app).await?;
    }
    let webhook_url = args.webhook_url.clone();
    let webhook_url =
        webhook_url.or_else(|| shop_url.as_ref().map(|url| format!("{url}/webhooks/0gate")));
    let partner = demo_partner(&credentials, shop_address, webhook_url)?;
    app.write(move |tx, scope| provision_demo(tx, scope, &partner)).await?;
    app.refresh_capabilities().await?;

    let stopping = stop_asked();
    if let Some(address) = args.metrics_listen {
        let listener = bind(address, "--metrics-listen").await?;
        tokio::spawn(gate_http::serve_metrics(app.clone(), listener, stopping.clone()));
    }
    let ready = ReadyFile::new(&base_url, shop_url.as_deref(), &credentials);
    let shop = match shop_listener.zip(shop_url) {
        None => None,
        Some((listener, public_url)) => {
            let config = shop_config(&args, &credentials, base_url, public_url)?;
            Some(tokio::spawn(gate_shop::serve(config, listener, stopped(stopping.clone()))))
        }
    };
    // `gate listen` and its like find the sandbox here, on whatever port it is.
    ready.write(&data_dir.path(READY_FILE))?;
    if let Some(path) = &args.ready_file {
        ready.write(path)?;
    }
    println!("{}", ready.greeting());
    let http = HttpConfig { rate_limits: args.rate_limit, ..HttpConfig::default() };
    let database = database_text(args.database.as_deref(), &args.data_dir)?;
    let admin = admin_socket(&args.data_dir, database);
    run_gateway(app, &http, admin, listener, stopping).await?;
    if let Some(shop) = shop {
        shop.await.context("the shop broke off")??;
    }
    Ok(())
}

fn store_options(args: &DevArgs, data_dir: &DataDir) -> Result<StoreOptions> {
    match &args.database {
        Some(url) => Ok(StoreOptions::from_url(url)?),
        None => Ok(StoreOptions::sqlite(data_dir.path("gate.db"))),
    }
}

fn open_store(options: StoreOptions, args: &DevArgs) -> Result<Store> {
    Store::open(options).map_err(|error| match error {
        StoreError::InUse(why) => anyhow::anyhow!(
            "{why} Another gate may be running on {}: stop it, or choose another --data-dir.",
            args.data_dir.display()
        ),
        error => anyhow::Error::new(error).context("cannot open the database"),
    })
}

/// The sandbox partner: the same folder gives the same keys again.
fn demo_partner(
    credentials: &Credentials,
    shop: Option<SocketAddr>,
    webhook_url: Option<String>,
) -> Result<Provision> {
    // A browser may call the shop by either name.
    let origins =
        shop.map(|shop| [format!("http://{shop}"), format!("http://localhost:{}", shop.port())]);
    let origins = origins
        .map_or_else(|| vec!["http://localhost:3000".to_owned()], |origins| origins.to_vec());
    let endpoint = webhook_url.map(|url| {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            bail!("--webhook-url {url:?} must begin with http:// or https://");
        }
        Ok((credentials.endpoint_id.clone(), url, credentials.webhook_secret()?))
    });
    Ok(Provision {
        partner_id: credentials.partner_id.clone(),
        name: PARTNER_NAME.into(),
        mode: Mode::Test,
        secret_key: (credentials.secret_key_id.clone(), credentials.secret_key.clone()),
        publishable_key: (
            credentials.publishable_key_id.clone(),
            credentials.publishable_key.clone(),
        ),
        origins,
        endpoint: endpoint.transpose()?,
    })
}

fn shop_config(
    args: &DevArgs,
    credentials: &Credentials,
    base_url: String,
    public_url: String,
) -> Result<ShopConfig> {
    Ok(ShopConfig {
        base_url,
        public_url,
        secret_key: SecretKey::parse(&credentials.secret_key)?,
        publishable_key: credentials.publishable_key.clone(),
        webhook_secret: credentials.webhook_secret()?,
        data_dir: args.data_dir.join("shop"),
        reconcile_after: SHOP_RECONCILES_AFTER,
        poll_interval: ShopConfig::POLL_INTERVAL,
        test_hooks: true,
    })
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
