//! The whole shop, as `gate dev` runs it.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::stub::StubGate;
use super::world::config;
use crate::serve;

async fn request(address: &str, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let text = format!(
        "{head} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn it_serves_reconciles_by_itself_and_stops_when_told() {
    let (gate, base_url) = StubGate::serve().await;
    let dir = tempfile::tempdir().unwrap();
    let mut config = config(&base_url, dir.path());
    config.reconcile_after = Duration::ZERO;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (running, stopped) = oneshot::channel::<()>();
    let shutdown = async move { stopped.await.unwrap_or(()) };
    let shop = tokio::spawn(serve(config, listener, shutdown));

    let form = format!("purchase={}&amount=100.00", "0".repeat(26));
    let bought = request(&address, "POST /orders", &form).await;
    let order = bought.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    request(&address, &format!("GET {order}/pay"), "").await;
    let session = gate.session_ids().pop().unwrap();
    gate.set(&session, "completed", "settled", "2026-05-01T00:00:00.000Z");

    let completed = async {
        while !request(&address, &format!("GET {order}/status"), "").await.contains("Completed") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), completed).await.unwrap();
    running.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(20), shop).await.unwrap().unwrap().unwrap();
}
