//! The doctor: proves from the stored rows alone that nothing is lost or out of balance.

pub(crate) mod ledger;

use std::collections::BTreeMap;

use gate_domain::deposit::in_words;
use gate_domain::stray::Stray;
use gate_domain::{Millis, Mode};
use gate_store::{GUARDS, StoreError, StrayFilter, Tx};
use gate_wire::instant::to_rfc3339;
use serde::Serialize;

/// Rows in one step.
const BATCH_MAX: i64 = 1000;
/// Offenders that a check names; the rest are counted.
const OFFENDERS_MAX: usize = 10;
/// Open strays of a mode that are looked at for warnings.
const STRAYS_MAX: usize = 1_000;
/// How long a stray may wait without a warning.
const DAY_MS: i64 = 24 * 3_600_000;

/// What the doctor found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Nothing is wrong.
    pub ok: bool,
    /// The ledger.
    pub ledger: LedgerReport,
    /// The eight invariants of the books, one by one.
    pub checks: Vec<Check>,
    /// Sessions by status.
    pub sessions: BTreeMap<String, i64>,
    /// Transactions by status.
    pub transactions: BTreeMap<String, i64>,
    /// Deliveries by status.
    pub deliveries: BTreeMap<String, i64>,
    /// Mails of live mode by status, those of the last day.
    pub mails: BTreeMap<String, i64>,
    /// Everything that is wrong, in words.
    pub problems: Vec<String>,
}

/// The ledger, checked line by line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LedgerReport {
    /// Every posting sums to zero per asset.
    pub balanced: bool,
    /// Postings seen.
    pub postings: u64,
    /// Lines seen.
    pub entries: u64,
    /// Account and asset, with the balance in smallest units as text.
    pub balances: BTreeMap<String, String>,
}

/// One invariant: what was looked at, and who breaks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name, a stable word.
    pub name: &'static str,
    /// Rows that were looked at.
    pub looked_at: u64,
    /// Nobody breaks it.
    pub ok: bool,
    /// The first of those who do, in words.
    pub offenders: Vec<String>,
}

impl Check {
    fn new(name: &'static str, looked_at: u64, offenders: &[String]) -> Self {
        let first = offenders.iter().take(OFFENDERS_MAX).cloned().collect();
        Self { name, looked_at, ok: offenders.is_empty(), offenders: first }
    }
}

/// Examine a database. It changes nothing.
pub fn examine(tx: &mut Tx) -> Result<Report, StoreError> {
    let (sessions, transactions) = (tx.count_sessions()?, tx.count_transactions()?);
    let total = |counts: &BTreeMap<String, i64>| counts.values().sum::<i64>().unsigned_abs();
    let books = ledger::read(tx)?;
    let postings = books.report.postings;
    let mut gaps = books.gaps;
    for gap in tx.list_feed_gaps()? {
        gaps.push(format!("the feed of {gap} does not hold as many events as it has places"));
    }
    for id in tx.list_booked_for_nothing(BATCH_MAX)? {
        gaps.push(format!("posting {id} belongs to no transaction"));
    }
    let holds = tx.count_holds()?.unsigned_abs();
    let checks = vec![
        Check::new("balanced", postings, &books.unbalanced),
        Check::new("append_only", GUARDS.unsigned_abs(), &guards(tx)?),
        Check::new("whole_amounts", books.report.entries, &books.no_amounts),
        Check::new("settled_once", total(&transactions), &settled(tx)?),
        Check::new("holds_end_once", holds, &holds_amiss(tx)?),
        Check::new("gapless", postings, &gaps),
        Check::new("chained", postings, &books.breaks),
        Check::new("states_fit", total(&transactions) + total(&sessions), &states(tx)?),
    ];
    let mut problems: Vec<String> =
        checks.iter().flat_map(|check| check.offenders.iter().cloned()).collect();
    for id in tx.list_undelivered_events(BATCH_MAX)? {
        problems.push(format!("event {id} has no delivery though its partner has an endpoint"));
    }
    Ok(Report {
        ok: problems.is_empty(),
        ledger: books.report,
        checks,
        sessions,
        transactions,
        deliveries: tx.count_deliveries()?,
        mails: tx.count_mails(Mode::Live)?,
        problems,
    })
}

/// What is not wrong, and has waited for a person for longer than a day. It changes nothing.
pub fn list_warnings(tx: &mut Tx, now: Millis) -> Result<Vec<String>, StoreError> {
    let mut waiting = Vec::new();
    for mode in [Mode::Live, Mode::Test] {
        waiting.extend(tx.list_strays(mode, StrayFilter::Open, "", STRAYS_MAX)?);
    }
    waiting.retain(|stray| stray.created_at < now.plus_ms(-DAY_MS));
    let words = |stray: &Stray| {
        let (id, amount, since) =
            (&stray.id, in_words(&stray.amount), to_rfc3339(stray.created_at));
        format!("{id}, {amount}, waits since {since} for somebody to find out whose it is")
    };
    let mut warnings: Vec<_> = waiting.iter().take(OFFENDERS_MAX).map(words).collect();
    if waiting.len() > OFFENDERS_MAX {
        let others = waiting.len() - OFFENDERS_MAX;
        warnings.push(format!("{others} other strays at least wait for longer than a day"));
    }
    Ok(warnings)
}

/// What is amiss with the triggers that keep the books append-only.
pub(crate) fn guards(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let there = tx.count_guards()?;
    let missing = format!("{there} of {GUARDS} triggers keep the books append-only");
    Ok((there != GUARDS).then_some(missing).into_iter().collect())
}

fn settled(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let twice = tx.list_settled_twice(BATCH_MAX)?.into_iter();
    let twice = twice.map(|id| format!("session {id} has two completed transactions"));
    let booked = tx.list_booked_twice(BATCH_MAX)?.into_iter();
    let booked = booked.map(|id| format!("a fact about transaction {id} is booked twice"));
    Ok(twice.chain(booked).collect())
}

fn holds_amiss(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let amiss = tx.list_holds_amiss(BATCH_MAX)?.into_iter();
    Ok(amiss.map(|id| format!("what is held for {id} does not fit where it stands")).collect())
}

/// Everything agrees with everything else about how far it is.
fn states(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let mut wrong = Vec::new();
    for id in tx.list_misbooked_transactions(BATCH_MAX)? {
        wrong.push(format!("transaction {id} is not booked as its status says"));
    }
    for id in tx.list_misbooked_refunds(BATCH_MAX)? {
        wrong.push(format!("refund {id} is not booked as its status says"));
    }
    for id in tx.list_misbooked_deposits(BATCH_MAX)? {
        wrong.push(format!("deposit {id} is not booked as its status says"));
    }
    for id in tx.list_returns_amiss(BATCH_MAX)? {
        wrong.push(format!("deposit {id} is not sent back by one command that is asked about"));
    }
    for id in tx.list_strays_amiss(BATCH_MAX)? {
        wrong.push(format!("stray {id} is not the transfer that its deposit is"));
    }
    for id in tx.list_sessions_out_of_step(BATCH_MAX)? {
        wrong.push(format!("session {id} does not agree with its transaction"));
    }
    for id in tx.list_rails_out_of_step(BATCH_MAX)? {
        wrong.push(format!("rail payment {id} does not agree with its transaction and its quote"));
    }
    Ok(wrong)
}
