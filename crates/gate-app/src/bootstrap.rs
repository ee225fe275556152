//! Bootstrap: from a publishable key, an exact origin and a client secret to an embed token.

use std::sync::Arc;

use gate_domain::branding::Branding;
use gate_domain::customer::CountryCode;
use gate_domain::ids::{SessionId, Tenant};
use gate_domain::session::{Event, Session, State};
use gate_store::{StoreError, Tx};

use crate::advance::{AdvanceError, advance_session};
use crate::app::App;
use crate::embed_token::{EmbedToken, SCOPES, Visitor};

/// What a page asks with.
#[derive(Clone)]
pub struct Bootstrap {
    /// Whose publishable key it was.
    pub tenant: Tenant,
    /// The `Origin` that the browser sent.
    pub origin: Option<String>,
    /// The session's client secret.
    pub client_secret: Option<String>,
    /// Narrows what the token allows.
    pub requested_scopes: Option<Vec<String>>,
    /// Where the browser is, as far as the edge knows.
    pub seen_in: Option<CountryCode>,
}

/// What a page gets.
#[derive(Clone, Debug)]
pub struct Bootstrapped {
    /// The token.
    pub token: EmbedToken,
    /// The session, if one was named.
    pub session: Option<Session>,
    /// How the page looks.
    pub branding: Branding,
}

/// Why a page gets nothing.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The page is not at one of the partner's origins, to the letter.
    #[error("origin not allowed")]
    OriginNotAllowed,
    /// Not a client secret of this partner and mode.
    #[error("invalid client secret")]
    InvalidClientSecret,
    /// A scope that no token has.
    #[error("unknown scope {0:?}")]
    UnknownScope(String),
    /// The session has ended.
    #[error("the session is {}", .0.status())]
    SessionNotOpen(Box<Session>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Let a page in.
///
/// Our own origin is accepted too, with a client secret only: that is the redirect page.
pub async fn bootstrap(app: &App, ask: Bootstrap) -> Result<Bootstrapped, BootstrapError> {
    let session_id = match &ask.client_secret {
        None => None,
        Some(secret) => {
            let opened = app.vault().open_client_secret(secret);
            Some(opened.ok_or(BootstrapError::InvalidClientSecret)?)
        }
    };
    let scopes = narrow_scopes(ask.requested_scopes)?;
    let tenant = ask.tenant.clone();
    let wanted = session_id.clone();
    let (allowed, session, branding) = app
        .store()
        .read(move |tx| {
            let (allowed, session) = find_page(tx, &tenant, wanted.as_ref())?;
            Ok::<_, StoreError>((allowed, session, tx.find_branding(&tenant)?))
        })
        .await?;
    let origin = ask.origin.filter(|origin| may_ask(app, origin, session_id.as_ref(), &allowed));
    let origin = origin.ok_or(BootstrapError::OriginNotAllowed)?;
    if session_id.is_some() && session.is_none() {
        return Err(BootstrapError::InvalidClientSecret);
    }
    if let Some(session) = session.as_ref() {
        check_alive(session)?;
        if let Some(country) = ask.seen_in {
            note_country(app, session, country).await?;
        }
    }
    let visitor = Visitor { tenant: ask.tenant, session_id, origin, scopes };
    Ok(Bootstrapped { token: app.sign_embed_token(&visitor), session, branding })
}

/// Note where a page of a session is, which decides what it is offered.
async fn note_country(
    app: &App,
    session: &Session,
    country: CountryCode,
) -> Result<(), BootstrapError> {
    let known = session.choice().is_none_or(|choice| choice.seen_in.as_ref() == Some(&country));
    if known {
        return Ok(());
    }
    let (tenant, id) = (session.tenant.clone(), session.id.clone());
    let noted = app.write(move |tx, scope| {
        if let Some(session) = tx.lock_session(&tenant, &id)? {
            advance_session(tx, scope, session, &Event::SeenIn(country.clone()))?;
        }
        Ok(())
    });
    match noted.await {
        // It ended a moment ago, and tells so by itself.
        Ok(()) | Err(AdvanceError::Session(_) | AdvanceError::Transaction(_)) => Ok(()),
        Err(AdvanceError::Store(error)) => Err(error.into()),
    }
}

/// A fresh token for a page that is still open, as long as its session lives and its origin is allowed.
pub async fn refresh(app: &App, visitor: &Visitor) -> Result<EmbedToken, BootstrapError> {
    let Visitor { tenant, session_id, origin, .. } = visitor.clone();
    let wanted = session_id.clone();
    let found = app.store().read(move |tx| find_page(tx, &tenant, wanted.as_ref()));
    let (allowed, session) = found.await?;
    if !may_ask(app, &origin, session_id.as_ref(), &allowed) {
        return Err(BootstrapError::OriginNotAllowed);
    }
    if session_id.is_some() {
        check_alive(&session.ok_or(BootstrapError::InvalidClientSecret)?)?;
    }
    Ok(app.sign_embed_token(visitor))
}

/// The origins that a partner allows, and the session of a page, if it names one that exists.
fn find_page(
    tx: &mut Tx,
    tenant: &Tenant,
    session: Option<&SessionId>,
) -> Result<(Arc<[String]>, Option<Session>), StoreError> {
    let session = match session {
        Some(id) => tx.find_session(tenant, id)?,
        None => None,
    };
    Ok((tx.list_origins(tenant)?, session))
}

/// Whether a page at this origin may hold a token. Ours may, for a session only.
fn may_ask(app: &App, origin: &str, session: Option<&SessionId>, allowed: &[String]) -> bool {
    let hosted = session.is_some() && origin == app.config().base_url;
    hosted || allowed.iter().any(|known| known == origin)
}

/// A finished purchase may still be looked at: the page shows how it ended.
fn check_alive(session: &Session) -> Result<(), BootstrapError> {
    match session.state {
        State::Open { .. } | State::InFlight { .. } | State::Completed => Ok(()),
        State::Expired | State::Cancelled => {
            Err(BootstrapError::SessionNotOpen(Box::new(session.clone())))
        }
    }
}

fn narrow_scopes(requested: Option<Vec<String>>) -> Result<Vec<String>, BootstrapError> {
    let Some(requested) = requested else { return Ok(SCOPES.map(str::to_owned).to_vec()) };
    if let Some(unknown) = requested.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
        return Err(BootstrapError::UnknownScope(unknown.clone()));
    }
    let granted = SCOPES.into_iter().filter(|scope| requested.iter().any(|r| r == scope));
    Ok(granted.map(str::to_owned).collect())
}
