//! The API with a secret key, over HTTP (contract, sections 3 and 4.1).

use std::time::Duration;

use gate_wire::ErrorBody;
use gate_wire::list::ListBody;
use gate_wire::mail::MailBody;
use gate_wire::session::{CreateSessionBody, CreatedSessionBody, SessionBody};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Response, StatusCode, Url};
use serde::de::DeserializeOwned;

use crate::error::{GateError, SetupError};
use crate::keys::{IdempotencyKey, SecretKey};
use crate::request::Request;
use crate::retry::RetryPolicy;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
const USER_AGENT: &str = concat!("gate-partner/", env!("CARGO_PKG_VERSION"));

/// One gateway, with one key. Cheap to clone; make one and keep it.
#[derive(Clone, Debug)]
pub struct Gate {
    http: reqwest::Client,
    base_url: Url,
    key: SecretKey,
    retry: RetryPolicy,
}

/// What the gateway answered, with the id that support will ask for (contract, section 3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// The object.
    pub value: T,
    /// The `X-Request-Id`.
    pub request_id: Option<String>,
    /// Whether this is the stored answer to an earlier request with the same idempotency key.
    pub replayed: bool,
}

/// Which sessions to list (contract, section 3.5). The gateway's defaults where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListSessions {
    /// 1 to 100.
    pub limit: Option<u8>,
    /// The id of the last row of the previous page.
    pub starting_after: Option<String>,
    /// `open`, `completed`, `expired` or `cancelled`.
    pub status: Option<String>,
}

/// Whether a request may be sent again when nobody knows what became of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Safe,
    Unsafe,
}

struct Call {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
    repeat: Repeat,
}

impl Gate {
    /// A client for the gateway at `base_url`, its bare origin without `/v1`.
    pub fn new(base_url: &str, key: SecretKey) -> Result<Self, SetupError> {
        let base_url = parse_origin(base_url).ok_or(SetupError::InvalidBaseUrl)?;
        install_crypto_provider();
        let mut http = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ATTEMPT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none()); // a key goes to nobody else
        if base_url.scheme() == "http" {
            // No TLS will happen, so a machine without CA certificates is no reason to fail.
            http = http.tls_certs_only([]);
        }
        let http = http.build().map_err(SetupError::Http)?;
        Ok(Self { http, base_url, key, retry: RetryPolicy::default() })
    }

    /// The same client with other retries.
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The mode of the key.
    pub const fn mode(&self) -> crate::Mode {
        self.key.mode()
    }

    /// The gateway's origin, as a browser would write it: for a page's script and its policy.
    pub fn origin(&self) -> String {
        self.base_url.origin().ascii_serialization()
    }

    /// Create a session. `key` names the attempt: store it, and `body`, before calling.
    ///
    /// Calling again with both gives the first answer again, client secret included, so a page
    /// that is reloaded needs no stored secret.
    pub async fn create_session(
        &self,
        key: &IdempotencyKey,
        body: &CreateSessionBody,
    ) -> Result<Answer<CreatedSessionBody>, GateError> {
        let mut call = self.call(Method::POST, &[], Repeat::Safe);
        let key = HeaderValue::from_str(key.as_str()).expect("a key is printable ASCII");
        call.headers.insert("idempotency-key", key);
        call.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        call.body = Some(serde_json::to_vec(body).expect("strings and maps become JSON"));
        self.send(&call).await
    }

    /// Read a session. Reading never changes it.
    pub async fn retrieve_session(
        &self,
        session_id: &str,
    ) -> Result<Answer<SessionBody>, GateError> {
        self.send(&self.call(Method::GET, &[session_id], Repeat::Safe)).await
    }

    /// One page of sessions, newest first. Loop on `has_more`.
    pub async fn list_sessions(
        &self,
        query: &ListSessions,
    ) -> Result<Answer<ListBody<SessionBody>>, GateError> {
        let mut call = self.call(Method::GET, &[], Repeat::Safe);
        let limit = query.limit.map(|limit| limit.to_string());
        let pairs = [
            ("limit", limit.as_deref()),
            ("starting_after", query.starting_after.as_deref()),
            ("status", query.status.as_deref()),
        ];
        for (name, value) in pairs {
            if let Some(value) = value {
                call.url.query_pairs_mut().append_pair(name, value);
            }
        }
        self.send(&call).await
    }

    /// Withdraw a session. Sent once: a second cancel is an error by contract, so after a lost
    /// answer read the session instead. 409 `payment_in_flight` means that money is moving.
    pub async fn cancel_session(&self, session_id: &str) -> Result<Answer<SessionBody>, GateError> {
        self.send(&self.call(Method::POST, &[session_id, "cancel"], Repeat::Unsafe)).await
    }

    /// The newest mails that the sandbox wrote to users, or those to one address. Test mode only; the
    /// sandbox sends none of them.
    pub async fn list_test_mails(
        &self,
        to: Option<&str>,
        limit: u8,
    ) -> Result<Answer<ListBody<MailBody>>, GateError> {
        let request = Request::get(&["v1", "test_helpers", "mails"]);
        self.request(&request.query("to", to).query("limit", Some(limit))).await
    }

    /// Carry out any other request of the API. It is repeated like the others: a `POST` only when it
    /// has an idempotency key.
    pub async fn request<T: DeserializeOwned>(
        &self,
        request: &Request,
    ) -> Result<Answer<T>, GateError> {
        let posts = request.method == Method::POST && request.key.is_none();
        let repeat = if posts { Repeat::Unsafe } else { Repeat::Safe };
        let mut call = self.call_at(request.method.clone(), &request.path, repeat);
        if !request.query.is_empty() {
            call.url.query_pairs_mut().extend_pairs(&request.query);
        }
        if let Some(key) = &request.key {
            let key = HeaderValue::from_str(key.as_str()).expect("a key is printable ASCII");
            call.headers.insert("idempotency-key", key);
        }
        if let Some(body) = &request.body {
            call.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            call.body = Some(body.clone());
        }
        self.send(&call).await
    }

    fn call(&self, method: Method, path: &[&str], repeat: Repeat) -> Call {
        let path: Vec<&str> = ["v1", "gate_sessions"].iter().chain(path).copied().collect();
        self.call_at(method, &path, repeat)
    }

    fn call_at(&self, method: Method, path: &[impl AsRef<str>], repeat: Repeat) -> Call {
        let mut url = self.base_url.clone();
        url.path_segments_mut().expect("an http origin has a path").clear().extend(path);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, self.key.authorization());
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Call { method, url, headers, body: None, repeat }
    }

    async fn send<T: DeserializeOwned>(&self, call: &Call) -> Result<Answer<T>, GateError> {
        let mut attempt = 1;
        loop {
            let error = match self.send_once(call).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if call.repeat == Repeat::Unsafe || !error.is_transient() {
                return Err(error);
            }
            let Some(pause) = self.retry.pause(attempt, error.retry_after(), random_byte()) else {
                return Err(error);
            };
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn send_once<T: DeserializeOwned>(&self, call: &Call) -> Result<Answer<T>, GateError> {
        let mut request =
            self.http.request(call.method.clone(), call.url.clone()).headers(call.headers.clone());
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        let response = request.send().await.map_err(unreachable_gate)?;
        let head = Head::read(&response);
        let Some(bytes) = read_bounded(response).await? else {
            return Err(head.unexpected(format!("longer than {ANSWER_BYTES_MAX} bytes")));
        };
        if head.status.is_success() {
            return match serde_json::from_slice(&bytes) {
                Ok(value) => {
                    Ok(Answer { value, request_id: head.request_id, replayed: head.replayed })
                }
                Err(error) => Err(head.unexpected(error.to_string())),
            };
        }
        match serde_json::from_slice::<ErrorBody>(&bytes) {
            Ok(body) => Err(GateError::Refused {
                status: head.status.as_u16(),
                body: Box::new(body),
                retry_after: head.retry_after,
            }),
            Err(error) => Err(head.unexpected(error.to_string())),
        }
    }
}

/// What the headers of an answer say.
struct Head {
    status: StatusCode,
    request_id: Option<String>,
    replayed: bool,
    retry_after: Option<Duration>,
}

impl Head {
    fn read(response: &Response) -> Self {
        let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
        // The gateway sends seconds. A date, which HTTP allows too, falls back to our own pauses.
        let seconds = header("retry-after").and_then(|value| value.trim().parse().ok());
        Self {
            status: response.status(),
            request_id: header("x-request-id"),
            replayed: header("idempotent-replayed").as_deref() == Some("true"),
            retry_after: seconds.map(Duration::from_secs),
        }
    }

    fn unexpected(self, problem: String) -> GateError {
        GateError::Unexpected {
            status: self.status.as_u16(),
            request_id: self.request_id,
            problem,
            retry_after: self.retry_after,
        }
    }
}

/// The whole body, or `None` if it is longer than anybody's answer should be.
async fn read_bounded(mut response: Response) -> Result<Option<Vec<u8>>, GateError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable_gate)? {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Ok(None);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Some(bytes))
}

fn unreachable_gate(error: reqwest::Error) -> GateError {
    GateError::Unreachable(error.without_url())
}

fn parse_origin(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let anonymous = url.username().is_empty() && url.password().is_none();
    (web && bare && anonymous).then_some(url)
}

/// rustls has no provider of its own here; whoever comes first chooses, and ours is ring.
fn install_crypto_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error means that somebody else was quicker, which is just as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

fn random_byte() -> u8 {
    let mut byte = [0];
    // Without randomness the pauses are merely not spread.
    let _ = getrandom::fill(&mut byte);
    byte[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_a_bare_origin() {
        for good in ["http://127.0.0.1:4000", "https://gate.example/", "http://[::1]:4000"] {
            assert!(parse_origin(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "gate.example",
            "ftp://gate.example",
            "https://gate.example/v1",
            "https://gate.example/?a=b",
            "https://user@gate.example",
        ] {
            assert!(parse_origin(bad).is_none(), "{bad}");
        }
    }
}
