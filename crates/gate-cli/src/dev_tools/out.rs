//! What these commands print: lines for people, with a little colour where somebody looks, or JSON for
//! programs. Results go to standard output, everything about how it goes to standard error.

use std::io::{ErrorKind, IsTerminal as _, Write as _};

use anyhow::Result;
use serde_json::Value;

/// The command line asks for something that cannot be meant. The exit code says so: 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// A refusal of the command line.
pub(crate) fn usage(text: impl Into<String>) -> anyhow::Error {
    Usage(text.into()).into()
}

/// Where a command prints to.
#[derive(Clone, Copy)]
pub(crate) struct Out {
    pub(crate) json: bool,
    color: bool,
}

#[derive(Clone, Copy)]
pub(crate) enum Color {
    Green = 32,
    Red = 31,
    Yellow = 33,
    Grey = 90,
}

impl Out {
    pub(crate) fn new(json: bool) -> Self {
        let plain = json || crate::variable("NO_COLOR").is_some_and(|text| !text.is_empty());
        Self { json, color: !plain && std::io::stdout().is_terminal() }
    }

    /// A result, in words or as one line of JSON.
    pub(crate) fn tell(self, value: &Value, words: impl FnOnce() -> String) -> Result<()> {
        if self.json { line(&value.to_string()) } else { line(words().trim_end()) }
    }

    pub(crate) fn paint(self, color: Color, text: &str) -> String {
        if self.color { format!("\x1b[{}m{text}\x1b[0m", color as u8) } else { text.to_owned() }
    }
}

/// Print a line.
pub(crate) fn line(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

/// How a long piece of work goes on, written over itself on a terminal and not at all elsewhere.
pub(crate) struct Progress {
    shown: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { shown: false }
    }

    pub(crate) fn show(&mut self, text: &str) {
        if std::io::stderr().is_terminal() {
            self.shown = true;
            eprint!("\r\x1b[2K{text}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            eprint!("\r\x1b[2K");
        }
    }
}

/// Whether printing failed because the other end of the pipe is closed.
pub(crate) fn nobody_reads(error: &anyhow::Error) -> bool {
    let closed = |error: &std::io::Error| error.kind() == ErrorKind::BrokenPipe;
    error.downcast_ref::<std::io::Error>().is_some_and(closed)
}

/// The time of day of an instant in Unix seconds, UTC.
pub(crate) fn time_of_day(unix_seconds: i64) -> String {
    let instant = gate_wire::instant::to_rfc3339(gate_domain::Millis(unix_seconds * 1_000));
    instant.get(11..19).unwrap_or_default().to_owned()
}
