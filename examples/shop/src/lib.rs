//! A small shop that sells USDC through 0Gate: the reference for a partner's backend.
//!
//! It talks to the gateway over HTTP only and keeps its own rows in its own SQLite file. What it
//! shows (contract, section 13):
//!
//! - the order and its idempotency key are stored before the gateway is called;
//! - a webhook is verified, inserted once and answered; a worker processes the row later;
//! - the reconciler reads the sessions whose webhook has not come;
//! - both end in one function, `fulfil::apply`, and a primary key makes fulfilment happen once;
//! - nothing that a browser says fulfils anything.
//!
//! It has no staff login: a real shop puts `/orders` and `/events` behind its own.

mod attempts;
mod chain;
mod clock;
mod config;
mod db;
mod fulfil;
mod hooks;
mod ids;
mod inbox;
mod markup;
mod open_session;
mod orders;
mod pages;
mod reconcile;
mod routes;
mod serve;
mod shop;
mod status;
mod views;
mod webhooks;

#[cfg(test)]
mod tests;

pub use config::ShopConfig;
pub use gate_partner::{SecretKey, WebhookSecret};
pub use serve::serve;
