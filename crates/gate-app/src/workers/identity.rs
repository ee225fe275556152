//! The identity worker: asks the verifier about users who gave details of themselves, and takes in what
//! it says.

use std::time::Duration;

use futures::future::join_all;
use gate_domain::person::Person;
use gate_domain::screening::Subject;
use gate_domain::session::{Event, IdentityCheck, IdentityProblem, Session};
use gate_domain::time::Millis;
use gate_rails::{Doubt, Question, RailError, Verdict};
use gate_store::{BrokenCheck, CheckEnd, ClaimedCheck, Locked, Recorded, StoreError, Tx};
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::run_passes;
use crate::advance::{AdvanceError, advance_session};
use crate::app::{App, Scope};
use crate::identity::{find_person, open, save_person};
use crate::screening::is_blocked;

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
    let claimed = app
        .write(move |tx, scope| {
            let until = scope.now.plus_ms(LEASE_MS);
            tx.claim_identity_checks(scope.now, until, &token, BATCH_MAX)
        })
        .await?;
    let handled = claimed.checks.len() + claimed.broken.len();
    for outcome in join_all(claimed.checks.into_iter().map(|claim| handle(app, claim))).await {
        outcome?;
    }
    for broken in claimed.broken {
        look_after(app, broken).await?;
    }
    Ok(handled)
}

/// A check that does not parse waits for somebody who can read it, and ends like one that nobody
/// answers. Where its session does not parse either, that one waits until it expires.
async fn look_after(app: &App, broken: BrokenCheck) -> Result<(), StoreError> {
    let BrokenCheck { id, asked_at, error, .. } = &broken;
    error!(%id, %error, "check {id} cannot be read");
    if app.now() < asked_at.plus_ms(VERDICT_MS) {
        return Ok(());
    }
    let given_up = app.write(move |tx, scope| {
        let session = match &broken.session {
            Some((tenant, session)) => tx.lock_session(tenant, session)?,
            None => None,
        };
        if !tx.give_up_identity_check(&broken, scope.now)? {
            return Ok(());
        }
        let checking = |session: &Locked<Session>| {
            let check = session.choice().and_then(|choice| choice.identity);
            check.is_some_and(IdentityCheck::is_checking)
        };
        if let Some(session) = session.filter(checking) {
            let event = Event::DetailsDoubted(IdentityProblem::TookTooLong);
            advance_session(tx, scope, session, &event)?;
        }
        Ok(())
    });
    match given_up.await {
        Ok(()) => Ok(()),
        Err(AdvanceError::Store(error)) => Err(error),
        Err(refused) => {
            error!(%refused, "a session did not follow its check");
            Ok(())
        }
    }
}

async fn handle(app: &App, claim: ClaimedCheck) -> Result<(), StoreError> {
    let id = claim.id.clone();
    let outcome = conclude(&claim, ask(app, &claim).await, app.now());
    let recorded = app
        .write(move |tx, scope| match &outcome {
            Outcome::Later(due_at) => Ok(tx.put_off_identity_check(&claim, *due_at)?),
            Outcome::Ended(ended) => take_in(tx, scope, &claim, ended),
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

/// Why there is no answer yet.
#[derive(Debug, thiserror::Error)]
enum Silence {
    /// The mode has no verifier.
    #[error("the mode has no verifier")]
    NoVerifier,
    /// What was given cannot be read.
    #[error(transparent)]
    Unreadable(#[from] StoreError),
    /// The verifier said nothing.
    #[error(transparent)]
    Rail(#[from] RailError),
}

/// Ask the verifier. Answers what it says, and about whom.
async fn ask(app: &App, claim: &ClaimedCheck) -> Result<(Verdict, Person), Silence> {
    let rails = app.rails(claim.tenant.mode).ok_or(Silence::NoVerifier)?;
    let person = open(app.vault(), "identity_checks", claim.id.as_str(), &claim.submission_sealed)?;
    let (id, level, asked_at) = (claim.id.clone(), claim.level, claim.asked_at);
    let question = Question { id, level, person, asked_at };
    let answer = tokio::time::timeout(VERIFIER_DEADLINE, rails.verifier.ask(&question, app.now()));
    let verdict = answer.await.unwrap_or(Err(RailError::AnswerLost))?;
    Ok((verdict, question.person))
}

/// What came of asking.
enum Outcome {
    /// Ask again then.
    Later(Millis),
    /// There is nothing more to ask.
    Ended(Ended),
}

/// How a check ended.
enum Ended {
    Approved(Box<Person>),
    Rejected,
    Again(IdentityProblem),
    TimedOut,
}

/// What an answer means. Silence is waited out, until the user has waited long enough.
fn conclude(
    claim: &ClaimedCheck,
    answer: Result<(Verdict, Person), Silence>,
    now: Millis,
) -> Outcome {
    let wait_ms = match answer {
        Ok((Verdict::Approved, person)) => {
            return Outcome::Ended(Ended::Approved(Box::new(person)));
        }
        Ok((Verdict::Rejected, _)) => return Outcome::Ended(Ended::Rejected),
        Ok((Verdict::Again(Doubt::Name), _)) => {
            return Outcome::Ended(Ended::Again(IdentityProblem::Name));
        }
        Ok((Verdict::Again(Doubt::Document), _)) => {
            return Outcome::Ended(Ended::Again(IdentityProblem::Document));
        }
        Ok((Verdict::Pending { ask_again_ms }, _)) => ask_again_ms.max(1),
        Err(silence) => {
            let id = &claim.id;
            match silence {
                Silence::Rail(error) => warn!(%id, %error, "no answer about {id} yet"),
                Silence::NoVerifier | Silence::Unreadable(_) => {
                    error!(%id, error = %silence, "check {id} cannot be made");
                }
            }
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
/// another way, meanwhile, an approval still counts for the user, and nothing else does. None counts by
/// a name that people have blocked.
fn take_in(
    tx: &mut Tx,
    scope: &Scope<'_>,
    claim: &ClaimedCheck,
    ended: &Ended,
) -> Result<bool, AdvanceError> {
    let missing = || StoreError::Corrupt {
        table: "identity_checks",
        id: claim.id.to_string(),
        why: "its session is missing".into(),
    };
    let session = tx.lock_session(&claim.tenant, &claim.session_id)?.ok_or_else(missing)?;
    let blocked = match ended {
        Ended::Approved(person) => is_blocked(tx, scope, &session, &Subject::name(person.name()))?,
        Ended::Rejected | Ended::Again(_) | Ended::TimedOut => false,
    };
    let ended = if blocked { &Ended::Rejected } else { ended };
    let end = match ended {
        Ended::Approved(_) => CheckEnd::Approved,
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
        Ended::Approved(person) => approve(tx, scope, claim, person, &session)?,
        Ended::Rejected => Some(Event::IdentityRejected),
        Ended::Again(problem) => Some(Event::DetailsDoubted(*problem)),
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
    person: &Person,
    session: &Locked<Session>,
) -> Result<Option<Event>, StoreError> {
    let mode = claim.tenant.mode;
    let user = tx.lock_user(mode, &claim.user_id)?.filter(|user| user.erased_at.is_none());
    let Some(user) = user else { return Ok(Some(Event::UserForgotten)) };
    let person = person.clone().over(find_person(tx, scope.vault, mode, &user.id)?);
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
