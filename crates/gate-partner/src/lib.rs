//! The partner's half: what a backend needs to sell through 0Gate and never deliver twice.
//!
//! - [`Gate`] creates, reads, lists and cancels sessions. The caller chooses and stores the
//!   idempotency key; every automatic retry repeats it.
//! - [`inbox::receive`] verifies a webhook, inserts it once and says what to answer.
//! - [`SessionFacts`] turns an event or a server-side read into the same small value, so that one
//!   function of yours decides about fulfilment whichever came first.
//! - [`reconcile::reconcile_due`] reads the sessions whose webhook has not come.
//!
//! It keeps no state of its own and draws no conclusions from a browser. Where rows live is the
//! partner's business: see [`inbox::InboxStore`] and [`reconcile::OrderBook`]; `examples/shop`
//! implements both on SQLite.

mod client;
mod error;
mod facts;
pub mod inbox;
mod keys;
pub mod reconcile;
mod request;
mod retry;

pub use client::{Answer, Gate, ListSessions};
pub use error::{GateError, SetupError};
pub use facts::{Meaning, Mismatch, NotASession, SessionFacts};
pub use gate_wire as wire;
pub use gate_wire::signature::WebhookSecret;
pub use keys::{IdempotencyKey, InvalidIdempotencyKey, InvalidSecretKey, Mode, SecretKey};
pub use request::Request;
pub use retry::RetryPolicy;
