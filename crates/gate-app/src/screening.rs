//! Screening against a list of sanctions: who or what stands on it is held until people decide, and
//! two of them have to agree to let it go. Users are never told why. Without a list nothing is
//! screened; a name that people have blocked stays blocked.

mod decide;
mod file;
mod list;
#[cfg(test)]
mod tests;

use gate_domain::ids::{ScreeningId, SessionId, Tenant};
use gate_domain::screening::{Hit, State, Subject};
use gate_domain::session::{Flow, Session};
use gate_store::{Locked, NewScreening, ScreeningRow, StoreError, Tx};
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::app::{App, Scope};
use crate::journey::before_payment;
use crate::vault::Vault;

pub use decide::{ScreeningError, Verdict, decide};
pub use file::ListError;
pub use list::{InUse, SanctionsList};

/// What came of screening something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screened {
    /// It is on no list, or two people let it go.
    Clear,
    /// It waits for people, or they blocked it.
    Held,
}

/// Which address of a session is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldAddress {
    /// The one that the user has just given.
    Given,
    /// Where the tokens would go.
    Wallet,
    /// Where they would come back to.
    Refund,
}

/// What was held, and because of what. It rests sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was screened.
    pub subject: Subject,
    /// Whom it may be.
    pub hits: Vec<Hit>,
}

/// Screen the address that a user gives, and answer whether it is held.
pub async fn screen_given(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    address: &str,
) -> Result<Option<HeldAddress>, StoreError> {
    let address = address.to_owned();
    screen_in(app, tenant, session, move |_| vec![(HeldAddress::Given, address.clone())]).await
}

/// Screen the addresses that tokens of a payment would go to or come back to: a partner may have named
/// one, and the list may have changed since a user did. The answer is the first that is held.
pub async fn screen_chosen(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
) -> Result<Option<HeldAddress>, StoreError> {
    screen_in(app, tenant, session, |session| {
        let Some(choice) = session.choice() else { return Vec::new() };
        // Of a sale only money goes out, and the one address is for what comes back.
        let address = match session.flow() {
            Flow::OffRamp => HeldAddress::Refund,
            Flow::OnRamp | Flow::Swap => HeldAddress::Wallet,
        };
        // Whoever changed their mind about a swap has left an address that nothing comes back to.
        let back_to = choice.back_to.as_ref().filter(|_| session.flow() == Flow::Swap);
        let chosen = [(address, choice.address.as_ref()), (HeldAddress::Refund, back_to)];
        chosen.into_iter().filter_map(|(which, given)| Some((which, given?.account()))).collect()
    })
    .await
}

/// Screen addresses of a session, in a transaction of its own: what is held stays written down
/// although the user is refused. Where a payment has begun, the session answers by itself.
async fn screen_in(
    app: &App,
    tenant: &Tenant,
    session: &SessionId,
    addresses: impl Fn(&Session) -> Vec<(HeldAddress, String)> + Send + 'static,
) -> Result<Option<HeldAddress>, StoreError> {
    if app.config().sanctions.is_none() {
        return Ok(None);
    }
    let (tenant, id) = (tenant.clone(), session.clone());
    app.write(move |tx, scope| match tx.lock_session(&tenant, &id)? {
        Some(session) if before_payment(&session) => {
            let mut held = None;
            for (which, address) in addresses(&session) {
                if screen_address(tx, scope, &session, &address)? == Screened::Held {
                    held = held.or(Some(which));
                }
            }
            Ok(held)
        }
        _ => Ok(None),
    })
    .await
}

/// Screen an address that belongs to a session. What is held is written down by this transaction, so
/// it has to commit: refuse the user after it, not inside of it.
pub fn screen_address(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: &Locked<Session>,
    address: &str,
) -> Result<Screened, StoreError> {
    let Some(list) = scope.sanctions() else { return Ok(Screened::Clear) };
    let subject = Subject::address(address);
    let hits = list.current().list.find(&subject);
    hold(tx, scope, session, subject, hits)
}

/// Hold the address that a partner has fixed, if it is on the list: a user cannot name another one, and
/// hears of it before they have given anything.
pub(crate) fn screen_fixed(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: &Locked<Session>,
) -> Result<(), StoreError> {
    match session.terms.wallet_address.as_ref() {
        Some(fixed) if before_payment(session) => {
            screen_address(tx, scope, session, &fixed.account()).map(drop)
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether the address that a partner has fixed is held, as far as it was screened.
pub(crate) fn is_fixed_held(
    tx: &mut Tx,
    vault: &Vault,
    session: &Session,
) -> Result<bool, StoreError> {
    let Some(fixed) = session.terms.wallet_address.as_ref() else { return Ok(false) };
    let subject = Subject::address(fixed.account());
    let hash = subject_hash(vault, &session.tenant, &subject);
    let known = tx.find_screening_of(&session.tenant, &session.id, subject.kind, &hash)?;
    Ok(known.is_some_and(|known| !matches!(known.state, State::Released { .. })))
}

/// Hold what has hits, unless people have decided about it in this session. For a name, find the
/// hits before the transaction begins: it takes a while.
pub fn hold(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: &Locked<Session>,
    subject: Subject,
    hits: Vec<Hit>,
) -> Result<Screened, StoreError> {
    let known = hold_as(tx, scope, session, subject, hits)?;
    Ok(known.map_or(Screened::Clear, |(_, screened)| screened))
}

/// The same, and answer under which id it is held or was let go, if it ever was held.
pub(crate) fn hold_as(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: &Locked<Session>,
    subject: Subject,
    hits: Vec<Hit>,
) -> Result<Option<(ScreeningId, Screened)>, StoreError> {
    let tenant = &session.tenant;
    let subject_hash = subject_hash(scope.vault, tenant, &subject);
    let known = tx.find_screening_of(tenant, &session.id, subject.kind, &subject_hash)?;
    if let Some(known) = known {
        let screened = match known.state {
            State::Released { .. } => Screened::Clear,
            State::Waiting { .. } | State::Blocked { .. } => Screened::Held,
        };
        return Ok(Some((known.id, screened)));
    }
    if hits.is_empty() {
        return Ok(None);
    }
    let id = ScreeningId::new(tenant.mode, scope.seed());
    let kind = subject.kind;
    let finding = Finding { subject, hits };
    let finding = serde_json::to_string(&finding).expect("it has string keys");
    let new = NewScreening {
        tenant: tenant.clone(),
        session_id: session.id.clone(),
        kind,
        subject_hash,
        finding_sealed: scope.vault.seal(id.as_str(), &finding, scope.ids()),
        id,
    };
    tx.insert_screening(&new, scope.now)?;
    warn!(
        screening.id = %new.id,
        session.id = %session.id,
        "{} of {} is held: `gate screening show {}` says why",
        kind.as_str(),
        session.id,
        new.id
    );
    Ok(Some((new.id, Screened::Held)))
}

/// Whether people have blocked this in this session.
pub(crate) fn is_blocked(
    tx: &mut Tx,
    scope: &Scope<'_>,
    session: &Session,
    subject: &Subject,
) -> Result<bool, StoreError> {
    // Most users have no name.
    if subject.text.is_empty() {
        return Ok(false);
    }
    let tenant = &session.tenant;
    let subject_hash = subject_hash(scope.vault, tenant, subject);
    let known = tx.find_screening_of(tenant, &session.id, subject.kind, &subject_hash)?;
    Ok(known.is_some_and(|known| matches!(known.state, State::Blocked { .. })))
}

fn subject_hash(vault: &Vault, tenant: &Tenant, subject: &Subject) -> Vec<u8> {
    let field = format!("screening/{}", subject.kind.as_str());
    vault.look_up_hash(tenant, &field, &subject.normal())
}

/// What a row holds.
pub(crate) fn open_finding(vault: &Vault, row: &ScreeningRow) -> Result<Finding, StoreError> {
    let corrupt =
        |why: String| StoreError::Corrupt { table: "screenings", id: row.id.to_string(), why };
    let finding = vault.open(row.id.as_str(), &row.finding_sealed);
    let finding = finding.map_err(|error| corrupt(error.to_string()))?;
    serde_json::from_str(&finding).map_err(|error| corrupt(error.to_string()))
}
