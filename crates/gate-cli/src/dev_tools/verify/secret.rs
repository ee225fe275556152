//! Reading a webhook secret or a public key as people keep it: with a line end, in quotes, cut, or
//! another key altogether.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gate_wire::signature::WebhookSecret;
use ring::signature::{ED25519, UnparsedPublicKey};

use super::findings::Finding;

const PUBLIC_PREFIX: &str = "whpk_";

/// What signatures are checked with.
pub(super) enum Key {
    /// The endpoint's secret.
    Secret(WebhookSecret),
    /// The public half of the endpoint's key pair.
    Public(PublicKey),
}

impl Key {
    fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix(PUBLIC_PREFIX) {
            Some(tail) => PublicKey::parse(tail).map(Self::Public),
            None => WebhookSecret::parse(text).ok().map(Self::Secret),
        }
    }

    /// What people call it.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Secret(_) => "secret",
            Self::Public(_) => "public key",
        }
    }
}

/// Verifies what an endpoint's key pair has signed.
pub(super) struct PublicKey(UnparsedPublicKey<[u8; 32]>);

impl PublicKey {
    fn parse(base64: &str) -> Option<Self> {
        let bytes = STANDARD.decode(base64).ok()?.try_into().ok()?;
        Some(Self(UnparsedPublicKey::new(&ED25519, bytes)))
    }

    /// Whether a signature, in base64, is one of this event sent at this time.
    pub(super) fn verifies(&self, signature: &str, id: &str, time: i64, body: &[u8]) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        let message = [format!("{id}.{time}.").as_bytes(), body].concat();
        self.0.verify(&message, &signature).is_ok()
    }
}

/// The secret or the public key, if there is one in it, and what is to be said about it.
pub(super) fn read(text: &str, findings: &mut Vec<Finding>) -> Option<Key> {
    let bare = text.trim().trim_matches(['"', '\'']).trim();
    if bare.is_empty() {
        findings.push(Finding::wrong("secret_missing", "The secret is empty."));
        return None;
    }
    for (prefix, what) in
        [("sk_", "a secret API key"), ("pk_", "a publishable key"), ("gsec_", "a client secret")]
    {
        if bare.starts_with(prefix) {
            let finding = format!(
                "This is {what}. Webhooks are signed with the endpoint's own secret, whsec_..."
            );
            findings.push(Finding::wrong("secret_is_another_key", finding).next(
                "The secret was shown when the endpoint was made. Roll it to see a new one.",
            ));
            return None;
        }
    }
    if let Some(key) = Key::parse(bare) {
        if bare != text {
            let around = if text.trim() == bare { "white space or a line end" } else { "quotes" };
            let message =
                format!("The {} has {around} around it, which was left out here.", key.name());
            findings.push(
                Finding::note("secret_not_bare", message)
                    .next("A program that keeps it does not verify anything."),
            );
        }
        return Some(key);
    }
    if bare.starts_with(PUBLIC_PREFIX) {
        findings.push(
            Finding::wrong(
                "secret_invalid",
                "The public key is none of an endpoint: whpk_ and the base64 of 32 bytes. A part of it may be missing.",
            )
            .next("Copy it again: it is the endpoint's `public_key`."),
        );
        return None;
    }
    if let Ok(secret) = WebhookSecret::parse(&format!("whsec_{bare}")) {
        findings.push(
            Finding::note(
                "secret_without_prefix",
                "The secret lacks its whsec_, which was added here.",
            )
            .next("Gate-Signature is keyed with the whole string, whsec_ included."),
        );
        return Some(Key::Secret(secret));
    }
    findings.push(
        Finding::wrong(
            "secret_invalid",
            "The secret is no webhook secret: whsec_ and base64. A part of it may be missing.",
        )
        .next("Copy it again, or roll the endpoint's secret."),
    );
    None
}
