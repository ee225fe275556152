//! The faults that a partner asked the sandbox for.

use gate_domain::chaos::Chaos;
use gate_domain::ids::{Mode, Tenant};
use gate_domain::time::Millis;

use crate::{Sql, StoreError, Tx, sql};

const FIND: Sql = sql("select duplicate, delay, lose, reorder, seed, ends_at from webhook_chaos
    where partner_id = $1 and mode = $2 and ends_at > $3");
const SAVE: Sql = sql("insert into webhook_chaos
    (partner_id, mode, duplicate, delay, lose, reorder, seed, ends_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (partner_id, mode) do update
        set duplicate = excluded.duplicate, delay = excluded.delay, lose = excluded.lose,
            reorder = excluded.reorder, seed = excluded.seed, ends_at = excluded.ends_at");

pub(crate) const STATEMENTS: &[Sql] = &[FIND, SAVE];

impl Tx {
    /// What goes on now. Nothing ever does in live mode.
    pub fn find_chaos(
        &mut self,
        tenant: &Tenant,
        now: Millis,
    ) -> Result<Option<Chaos>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        if tenant.mode != Mode::Test {
            return Ok(None);
        }
        self.query_opt(FIND, &[&partner, &mode, &now.0], |row| {
            Ok(Chaos {
                duplicate: row.get(0)?,
                delay: row.get(1)?,
                drop: row.get(2)?,
                reorder: row.get(3)?,
                seed: row.get(4)?,
                ends_at: Millis(row.get(5)?),
            })
        })
    }

    /// Let this go on from now, instead of whatever did. The table takes no live mode.
    pub fn save_chaos(&mut self, tenant: &Tenant, chaos: &Chaos) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.write(
            SAVE,
            &[
                &partner,
                &mode,
                &chaos.duplicate,
                &chaos.delay,
                &chaos.drop,
                &chaos.reorder,
                &chaos.seed,
                &chaos.ends_at.0,
            ],
        )?;
        Ok(())
    }
}
