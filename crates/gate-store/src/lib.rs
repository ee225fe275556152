//! The store: the only crate that knows SQL. A transaction is a synchronous closure over
//! [`&mut Tx`](Tx) that runs on a thread of the store, so nothing outside the database can be
//! awaited inside of it. One text per statement serves SQLite and PostgreSQL.
//!
//! ```no_run
//! # use gate_store::{Sql, Store, StoreError, StoreOptions, Tx, sql};
//! const RENAME: Sql = sql("update shops set name = $2 where id = $1");
//!
//! fn rename(tx: &mut Tx, id: &str, name: &str) -> Result<bool, StoreError> {
//!     Ok(tx.execute(RENAME, &[&id, &name])? == 1)
//! }
//!
//! # async fn example() -> Result<(), StoreError> {
//! let store = Store::open(StoreOptions::sqlite("gate.db"))?;
//! let found = store.write(|tx| rename(tx, "shop_1", "Tea and Bread")).await?;
//! # let _ = found;
//! store.close().await;
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "bulk")]
pub mod bulk;

// The engine: connections, threads, transactions.
mod error;
mod job;
mod learned;
mod migrate;
mod migrations;
mod options;
mod postgres;
mod queue;
mod row;
mod sql;
mod sqlite;
mod statistics;
mod stats;
mod store;
mod strays;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;

// Our tables: one file each.
mod audit;
mod brandings;
mod capabilities;
mod chaos;
mod client_references;
mod clock_steps;
mod commands;
mod customers;
mod deliveries;
mod delivery_log;
mod deployment;
mod deposits;
mod due;
mod email_codes;
mod endpoint_health;
mod endpoints;
mod events;
mod feeds;
mod halts;
mod holds;
mod idempotency;
mod identity_checks;
mod keys;
mod ledger;
mod locked;
mod mails;
#[cfg(feature = "testing")]
mod mishaps;
mod operator_actions;
mod origins;
mod partners;
mod quotes;
mod rail_payments;
mod read;
mod refunds;
mod replays;
mod retention;
mod screenings;
mod sessions;
mod time_shifts;
mod transactions;
mod user_spends;
mod users;

pub use audit::GUARDS;
pub use capabilities::{CapabilityAct, CapabilityChange};
pub use client_references::ClientReference;
pub use commands::ClaimedCommand;
pub use customers::{CustomerRow, NewCustomer};
pub use deliveries::{AttemptOutcome, Claim, ClaimRequest, ClaimedDelivery, Target};
pub use delivery_log::{AttemptRow, DeliveryQuery, DeliveryRow};
pub use deposits::DepositAddress;
pub use due::Backlog;
pub use email_codes::EmailCode;
pub use endpoint_health::HealthRow;
pub use endpoints::{EndpointRow, EndpointStatus, NewEndpoint, SealedHeaders, TakingEndpoint};
pub use events::{EventQuery, EventRow, NewEvent, WrittenEvent};
pub use halts::HaltRow;
pub use idempotency::{Answer, IdempotentRequest, Recall};
pub use identity_checks::{
    BrokenCheck, CheckEnd, ClaimedCheck, ClaimedChecks, NewIdentityCheck, Recorded, RejectedChecks,
};
pub use keys::{KeyAccess, KeyKind, KeyRow, ListedKey, NewKey};
pub use ledger::{PostingPlace, PostingRow, hash_of};
pub use locked::Locked;
pub use mails::{ClaimedMail, DueMail, MailEnd, MailRow, NewMail};
pub use operator_actions::OperatorAction;
pub use partners::PartnerRow;
pub use replays::{NewReplay, ReplayRow, ReplayedEvent};
pub use screenings::{NewScreening, ScreeningRow};
pub use strays::StrayFilter;

pub use error::StoreError;
pub use migrate::{Afterwards, Migration};
pub use options::{Place, Schema, StoreOptions};
pub use row::{Column, Param, Row};
pub use sql::{Sql, sql};
pub use stats::Stats;
pub use store::Store;
pub use transactions::TransactionFilter;
pub use tx::Tx;
pub use user_spends::Spend;

/// Every named statement, so that a test can prepare all of them on both engines.
pub fn statements() -> impl Iterator<Item = Sql> {
    [
        audit::STATEMENTS,
        chaos::STATEMENTS,
        brandings::STATEMENTS,
        client_references::STATEMENTS,
        capabilities::STATEMENTS,
        clock_steps::STATEMENTS,
        commands::STATEMENTS,
        customers::STATEMENTS,
        deliveries::STATEMENTS,
        delivery_log::STATEMENTS,
        deployment::STATEMENTS,
        deposits::STATEMENTS,
        due::STATEMENTS,
        email_codes::STATEMENTS,
        endpoint_health::STATEMENTS,
        endpoints::STATEMENTS,
        events::STATEMENTS,
        feeds::STATEMENTS,
        halts::STATEMENTS,
        holds::STATEMENTS,
        idempotency::STATEMENTS,
        identity_checks::STATEMENTS,
        keys::STATEMENTS,
        ledger::STATEMENTS,
        mails::STATEMENTS,
        operator_actions::STATEMENTS,
        origins::STATEMENTS,
        partners::STATEMENTS,
        quotes::STATEMENTS,
        rail_payments::STATEMENTS,
        refunds::STATEMENTS,
        replays::STATEMENTS,
        retention::STATEMENTS,
        screenings::STATEMENTS,
        sessions::STATEMENTS,
        strays::STATEMENTS,
        time_shifts::STATEMENTS,
        transactions::STATEMENTS,
        user_spends::STATEMENTS,
        users::STATEMENTS,
    ]
    .into_iter()
    .flatten()
    .copied()
}
