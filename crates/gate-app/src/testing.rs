//! A small world for tests: a store, a clock that a test moves, a partner with keys that are minted
//! here, and a receiver that answers from a list. Nothing here is part of the product.
#![expect(clippy::unwrap_used, reason = "a test's helpers may")]

mod sender;
mod stories;
mod unwritable;

use std::ops::Deref;
use std::sync::Arc;

use gate_domain::Millis;
use gate_domain::catalogue::{Catalogue, Entitlement, Subject};
use gate_domain::ids::{EndpointId, KeyId, Mode, PartnerId, Tenant};
use gate_rails::Rails;
use gate_rails::mail::Mailer;
use gate_store::Store;
use gate_wire::signature::WebhookSecret;

pub use sender::ScriptedSender;
pub use stories::{ADDRESS, DEAD_ADDRESS, card, paid_out, typed};
pub use unwritable::{Unwritable, announce_unwritable};

use crate::app::{App, AppConfig};
use crate::capabilities::{self, Scoped};
use crate::clock::Clock;
use crate::ids::Ids;
use crate::provision::{Provision, provision};
use crate::screening::SanctionsList;
use crate::vault::{Vault, mint_api_key};
use crate::workers::lanes::DeliveryLimits;

/// When every story begins: 23 November 2026, noon.
pub const START: Millis = Millis(1_795_435_200_000);
/// Where the gateway of a story is reached.
pub const BASE_URL: &str = "https://pay.gate.example";
/// Where the partner's shop is.
pub const SHOP: &str = "https://shop.example";

/// A gateway with one partner in test mode. Move its clock and call its workers by hand.
#[derive(Clone)]
pub struct World {
    /// The application.
    pub app: App,
    /// Its clock.
    pub clock: Clock,
    /// Its first partner, with one webhook endpoint.
    pub partner: Provision,
}

impl Deref for World {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl World {
    /// A gateway over an empty store.
    pub async fn over(store: &Store) -> Self {
        Self::with_rails(store, Rails::simulated()).await
    }

    /// A gateway over an empty store, in an outside world of the test's own.
    pub async fn with_rails(store: &Store, rails: Rails) -> Self {
        Self::with(store, rails, AppConfig::sandbox(BASE_URL)).await
    }

    /// A gateway over an empty store that sends so much at the same time.
    pub async fn with_limits(store: &Store, deliveries: DeliveryLimits) -> Self {
        let config = AppConfig { deliveries, ..AppConfig::sandbox(BASE_URL) };
        Self::with(store, Rails::simulated(), config).await
    }

    /// A gateway over an empty store that keeps events so long.
    pub async fn keeping_events(store: &Store, retention_ms: Option<i64>) -> Self {
        let config = AppConfig { retention_ms, ..AppConfig::sandbox(BASE_URL) };
        Self::with(store, Rails::simulated(), config).await
    }

    /// A gateway over an empty store that knows other things than the program.
    pub async fn with_catalogue(store: &Store, catalogue: Arc<Catalogue>) -> Self {
        let config = AppConfig { catalogue, ..AppConfig::sandbox(BASE_URL) };
        Self::with(store, Rails::simulated(), config).await
    }

    /// A gateway over an empty store that screens against a list.
    pub async fn screening(store: &Store, list: SanctionsList) -> Self {
        let config = AppConfig { sanctions: Some(list), ..AppConfig::sandbox(BASE_URL) };
        Self::with(store, Rails::simulated(), config).await
    }

    /// A gateway over an empty store that hands the mails of live mode over.
    pub async fn mailing(store: &Store, mailer: Arc<dyn Mailer>) -> Self {
        let config = AppConfig { mailer: Some(mailer), ..AppConfig::sandbox(BASE_URL) };
        Self::with(store, Rails::simulated(), config).await
    }

    async fn with(store: &Store, rails: Rails, config: AppConfig) -> Self {
        let clock = Clock::fixed(START);
        let vault = Vault::new(&Ids.random());
        // Both, so that tests can see that nothing of one is visible from the other.
        let modes = vec![Mode::Test, Mode::Live];
        let config = AppConfig { modes, ..config };
        let app = App::new(store.clone(), clock.clone(), vault, rails, config);
        let partner = partner("Demo Shop", Mode::Test, 1);
        let world = Self { app, clock, partner };
        world.provision(&world.partner.clone()).await;
        world
    }

    /// Write another partner down.
    pub async fn provision(&self, partner: &Provision) {
        let partner = partner.clone();
        self.app.write(move |tx, scope| provision(tx, scope, &partner)).await.unwrap();
    }

    /// Give the partner one more endpoint; the secret that signs what it gets.
    pub async fn add_endpoint(&self, url: &str) -> WebhookSecret {
        let secret = WebhookSecret::new(Ids.random());
        let id = EndpointId::new(self.partner.mode, Ids.seed(START));
        let endpoint = Some((id, url.to_owned(), secret.clone()));
        self.provision(&Provision { endpoint, ..self.partner.clone() }).await;
        secret
    }

    /// Give the partner entitlements.
    pub async fn entitle(&self, entitlements: &[Entitlement]) {
        for entitlement in entitlements {
            let (tenant, entitlement) = (self.tenant(), *entitlement);
            let entitled = self.app.write(move |tx, scope| {
                capabilities::entitle(tx, scope, &tenant, entitlement, true, "a test")
            });
            entitled.await.unwrap();
        }
    }

    /// Switch something off for everybody, such as `currency:EUR`.
    pub async fn switch_off(&self, subject: &str, reason: &str) {
        let (subject, reason) = (Subject::parse(subject).unwrap(), reason.to_owned());
        let switched = self.app.write(move |tx, scope| {
            capabilities::switch_off(tx, scope, &subject, &Scoped::default(), &reason, "a test")
        });
        switched.await.unwrap();
    }

    /// Switch something on again for everybody.
    pub async fn switch_on(&self, subject: &str) {
        let subject = Subject::parse(subject).unwrap();
        let switched = self.app.write(move |tx, scope| {
            capabilities::switch_on(tx, scope, &subject, &Scoped::default(), "", "a test")
        });
        switched.await.unwrap();
    }

    /// Whose everything is, unless a test says otherwise.
    pub fn tenant(&self) -> Tenant {
        tenant_of(&self.partner)
    }

    /// The secret that signs what the partner's first endpoint gets.
    pub fn webhook_secret(&self) -> WebhookSecret {
        self.partner.endpoint.clone().unwrap().2
    }
}

/// A partner with keys of its own and `endpoints` (0 or 1) webhook endpoints.
pub fn partner(name: &str, mode: Mode, endpoints: usize) -> Provision {
    let key = |prefix| (KeyId::new(mode, Ids.seed(START)), mint_api_key(prefix, mode, Ids));
    let endpoint = (endpoints > 0).then(|| {
        let id = EndpointId::new(mode, Ids.seed(START));
        (id, "https://shop.example/webhooks".to_owned(), WebhookSecret::new(Ids.random()))
    });
    Provision {
        partner_id: PartnerId::new(Ids.seed(START)),
        name: name.into(),
        mode,
        secret_key: key("sk"),
        publishable_key: key("pk"),
        origins: vec![SHOP.into()],
        endpoint,
    }
}

/// The tenant that a partner is.
pub fn tenant_of(partner: &Provision) -> Tenant {
    Tenant { partner: partner.partner_id.clone(), mode: partner.mode }
}
