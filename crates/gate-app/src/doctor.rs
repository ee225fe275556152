//! The doctor: proves from the stored rows alone that nothing is lost or out of balance.

use std::collections::BTreeMap;

use gate_store::{EntryPlace, StoreError, Tx};
use serde::Serialize;

/// Rows in one step.
const BATCH_MAX: i64 = 1000;

/// What the doctor found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Nothing is wrong.
    pub ok: bool,
    /// The ledger.
    pub ledger: LedgerReport,
    /// Sessions by status.
    pub sessions: BTreeMap<String, i64>,
    /// Transactions by status.
    pub transactions: BTreeMap<String, i64>,
    /// Deliveries by status.
    pub deliveries: BTreeMap<String, i64>,
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

/// Examine a database. It changes nothing.
pub fn examine(tx: &mut Tx) -> Result<Report, StoreError> {
    let mut problems = Vec::new();
    let ledger = examine_ledger(tx, &mut problems)?;
    for gap in tx.list_feed_gaps()? {
        problems.push(format!("the feed of {gap} does not hold as many events as it has places"));
    }
    for id in tx.list_misbooked_transactions(BATCH_MAX)? {
        problems.push(format!("transaction {id} is not booked as its status says"));
    }
    for id in tx.list_sessions_out_of_step(BATCH_MAX)? {
        problems.push(format!("session {id} does not agree with its transaction"));
    }
    for id in tx.list_rails_out_of_step(BATCH_MAX)? {
        problems
            .push(format!("rail payment {id} does not agree with its transaction and its quote"));
    }
    for id in tx.list_undelivered_events(BATCH_MAX)? {
        problems.push(format!("event {id} has no delivery though its partner has an endpoint"));
    }
    Ok(Report {
        ok: problems.is_empty(),
        ledger,
        sessions: tx.count_sessions()?,
        transactions: tx.count_transactions()?,
        deliveries: tx.count_deliveries()?,
        problems,
    })
}

fn examine_ledger(tx: &mut Tx, problems: &mut Vec<String>) -> Result<LedgerReport, StoreError> {
    let mut report = LedgerReport { balanced: true, ..LedgerReport::default() };
    let mut balances: BTreeMap<String, i128> = BTreeMap::new();
    let mut posting = String::new();
    let mut sums: BTreeMap<String, i128> = BTreeMap::new();
    let mut place = EntryPlace::default();
    loop {
        let entries = tx.list_entries(&place, BATCH_MAX)?;
        for entry in &entries {
            if entry.place.posting_id != posting {
                close_posting(&posting, &mut sums, &mut report, problems);
                posting.clone_from(&entry.place.posting_id);
                report.postings += 1;
            }
            report.entries += 1;
            *sums.entry(entry.asset.clone()).or_default() += entry.units;
            *balances.entry(format!("{} {}", entry.account, entry.asset)).or_default() +=
                entry.units;
        }
        match entries.last() {
            Some(last) => place = last.place.clone(),
            None => break,
        }
    }
    close_posting(&posting, &mut sums, &mut report, problems);
    report.balances = balances.into_iter().map(|(name, units)| (name, units.to_string())).collect();
    Ok(report)
}

fn close_posting(
    posting: &str,
    sums: &mut BTreeMap<String, i128>,
    report: &mut LedgerReport,
    problems: &mut Vec<String>,
) {
    for (asset, units) in std::mem::take(sums) {
        if units != 0 {
            report.balanced = false;
            problems.push(format!("posting {posting} is out by {units} of {asset}"));
        }
    }
}
