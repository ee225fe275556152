//! Create a session: the trusted beginning of every journey. Only a partner's backend can.

use gate_domain::event::EventType;
use gate_domain::ids::{SessionId, Tenant};
use gate_domain::session::{Session, State, Terms};
use gate_store::{Answer, IdempotentRequest, StoreError, Tx};
use gate_wire::session::SessionBody;

use crate::advance::announce_session;
use crate::app::Scope;
use crate::idempotency::{Answered, KeyReused, answered_before, remember};
use crate::keys::origin_of;

/// A request to create a session, checked field by field.
#[derive(Clone, Debug)]
pub struct CreateSession {
    /// Whose.
    pub tenant: Tenant,
    /// The key that makes it safe to repeat.
    pub request: IdempotentRequest,
    /// What the partner asks for. `expires_at` counts from `lifetime_s` and is set here.
    pub terms: Terms,
    /// How long the session lives, in seconds.
    pub lifetime_s: i64,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The idempotency key was used for another body.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The origin of this URL is not among the partner's.
    #[error("{origin} is not an allowed origin")]
    UrlNotAllowed {
        /// JSON pointer of the URL.
        param: &'static str,
        /// The origin that is missing.
        origin: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What create answers.
#[derive(Clone, Debug)]
pub struct Created {
    /// The session, without its client secret.
    pub answered: Answered,
    /// Its id, from which the client secret is derived.
    pub session_id: SessionId,
}

/// Create a session, or answer what the same key answered before.
pub fn create_session(
    tx: &mut Tx,
    scope: &Scope<'_>,
    command: &CreateSession,
) -> Result<Created, CreateError> {
    if let Some(answered) = answered_before::<CreateError>(tx, &command.request)? {
        let session_id = session_of(&answered.answer)?;
        return Ok(Created { answered, session_id });
    }
    check_origins(tx, command)?;
    let mut terms = command.terms.clone();
    terms.expires_at = scope.now.plus_seconds(command.lifetime_s);
    let session = Session {
        id: SessionId::new(command.tenant.mode, scope.seed()),
        tenant: command.tenant.clone(),
        state: State::new(&terms),
        terms,
        transaction: None,
        revision: 1,
        created_at: scope.now,
        updated_at: scope.now,
    };
    tx.insert_session(&session)?;
    let answered = remember(tx, scope, &command.request, 201, &SessionBody::from(&session))?;
    announce_session(tx, scope, &session, EventType::SessionCreated)?;
    Ok(Created { answered, session_id: session.id })
}

fn check_origins(tx: &mut Tx, command: &CreateSession) -> Result<(), CreateError> {
    let allowed = tx.list_origins(&command.tenant)?;
    let urls = [
        ("/return_url", Some(&command.terms.return_url)),
        ("/cancel_url", command.terms.cancel_url.as_ref()),
    ];
    for (param, url) in urls {
        let Some(origin) = url.and_then(|url| origin_of(url)) else { continue };
        if !allowed.contains(&origin) {
            return Err(CreateError::UrlNotAllowed { param, origin });
        }
    }
    Ok(())
}

fn session_of(answer: &Answer) -> Result<SessionId, StoreError> {
    let corrupt =
        |why: String| StoreError::Corrupt { table: "idempotency_keys", id: "create".into(), why };
    let body: SessionBody =
        serde_json::from_str(&answer.response).map_err(|error| corrupt(error.to_string()))?;
    SessionId::parse(&body.id).map_err(|error| corrupt(error.to_string()))
}
