//! What waits for an instant when the clock that gave it out is set back: what is ahead comes nearer
//! by as much, so that nothing waits longer than it was meant to. What somebody was told by date, such
//! as when a session expires, stays.

use gate_domain::time::Millis;

use crate::{Sql, StoreError, Tx, sql};

const DELIVERIES: Sql = sql("update deliveries set next_attempt_at = next_attempt_at - $1
    where status = 'pending' and next_attempt_at > $2");
const LEASES: Sql = sql("update deliveries set lease_until = lease_until - $1
    where status = 'in_flight' and lease_until > $2");
const ENDPOINTS: Sql = sql("update endpoint_health
    set until = until - $1, held_until = held_until - $1, tat_us = tat_us - $1 * 1000
    where held_until > $2 or tat_us > $2 * 1000");
const COMMANDS: Sql = sql("update commands set due_at = due_at - $1
    where due_at is not null and due_at > $2");
const REPLAYS: Sql = sql("update webhook_replays set next_step_at = next_step_at - $1
    where next_step_at is not null and next_step_at > $2");

pub(crate) const STATEMENTS: &[Sql] = &[DELIVERIES, LEASES, ENDPOINTS, COMMANDS, REPLAYS];

impl Tx {
    /// Let everything that waits follow a clock that was set back by `by_ms` and shows `now`. Answers
    /// how many rows that were. Only where every instant was taken from this clock.
    pub fn follow_clock_back(&mut self, by_ms: i64, now: Millis) -> Result<u64, StoreError> {
        STATEMENTS.iter().map(|statement| self.execute(*statement, &[&by_ms, &now.0])).sum()
    }
}
