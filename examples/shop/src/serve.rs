//! Running it all: the pages, the inbox worker and the reconciler, until told to stop.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::chain::chain;
use crate::config::ShopConfig;
use crate::shop::Shop;
use crate::{clock, inbox, reconcile, routes};

/// How long open connections may take to end.
const GRACE: Duration = Duration::from_secs(10);

/// Serve the shop on `listener` until `shutdown` resolves; then finish what runs and return.
///
/// It installs no logger and reads no environment, so that `gate dev` can run it beside a gateway.
pub async fn serve(
    config: ShopConfig,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let shop = Shop::open(config, clock::system())?;
    let (running, stopped) = watch::channel(());
    let workers = [
        tokio::spawn(run_inbox(Arc::clone(&shop), stopped.clone())),
        tokio::spawn(run_reconciler(Arc::clone(&shop), stopped.clone())),
    ];
    let signal = async move {
        shutdown.await;
        drop(running); // a dropped sender is what everybody waits for
    };
    let server = axum::serve(listener, routes::router(shop)).with_graceful_shutdown(signal);
    let overdue = async {
        until(stopped).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = server.into_future() => ended.context("serving the shop")?,
        () = overdue => tracing::warn!("a connection did not end in time"),
    }
    for worker in workers {
        worker.await.context("a worker of the shop broke off")?;
    }
    Ok(())
}

/// Process events when the bell rings, and on a timer in case it was missed.
async fn run_inbox(shop: Arc<Shop>, stopped: watch::Receiver<()>) {
    loop {
        if let Err(error) = inbox::process_inbox(&shop).await {
            tracing::error!(
                error = chain(&error),
                "the inbox could not be processed; trying again"
            );
        }
        tokio::select! {
            () = until(stopped.clone()) => return,
            () = shop.inbox_bell.notified() => {}
            () = tokio::time::sleep(shop.config.poll_interval) => {}
        }
    }
}

/// Read what is due, on a timer. A stop does not wait for the gateway: what was not read will be.
async fn run_reconciler(shop: Arc<Shop>, stopped: watch::Receiver<()>) {
    loop {
        tokio::select! {
            () = until(stopped.clone()) => return,
            result = reconcile::reconcile_orders(&shop) => if let Err(error) = result {
                tracing::error!(error = chain(&error), "orders could not be reconciled; trying again");
            },
        }
        tokio::select! {
            () = until(stopped.clone()) => return,
            () = tokio::time::sleep(shop.config.poll_interval) => {}
        }
    }
}

async fn until(mut stopped: watch::Receiver<()>) {
    // Nothing is ever sent; the only news is that the sender is gone.
    while stopped.changed().await.is_ok() {}
}
