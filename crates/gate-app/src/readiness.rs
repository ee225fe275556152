//! Whether this process does its work: its store takes writes, its workers are at it, and no webhook
//! waits for it for long. What is wrong is named.

use std::fmt;

use gate_domain::time::Millis;
use gate_store::{StoreError, Tx};
use tokio::time::Instant;
use tracing::error;

use crate::app::App;

/// How long a mail may wait to be sent: 2 min.
const MAIL_LATE_MS_MAX: i64 = 120_000;

/// What does not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unready {
    /// The store takes no writes; the log says why.
    Store,
    /// This worker has not come back from its last pass.
    Worker(&'static str),
    /// A webhook that could go is this late, in milliseconds.
    Deliveries {
        /// How late.
        late_ms: i64,
        /// How late one may be.
        late_ms_max: i64,
    },
    /// A mail waits this long to be sent, in milliseconds.
    Mails {
        /// How long.
        late_ms: i64,
    },
    /// The books were found broken, and no money moves.
    Books(String),
}

impl Unready {
    /// The part in one word.
    pub fn part(&self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Worker(_) => "workers",
            Self::Deliveries { .. } => "deliveries",
            Self::Mails { .. } => "mails",
            Self::Books(_) => "books",
        }
    }
}

impl fmt::Display for Unready {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store => out.write_str("the store takes no writes"),
            Self::Worker(name) => write!(out, "the {name} worker does not come back"),
            Self::Deliveries { late_ms, late_ms_max } => {
                let (late, max) = (late_ms / 1_000, late_ms_max / 1_000);
                write!(out, "a webhook waits for {late} s to be sent; {max} s is the limit")
            }
            Self::Mails { late_ms } => {
                let (late, max) = (late_ms / 1_000, MAIL_LATE_MS_MAX / 1_000);
                write!(out, "a mail waits for {late} s to be sent; {max} s is the limit")
            }
            Self::Books(_) => out.write_str("payments are paused: the books are broken"),
        }
    }
}

/// Everything that does not work now.
pub async fn find_unready(app: &App) -> Vec<Unready> {
    let mut unready: Vec<_> =
        app.pulses().stuck(Instant::now()).into_iter().map(Unready::Worker).collect();
    let written: Result<(), StoreError> = app.write(|tx, scope| tx.touch(scope.now)).await;
    if let Err(error) = written {
        error!(%error, "not ready: the store takes no writes");
        unready.push(Unready::Store);
        return unready;
    }
    let late_ms_max = app.config().deliveries.late_ms_max;
    match oldest_due(app).await {
        Ok(Some(due)) => {
            let late_ms = app.now().0 - due.0;
            if late_ms > late_ms_max {
                unready.push(Unready::Deliveries { late_ms, late_ms_max });
            }
        }
        Ok(None) => {}
        Err(error) => {
            error!(%error, "not ready: the store cannot be read");
            unready.push(Unready::Store);
        }
    }
    match app.store().read(Tx::find_oldest_waiting_mail).await {
        Ok(oldest) => {
            let late_ms = oldest.map_or(0, |created_at| app.now().0 - created_at.0);
            unready.extend((late_ms > MAIL_LATE_MS_MAX).then_some(Unready::Mails { late_ms }));
        }
        Err(error) => error!(%error, "whether mails wait cannot be read"),
    }
    match app.store().read(Tx::find_halt).await {
        Ok(halt) => unready.extend(halt.map(|halt| Unready::Books(halt.finding))),
        Err(error) => error!(%error, "whether payments are paused cannot be read"),
    }
    unready
}

/// Since when the oldest delivery waits that nothing but this gateway holds up.
pub(crate) async fn oldest_due(app: &App) -> Result<Option<Millis>, StoreError> {
    let now = app.now();
    // An endpoint that was in trouble has a backlog to work off first.
    let well_since = now.plus_ms(-app.config().deliveries.late_ms_max);
    app.store().read(move |tx| tx.find_oldest_due(now, well_since)).await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gate_store::testing::{TestStore, block_on};

    use super::*;
    use crate::testing::World;

    // T44.
    #[test]
    fn a_worker_that_is_stuck_and_a_store_that_takes_nothing_are_named() {
        for store in [TestStore::sqlite(), TestStore::postgres()] {
            block_on(async {
                let world = World::over(&store).await;
                let pulses = world.app.pulses();
                pulses.beat("sweep", Instant::now().checked_sub(Duration::from_secs(1)).unwrap());
                let stuck = find_unready(&world.app).await;
                assert_eq!(stuck, [Unready::Worker("sweep")]);
                assert_eq!(stuck[0].to_string(), "the sweep worker does not come back");
                pulses.beat("sweep", Instant::now() + Duration::from_mins(1));
                assert_eq!(find_unready(&world.app).await, []);
                // What takes no writes, and what can be written but not read.
                for table in ["deployment", "deliveries"] {
                    let rename = |from: &str, to: &str| {
                        let statement = format!("alter table {from} rename to {to}");
                        store.write(move |tx| tx.batch(&statement))
                    };
                    rename(table, "elsewhere").await.unwrap();
                    assert_eq!(find_unready(&world.app).await, [Unready::Store], "{table}");
                    rename("elsewhere", table).await.unwrap();
                    assert_eq!(find_unready(&world.app).await, []);
                }
            });
        }
    }
}
