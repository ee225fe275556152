//! The judgement: pure, so that every way to be wrong is a line in a test.

mod standard;

use std::borrow::Cow;
use std::fmt::Write as _;

use gate_wire::signature::{TOLERANCE_S, WebhookSecret};

use super::bodies::{befores, oddities};
use super::findings::{Finding, Weight};
use super::paste::{GATE_SIGNATURE, Header, STANDARD_SIGNATURE, STANDARD_TIME};
use super::secret::{self, Key};

/// What there is to judge.
pub(super) struct Given<'a> {
    pub(super) body: &'a [u8],
    pub(super) headers: &'a [Header],
    /// The endpoint's secret, or its public key.
    pub(super) secret: &'a str,
    /// The receiver's clock, Unix seconds; none does not look at it.
    pub(super) now: Option<i64>,
}

/// What came of it.
pub(super) struct Verdict {
    /// Every signature that was given verifies.
    pub(super) ok: bool,
    /// The headers whose signature matches.
    pub(super) verified: Vec<&'static str>,
    /// What they were checked with: the secret or the public key.
    pub(super) with: &'static str,
    pub(super) findings: Vec<Finding>,
}

/// The place of the given signature that a body matches.
type Place<'a> = dyn Fn(&[u8]) -> Option<usize> + 'a;

pub(super) fn judge(given: &Given<'_>) -> Verdict {
    let mut findings = Vec::new();
    let key = secret::read(given.secret, &mut findings);
    let with = key.as_ref().map_or("secret", Key::name);
    let mut judge = Judge { given, findings, verified: Vec::new(), with };
    if let Some(key) = &key {
        judge.schemes(key);
    }
    let Judge { findings, verified, .. } = judge;
    let wrong = findings.iter().any(|finding| finding.weight == Weight::Wrong);
    Verdict { ok: !wrong && !verified.is_empty(), verified, with, findings }
}

struct Judge<'a> {
    given: &'a Given<'a>,
    findings: Vec<Finding>,
    verified: Vec<&'static str>,
    with: &'static str,
}

/// What `t=...,v1=...` says.
struct Parts<'a> {
    time: i64,
    signatures: Vec<&'a str>,
}

impl<'a> Judge<'a> {
    /// Write a finding down. What two signatures suffer from alike is said once.
    fn find(&mut self, finding: Finding) {
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        let found = self.given.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn schemes(&mut self, key: &Key) {
        let gate = self.header(GATE_SIGNATURE).map(str::to_owned);
        let standard = self.header(STANDARD_SIGNATURE).map(str::to_owned);
        let (gate, standard) = self.put_right(gate, standard);
        if gate.is_none() && standard.is_none() {
            let others = self.given.headers.iter().map(|(name, _)| name.as_str());
            let others: Vec<_> = others.filter(|name| name.contains("signature")).collect();
            let mut message =
                "There is no signature: neither Gate-Signature nor webhook-signature.".to_owned();
            if !others.is_empty() {
                let others = others.join(", ");
                let _ = write!(message, " There is {others}, which the gateway does not send.");
            }
            self.find(
                Finding::wrong("header_missing", message)
                    .next("A proxy or a framework may have left it out. Names of headers are compared without case."),
            );
            return;
        }
        match (key, &gate) {
            (Key::Secret(secret), Some(value)) => self.gate(secret, value),
            (Key::Public(_), Some(_)) if standard.is_none() => self.find(
                Finding::wrong(
                    "symmetric_only",
                    "There is only Gate-Signature, which is checked with the endpoint's secret and not with a public key.",
                )
                .next("What a public key checks is v1a in webhook-signature."),
            ),
            (Key::Secret(_) | Key::Public(_), _) => {}
        }
        if let Some(value) = &standard {
            self.standard(key, value);
        }
    }

    /// The value of one scheme under the name of the other.
    fn put_right(
        &mut self,
        gate: Option<String>,
        standard: Option<String>,
    ) -> (Option<String>, Option<String>) {
        let is_standard = |value: &String| value.starts_with("v1,") || value.starts_with("v1a,");
        let is_gate = |value: &String| value.starts_with("t=") || value.contains("v1=");
        if gate.as_ref().is_some_and(is_standard) {
            self.find(
                Finding::wrong(
                    "wrong_scheme",
                    "Gate-Signature has the form of webhook-signature (v1,<base64>). It was taken from the wrong header.",
                )
                .next("Gate-Signature is t=<unix seconds>,v1=<hex>."),
            );
            return (None, standard.or(gate));
        }
        if standard.as_ref().is_some_and(is_gate) {
            self.find(
                Finding::wrong(
                    "wrong_scheme",
                    "webhook-signature has the form of Gate-Signature (t=...,v1=...). It was taken from the wrong header.",
                )
                .next("webhook-signature is v1,<base64>."),
            );
            return (gate.or(standard), None);
        }
        (gate, standard)
    }

    fn gate(&mut self, secret: &WebhookSecret, value: &str) {
        let Some(parts) = self.gate_parts(value) else { return };
        let time = parts.time;
        let sign = |time: i64, body: &[u8]| {
            let signed = secret.gate_signature(time, body);
            signed.rsplit_once("v1=").map(|(_, digest)| digest.to_owned()).unwrap_or_default()
        };
        let place_of = |time: i64, body: &[u8]| {
            let expected = sign(time, body);
            parts.signatures.iter().position(|given| *given == expected)
        };
        let place = |body: &[u8]| place_of(time, body);
        let matched = self.matched("Gate-Signature", parts.signatures.len(), &place);
        if !matched {
            let other = self.header(STANDARD_TIME).and_then(|time| time.parse::<i64>().ok());
            if let Some(other) = other.filter(|other| *other != time)
                && place_of(other, self.given.body).is_some()
            {
                self.find(Finding::wrong(
                    "time_changed",
                    format!("Gate-Signature says t={time}, but was made for t={other}."),
                ));
                return;
            }
            let expected = sign(time, self.given.body);
            self.why_not("Gate-Signature", &parts.signatures, &expected, &place);
        }
        self.time("Gate-Signature", time, matched);
    }

    fn gate_parts<'v>(&mut self, value: &'v str) -> Option<Parts<'v>> {
        let (mut time, mut signatures, mut others) = (None, Vec::new(), Vec::new());
        for part in value.split(',') {
            match part.trim().split_once('=') {
                Some(("t", value)) => time = Some(value),
                Some(("v1", value)) => signatures.push(value),
                _ => others.push(part.trim()),
            }
        }
        let shape =
            "It is t=<unix seconds>,v1=<hex>, with a second v1 while a rolled secret overlaps.";
        let mut problem = |code, message: String| {
            self.findings.push(Finding::wrong(code, message).next(shape));
        };
        let read = time.and_then(|time| time.parse::<i64>().ok()).filter(|time| *time > 0);
        let mut good = true;
        match (time, read) {
            (None, _) => {
                problem(
                    "header_incomplete",
                    "Gate-Signature has no t=: the time is missing.".into(),
                );
                good = false;
            }
            (Some(time), None) => {
                problem(
                    "header_malformed",
                    format!("Gate-Signature's t={time} is no number of seconds."),
                );
                good = false;
            }
            (Some(_), Some(read)) if read > 100_000_000_000 => {
                problem(
                    "time_in_milliseconds",
                    format!("Gate-Signature's t={read} is in milliseconds; it is sent in seconds."),
                );
            }
            (Some(_), Some(_)) => {}
        }
        if signatures.is_empty() {
            let others = if others.is_empty() {
                String::new()
            } else {
                format!(" It has: {}.", others.join(", "))
            };
            problem(
                "header_incomplete",
                format!("Gate-Signature has no v1=: the signature is missing.{others}"),
            );
            good = false;
        }
        for signature in &signatures {
            if let Some(message) = what_is_wrong_with_hex(signature) {
                problem("header_malformed", message);
            }
        }
        read.filter(|_| good).map(|time| Parts { time, signatures })
    }

    /// Whether one of so many signatures matches.
    fn matched(&mut self, header: &'static str, count: usize, place: &Place<'_>) -> bool {
        let Some(place) = place(self.given.body) else { return false };
        let which = match count {
            1 => String::new(),
            count => format!(
                " It is number {} of {count}: while a rolled secret overlaps, the newest comes first.",
                place + 1
            ),
        };
        self.verified.push(header);
        self.find(Finding::fine(
            "signature_matches",
            format!("{header} matches the body and the {}.{which}", self.with),
        ));
        true
    }

    /// Why a signature does not match: what makes it match is the answer. `expected` would.
    fn why_not(&mut self, header: &str, given: &[&str], expected: &str, place: &Place<'_>) {
        if self.body_changed(place) {
            return;
        }
        if given.iter().any(|given| given.to_ascii_lowercase() == expected) {
            let message =
                format!("{header} is right but for its case: it was changed to upper case.");
            self.find(Finding::wrong("signature_case", message));
            return;
        }
        if let Some(cut) =
            given.iter().find(|given| given.len() >= 8 && expected.starts_with(**given))
        {
            let message = format!("{header} is cut off after {} characters.", cut.len());
            self.find(Finding::wrong("signature_cut_off", message));
            return;
        }
        self.no_trace(
            header,
            "secret",
            "the secret with the endpoint's: each endpoint has its own, a roll makes a new one, and `gate listen` has one too.",
        );
    }

    /// Whether the body was changed since, in a way that can be undone.
    fn body_changed(&mut self, place: &Place<'_>) -> bool {
        let body = self.given.body;
        let Some(before) = befores(body).into_iter().find(|it| place(&it.body).is_some()) else {
            return false;
        };
        let (was, is) = (before.body.len(), body.len());
        let message = format!(
            "The {} is right, but the body was changed after it was signed: {}. It had {was} bytes, now it has {is}.",
            self.with, before.what_happened
        );
        let next = if before.body == body.trim_ascii() {
            "If only the file has it (editors add a line end), cut it off. Else verify the raw bytes of the request."
        } else {
            "Verify the raw bytes of the request, before anything parses them; never JSON that was written again."
        };
        self.find(Finding::wrong("body_changed", message).next(next));
        true
    }

    /// Nothing that was tried matches: then another `maker` signed, or another body. What to `compare`
    /// where the body looks good.
    fn no_trace(&mut self, header: &str, maker: &str, compare: &str) {
        let body = self.given.body;
        let mut causes = oddities(body);
        if let Some(length) =
            self.header("content-length").and_then(|text| text.parse::<usize>().ok())
            && length != body.len()
        {
            let message =
                format!("The body has {} bytes, Content-Length says {length}.", body.len());
            causes.insert(0, ("body_length", message));
        }
        if self.verified.is_empty() {
            let message = format!(
                "{header} does not match: another {maker} made it, or the body is another one."
            );
            let next = if causes.is_empty() {
                format!("The body looks as the gateway sends it, so compare {compare}")
            } else {
                "What is wrong with the body comes first.".into()
            };
            self.find(Finding::wrong("signature_mismatch", message).next(next));
        } else {
            let message = format!(
                "{header} does not match, though the other signature does: this header was changed on its way."
            );
            self.find(Finding::wrong("header_changed", message));
            return;
        }
        for (code, message) in causes {
            if !self.findings.iter().any(|finding| finding.code == code) {
                self.find(Finding::wrong(code, message));
            }
        }
    }

    fn time(&mut self, header: &str, time: i64, matched: bool) {
        let Some(now) = self.given.now else { return };
        let apart = now.abs_diff(time);
        if apart <= TOLERANCE_S.unsigned_abs() || self.findings.iter().any(|it| it.code == "stale")
        {
            return;
        }
        if self.findings.iter().any(|it| it.code == "time_in_milliseconds") {
            return;
        }
        let how = if time < now { "old" } else { "in the future" };
        let right: Cow<'_, str> =
            if matched { " The signature itself is right.".into() } else { "".into() };
        let message = format!(
            "{header}'s time is {} {how}; {} is the limit.{right}",
            length(apart),
            length(TOLERANCE_S.unsigned_abs())
        );
        let next = if time < now {
            "Every attempt is signed anew, so a live one is never old: it was kept, or sent by somebody else, or the clock here is wrong. `--at request` checks a kept one as of its own time."
        } else {
            "The clock here is behind, or these headers were made up."
        };
        self.find(Finding::wrong("stale", message).next(next));
    }
}

fn what_is_wrong_with_hex(signature: &str) -> Option<String> {
    let (length, hex) = (signature.len(), signature.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if !hex && length == 44 && signature.ends_with('=') {
        return Some(
            "Gate-Signature's v1 is base64, as in webhook-signature; here it is hex.".into(),
        );
    }
    if !hex {
        return Some("Gate-Signature's v1 is no hex: it has other characters in it.".into());
    }
    (length != 64).then(|| format!("Gate-Signature's v1 has {length} characters instead of 64."))
}

/// A length of time for people.
fn length(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
