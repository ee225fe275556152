//! The auditor: while the gateway runs, it follows what is booked, and beside that all of the books
//! again and again, a little at a time. What it finds wrong halts all payments.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gate_store::{PostingPlace, PostingRow, StoreError, Tx};
use tokio::sync::{Notify, watch};

use super::lanes::lock;
use super::run_passes_every;
use crate::app::App;
use crate::doctor::guards;
use crate::doctor::ledger::{Books, Chain};
use crate::halt::{Finding, halt};

/// How often it looks: every 5 s.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// New postings in one step.
const NEW_MAX: i64 = 1_000;
/// Chains whose ends are compared in one step.
const CHAINS_MAX: i64 = 1_000;
/// Postings of the round in one step: two million in three days.
const ROUND_MAX: i64 = 200;

/// How far the audit of this process is. It begins at the ends that it finds; what is before them is
/// the round's.
#[derive(Default)]
pub struct Progress {
    /// Up to where each chain was followed.
    fronts: BTreeMap<(String, String), Chain>,
    /// The chain behind which the comparison of ends goes on.
    compared: PostingPlace,
    /// Where the round through all postings is.
    round: Option<Chain>,
}

/// What one step came to.
#[derive(Default)]
struct Step {
    fronts: Vec<Chain>,
    compared: PostingPlace,
    round: Option<Chain>,
    more: bool,
    finding: Option<Finding>,
}

/// The worker of a running process.
pub(super) async fn run(app: App, stopped: watch::Receiver<bool>) {
    let progress = Arc::new(Mutex::new(Progress::default()));
    run_passes_every(LOOK_EVERY, &app, "audit", &Notify::new(), stopped, || {
        audit_step(&app, &progress)
    })
    .await;
}

/// One step. Answers whether more is new. While payments are paused it looks at nothing, and begins
/// anew afterwards: whoever repairs books may rewrite them.
pub async fn audit_step(app: &App, progress: &Arc<Mutex<Progress>>) -> Result<bool, StoreError> {
    if app.store().read(Tx::find_halt).await?.is_some() {
        *lock(progress) = Progress::default();
        return Ok(false);
    }
    let shared = Arc::clone(progress);
    let step = app.store().read(move |tx| lock(&shared).look(tx)).await?;
    let Step { fronts, compared, round, more, finding } = step;
    if let Some(finding) = finding {
        halt(app, finding).await?;
        return Ok(false);
    }
    let mut progress = lock(progress);
    progress.fronts.extend(fronts.into_iter().map(|chain| (key(&chain.place), chain)));
    (progress.compared, progress.round) = (compared, round);
    Ok(more)
}

fn key(place: &PostingPlace) -> (String, String) {
    (place.partner.clone(), place.mode.clone())
}

impl Progress {
    fn look(&self, tx: &mut Tx) -> Result<Step, StoreError> {
        let mut step = Step::default();
        if let Some(words) = guards(tx)?.pop() {
            step.finding = Some(Finding { tenant: None, words });
            return Ok(step);
        }
        self.follow_new(tx, &mut step)?;
        if step.finding.is_none() {
            self.go_round(tx, &mut step)?;
        }
        Ok(step)
    }

    /// Follow what was booked since the last step, chain by chain.
    fn follow_new(&self, tx: &mut Tx, step: &mut Step) -> Result<(), StoreError> {
        let ends = tx.list_chain_ends(&self.compared, CHAINS_MAX)?;
        let all = ends.len() < usize::try_from(CHAINS_MAX).expect("a small number");
        let (mut left, mut last) = (NEW_MAX, None);
        for (end, head) in ends {
            if left == 0 {
                (step.compared, step.more) = (last.unwrap_or_default(), true);
                return Ok(());
            }
            last = Some(end.clone());
            let Some(front) = self.fronts.get(&key(&end)) else {
                step.fronts.push(Chain::at(end, head));
                continue;
            };
            if (front.place.number, &front.head) == (end.number, &head) {
                continue;
            }
            let mut chain = front.clone();
            let postings = tx.list_chain(&chain.place, left)?;
            left -= i64::try_from(postings.len()).expect("no more than the limit");
            let mut books = Books::default();
            let misbooked = follow(tx, &mut books, &postings, &mut chain)?;
            if left > 0 {
                books.close(&chain, &end, &head);
            }
            if let Some(words) = books.into_finding().or(misbooked) {
                step.finding = Some(Finding::in_chain(&end, words));
                return Ok(());
            }
            step.fronts.push(chain);
        }
        if !all {
            step.compared = last.unwrap_or_default();
        }
        step.more = left == 0;
        Ok(())
    }

    /// Go on with the round through all postings; behind the last one, begin again.
    fn go_round(&self, tx: &mut Tx, step: &mut Step) -> Result<(), StoreError> {
        let after = self.round.as_ref().map(|chain| chain.place.clone()).unwrap_or_default();
        let postings = tx.list_postings(&after, ROUND_MAX)?;
        let mut round = self.round.clone();
        for part in postings.chunk_by(|one, next| key(&one.place()) == key(&next.place())) {
            let place = part[0].place();
            let begun = round.take().filter(|chain| key(&chain.place) == key(&place));
            let mut chain = begun.unwrap_or_else(|| Chain::before(&place));
            let mut books = Books::default();
            let misbooked = follow(tx, &mut books, part, &mut chain)?;
            if let Some(words) = books.into_finding().or(misbooked) {
                step.finding = Some(Finding::in_chain(&place, words));
                return Ok(());
            }
            round = Some(chain);
        }
        step.round = if postings.is_empty() { None } else { round };
        Ok(())
    }
}

/// Follow postings of one chain; answers what is wrong with the transactions that they are about.
fn follow(
    tx: &mut Tx,
    books: &mut Books,
    postings: &[PostingRow],
    chain: &mut Chain,
) -> Result<Option<String>, StoreError> {
    let (mut balances, mut transactions) = (BTreeMap::new(), BTreeSet::new());
    for posting in postings {
        books.weigh(&posting.record, &mut balances);
        books.follow(posting, chain);
        transactions.insert(&posting.record.transaction);
    }
    let (partner, mode) = (&chain.place.partner, &chain.place.mode);
    for id in transactions {
        if tx.is_misbooked(partner, mode, id)? {
            return Ok(Some(format!("transaction {id} is not booked as its status says")));
        }
    }
    Ok(None)
}
