//! The identity worker: asks the verifier about users who gave details of themselves, and takes in what
//! it says.

use std::time::Duration;

use futures::future::join_all;
use gate_domain::session::{Event, IdentityProblem, Session};
use gate_domain::time::Millis;
use gate_rails::{Doubt, Question, RailError, Rails, Verdict};
use gate_store::{CheckEnd, ClaimedCheck, Locked, Recorded, StoreError, Tx};
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::run_passes;
use crate::advance::{AdvanceError, advance_session};
use crate::app::{App, Scope};
use crate::identity::{find_person, open, save_person};

/// Checks in one pass.
const BATCH_MAX: i64 = 32;
/// How long a claim holds.
const LEASE_MS: i64 = 30_000;
/// The first wait after the verifier said nothing; doubled each time.
const SILENCE_WAIT_MS: i64 = 500;
/// The longest wait between two questions.
const ASK_WAIT_MS_MAX: i64 = 60_000;
/// How long the verifier may take to say something: 10 s.
const VERIFIER_DEADLINE: Duration = Duration::from_secs(10);
/// How long a user waits for a verdict: 15 min.
const VERDICT_MS: i64 = 15 * 60_000;

/// The worker of a running process.
pub(super) async fn run(app: App, stopped: watch::Receiver<bool>) {
    run_passes(&app, "identity", app.checks_wake(), stopped, || async {
        Ok(ask_due_checks(&app).await? > 0)
    })
    .await;
}

/// One pass: claim the checks that are due, ask about them outside of any transaction, record what
/// came of it. Answers how many it handled.
pub async fn ask_due_checks(app: &App) -> Result<usize, StoreError> {
    let token = u128::from_be_bytes(app.ids().random()).to_string();
    let claims = app
        .write(move |tx, scope| {
            let until = scope.now.plus_ms(LEASE_MS);
            tx.claim_identity_checks(scope.now, until, &token, BATCH_MAX)
        })
        .await?;
    let handled = claims.len();
    for outcome in join_all(claims.into_iter().map(|claim| handle(app, claim))).await {
        outcome?;
    }
    Ok(handled)
}

async fn handle(app: &App, claim: ClaimedCheck) -> Result<(), StoreError> {
    let id = claim.id.clone();
    let Some(rails) = app.rails(claim.tenant.mode) else {
        error!(%id, "a check in a mode without a verifier");
        return Ok(());
    };
    let question = match question(app, &claim) {
        Ok(question) => question,
        Err(error) => {
            error!(%id, %error, "check {id} cannot be read");
            return Ok(());
        }
    };
    let verdict = ask(rails, &question, app.now()).await;
    let outcome = conclude(&claim, verdict, app.now());
    let recorded = app
        .write(move |tx, scope| match outcome {
            Outcome::Later(due_at) => Ok(tx.put_off_identity_check(&claim, due_at)?),
            Outcome::Ended(end) => take_in(tx, scope, &claim, &question, end),
        })
        .await;
    match recorded {
        Ok(true) => Ok(()),
        Ok(false) => {
            info!(%id, "nobody waits for this answer about {id}");
            Ok(())
        }
        Err(AdvanceError::Store(error)) => Err(error),
        Err(refused) => {
            // The check's lease ends by itself, and then it is asked about again.
            error!(%id, %refused, "the session did not follow its check");
            Ok(())
        }
    }
}

fn question(app: &App, claim: &ClaimedCheck) -> Result<Question, StoreError> {
    let person = open(app.vault(), "identity_checks", claim.id.as_str(), &claim.submission_sealed)?;
    Ok(Question { id: claim.id.clone(), level: claim.level, person, asked_at: claim.asked_at })
}

async fn ask(rails: &Rails, question: &Question, now: Millis) -> Result<Verdict, RailError> {
    let answer = tokio::time::timeout(VERIFIER_DEADLINE, rails.verifier.ask(question, now)).await;
    answer.unwrap_or(Err(RailError::AnswerLost))
}

/// What came of asking.
#[derive(Clone, Copy)]
enum Outcome {
    /// Ask again then.
    Later(Millis),
    /// There is nothing more to ask.
    Ended(Ended),
}

/// How a check ended.
#[derive(Clone, Copy)]
enum Ended {
    Approved,
    Rejected,
    Again(IdentityProblem),
    TimedOut,
}

/// What an answer means. Silence is waited out, until the user has waited long enough.
fn conclude(claim: &ClaimedCheck, verdict: Result<Verdict, RailError>, now: Millis) -> Outcome {
    let wait_ms = match verdict {
        Ok(Verdict::Approved) => return Outcome::Ended(Ended::Approved),
        Ok(Verdict::Rejected) => return Outcome::Ended(Ended::Rejected),
        Ok(Verdict::Again(Doubt::Name)) => {
            return Outcome::Ended(Ended::Again(IdentityProblem::Name));
        }
        Ok(Verdict::Again(Doubt::Document)) => {
            return Outcome::Ended(Ended::Again(IdentityProblem::Document));
        }
        Ok(Verdict::Pending { ask_again_ms }) => ask_again_ms.max(1),
        Err(error) => {
            let id = &claim.id;
            warn!(%id, %error, "no answer about {id} yet");
            SILENCE_WAIT_MS << claim.attempts.clamp(0, 10)
        }
    };
    let ends_at = claim.asked_at.plus_ms(VERDICT_MS);
    if now >= ends_at {
        return Outcome::Ended(Ended::TimedOut);
    }
    Outcome::Later(now.plus_ms(wait_ms.min(ASK_WAIT_MS_MAX)).min(ends_at))
}

/// Write down how a check ended, and let its session follow. Where the session ended, or passed in
/// another way, meanwhile, an approval still counts for the user, and nothing else does.
fn take_in(
    tx: &mut Tx,
    scope: &Scope<'_>,
    claim: &ClaimedCheck,
    question: &Question,
    ended: Ended,
) -> Result<bool, AdvanceError> {
    let missing = || StoreError::Corrupt {
        table: "identity_checks",
        id: claim.id.to_string(),
        why: "its session is missing".into(),
    };
    let session = tx.lock_session(&claim.tenant, &claim.session_id)?.ok_or_else(missing)?;
    let end = match ended {
        Ended::Approved => CheckEnd::Approved,
        Ended::Rejected => CheckEnd::Rejected,
        Ended::Again(_) => CheckEnd::Again,
        Ended::TimedOut => CheckEnd::TimedOut,
    };
    let recorded = tx.end_identity_check(claim, end, scope.now)?;
    let waited_for = match recorded {
        Recorded::InTime => true,
        Recorded::Late => false,
        Recorded::LeaseLost => return Ok(false),
    };
    let event = match ended {
        Ended::Approved => approve(tx, scope, claim, question, &session)?,
        Ended::Rejected => Some(Event::IdentityRejected),
        Ended::Again(problem) => Some(Event::DetailsDoubted(problem)),
        Ended::TimedOut => Some(Event::DetailsDoubted(IdentityProblem::TookTooLong)),
    };
    if let Some(event) = event.filter(|_| waited_for) {
        advance_session(tx, scope, session, &event)?;
    }
    Ok(true)
}

/// They are who they say: remember it, unless they are to be forgotten; then they begin again. Answers
/// what that means for the session, where more may have been asked meanwhile.
fn approve(
    tx: &mut Tx,
    scope: &Scope<'_>,
    claim: &ClaimedCheck,
    question: &Question,
    session: &Locked<Session>,
) -> Result<Option<Event>, StoreError> {
    let mode = claim.tenant.mode;
    let user = tx.lock_user(mode, &claim.user_id)?.filter(|user| user.erased_at.is_none());
    let Some(user) = user else { return Ok(Some(Event::UserForgotten)) };
    let person = question.person.clone().over(find_person(tx, scope.vault, mode, &user.id)?);
    save_person(tx, scope, &user, &person)?;
    let level = user.level.max(Some(claim.level));
    if user.level < level {
        tx.save_user_level(user, claim.level, scope.now)?;
    }
    let asked = session.choice().and_then(|choice| choice.identity);
    Ok(asked.map(|check| {
        if level >= Some(check.level) {
            Event::IdentityConfirmed
        } else {
            Event::UserKnown(claim.user_id.clone())
        }
    }))
}
