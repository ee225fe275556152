//! Which gateway a command talks to, and with which key.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use gate_partner::{Gate, GateError, IdempotencyKey, Mode, Request, RetryPolicy, SecretKey};
use gate_wire::list::ListBody;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::event::Event;
use super::out::{Out, usage};
use crate::dev_files::READY_FILE;

const DEFAULT_URL: &str = "http://127.0.0.1:4000";

#[derive(Args)]
pub(crate) struct GatewayArgs {
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help = "The gateway, such as https://gate.example. [env: GATE_URL] [default: the sandbox of the data directory, or http://127.0.0.1:4000]"
    )]
    url: Option<String>,
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        conflicts_with = "key",
        help = "A file that holds the secret key. [default: GATE_API_KEY of the environment, or the sandbox's own]"
    )]
    key_file: Option<PathBuf>,
    /// The secret key itself. Others on this machine can see it in the list of processes.
    #[arg(long, global = true, value_name = "KEY")]
    key: Option<String>,
    /// Where `gate dev` keeps its sandbox.
    #[arg(
        long,
        global = true,
        value_name = "FOLDER",
        env = "GATE_DATA_DIR",
        default_value = ".gate"
    )]
    data_dir: PathBuf,
    /// Answer in JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What `gate dev` left in its data directory. Older ones hold the keys alone.
#[derive(Deserialize)]
struct Sandbox {
    secret_key: String,
    base_url: Option<String>,
    shop_url: Option<String>,
}

/// A gateway and our way to it.
pub(crate) struct Gateway {
    gate: Gate,
    pub(crate) out: Out,
    /// Whose feed it is and nobody else's: for names of files, never shown.
    pub(crate) key: String,
    /// The data directory that the key came from, if it did.
    pub(crate) data_dir: Option<PathBuf>,
    /// Where the sandbox's shop is.
    pub(crate) shop_url: Option<String>,
}

impl GatewayArgs {
    pub(crate) fn out(&self) -> Out {
        Out::new(self.json)
    }

    pub(crate) fn connect(&self) -> Result<Gateway> {
        let sandbox = read_sandbox(&self.data_dir)?;
        let given = self.given_key()?;
        let url = self.url.clone().or_else(|| crate::variable("GATE_URL"));
        let data_dir = given.is_none().then(|| self.data_dir.clone());
        let key = match (given, &sandbox) {
            (Some(key), _) => key,
            (None, Some(sandbox)) => {
                if let Some(url) = url.as_deref().filter(|url| !is_this_machine(url)) {
                    return Err(usage(format!(
                        "The key in {} is the sandbox's on this machine and is not sent to {url}. Set GATE_API_KEY to a key of that gateway, or name a file with --key-file.",
                        self.data_dir.display()
                    )));
                }
                sandbox.secret_key.clone()
            }
            (None, None) => {
                return Err(usage(format!(
                    "There is no key. Set GATE_API_KEY to a secret key, name a file with --key-file, or run this where `gate dev` runs: there is no sandbox in {}.",
                    self.data_dir.display()
                )));
            }
        };
        let key_type = SecretKey::parse(&key).map_err(|error| {
            usage(format!("The key cannot be used: {error}. It is not shown here."))
        })?;
        let (at, shop_url) = sandbox.map_or((None, None), |it| (it.base_url, it.shop_url));
        let url = url.or(at).unwrap_or_else(|| DEFAULT_URL.to_owned());
        if key_type.mode() == Mode::Live && url.starts_with("http://") && !is_this_machine(&url) {
            return Err(usage(format!("A live key is not sent to {url} unencrypted. Use https.")));
        }
        let gate = Gate::new(&url, key_type)
            .map_err(|error| usage(format!("--url {url:?} cannot be used: {error}.")))?;
        Ok(Gateway { gate, out: self.out(), key, data_dir, shop_url })
    }

    fn given_key(&self) -> Result<Option<String>> {
        if let Some(key) = &self.key {
            return Ok(Some(key.clone()));
        }
        match &self.key_file {
            None => Ok(crate::variable("GATE_API_KEY").filter(|key| !key.is_empty())),
            Some(path) => {
                let text = fs::read_to_string(path);
                let text = text.with_context(|| format!("cannot read {}", path.display()))?;
                Ok(Some(text.trim().to_owned()))
            }
        }
    }
}

fn read_sandbox(data_dir: &Path) -> Result<Option<Sandbox>> {
    for name in [READY_FILE, "credentials.json"] {
        let path = data_dir.join(name);
        if let Ok(text) = fs::read_to_string(&path) {
            let sandbox = serde_json::from_str(&text);
            return sandbox.with_context(|| format!("{} cannot be read", path.display())).map(Some);
        }
    }
    Ok(None)
}

fn is_this_machine(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        None => false,
    }
}

/// A request that came to nothing, in words, with what was answered.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
pub(crate) struct Failed {
    words: String,
    pub(crate) error: GateError,
}

impl Gateway {
    pub(crate) fn origin(&self) -> String {
        self.gate.origin()
    }

    pub(crate) fn is_on_this_machine(&self) -> bool {
        is_this_machine(&self.origin())
    }

    pub(crate) fn mode(&self) -> Mode {
        self.gate.mode()
    }

    /// The same gateway, asked once and never again: for loops that repeat by themselves.
    pub(crate) fn asked_once(&self) -> Gate {
        self.gate.clone().with_retry(RetryPolicy::NEVER)
    }

    pub(crate) async fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        match self.gate.request(request).await {
            Ok(answer) => Ok(answer.value),
            Err(error) => Err(explain(error, &self.origin()).into()),
        }
    }

    /// The events of one page.
    pub(crate) async fn events(&self, request: &Request) -> Result<Vec<Event>> {
        let page: ListBody<Box<RawValue>> = self.ask(request).await?;
        page.data.iter().map(|raw| Event::read(raw)).collect()
    }

    /// Where the feed ends now: the place of its last event, 0 before there is any.
    pub(crate) async fn end_of_feed(&self) -> Result<i64> {
        let newest = self.events(&Request::get(&["v1", "events"]).query("limit", Some(1))).await?;
        Ok(newest.first().map_or(0, |event| event.sequence))
    }

    pub(crate) async fn event(&self, id: &str) -> Result<Event> {
        let raw: Box<RawValue> = self.ask(&Request::get(&["v1", "events", id])).await?;
        Event::read(&raw)
    }
}

/// Say what went wrong and what to do.
pub(crate) fn explain(error: GateError, origin: &str) -> Failed {
    let words = match &error {
        GateError::Unreachable(cause) => format!(
            "No gateway answers at {origin} ({}). Start one with `gate dev`, or name another with --url.",
            if cause.is_timeout() { "it took too long".into() } else { innermost(cause) }
        ),
        GateError::Refused { status, body, .. } => {
            let mut words =
                format!("The gateway refuses ({status} {}): {}", body.code, body.message);
            for problem in body.errors.iter().filter(|_| body.errors.len() > 1) {
                let _ = write!(words, "\n  {}: {}", problem.param, problem.message);
            }
            words
        }
        GateError::Unexpected { status, problem, .. } => format!(
            "What answers at {origin} is no gateway: {status} with a body that cannot be read ({problem})."
        ),
    };
    Failed { words, error }
}

/// The innermost reason, which says it best.
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// An error for programs: the gateway's own body where there is one.
pub(crate) fn error_value(error: &anyhow::Error) -> Value {
    if let Some(Failed { error: GateError::Refused { body, .. }, .. }) = error.downcast_ref() {
        return serde_json::to_value(body).unwrap_or(Value::Null);
    }
    json!({ "message": format!("{error:#}") })
}

/// A key of its own for an attempt that we make and repeat ourselves.
pub(crate) fn idempotency_key() -> IdempotencyKey {
    IdempotencyKey::parse(&format!("gate-cli-{}", nonce())).expect("printable characters")
}

/// Sixteen characters that nobody else has.
pub(crate) fn nonce() -> String {
    let random: [u8; 8] = gate_app::Ids.random();
    random.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
