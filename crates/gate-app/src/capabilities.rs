//! Capabilities: what exists is read from a file at start; what operators decide about it lives in
//! the store, takes effect at once in this process and within a second in others.

mod decide;
mod file;

use std::sync::{Arc, PoisonError, RwLock};

use gate_domain::catalogue::{Catalogue, Offer, Rules};
use gate_domain::ids::Tenant;
use gate_store::{Store, StoreError};

pub use decide::{
    CapabilityError, Scoped, change_terms, change_terms_because, entitle, switch_off, switch_on,
};
pub use file::{FileError, Problem, Problems, read_file, read_text, world_wide};

/// What exists, and the rules as this process last read them.
pub(crate) struct Capabilities {
    catalogue: Arc<Catalogue>,
    rules: RwLock<Arc<Rules>>,
}

impl Capabilities {
    pub(crate) fn new(catalogue: Arc<Catalogue>) -> Self {
        Self { catalogue, rules: RwLock::default() }
    }

    pub(crate) fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    pub(crate) fn offer(&self, tenant: &Tenant) -> Offer {
        Offer::new(Arc::clone(&self.catalogue), self.rules(), tenant.clone())
    }

    /// Read the rules again if they have changed.
    pub(crate) async fn refresh(&self, store: &Store) -> Result<(), StoreError> {
        let known = self.rules().revision;
        let news = store.read(move |tx| match tx.read_capability_revision()? {
            revision if revision == known => Ok::<_, StoreError>(None),
            _ => tx.read_rules().map(Some),
        });
        if let Some(rules) = news.await? {
            let mut current = self.rules.write().unwrap_or_else(PoisonError::into_inner);
            // Two readers may cross; what was decided later stays.
            if rules.revision >= current.revision {
                *current = Arc::new(rules);
            }
        }
        Ok(())
    }

    fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }
}
