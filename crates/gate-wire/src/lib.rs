//! The JSON of the API and the signatures of webhooks, shared by the server, the command line and
//! what partners compile in.
//!
//! Field names and shapes are the public contract. Nothing here decides anything.

pub mod branding;
pub mod capability;
pub mod customer;
pub mod delivery;
pub mod deposit;
pub mod embed;
pub mod endpoint;
pub mod error;
pub mod event;
mod failure;
pub mod instant;
pub mod journey;
pub mod list;
pub mod mail;
pub mod metadata;
pub mod quote;
pub mod rail;
pub mod refund;
pub mod replay;
pub mod reversal;
pub mod session;
pub mod signature;
pub mod transaction;
pub mod words;

pub use error::ErrorBody;
