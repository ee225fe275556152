//! Faults on purpose, for a while, in the sandbox: a partner's webhooks are disturbed because it
//! asked for it.

use gate_domain::chaos::Chaos;
use gate_domain::ids::Tenant;
use gate_store::{StoreError, Tx};

use crate::app::Scope;

/// Let this go on from now for `lasts_s` seconds, instead of whatever did. Without a seed it gets one
/// of its own.
pub fn begin_chaos(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    chaos: Chaos,
    seed: Option<i64>,
    lasts_s: i64,
) -> Result<Chaos, StoreError> {
    // Within what every JSON reader holds exactly.
    let random = || i64::from(u32::from_be_bytes(scope.ids().random()));
    let seed = seed.unwrap_or_else(random);
    let chaos = Chaos { seed, ends_at: scope.now.plus_seconds(lasts_s), ..chaos };
    tx.save_chaos(tenant, &chaos)?;
    Ok(chaos)
}
