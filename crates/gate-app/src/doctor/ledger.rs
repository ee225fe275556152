//! A walk through the books, in the order of their chains: by the doctor in one go, by the audit of a
//! running gateway in small steps.

use std::collections::BTreeMap;

use gate_domain::ledger::{Account, BEFORE_THE_FIRST, Record};
use gate_store::{PostingPlace, PostingRow, StoreError, Tx, hash_of};

use super::{BATCH_MAX, LedgerReport};

/// What the walk found, with who breaks what in words.
#[derive(Default)]
pub(crate) struct Books {
    pub(super) report: LedgerReport,
    pub(super) unbalanced: Vec<String>,
    pub(super) no_amounts: Vec<String>,
    pub(super) gaps: Vec<String>,
    pub(super) breaks: Vec<String>,
}

/// How far the walk is in one chain.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    /// The last posting that was looked at.
    pub(crate) place: PostingPlace,
    /// Its hash.
    pub(crate) head: String,
    broken: bool,
}

impl Chain {
    /// A chain up to a place with this hash.
    pub(crate) fn at(place: PostingPlace, head: String) -> Self {
        Self { place, head, broken: false }
    }

    /// Before the first posting of the chain that this is a place in.
    pub(crate) fn before(place: &PostingPlace) -> Self {
        let place = PostingPlace { number: 0, ..place.clone() };
        Self::at(place, BEFORE_THE_FIRST.to_owned())
    }
}

pub(super) fn read(tx: &mut Tx) -> Result<Books, StoreError> {
    let mut books = Books::default();
    let mut balances: BTreeMap<String, i128> = BTreeMap::new();
    let mut ends: BTreeMap<(String, String), Chain> = BTreeMap::new();
    let mut place = PostingPlace::default();
    loop {
        let postings = tx.list_postings(&place, BATCH_MAX)?;
        let Some(last) = postings.last() else { break };
        place = last.place();
        for posting in &postings {
            books.weigh(&posting.record, &mut balances);
            let key = (posting.record.partner.clone(), posting.record.mode.clone());
            let chain = ends.entry(key).or_insert_with(|| Chain::before(&posting.place()));
            books.follow(posting, chain);
        }
    }
    let mut after = PostingPlace::default();
    loop {
        let page = tx.list_chain_ends(&after, BATCH_MAX)?;
        let Some((last, _)) = page.last() else { break };
        after = last.clone();
        for (end, head) in page {
            let walked = ends.remove(&(end.partner.clone(), end.mode.clone()));
            let walked = walked.unwrap_or_else(|| Chain::before(&end));
            books.close(&walked, &end, &head);
        }
    }
    for stray in tx.list_stray_lines(BATCH_MAX)? {
        let PostingPlace { partner, mode, number } = stray;
        books.gaps.push(format!("a line of posting {number} of {partner} in {mode} mode is stray"));
    }
    books.report.balanced = books.unbalanced.is_empty();
    books.report.balances =
        balances.into_iter().map(|(name, units)| (name, units.to_string())).collect();
    Ok(books)
}

impl Books {
    /// The first thing that is wrong, in words.
    pub(crate) fn into_finding(self) -> Option<String> {
        let Self { unbalanced, no_amounts, gaps, breaks, .. } = self;
        unbalanced.into_iter().chain(no_amounts).chain(gaps).chain(breaks).next()
    }

    /// See that a chain that was walked to its end goes as far as its partner's feed says.
    pub(crate) fn close(&mut self, walked: &Chain, end: &PostingPlace, head: &str) {
        let number = walked.place.number;
        if number != end.number {
            self.gaps.push(format!(
                "the chain of {} in {} mode has {number} postings, and {} were given a place",
                end.partner, end.mode, end.number
            ));
        } else if walked.head != head && !walked.broken {
            self.breaks.push(format!(
                "the chain of {} in {} mode does not end with the hash that was kept",
                end.partner, end.mode
            ));
        }
    }

    /// Add a posting up, and see that each of its lines is an amount on an account.
    pub(crate) fn weigh(&mut self, record: &Record, balances: &mut BTreeMap<String, i128>) {
        let mut sums: BTreeMap<&str, i128> = BTreeMap::new();
        self.report.postings += 1;
        for line in &record.lines {
            self.report.entries += 1;
            // Written as we write it: another spelling of the same number was not written by us.
            let units = line.units.parse().ok().filter(|units: &i128| {
                *units != 0 && units.to_string() == line.units && !line.asset.is_empty()
            });
            let known = Account::parse(&line.account).is_some();
            let Some(units) = units.filter(|_| known) else {
                self.no_amounts.push(format!(
                    "posting {} has a line of {:?} {} on {:?}",
                    record.id, line.units, line.asset, line.account
                ));
                continue;
            };
            let balance = balances.entry(format!("{} {}", line.account, line.asset)).or_default();
            let sum = sums.entry(&line.asset).or_default();
            match (balance.checked_add(units), sum.checked_add(units)) {
                (Some(new_balance), Some(new_sum)) => (*balance, *sum) = (new_balance, new_sum),
                _ => self.no_amounts.push(format!("posting {} adds up to too much", record.id)),
            }
        }
        if record.lines.is_empty() {
            self.unbalanced.push(format!("posting {} has no lines", record.id));
        }
        for (asset, units) in sums.into_iter().filter(|(_, units)| *units != 0) {
            self.unbalanced.push(format!("posting {} is out by {units} of {asset}", record.id));
        }
    }

    /// See that a posting follows the one before; only the first that does not is told.
    pub(crate) fn follow(&mut self, posting: &PostingRow, chain: &mut Chain) {
        let record = &posting.record;
        if record.number != chain.place.number + 1 {
            self.gaps.push(format!(
                "posting {} stands at {} behind {}",
                record.id, record.number, chain.place.number
            ));
        }
        let fits = record.previous == chain.head && hash_of(record) == posting.hash;
        if !fits && !chain.broken {
            chain.broken = true;
            self.breaks.push(format!(
                "posting {} (number {} of {} in {} mode) is not what was written: its hash does not fit",
                record.id, record.number, record.partner, record.mode
            ));
        }
        chain.place = posting.place();
        chain.head.clone_from(&posting.hash);
    }
}
