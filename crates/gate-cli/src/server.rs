//! The life of a gateway process: serve and work until told to stop, then end in order: requests,
//! leases, and the store last.

use std::sync::Arc;

use anyhow::{Context, Result};
use gate_app::App;
use gate_app::workers::Workers;
use gate_app::workers::sender::HttpSender;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::info;

/// Serve `app` on `listener`, with its workers, until `stopping` turns true.
pub(crate) async fn run_gateway(
    app: App,
    listener: TcpListener,
    stopping: watch::Receiver<bool>,
) -> Result<()> {
    let workers = Workers::start(&app, Arc::new(HttpSender::new()));
    gate_http::serve(app.clone(), listener, stopping).await.context("serving the gateway")?;
    info!("stopping");
    workers.stop().await;
    app.store().close().await;
    info!("stopped");
    Ok(())
}

/// Resolves when somebody asks the process to end.
pub(crate) async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be listened to");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
