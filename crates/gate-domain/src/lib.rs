//! The rules of 0Gate as pure functions over data.
//!
//! This crate does no I/O, reads no clock and draws no randomness: time comes in with the event,
//! ids come in with the command. Every state is an enum, every change is one `apply` function,
//! and what a change causes comes out as effects for somebody else to carry out.
#![deny(clippy::wildcard_enum_match_arm)]

pub mod bank;
pub mod branding;
pub mod calendar;
pub mod catalogue;
pub mod change;
pub mod chaos;
pub mod customer;
pub mod delivery;
pub mod deposit;
pub mod destination;
pub mod endpoint_health;
pub mod endpoint_options;
pub mod event;
pub mod event_filter;
pub mod hosted;
pub mod ids;
pub mod journey;
pub mod ledger;
pub mod limits;
pub mod money;
pub mod person;
pub mod price;
pub mod quote;
pub mod rail;
pub mod rail_payment;
pub mod reason;
pub mod refund;
pub mod replay;
pub mod screening;
pub mod session;
pub mod signed_quote;
pub mod stray;
pub mod text;
pub mod time;
pub mod transaction;
pub mod user;
pub mod wallet;

pub use ids::Mode;
pub use reason::Reason;
pub use time::Millis;
