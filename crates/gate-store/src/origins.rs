//! Origins: where a partner may embed the page, and where users may be sent back to.

use std::sync::Arc;

use gate_domain::ids::Tenant;
use gate_domain::time::Millis;

use crate::{Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into origins (partner_id, mode, origin, created_at)
    values ($1, $2, $3, $4) on conflict do nothing");
const DELETE: Sql = sql("delete from origins where partner_id = $1 and mode = $2 and origin = $3");
const LIST: Sql =
    sql("select origin from origins where partner_id = $1 and mode = $2 order by origin");

pub(crate) const STATEMENTS: &[Sql] = &[INSERT, DELETE, LIST];

impl Tx {
    /// Allow an origin to embed and to be returned to. False when it was allowed before.
    pub fn insert_origin(
        &mut self,
        tenant: &Tenant,
        origin: &str,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        Ok(self.execute(INSERT, &[&partner, &mode, &origin, &now.0])? == 1)
    }

    /// Allow an origin no longer. False when it was not allowed.
    pub fn delete_origin(&mut self, tenant: &Tenant, origin: &str) -> Result<bool, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        Ok(self.execute(DELETE, &[&partner, &mode, &origin])? == 1)
    }

    /// Every allowed origin, such as `https://shop.example`.
    pub fn list_origins(&mut self, tenant: &Tenant) -> Result<Arc<[String]>, StoreError> {
        if let Some(known) = self.learned().origins().get(tenant) {
            return Ok(Arc::clone(known));
        }
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let origins: Arc<[_]> = self.query(LIST, &[&partner, &mode], |row| row.get(0))?.into();
        self.learned().origins().insert(tenant.clone(), Arc::clone(&origins));
        Ok(origins)
    }
}
