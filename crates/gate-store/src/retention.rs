//! Events whose time is over, removed from the beginning of each feed with their deliveries and
//! attempts, in small steps. What is behind the beginning has no gaps, as ever.

use gate_domain::ids::Tenant;
use gate_domain::time::Millis;

use crate::read::Reader;
use crate::{Sql, StoreError, Tx, sql};

// One look at the first event of each feed: as many rows as there are feeds, whatever they hold.
const LIST_OLD_FEEDS: Sql = sql("select f.partner_id, f.mode from feeds f
    left join feed_beginnings b on b.partner_id = f.partner_id and b.mode = f.mode
    join events e on e.partner_id = f.partner_id and e.mode = f.mode
        and e.sequence = coalesce(b.removed_through, 0) + 1
    where e.created_at < $1 limit $2");
const FIND_BEGINNING: Sql = sql("select removed_through from feed_beginnings
    where partner_id = $1 and mode = $2");
const LIST_OLD_EVENTS: Sql = sql("select id, sequence, created_at from events
    where partner_id = $1 and mode = $2 and sequence > $3 order by sequence limit $4");
const LIST_DELIVERIES: Sql = sql("select id, status from deliveries
    where partner_id = $1 and mode = $2 and event_id = $3");
const REMOVE_ATTEMPTS: Sql = sql("delete from attempts
    where partner_id = $1 and mode = $2 and delivery_id = $3");
const REMOVE_DELIVERY: Sql = sql("delete from deliveries
    where partner_id = $1 and mode = $2 and id = $3");
const REMOVE_EVENT: Sql = sql("delete from events where partner_id = $1 and mode = $2 and id = $3");
const REMOVE_CUSTOMER_EVENT: Sql = sql("delete from customer_events
    where partner_id = $1 and mode = $2 and event_id = $3");
const SAVE_BEGINNING: Sql = sql("insert into feed_beginnings (partner_id, mode, removed_through)
    values ($1, $2, $3) on conflict (partner_id, mode) do update
        set removed_through = excluded.removed_through
        where feed_beginnings.removed_through < excluded.removed_through");

pub(crate) const STATEMENTS: &[Sql] = &[
    LIST_OLD_FEEDS,
    FIND_BEGINNING,
    LIST_OLD_EVENTS,
    LIST_DELIVERIES,
    REMOVE_ATTEMPTS,
    REMOVE_DELIVERY,
    REMOVE_EVENT,
    REMOVE_CUSTOMER_EVENT,
    SAVE_BEGINNING,
];

impl Tx {
    /// Feeds that begin with an event of before this instant: a worker's question.
    pub fn list_old_feeds(
        &mut self,
        before: Millis,
        limit: i64,
    ) -> Result<Vec<Tenant>, StoreError> {
        self.query(LIST_OLD_FEEDS, &[&before.0, &limit], |row| {
            Reader::new(row, "feeds", 0).tenant()
        })
    }

    /// The place that a feed begins behind: 0 for one of which nothing was removed.
    pub fn find_feed_beginning(&mut self, tenant: &Tenant) -> Result<i64, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let found = self.query_opt(FIND_BEGINNING, &[&partner, &mode], |row| row.get(0))?;
        Ok(found.unwrap_or(0))
    }

    /// Remove up to `limit` events of before this instant from the beginning of a feed, with their
    /// deliveries and attempts. One that is being sent right now ends the step. What still waits for
    /// an endpoint after such a time is given up with its event. Answers how many events went.
    pub fn remove_old_events(
        &mut self,
        tenant: &Tenant,
        before: Millis,
        limit: i64,
    ) -> Result<usize, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let begins = self.find_feed_beginning(tenant)?;
        let first = self.query(LIST_OLD_EVENTS, &[&partner, &mode, &begins, &limit], |row| {
            Ok((row.get::<String>(0)?, row.get::<i64>(1)?, row.get::<i64>(2)?))
        })?;
        let (mut removed, mut through) = (0, begins);
        for (id, sequence, created_at) in first {
            if created_at >= before.0 {
                break;
            }
            let deliveries = self.query(LIST_DELIVERIES, &[&partner, &mode, &id], |row| {
                Ok((row.get::<String>(0)?, row.get::<String>(1)?))
            })?;
            if deliveries.iter().any(|(_, status)| status == "in_flight") {
                break;
            }
            for (delivery, _) in &deliveries {
                self.write(REMOVE_ATTEMPTS, &[&partner, &mode, delivery])?;
                self.write(REMOVE_DELIVERY, &[&partner, &mode, delivery])?;
            }
            self.write(REMOVE_CUSTOMER_EVENT, &[&partner, &mode, &id])?;
            self.write(REMOVE_EVENT, &[&partner, &mode, &id])?;
            (removed, through) = (removed + 1, sequence);
        }
        if removed > 0 {
            self.write(SAVE_BEGINNING, &[&partner, &mode, &through])?;
        }
        Ok(removed)
    }
}
