//! The verified inbox: check a webhook, insert it once, say what to answer.
//!
//! The order is the contract's (section 11.9): raw body, signature, insert-once by event id, 2xx.
//! Processing comes later, from the stored row. Nothing here reads a body before it is verified.

use gate_wire::event::EventBody;
use gate_wire::signature::{SignatureError, WebhookSecret};
use reqwest::header::HeaderMap;

/// The longest body that a receiver needs to accept. Bound the read with it, before [`receive`].
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// Why a request is not an event of ours.
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    /// Missing, malformed, too old, or made with another secret or for another body.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Signed, but not in the shape of an event.
    #[error("the body is signed but is not an event")]
    NotAnEvent(#[source] serde_json::Error),
}

/// Check the signature over the raw bytes, then read the event.
///
/// `secrets` are those accepted now: one, or two while a rolled one overlaps (contract, section
/// 1.4). `now` is this machine's clock in Unix seconds.
pub fn verify(
    secrets: &[WebhookSecret],
    headers: &HeaderMap,
    body: &[u8],
    now: i64,
) -> Result<EventBody, Rejected> {
    let signature = headers.get("gate-signature").and_then(|value| value.to_str().ok());
    let signature = signature.ok_or(SignatureError::Malformed)?;
    let mut verdict = Err(SignatureError::Mismatch);
    for secret in secrets {
        verdict = secret.verify(signature, body, now);
        if verdict.is_ok() {
            break;
        }
    }
    verdict?;
    serde_json::from_slice(body).map_err(Rejected::NotAnEvent)
}

/// Whether an event was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// The first time: there is now a row to process.
    New,
    /// Delivery is at least once, so this is normal. Answer 2xx all the same.
    Duplicate,
}

/// Where events are kept. An event id must be stored for good.
pub trait InboxStore {
    /// What its database reports.
    type Error;

    /// Insert the event under its id, durably, or find that it is there already. Two calls at once
    /// must not both answer [`Inserted::New`]: let a primary key decide, not a read before a write.
    fn insert_once(
        &self,
        event: &EventBody,
        raw_body: &[u8],
    ) -> impl Future<Output = Result<Inserted, Self::Error>> + Send;
}

/// An event that is now safely stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The event.
    pub event: EventBody,
    /// Whether it is news.
    pub inserted: Inserted,
}

/// A webhook that was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError<E> {
    /// Not ours.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// Ours, but it could not be stored. The gateway will send it again.
    #[error("the event could not be stored")]
    Store(#[source] E),
}

impl<E> ReceiveError<E> {
    /// The status to answer: 400 for what is not ours, 503 for what should come again.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Rejected(_) => 400,
            Self::Store(_) => 503,
        }
    }
}

/// Verify, insert once. On `Ok`, new or duplicate, answer 200; on `Err`, answer its status.
pub async fn receive<S: InboxStore>(
    store: &S,
    secrets: &[WebhookSecret],
    headers: &HeaderMap,
    body: &[u8],
    now: i64,
) -> Result<Received, ReceiveError<S::Error>> {
    let event = verify(secrets, headers, body, now)?;
    let inserted = store.insert_once(&event, body).await.map_err(ReceiveError::Store)?;
    Ok(Received { event, inserted })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Mutex;

    use super::*;

    const NOW: i64 = 1_800_000_000;
    const BODY: &[u8] =
        br#"{"id":"evt_test_1","type":"webhook.test","created_at":1800000000,"data":{}}"#;

    #[derive(Default)]
    struct Memory(Mutex<HashSet<String>>);

    impl InboxStore for Memory {
        type Error = &'static str;

        async fn insert_once(&self, event: &EventBody, _: &[u8]) -> Result<Inserted, Self::Error> {
            let mut seen = self.0.lock().map_err(|_| "poisoned")?;
            Ok(if seen.insert(event.id.clone()) { Inserted::New } else { Inserted::Duplicate })
        }
    }

    struct Full;

    impl InboxStore for Full {
        type Error = &'static str;

        async fn insert_once(&self, _: &EventBody, _: &[u8]) -> Result<Inserted, Self::Error> {
            Err("the disk is full")
        }
    }

    fn secret(seed: u8) -> WebhookSecret {
        WebhookSecret::new([seed; 32])
    }

    fn signed(secret: &WebhookSecret, body: &[u8]) -> HeaderMap {
        let signature = secret.gate_signature(NOW, body);
        HeaderMap::from_iter([("gate-signature".parse().unwrap(), signature.parse().unwrap())])
    }

    #[tokio::test]
    async fn the_first_is_new_and_the_second_a_duplicate() {
        let (store, secrets) = (Memory::default(), [secret(1)]);
        let headers = signed(&secrets[0], BODY);
        for expected in [Inserted::New, Inserted::Duplicate, Inserted::Duplicate] {
            let received = receive(&store, &secrets, &headers, BODY, NOW).await.unwrap();
            assert_eq!(received.inserted, expected);
            assert_eq!(received.event.id, "evt_test_1");
        }
    }

    #[tokio::test]
    async fn what_is_not_ours_is_not_stored() {
        let (store, secrets) = (Memory::default(), [secret(1)]);
        let attacks = [
            (HeaderMap::new(), BODY),
            (signed(&secret(2), BODY), BODY),
            (signed(&secrets[0], b"{}"), BODY),
            (signed(&secrets[0], b"not json"), b"not json".as_slice()),
        ];
        for (headers, body) in attacks {
            let error = receive(&store, &secrets, &headers, body, NOW).await.unwrap_err();
            assert_eq!(error.status(), 400, "{error}");
        }
        let headers = signed(&secrets[0], BODY);
        let error = receive(&store, &secrets, &headers, BODY, NOW + 301).await.unwrap_err();
        assert_eq!(error.status(), 400, "{error}");
        assert!(store.0.lock().unwrap().is_empty());
    }

    #[test]
    fn either_of_two_secrets_will_do() {
        let (old, new) = (secret(1), secret(2));
        for signer in [&old, &new] {
            let headers = signed(signer, BODY);
            assert!(verify(&[old.clone(), new.clone()], &headers, BODY, NOW).is_ok());
        }
        assert!(verify(&[], &signed(&old, BODY), BODY, NOW).is_err());
    }

    #[tokio::test]
    async fn what_cannot_be_stored_should_come_again() {
        let secrets = [secret(1)];
        let headers = signed(&secrets[0], BODY);
        let error = receive(&Full, &secrets, &headers, BODY, NOW).await.unwrap_err();
        assert_eq!(error.status(), 503);
    }
}
