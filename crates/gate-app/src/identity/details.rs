//! Details that a user gives of themselves: looked at by the list of sanctions first, and then by a
//! verifier.

use gate_domain::Millis;
use gate_domain::catalogue::Offer;
use gate_domain::ids::{IdentityCheckId, SessionId, Tenant};
use gate_domain::person::{Ask, Person};
use gate_domain::screening::{Hit, Subject};
use gate_domain::session::{Event, IdentityCheck, IdentityStage, Refused, Session};
use gate_store::{Locked, NewIdentityCheck, StoreError, Tx};
use gate_wire::journey::Journey;

use super::{IdentityError, find_person, seal};
use crate::advance::advance_session;
use crate::app::{App, Scope};
use crate::journey::{JourneyError, act};
use crate::screening::{Screened, hold_as, is_blocked};

/// Take the details that a user gave, and have them looked at. What is known already need not be given
/// again unless it was doubted; what is given counts.
pub async fn give_details(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    given: Person,
) -> Result<Journey, JourneyError> {
    app.rails(tenant.mode).ok_or(JourneyError::NotEnabled)?;
    let screened = screen(app, tenant, session, &given).await?;
    act(app, tenant, session, move |tx, scope, session| {
        take(tx, scope, session, &given, screened.as_ref())
    })
    .await
}

/// A name, and whom it may be.
struct ScreenedName {
    name: String,
    hits: Vec<Hit>,
}

/// Look for the name on the list of sanctions, before a transaction begins: it takes a while.
async fn screen(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    given: &Person,
) -> Result<Option<ScreenedName>, StoreError> {
    let Some(list) = app.config().sanctions.clone() else { return Ok(None) };
    let (tenant, id, given) = (tenant.clone(), session.clone(), given.clone());
    let vault = app.vault().clone();
    let read = app.store().read(move |tx| {
        let session = tx.find_session(&tenant, &id)?;
        let user = session.and_then(|session| session.choice()?.user.clone());
        let known = match user {
            Some(user) => find_person(tx, &vault, tenant.mode, &user)?,
            None => Person::default(),
        };
        Ok::<_, StoreError>(given.clone().over(known).name())
    });
    let name = read.await?;
    let ask = move || {
        let hits = list.current().list.find(&Subject::name(&name));
        ScreenedName { name, hits }
    };
    Ok(Some(tokio::task::spawn_blocking(ask).await.expect("asking a list does not panic")))
}

fn take(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: Locked<Session>,
    given: &Person,
    screened: Option<&ScreenedName>,
) -> Result<(), JourneyError> {
    let choice = session.choice().ok_or(Refused::Ended)?;
    let (Some(check @ IdentityCheck { stage: IdentityStage::Details { .. }, .. }), Some(user)) =
        (choice.identity, choice.user.clone())
    else {
        return Err(Refused::OutOfStep.into());
    };
    let (tenant, mode) = (session.tenant.clone(), session.tenant.mode);
    if tx.lock_user(mode, &user)?.is_none_or(|user| user.erased_at.is_some()) {
        advance_session(tx, scope, session, &Event::UserForgotten)?;
        return Ok(());
    }
    let known = find_person(tx, scope.vault, mode, &user)?;
    check_given(given, &known, check, &scope.offer(&tenant), scope.now)?;
    let person = given.clone().over(known);
    let subject = Subject::name(person.name());
    if is_blocked(tx, scope, &session, &subject)? {
        advance_session(tx, scope, session, &Event::IdentityRejected)?;
        return Ok(());
    }
    let known = match screened {
        None => None,
        // Something else was given meanwhile.
        Some(screened) if screened.name != subject.text => return Err(Refused::OutOfStep.into()),
        Some(screened) => hold_as(tx, scope, &session, subject, screened.hits.clone())?,
    };
    let held = matches!(known, Some((_, Screened::Held)));
    let id = IdentityCheckId::new(mode, scope.seed());
    let submission_sealed = seal(scope, id.as_str(), &person);
    let new = NewIdentityCheck {
        tenant,
        session_id: session.id.clone(),
        user_id: user,
        level: check.level,
        submission_sealed,
        screening: known.map(|(id, _)| id),
        held,
        id,
    };
    tx.insert_identity_check(&new, scope.now)?;
    advance_session(tx, scope, session, &Event::IdentityChecking { held })?;
    scope.wake_checks();
    Ok(())
}

/// Whether it is enough, and can be.
fn check_given(
    given: &Person,
    known: &Person,
    check: IdentityCheck,
    offer: &Offer,
    now: Millis,
) -> Result<(), JourneyError> {
    let asks = &offer.catalogue().identity().rung(check.level).asks;
    let asked = check.asks(asks, known);
    let missing: Vec<_> =
        given.missing(&asked).into_iter().flat_map(|ask| fields(ask, given)).collect();
    if !missing.is_empty() {
        return Err(IdentityError::Missing(missing).into());
    }
    if let Some(birth_date) = given.birth_date {
        birth_date.check_birth(now).map_err(IdentityError::from)?;
    }
    if let Some(country) = &given.country {
        let found = offer.catalogue().country(country.as_str());
        let name = found.map_or(country.as_str(), |country| &country.name);
        offer.country(country.as_str()).map_err(|_| IdentityError::Country(name.to_owned()))?;
    }
    Ok(())
}

/// The fields that are missing of one thing.
fn fields(ask: Ask, given: &Person) -> Vec<&'static str> {
    match ask {
        Ask::Name => {
            let given_name = given.given_name.is_none().then_some("given_name");
            let family_name = given.family_name.is_none().then_some("family_name");
            given_name.into_iter().chain(family_name).collect()
        }
        Ask::BirthDate => vec!["birth_date"],
        Ask::Country => vec!["country"],
        Ask::Document => vec!["document"],
        Ask::SourceOfFunds => vec!["source_of_funds"],
    }
}
