//! The mail worker: hands the mails of live mode to a mail server, until what they say is no longer good.
//! Addresses are neither logged nor counted.

use futures::future::join_all;
use gate_domain::Mode;
use gate_domain::time::Millis;
use gate_rails::mail::MailError;
use gate_store::{ClaimedMail, MailEnd, StoreError};
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::run_passes;
use crate::app::App;
use crate::identity::open_letter;

/// Mails in one pass, each with a connection of its own.
const BATCH_MAX: i64 = 8;
/// How long a claim holds: longer than a mailer takes.
const LEASE_MS: i64 = 60_000;
/// The first wait after a mail was not taken; doubled each time.
const RETRY_WAIT_MS: i64 = 2_000;
/// The longest wait between two attempts.
const RETRY_WAIT_MS_MAX: i64 = 60_000;

/// The worker of a running process.
pub(super) async fn run(app: App, stopped: watch::Receiver<bool>) {
    run_passes(&app, "mails", app.mails_wake(), stopped, || async {
        Ok(send_due_mails(&app).await? > 0)
    })
    .await;
}

/// One pass: claim the mails that are due, send them outside of any transaction, record what came of
/// it. Answers how many it handled.
pub async fn send_due_mails(app: &App) -> Result<usize, StoreError> {
    let token = u128::from_be_bytes(app.ids().random()).to_string();
    let claims = app
        .write(move |tx, scope| {
            let until = scope.now.plus_ms(LEASE_MS);
            tx.claim_mails(scope.now, until, &token, BATCH_MAX)
        })
        .await?;
    let handled = claims.len();
    for outcome in join_all(claims.into_iter().map(|claim| handle(app, claim))).await {
        outcome?;
    }
    Ok(handled)
}

async fn handle(app: &App, claim: ClaimedMail) -> Result<(), StoreError> {
    let sent = send(app, &claim).await;
    let outcome = conclude(&claim, sent, app.now());
    let id = claim.id.clone();
    let recorded: Result<bool, StoreError> = app
        .write(move |tx, _| match outcome {
            Outcome::Ended(end) => tx.end_mail(&claim, end),
            Outcome::Later(due_at) => tx.put_off_mail(&claim, due_at),
        })
        .await;
    if recorded? {
        app.metrics().mail_tried(match outcome {
            Outcome::Ended(end) => Some(end),
            Outcome::Later(_) => None,
        });
    } else {
        info!(%id, "mail {id} is gone, or somebody else has it");
    }
    Ok(())
}

/// Hand a mail over, if it is still good.
async fn send(app: &App, claim: &ClaimedMail) -> Result<(), MailError> {
    let due = claim.due.as_ref().map_err(|error| MailError::for_good(error.as_str()))?;
    // The sandbox tells nobody anything, whatever stands in its rows.
    if due.tenant.mode != Mode::Live {
        return Err(MailError::for_good("it is of the sandbox"));
    }
    if app.now() >= claim.good_until {
        return Err(MailError::for_good("what it says is no longer good"));
    }
    let mailer = app.config().mailer.as_ref();
    let mailer = mailer.ok_or_else(|| MailError::later("this gateway has no mail server"))?;
    let letter = open_letter(app.vault(), due);
    let letter = letter.map_err(|error| MailError::for_good(error.to_string()))?;
    mailer.send(&letter).await
}

/// What came of an attempt.
#[derive(Clone, Copy)]
enum Outcome {
    /// Nothing more is to be done.
    Ended(MailEnd),
    /// Try again then.
    Later(Millis),
}

/// What an attempt means: a mail is tried again as long as it is good, ever less often.
fn conclude(claim: &ClaimedMail, sent: Result<(), MailError>, now: Millis) -> Outcome {
    let id = &claim.id;
    let Err(error) = sent else { return Outcome::Ended(MailEnd::Sent) };
    let wait_ms = (RETRY_WAIT_MS << claim.attempts.clamp(0, 10)).min(RETRY_WAIT_MS_MAX);
    let due_at = now.plus_ms(wait_ms);
    if error.for_good || due_at >= claim.good_until {
        error!(%id, %error, "mail {id} was not sent, and is given up");
        return Outcome::Ended(MailEnd::GivenUp);
    }
    warn!(%id, %error, "mail {id} was not sent yet");
    Outcome::Later(due_at)
}
