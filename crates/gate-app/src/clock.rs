//! What time it is: the one place that asks the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use gate_domain::Millis;

/// The machine's clock, or one that a test moves.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's.
    pub const fn system() -> Self {
        Self(None)
    }

    /// One that stands still until it is moved.
    pub fn fixed(at: Millis) -> Self {
        Self(Some(Arc::new(AtomicI64::new(at.0))))
    }

    /// What time it is.
    pub fn now(&self) -> Millis {
        match &self.0 {
            Some(at) => Millis(at.load(Ordering::SeqCst)),
            None => system_now(),
        }
    }

    /// Move a fixed clock.
    ///
    /// # Panics
    /// On the machine's clock, which nobody moves.
    pub fn advance_ms(&self, milliseconds: i64) {
        let at = self.0.as_ref().expect("only a fixed clock can be moved");
        at.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else asks")]
fn system_now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
