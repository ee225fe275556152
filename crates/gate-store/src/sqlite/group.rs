//! Group commit: closures that wait together share one transaction and one flush to disk. Nobody
//! is answered before the commit, not even those that failed: a clash may be with a neighbour's
//! row that is not durable yet.
//!
//! Almost no closure has to be undone, so a group first runs without a way to undo a single one.
//! When one must be, everything is undone and the group runs again with a savepoint for each.

use std::collections::VecDeque;

use rusqlite::ErrorCode;

use super::explain;
use crate::{
    StoreError, Tx,
    job::{Job, Verdict},
    queue::Queue,
    stats::Counters,
    store::Queues,
};

/// Closures that may share one commit.
pub(super) const GROUP_MAX: usize = 256;
/// How often a closure that asks for it is run again. Nothing changes in between on an engine
/// with one writer, so this only keeps a mistaken closure from spinning.
const TRIES_MAX: u32 = 8;

type Jobs = Vec<Box<dyn Job>>;

/// How closures share a transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    /// None can be undone without the others.
    Boldly,
    /// Each in a savepoint.
    Carefully,
    /// There is only one, and it is always answered.
    Alone,
}

/// Run closures and answer each of them, and those that arrive meanwhile.
pub(super) fn run(tx: &mut Tx, jobs: Jobs, queues: &Queues) {
    let counters = &queues.counters;
    let mut rest = jobs;
    while !rest.is_empty() {
        let bold = share_commit(tx, rest, Sharing::Boldly, Some(&queues.writes), counters);
        rest = bold.not_run;
        if bold.again.is_empty() {
            continue;
        }
        let careful = share_commit(tx, bold.again, Sharing::Carefully, None, counters);
        for job in careful.again.into_iter().chain(careful.not_run) {
            share_commit(tx, vec![job], Sharing::Alone, None, counters);
        }
    }
}

/// What a group could not answer.
#[derive(Default)]
struct Unfinished {
    /// Their work was undone with the group's, maybe through no fault of theirs.
    again: Jobs,
    not_run: Jobs,
}

/// One transaction for all, and for as many latecomers as fit.
fn share_commit(
    tx: &mut Tx,
    jobs: Jobs,
    sharing: Sharing,
    latecomers: Option<&Queue<Box<dyn Job>>>,
    counters: &Counters,
) -> Unfinished {
    if let Err(error) = control(tx, "begin immediate") {
        let why = format!("the transaction could not begin: {error}");
        tracing::error!(why);
        for job in jobs {
            job.answer(Some(StoreError::Unavailable(why.clone())));
        }
        return Unfinished::default();
    }
    tx.begin_group(sharing == Sharing::Boldly);

    let mut ran: Vec<(Box<dyn Job>, bool)> = Vec::with_capacity(jobs.len());
    let mut jobs = VecDeque::from(jobs);
    loop {
        if let Some(queue) = latecomers
            && jobs.is_empty()
        {
            jobs.extend(queue.take_now(GROUP_MAX - ran.len()));
        }
        let Some(mut job) = jobs.pop_front() else { break };
        if job.is_abandoned() {
            counters.skipped.add(1);
            continue;
        }
        let done = match sharing {
            Sharing::Boldly => in_the_open(tx, &mut *job, counters),
            Sharing::Carefully | Sharing::Alone => in_savepoint(tx, &mut *job, counters),
        };
        match done {
            Ok(commit) => ran.push((job, commit)),
            Err(instead) => {
                tx.engine.rollback();
                if sharing == Sharing::Alone {
                    job.answer(instead);
                    return Unfinished::default();
                }
                let again = ran.into_iter().map(|(job, _)| job).chain([job]).collect();
                return Unfinished { again, not_run: jobs.into() };
            }
        }
    }
    if sharing == Sharing::Boldly
        && let Err(error) = tx.flush()
    {
        tracing::warn!(%error, "what a group had put off could not be written");
        tx.engine.rollback();
        return Unfinished {
            again: ran.into_iter().map(|(job, _)| job).collect(),
            ..Default::default()
        };
    }
    finish(tx, ran, sharing == Sharing::Alone, counters)
}

/// Commit, then answer.
fn finish(
    tx: &mut Tx,
    ran: Vec<(Box<dyn Job>, bool)>,
    is_alone: bool,
    counters: &Counters,
) -> Unfinished {
    let Err(error) = control(tx, "commit") else {
        let writes = ran.iter().filter(|(_, commit)| *commit).count();
        counters.writes.add(writes as u64);
        counters.commits.add(u64::from(writes > 0));
        for (job, _) in ran {
            job.answer(None);
        }
        return Unfinished::default();
    };

    tracing::error!(%error, closures = ran.len(), "a commit failed");
    // A full disk and a broken constraint are found before anything is durable. Any other
    // failure may have come after the commit record was written.
    let code = error.sqlite_error_code();
    let is_certain = matches!(code, Some(ErrorCode::DiskFull | ErrorCode::ConstraintViolation));
    let mut error = Some(explain(tx.sqlite(), error));
    tx.engine.rollback();
    let mut again = Jobs::new();
    for (job, commit) in ran {
        match (commit, is_certain) {
            (true, false) => job.answer(Some(StoreError::OutcomeUnknown)),
            _ if !is_alone => again.push(job),
            (true, true) => job.answer(error.take()),
            (false, _) => job.answer(None),
        }
    }
    Unfinished { again, not_run: Jobs::new() }
}

/// Run one closure among others. An error means that it has to be undone, and they with it.
fn in_the_open(
    tx: &mut Tx,
    job: &mut dyn Job,
    counters: &Counters,
) -> Result<bool, Option<StoreError>> {
    let verdict = job.run(tx);
    counters.retries.add(u64::from(verdict == Verdict::Retry));
    match verdict {
        _ if tx.sqlite().is_autocommit() => Err(None),
        Verdict::Commit => Ok(true),
        // A refusal that wrote nothing has nothing to undo.
        Verdict::Rollback if !tx.wrote() => Ok(false),
        Verdict::Rollback | Verdict::Retry => Err(None),
    }
}

/// Run one closure so that it can be undone without the others.
///
/// Answers whether it is part of the commit. An error means that the whole transaction is gone
/// (a full disk does that); it holds what to answer instead of the closure's own result.
fn in_savepoint(
    tx: &mut Tx,
    job: &mut dyn Job,
    counters: &Counters,
) -> Result<bool, Option<StoreError>> {
    step(tx, "savepoint closure")?;
    for tries in 1.. {
        let verdict = job.run(tx);
        if tx.sqlite().is_autocommit() {
            let why = || StoreError::Misuse("a closure ended its own transaction".to_owned());
            return Err((verdict == Verdict::Commit).then(why));
        }
        if verdict == Verdict::Commit {
            tx.flush().map_err(Some)?;
            step(tx, "release closure")?;
            return Ok(true);
        }
        step(tx, "rollback to closure")?;
        if verdict == Verdict::Rollback || tries == TRIES_MAX {
            break;
        }
        counters.retries.add(1);
    }
    step(tx, "release closure")?;
    Ok(false)
}

fn step(tx: &Tx, text: &str) -> Result<(), Option<StoreError>> {
    control(tx, text).map_err(|error| Some(explain(tx.sqlite(), error)))
}

/// Begin, savepoint and the like: prepared once, no parameters.
fn control(tx: &Tx, text: &str) -> rusqlite::Result<()> {
    tx.sqlite().prepare_cached(text)?.raw_execute().map(drop)
}
