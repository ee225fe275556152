//! How a webhook leaves the house: one POST, with a deadline and a size limit over the whole
//! exchange. No redirects, no proxy from the environment.
//!
//! What a receiver sends is read on threads that do nothing else, and always on the same one for the
//! same host: reading what never ends can keep a thread busy, which must not be one that serves the API.

mod threads;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use gate_domain::delivery::FailureClass;
use gate_domain::ids::Mode;
use reqwest::header;
use tokio::task::JoinSet;

use crate::egress::{Egress, EgressProxy, Forbidden, Reach};
use threads::Threads;

/// Connecting, sending and reading together: 10 s (contract, section 11.5).
pub const DEADLINE: Duration = Duration::from_secs(10);
/// At most this much of an answer is read: 64 KiB.
pub const ANSWER_BYTES_READ_MAX: usize = 64 * 1024;
/// At most this much of an answer is kept: 1 KiB.
pub const ANSWER_BYTES_KEPT_MAX: usize = 1024;

/// A signed request.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Whose world it comes from: what is live goes to public addresses only.
    pub mode: Mode,
    /// Where to.
    pub url: String,
    /// Names and values, the signatures among them.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The bytes that were signed.
    pub body: String,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The receiver answered.
    Answered {
        /// Its status.
        status: u16,
        /// The beginning of what it said.
        excerpt: String,
        /// How long it asks us to wait, in its own words.
        retry_after: Option<String>,
        /// The origin that it points to, where nobody goes.
        redirect: Option<String>,
    },
    /// It did not, or not in time, or not within the size.
    Failed {
        /// Why, in one word.
        class: FailureClass,
        /// Why, for the delivery log.
        error: String,
    },
}

impl Sent {
    /// An answer that asks for nothing.
    pub fn answered(status: u16, excerpt: impl Into<String>) -> Self {
        Self::Answered { status, excerpt: excerpt.into(), retry_after: None, redirect: None }
    }
}

/// Sends webhooks.
pub trait Sender: Send + Sync {
    /// Send one request. Ends by itself, within a bounded time.
    fn send(&self, outgoing: Outgoing) -> BoxFuture<'_, Sent>;
}

/// Sends them over HTTP, keeping connections.
pub struct HttpSender {
    test: Door,
    live: Door,
    threads: Threads,
    deadline: Duration,
}

/// A way out, with a pool of connections that were all checked when they were made. Cloning shares it.
#[derive(Clone)]
struct Door {
    egress: Egress,
    client: reqwest::Client,
    /// A proxy connects, so names are looked up and checked by us before it is asked.
    proxied: bool,
}

impl Door {
    fn new(egress: Egress, proxy: Option<&EgressProxy>) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("0Gate/", env!("CARGO_PKG_VERSION")));
        let client = match proxy {
            None => client.no_proxy().dns_resolver(Arc::new(egress.clone())),
            Some(proxy) => {
                let proxy = reqwest::Proxy::all(proxy.as_str());
                client.proxy(proxy.expect("its address was checked"))
            }
        };
        let client = client.build().expect("the program installs a TLS provider first");
        Self { egress, client, proxied: proxy.is_some() }
    }

    async fn exchange(self, outgoing: Outgoing) -> Result<Sent, reqwest::Error> {
        // A literal address never reaches the resolver that checks.
        let checked = if self.proxied {
            self.egress.check(&outgoing.url).await
        } else {
            self.egress.check_literal(&outgoing.url)
        };
        if let Err(forbidden) = checked {
            let class = class_of(&forbidden).unwrap_or(FailureClass::ForbiddenAddress);
            return Ok(Sent::Failed { class, error: forbidden.to_string() });
        }
        let mut request = self.client.post(&outgoing.url).body(outgoing.body);
        for (name, value) in outgoing.headers {
            request = request.header(name.as_ref(), value);
        }
        let mut response = request.send().await?;
        let status = response.status().as_u16();
        let header = |name| response.headers().get(name)?.to_str().ok();
        let retry_after = header(header::RETRY_AFTER).map(str::to_owned);
        let redirect = header(header::LOCATION).map(|place| origin(response.url(), place));
        let mut read = 0;
        let mut kept = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            read += chunk.len();
            let room = ANSWER_BYTES_KEPT_MAX - kept.len();
            kept.extend_from_slice(&chunk[..room.min(chunk.len())]);
            if read > ANSWER_BYTES_READ_MAX {
                // The status has been said; what follows is not worth a connection.
                break;
            }
        }
        // PostgreSQL stores no NUL characters.
        let excerpt = String::from_utf8_lossy(&kept).replace('\0', "\u{FFFD}");
        Ok(Sent::Answered { status, excerpt, retry_after, redirect })
    }
}

impl HttpSender {
    /// A sender for whom an exchange takes at most [`DEADLINE`]. Test mode reaches this far; live
    /// mode always [`Reach::Public`]. A proxy of the environment is not asked.
    ///
    /// # Panics
    /// When no TLS provider was installed at the start of the program.
    pub fn new(test: Reach, proxy: Option<&EgressProxy>) -> Self {
        Self::within(test, proxy, DEADLINE)
    }

    /// The same with another deadline.
    ///
    /// # Panics
    /// As [`HttpSender::new`].
    pub fn within(test: Reach, proxy: Option<&EgressProxy>, deadline: Duration) -> Self {
        let door = |reach| Door::new(Egress::new(reach), proxy);
        let threads = Threads::start();
        Self { test: door(test), live: door(Reach::Public), threads, deadline }
    }
}

impl Sender for HttpSender {
    fn send(&self, outgoing: Outgoing) -> BoxFuture<'_, Sent> {
        async move {
            let door = match outgoing.mode {
                Mode::Test => &self.test,
                Mode::Live => &self.live,
            };
            let thread = self.threads.of(&outgoing.url);
            let mut exchange = JoinSet::new(); // dropping it ends the exchange
            exchange.spawn_on(door.clone().exchange(outgoing), thread);
            // The clock of this thread: that one may be kept from looking at its own.
            match tokio::time::timeout(self.deadline, exchange.join_next()).await {
                Ok(Some(Ok(Ok(sent)))) => sent,
                Ok(Some(Ok(Err(error)))) => describe(error),
                Ok(Some(Err(_)) | None) => Sent::Failed {
                    class: FailureClass::Protocol,
                    error: "the exchange was given up by this gateway".into(),
                },
                Err(_) => Sent::Failed {
                    class: FailureClass::Timeout,
                    error: format!("no complete answer within {:?}", self.deadline),
                },
            }
        }
        .boxed()
    }
}

/// Where a redirect points, without what may be secret in it.
fn origin(base: &url::Url, place: &str) -> String {
    let origin = base.join(place).map(|url| url.origin().ascii_serialization());
    origin.unwrap_or_else(|_| "nowhere".into())
}

/// What went wrong, without the URL (it may hold a partner's secret) and with the cause.
fn describe(error: reqwest::Error) -> Sent {
    let error = error.without_url();
    let mut class = if error.is_connect() { FailureClass::Connect } else { FailureClass::Protocol };
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
        class = class_of(cause).unwrap_or(class);
    }
    let what = if error.is_connect() {
        "could not connect"
    } else if error.is_builder() {
        "the endpoint's URL is not usable"
    } else {
        "the exchange broke off"
    };
    Sent::Failed { class, error: format!("{what}: {cause}") }
}

/// What a cause says more exactly than the error around it.
fn class_of(cause: &(dyn std::error::Error + 'static)) -> Option<FailureClass> {
    match cause.downcast_ref::<Forbidden>() {
        Some(Forbidden::Unresolved { .. }) => return Some(FailureClass::Dns),
        Some(Forbidden::NoHost | Forbidden::NotPublic { .. }) => {
            return Some(FailureClass::ForbiddenAddress);
        }
        None => {}
    }
    let told = cause.to_string();
    let io = cause.downcast_ref::<std::io::Error>();
    // The TLS library hands its errors over as data that is not valid.
    let tls = io.is_some_and(|io| io.kind() == std::io::ErrorKind::InvalidData);
    if tls || told.contains("tls handshake") {
        return Some(FailureClass::Tls);
    }
    // One that is wrapped in another is no source of it.
    if let Some(class) = io.and_then(std::io::Error::get_ref).and_then(|inner| class_of(inner)) {
        return Some(class);
    }
    told.contains("too large").then_some(FailureClass::TooLarge)
}
