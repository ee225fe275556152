//! What the system does: one file per use case, one per worker.
//!
//! A use case is a synchronous function inside one transaction: lock, decide, advance. The page,
//! the API, the command line and the workers all call the same one. Nothing here knows HTTP or SQL.

pub mod admin;
pub mod advance;
pub mod app;
pub mod bootstrap;
pub mod branding;
pub mod cancel_session;
pub mod capabilities;
pub mod chaos;
pub mod choose;
pub mod clock;
pub mod create_session;
pub mod customers;
pub mod deposits;
pub mod doctor;
pub mod egress;
pub mod embed_token;
pub mod endpoint_health;
pub mod endpoint_url;
pub mod endpoints;
pub mod feed;
pub mod halt;
pub mod idempotency;
pub mod identity;
pub mod ids;
pub mod journey;
pub mod keys;
pub mod known_keys;
mod limits;
pub mod master_key;
pub mod metrics;
pub mod pay;
pub mod provision;
pub mod quotes;
pub mod rails;
pub mod readiness;
pub mod refunds;
pub mod replays;
mod reversals;
pub mod reviews;
pub mod screening;
pub mod test_helpers;
#[cfg(feature = "testing")]
pub mod testing;
pub mod vault;
pub mod webhooks;
pub mod workers;

pub use app::{App, AppConfig, Scope};
pub use clock::Clock;
pub use ids::Ids;
pub use vault::Vault;
