//! Keys that were looked up a moment ago, so that a busy partner's key is not read for each request,
//! and when each of them was last used.
//!
//! A key that is revoked in this process is forgotten at once; one that is revoked elsewhere works
//! on for at most [`KEPT_MS`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gate_domain::Millis;
use gate_domain::ids::{KeyId, Tenant};
use gate_store::KeyRow;

/// How long a look-up is good: 2 s.
pub const KEPT_MS: i64 = 2_000;
/// How many keys are kept; more, and all are forgotten.
const KEPT_MAX: usize = 4_096;
/// How often the use of one key is written down at most: once a minute.
pub const NOTED_EVERY_MS: i64 = 60_000;

/// SHA-256 of a key.
type KeyHash = [u8; 32];

/// What this process remembers of keys.
#[derive(Default)]
pub struct KnownKeys(Mutex<Known>);

#[derive(Default)]
struct Known {
    keys: HashMap<KeyHash, KnownKey>,
    /// Counts how often everything was forgotten.
    generation: u64,
}

struct KnownKey {
    row: Arc<KeyRow>,
    /// When to look it up again.
    until: Millis,
    used_at: Millis,
    /// When its use was last handed out to be written down.
    noted_at: Option<Millis>,
}

/// Which look-ups are still worth keeping: those that began after everything was last forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(u64);

impl KnownKeys {
    /// A key that was looked up a moment ago and still works; it counts as used.
    pub fn find(&self, hash: &KeyHash, now: Millis) -> Option<Arc<KeyRow>> {
        let mut known = self.lock();
        let key = known.keys.get_mut(hash)?;
        if now >= key.until || !key.row.is_active(now) {
            return None;
        }
        key.used_at = now;
        Some(Arc::clone(&key.row))
    }

    /// Whether [`Self::find`] would answer; this counts as no use.
    pub fn knows(&self, hash: &KeyHash, now: Millis) -> bool {
        let known = self.lock();
        known.keys.get(hash).is_some_and(|key| now < key.until && key.row.is_active(now))
    }

    /// To be asked before a look-up, and handed to [`Self::keep`] after it.
    pub fn generation(&self) -> Generation {
        Generation(self.lock().generation)
    }

    /// Keep what a look-up found, unless everything was forgotten while it ran: what it read may be
    /// older than that.
    pub fn keep(&self, hash: KeyHash, row: &Arc<KeyRow>, asked: Generation, now: Millis) {
        let mut known = self.lock();
        if known.generation != asked.0 {
            return;
        }
        if known.keys.len() >= KEPT_MAX {
            known.keys.clear();
        }
        let noted_at = known.keys.get(&hash).and_then(|key| key.noted_at);
        let until = now.plus_ms(KEPT_MS);
        let key = KnownKey { row: Arc::clone(row), until, used_at: now, noted_at };
        known.keys.insert(hash, key);
    }

    /// Look every key up again from now on.
    pub fn forget(&self) {
        let mut known = self.lock();
        known.generation += 1;
        for key in known.keys.values_mut() {
            key.until = Millis(i64::MIN);
        }
    }

    /// Uses that are not written down yet, each key at most once a minute.
    pub(crate) fn take_uses(&self, now: Millis) -> Vec<(Tenant, KeyId, Millis)> {
        let mut uses = Vec::new();
        for key in self.lock().keys.values_mut() {
            let due = key.noted_at.is_none_or(|noted_at| {
                key.used_at > noted_at && now >= noted_at.plus_ms(NOTED_EVERY_MS)
            });
            if due {
                key.noted_at = Some(now);
                uses.push((key.row.tenant.clone(), key.row.id.clone(), key.used_at));
            }
        }
        uses
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use gate_domain::ids::{Mode, PartnerId};
    use gate_store::{KeyAccess, KeyKind};

    use super::*;
    use crate::ids::Ids;

    const NOW: Millis = Millis(1_000_000);

    fn row(expires_at: Option<Millis>) -> Arc<KeyRow> {
        let tenant = Tenant { partner: PartnerId::new(Ids.seed(NOW)), mode: Mode::Test };
        Arc::new(KeyRow {
            tenant,
            id: KeyId::new(Mode::Test, Ids.seed(NOW)),
            kind: KeyKind::Secret,
            access: KeyAccess::Full,
            expires_at,
            revoked_at: None,
        })
    }

    #[test]
    fn a_look_up_is_good_for_two_seconds_and_never_longer_than_the_key() {
        let known = KnownKeys::default();
        known.keep([1; 32], &row(None), known.generation(), NOW);
        known.keep([2; 32], &row(Some(NOW.plus_ms(500))), known.generation(), NOW);
        let found = |hash, ms| known.find(&[hash; 32], NOW.plus_ms(ms)).is_some();
        assert!(found(1, 1_999) && !found(1, 2_000));
        assert!(found(2, 499) && !found(2, 500));
    }

    #[test]
    fn what_was_read_before_everything_was_forgotten_is_not_kept() {
        let known = KnownKeys::default();
        known.keep([1; 32], &row(None), known.generation(), NOW);
        let asked = known.generation();
        known.forget();
        known.keep([2; 32], &row(None), asked, NOW);
        assert!(known.find(&[1; 32], NOW).is_none());
        assert!(known.find(&[2; 32], NOW).is_none());
        known.keep([2; 32], &row(None), known.generation(), NOW);
        assert!(known.find(&[2; 32], NOW).is_some(), "the control");
    }

    #[test]
    fn a_use_is_handed_out_once_a_minute_and_the_last_one_is_not_lost() {
        let known = KnownKeys::default();
        let key = row(None);
        known.keep([1; 32], &key, known.generation(), NOW);
        let uses = |ms| known.take_uses(NOW.plus_ms(ms)).len();
        assert_eq!((uses(0), uses(0)), (1, 0));
        assert!(known.find(&[1; 32], NOW.plus_ms(100)).is_some());
        assert_eq!((uses(59_999), uses(60_000), uses(60_000)), (0, 1, 0));
        assert_eq!(uses(600_000), 0, "nobody used it since");
    }
}
