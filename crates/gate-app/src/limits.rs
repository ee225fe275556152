//! Limits at work: what a user has moved is looked up for the page, and looked at again, with the user
//! locked, in the transaction that writes a payment down. Users who are the same person share it.

use gate_domain::Millis;
use gate_domain::ids::UserId;
use gate_domain::limits::{Standing, Verdict, judge};
use gate_domain::person::Person;
use gate_domain::quote::Quote;
use gate_domain::screening::Subject;
use gate_domain::session::{Event, IdentityLevel, Session};
use gate_domain::transaction::Transaction;
use gate_domain::user::User;
use gate_store::{Locked, Spend, StoreError, Tx};

use crate::advance::{AdvanceError, advance_session};
use crate::app::Scope;
use crate::identity::{find_person, reject_again};
use crate::screening::is_blocked;

/// Whoever moves what a session is about: locked, and so before the session's transaction is.
pub(crate) struct Mover {
    user: Option<Locked<User>>,
    at: Millis,
}

/// Evidence that a session may move its amount, with the user locked who moves it. What is written down
/// with it counts.
pub(crate) struct Admitted {
    mover: Mover,
    units: i64,
}

/// Admit a session whose user has shown enough to move that much, and lives and is where something is
/// offered, if so. A user who was erased is nobody any more: the session forgets them, and they begin again.
/// One whose name people have blocked there meanwhile is rejected.
pub(crate) fn admit(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: &Session,
) -> Result<Option<Admitted>, AdvanceError> {
    let admitted = admit_forced(tx, scope, session)?;
    let Mover { user, at } = &admitted.mover;
    if user.as_ref().is_some_and(|user| user.erased_at.is_some()) {
        // The caller has locked it.
        if let Some(session) = tx.lock_session(&session.tenant, &session.id)? {
            advance_session(tx, scope, session, &Event::UserForgotten)?;
        }
        return Ok(None);
    }
    let (standing, person) = match user {
        Some(user) => {
            let person = find_person(tx, scope.vault, user.mode, &user.id)?;
            (standing_of(tx, user, *at)?, person)
        }
        None => (Standing::default(), Person::default()),
    };
    if is_blocked(tx, scope, session, &Subject::name(person.name()))? {
        let level = match verdict(scope, session, &standing) {
            Verdict::Ask(level) => level,
            Verdict::Enough | Verdict::Over(_) => IdentityLevel::Basic,
        };
        reject_again(tx, scope, session, level)?;
        return Ok(None);
    }
    let offer = scope.offer(&session.tenant);
    let seen_in = session.choice().and_then(|choice| choice.seen_in.clone());
    let mut countries = person.country.into_iter().chain(seen_in);
    let open = countries.all(|country| offer.country(country.as_str()).is_ok());
    let enough = verdict(scope, session, &standing) == Verdict::Enough;
    Ok((open && enough).then_some(admitted))
}

/// Admit a session of the sandbox whatever its user has shown or moved.
pub(crate) fn admit_forced(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: &Session,
) -> Result<Admitted, StoreError> {
    let mover = lock_mover(tx, scope, session)?;
    let offer = scope.offer(&session.tenant);
    let value = offer.catalogue().identity().value(&session.terms.amount);
    Ok(Admitted { mover, units: stored(value) })
}

/// Lock whoever moves what a session is about. The session is locked before them.
pub(crate) fn lock_mover(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: &Session,
) -> Result<Mover, StoreError> {
    let user = match own_user(session) {
        Some(id) => {
            let locked = tx.lock_same_person(session.tenant.mode, id)?;
            Some(locked.ok_or_else(|| missing(id))?)
        }
        None => None,
    };
    Ok(Mover { user, at: own_time(tx, session, scope.now)? })
}

impl Mover {
    /// Count a transaction for what it moves at a fresh price, now and no longer when it began. Whether
    /// its user may move that much: where not, it has to end, and then it counts no more.
    pub(crate) fn recount(
        &self,
        tx: &mut Tx,
        scope: &Scope<'_>,
        transaction: &Transaction,
        fresh: &Quote,
    ) -> Result<bool, StoreError> {
        let offer = scope.offer(&transaction.tenant);
        let rules = offer.catalogue().identity();
        let value = rules.value(&fresh.fiat);
        let standing = match &self.user {
            Some(user) => {
                tx.save_spend(user, &transaction.id, stored(value), self.at)?;
                // It is no part of what is moved already.
                standing_of(tx, user, self.at)?.without(value)
            }
            None => Standing::default(),
        };
        Ok(judge(rules, value, &standing) == Verdict::Enough)
    }
}

impl Admitted {
    /// Count the transaction that is written down.
    pub(crate) fn count(self, tx: &mut Tx, transaction: &Transaction) -> Result<(), StoreError> {
        let Some(user) = &self.mover.user else { return Ok(()) };
        let spend = Spend {
            partner: transaction.tenant.partner.clone(),
            transaction: transaction.id.clone(),
            units: self.units,
            spent_at: self.mover.at,
        };
        tx.insert_spend(user, &spend)
    }
}

/// What is to be done about the amount of a session.
pub(crate) fn verdict(scope: &Scope<'_>, session: &Session, standing: &Standing) -> Verdict {
    let offer = scope.offer(&session.tenant);
    let rules = offer.catalogue().identity();
    judge(rules, rules.value(&session.terms.amount), standing)
}

/// How well the user of a session is known, and what they have moved already.
pub(crate) fn find_standing(
    tx: &mut Tx,
    session: &Session,
    now: Millis,
) -> Result<Standing, StoreError> {
    let Some(id) = own_user(session) else { return Ok(Standing::default()) };
    let user = tx.find_user(session.tenant.mode, id)?.ok_or_else(|| missing(id))?;
    let at = own_time(tx, session, now)?;
    standing_of(tx, &user, at)
}

fn standing_of(tx: &mut Tx, user: &User, at: Millis) -> Result<Standing, StoreError> {
    let (day, month) = tx.sum_spends(user.mode, &user.id, at)?;
    Ok(Standing { level: user.level, day_units: day.into(), month_units: month.into(), at })
}

/// What something counts for, as the store keeps it.
fn stored(value: i128) -> i64 {
    i64::try_from(value).expect("what counts for more than any limit is cut there")
}

fn own_user(session: &Session) -> Option<&UserId> {
    session.choice().and_then(|choice| choice.user.as_ref())
}

/// What time it is in a session: the sandbox may have let time pass in it.
fn own_time(tx: &mut Tx, session: &Session, now: Millis) -> Result<Millis, StoreError> {
    let passed_ms = tx.shifted_since(&session.tenant, &session.id, session.created_at)?;
    Ok(now.plus_ms(passed_ms))
}

fn missing(user: &UserId) -> StoreError {
    StoreError::Corrupt { table: "users", id: user.to_string(), why: "no such user".into() }
}
