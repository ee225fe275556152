//! Embed tokens: what the hosted page shows after bootstrap (decisions, "Embed token and runtime API").

use gate_domain::Millis;
use gate_domain::ids::{Mode, PartnerId, SessionId, Tenant};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::app::App;

/// How long a token is good: 1 h.
pub const LIFETIME_S: i64 = 3600;

const AUDIENCE: &str = "embed";
/// Which key signed it; another word when the key rolls.
const KEY_ID: &str = "1";

/// What the page may do.
pub const SCOPES: [&str; 2] = ["journey:read", "journey:act"];

/// Who holds a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Whose page it is.
    pub tenant: Tenant,
    /// The session that it was opened for, if any.
    pub session_id: Option<SessionId>,
    /// The origin that asked for the token.
    pub origin: String,
    /// What the page may do.
    pub scopes: Vec<String>,
}

/// A signed token.
#[derive(Clone, Debug)]
pub struct EmbedToken {
    /// The JWT.
    pub token: String,
    /// When it ends.
    pub expires_at: Millis,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    ptr: String,
    mode: Mode,
    org: String,
    scp: Vec<String>,
    iat: i64,
    exp: i64,
    jti: String,
}

impl App {
    /// Sign a token for a visitor.
    pub fn sign_embed_token(&self, visitor: &Visitor) -> EmbedToken {
        let now = self.now();
        let expires_at = now.plus_seconds(LIFETIME_S);
        let claims = Claims {
            iss: self.config().base_url.clone(),
            aud: AUDIENCE.into(),
            sub: visitor.session_id.as_ref().map(ToString::to_string),
            ptr: visitor.tenant.partner.to_string(),
            mode: visitor.tenant.mode,
            org: visitor.origin.clone(),
            scp: visitor.scopes.clone(),
            iat: now.unix_seconds(),
            exp: expires_at.unix_seconds(),
            jti: u128::from_be_bytes(self.ids().random()).to_string(),
        };
        let header = Header { kid: Some(KEY_ID.into()), ..Header::new(Algorithm::HS256) };
        let key = EncodingKey::from_secret(self.vault().embed_token_key());
        let token = jsonwebtoken::encode(&header, &claims, &key).expect("claims are plain JSON");
        EmbedToken { token, expires_at }
    }

    /// Who holds this token; none when it is not ours, altered, or its time is over.
    pub fn open_embed_token(&self, token: &str) -> Option<Visitor> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[&self.config().base_url]);
        // The library would ask the machine's clock; ours may have been moved.
        validation.validate_exp = false;
        let key = DecodingKey::from_secret(self.vault().embed_token_key());
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).ok()?.claims;
        if self.now().unix_seconds() >= claims.exp {
            return None;
        }
        let session_id = claims.sub.map(|id| SessionId::parse(&id)).transpose().ok()?;
        Some(Visitor {
            tenant: Tenant { partner: PartnerId::parse(&claims.ptr).ok()?, mode: claims.mode },
            session_id,
            origin: claims.org,
            scopes: claims.scp,
        })
    }
}
