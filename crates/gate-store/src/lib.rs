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

// The engine: connections, threads, transactions.
mod error;
mod job;
mod migrate;
mod migrations;
mod options;
mod postgres;
mod queue;
mod row;
mod sql;
mod sqlite;
mod stats;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;

// Our tables: one file each.
mod audit;
mod commands;
mod deliveries;
mod events;
mod idempotency;
mod ledger;
mod locked;
mod partners;
mod read;
mod sessions;
mod transactions;

pub use commands::ClaimedCommand;
pub use deliveries::{AttemptOutcome, ClaimedDelivery, DeliveryRow, Target};
pub use events::NewEvent;
pub use idempotency::{Answer, IdempotentRequest, Recall};
pub use ledger::{EntryPlace, EntryRow};
pub use locked::Locked;
pub use partners::{EndpointRow, KeyKind, KeyRow, NewKey};

pub use error::StoreError;
pub use migrate::Migration;
pub use options::{Place, Schema, StoreOptions};
pub use row::{Column, Param, Row};
pub use sql::{Sql, sql};
pub use stats::Stats;
pub use store::Store;
pub use tx::Tx;

/// Every named statement, so that a test can prepare all of them on both engines.
pub fn statements() -> impl Iterator<Item = Sql> {
    [
        audit::STATEMENTS,
        commands::STATEMENTS,
        deliveries::STATEMENTS,
        events::STATEMENTS,
        idempotency::STATEMENTS,
        ledger::STATEMENTS,
        partners::STATEMENTS,
        sessions::STATEMENTS,
        transactions::STATEMENTS,
    ]
    .into_iter()
    .flatten()
    .copied()
}
