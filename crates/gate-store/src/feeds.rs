//! The places in the partners' feeds and chains of postings that a transaction has given out. The
//! row of both is locked by whoever comes first and written once, before the commit: whatever
//! happens in between, nobody else can give out a place.

use std::collections::HashMap;

use gate_domain::ids::Tenant;

use crate::{Sql, StoreError, Tx, sql};

const LOCK: Sql = sql("select last_sequence, last_posting, ledger_head from feeds
    where partner_id = $1 and mode = $2")
.for_update();
const SAVE: Sql = sql("update feeds set last_sequence = $3 where partner_id = $1 and mode = $2");
const SAVE_CHAIN: Sql = sql("update feeds set last_posting = $3, ledger_head = $4
    where partner_id = $1 and mode = $2");

pub(crate) const STATEMENTS: &[Sql] = &[LOCK, SAVE, SAVE_CHAIN];

/// The ends of the feeds and chains that this transaction has locked.
#[derive(Default)]
pub(crate) struct Feeds(HashMap<Tenant, End>);

struct End {
    last: i64,
    saved: bool,
    chain: ChainEnd,
    chain_saved: bool,
}

/// The end of a partner's chain of postings.
#[derive(Clone, Debug)]
pub(crate) struct ChainEnd {
    /// How many postings there are.
    pub(crate) number: i64,
    /// The hash of the last one.
    pub(crate) head: String,
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
        let end = self.lock_end(tenant)?;
        end.last += 1;
        end.saved = false;
        Ok(end.last)
    }

    /// The end of a partner's chain. Its row is locked from here to the commit.
    pub(crate) fn lock_chain(&mut self, tenant: &Tenant) -> Result<ChainEnd, StoreError> {
        Ok(self.lock_end(tenant)?.chain.clone())
    }

    /// A posting was added to a chain that this transaction has locked.
    pub(crate) fn chain_grew(&mut self, tenant: &Tenant, chain: ChainEnd) {
        let end = self.feeds().0.get_mut(tenant).expect("the chain is locked before it grows");
        assert_eq!(chain.number, end.chain.number + 1, "a chain grows by one");
        end.chain = chain;
        end.chain_saved = false;
    }

    fn lock_end(&mut self, tenant: &Tenant) -> Result<&mut End, StoreError> {
        if !self.feeds().0.contains_key(tenant) {
            let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
            let end = self.query_one(LOCK, &[&partner, &mode], |row| {
                let chain = ChainEnd { number: row.get(1)?, head: row.get(2)? };
                Ok(End { last: row.get(0)?, saved: true, chain, chain_saved: true })
            })?;
            self.feeds().0.insert(tenant.clone(), end);
        }
        Ok(self.feeds().0.get_mut(tenant).expect("it was put there"))
    }

    /// Write what was put off, before the commit.
    pub(crate) fn flush(&mut self) -> Result<(), StoreError> {
        self.forgive();
        let mut feeds = std::mem::take(self.feeds());
        for (tenant, end) in &mut feeds.0 {
            let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
            if !end.saved {
                self.write(SAVE, &[&partner, &mode, &end.last])?;
                end.saved = true;
            }
            if !end.chain_saved {
                let ChainEnd { number, head } = &end.chain;
                self.write(SAVE_CHAIN, &[&partner, &mode, number, head])?;
                end.chain_saved = true;
            }
        }
        *self.feeds() = feeds;
        self.engine.catch_up()
    }
}
