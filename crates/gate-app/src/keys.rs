//! API keys and origins: who asks, and from where.

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

/// Look a key up by its hash. None when nobody has it, or its time is over.
pub async fn find_key(app: &App, key: &str) -> Result<Option<KeyRow>, StoreError> {
    let hash = hash_api_key(key);
    let found = app.store().read(move |tx| tx.find_key(&hash)).await?;
    let now = app.now();
    Ok(found.filter(|key: &KeyRow| key.expires_at.is_none_or(|end| now < end)))
}

/// The origin of a URL as browsers write it, such as `https://shop.example`; none for what has no
/// origin.
pub fn origin_of(url: &str) -> Option<String> {
    let origin = url::Url::parse(url).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}
