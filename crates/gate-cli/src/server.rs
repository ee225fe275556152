//! The life of a gateway process: serve and work until told to stop, then end in order: requests,
//! leases, and the store last.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use gate_app::App;
use gate_app::workers::Workers;
use gate_app::workers::sender::HttpSender;
use gate_http::{HttpConfig, RateLimits};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing::{info, warn};

use crate::admin_socket::AdminSocket;

/// Serve `app` on `listener`, with its workers, until `stopping` turns true.
pub(crate) async fn run_gateway(
    app: App,
    http: &HttpConfig,
    admin: Option<AdminSocket>,
    listener: TcpListener,
    stopping: watch::Receiver<bool>,
) -> Result<()> {
    let sender = HttpSender::new(app.config().test_reach, app.config().egress_proxy.as_ref());
    let workers = Workers::start(&app, Arc::new(sender));
    let admin = admin.map(|socket| tokio::spawn(socket.serve(app.clone(), stopping.clone())));
    gate_http::serve(app.clone(), http, listener, stopping).await.context("serving the gateway")?;
    info!("stopping");
    workers.stop().await;
    if let Some(admin) = admin {
        admin.await.context("the admin socket broke off")?;
    }
    app.store().close().await;
    info!("stopped");
    Ok(())
}

/// Listen on an address; a refusal says what to do.
pub(crate) async fn bind(address: SocketAddr, option: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "{address} is in use. Stop what listens there, or choose another address with {option}."
        ),
        _ => anyhow::anyhow!("cannot listen on {address}: {error}. Choose another with {option}."),
    })
}

/// The admin socket of a data directory. A gateway serves without one too, and says so.
pub(crate) fn admin_socket(data_dir: &Path, database: String) -> Option<AdminSocket> {
    AdminSocket::bind(data_dir, database)
        .inspect_err(|error| warn!("`gate keys` and the like cannot reach this process: {error:#}"))
        .ok()
}

/// Requests to end, listened to from the moment that this exists.
pub(crate) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    pub(crate) fn listen() -> Self {
        let listen = |kind| signal(kind).expect("signals can be listened to");
        Self {
            terminate: listen(SignalKind::terminate()),
            interrupt: listen(SignalKind::interrupt()),
        }
    }

    /// Resolves at the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Turns true when somebody asks the process to end.
pub(crate) fn stop_asked() -> watch::Receiver<bool> {
    let (mut signals, (stopper, stopping)) = (StopSignals::listen(), watch::channel(false));
    tokio::spawn(async move {
        signals.next().await;
        let _ = stopper.send(true);
    });
    stopping
}

/// Read `--rate-limit`: `off`, or requests a second for each secret key.
pub(crate) fn rate_limit(text: &str) -> Result<RateLimits, String> {
    if text == "off" {
        return Ok(RateLimits::off());
    }
    let per_second = text.parse().map_err(|_| "must be off or a number from 1 to 1000000")?;
    RateLimits::scaled(per_second).ok_or_else(|| "must be off or a number from 1 to 1000000".into())
}
