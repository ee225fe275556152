//! The running shop: its configuration, its gateway, its file and its clock.

use std::fs::create_dir_all;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use gate_partner::Gate;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::config::ShopConfig;
use crate::db::Db;

/// Shared by every request and both workers.
pub(crate) struct Shop {
    pub(crate) config: ShopConfig,
    pub(crate) gate: Gate,
    pub(crate) db: Db,
    clock: Clock,
    /// Rung when an event was stored, so that the worker need not wait for its timer.
    pub(crate) inbox_bell: Notify,
    /// A test hook: see `hooks.rs`.
    pub(crate) hold_webhooks: AtomicBool,
}

impl Shop {
    pub(crate) fn open(mut config: ShopConfig, clock: Clock) -> anyhow::Result<Arc<Self>> {
        create_dir_all(&config.data_dir)
            .with_context(|| format!("making {}", config.data_dir.display()))?;
        config.public_url.truncate(config.public_url.trim_end_matches('/').len());
        let path = config.data_dir.join("shop.db");
        let db = Db::open(&path).with_context(|| format!("opening {}", path.display()))?;
        let gate = Gate::new(&config.base_url, config.secret_key.clone())
            .context("setting up the gateway's client")?;
        Ok(Arc::new(Self {
            config,
            gate,
            db,
            clock,
            inbox_bell: Notify::new(),
            hold_webhooks: AtomicBool::new(false),
        }))
    }

    /// Unix milliseconds.
    pub(crate) fn now(&self) -> i64 {
        (self.clock)()
    }
}
