//! The numbers, for people and for programs.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::load::Measured;

/// Everything that was measured.
#[derive(Serialize)]
pub(super) struct Report {
    conditions: String,
    #[serde(skip)]
    rounds: Vec<Row>,
    medians: Vec<Row>,
    #[serde(skip)]
    figures: Vec<Figure>,
    figure_medians: Vec<Figure>,
    ratios: Vec<Ratio>,
}

/// One line of the table.
#[derive(Clone, Serialize)]
pub(super) struct Row {
    what: &'static str,
    connections: usize,
    per_second: f64,
    /// Milliseconds.
    p50: Option<f64>,
    p99: Option<f64>,
    /// What one costs the gateway's process, in microseconds. Neighbours hardly change it.
    cpu_us: Option<f64>,
}

/// A number that is no rate.
#[derive(Clone, Serialize)]
struct Figure {
    what: &'static str,
    unit: &'static str,
    value: f64,
}

#[derive(Serialize)]
struct Ratio {
    what: &'static str,
    connections: usize,
    value: f64,
}

/// What is divided by what.
const RATIOS: [(&str, &str, &str); 5] = [
    ("create / bare server", "create", "bare server"),
    ("create, with delivery / create", "create, with delivery", "create"),
    ("created and delivered / create", "created and delivered", "create"),
    ("created and delivered / bare pipeline", "created and delivered", "bare pipeline"),
    ("fan-out to five / one", "fan-out to five, deliveries", "created and delivered"),
];

impl Row {
    pub(super) fn of(what: &'static str, connections: usize, measured: &Measured) -> Self {
        let percentile = |share: f64| percentile(&measured.latencies, share);
        Self {
            what,
            connections,
            per_second: as_float(measured.count) / measured.took.as_secs_f64(),
            p50: percentile(0.50),
            p99: percentile(0.99),
            cpu_us: None,
        }
    }

    /// With what the gateway's process has spent on it.
    pub(super) fn with_cpu(self, cpu: Duration, measured: &Measured) -> Self {
        Self { cpu_us: Some(cpu.as_secs_f64() * 1e6 / as_float(measured.total)), ..self }
    }

    fn is_like(&self, other: &Self) -> bool {
        self.what == other.what && self.connections == other.connections
    }
}

impl Report {
    pub(super) fn new(postgres: bool, seconds: u64, rounds: usize) -> Self {
        let durability = if postgres {
            "PostgreSQL as its server is set up; every create is answered after its commit"
        } else {
            "SQLite, WAL, synchronous=FULL: every create is answered after an fdatasync that it may \
             share with others"
        };
        let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        let conditions = format!(
            "{durability}.\nLoad, servers and receiver share {cores} cores. \
             Medians of {rounds} rounds of {seconds} s."
        );
        Self {
            conditions,
            rounds: Vec::new(),
            medians: Vec::new(),
            figures: Vec::new(),
            figure_medians: Vec::new(),
            ratios: Vec::new(),
        }
    }

    /// Add a measurement, and work out the medians again.
    pub(super) fn add(&mut self, row: Row) {
        if !self.medians.iter().any(|known| known.is_like(&row)) {
            self.medians.push(row.clone());
        }
        self.rounds.push(row);
        for median in &mut self.medians {
            let alike: Vec<_> = self.rounds.iter().filter(|row| row.is_like(median)).collect();
            let of = |pick: fn(&Row) -> Option<f64>| {
                median_of(alike.iter().filter_map(|row| pick(row)).collect())
            };
            let per_second = of(|row| Some(row.per_second)).unwrap_or_default();
            let (p50, p99, cpu_us) = (of(|row| row.p50), of(|row| row.p99), of(|row| row.cpu_us));
            *median = Row { per_second, p50, p99, cpu_us, ..*median };
        }
        self.ratios = self.divide();
    }

    /// Add a number that is no rate.
    pub(super) fn note(&mut self, what: &'static str, value: f64, unit: &'static str) {
        self.figures.push(Figure { what, unit, value });
        let alike = self.figures.iter().filter(|figure| figure.what == what);
        let value = median_of(alike.map(|figure| figure.value).collect()).unwrap_or(value);
        match self.figure_medians.iter_mut().find(|figure| figure.what == what) {
            Some(known) => known.value = value,
            None => self.figure_medians.push(Figure { what, unit, value }),
        }
    }

    fn divide(&self) -> Vec<Ratio> {
        let mut ratios = Vec::new();
        for (what, above, below) in RATIOS {
            for above in self.medians.iter().filter(|row| row.what == above) {
                let connections = above.connections;
                let mut rows = self.medians.iter();
                let below = rows.find(|row| row.what == below && row.connections == connections);
                if let Some(below) = below {
                    let value = above.per_second / below.per_second;
                    ratios.push(Ratio { what, connections, value });
                }
            }
        }
        ratios
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}\n", self.conditions)?;
        let line = |out: &mut fmt::Formatter<'_>, cells: [&str; 6]| {
            let [what, connections, per_second, p50, p99, cpu] = cells;
            writeln!(
                out,
                "{what:<38} {connections:>11} {per_second:>10} {p50:>8} {p99:>8} {cpu:>11}"
            )
        };
        line(out, ["", "connections", "per second", "p50 ms", "p99 ms", "gate cpu us"])?;
        for Row { what, connections, per_second, p50, p99, cpu_us } in &self.medians {
            let number = |number: &Option<f64>, digits: usize| {
                number.map_or_else(|| "-".to_owned(), |number| format!("{number:.digits$}"))
            };
            let (connections, per_second) = (connections.to_string(), format!("{per_second:.0}"));
            let (p50, p99, cpu) = (number(p50, 2), number(p99, 2), number(cpu_us, 0));
            line(out, [what, &connections, &per_second, &p50, &p99, &cpu])?;
        }
        writeln!(out)?;
        for Ratio { what, connections, value } in &self.ratios {
            writeln!(out, "{what:<38} {connections:>11} {value:>10.2}")?;
        }
        for Figure { what, unit, value } in &self.figure_medians {
            writeln!(out, "{what:<44} {value:>10.2} {unit}")?;
        }
        Ok(())
    }
}

/// In milliseconds, of sorted microseconds.
pub(super) fn percentile(sorted: &[u64], share: f64) -> Option<f64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length is a place in it"
    )]
    let place = (as_float(sorted.len().checked_sub(1)?) * share).round() as usize;
    let micros = *sorted.get(place)?;
    Some(as_float(usize::try_from(micros).unwrap_or(usize::MAX)) / 1000.0)
}

fn median_of(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
fn as_float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_percentiles() {
        assert_eq!(median_of(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median_of(Vec::new()), None);
        assert_eq!(percentile(&[1000, 2000, 3000], 0.5), Some(2.0));
        assert_eq!(percentile(&[], 0.5), None);
    }
}
