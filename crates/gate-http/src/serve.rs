//! Serving until told to stop. Requests that are being answered may end; nothing waits for ever.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use gate_app::App;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::warn;

use crate::config::HttpConfig;

/// How long requests that are being answered may take to end: 10 s.
const GRACE: Duration = Duration::from_secs(10);

/// Serve `app` on `listener` until `stopping` turns true.
///
/// # Errors
/// What the listener answers when it cannot take connections any more.
pub async fn serve(
    app: App,
    config: &HttpConfig,
    listener: TcpListener,
    mut stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let router = crate::router(app, config, stopping.clone());
    let listener = listener.tap_io(|connection| {
        // Small answers should not wait for more to come.
        let _ = connection.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let mut signal = stopping.clone();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        let _ = signal.wait_for(|stopping| *stopping).await;
    });
    let overdue = async {
        let _ = stopping.wait_for(|stopping| *stopping).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = server.into_future() => ended,
        () = overdue => {
            warn!("a connection did not end in time");
            Ok(())
        }
    }
}
