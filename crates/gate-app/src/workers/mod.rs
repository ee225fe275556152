//! The workers: each looks at what is due and does it. A signal may wake one early, a timer always
//! does, and both run the same path; what is due is decided by the store alone.

mod attempts;
pub mod audit;
pub mod capabilities;
pub mod clock_steps;
pub mod commands;
pub mod deliveries;
pub mod endpoints;
pub mod identity;
pub mod key_uses;
pub mod lanes;
pub mod mails;
mod prices;
mod pulse;
pub mod replays;
pub mod retention;
mod sanctions;
pub mod sender;
mod statistics;
pub mod sweep;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use gate_store::StoreError;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{debug, error};

use crate::app::App;
pub(crate) use pulse::Pulses;
use sender::Sender;

/// How often a worker looks when nobody wakes it.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a pass may take before its worker counts as stuck.
const PASS_MAX: Duration = Duration::from_secs(30);

/// Running workers. Dropping it stops nothing; [`Workers::stop`] does.
pub struct Workers {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Workers {
    /// Start every worker of this process.
    pub fn start(app: &App, sender: Arc<dyn Sender>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(deliveries::run(app.clone(), sender, stopped.clone()));
        tasks.spawn(audit::run(app.clone(), stopped.clone()));
        tasks.spawn(capabilities::run(app.clone(), stopped.clone()));
        tasks.spawn(clock_steps::run(app.clone(), stopped.clone()));
        tasks.spawn(commands::run(app.clone(), stopped.clone()));
        tasks.spawn(identity::run(app.clone(), stopped.clone()));
        tasks.spawn(key_uses::run(app.clone(), stopped.clone()));
        tasks.spawn(mails::run(app.clone(), stopped.clone()));
        tasks.spawn(prices::run(app.clone(), stopped.clone()));
        tasks.spawn(replays::run(app.clone(), stopped.clone()));
        tasks.spawn(retention::run(app.clone(), stopped.clone()));
        tasks.spawn(statistics::run(app.clone(), stopped.clone()));
        if let Some(list) = &app.config().sanctions {
            tasks.spawn(sanctions::run(app.clone(), list.clone(), stopped.clone()));
        }
        tasks.spawn(sweep::run(app.clone(), stopped));
        Self { tasks, stop }
    }

    /// Claim nothing more, let what runs end within its lease, then return.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                error!(%error, "a worker ended badly");
            }
        }
    }
}

/// Make what this process's predecessor had leased due again. Only for a process that knows that it
/// is the only one on its database, as on SQLite.
pub async fn release_predecessors(app: &App) -> Result<(), StoreError> {
    use gate_domain::Millis;
    let (deliveries, commands, checks, mails) = app
        .write(|tx, scope| {
            let deliveries = tx.release_deliveries(Millis(i64::MAX), scope.now)?;
            let commands = tx.release_commands(scope.now)?;
            let checks = tx.release_identity_checks(scope.now)?;
            let mails = tx.release_mails(scope.now)?;
            Ok::<_, StoreError>((deliveries, commands, checks, mails))
        })
        .await?;
    if deliveries + commands + checks + mails > 0 {
        debug!(deliveries, commands, checks, mails, "released what the process before had leased");
    }
    Ok(())
}

/// Run passes until told to stop, looking each second. A pass answers whether there may be more to
/// do at once.
pub(crate) async fn run_passes<F, Pass>(
    app: &App,
    name: &'static str,
    wake: &Notify,
    stopped: watch::Receiver<bool>,
    pass: F,
) where
    F: FnMut() -> Pass,
    Pass: Future<Output = Result<bool, StoreError>>,
{
    run_passes_every(LOOK_EVERY, app, name, wake, stopped, pass).await;
}

/// The same, looking this often.
pub(crate) async fn run_passes_every<F, Pass>(
    look_every: Duration,
    app: &App,
    name: &'static str,
    wake: &Notify,
    mut stopped: watch::Receiver<bool>,
    mut pass: F,
) where
    F: FnMut() -> Pass,
    Pass: Future<Output = Result<bool, StoreError>>,
{
    while !*stopped.borrow() {
        app.pulses().beat(name, Instant::now() + look_every + PASS_MAX);
        // A panic in one pass must not end the worker: it is told, and the next pass looks again.
        match AssertUnwindSafe(pass()).catch_unwind().await {
            Ok(Ok(true)) => continue,
            Ok(Ok(false)) => {}
            Ok(Err(error)) => {
                error!(%error, "a pass of the {name} worker failed; it will look again");
            }
            Err(_) => error!("a pass of the {name} worker broke off; it will look again"),
        }
        tokio::select! {
            () = wake.notified() => {}
            () = tokio::time::sleep(look_every) => {}
            _ = stopped.changed() => {}
        }
    }
    app.pulses().rest(name);
}
