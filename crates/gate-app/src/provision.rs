//! Write down a partner with its keys, origins and endpoint, as `gate dev` does.

use gate_domain::ids::{EndpointId, KeyId, Mode, PartnerId, Tenant};
use gate_store::{KeyAccess, KeyKind, NewKey, StoreError, Tx};
use gate_wire::signature::WebhookSecret;

use crate::admin::keys::last4;
use crate::app::Scope;
use crate::vault::hash_api_key;

/// A partner in one mode.
#[derive(Clone)]
pub struct Provision {
    /// Its id.
    pub partner_id: PartnerId,
    /// The name that users see.
    pub name: String,
    /// Which world.
    pub mode: Mode,
    /// Its secret key, with the id to keep it under.
    pub secret_key: (KeyId, String),
    /// Its publishable key, with the id to keep it under.
    pub publishable_key: (KeyId, String),
    /// Where it may embed and be returned to.
    pub origins: Vec<String>,
    /// Where its webhooks go, and the secret that signs them.
    pub endpoint: Option<(EndpointId, String, WebhookSecret)>,
}

/// Write a partner down. Safe to repeat; another URL for the endpoint replaces the old one.
pub fn provision(tx: &mut Tx, scope: &Scope<'_>, partner: &Provision) -> Result<(), StoreError> {
    let tenant = Tenant { partner: partner.partner_id.clone(), mode: partner.mode };
    tx.insert_partner(&partner.partner_id, &partner.name, scope.now)?;
    let keys =
        [(KeyKind::Secret, &partner.secret_key), (KeyKind::Publishable, &partner.publishable_key)];
    for (kind, (id, key)) in keys {
        let last4 = last4(key);
        let key_hash = hash_api_key(key).to_vec();
        let new = NewKey {
            tenant: tenant.clone(),
            id: id.clone(),
            kind,
            access: KeyAccess::Full,
            name: None,
            key_hash,
            last4,
        };
        tx.insert_key(&new, scope.now)?;
    }
    for origin in &partner.origins {
        tx.insert_origin(&tenant, origin, scope.now)?;
    }
    if let Some((id, url, secret)) = &partner.endpoint {
        let sealed = scope.vault.seal(id.as_str(), secret.expose(), scope.ids());
        tx.save_endpoint(&tenant, id, url, &sealed, scope.now)?;
    }
    Ok(())
}
