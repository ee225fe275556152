//! Safe repetition: a request with an idempotency key does its work once, in one transaction with
//! the record of its answer, and every repeat gets the same bytes (decisions, "Idempotency").
//!
//! A use case asks [`answered_before`] first and calls [`remember`] before it announces anything,
//! since the feed is what is locked last.

use gate_store::{Answer, IdempotentRequest, Recall, StoreError, Tx};
use serde::Serialize;

use crate::app::Scope;

/// The key was used for another body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the idempotency key was used for another request")]
pub struct KeyReused;

/// The bytes to send, and whether they were sent before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The answer. It never holds a secret: what is shown once is appended on the way out.
    pub answer: Answer,
    /// This is a repeat.
    pub replayed: bool,
}

/// What this request was answered before, if it was.
pub fn answered_before<E>(tx: &mut Tx, request: &IdempotentRequest) -> Result<Option<Answered>, E>
where
    E: From<StoreError> + From<KeyReused>,
{
    match tx.recall(request)? {
        Recall::New => Ok(None),
        Recall::Done(answer) => Ok(Some(Answered { answer, replayed: true })),
        Recall::Different => Err(KeyReused.into()),
    }
}

/// Keep the answer for whoever repeats the request. A twin that was quicker makes the whole
/// transaction run again, to find the twin's answer.
pub fn remember(
    tx: &mut Tx,
    scope: &Scope<'_>,
    request: &IdempotentRequest,
    status: i64,
    body: &impl Serialize,
) -> Result<Answered, StoreError> {
    let response =
        serde_json::to_string(body).expect("bodies have string keys and no custom failures");
    let answer = Answer { status, response };
    tx.remember(request, &answer, scope.now)?;
    Ok(Answered { answer, replayed: false })
}

/// The answer of a call whose key is optional: kept where there is a key, given all the same where
/// there is none.
pub fn answer_with(
    tx: &mut Tx,
    scope: &Scope<'_>,
    request: Option<&IdempotentRequest>,
    status: i64,
    body: &impl Serialize,
) -> Result<Answered, StoreError> {
    if let Some(request) = request {
        return remember(tx, scope, request, status, body);
    }
    let response =
        serde_json::to_string(body).expect("bodies have string keys and no custom failures");
    Ok(Answered { answer: Answer { status, response }, replayed: false })
}

/// The same where a key is welcome but not asked for: without one there is nothing to keep.
pub fn remember_optional(
    tx: &mut Tx,
    scope: &Scope<'_>,
    request: Option<&IdempotentRequest>,
    status: i64,
    body: &impl Serialize,
) -> Result<Answered, StoreError> {
    if let Some(request) = request {
        return remember(tx, scope, request, status, body);
    }
    let response =
        serde_json::to_string(body).expect("bodies have string keys and no custom failures");
    Ok(Answered { answer: Answer { status, response }, replayed: false })
}
