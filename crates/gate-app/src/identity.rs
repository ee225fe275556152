//! The identity step of a journey: an e-mail address that the user reads, details of themselves, and a
//! verifier who looks at them. Whoever has passed is recognised by the address and passes again.
//!
//! Details rest sealed, with the check while it is under way and in `people` once it has passed, and
//! nowhere else. Partners are told none of it.

mod code_limits;
mod details;
mod email;
mod erase;
mod held;
mod mailbox;

use gate_domain::ids::{Mode, SessionId, Tenant, UserId};
use gate_domain::person::{BirthDateError, Person};
use gate_domain::screening::Subject;
use gate_domain::session::{Event, IdentityStage, Refused, Session, State};
use gate_domain::user::User;
use gate_store::{EmailCode, Locked, StoreError, Tx};
use gate_wire::journey::Journey;
use gate_wire::words::IdentityOutcome;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::advance::advance_session;
use crate::app::{App, Scope};
use crate::journey::{JourneyError, act};
use crate::vault::Vault;

pub use details::give_details;
pub use email::{confirm_code, send_code};
pub use erase::{EraseError, erase_user};
pub(crate) use held::{follow_screening, reject_again};
pub(crate) use mailbox::open_letter;
pub use mailbox::{MAILS_KEPT_MS, list_mails};

/// Why the identity step did not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The code is another one.
    #[error("{}", code_wrong(*.tries_left))]
    CodeWrong {
        /// How often they may still try.
        tries_left: i64,
    },
    /// There is no code that is still good.
    #[error("This code is not good any more. Have a new one sent.")]
    CodeExpired,
    /// So many codes were sent that the next one has to wait.
    #[error("Enough codes were sent. Wait {retry_after_s} s before the next one.")]
    TooManyCodes {
        /// How long.
        retry_after_s: u64,
    },
    /// So many codes were sent on the partner's pages that nobody typed.
    #[error("Enough codes were sent. Wait {retry_after_s} s before the next one.")]
    TooManyUnused {
        /// How long.
        retry_after_s: u64,
    },
    /// The day of birth does not do.
    #[error(transparent)]
    BirthDate(#[from] BirthDateError),
    /// Nothing is offered where they live.
    #[error("We cannot serve people who live in {0}.")]
    Country(String),
    /// The level asks for more; these fields are missing.
    #[error("more is needed: {0:?}")]
    Missing(Vec<&'static str>),
}

fn code_wrong(tries_left: i64) -> String {
    match tries_left {
        ..=0 => "This is not the code that was sent. Have a new one sent.".into(),
        1 => "This is not the code that was sent. You can try once more.".into(),
        _ => format!("This is not the code that was sent. You can try {tries_left} more times."),
    }
}

/// What the page shows of a user who has to show who they are.
#[derive(Default)]
pub(crate) struct Shown {
    /// The address that the last code was sent to, masked.
    pub(crate) email: Option<String>,
    /// What is known about them.
    pub(crate) person: Person,
}

impl Shown {
    /// What there is to show in a session.
    pub(crate) fn load(tx: &mut Tx, vault: &Vault, session: &Session) -> Result<Self, StoreError> {
        let State::Open { choice, .. } = &session.state else { return Ok(Self::default()) };
        let (tenant, id) = (&session.tenant, &session.id);
        let person = match &choice.user {
            Some(user) => find_person(tx, vault, tenant.mode, user)?,
            None => Person::default(),
        };
        let code = match choice.identity.map(|check| check.stage) {
            None | Some(IdentityStage::Email) => None,
            Some(_) => tx.find_email_code(tenant, id)?,
        };
        let email = code.map(|code| Ok::<_, StoreError>(open_email(vault, id, &code)?.masked()));
        Ok(Self { email: email.transpose()?, person })
    }
}

/// End the identity check of the sandbox. Where nothing is asked any more, a pass changes nothing.
pub async fn end_identity_check(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    outcome: IdentityOutcome,
) -> Result<Journey, JourneyError> {
    // In live mode nobody vouches for themselves.
    if tenant.mode != Mode::Test {
        return Err(JourneyError::NotEnabled);
    }
    act(app, tenant, session, move |tx, scope, session| {
        match outcome {
            IdentityOutcome::Approved => confirm(tx, scope, session)?,
            IdentityOutcome::Rejected => {
                advance_session(tx, scope, session, &Event::IdentityRejected)?;
            }
        }
        Ok(())
    })
    .await
}

/// They are who they say, at the level that was asked for. Whoever has not shown an address becomes a
/// user without one, and whoever was erased meanwhile begins again.
fn confirm(tx: &mut Tx, scope: &Scope<'_>, session: Locked<Session>) -> Result<(), JourneyError> {
    let Some(choice) = session.choice() else { return Err(Refused::Ended.into()) };
    let Some(check) = choice.identity else { return Ok(()) };
    let (tenant, id, mode) = (session.tenant.clone(), session.id.clone(), session.tenant.mode);
    let user = if let Some(user) = choice.user.clone() {
        user
    } else {
        let user = UserId::new(mode, scope.seed());
        tx.insert_user(mode, &user, None, scope.now)?;
        advance_session(tx, scope, session, &Event::UserKnown(user.clone()))?;
        user
    };
    let session = tx.lock_session(&tenant, &id)?.ok_or(JourneyError::NotFound)?;
    let known = tx.lock_user(mode, &user)?.ok_or(JourneyError::NotFound)?;
    if known.erased_at.is_some() {
        advance_session(tx, scope, session, &Event::UserForgotten)?;
        return Ok(());
    }
    if known.level < Some(check.level) {
        tx.save_user_level(known, check.level, scope.now)?;
    }
    advance_session(tx, scope, session, &Event::IdentityConfirmed)?;
    Ok(())
}

/// What is known about a user.
pub(crate) fn find_person(
    tx: &mut Tx,
    vault: &Vault,
    mode: Mode,
    user: &UserId,
) -> Result<Person, StoreError> {
    match tx.find_person(mode, user)? {
        Some(sealed) => open(vault, "people", &person_name(user), &sealed),
        None => Ok(Person::default()),
    }
}

/// Remember a person, and what they are known by under whatever address: their name with the day of their
/// birth, and their document. Whoever has one of these in common shares their limits.
pub(crate) fn save_person(
    tx: &mut Tx,
    scope: &Scope<'_>,
    user: &Locked<User>,
    person: &Person,
) -> Result<(), StoreError> {
    let sealed = seal(scope, &person_name(&user.id), person);
    tx.save_person(user, &sealed, scope.now)?;
    let name = Subject::name(person.name()).normal();
    let named = person.birth_date.filter(|_| !name.is_empty());
    let by_name = named.map(|birth_date| scope.vault.person_hash(user.mode, &name, birth_date));
    let number = person.document.as_ref().map(|document| (document.kind, document.normal_number()));
    let number = number.filter(|(_, number)| !number.is_empty());
    let by_document =
        number.map(|(kind, number)| scope.vault.document_hash(user.mode, kind, &number));
    let hashes: Vec<_> = by_name.into_iter().chain(by_document).collect();
    tx.save_person_hashes(user, &hashes)
}

fn person_name(user: &UserId) -> String {
    format!("{user}/person")
}

fn open_email(
    vault: &Vault,
    session: &SessionId,
    code: &EmailCode,
) -> Result<gate_domain::customer::Email, StoreError> {
    open(vault, "email_codes", &email_name(session, code.number), &code.email_sealed)
}

fn email_name(session: &SessionId, number: i64) -> String {
    format!("{session}/email/{number}")
}

/// Seal a value under a name of its own.
pub(crate) fn seal(scope: &Scope<'_>, name: &str, value: &impl Serialize) -> Vec<u8> {
    let text = serde_json::to_string(value).expect("it has string keys");
    scope.vault.seal(name, &text, scope.ids())
}

/// Open what [`seal`] sealed.
pub(crate) fn open<T: DeserializeOwned>(
    vault: &Vault,
    table: &'static str,
    name: &str,
    sealed: &[u8],
) -> Result<T, StoreError> {
    let corrupt = |why: String| StoreError::Corrupt { table, id: name.to_owned(), why };
    let text = vault.open(name, sealed).map_err(|error| corrupt(error.to_string()))?;
    // What does not parse is personal, so it is not repeated.
    serde_json::from_str(&text).map_err(|_| corrupt("it is not what was sealed".into()))
}
