//! The numbers, and whether they are near enough to each other.

use std::fmt;

use anyhow::{Result, bail};
use serde::Serialize;

use super::super::report::percentile;
use super::ask::{Case, Latencies};

/// A page may cost so much of the same page over ten thousand sessions, and a deep page so much of
/// the first.
const RATIO_MAX: f64 = 1.5;
/// Less than this, in milliseconds, is the machine's noise and not the list's.
const NOISE_MS: f64 = 0.25;

#[derive(Serialize)]
pub(super) struct Verdict {
    conditions: String,
    rows: Vec<Row>,
    /// Lists that this gateway does not have.
    missing: Vec<&'static str>,
}

/// Medians in milliseconds, and what they are of each other.
#[derive(Serialize)]
struct Row {
    what: &'static str,
    rows: usize,
    small_ms: f64,
    large_ms: f64,
    large_p99_ms: f64,
    large_to_small: f64,
    deep_to_first: Option<f64>,
    /// More than it may be.
    slow: bool,
}

impl Verdict {
    pub(super) fn new(postgres: bool, small: u32, large: u32) -> Self {
        let engine = if postgres { "PostgreSQL" } else { "SQLite" };
        let conditions = format!(
            "{engine}, {small} sessions and {large} sessions, each with its events, deliveries and \
             transactions.\nPages of 100 rows over HTTP; medians of requests that take turns."
        );
        Self { conditions, rows: Vec::new(), missing: Vec::new() }
    }

    /// Add a measurement in place of an earlier one of the same. Answers whether it is slow.
    pub(super) fn add(&mut self, case: &Case, latencies: Option<Latencies>) -> bool {
        let Some(latencies) = latencies else {
            self.missing.push(case.name);
            return false;
        };
        self.note(case.name, case.first_page, &latencies)
    }

    /// The same for something that is no list.
    pub(super) fn note(
        &mut self,
        name: &'static str,
        first_page: Option<&str>,
        Latencies { rows, small, large }: &Latencies,
    ) -> bool {
        self.rows.retain(|row| row.what != name);
        let of = |sorted: &[u64], share| percentile(sorted, share).unwrap_or_default();
        let (small_ms, large_ms) = (of(small, 0.5), of(large, 0.5));
        let first = first_page.and_then(|name| self.rows.iter().find(|row| row.what == name));
        let first_ms = first.map(|first| first.large_ms);
        let slow = is_slow(large_ms, small_ms) || first_ms.is_some_and(|ms| is_slow(large_ms, ms));
        self.rows.push(Row {
            what: name,
            rows: *rows,
            small_ms,
            large_ms,
            large_p99_ms: of(large, 0.99),
            large_to_small: large_ms / small_ms,
            deep_to_first: first_ms.map(|first_ms| large_ms / first_ms),
            slow,
        });
        slow
    }

    /// Fail when something costs more than it may.
    pub(super) fn judge(&self) -> Result<()> {
        let slow: Vec<_> = self.rows.iter().filter(|row| row.slow).map(|row| row.what).collect();
        if !slow.is_empty() {
            bail!("more than {RATIO_MAX} times as slow: {}", slow.join("; "));
        }
        Ok(())
    }
}

fn is_slow(this_ms: f64, that_ms: f64) -> bool {
    this_ms > that_ms * RATIO_MAX && this_ms - that_ms > NOISE_MS
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}\n", self.conditions)?;
        writeln!(
            out,
            "{:<32} {:>5} {:>9} {:>9} {:>9} {:>12} {:>12}",
            "", "rows", "small ms", "large ms", "p99 ms", "large/small", "deep/first"
        )?;
        for row in &self.rows {
            let deep = row.deep_to_first.map_or_else(|| "-".into(), |ratio| format!("{ratio:.2}"));
            writeln!(
                out,
                "{:<32} {:>5} {:>9.2} {:>9.2} {:>9.2} {:>12.2} {deep:>12}",
                row.what,
                row.rows,
                row.small_ms,
                row.large_ms,
                row.large_p99_ms,
                row.large_to_small
            )?;
        }
        if !self.missing.is_empty() {
            writeln!(out, "\nNot there: {}", self.missing.join("; "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::ask::cases;
    use super::*;

    #[test]
    fn a_slow_page_is_told() {
        let judged = |large: u64| {
            let mut verdict = Verdict::new(false, 10, 20);
            let latencies = Latencies { rows: 1, small: vec![1_000], large: vec![large] };
            verdict.add(&cases()[0], Some(latencies));
            verdict.judge().is_ok()
        };
        assert!(judged(1_400));
        assert!(!judged(1_600));
    }
}
