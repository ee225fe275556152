//! What the system does: one file per use case, one per worker.
//!
//! A use case is a synchronous function inside one transaction: lock, decide, advance. The page,
//! the API, the command line and the workers all call the same one. Nothing here knows HTTP or SQL.

pub mod advance;
pub mod app;
pub mod bootstrap;
pub mod cancel_session;
pub mod choose;
pub mod clock;
pub mod create_session;
pub mod doctor;
pub mod embed_token;
pub mod ids;
pub mod idempotency;
pub mod journey;
pub mod keys;
pub mod pay;
pub mod provision;
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
