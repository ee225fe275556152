//! What this process has counted since it started, and how things stand, in the text format of
//! Prometheus. It is some hundred lines of our own: the crates for it bring a recorder for the whole
//! program and a server, and nothing here needs either.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use gate_domain::delivery::DeliveryStatus;
use gate_domain::ids::{EndpointId, PartnerId};
use gate_domain::time::Millis;
use gate_store::{AttemptOutcome, ClaimedDelivery, MailEnd, StoreError, StrayFilter, Tx};

use crate::app::App;
use crate::readiness::{find_unready, oldest_due};
use crate::screening::SanctionsList;
use crate::workers::lanes::lock;

/// Endpoints that are counted each for itself; the others are counted together.
const ENDPOINTS_MAX: usize = 1_000;
/// Routes and methods that are counted each for itself.
const ROUTES_MAX: usize = 1_000;
/// The parts that readiness names.
const PARTS: [&str; 5] = ["store", "workers", "deliveries", "mails", "books"];
/// How often the log says of one partner that their codes are withheld: every hour.
const WITHHELD_SAID_MS: i64 = 3_600_000;
/// Upper bounds of a histogram, in milliseconds.
const BOUNDS_MS: [u64; 12] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 5_000, 10_000];

/// The counts. They begin at zero with the process.
#[derive(Default)]
pub struct Metrics {
    endpoints: Mutex<BTreeMap<String, Endpoint>>,
    requests: Mutex<BTreeMap<(String, String, u16), Histogram>>,
    mails: Mutex<Mails>,
    withheld: Mutex<Withheld>,
}

/// What became of trying to send mails.
#[derive(Default)]
struct Mails {
    sent: u64,
    retried: u64,
    given_up: u64,
}

/// Codes that were not sent because of their partner's limit.
#[derive(Default)]
struct Withheld {
    count: u64,
    /// Of whom that was said within the last hour, and when.
    said: BTreeMap<PartnerId, Millis>,
}

#[derive(Default)]
struct Endpoint {
    succeeded: u64,
    retried: u64,
    dead_lettered: u64,
    /// From the event to the first attempt's begin.
    waited: Histogram,
    /// What the receiver took.
    answered: Histogram,
}

#[derive(Default)]
struct Histogram {
    /// How many were at most as long as each bound and longer than the one before it; then the rest.
    counts: [u64; BOUNDS_MS.len() + 1],
    sum_ms: u64,
}

impl Histogram {
    fn add(&mut self, took: Duration) {
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        // What took any part of the next millisecond took longer than this one.
        let longer = took > Duration::from_millis(ms);
        let place = BOUNDS_MS.partition_point(|bound| *bound < ms + u64::from(longer));
        self.counts[place] += 1;
        self.sum_ms = self.sum_ms.saturating_add(ms);
    }

    fn write(&self, out: &mut String, name: &str, labels: &str) {
        let mut count = 0;
        for (bound, here) in BOUNDS_MS.iter().zip(self.counts) {
            count += here;
            let _ = writeln!(out, "{name}_bucket{{{labels},le=\"{}\"}} {count}", seconds(*bound));
        }
        count += self.counts[BOUNDS_MS.len()];
        let _ = writeln!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}");
        let _ = writeln!(out, "{name}_sum{{{labels}}} {}", seconds(self.sum_ms));
        let _ = writeln!(out, "{name}_count{{{labels}}} {count}");
    }
}

/// Milliseconds as seconds, exactly.
fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

impl Metrics {
    /// A request was answered.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let mut requests = lock(&self.requests);
        let mut key = (method.to_owned(), route.to_owned(), status / 100);
        if requests.len() >= ROUTES_MAX && !requests.contains_key(&key) {
            key = ("other".into(), "other".into(), status / 100);
        }
        requests.entry(key).or_default().add(took);
    }

    /// An attempt was recorded; it began so long after its delivery was queued, and took so long.
    pub(crate) fn attempted(
        &self,
        claim: &ClaimedDelivery,
        outcome: &AttemptOutcome,
        took: Duration,
    ) {
        let mut endpoints = lock(&self.endpoints);
        let id: &EndpointId = &claim.endpoint_id;
        let known = endpoints.contains_key(id.as_str()) || endpoints.len() < ENDPOINTS_MAX;
        let name = if known { id.as_str() } else { "other" };
        let endpoint = endpoints.entry(name.to_owned()).or_default();
        match outcome.status {
            DeliveryStatus::Succeeded => endpoint.succeeded += 1,
            DeliveryStatus::Pending | DeliveryStatus::InFlight => endpoint.retried += 1,
            DeliveryStatus::DeadLettered => endpoint.dead_lettered += 1,
        }
        endpoint.answered.add(took);
        if claim.attempt == 1 {
            let took_ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
            let waited_ms = outcome.ended_at.0 - took_ms - claim.created_at.0;
            endpoint.waited.add(Duration::from_millis(u64::try_from(waited_ms).unwrap_or(0)));
        }
    }

    /// A mail was tried: it ended so, or is tried again.
    pub(crate) fn mail_tried(&self, end: Option<MailEnd>) {
        let mut mails = lock(&self.mails);
        match end {
            Some(MailEnd::Sent) => mails.sent += 1,
            Some(MailEnd::GivenUp) => mails.given_up += 1,
            None => mails.retried += 1,
        }
    }

    /// A code was not sent because of its partner's limit. Answers whether it is time to say so.
    pub(crate) fn code_withheld(&self, partner: &PartnerId, now: Millis) -> bool {
        let mut withheld = lock(&self.withheld);
        withheld.count += 1;
        withheld.said.retain(|_, said_at| now < said_at.plus_ms(WITHHELD_SAID_MS));
        let silent = !withheld.said.contains_key(partner);
        if silent {
            withheld.said.insert(partner.clone(), now);
        }
        silent
    }

    fn write_withheld(&self, out: &mut String) {
        let help = "Codes by mail that were not sent because of their partner's limit.";
        single(out, "gate_codes_withheld_total", "counter", help, lock(&self.withheld).count);
    }

    fn write_mails(&self, out: &mut String) {
        let mails = lock(&self.mails);
        let name = "gate_mail_attempts_total";
        head(out, name, "counter", "Attempts to send a mail by outcome.");
        for (outcome, count) in
            [("sent", mails.sent), ("retried", mails.retried), ("given_up", mails.given_up)]
        {
            let _ = writeln!(out, "{name}{{outcome=\"{outcome}\"}} {count}");
        }
    }

    fn write_endpoints(&self, out: &mut String) {
        let endpoints = lock(&self.endpoints);
        head(out, "gate_webhook_attempts_total", "counter", "Attempts by outcome.");
        for (id, endpoint) in endpoints.iter() {
            for (outcome, count) in [
                ("succeeded", endpoint.succeeded),
                ("retried", endpoint.retried),
                ("dead_lettered", endpoint.dead_lettered),
            ] {
                let labels = format!("endpoint=\"{id}\",outcome=\"{outcome}\"");
                let _ = writeln!(out, "gate_webhook_attempts_total{{{labels}}} {count}");
            }
        }
        let name = "gate_webhook_wait_seconds";
        head(out, name, "histogram", "From an event to the first attempt at its delivery.");
        for (id, endpoint) in endpoints.iter() {
            endpoint.waited.write(out, name, &format!("endpoint=\"{id}\""));
        }
        let name = "gate_webhook_answer_seconds";
        head(out, name, "histogram", "What receivers take to answer an attempt.");
        for (id, endpoint) in endpoints.iter() {
            endpoint.answered.write(out, name, &format!("endpoint=\"{id}\""));
        }
    }

    fn write_requests(&self, out: &mut String) {
        let name = "gate_http_request_seconds";
        head(out, name, "histogram", "Requests by route and class of answer.");
        for ((method, route, class), took) in lock(&self.requests).iter() {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{class}xx\"");
            took.write(out, name, &labels);
        }
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn single(out: &mut String, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
    head(out, name, kind, help);
    let _ = writeln!(out, "{name} {value}");
}

/// Everything, as it stands now.
pub async fn render(app: &App) -> Result<String, StoreError> {
    let mut out = String::new();
    let unready = find_unready(app).await;
    head(&mut out, "gate_ready", "gauge", "Whether each part does its work.");
    for part in PARTS {
        let ready = i32::from(unready.iter().all(|problem| problem.part() != part));
        let _ = writeln!(out, "gate_ready{{part=\"{part}\"}} {ready}");
    }
    let now = app.now();
    let late_ms = oldest_due(app).await?.map_or(0, |due| (now.0 - due.0).max(0));
    single(
        &mut out,
        "gate_webhook_oldest_due_seconds",
        "gauge",
        "How long the oldest delivery waits that nothing but this gateway holds up.",
        seconds(late_ms.unsigned_abs()),
    );
    let backlog = app.store().read(move |tx| tx.count_backlog(now)).await?;
    let name = "gate_webhook_backlog";
    head(&mut out, name, "gauge", "Deliveries that are not done, counted up to 100000.");
    for (status, count) in [("pending", backlog.pending), ("in_flight", backlog.in_flight)] {
        let _ = writeln!(out, "{name}{{status=\"{status}\"}} {count}");
    }
    let name = "gate_webhook_endpoints_in_trouble";
    head(&mut out, name, "gauge", "Endpoints that are throttled or paused.");
    for (state, count) in [("throttled", backlog.throttled), ("paused", backlog.paused)] {
        let _ = writeln!(out, "{name}{{state=\"{state}\"}} {count}");
    }
    single(
        &mut out,
        "gate_webhook_replays_running",
        "gauge",
        "Replays that are being worked off.",
        backlog.replays,
    );
    let stats = app.store().stats();
    for (name, help, value) in [
        ("gate_store_writes_total", "Transactions that were committed.", stats.writes),
        ("gate_store_commits_total", "Flushes to disk that they shared.", stats.commits),
        ("gate_store_retries_total", "Transactions that were run again.", stats.retries),
        ("gate_store_skipped_total", "Transactions whose caller had gone.", stats.skipped),
        (
            "gate_store_refused_total",
            "Transactions refused because the queue was full.",
            stats.refused,
        ),
    ] {
        single(&mut out, name, "counter", help, value);
    }
    let name = "gate_store_waiting";
    head(&mut out, name, "gauge", "Transactions that wait for their turn.");
    let _ = writeln!(out, "{name}{{kind=\"write\"}} {}", stats.writes_waiting);
    let _ = writeln!(out, "{name}{{kind=\"read\"}} {}", stats.reads_waiting);
    let oldest = app.store().read(Tx::find_oldest_waiting_mail).await?;
    single(
        &mut out,
        "gate_mail_oldest_waiting_seconds",
        "gauge",
        "How long the oldest mail waits to be sent.",
        seconds(oldest.map_or(0, |created_at| (now.0 - created_at.0).max(0)).unsigned_abs()),
    );
    app.metrics().write_mails(&mut out);
    app.metrics().write_withheld(&mut out);
    write_screening(app, &mut out).await?;
    write_strays(app, &mut out).await?;
    app.metrics().write_endpoints(&mut out);
    app.metrics().write_requests(&mut out);
    Ok(out)
}

/// How the list of sanctions is, and what waits because of it.
async fn write_screening(app: &App, out: &mut String) -> Result<(), StoreError> {
    let list = app.config().sanctions.as_ref().map(SanctionsList::current);
    let entries = list.as_ref().map_or(0, |list| list.list.entries());
    let name = "gate_sanctions_list_entries";
    single(out, name, "gauge", "Entries of the list; without one nothing is screened.", entries);
    if let Some(list) = list {
        let age_ms = (app.now().0 - list.dated.0).max(0).unsigned_abs();
        let help = "How long ago the list's main file was changed.";
        single(out, "gate_sanctions_list_age_seconds", "gauge", help, seconds(age_ms));
    }
    let waiting = app.store().read(Tx::count_waiting_screenings).await?;
    let help = "What is held until people decide.";
    single(out, "gate_screenings_waiting", "gauge", help, waiting);
    Ok(())
}

/// What came for nobody, and how long the oldest of it waits for a person.
async fn write_strays(app: &App, out: &mut String) -> Result<(), StoreError> {
    let (now, modes) = (app.now(), app.config().modes.clone());
    let open = move |tx: &mut Tx| {
        let mut open = Vec::new();
        for &mode in &modes {
            let oldest = tx.list_strays(mode, StrayFilter::Open, "", 1)?.pop();
            let waits_ms = oldest.map_or(0, |stray| (now.0 - stray.created_at.0).max(0));
            open.push((mode, tx.count_open_strays(mode)?, waits_ms));
        }
        Ok::<_, StoreError>(open)
    };
    let open = app.store().read(open).await?;
    let name = "gate_strays_open";
    head(out, name, "gauge", "Transfers that came for nobody, counted up to 100000.");
    for (mode, count, _) in &open {
        let _ = writeln!(out, "{name}{{mode=\"{mode}\"}} {count}");
    }
    let name = "gate_strays_oldest_open_seconds";
    head(out, name, "gauge", "How long the oldest of them waits for a person.");
    for (mode, _, waits_ms) in &open {
        let waits = seconds(waits_ms.unsigned_abs());
        let _ = writeln!(out, "{name}{{mode=\"{mode}\"}} {waits}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use gate_domain::ids::Seed;

    use super::*;

    #[test]
    fn a_histogram_counts_up_and_to_the_bound() {
        let mut histogram = Histogram::default();
        for micros in [400, 1_000, 1_001, 9_999_000, 60_000_000] {
            histogram.add(Duration::from_micros(micros));
        }
        let mut text = String::new();
        histogram.write(&mut text, "h", "a=\"b\"");
        let of = |line: &str| text.lines().find_map(|it| it.strip_prefix(line)).unwrap().trim();
        assert_eq!(of("h_bucket{a=\"b\",le=\"0.001\"}"), "2");
        assert_eq!(of("h_bucket{a=\"b\",le=\"0.002\"}"), "3");
        assert_eq!(of("h_bucket{a=\"b\",le=\"10.000\"}"), "4");
        assert_eq!(of("h_bucket{a=\"b\",le=\"+Inf\"}"), "5");
        assert_eq!(of("h_count{a=\"b\"}"), "5");
        assert_eq!(of("h_sum{a=\"b\"}"), "70.001");
    }

    #[test]
    fn what_is_withheld_is_said_once_an_hour_of_each_partner() {
        let metrics = Metrics::default();
        let partner = |byte| PartnerId::new(Seed { at: Millis(0), random: [byte; 10] });
        let partners = [partner(1), partner(2)];
        for (partner, now, said) in
            [(0, 0, true), (0, 3_599_999, false), (1, 3_599_999, true), (0, 3_600_000, true)]
        {
            let now = Millis(now);
            assert_eq!(metrics.code_withheld(&partners[partner], now), said, "{partner} {now:?}");
        }
        assert_eq!(lock(&metrics.withheld).count, 4);
    }

    #[test]
    fn there_are_never_too_many_series() {
        let metrics = Metrics::default();
        for number in 0..2 * ROUTES_MAX {
            metrics.answered("GET", &format!("/{number}"), 200, Duration::ZERO);
        }
        assert_eq!(lock(&metrics.requests).len(), ROUTES_MAX + 1);
    }
}
