//! API keys and origins: who asks, and from where.

use std::sync::Arc;

use gate_domain::ids::Mode;
use gate_store::{KeyKind, KeyRow, StoreError};

use crate::app::App;
use crate::vault::hash_api_key;

/// What a key looks like before anybody looks it up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyShape {
    /// What it claims to be.
    pub kind: KeyKind,
    /// The mode it claims.
    pub mode: Mode,
}

/// Read the prefix of a key; none when it is no key of ours at all.
pub fn key_shape(key: &str) -> Option<KeyShape> {
    let (kind, rest) = if let Some(rest) = key.strip_prefix("sk_") {
        (KeyKind::Secret, rest)
    } else {
        (KeyKind::Publishable, key.strip_prefix("pk_")?)
    };
    let (mode, _) = rest.split_once('_')?;
    Some(KeyShape { kind, mode: Mode::parse(mode)? })
}

/// Look a key up by its hash; one index decides, whatever the key is. None when nobody ever had it.
/// Whether it still works is the caller's question.
pub async fn find_key(app: &App, key: &str) -> Result<Option<Arc<KeyRow>>, StoreError> {
    let hash = hash_api_key(key);
    if let Some(known) = app.known_keys().find(&hash, app.now()) {
        return Ok(Some(known));
    }
    let asked = app.known_keys().generation();
    let found = app.store().read(move |tx| tx.find_key(&hash)).await?.map(Arc::new);
    let now = app.now();
    if let Some(row) = found.as_ref().filter(|row| row.is_active(now)) {
        app.known_keys().keep(hash, row, asked, now);
    }
    Ok(found)
}

/// The origin of a URL as browsers write it, such as `https://shop.example`; none for what has no
/// origin.
pub fn origin_of(url: &str) -> Option<String> {
    let origin = url::Url::parse(url).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}
