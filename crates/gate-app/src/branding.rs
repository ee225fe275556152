//! How a partner's pages look.

use gate_domain::branding::{Branding, BrandingChange};
use gate_domain::ids::Tenant;
use gate_store::{StoreError, Tx};

use crate::app::Scope;

/// Merge a change into a partner's look.
pub fn update_branding(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    change: &BrandingChange,
) -> Result<Branding, StoreError> {
    tx.change_branding(tenant, scope.now, |branding| branding.changed(change.clone()))
}
