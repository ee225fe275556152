//! Who asks. Taking one of these extractors is the authentication: the commands of the use cases
//! want what only they hold.

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use gate_app::embed_token::Visitor;
use gate_app::keys::{find_key, key_shape};
use gate_domain::ids::{SessionId, Tenant};
use gate_store::{KeyAccess, KeyKind, KeyRow};

use crate::access;
use crate::error::ApiError;
use crate::routes::ServerState;

const EMBED_TOKEN: &str = "x-embed-token";

/// A partner's backend, by its secret key.
pub(crate) struct Partner(pub(crate) Tenant);

impl FromRequestParts<ServerState> for Partner {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, ApiError> {
        let key = bearer(&parts.headers).ok_or(ApiError::NoKey)?;
        let key = authenticate(state, key, KeyKind::Secret).await?;
        check_access(key.access, parts)?;
        Ok(Self(key.tenant.clone()))
    }
}

/// The hosted page of one session, by its embed token.
pub(crate) struct PageVisitor {
    pub(crate) tenant: Tenant,
    pub(crate) session_id: SessionId,
}

impl FromRequestParts<ServerState> for PageVisitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, ApiError> {
        let TokenHolder(visitor) = TokenHolder::from_request_parts(parts, state).await?;
        let scope = if parts.method.is_safe() { "journey:read" } else { "journey:act" };
        if !visitor.scopes.iter().any(|held| held == scope) {
            return Err(ApiError::ScopeMissing(scope));
        }
        let session_id = visitor.session_id.ok_or(ApiError::TokenWithoutSession)?;
        Ok(Self { tenant: visitor.tenant, session_id })
    }
}

/// Whoever holds an embed token, whatever it allows.
pub(crate) struct TokenHolder(pub(crate) Visitor);

impl FromRequestParts<ServerState> for TokenHolder {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, ApiError> {
        let token = parts.headers.get(EMBED_TOKEN).and_then(|value| value.to_str().ok());
        let visitor = token.and_then(|token| state.app().open_embed_token(token));
        visitor.map(Self).ok_or(ApiError::TokenInvalid)
    }
}

/// The key, if it is of the wanted kind, of a mode that is served, and works now.
pub(crate) async fn authenticate(
    state: &ServerState,
    key: &str,
    wanted: KeyKind,
) -> Result<Arc<KeyRow>, ApiError> {
    let app = state.app();
    let shape = key_shape(key).ok_or(ApiError::KeyMalformed)?;
    if shape.kind != wanted {
        return Err(match wanted {
            KeyKind::Secret => ApiError::SecretKeyWanted,
            KeyKind::Publishable => ApiError::PublishableKeyWanted,
        });
    }
    if !app.config().serves(shape.mode) {
        return Err(ApiError::ModeNotServed(shape.mode));
    }
    let found = find_key(app, key).await?;
    // The prefix is only a claim; the row decides.
    let ours = |row: &Arc<KeyRow>| row.kind == wanted && row.tenant.mode == shape.mode;
    let row = found.filter(ours).ok_or(ApiError::KeyUnknown)?;
    if row.is_active(app.now()) { Ok(row) } else { Err(ApiError::KeyEnded) }
}

/// A restricted key opens a part of the API only. This is the one place that says so, and every
/// handler for partners comes through here.
fn check_access(access: KeyAccess, parts: &Parts) -> Result<(), ApiError> {
    let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    // What HEAD answers is what GET answers.
    let method = if parts.method == Method::HEAD { &Method::GET } else { &parts.method };
    if access::opens(access, method, route) {
        return Ok(());
    }
    Err(ApiError::KeyRestricted { access, needed: access::needed(method, route) })
}

/// The credential of `Authorization: Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credential) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| credential.trim())
}
