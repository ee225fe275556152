//! Real requests to a receiver that speaks raw TCP, kind or unkind.

use std::net::SocketAddr;
use std::time::Duration;

use gate_app::egress::{EgressProxy, Reach};
use gate_app::testing::{ScriptedSender, World};
use gate_app::workers::deliveries::deliver_due;
use gate_app::workers::sender::{ANSWER_BYTES_KEPT_MAX, HttpSender, Outgoing, Sender, Sent};
use gate_domain::delivery::FailureClass;
use gate_domain::ids::Mode;
use gate_store::testing::{TestStore, block_on};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Long enough for anything that is not meant to run into it.
const AMPLE: Duration = Duration::from_secs(30);

fn sender(deadline: Duration) -> HttpSender {
    let _ = rustls::crypto::ring::default_provider().install_default(); // or another test has
    HttpSender::within(Reach::Anywhere, None, deadline)
}

/// One request as it comes in: its head, then its body.
async fn receive(connection: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let read = connection.read(&mut chunk).await.unwrap();
        assert_ne!(read, 0, "the request broke off");
        bytes.extend_from_slice(&chunk[..read]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        if bytes.len() >= end + 4 + length.parse::<usize>().unwrap() {
            return (head, bytes[end + 4..].to_vec());
        }
    }
}

/// A receiver that answers its first request like this; the URL to reach it, and what it got.
async fn answering(answer: &'static [u8]) -> (String, JoinHandle<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks?key=planted", listener.local_addr().unwrap());
    let got = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let got = receive(&mut connection).await;
        connection.write_all(answer).await.unwrap();
        got
    });
    (url, got)
}

async fn post(url: &str, deadline: Duration) -> Sent {
    let headers = vec![("content-type".into(), "application/json".to_owned())];
    sender(deadline)
        .send(Outgoing { mode: Mode::Test, url: url.into(), headers, body: "{}".into() })
        .await
}

fn error(sent: Sent) -> String {
    match sent {
        Sent::Failed { error, .. } => error,
        Sent::Answered { status, .. } => panic!("answered {status}"),
    }
}

#[test]
fn the_bytes_that_arrive_are_the_bytes_that_were_signed() {
    let store = TestStore::sqlite();
    block_on(async {
        let world = World::over(&store).await;
        let (url, got) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine").await;
        let secret = world.add_endpoint(&url).await;
        world.create_with(|terms| terms.metadata = r#"{"note":"Grüße, 猫"}"#.into()).await;
        let tally = deliver_due(&world.app, &sender(AMPLE)).await.unwrap();
        assert_eq!(tally.succeeded, 1, "the other endpoint does not exist");

        let (head, body) = got.await.unwrap();
        assert!(head.starts_with("POST /hooks?key=planted HTTP/1.1\r\n"), "{head}");
        let header = |name: &str| {
            let found = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
            found.unwrap_or_else(|| panic!("{name} in {head}")).to_owned()
        };
        let now = world.now().unix_seconds();
        assert_eq!(secret.verify(&header("gate-signature"), &body, now), Ok(()));
        let standard = secret.standard_signature(&header("webhook-id"), now, &body);
        assert_eq!(header("webhook-signature"), standard);
        let event: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(event["id"], header("x-0bit-event-id"));
        assert_eq!(event["data"]["metadata"]["note"], "Grüße, 猫");
        for name in ["x-0bit-timestamp", "x-0bit-event-type", "webhook-timestamp", "user-agent"] {
            header(name);
        }
    });
}

#[test]
fn a_proxy_is_asked_only_for_what_was_checked() {
    block_on(async {
        let _ = rustls::crypto::ring::default_provider().install_default(); // or another test has
        let (proxy, got) = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let proxy = EgressProxy::parse(proxy.split("/hooks").next().unwrap()).unwrap();
        let sender = HttpSender::within(Reach::Anywhere, Some(&proxy), AMPLE);
        let post = |mode, url: &str| {
            let headers = vec![("content-type".into(), "application/json".to_owned())];
            sender.send(Outgoing { mode, url: url.into(), headers, body: "{}".into() })
        };
        // What is live never goes inside, whoever would connect.
        let refused = post(Mode::Live, "https://127.0.0.1/hooks").await;
        assert!(error(refused).contains("webhooks go to public addresses only"));
        let sent = post(Mode::Test, "http://127.0.0.1:9/hooks").await;
        assert_eq!(sent, Sent::answered(200, ""));
        let (head, _) = got.await.unwrap();
        assert!(head.starts_with("POST http://127.0.0.1:9/hooks HTTP/1.1\r\n"), "{head}");
    });
    for wrong in ["", "proxy:3128", "https://127.0.0.1:1", "http://u:p@127.0.0.1:1", "http://a:1/x"]
    {
        assert_eq!(EgressProxy::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn redirects_are_not_followed() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let elsewhere = format!("http://{}/", listener.local_addr().unwrap());
        for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
            let answer =
                format!("HTTP/1.1 {status}\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\n\r\n");
            let (url, got) = answering(answer.leak().as_bytes()).await;
            let Sent::Answered { status: told, .. } = post(&url, AMPLE).await else {
                panic!("it answered")
            };
            assert!(status.starts_with(&told.to_string()));
            got.await.unwrap();
        }
        let nobody = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
        assert!(nobody.is_err(), "somebody went there");
    });
}

#[test]
fn an_answer_without_end_is_cut() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let flood = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            receive(&mut connection).await;
            connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            while connection.write_all(&[b'x'; 8192]).await.is_ok() {}
        });
        let Sent::Answered { status, excerpt, .. } = post(&url, AMPLE).await else { panic!("200") };
        assert_eq!((status, excerpt.len()), (200, ANSWER_BYTES_KEPT_MAX));
        flood.await.unwrap(); // the connection was given up
    });
}

#[test]
fn an_answer_that_drips_is_cut_at_the_deadline() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let drip = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            receive(&mut connection).await;
            let mut drops = tokio::time::interval(Duration::from_millis(5));
            connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            while connection.write_all(b"x").await.is_ok() {
                drops.tick().await;
            }
        });
        let sent = post(&url, Duration::from_millis(200)).await;
        assert_eq!(error(sent), "no complete answer within 200ms");
        drip.await.unwrap(); // the connection was given up
    });
}

#[test]
fn silence_and_closed_doors_are_failures_that_name_no_secret() {
    block_on(async {
        // Where no other test is given the port once it is free.
        let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let url = format!("http://user:planted@{}/?key=planted", listener.local_addr().unwrap());
        let said = error(post(&url, Duration::from_millis(100)).await);
        assert_eq!(said, "no complete answer within 100ms");
        drop(listener);
        let said = error(post(&url, AMPLE).await);
        assert!(said.starts_with("could not connect: "), "{said}");

        let (breaks_off, _got) =
            answering(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf").await;
        let (nonsense, _got) = answering(b"planted nonsense\r\n\r\n").await;
        for url in [&url, &breaks_off, &nonsense, "ftp://user:planted@x/", "planted", ""] {
            let said = error(post(url, AMPLE).await);
            assert!(!said.contains("planted"), "{said}");
        }
    });
}

/// A listener that says this once it has heard something, and no more; its address.
async fn saying(words: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        assert_ne!(connection.read(&mut [0; 4096]).await.unwrap(), 0, "nothing was said");
        // Whoever has heard enough goes away.
        let _ = connection.write_all(&words).await;
        let _ = connection.shutdown().await;
        let _ = tokio::io::copy(&mut connection, &mut tokio::io::sink()).await;
    });
    address
}

#[test]
fn what_is_no_answer_is_told_in_one_word() {
    block_on(async {
        let endless = [b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'x'; 1 << 20]].concat();
        let cut_off = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec();
        for (scheme, words, expected) in [
            ("http", endless, FailureClass::TooLarge),
            ("http", cut_off, FailureClass::Protocol),
            ("http", b"<html>It works!</html>\n".to_vec(), FailureClass::Protocol),
            ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), FailureClass::Tls),
        ] {
            let sent = post(&format!("{scheme}://{}/", saying(words).await), AMPLE).await;
            assert!(matches!(sent, Sent::Failed { class, .. } if class == expected), "{sent:?}");
        }
        // Where no other test is given the port once it is free.
        let nobody = TcpListener::bind("127.0.0.2:0").await.unwrap().local_addr().unwrap();
        let sent = post(&format!("http://{nobody}/"), AMPLE).await;
        assert!(matches!(sent, Sent::Failed { class: FailureClass::Connect, .. }), "{sent:?}");
    });
}

#[test]
fn what_cannot_be_stored_in_an_answer_is_replaced() {
    let answer = b"HTTP/1.1 500 Oops\r\ncontent-length: 5\r\n\r\na\0b\xFFc";
    for store in [TestStore::sqlite(), TestStore::postgres()] {
        block_on(async {
            let world = World::over(&store).await;
            deliver_due(&world.app, &ScriptedSender::default()).await.unwrap();
            let (url, got) = answering(answer).await;
            world.add_endpoint(&url).await;
            world.create().await;
            let tally = deliver_due(&world.app, &sender(AMPLE)).await.unwrap();
            assert_eq!(tally.retried, 2);
            got.await.unwrap();
            let rows = crate::deliveries::deliveries(&world).await;
            let row = rows.iter().find(|row| row.target_url == url).unwrap();
            let written = crate::schedule::attempts(&world, &row.id).await;
            assert_eq!(written[0].5.as_deref(), Some("a\u{FFFD}b\u{FFFD}c"));
        });
    }
}

#[test]
fn a_live_webhook_never_reaches_this_machine() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1"] {
            let outgoing = Outgoing {
                mode: Mode::Live,
                url: format!("http://{host}:{port}/hooks"),
                headers: Vec::new(),
                body: "{}".into(),
            };
            let why = error(sender(AMPLE).send(outgoing).await);
            assert!(why.contains("webhooks go to public addresses only"), "{host}: {why}");
        }
        let knocked = tokio::time::timeout(Duration::ZERO, listener.accept()).await;
        assert!(knocked.is_err(), "nobody was connected to");
    });
}
