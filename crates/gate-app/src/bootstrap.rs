//! Bootstrap: from a publishable key, an exact origin and a client secret to an embed token.

use gate_domain::branding::Branding;
use gate_domain::ids::Tenant;
use gate_domain::session::{Session, State};
use gate_store::StoreError;

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
            let session = match &wanted {
                Some(id) => tx.find_session(&tenant, id)?,
                None => None,
            };
            let branding = tx.find_branding(&tenant)?;
            Ok::<_, StoreError>((tx.list_origins(&tenant)?, session, branding))
        })
        .await?;
    let hosted = ask.client_secret.is_some() && ask.origin.as_deref() == Some(own_origin(app));
    let origin = ask.origin.filter(|origin| hosted || allowed.contains(origin));
    let origin = origin.ok_or(BootstrapError::OriginNotAllowed)?;
    if session_id.is_some() && session.is_none() {
        return Err(BootstrapError::InvalidClientSecret);
    }
    if let Some(session) = session.as_ref() {
        check_alive(session)?;
    }
    let visitor = Visitor { tenant: ask.tenant, session_id, origin, scopes };
    Ok(Bootstrapped { token: app.sign_embed_token(&visitor), session, branding })
}

/// A fresh token for a page that is still open, as long as its session lives.
pub async fn refresh(app: &App, visitor: &Visitor) -> Result<EmbedToken, BootstrapError> {
    if let Some(id) = visitor.session_id.clone() {
        let tenant = visitor.tenant.clone();
        let session = app.store().read(move |tx| tx.find_session(&tenant, &id)).await?;
        check_alive(&session.ok_or(BootstrapError::InvalidClientSecret)?)?;
    }
    Ok(app.sign_embed_token(visitor))
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

fn own_origin(app: &App) -> &str {
    &app.config().base_url
}

fn narrow_scopes(requested: Option<Vec<String>>) -> Result<Vec<String>, BootstrapError> {
    let Some(requested) = requested else { return Ok(SCOPES.map(str::to_owned).to_vec()) };
    if let Some(unknown) = requested.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
        return Err(BootstrapError::UnknownScope(unknown.clone()));
    }
    let granted = SCOPES.into_iter().filter(|scope| requested.iter().any(|r| r == scope));
    Ok(granted.map(str::to_owned).collect())
}
