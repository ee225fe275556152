//! Events: the outbox. A fact, its place in the partner's feed and a delivery per endpoint, all in
//! the transaction of the fact itself.

use gate_domain::event::EventType;
use gate_domain::ids::{DeliveryId, EventId, SessionId, Tenant};
use gate_domain::time::Millis;

use crate::{Sql, StoreError, Tx, sql};

const NEXT_SEQUENCE: Sql = sql("update feeds set last_sequence = last_sequence + 1
    where partner_id = $1 and mode = $2 returning last_sequence");
const INSERT: Sql = sql("insert into events
    (partner_id, mode, id, sequence, type, session_id, body, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8)");
const INSERT_DELIVERY: Sql = sql("insert into deliveries
    (partner_id, mode, id, endpoint_id, event_id, event_type, order_key, sequence, status, attempts,
        failures, next_attempt_at, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', 0, 0, $9, $9)");

pub(crate) const STATEMENTS: &[Sql] = &[NEXT_SEQUENCE, INSERT, INSERT_DELIVERY];

/// A fact to announce.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its id.
    pub id: EventId,
    /// Whose fact it is.
    pub tenant: Tenant,
    /// What happened.
    pub event_type: EventType,
    /// The session that it is about; its events go out in order.
    pub session_id: Option<SessionId>,
    /// When.
    pub created_at: Millis,
}

impl Tx {
    /// Announce a fact: `body` makes the bytes that every attempt sends, from the event's place in
    /// the feed. Answers the deliveries that wait for it.
    ///
    /// The feed's row is locked from here to the commit, so this comes last in a transaction.
    pub fn append_event(
        &mut self,
        event: &NewEvent,
        body: impl FnOnce(i64) -> String,
        mut next_delivery: impl FnMut() -> DeliveryId,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        let (partner, mode) = (event.tenant.partner.as_str(), event.tenant.mode.as_str());
        let endpoints = self.list_endpoints(&event.tenant)?;
        let sequence: i64 = self.query_one(NEXT_SEQUENCE, &[&partner, &mode], |row| row.get(0))?;
        let event_type = event.event_type.as_str();
        let session = event.session_id.as_ref().map(ToString::to_string);
        let id = event.id.as_str();
        self.execute(
            INSERT,
            &[
                &partner,
                &mode,
                &id,
                &sequence,
                &event_type,
                &session,
                &body(sequence),
                &event.created_at.0,
            ],
        )?;
        let order_key = session.as_deref().unwrap_or(id);
        let mut deliveries = Vec::with_capacity(endpoints.len());
        for endpoint in endpoints {
            let delivery = next_delivery();
            self.execute(
                INSERT_DELIVERY,
                &[
                    &partner,
                    &mode,
                    &delivery.as_str(),
                    &endpoint.id.as_str(),
                    &id,
                    &event_type,
                    &order_key,
                    &sequence,
                    &event.created_at.0,
                ],
            )?;
            deliveries.push(delivery);
        }
        Ok(deliveries)
    }
}
