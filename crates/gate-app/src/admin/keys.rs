//! API keys: made, listed, rolled and revoked. A key is told once, when it is made; what is kept of it
//! is its hash and its last four characters.

use gate_domain::Millis;
use gate_domain::ids::{KeyId, Mode, Tenant};
use gate_store::{KeyAccess, KeyKind, ListedKey, NewKey, Tx};
use gate_wire::instant::to_rfc3339;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AdminError, Whose, check_name, read, write};
use crate::app::{App, Scope};
use crate::vault::{hash_api_key, mint_api_key};

const NAME_CHARS_MAX: usize = 60;
/// Keys of one partner in one mode that work at the same time.
const ACTIVE_MAX: i64 = 100;
/// Keys in one answer.
const LIST_MAX: i64 = 1_000;
/// How long a rolled key may go on working: 30 days.
pub const OVERLAP_SECONDS_MAX: i64 = 30 * 86_400;

/// What can be done with keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Make a key.
    Create {
        /// Whose.
        whose: Whose,
        /// `secret` or `publishable`.
        kind: String,
        /// `full`, `read_only` or `sessions`.
        access: String,
        /// What its owner calls it.
        name: Option<String>,
    },
    /// Every key.
    List {
        /// Whose.
        whose: Whose,
    },
    /// Make a key that takes the place of another one, which goes on working for a while.
    Roll {
        /// Whose.
        partner: Option<String>,
        /// The key's id.
        key: String,
        /// How long the old one goes on, in seconds; 0 ends it now.
        overlap_seconds: i64,
    },
    /// Take a key back, from now on. Safe to repeat.
    Revoke {
        /// Whose.
        partner: Option<String>,
        /// The key's id.
        key: String,
    },
}

/// A key, as it is printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAnswer {
    /// Its id.
    pub id: String,
    /// Its partner.
    pub partner: String,
    /// Its mode.
    pub mode: Mode,
    /// `secret` or `publishable`.
    pub kind: String,
    /// `full`, `read_only` or `sessions`; null for a publishable key, which opens the embed only.
    pub access: Option<String>,
    /// What its owner calls it.
    pub name: Option<String>,
    /// Its last four characters.
    pub last4: String,
    /// `active`, `expired` or `revoked`.
    pub status: String,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// When it was last used, about a minute late.
    pub last_used_at: Option<String>,
    /// When it stops or stopped to work.
    pub expires_at: Option<String>,
    /// When it was taken back.
    pub revoked_at: Option<String>,
    /// The key that took its place.
    pub replaced_by: Option<String>,
}

/// A key that was made a moment ago.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeKey {
    /// What is kept of it.
    #[serde(flatten)]
    pub key: KeyAnswer,
    /// The key itself. It is told here and never again.
    pub secret: String,
    /// The key whose place it took.
    pub replaces: Option<KeyAnswer>,
}

/// Every key of a partner in a mode, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysAnswer {
    /// The keys.
    pub keys: Vec<KeyAnswer>,
}

pub(super) async fn run(app: &App, command: Command) -> Result<Value, AdminError> {
    let modes = app.config().modes.clone();
    match command {
        Command::Create { whose, kind, access, name } => {
            write(app, move |tx, scope| {
                let tenant = whose.find(tx, &modes)?;
                create_key(tx, scope, &tenant, &kind, &access, name.as_deref())
            })
            .await
        }
        Command::List { whose } => {
            let now = app.now();
            read(app, move |tx| {
                let tenant = whose.find(tx, &modes)?;
                let keys = tx.list_keys(&tenant, LIST_MAX)?;
                Ok(KeysAnswer { keys: keys.iter().map(|key| shown(key, now)).collect() })
            })
            .await
        }
        Command::Roll { partner, key, overlap_seconds } => {
            write(app, move |tx, scope| {
                let (tenant, id) = find(tx, partner.as_deref(), &modes, &key)?;
                roll_key(tx, scope, &tenant, &id, overlap_seconds)
            })
            .await
        }
        Command::Revoke { partner, key } => {
            write(app, move |tx, scope| {
                let (tenant, id) = find(tx, partner.as_deref(), &modes, &key)?;
                revoke_key(tx, scope, &tenant, &id)
            })
            .await
        }
    }
}

/// Whose key is meant: its id says the mode.
fn find(
    tx: &mut Tx,
    partner: Option<&str>,
    modes: &[Mode],
    key: &str,
) -> Result<(Tenant, KeyId), AdminError> {
    let id = KeyId::parse(key).map_err(|_| not_found(key))?;
    let mode = id.as_str().split('_').nth(1).and_then(Mode::parse).expect("an id has a mode");
    let whose = Whose { partner: partner.map(str::to_owned), mode };
    Ok((whose.find(tx, modes)?, id))
}

fn create_key(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    kind: &str,
    access: &str,
    name: Option<&str>,
) -> Result<MadeKey, AdminError> {
    let kind = KeyKind::parse(kind).ok_or_else(|| {
        AdminError::new("kind_invalid", "The kind of a key is secret or publishable.")
    })?;
    let access = KeyAccess::parse(access).ok_or_else(|| {
        AdminError::new("access_invalid", "The access of a key is full, read_only or sessions.")
    })?;
    if kind == KeyKind::Publishable && access != KeyAccess::Full {
        let message = "A publishable key opens the embed only, so it takes no access.";
        return Err(AdminError::new("access_invalid", message));
    }
    if let Some(name) = name {
        check_name("key", name, NAME_CHARS_MAX)?;
    }
    if tx.count_active_keys(tenant, scope.now)? >= ACTIVE_MAX {
        let message =
            format!("A partner has at most {ACTIVE_MAX} active keys in a mode. Revoke one first.");
        return Err(AdminError::new("keys_limit_reached", message));
    }
    let made = make(tx, scope, tenant, kind, access, name)?;
    tracing::info!(key = made.key.id, "made the key {}", made.key.id);
    Ok(made)
}

/// A successor with the same kind, access and name. Rolling is done once per key: who repeats it
/// rolls the successor.
fn roll_key(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &KeyId,
    overlap_seconds: i64,
) -> Result<MadeKey, AdminError> {
    if !(0..=OVERLAP_SECONDS_MAX).contains(&overlap_seconds) {
        let message = "A rolled key goes on for 30 days at most.";
        return Err(AdminError::new("overlap_invalid", message));
    }
    let old = tx.lock_key(tenant, id)?.ok_or_else(|| not_found(id.as_str()))?;
    if let Some(successor) = &old.replaced_by {
        let message =
            format!("{id} was rolled before. Its place was taken by {successor}: roll that one.");
        return Err(AdminError::new("key_already_rolled", message));
    }
    if !old.key.is_active(scope.now) {
        let message = format!("{id} works no longer. Make a new key with `gate keys create`.");
        return Err(AdminError::new("key_not_active", message));
    }
    let (kind, access) = (old.key.kind, old.key.access);
    let mut made = make(tx, scope, tenant, kind, access, old.name.as_deref())?;
    let ends_at = scope.now.plus_seconds(overlap_seconds);
    let ends_at = old.key.expires_at.map_or(ends_at, |end| end.min(ends_at));
    let by = KeyId::parse(&made.key.id).expect("it was made a moment ago");
    tx.replace_key(&old, &by, ends_at)?;
    scope.keys_changed();
    let mut replaced = ListedKey { replaced_by: Some(by), ..(*old).clone() };
    replaced.key.expires_at = Some(ends_at);
    made.replaces = Some(shown(&replaced, scope.now));
    tracing::info!(key = %id, "rolled the key {id}; its place was taken by {}", made.key.id);
    Ok(made)
}

fn revoke_key(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &KeyId,
) -> Result<KeyAnswer, AdminError> {
    let key = tx.lock_key(tenant, id)?.ok_or_else(|| not_found(id.as_str()))?;
    let mut revoked = (*key).clone();
    if tx.revoke_key(&key, scope.now)? {
        revoked.key.revoked_at = Some(scope.now);
        tracing::info!(key = %id, "revoked the key {id}");
    }
    scope.keys_changed();
    Ok(shown(&revoked, scope.now))
}

fn make(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    kind: KeyKind,
    access: KeyAccess,
    name: Option<&str>,
) -> Result<MadeKey, AdminError> {
    let prefix = match kind {
        KeyKind::Secret => "sk",
        KeyKind::Publishable => "pk",
    };
    let secret = mint_api_key(prefix, tenant.mode, scope.ids());
    let new = NewKey {
        tenant: tenant.clone(),
        id: KeyId::new(tenant.mode, scope.seed()),
        kind,
        access,
        name: name.map(str::to_owned),
        key_hash: hash_api_key(&secret).to_vec(),
        last4: last4(&secret),
    };
    tx.insert_key(&new, scope.now)?;
    let row = tx.lock_key(tenant, &new.id)?.expect("it was written down a line above");
    Ok(MadeKey { key: shown(&row, scope.now), secret, replaces: None })
}

/// The end of a key, by which people tell it from others.
pub(crate) fn last4(key: &str) -> String {
    key.get(key.len().saturating_sub(4)..).unwrap_or_default().to_owned()
}

fn not_found(key: &str) -> AdminError {
    let what = if key.starts_with("sk_") || key.starts_with("pk_") {
        // The key itself is not repeated, and it was not looked up.
        "A key is named by its id (key_...), never by the key itself.".to_owned()
    } else {
        format!("There is no key {key:?} of this partner. `gate keys list` shows their ids.")
    };
    AdminError::new("key_not_found", what)
}

fn shown(listed: &ListedKey, now: Millis) -> KeyAnswer {
    let ListedKey { key, name, last4, replaced_by, last_used_at, created_at } = listed;
    let status = if key.revoked_at.is_some() {
        "revoked"
    } else if key.is_active(now) {
        "active"
    } else {
        "expired"
    };
    let secret = key.kind == KeyKind::Secret;
    KeyAnswer {
        id: key.id.to_string(),
        partner: key.tenant.partner.to_string(),
        mode: key.tenant.mode,
        kind: key.kind.as_str().into(),
        access: secret.then(|| key.access.as_str().into()),
        name: name.clone(),
        last4: last4.clone(),
        status: status.into(),
        created_at: to_rfc3339(*created_at),
        last_used_at: last_used_at.map(to_rfc3339),
        expires_at: key.expires_at.map(to_rfc3339),
        revoked_at: key.revoked_at.map(to_rfc3339),
        replaced_by: replaced_by.as_ref().map(ToString::to_string),
    }
}
