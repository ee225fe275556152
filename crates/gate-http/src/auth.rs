//! Who asks. Taking one of these extractors is the authentication: the commands of the use cases
//! want what only they hold.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use gate_app::embed_token::Visitor;
use gate_app::keys::{find_key, key_shape};
use gate_domain::ids::{SessionId, Tenant};
use gate_store::KeyKind;

use crate::error::ApiError;
use crate::routes::ServerState;

const EMBED_TOKEN: &str = "x-embed-token";

/// A partner's backend, by its secret key.
pub(crate) struct Partner(pub(crate) Tenant);

impl FromRequestParts<ServerState> for Partner {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, ApiError> {
        let key = bearer(&parts.headers).ok_or(ApiError::NoKey)?;
        authenticate(state, key, KeyKind::Secret).await.map(Self)
    }
}

/// The hosted page of one session, by its embed token.
pub(crate) struct PageVisitor {
    pub(crate) tenant: Tenant,
    pub(crate) session_id: SessionId,
    pub(crate) visitor: Visitor,
}

impl FromRequestParts<ServerState> for PageVisitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, ApiError> {
        let token = parts.headers.get(EMBED_TOKEN).and_then(|value| value.to_str().ok());
        let visitor = token.and_then(|token| state.app().open_embed_token(token));
        let visitor = visitor.ok_or(ApiError::TokenInvalid)?;
        let scope = if parts.method.is_safe() { "journey:read" } else { "journey:act" };
        if !visitor.scopes.iter().any(|held| held == scope) {
            return Err(ApiError::ScopeMissing(scope));
        }
        let session_id = visitor.session_id.clone().ok_or(ApiError::TokenWithoutSession)?;
        Ok(Self { tenant: visitor.tenant.clone(), session_id, visitor })
    }
}

/// Whose key this is, if it is of the wanted kind.
pub(crate) async fn authenticate(
    state: &ServerState,
    key: &str,
    wanted: KeyKind,
) -> Result<Tenant, ApiError> {
    let shape = key_shape(key).ok_or(ApiError::KeyMalformed)?;
    if shape.kind != wanted {
        return Err(match wanted {
            KeyKind::Secret => ApiError::SecretKeyWanted,
            KeyKind::Publishable => ApiError::PublishableKeyWanted,
        });
    }
    if let Some(tenant) = state.known_keys().find(key, state.app().now()) {
        return Ok(tenant);
    }
    let found = find_key(state.app(), key).await?.ok_or(ApiError::KeyUnknown)?;
    // The prefix is only a claim; the row decides.
    if found.kind != wanted || found.tenant.mode != shape.mode {
        return Err(ApiError::KeyUnknown);
    }
    state.known_keys().keep(key, &found.tenant, state.app().now());
    Ok(found.tenant)
}

/// The credential of `Authorization: Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credential) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| credential.trim())
}
