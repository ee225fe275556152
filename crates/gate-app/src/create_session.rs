//! Create a session: the trusted beginning of every journey. Only a partner's backend can.

use gate_domain::destination::DestinationError;
use gate_domain::event::EventType;
use gate_domain::ids::{SessionId, Tenant};
use gate_domain::session::{Session, State, Terms};
use gate_domain::signed_quote::NotRedeemable;
use gate_store::{Answer, ClientReference, IdempotentRequest, StoreError, Tx};
use gate_wire::session::SessionBody;

use crate::advance::announce_session;
use crate::app::Scope;
use crate::deposits::is_our_own;
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
    /// The partner's own name for the session was used for another body.
    #[error("the client reference stands for another session")]
    ReferenceInUse(Box<Session>),
    /// The origin of this URL is not among the partner's.
    #[error("{origin} is not an allowed origin")]
    UrlNotAllowed {
        /// JSON pointer of the URL.
        param: &'static str,
        /// The origin that is missing.
        origin: String,
    },
    /// Tokens are not sent to the wallet that it names.
    #[error(transparent)]
    Wallet(DestinationError),
    /// The signed quote that it names cannot be redeemed.
    #[error(transparent)]
    Quote(#[from] NotRedeemable),
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
    if let Some(created) = created_before(tx, &command.request)? {
        return Ok(created);
    }
    if let Some(session) = find_by_reference(tx, command)? {
        let body = SessionBody::from(&session);
        let answered = remember(tx, scope, &command.request, 201, &body)?;
        let answered = Answered { replayed: true, ..answered };
        return Ok(Created { answered, session_id: session.id });
    }
    check_origins(tx, command)?;
    if let Some(address) = &command.terms.wallet_address
        && is_our_own(tx, scope, command.tenant.mode, address)?
    {
        return Err(CreateError::Wallet(DestinationError::OurOwn));
    }
    match check_quote(tx, scope, command) {
        Ok(()) => {}
        // A twin may have been created in time while this one was on its way.
        Err(refused @ CreateError::Quote(_)) => {
            return created_before(tx, &command.request)?.ok_or(refused);
        }
        Err(error) => return Err(error),
    }
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
    if let Some(reference) = &session.terms.client_reference_id {
        let fingerprint = command.request.fingerprint.clone();
        let target = ClientReference { fingerprint, session_id: session.id.clone() };
        tx.claim_client_reference(&command.tenant, reference, &target, scope.now)?;
    }
    let answered = remember(tx, scope, &command.request, 201, &SessionBody::from(&session))?;
    announce_session(tx, scope, &session, EventType::SessionCreated)?;
    Ok(Created { answered, session_id: session.id })
}

/// The session that this body made before, under another key (decisions, "Sessions").
fn find_by_reference(tx: &mut Tx, command: &CreateSession) -> Result<Option<Session>, CreateError> {
    let Some(reference) = &command.terms.client_reference_id else { return Ok(None) };
    let Some(known) = tx.find_client_reference(&command.tenant, reference)? else {
        return Ok(None);
    };
    let session = tx.find_session(&command.tenant, &known.session_id)?;
    let session = session.ok_or_else(|| StoreError::Corrupt {
        table: "client_references",
        id: known.session_id.to_string(),
        why: "its session is missing".into(),
    })?;
    if known.fingerprint == command.request.fingerprint {
        Ok(Some(session))
    } else {
        Err(CreateError::ReferenceInUse(Box::new(session)))
    }
}

/// What an earlier create with this key answered, if there was one.
pub fn created_before(
    tx: &mut Tx,
    request: &IdempotentRequest,
) -> Result<Option<Created>, CreateError> {
    let Some(answered) = answered_before::<CreateError>(tx, request)? else { return Ok(None) };
    let session_id = session_of(&answered.answer)?;
    Ok(Some(Created { answered, session_id }))
}

/// The quote that the terms come from can still be redeemed. It is not kept for this session: who
/// pays first has it.
fn check_quote(tx: &mut Tx, scope: &Scope<'_>, command: &CreateSession) -> Result<(), CreateError> {
    let Some(id) = &command.terms.quote_id else { return Ok(()) };
    let signed = tx.find_signed_quote(&command.tenant, id)?;
    let signed = signed.ok_or_else(|| StoreError::Corrupt {
        table: "quotes",
        id: id.to_string(),
        why: "it was there a moment ago, and quotes are never removed".into(),
    })?;
    signed.check_active(scope.now)?;
    Ok(signed.check_terms(&command.terms)?)
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
