//! `gate verify`: a webhook's body, headers and secret or public key go in, and what is wrong comes out.
//! It needs no gateway and sends nothing anywhere.
//!
//! Where a signature does not match, it signs what the body may have been before somebody's framework
//! parsed it and wrote it again, and what the headers may have said, until one matches. What matches is
//! the proof of what happened.

mod bodies;
mod findings;
mod judge;
mod paste;
mod secret;

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use gate_wire::instant::from_rfc3339;
use serde_json::json;

use super::out::{Color, Out, usage};
use crate::admin::Told;
use findings::{Finding, Weight};
use judge::{Given, Verdict, judge};

pub(super) use bodies::indented;

/// More than any webhook of ours.
const INPUT_BYTES_MAX: u64 = 16 * 1024 * 1024;

#[derive(Args)]
#[command(after_help = "Examples:
  export GATE_WEBHOOK_SECRET=whsec_...
  gate verify --body body.json --header 'Gate-Signature: t=1764000000,v1=5f3a...'
  gate verify --request captured.http
  gate verify --body - --header webhook-id:evt_... --header webhook-timestamp:1764000000 \\
      --header 'webhook-signature: v1,pPcX...' < body.json
  gate verify --request captured.http --at request
  gate verify --request captured.http --secret whpk_...

A captured request is its first line or not, its headers, an empty line, and the body. A secret checks
Gate-Signature and v1 of webhook-signature, a public key checks v1a. Exit code 0: every signature that was
given for it verifies. 1: not, and it says why. 2: the command line is not understood.")]
pub(crate) struct VerifyArgs {
    /// The body as it was received, byte for byte; - is standard input.
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "request",
        conflicts_with = "request"
    )]
    body: Option<PathBuf>,
    /// A header as it was received, with or without its name. May be repeated.
    #[arg(long = "header", value_name = "HEADER")]
    headers: Vec<String>,
    /// A captured request: headers, an empty line, and the body; - is standard input.
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "secret",
        help = "A file that holds the webhook secret, or the endpoint's public key. [default: GATE_WEBHOOK_SECRET of the environment]"
    )]
    secret_file: Option<PathBuf>,
    /// The webhook secret itself, or the endpoint's public key, whpk_... Others on this machine can see
    /// it in the list of processes, which matters for a secret.
    #[arg(long, value_name = "SECRET")]
    secret: Option<String>,
    /// When it was received: Unix seconds, an instant such as 2026-11-24T12:00:00Z, or `request` for
    /// the time that it carries itself. [default: now]
    #[arg(long, value_name = "TIME", value_parser = at)]
    at: Option<At>,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy)]
enum At {
    Request,
    Seconds(i64),
}

fn at(text: &str) -> Result<At, String> {
    if text == "request" {
        return Ok(At::Request);
    }
    let instant = text.parse().ok().or_else(|| Some(from_rfc3339(text)?.0.div_euclid(1_000)));
    instant.map(At::Seconds).ok_or_else(|| "must be Unix seconds, an instant, or request".into())
}

pub(super) fn run(args: &VerifyArgs) -> Result<()> {
    let mut headers = Vec::new();
    for text in &args.headers {
        headers.push(paste::header(text).map_err(usage)?);
    }
    let body = match (&args.request, &args.body) {
        (Some(path), _) => {
            let (pasted, body) = paste::request(&read(path)?);
            headers.extend(pasted);
            body
        }
        (None, Some(path)) => read(path)?,
        (None, None) => return Err(usage("Name the body with --body.")),
    };
    let secret = match (&args.secret, &args.secret_file) {
        (Some(secret), _) => secret.clone(),
        (None, Some(path)) => String::from_utf8_lossy(&read(path)?).into_owned(),
        (None, None) => crate::variable("GATE_WEBHOOK_SECRET").ok_or_else(|| {
            usage("There is no secret. Set GATE_WEBHOOK_SECRET, or name a file with --secret-file.")
        })?,
    };
    let now = match args.at {
        Some(At::Seconds(seconds)) => Some(seconds),
        Some(At::Request) => None,
        None => Some(gate_app::Clock::system().now().0 / 1_000),
    };
    let verdict = judge(&Given { body: &body, headers: &headers, secret: &secret, now });
    let out = Out::new(args.json);
    let value = json!({
        "ok": verdict.ok, "verified": verdict.verified, "findings": verdict.findings,
    });
    out.tell(&value, || words(&verdict, out))?;
    if verdict.ok { Ok(()) } else { Err(Told.into()) }
}

fn words(verdict: &Verdict, out: Out) -> String {
    let mut text = if verdict.ok {
        let schemes = verdict.verified.join(" and ");
        let matches = if verdict.verified.len() > 1 { "match" } else { "matches" };
        let good = out.paint(Color::Green, "It verifies");
        format!("{good}: {schemes} {matches} the body and the {}.\n", verdict.with)
    } else {
        format!("{}.\n", out.paint(Color::Red, "It does not verify"))
    };
    // That all is well has been said.
    let all_well = format!("the {}.", verdict.with);
    let said = |finding: &&Finding| !(verdict.ok && finding.message.ends_with(&all_well));
    for Finding { weight, message, next_step, .. } in verdict.findings.iter().filter(said) {
        let mark = match weight {
            Weight::Wrong => out.paint(Color::Red, "wrong"),
            Weight::Fine => out.paint(Color::Green, "fine "),
            Weight::Note => out.paint(Color::Grey, "note "),
        };
        let _ = writeln!(text, "\n{mark}  {message}");
        if let Some(next_step) = next_step {
            let _ = writeln!(text, "       {next_step}");
        }
    }
    text
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(INPUT_BYTES_MAX).read_to_end(&mut bytes)
    } else {
        fs::File::open(path).and_then(|file| file.take(INPUT_BYTES_MAX).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(bytes)
}
