//! Put an application together from a configuration.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use gate_app::egress::EgressProxy;
use gate_app::master_key::{MasterKeyError, check_master_key};
use gate_app::screening::SanctionsList;
use gate_app::{App, AppConfig, Clock, Vault};
use gate_rails::Rails;
use gate_rails::mail::Smtp;
use gate_store::{Store, StoreOptions};

use crate::config::Config;
use crate::dev_files::DataDir;

const DAY_MS: i64 = 24 * 3_600_000;

/// Open the database and everything that goes with it. `listens_on` is where the gateway is reached
/// when the configuration does not say so; without it, nobody reaches it.
pub(crate) async fn open_app(
    config: &Config,
    options: StoreOptions,
    listens_on: Option<SocketAddr>,
) -> Result<App> {
    DataDir::open(&config.data_dir)?;
    let base_url = match listens_on {
        Some(address) => config.base_url(address)?,
        None => config.public_url.clone().unwrap_or_default(),
    };
    let mut app_config = AppConfig {
        modes: config.modes.clone(),
        test_reach: config.test_reach,
        egress_proxy: config.egress_proxy.clone(),
        retention_ms: config.retention_days.map(|days| days * DAY_MS),
        ..AppConfig::sandbox(base_url)
    };
    if let Some(seconds) = config.webhook_delay_max_s {
        app_config.deliveries.late_ms_max = seconds * 1_000;
    }
    if let Some(path) = &config.capabilities {
        let catalogue = gate_app::capabilities::read_file(path);
        app_config.catalogue = Arc::new(catalogue.context("the capabilities cannot be used")?);
    }
    app_config.sanctions = sanctions(config.sanctions_list.as_deref())?;
    if let Some(smtp) = smtp(config)? {
        app_config.mailer = Some(Arc::new(smtp));
    }
    let key_file = config.master_key_file();
    let fresh = key_file.clone().filter(|path| !path.exists());
    let vault = Vault::new(&config.master_key()?);
    let store = Store::open(options)?;
    let rails = rails(config.prices.as_deref(), config.egress_proxy.as_ref())?;
    let app = App::new(store, Clock::system(), vault, rails, app_config);
    let place = key_file.unwrap_or_else(|| "GATE_MASTER_KEY".into());
    if let Err(refused) = see_that_the_key_fits(&app, &place).await {
        // A key that was made a moment ago must not be taken for the right one.
        if let Some(path) = fresh {
            let _ = std::fs::remove_file(path);
        }
        return Err(refused);
    }
    app.refresh_capabilities().await?;
    Ok(app)
}

/// The list of sanctions, if one is named.
pub(crate) fn sanctions(path: Option<&Path>) -> Result<Option<SanctionsList>> {
    let list = path.map(SanctionsList::open).transpose();
    list.context("the list of sanctions cannot be used")
}

/// The mail server, if one is named. Nobody asks it yet.
pub(crate) fn smtp(config: &Config) -> Result<Option<Smtp>> {
    let Some((url, from)) = config.mail.clone() else { return Ok(None) };
    Ok(Some(Smtp::new(url, from).context("the mail server cannot be used")?))
}

/// The simulator, with prices from wherever a file says.
pub(crate) fn rails(prices: Option<&Path>, proxy: Option<&EgressProxy>) -> Result<Rails> {
    let rails = Rails::simulated();
    let Some(path) = prices else { return Ok(rails) };
    let prices = gate_rails::prices::read_file(path, proxy.map(EgressProxy::as_str))
        .context("the prices cannot be used")?;
    Ok(rails.with_prices(prices))
}

/// With another master key, nothing that rests sealed in this database could be opened.
pub(crate) async fn see_that_the_key_fits(app: &App, place: &Path) -> Result<()> {
    match app.write(check_master_key).await {
        Ok(()) => Ok(()),
        Err(MasterKeyError::Another) => bail!(
            "the secrets in this database rest under another master key than the one in {}. Put the right one there: nothing that is sealed can be opened without it.",
            place.display()
        ),
        Err(MasterKeyError::Store(error)) => Err(error.into()),
    }
}
