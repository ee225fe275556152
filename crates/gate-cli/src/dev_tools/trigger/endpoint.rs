//! An endpoint that goes wrong on purpose: a receiver in this process, which the gateway is made to send
//! to until it draws its conclusions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use gate_partner::Request;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::super::gateway::{Gateway, idempotency_key};
use super::super::out::{Progress, usage};
use super::id_of;
use super::make::{Made, customer_body};
use super::sets::Sets;

/// What an endpoint can be made to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It fails until it is left alone.
    Paused,
    /// And then it takes what is sent.
    Resumed,
    /// It says that it is gone.
    Disabled,
}

const LOOK_EVERY: Duration = Duration::from_millis(50);
/// An attempt that was asked for and does not come is asked for again.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(3);
/// Longer than ten attempts take, or the first pause.
const PATIENCE: Duration = Duration::from_secs(90);

/// A receiver that answers what it is told to.
struct Receiver {
    url: String,
    status: Arc<AtomicU16>,
}

pub(super) async fn make(
    gateway: &Gateway,
    sets: &Sets,
    fate: Fate,
    made: &mut Made,
) -> Result<()> {
    if !gateway.is_on_this_machine() {
        return Err(usage(
            "This takes an endpoint that goes wrong on purpose, on this machine: the gateway has to be here too.",
        ));
    }
    let receiver = Receiver::start(if fate == Fate::Disabled { 410 } else { 500 }).await?;
    let body = json!({ "url": receiver.url, "event_types": ["customer.created"],
        "description": "made by gate trigger, to go wrong" });
    let request = Request::post(&["v1", "webhook_endpoints"])
        .body(&sets.apply("endpoint", body)?)
        .key(idempotency_key());
    let endpoint = id_of(&gateway.ask::<Value>(&request).await?)?;
    made.add("endpoint", &endpoint, "Made");
    let ended = lead(gateway, &receiver, &endpoint, fate, made).await;
    // It has served its purpose, or never will.
    let remove = Request::delete(&["v1", "webhook_endpoints", &endpoint]);
    let removed = gateway.ask::<Value>(&remove).await;
    ended?;
    removed?;
    made.step(format!("Removed {endpoint}"));
    endpoint.clone_into(&mut made.subject);
    Ok(())
}

/// Lead an endpoint to its fate.
async fn lead(
    gateway: &Gateway,
    receiver: &Receiver,
    endpoint: &str,
    fate: Fate,
    made: &mut Made,
) -> Result<()> {
    let place = gateway.end_of_feed().await?;
    let request = Request::post(&["v1", "customers"]).body(&customer_body());
    let customer = id_of(&gateway.ask::<Value>(&request.key(idempotency_key())).await?)?;
    made.add("customer", &customer, "Created");
    let request = Request::get(&["v1", "events"])
        .query("after", Some(place))
        .query("type", Some("customer.created"));
    let events = gateway.events(&request).await?;
    let event = events.into_iter().find(|event| event.subject() == customer);
    let event = event.context("the customer made no event")?.id;
    let started = Instant::now();
    if fate == Fate::Disabled {
        while look(gateway, endpoint).await?["status"] != "disabled" {
            if started.elapsed() > PATIENCE {
                bail!("{endpoint} answered 410 and was not switched off.");
            }
        }
        made.step(format!("Answered 410 for {endpoint}"));
        return Ok(());
    }
    let (mut failures, mut asked) = (0, Instant::now());
    loop {
        let health = look(gateway, endpoint).await?["health"].take();
        if health["state"] == "paused" {
            made.step(format!("Refused {} attempts for {endpoint}", health["failures_in_row"]));
            break;
        }
        if started.elapsed() > PATIENCE {
            bail!("{endpoint} was not paused, though it failed {failures} times.");
        }
        // The schedule would take hours: each attempt that has failed is asked for again.
        let failed = health["failures_in_row"].as_i64().unwrap_or(0);
        if failed > failures || asked.elapsed() > ASK_AGAIN_AFTER {
            send_again(gateway, &event, endpoint).await?;
            (failures, asked) = (failed, Instant::now());
        }
    }
    if fate == Fate::Paused {
        return Ok(());
    }
    receiver.status.store(200, Ordering::SeqCst);
    send_again(gateway, &event, endpoint).await?;
    let started = Instant::now();
    let mut progress = Progress::new();
    while started.elapsed() < PATIENCE {
        if look(gateway, endpoint).await?["health"]["state"] == "ok" {
            made.step(format!("Accepted what was sent to {endpoint} after its pause"));
            return Ok(());
        }
        progress.show(&format!("The pause is half a minute: {} s", started.elapsed().as_secs()));
        tokio::time::sleep(LOOK_EVERY * 10).await;
    }
    bail!("{endpoint} was not asked again within {} s.", PATIENCE.as_secs())
}

/// The endpoint as it is now.
async fn look(gateway: &Gateway, endpoint: &str) -> Result<Value> {
    // What an answer leads to is written down a moment after it is given.
    tokio::time::sleep(LOOK_EVERY).await;
    gateway.ask(&Request::get(&["v1", "webhook_endpoints", endpoint])).await
}

async fn send_again(gateway: &Gateway, event: &str, endpoint: &str) -> Result<()> {
    let body = json!({ "event_ids": [event], "endpoint_id": endpoint });
    let request = Request::post(&["v1", "webhooks", "replay"]).body(&body);
    gateway.ask::<Value>(&request.key(idempotency_key())).await.map(drop)
}

impl Receiver {
    async fn start(status: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("cannot listen")?;
        let url = format!("http://{}/", listener.local_addr()?);
        let status = Arc::new(AtomicU16::new(status));
        let answer = status.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Whoever breaks off gets no answer and comes again.
                let _ = take(stream, answer.load(Ordering::SeqCst)).await;
            }
        });
        Ok(Self { url, status })
    }
}

/// Take one request and answer it.
async fn take(mut stream: TcpStream, status: u16) -> std::io::Result<()> {
    let (read, mut write) = stream.split();
    let mut reader = BufReader::new(read);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).await? == 0 || line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    tokio::io::copy(&mut reader.take(length), &mut tokio::io::sink()).await?;
    let head = format!("HTTP/1.1 {status} Said\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    write.write_all(head.as_bytes()).await?;
    write.shutdown().await
}
