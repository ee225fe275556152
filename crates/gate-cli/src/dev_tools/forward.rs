//! Sending an event to a receiver as the gateway would: the same bytes, the same headers, signed now.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use gate_app::Clock;
use gate_wire::signature::WebhookSecret;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::event::Event;
use super::gateway::innermost;
use super::out::{Color, Out};

/// Connecting, sending and reading together, as the gateway's own sender.
const DEADLINE: Duration = Duration::from_secs(10);
const EXCERPT_BYTES_MAX: usize = 1_024;

pub(crate) struct Forwarder {
    http: reqwest::Client,
    url: Url,
    headers: HeaderMap,
    secret: WebhookSecret,
}

/// What became of one request.
pub(crate) struct Exchange {
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
}

pub(crate) enum Outcome {
    Answered {
        status: u16,
        excerpt: String,
    },
    /// Nobody listens there: nothing has arrived.
    NobodyThere {
        why: String,
    },
    /// It broke off or took too long: nobody knows whether it arrived.
    Broken {
        why: String,
    },
}

impl Forwarder {
    pub(crate) fn new(
        url: Url,
        headers: &[(HeaderName, HeaderValue)],
        skip_verify: bool,
        secret: WebhookSecret,
    ) -> Result<Self> {
        let mut http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(DEADLINE)
            .user_agent(concat!("0Gate/", env!("CARGO_PKG_VERSION"), " (gate listen)"));
        if url.scheme() == "http" {
            // No TLS will happen, so a machine without CA certificates is no reason to fail.
            http = http.tls_certs_only([]);
        } else if skip_verify {
            http = http.tls_danger_accept_invalid_certs(true);
        }
        let http = http.build().context("cannot set up HTTP")?;
        Ok(Self { http, url, headers: headers.iter().cloned().collect(), secret })
    }

    pub(crate) const fn url(&self) -> &Url {
        &self.url
    }

    /// Send it once.
    pub(crate) async fn send(&self, event: &Event) -> Exchange {
        let started = Instant::now();
        let outcome = match self.exchange(event).await {
            Ok(outcome) => outcome,
            Err(error) if error.is_timeout() => {
                Outcome::Broken { why: format!("no complete answer within {DEADLINE:?}") }
            }
            Err(error) if error.is_connect() => Outcome::NobodyThere { why: innermost(&error) },
            Err(error) => Outcome::Broken { why: innermost(&error) },
        };
        Exchange { outcome, took: started.elapsed() }
    }

    async fn exchange(&self, event: &Event) -> Result<Outcome, reqwest::Error> {
        let seconds = Clock::system().now().0 / 1_000;
        let body = event.body.as_bytes();
        let signed = self.secret.gate_signature(seconds, body);
        let standard = self.secret.standard_signature(&event.id, seconds, body);
        let mut response = self
            .http
            .post(self.url.clone())
            .header("content-type", "application/json")
            .header("gate-signature", signed)
            .header("x-0bit-timestamp", seconds)
            .header("x-0bit-event-id", &event.id)
            .header("x-0bit-event-type", &event.event_type)
            .header("webhook-signature", standard)
            .header("webhook-timestamp", seconds)
            .header("webhook-id", &event.id)
            .headers(self.headers.clone())
            .body(event.body.clone())
            .send()
            .await?;
        let status = response.status().as_u16();
        let mut kept = Vec::new();
        while kept.len() < EXCERPT_BYTES_MAX {
            let Some(chunk) = response.chunk().await? else { break };
            kept.extend_from_slice(&chunk);
        }
        kept.truncate(EXCERPT_BYTES_MAX);
        Ok(Outcome::Answered { status, excerpt: String::from_utf8_lossy(&kept).into_owned() })
    }
}

impl Exchange {
    pub(crate) fn accepted(&self) -> bool {
        matches!(self.outcome, Outcome::Answered { status: 200..=299, .. })
    }

    /// The answer in a word or two.
    pub(crate) fn words(&self, out: Out) -> String {
        let ms = self.took.as_millis();
        match &self.outcome {
            Outcome::Answered { status, .. } if self.accepted() => {
                format!("{} in {ms} ms", out.paint(Color::Green, &status.to_string()))
            }
            Outcome::Answered { status, .. } => {
                format!("{} in {ms} ms", out.paint(Color::Red, &status.to_string()))
            }
            Outcome::NobodyThere { why } | Outcome::Broken { why } => out.paint(Color::Red, why),
        }
    }

    /// What a receiver that did not accept it said, on one line.
    pub(crate) fn complaint(&self) -> Option<String> {
        match &self.outcome {
            Outcome::Answered { excerpt, .. } if !self.accepted() && !excerpt.trim().is_empty() => {
                let words: Vec<_> = excerpt.split_whitespace().collect();
                Some(words.join(" ").chars().take(200).collect())
            }
            _ => None,
        }
    }

    pub(crate) fn value(&self) -> Value {
        let (status, answer, error) = match &self.outcome {
            Outcome::Answered { status, excerpt } => (Some(status), Some(excerpt), None),
            Outcome::NobodyThere { why } | Outcome::Broken { why } => (None, None, Some(why)),
        };
        let took = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX);
        json!({ "accepted": self.accepted(), "status": status, "answer": answer, "error": error,
            "duration_ms": took })
    }
}

/// Read a receiver: a URL, `localhost:4242/webhooks`, or a port of this machine.
pub(crate) fn receiver(text: &str) -> Result<Url, String> {
    let text = match text.parse::<u16>() {
        Ok(port) => format!("http://localhost:{port}/"),
        Err(_) if text.contains("://") => text.to_owned(),
        Err(_) => format!("http://{text}"),
    };
    // Browsers' rules find a host in almost anything.
    let named = text.split_once("://").is_some_and(|(_, rest)| {
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        !host.is_empty() && !host.bytes().all(|byte| byte.is_ascii_digit())
    });
    let url = named.then(|| Url::parse(&text).ok()).flatten();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| "must be a port, or an address such as localhost:4242/webhooks".into())
}

/// Read a header: `Name: value`.
pub(crate) fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let wanted = || "must be a header such as 'X-Shop: 1'".to_owned();
    let (name, value) = text.split_once(':').ok_or_else(wanted)?;
    let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| wanted())?;
    Ok((name, HeaderValue::from_str(value.trim()).map_err(|_| wanted())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_is_named_in_the_ways_that_people_name_it() {
        for (text, read) in [
            ("4242", "http://localhost:4242/"),
            ("localhost:4242/webhooks", "http://localhost:4242/webhooks"),
            ("127.0.0.1:1", "http://127.0.0.1:1/"),
            ("https://shop.test/a?b=c", "https://shop.test/a?b=c"),
        ] {
            assert_eq!(receiver(text).unwrap().as_str(), read, "{text}");
        }
        for text in ["", "ftp://shop.test", "http://", "/webhooks", "99999"] {
            assert!(receiver(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_header_is_a_name_and_a_value() {
        assert_eq!(header("X-Shop: a:b").unwrap().1, "a:b");
        for text in ["X-Shop", ": a", "X Shop: a", "X-Shop: a\nb"] {
            assert!(header(text).is_err(), "{text}");
        }
    }
}
