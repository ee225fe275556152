//! The worker that sees the machine's clock being set back. Everything waits for an instant of that
//! clock, so without it a webhook that is due now would wait for as long as the clock was set back.
//! A clock that is set ahead needs nobody: what is due is due.

use std::sync::Mutex;

use gate_domain::Millis;
use gate_store::StoreError;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tracing::warn;

use super::lanes::lock;
use super::run_passes;
use crate::app::App;

/// To wait so much longer does no harm, and a clock that is kept right moves by less.
const STEP_MS: i64 = 10_000;

/// What two clocks showed at the same time: the machine's, and one that nobody sets.
#[derive(Clone, Copy)]
struct Look {
    wall: Millis,
    steady: Instant,
}

impl Look {
    fn now(app: &App) -> Self {
        Self { wall: app.now(), steady: Instant::now() }
    }

    /// By how much the machine's clock was set back since; negative when it was set ahead.
    fn set_back_ms(self, since: Self) -> i64 {
        let passed = self.steady.saturating_duration_since(since.steady).as_millis();
        since.wall.plus_ms(i64::try_from(passed).unwrap_or(i64::MAX)).0.saturating_sub(self.wall.0)
    }
}

/// The worker of a running process.
pub(super) async fn run(app: App, stopped: watch::Receiver<bool>) {
    let last = Mutex::new(Look::now(&app));
    run_passes(&app, "clock", &Notify::new(), stopped, || async {
        let look = Look::now(&app);
        let by_ms = look.set_back_ms(*lock(&last));
        if by_ms > STEP_MS {
            follow_clock_back(&app, by_ms).await?;
        }
        *lock(&last) = look;
        Ok(false)
    })
    .await;
}

/// Bring what waits nearer by as much as the clock was set back. Where other processes write to the
/// database too, their instants are of other clocks, and nothing is changed.
pub async fn follow_clock_back(app: &App, by_ms: i64) -> Result<u64, StoreError> {
    let seconds = by_ms / 1000;
    if !app.store().is_ours_alone() {
        warn!(
            seconds,
            "the clock was set back by {seconds} s; what waits may wait that much longer"
        );
        return Ok(0);
    }
    let moved = app
        .write(move |tx, scope| {
            scope.wake_deliveries();
            tx.follow_clock_back(by_ms, scope.now)
        })
        .await?;
    warn!(seconds, moved, "the clock was set back by {seconds} s; what waits was brought nearer");
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_step_is_what_the_two_clocks_differ_by() {
        let began = Instant::now();
        let look = |wall, seconds| Look {
            wall: Millis(wall),
            steady: began + Duration::from_secs(seconds),
        };
        let first = look(5_000_000, 0);
        assert_eq!(look(5_060_000, 60).set_back_ms(first), 0);
        assert_eq!(look(1_460_000, 60).set_back_ms(first), 3_600_000);
        assert_eq!(look(8_660_000, 60).set_back_ms(first), -3_600_000);
    }
}
