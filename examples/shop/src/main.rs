//! The shop as a program of its own, against any gateway.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use gate_shop::{SecretKey, ShopConfig, WebhookSecret, serve};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// A small shop that sells USDC through 0Gate.
#[derive(Parser)]
#[command(version)]
struct Flags {
    /// The gateway's origin
    #[arg(long, env = "SHOP_BASE_URL", default_value = "http://127.0.0.1:4000")]
    base_url: String,
    /// The shop's own origin, as browsers see it [default: http:// and the listening address]
    #[arg(long, env = "SHOP_PUBLIC_URL")]
    public_url: Option<String>,
    /// The secret key. Prefer the variable: other users can see flags
    #[arg(long, env = "SHOP_SECRET_KEY", hide_env_values = true)]
    secret_key: String,
    /// The publishable key
    #[arg(long, env = "SHOP_PUBLISHABLE_KEY")]
    publishable_key: String,
    /// The webhook secret. Prefer the variable
    #[arg(long, env = "SHOP_WEBHOOK_SECRET", hide_env_values = true)]
    webhook_secret: String,
    /// Where to listen
    #[arg(long, env = "SHOP_LISTEN", default_value = "127.0.0.1:4100")]
    listen: SocketAddr,
    /// Where the shop keeps its file
    #[arg(long, env = "SHOP_DATA_DIR", default_value = ".gate/shop")]
    data_dir: PathBuf,
    /// How long an open order waits for a webhook before its session is read, in seconds
    #[arg(long, env = "SHOP_RECONCILE_AFTER", default_value_t = 10)]
    reconcile_after: u64,
    /// Offer the hooks for end-to-end tests
    #[arg(long, env = "SHOP_TEST_HOOKS")]
    test_hooks: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).init();
    let flags = Flags::parse();
    let listener = TcpListener::bind(flags.listen)
        .await
        .with_context(|| format!("listening on {}", flags.listen))?;
    let own = format!("http://{}", listener.local_addr()?);
    let public_url = flags.public_url.unwrap_or(own);
    let config = ShopConfig {
        base_url: flags.base_url,
        public_url: public_url.clone(),
        secret_key: SecretKey::parse(&flags.secret_key)?,
        publishable_key: flags.publishable_key,
        webhook_secret: WebhookSecret::parse(&flags.webhook_secret)?,
        data_dir: flags.data_dir,
        reconcile_after: Duration::from_secs(flags.reconcile_after),
        poll_interval: ShopConfig::POLL_INTERVAL,
        test_hooks: flags.test_hooks,
    };
    tracing::info!("the shop is at {public_url}; its webhooks go to {public_url}/webhooks/0gate");
    serve(config, listener, interrupted()).await
}

async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a signal handler there is nothing to wait for but the end of the process.
        std::future::pending::<()>().await;
    }
}
