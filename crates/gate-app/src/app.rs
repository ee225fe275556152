//! Everything that a use case, a handler or a worker needs, passed in.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use gate_domain::Millis;
use gate_domain::catalogue::{Catalogue, Offer};
use gate_domain::ids::{Mode, Seed, SessionId, Tenant};
use gate_rails::Rails;
use gate_rails::mail::Mailer;
use gate_store::{IdempotentRequest, Store, StoreError, Tx};
use tokio::sync::{Notify, broadcast};

use crate::capabilities::{Capabilities, world_wide};
use crate::clock::Clock;
use crate::egress::{Egress, EgressProxy, Reach};
use crate::ids::Ids;
use crate::known_keys::KnownKeys;
use crate::metrics::Metrics;
use crate::screening::SanctionsList;
use crate::vault::Vault;
use crate::workers::Pulses;
use crate::workers::lanes::DeliveryLimits;

/// How many changes a page may be behind before it reads the store instead.
const CHANGES_KEPT: usize = 1024;

/// What a deployment decides.
#[derive(Clone, Debug)]
pub struct AppConfig {
    /// Where this gateway is reached, such as `http://127.0.0.1:4000`, without a slash at the end.
    pub base_url: String,
    /// The modes that are served: test, or test and live. A key of another one opens nothing.
    pub modes: Vec<Mode>,
    /// Everything that exists: countries, currencies, assets, networks, methods.
    pub catalogue: Arc<Catalogue>,
    /// How far webhooks of test mode reach; those of live mode go to public addresses only.
    pub test_reach: Reach,
    /// How many webhooks are under way at the same time, and how long a claim holds.
    pub deliveries: DeliveryLimits,
    /// How long events are kept, with their deliveries and attempts; none for ever.
    pub retention_ms: Option<i64>,
    /// The proxy that webhooks leave by, if they do not leave by themselves.
    pub egress_proxy: Option<EgressProxy>,
    /// Who and what is held; without it nothing is screened.
    pub sanctions: Option<SanctionsList>,
    /// Who takes the mails of live mode; without it none is written.
    pub mailer: Option<Arc<dyn Mailer>>,
}

impl AppConfig {
    /// A sandbox at an address: test mode only, with the catalogue that ships with us.
    pub fn sandbox(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            modes: vec![Mode::Test],
            catalogue: world_wide(),
            test_reach: Reach::Anywhere,
            deliveries: DeliveryLimits::default(),
            retention_ms: None,
            egress_proxy: None,
            sanctions: None,
            mailer: None,
        }
    }

    /// The door that webhooks of a mode leave by.
    pub fn egress(&self, mode: Mode) -> Egress {
        Egress::new(match mode {
            Mode::Test => self.test_reach,
            Mode::Live => Reach::Public,
        })
    }

    /// Whether keys of this mode open anything here.
    pub fn serves(&self, mode: Mode) -> bool {
        self.modes.contains(&mode)
    }
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
    capabilities: Capabilities,
    known_keys: KnownKeys,
    wakes: Wakes,
    pulses: Pulses,
    metrics: Metrics,
}

/// Signals that only ever make something happen earlier: every worker also looks by itself.
struct Wakes {
    deliveries: Notify,
    commands: Notify,
    checks: Notify,
    mails: Notify,
    sessions: broadcast::Sender<SessionId>,
    feeds: broadcast::Sender<Tenant>,
}

/// What a closure of one transaction knows beside the transaction: the time, fresh ids, and whom to
/// wake once it is committed.
pub struct Scope<'a> {
    /// What time it is, the same through the whole transaction.
    pub now: Millis,
    /// Secrets to derive from.
    pub vault: &'a Vault,
    capabilities: &'a Capabilities,
    sanctions: Option<&'a SanctionsList>,
    rails: &'a Rails,
    ids: Ids,
    causes: Causes,
}

/// What a use case leaves to be done in this process once it is committed.
#[derive(Default)]
struct Causes {
    deliveries_due: Cell<bool>,
    commands_due: Cell<bool>,
    checks_due: Cell<bool>,
    mails_due: Cell<bool>,
    sessions_changed: RefCell<Vec<SessionId>>,
    feeds_grown: RefCell<Vec<Tenant>>,
    keys_changed: Cell<bool>,
    rules_changed: Cell<bool>,
}

impl Scope<'_> {
    /// What a new id is made of.
    pub fn seed(&self) -> Seed {
        self.ids.seed(self.now)
    }

    /// What a partner can offer in a mode now.
    pub fn offer(&self, tenant: &Tenant) -> Offer {
        self.capabilities.offer(tenant)
    }

    /// Everything that exists, whether it is on offer or not.
    pub fn catalogue(&self) -> &Catalogue {
        self.capabilities.catalogue()
    }

    /// The outside world of a mode; none where there is none.
    pub(crate) fn rails(&self, mode: Mode) -> Option<&Rails> {
        rails_of(mode, self.rails)
    }

    /// Who and what is held, if anything is screened.
    pub(crate) fn sanctions(&self) -> Option<&SanctionsList> {
        self.sanctions
    }

    pub(crate) fn ids(&self) -> Ids {
        self.ids
    }

    pub(crate) fn wake_deliveries(&self) {
        self.causes.deliveries_due.set(true);
    }

    pub(crate) fn wake_commands(&self) {
        self.causes.commands_due.set(true);
    }

    pub(crate) fn wake_checks(&self) {
        self.causes.checks_due.set(true);
    }

    pub(crate) fn wake_mails(&self) {
        self.causes.mails_due.set(true);
    }

    pub(crate) fn session_changed(&self, session: &SessionId) {
        self.causes.sessions_changed.borrow_mut().push(session.clone());
    }

    /// Whoever waits for this partner's next event can look once this is committed.
    pub(crate) fn feed_grew(&self, tenant: &Tenant) {
        let mut grown = self.causes.feeds_grown.borrow_mut();
        if !grown.contains(tenant) {
            grown.push(tenant.clone());
        }
    }

    /// What this process remembers of keys is old once this is committed.
    pub(crate) fn keys_changed(&self) {
        self.causes.keys_changed.set(true);
    }

    /// The rules of what is on offer are read again once this is committed.
    pub(crate) fn rules_changed(&self) {
        self.causes.rules_changed.set(true);
    }
}

impl App {
    /// Put an application together.
    pub fn new(store: Store, clock: Clock, vault: Vault, rails: Rails, config: AppConfig) -> Self {
        let (sessions, _) = broadcast::channel(CHANGES_KEPT);
        let (feeds, _) = broadcast::channel(CHANGES_KEPT);
        let (deliveries, commands) = (Notify::new(), Notify::new());
        let (checks, mails) = (Notify::new(), Notify::new());
        let wakes = Wakes { deliveries, commands, checks, mails, sessions, feeds };
        let inner = Inner {
            store,
            clock,
            ids: Ids,
            vault,
            rails,
            capabilities: Capabilities::new(Arc::clone(&config.catalogue)),
            config,
            known_keys: KnownKeys::default(),
            wakes,
            pulses: Pulses::default(),
            metrics: Metrics::default(),
        };
        Self(Arc::new(inner))
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
        rails_of(mode, &self.0.rails)
    }

    /// What the deployment decided.
    pub fn config(&self) -> &AppConfig {
        &self.0.config
    }

    /// What a partner can offer in a mode now.
    pub fn offer(&self, tenant: &Tenant) -> Offer {
        self.0.capabilities.offer(tenant)
    }

    /// Everything that exists, whether it is on offer or not.
    pub fn catalogue(&self) -> &Catalogue {
        self.0.capabilities.catalogue()
    }

    /// Read what operators decided, if it has changed. To be called once before anything is served;
    /// a worker does it from then on.
    pub async fn refresh_capabilities(&self) -> Result<(), StoreError> {
        self.0.capabilities.refresh(&self.0.store).await
    }

    /// Ask for prices wherever it is time to. No transaction is open meanwhile.
    pub async fn refresh_prices(&self) {
        self.0.rails.prices.refresh(self.now()).await;
    }

    /// Keys that this process looked up a moment ago.
    pub fn known_keys(&self) -> &KnownKeys {
        &self.0.known_keys
    }

    /// Whether the workers of this process are still at it.
    pub(crate) fn pulses(&self) -> &Pulses {
        &self.0.pulses
    }

    /// What this process counts.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Carry out a use case in one transaction, then wake whoever has work because of it.
    pub async fn write<T, E, F>(&self, use_case: F) -> Result<T, E>
    where
        F: Fn(&mut Tx, &Scope<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.finish(self.0.store.write(self.in_scope(use_case)).await?).await
    }

    /// The same for a use case that begins with the question whether this request was answered
    /// before: the store then asks for several at once.
    pub async fn write_once<T, E, F>(&self, request: IdempotentRequest, use_case: F) -> Result<T, E>
    where
        F: Fn(&mut Tx, &Scope<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.finish(self.0.store.write_once(request, self.in_scope(use_case)).await?).await
    }

    fn in_scope<T, E, F>(
        &self,
        use_case: F,
    ) -> impl Fn(&mut Tx) -> Result<(T, Causes), E> + Send + use<T, E, F>
    where
        F: Fn(&mut Tx, &Scope<'_>) -> Result<T, E> + Send,
    {
        let inner = Arc::clone(&self.0);
        move |tx| {
            let scope = Scope {
                now: inner.clock.now(),
                vault: &inner.vault,
                capabilities: &inner.capabilities,
                sanctions: inner.config.sanctions.as_ref(),
                rails: &inner.rails,
                ids: inner.ids,
                causes: Causes::default(),
            };
            let value = use_case(tx, &scope)?;
            Ok((value, scope.causes))
        }
    }

    async fn finish<T, E>(&self, (value, causes): (T, Causes)) -> Result<T, E> {
        let rules_changed = causes.rules_changed.get();
        self.carry_out(causes);
        if rules_changed && let Err(error) = self.refresh_capabilities().await {
            // The change is made; the worker will read it a moment later.
            tracing::warn!(%error, "the new capabilities could not be read yet");
        }
        Ok(value)
    }

    fn carry_out(&self, causes: Causes) {
        if causes.keys_changed.get() {
            self.0.known_keys.forget();
        }
        if causes.deliveries_due.get() {
            self.0.wakes.deliveries.notify_one();
        }
        if causes.commands_due.get() {
            self.0.wakes.commands.notify_one();
        }
        if causes.checks_due.get() {
            self.0.wakes.checks.notify_one();
        }
        if causes.mails_due.get() {
            self.0.wakes.mails.notify_one();
        }
        for session in causes.sessions_changed.into_inner() {
            // Nobody may be looking at it.
            let _ = self.0.wakes.sessions.send(session);
        }
        for tenant in causes.feeds_grown.into_inner() {
            // Nobody may be waiting for it.
            let _ = self.0.wakes.feeds.send(tenant);
        }
    }

    /// Changes of sessions from now on, as far as they happen in this process.
    pub fn session_changes(&self) -> broadcast::Receiver<SessionId> {
        self.0.wakes.sessions.subscribe()
    }

    /// Feeds that grow from now on, as far as they do in this process.
    pub fn feeds_grown(&self) -> broadcast::Receiver<Tenant> {
        self.0.wakes.feeds.subscribe()
    }

    pub(crate) fn deliveries_wake(&self) -> &Notify {
        &self.0.wakes.deliveries
    }

    pub(crate) fn checks_wake(&self) -> &Notify {
        &self.0.wakes.checks
    }

    pub(crate) fn mails_wake(&self) -> &Notify {
        &self.0.wakes.mails
    }

    pub(crate) fn commands_wake(&self) -> &Notify {
        &self.0.wakes.commands
    }
}

/// Only the sandbox has an outside world; it is simulated.
const fn rails_of(mode: Mode, rails: &Rails) -> Option<&Rails> {
    match mode {
        Mode::Test => Some(rails),
        Mode::Live => None,
    }
}
