//! The places in the partners' feeds that a transaction has given out. A feed's row is locked by
//! the first event and written once, before the commit: whatever happens in between, nobody else
//! can give out a place.

use std::collections::HashMap;

use gate_domain::ids::Tenant;

use crate::{Sql, StoreError, Tx, sql};

const LOCK: Sql =
    sql("select last_sequence from feeds where partner_id = $1 and mode = $2").for_update();
const SAVE: Sql = sql("update feeds set last_sequence = $3 where partner_id = $1 and mode = $2");

pub(crate) const STATEMENTS: &[Sql] = &[LOCK, SAVE];

/// The ends of the feeds that this transaction has locked.
#[derive(Default)]
pub(crate) struct Feeds(HashMap<Tenant, End>);

struct End {
    last: i64,
    saved: bool,
}

impl Feeds {
    /// The last place given out in a feed that this transaction has locked.
    pub(crate) fn last(&self, tenant: &Tenant) -> Option<i64> {
        self.0.get(tenant).map(|end| end.last)
    }

    /// The transaction is over, or another closure must not rely on this one.
    pub(crate) fn forget(&mut self) {
        self.0.clear();
    }
}

impl Tx {
    /// The next place in a partner's feed. Its row is locked from here to the commit.
    pub(crate) fn next_sequence(&mut self, tenant: &Tenant) -> Result<i64, StoreError> {
        if let Some(end) = self.feeds().0.get_mut(tenant) {
            end.last += 1;
            end.saved = false;
            return Ok(end.last);
        }
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let last: i64 = self.query_one(LOCK, &[&partner, &mode], |row| row.get(0))?;
        self.feeds().0.insert(tenant.clone(), End { last: last + 1, saved: false });
        Ok(last + 1)
    }

    /// Write what was put off, before the commit.
    pub(crate) fn flush(&mut self) -> Result<(), StoreError> {
        self.forgive();
        let mut feeds = std::mem::take(self.feeds());
        for (tenant, end) in feeds.0.iter_mut().filter(|(_, end)| !end.saved) {
            let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
            self.write(SAVE, &[&partner, &mode, &end.last])?;
            end.saved = true;
        }
        *self.feeds() = feeds;
        self.engine.catch_up()
    }
}
