//! Secrets: everything that is derived from the deployment's master key, and what rests sealed
//! under it. The master key itself comes from a file or a variable and is never in the database.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gate_domain::ids::{EndpointId, Mode, SessionId, Tenant};
use gate_domain::person::{Date, DocumentKind};
use hmac::{Hmac, KeyInit, Mac};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::signature::{Ed25519KeyPair, KeyPair};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::ids::Ids;

const CLIENT_SECRET_PREFIX: &str = "gsec_";
/// HMAC-SHA256 in base64url without padding.
const CLIENT_SECRET_TAIL_CHARS: usize = 43;

/// The deployment's secrets. Its `Debug` is blank.
#[derive(Clone)]
pub struct Vault {
    client_secrets: [u8; 32],
    embed_tokens: [u8; 32],
    sealing: [u8; 32],
    fingerprint: [u8; 32],
    quotes: [u8; 32],
    look_ups: [u8; 32],
    endpoint_keys: [u8; 32],
    user_emails: [u8; 32],
    email_codes: [u8; 32],
    persons: [u8; 32],
}

impl fmt::Debug for Vault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Vault(..)")
    }
}

/// What was sealed cannot be opened: another master key, or altered bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored secret cannot be opened: is this the master key that it was sealed with?")]
pub struct CannotOpen;

impl Vault {
    /// The secrets of a deployment. Each use has a key of its own.
    pub fn new(master_key: &[u8; 32]) -> Self {
        let derive = |label: &str| hmac(master_key, label.as_bytes());
        Self {
            client_secrets: derive("client-secret/1"),
            embed_tokens: derive("embed-token/1"),
            sealing: derive("seal/1"),
            fingerprint: derive("fingerprint/1"),
            quotes: derive("signed-quote/1"),
            look_ups: derive("look-up/1"),
            endpoint_keys: derive("endpoint-key/1"),
            user_emails: derive("user-email/1"),
            email_codes: derive("email-code/1"),
            persons: derive("person/1"),
        }
    }

    /// `gsec_<session id>_<43 characters>`: nothing to store, and the same on every replay.
    pub fn client_secret(&self, session: &SessionId) -> String {
        let tail = URL_SAFE_NO_PAD.encode(hmac(&self.client_secrets, session.as_str().as_bytes()));
        format!("{CLIENT_SECRET_PREFIX}{session}_{tail}")
    }

    /// The session that a client secret opens, if it is one of ours.
    pub fn open_client_secret(&self, client_secret: &str) -> Option<SessionId> {
        let body = client_secret.strip_prefix(CLIENT_SECRET_PREFIX)?;
        let cut = body.len().checked_sub(CLIENT_SECRET_TAIL_CHARS + 1)?;
        let session = SessionId::parse(body.get(..cut)?).ok()?;
        let expected = self.client_secret(&session);
        bool::from(expected.as_bytes().ct_eq(client_secret.as_bytes())).then_some(session)
    }

    /// HMAC-SHA256 of a quote's economic fields in lower-case hex.
    pub(crate) fn sign_quote(&self, fields: &str) -> String {
        let digest = hmac(&self.quotes, fields.as_bytes());
        digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("writing to a string cannot fail");
            hex
        })
    }

    /// What tells this master key from another one, and says nothing else about it.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// What embed tokens are signed with.
    pub(crate) fn embed_token_key(&self) -> &[u8] {
        &self.embed_tokens
    }

    /// Seal a secret for the database: AES-256-GCM with a random nonce in front. `name` ties it to
    /// its place, so that it cannot be moved to another row.
    pub fn seal(&self, name: &str, secret: &str, ids: Ids) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = ids.random();
        let mut sealed = secret.as_bytes().to_vec();
        self.sealing_key()
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(name.as_bytes()),
                &mut sealed,
            )
            .expect("a secret is far shorter than the cipher's limit");
        [&nonce[..], &sealed].concat()
    }

    /// Open what [`Self::seal`] sealed under the same name.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<String, CannotOpen> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(CannotOpen)?;
        let mut body = body.to_vec();
        let opened = self
            .sealing_key()
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(name.as_bytes()),
                &mut body,
            )
            .map_err(|_| CannotOpen)?;
        String::from_utf8(opened.to_vec()).map_err(|_| CannotOpen)
    }

    /// The key pair that signs for an endpoint beside its secret. It is derived, so nothing of it is
    /// stored, and each endpoint has its own: what one receives proves nothing to another.
    pub(crate) fn endpoint_key(&self, endpoint: &EndpointId) -> EndpointKey {
        let seed = hmac(&self.endpoint_keys, endpoint.as_str().as_bytes());
        EndpointKey(Ed25519KeyPair::from_seed_unchecked(&seed).expect("the seed has 32 bytes"))
    }

    /// What a sealed value of a tenant is found by: a keyed hash, the same for the same `field` and
    /// value, and of no use to whoever has the database alone.
    pub fn look_up_hash(&self, tenant: &Tenant, field: &str, value: &str) -> Vec<u8> {
        let place = format!("{}\n{}\n{field}\n{value}", tenant.partner, tenant.mode);
        hmac(&self.look_ups, place.as_bytes()).to_vec()
    }

    /// What a user is found by: a keyed hash of their folded address, the same for every partner of the
    /// deployment.
    pub(crate) fn user_email_hash(&self, mode: Mode, folded: &str) -> Vec<u8> {
        hmac(&self.user_emails, format!("{mode}\n{folded}").as_bytes()).to_vec()
    }

    /// What a person is known by over all of their addresses: a keyed hash of their folded name and the
    /// day of their birth.
    pub(crate) fn person_hash(&self, mode: Mode, name: &str, birth_date: Date) -> Vec<u8> {
        hmac(&self.persons, format!("{mode}\n{name}\n{birth_date}").as_bytes()).to_vec()
    }

    /// The same by a document of theirs.
    pub(crate) fn document_hash(&self, mode: Mode, kind: DocumentKind, number: &str) -> Vec<u8> {
        let kind = kind.as_str();
        hmac(&self.persons, format!("{mode}\ndocument\n{kind}\n{number}").as_bytes()).to_vec()
    }

    /// What is kept of a code: a keyed hash that is tied to its session and address, since there are
    /// only a million codes.
    pub(crate) fn email_code_hash(
        &self,
        session: &SessionId,
        email_hash: &[u8],
        code: &str,
    ) -> Vec<u8> {
        let place = [session.as_str().as_bytes(), b"\n", email_hash, b"\n", code.as_bytes()];
        hmac(&self.email_codes, &place.concat()).to_vec()
    }

    fn sealing_key(&self) -> LessSafeKey {
        let key = UnboundKey::new(&AES_256_GCM, &self.sealing).expect("the key has 32 bytes");
        LessSafeKey::new(key)
    }
}

/// Signs webhooks with Ed25519 (Standard Webhooks 1.0.0, asymmetric signatures). Its `Debug` is blank.
pub(crate) struct EndpointKey(Ed25519KeyPair);

impl fmt::Debug for EndpointKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("EndpointKey(..)")
    }
}

impl EndpointKey {
    /// `whpk_` and the public half in base64.
    pub(crate) fn public(&self) -> String {
        format!("whpk_{}", STANDARD.encode(self.0.public_key()))
    }

    /// `v1a,` and the signature in base64.
    pub(crate) fn sign(&self, event_id: &str, unix_seconds: i64, body: &[u8]) -> String {
        let message = [format!("{event_id}.{unix_seconds}.").as_bytes(), body].concat();
        format!("v1a,{}", STANDARD.encode(self.0.sign(&message)))
    }
}

/// A new API key: 32 random bytes behind `sk_<mode>_` or `pk_<mode>_`.
pub fn mint_api_key(prefix: &str, mode: Mode, ids: Ids) -> String {
    format!("{prefix}_{mode}_{}", URL_SAFE_NO_PAD.encode(ids.random::<32>()))
}

/// What is stored of an API key: its SHA-256. It is random, so nothing slower is needed.
pub fn hash_api_key(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use gate_domain::Millis;

    use super::*;

    fn session() -> SessionId {
        SessionId::new(Mode::Test, Ids.seed(Millis(0)))
    }

    #[test]
    fn a_client_secret_opens_its_session_and_no_other_text_does() {
        let vault = Vault::new(&[1; 32]);
        let session = session();
        let secret = vault.client_secret(&session);
        assert_eq!(vault.open_client_secret(&secret), Some(session.clone()));
        assert_eq!(Vault::new(&[2; 32]).open_client_secret(&secret), None);
        let mut altered = secret.clone();
        altered.pop();
        for text in ["", "gsec_", "gsec_é", altered.as_str(), &format!("{secret}x")] {
            assert_eq!(vault.open_client_secret(text), None, "{text}");
        }
    }

    #[test]
    fn each_endpoint_signs_with_a_key_pair_of_its_own() {
        use ring::signature::{ED25519, UnparsedPublicKey};
        let vault = Vault::new(&[1; 32]);
        let ids = [(); 2].map(|()| EndpointId::new(Mode::Test, Ids.seed(Millis(0))));
        let [one, other] = ids.each_ref().map(|id| vault.endpoint_key(id));
        assert_ne!(one.public(), other.public());
        assert_eq!(one.public(), vault.endpoint_key(&ids[0]).public(), "the same each time");
        let signature = one.sign("evt_1", 7, b"{}");
        let signature = STANDARD.decode(signature.strip_prefix("v1a,").unwrap()).unwrap();
        let verify = |key: &EndpointKey, message: &[u8]| {
            let public = STANDARD.decode(&key.public()["whpk_".len()..]).unwrap();
            UnparsedPublicKey::new(&ED25519, public).verify(message, &signature).is_ok()
        };
        assert!(verify(&one, b"evt_1.7.{}"));
        assert!(!verify(&one, b"evt_1.8.{}"));
        assert!(!verify(&other, b"evt_1.7.{}"));
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_key_and_name_only() {
        let vault = Vault::new(&[1; 32]);
        let sealed = vault.seal("we_1", "whsec_x", Ids);
        assert_eq!(vault.open("we_1", &sealed).as_deref(), Ok("whsec_x"));
        assert_eq!(vault.open("we_2", &sealed), Err(CannotOpen));
        assert_eq!(Vault::new(&[2; 32]).open("we_1", &sealed), Err(CannotOpen));
        assert_eq!(vault.open("we_1", &sealed[..5]), Err(CannotOpen));
    }
}
