//! Everything that a use case, a handler or a worker needs, passed in.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use gate_domain::Millis;
use gate_domain::ids::{Mode, Seed, SessionId};
use gate_rails::Rails;
use gate_store::{Store, StoreError, Tx};
use tokio::sync::{Notify, broadcast};

use crate::clock::Clock;
use crate::ids::Ids;
use crate::vault::Vault;

/// How many changes a page may be behind before it reads the store instead.
const CHANGES_KEPT: usize = 1024;

/// What a deployment decides.
#[derive(Clone, Debug)]
pub struct AppConfig {
    /// Where this gateway is reached, such as `http://127.0.0.1:4000`, without a slash at the end.
    pub base_url: String,
}

/// The application. Cloning shares it.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    store: Store,
    clock: Clock,
    ids: Ids,
    vault: Vault,
    rails: Rails,
    config: AppConfig,
    wakes: Wakes,
}

/// Signals that only ever make something happen earlier: every worker also looks by itself.
struct Wakes {
    deliveries: Notify,
    commands: Notify,
    sessions: broadcast::Sender<SessionId>,
}

/// What a closure of one transaction knows beside the transaction: the time, fresh ids, and whom to
/// wake once it is committed.
pub struct Scope<'a> {
    /// What time it is, the same through the whole transaction.
    pub now: Millis,
    /// Secrets to derive from.
    pub vault: &'a Vault,
    ids: Ids,
    deliveries_due: Cell<bool>,
    commands_due: Cell<bool>,
    sessions_changed: RefCell<Vec<SessionId>>,
}

impl Scope<'_> {
    /// What a new id is made of.
    pub fn seed(&self) -> Seed {
        self.ids.seed(self.now)
    }

    pub(crate) fn ids(&self) -> Ids {
        self.ids
    }

    pub(crate) fn wake_deliveries(&self) {
        self.deliveries_due.set(true);
    }

    pub(crate) fn wake_commands(&self) {
        self.commands_due.set(true);
    }

    pub(crate) fn session_changed(&self, session: &SessionId) {
        self.sessions_changed.borrow_mut().push(session.clone());
    }
}

impl App {
    /// Put an application together.
    pub fn new(store: Store, clock: Clock, vault: Vault, rails: Rails, config: AppConfig) -> Self {
        let (sessions, _) = broadcast::channel(CHANGES_KEPT);
        let wakes = Wakes { deliveries: Notify::new(), commands: Notify::new(), sessions };
        Self(Arc::new(Inner { store, clock, ids: Ids, vault, rails, config, wakes }))
    }

    /// The store, for reading and for the command line.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// What time it is.
    pub fn now(&self) -> Millis {
        self.0.clock.now()
    }

    /// Where ids and tokens get their randomness from.
    pub fn ids(&self) -> Ids {
        self.0.ids
    }

    /// The deployment's secrets.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// The outside world of a mode. Live mode has none yet, so nothing of it can be reached.
    pub fn rails(&self, mode: Mode) -> Option<&Rails> {
        match mode {
            Mode::Test => Some(&self.0.rails),
            Mode::Live => None,
        }
    }

    /// What the deployment decided.
    pub fn config(&self) -> &AppConfig {
        &self.0.config
    }

    /// Carry out a use case in one transaction, then wake whoever has work because of it.
    pub async fn write<T, E, F>(&self, use_case: F) -> Result<T, E>
    where
        F: Fn(&mut Tx, &Scope<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let inner = Arc::clone(&self.0);
        let (value, wake) = self
            .0
            .store
            .write(move |tx| {
                let scope = Scope {
                    now: inner.clock.now(),
                    vault: &inner.vault,
                    ids: inner.ids,
                    deliveries_due: Cell::new(false),
                    commands_due: Cell::new(false),
                    sessions_changed: RefCell::new(Vec::new()),
                };
                let value = use_case(tx, &scope)?;
                let Scope { deliveries_due, commands_due, sessions_changed, .. } = scope;
                let wake =
                    (deliveries_due.get(), commands_due.get(), sessions_changed.into_inner());
                Ok::<_, E>((value, wake))
            })
            .await?;
        let (deliveries_due, commands_due, sessions_changed) = wake;
        if deliveries_due {
            self.0.wakes.deliveries.notify_one();
        }
        if commands_due {
            self.0.wakes.commands.notify_one();
        }
        for session in sessions_changed {
            // Nobody may be looking at it.
            let _ = self.0.wakes.sessions.send(session);
        }
        Ok(value)
    }

    /// Changes of sessions from now on, as far as they happen in this process.
    pub fn session_changes(&self) -> broadcast::Receiver<SessionId> {
        self.0.wakes.sessions.subscribe()
    }

    pub(crate) fn deliveries_wake(&self) -> &Notify {
        &self.0.wakes.deliveries
    }

    pub(crate) fn commands_wake(&self) -> &Notify {
        &self.0.wakes.commands
    }
}
