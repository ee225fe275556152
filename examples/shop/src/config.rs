//! Everything the shop needs to know. It comes from the caller; nothing here reads an environment.

use std::path::PathBuf;
use std::time::Duration;

use gate_partner::{SecretKey, WebhookSecret};

/// How to run the shop.
#[derive(Clone, Debug)]
pub struct ShopConfig {
    /// The gateway's origin, such as `http://127.0.0.1:4000`.
    pub base_url: String,
    /// The shop's own origin as browsers see it. It must be among the partner's allowed origins.
    pub public_url: String,
    /// For the API.
    pub secret_key: SecretKey,
    /// For the pages.
    pub publishable_key: String,
    /// For webhooks.
    pub webhook_secret: WebhookSecret,
    /// Where `shop.db` lives. Made if it is missing.
    pub data_dir: PathBuf,
    /// How long an open order waits for news before its session is read.
    pub reconcile_after: Duration,
    /// How often the workers look, when nothing wakes them earlier.
    pub poll_interval: Duration,
    /// Whether `POST /test/...` exists. For end-to-end tests only: see `hooks.rs`.
    pub test_hooks: bool,
}

impl ShopConfig {
    /// The default of [`Self::reconcile_after`].
    pub const RECONCILE_AFTER: Duration = Duration::from_secs(10);
    /// The default of [`Self::poll_interval`].
    pub const POLL_INTERVAL: Duration = Duration::from_secs(1);
}
