//! One database, one master key: with another one, nothing sealed could be opened and every client
//! secret would change, so a gateway says so before it serves.

use gate_store::{StoreError, Tx};

use crate::app::Scope;

const FACT: &str = "master_key";

/// Why a gateway must not work on this database.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The secrets in it rest under another key.
    #[error("the secrets in this database rest under another master key")]
    Another,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// See that the secrets in this database rest under this gateway's master key. A fresh database
/// remembers it from now on.
pub fn check_master_key(tx: &mut Tx, scope: &Scope<'_>) -> Result<(), MasterKeyError> {
    let ours = scope.vault.fingerprint();
    tx.insert_deployment_fact(FACT, &ours, scope.now)?;
    let kept = tx.find_deployment_fact(FACT)?;
    if kept.as_deref() == Some(&ours[..]) { Ok(()) } else { Err(MasterKeyError::Another) }
}
