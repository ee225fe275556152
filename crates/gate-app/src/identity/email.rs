//! An e-mail address that the user reads: a code is sent there, and typed on the page. Nothing that is
//! answered says whether the address is known.

use gate_domain::customer::Email;
use gate_domain::ids::{Mode, SessionId, Tenant, UserId};
use gate_domain::person::Person;
use gate_domain::session::{Event, IdentityStage, Refused, Session};
use gate_store::{EmailCode, Locked, StoreError, Tx};
use gate_wire::journey::Journey;
use subtle::ConstantTimeEq;

use super::mailbox::{Mail, write_mail};
use super::{IdentityError, code_limits, email_name, find_person, open_email, save_person, seal};
use crate::advance::advance_session;
use crate::app::{App, Scope};
use crate::journey::{JourneyError, act, act_and_tell};

/// How long a code is good: 10 min.
pub(super) const CODE_MS: i64 = 10 * 60_000;
/// How often a code may be typed wrong.
const TRIES_MAX: i64 = 5;

/// Send a code to an address; also once more, or to another address. The last one alone is good.
pub async fn send_code(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    email: Email,
) -> Result<Journey, JourneyError> {
    check_mails(app, tenant.mode)?;
    let sent =
        act(app, tenant, session, move |tx, scope, session| send(tx, scope, session, &email));
    sent.await.inspect_err(|refused| code_limits::tell(app, tenant, refused))
}

/// In the sandbox there is a mailbox; in live mode there has to be a server that takes mails.
fn check_mails(app: &App, mode: Mode) -> Result<(), JourneyError> {
    match mode {
        Mode::Test => Ok(()),
        Mode::Live if app.config().mailer.is_some() => Ok(()),
        Mode::Live => Err(JourneyError::NotEnabled),
    }
}

fn send(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    email: &Email,
) -> Result<(), JourneyError> {
    // The session says whether it takes this now, before anything is counted.
    session.state.apply(&Event::CodeSent, &session.terms)?;
    let (tenant, id, now) = (&session.tenant, &session.id, scope.now);
    let email_hash = scope.vault.user_email_hash(tenant.mode, &email.folded());
    code_limits::check(tx, tenant, id, &email_hash, now)?;

    let number = tx.find_email_code(tenant, id)?.map_or(1, |last| last.number + 1);
    let code = format!("{:06}", u64::from_be_bytes(scope.ids().random()) % 1_000_000);
    let row = EmailCode {
        number,
        email_sealed: seal(scope, &email_name(id, number), email),
        code_hash: Some(scope.vault.email_code_hash(id, &email_hash, &code)),
        email_hash,
        tries: 0,
        sent_at: now,
    };
    tx.insert_email_code(tenant, id, &row)?;
    let partner = tx.find_partner_name(&tenant.partner)?.unwrap_or_default();
    let mail = Mail::with_code(email, &code, &partner);
    write_mail(tx, scope, (tenant, id), &row.email_hash, &mail, now.plus_ms(CODE_MS))?;
    advance_session(tx, scope, session, &Event::CodeSent)?;
    Ok(())
}

/// Take the code that a user typed. If it is right they are somebody: whoever has shown this address
/// before, or a new user. Whoever has passed what is asked goes on at once.
pub async fn confirm_code(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    typed: String,
) -> Result<Journey, JourneyError> {
    check_mails(app, tenant.mode)?;
    let (wrong, journey) = act_and_tell(app, tenant, session, move |tx, scope, session| {
        take_code(tx, scope, session, &typed)
    })
    .await?;
    // A wrong try counts, so it is refused after it was written down.
    match wrong.flatten() {
        Some(wrong) => Err(wrong.into()),
        None => Ok(journey),
    }
}

fn take_code(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    typed: &str,
) -> Result<Option<IdentityError>, JourneyError> {
    let check = session.choice().and_then(|choice| choice.identity);
    match check.map(|check| check.stage) {
        Some(IdentityStage::Code) => {}
        Some(
            IdentityStage::Email | IdentityStage::Details { .. } | IdentityStage::Checking { .. },
        )
        | None => return Err(Refused::OutOfStep.into()),
    }
    let (tenant, id) = (session.tenant.clone(), session.id.clone());
    let sent = tx.find_email_code(&tenant, &id)?;
    let good =
        |code: &EmailCode| code.tries < TRIES_MAX && scope.now < code.sent_at.plus_ms(CODE_MS);
    let Some(mut sent) = sent.filter(good) else { return Ok(Some(IdentityError::CodeExpired)) };
    let Some(wanted) = sent.code_hash.take() else { return Ok(Some(IdentityError::CodeExpired)) };
    let given = scope.vault.email_code_hash(&id, &sent.email_hash, typed);
    if !bool::from(given.ct_eq(&wanted)) {
        sent.tries += 1;
        sent.code_hash = Some(wanted);
        tx.save_email_code(&tenant, &id, &sent)?;
        return Ok(Some(IdentityError::CodeWrong { tries_left: TRIES_MAX - sent.tries }));
    }
    tx.save_email_code(&tenant, &id, &sent)?;
    recognise(tx, scope, session, &sent)?;
    Ok(None)
}

/// The user reads this address.
fn recognise(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    code: &EmailCode,
) -> Result<(), JourneyError> {
    let (tenant, id, mode) = (session.tenant.clone(), session.id.clone(), session.tenant.mode);
    let new = UserId::new(mode, scope.seed());
    let user = tx.find_or_insert_user(mode, &new, &code.email_hash, scope.now)?.id;
    advance_session(tx, scope, session, &Event::UserKnown(user.clone()))?;
    let session = tx.lock_session(&tenant, &id)?.ok_or(JourneyError::NotFound)?;
    let known = tx.lock_user(mode, &user)?.ok_or_else(|| StoreError::Corrupt {
        table: "users",
        id: user.to_string(),
        why: "it is gone".into(),
    })?;
    // They were erased while this waited for them.
    if known.erased_at.is_some() {
        advance_session(tx, scope, session, &Event::UserForgotten)?;
        return Ok(());
    }
    let person = find_person(tx, scope.vault, mode, &user)?;
    if person.email.is_none() {
        let email = Some(open_email(scope.vault, &id, code)?);
        save_person(tx, scope, &known, &Person { email, ..person })?;
    }
    let asked = session.choice().and_then(|choice| choice.identity);
    if asked.is_some_and(|check| known.level >= Some(check.level)) {
        advance_session(tx, scope, session, &Event::IdentityConfirmed)?;
    }
    Ok(())
}
