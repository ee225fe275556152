//! A partner's server: takes requests, keeps them as they came, and answers what it is told to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver as Channel, Sender, channel};

use gate_wire::signature::WebhookSecret;
use serde_json::Value;

use crate::PATIENCE;

pub(crate) struct Receiver {
    port: u16,
    status: Arc<AtomicU16>,
    answers_left: Arc<AtomicUsize>,
    requests: Channel<Received>,
}

/// A request, byte for byte.
pub(crate) struct Received {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub(crate) fn on(listener: TcpListener) -> Self {
        let port = listener.local_addr().unwrap().port();
        let status = Arc::new(AtomicU16::new(200));
        let (sender, requests) = channel();
        let answers_left = Arc::new(AtomicUsize::new(usize::MAX));
        let (answer, left) = (status.clone(), answers_left.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                take(&stream.unwrap(), &answer, &left, &sender);
            }
        });
        Self { port, status, answers_left, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks", self.port)
    }

    /// Answer with this from now on.
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// Answer so many, and leave what comes then without an answer.
    pub(crate) fn answer_only(&self, count: usize) {
        self.answers_left.store(count, Ordering::SeqCst);
    }

    pub(crate) fn next(&self) -> Received {
        self.requests.recv_timeout(PATIENCE).expect("nothing more arrives")
    }

    /// Nothing has arrived that was not looked at.
    pub(crate) fn is_quiet(&self) -> bool {
        self.requests.try_recv().is_err()
    }
}

fn take(
    stream: &TcpStream,
    status: &AtomicU16,
    answers_left: &AtomicUsize,
    requests: &Sender<Received>,
) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).unwrap_or(0) == 0 {
            return;
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    let received = Received { head, body: String::from_utf8(body).unwrap() };
    let _ = requests.send(received);
    let one_less = |left: usize| left.checked_sub(1);
    while answers_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_err() {
        std::thread::yield_now();
    }
    let status = status.load(Ordering::SeqCst);
    let mut stream = stream;
    let _ = write!(
        stream,
        "HTTP/1.1 {status} Said\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"
    );
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.unwrap_or_else(|| panic!("no {name} in {}", self.head)).1
    }

    pub(crate) fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// It verifies in both schemes, now.
    pub(crate) fn verify(&self, secret: &str) {
        let secret = WebhookSecret::parse(secret).unwrap();
        let time: i64 = self.header("webhook-timestamp").parse().unwrap();
        let header = self.header("gate-signature");
        assert_eq!(secret.verify(header, self.body.as_bytes(), time), Ok(()));
        let id = self.header("webhook-id");
        let expected = secret.standard_signature(id, time, self.body.as_bytes());
        assert_eq!(self.header("webhook-signature"), expected);
        assert_eq!(self.event()["id"], id);
        assert_eq!(self.header("x-0bit-event-id"), id);
        assert_eq!(self.event()["type"], self.header("x-0bit-event-type"));
    }
}
