//! Deliveries: one event on its way to one endpoint, and the attempts that were made.

use gate_domain::delivery::DeliveryStatus;
use gate_domain::ids::{DeliveryId, EndpointId, EventId, Tenant};
use gate_domain::time::Millis;

use crate::locked::Locked;
use crate::read::Reader;
use crate::{Row, Sql, StoreError, Tx, sql};

// A walk from endpoint to endpoint along the index of what is pending: its length is the number of
// endpoints that wait for something, not the number of deliveries.
const LIST_DUE_ENDPOINTS: Sql = sql("with recursive waiting (id) as (
        select min(endpoint_id) from deliveries where status = 'pending'
        union all
        select (select min(endpoint_id) from deliveries
            where status = 'pending' and endpoint_id > waiting.id)
        from waiting where waiting.id is not null)
    select id from waiting where id is not null and exists (select 1 from deliveries
        where status = 'pending' and endpoint_id = waiting.id and next_attempt_at <= $1)");
// Oldest first per endpoint and session: a delivery waits for the earlier ones of its session.
const LIST_DUE: Sql =
    sql("select partner_id, mode, id, event_id, event_type, attempts, failures, endpoint_id,
        order_key
    from deliveries due
    where endpoint_id = $1 and status = 'pending' and next_attempt_at <= $2
        and not exists (select 1 from deliveries earlier
            where earlier.endpoint_id = due.endpoint_id and earlier.order_key = due.order_key
                and earlier.sequence < due.sequence and earlier.status in ('pending', 'in_flight'))
    order by next_attempt_at limit $3")
    .skip_locked();
const LEASE: Sql = sql("update deliveries set status = 'in_flight', attempts = attempts + 1,
        next_attempt_at = null, lease_token = $4, lease_until = $5
    where partner_id = $1 and mode = $2 and id = $3");
const INSERT_ATTEMPT: Sql = sql("insert into attempts
    (partner_id, mode, delivery_id, number, started_at) values ($1, $2, $3, $4, $5)");
const FIND_TARGET: Sql = sql("select url, secret_sealed from endpoints
    where partner_id = $1 and mode = $2 and id = $3");
const FIND_BODY: Sql =
    sql("select body from events where partner_id = $1 and mode = $2 and id = $3");
const RECORD: Sql = sql("update deliveries set status = $5, failures = $6, next_attempt_at = $7,
        last_response_status = $8, last_error = $9, delivered_at = $10,
        lease_token = null, lease_until = null
    where partner_id = $1 and mode = $2 and id = $3 and lease_token = $4");
// What waits behind a failed delivery of the same session is not due before it is: a dead endpoint
// must not fill the index of what is due with rows that cannot go.
const HOLD_SUCCESSORS: Sql = sql("update deliveries set next_attempt_at = $5
    where status = 'pending' and next_attempt_at < $5 and endpoint_id = $3 and order_key = $4
        and sequence > (select sequence from deliveries
            where partner_id = $1 and mode = $2 and id = $6)");
const RECORD_ATTEMPT: Sql = sql("update attempts
    set ended_at = $5, response_status = $6, error = $7, response_excerpt = $8
    where partner_id = $1 and mode = $2 and delivery_id = $3 and number = $4");
const RELEASE: Sql = sql("update deliveries set status = 'pending', next_attempt_at = $2,
        lease_token = null, lease_until = null
    where status = 'in_flight' and lease_until <= $1");
const ANY_LOST_LEASE: Sql = sql("select id from deliveries
    where status = 'in_flight' and lease_until <= $1 limit 1");
const FIND: Sql =
    sql("select d.partner_id, d.mode, d.id, d.event_id, d.event_type, e.url, d.status,
        d.attempts, d.last_response_status, d.last_error, d.next_attempt_at, d.delivered_at
    from deliveries d join endpoints e
        on e.partner_id = d.partner_id and e.mode = d.mode and e.id = d.endpoint_id
    where d.partner_id = $1 and d.mode = $2 and d.id = $3");
const LOCK: Sql = sql("select id from deliveries
    where partner_id = $1 and mode = $2 and id = $3")
.for_update();
const REPLAY: Sql = sql("update deliveries set status = 'pending', failures = 0,
        next_attempt_at = $4
    where partner_id = $1 and mode = $2 and id = $3 and status = 'dead_lettered'");
const LIST: Sql =
    sql("select d.partner_id, d.mode, d.id, d.event_id, d.event_type, e.url, d.status,
        d.attempts, d.last_response_status, d.last_error, d.next_attempt_at, d.delivered_at
    from deliveries d join endpoints e
        on e.partner_id = d.partner_id and e.mode = d.mode and e.id = d.endpoint_id
    where d.partner_id = $1 and d.mode = $2 order by d.id desc limit $3 offset $4");
const LIST_SUCCEEDED: Sql =
    sql("select d.partner_id, d.mode, d.id, d.event_id, d.event_type, e.url,
        d.status, d.attempts, d.last_response_status, d.last_error, d.next_attempt_at,
        d.delivered_at
    from deliveries d join endpoints e
        on e.partner_id = d.partner_id and e.mode = d.mode and e.id = d.endpoint_id
    where d.partner_id = $1 and d.mode = $2 and d.status = 'succeeded'
    order by d.id desc limit $3 offset $4");
const LIST_UNFINISHED: Sql =
    sql("select d.partner_id, d.mode, d.id, d.event_id, d.event_type, e.url,
        d.status, d.attempts, d.last_response_status, d.last_error, d.next_attempt_at,
        d.delivered_at
    from deliveries d join endpoints e
        on e.partner_id = d.partner_id and e.mode = d.mode and e.id = d.endpoint_id
    where d.partner_id = $1 and d.mode = $2 and d.status <> 'succeeded' and d.status = $5
    order by d.id desc limit $3 offset $4");

pub(crate) const STATEMENTS: &[Sql] = &[
    LIST_DUE_ENDPOINTS,
    LIST_DUE,
    LEASE,
    INSERT_ATTEMPT,
    FIND_TARGET,
    FIND_BODY,
    RECORD,
    HOLD_SUCCESSORS,
    RECORD_ATTEMPT,
    RELEASE,
    ANY_LOST_LEASE,
    FIND,
    LOCK,
    REPLAY,
    LIST,
    LIST_SUCCEEDED,
    LIST_UNFINISHED,
];

/// A delivery as partners see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its id.
    pub id: DeliveryId,
    /// The event.
    pub event_id: EventId,
    /// The event's type.
    pub event_type: String,
    /// Where it goes.
    pub target_url: String,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Attempts so far.
    pub attempts: i64,
    /// The status of the last answer.
    pub last_response_status: Option<i64>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it is tried again.
    pub next_attempt_at: Option<Millis>,
    /// When it arrived.
    pub delivered_at: Option<Millis>,
}

/// Where the deliveries of an endpoint go.
#[derive(Clone, Debug)]
pub struct Target {
    /// The URL.
    pub url: String,
    /// The sealed signing secret.
    pub secret_sealed: Vec<u8>,
}

/// A delivery that this worker holds, until the lease ends.
#[derive(Clone, Debug)]
pub struct ClaimedDelivery {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its id.
    pub id: DeliveryId,
    /// The event.
    pub event_id: EventId,
    /// The event's type.
    pub event_type: String,
    /// The number of this attempt, from 1.
    pub attempt: i64,
    /// Failures since the schedule began.
    pub failures: i64,
    /// The endpoint.
    pub endpoint_id: EndpointId,
    /// What must stay in order.
    pub order_key: String,
    /// The bytes to send.
    pub body: String,
    /// What the outcome is recorded against.
    pub lease_token: String,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptOutcome {
    /// Where the delivery stands now.
    pub status: DeliveryStatus,
    /// Failures since the schedule began.
    pub failures: i64,
    /// When it is tried again.
    pub next_attempt_at: Option<Millis>,
    /// The status that was answered.
    pub response_status: Option<i64>,
    /// What went wrong.
    pub error: Option<String>,
    /// The beginning of what was answered.
    pub response_excerpt: Option<String>,
    /// When it ended.
    pub ended_at: Millis,
}

impl Tx {
    /// Endpoints that have something due: a worker's question.
    pub fn list_due_endpoints(&mut self, now: Millis) -> Result<Vec<EndpointId>, StoreError> {
        self.query(LIST_DUE_ENDPOINTS, &[&now.0], |row| Reader::new(row, "deliveries", 0).parse(0))
    }

    /// Lease up to `limit` deliveries of an endpoint that are due, and write down an attempt for
    /// each before anything is sent. None when the endpoint has nothing that can go now.
    pub fn claim_deliveries(
        &mut self,
        endpoint: &EndpointId,
        now: Millis,
        lease_until: Millis,
        lease_token: &str,
        limit: i64,
    ) -> Result<Option<(Target, Vec<ClaimedDelivery>)>, StoreError> {
        let mut claimed = self.query(LIST_DUE, &[&endpoint.as_str(), &now.0, &limit], |row| {
            let reader = Reader::new(row, "deliveries", 2);
            Ok(ClaimedDelivery {
                tenant: reader.tenant()?,
                id: reader.parse(2)?,
                event_id: reader.parse(3)?,
                event_type: reader.text(4)?,
                attempt: reader.int(5)? + 1,
                failures: reader.int(6)?,
                endpoint_id: reader.parse(7)?,
                order_key: reader.text(8)?,
                body: String::new(),
                lease_token: lease_token.to_owned(),
            })
        })?;
        let Some(first) = claimed.first() else { return Ok(None) };
        let tenant = first.tenant.clone();
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let target =
            self.query_one(FIND_TARGET, &[&partner, &mode, &endpoint.as_str()], |row| {
                Ok(Target { url: row.get(0)?, secret_sealed: row.get(1)? })
            })?;
        for claim in &mut claimed {
            let id = claim.id.as_str();
            self.execute(LEASE, &[&partner, &mode, &id, &lease_token, &lease_until.0])?;
            self.execute(INSERT_ATTEMPT, &[&partner, &mode, &id, &claim.attempt, &now.0])?;
            let event = claim.event_id.as_str();
            claim.body = self.query_one(FIND_BODY, &[&partner, &mode, &event], |row| row.get(0))?;
        }
        Ok(Some((target, claimed)))
    }

    /// Record how an attempt ended. False when the lease was lost meanwhile: the attempt keeps its
    /// outcome as evidence, and the delivery is left to whoever holds it now.
    pub fn record_delivery(
        &mut self,
        claim: &ClaimedDelivery,
        outcome: &AttemptOutcome,
    ) -> Result<bool, StoreError> {
        let (partner, mode) = (claim.tenant.partner.as_str(), claim.tenant.mode.as_str());
        let id = claim.id.as_str();
        let succeeded = outcome.status == DeliveryStatus::Succeeded;
        let changed = self.execute(
            RECORD,
            &[
                &partner,
                &mode,
                &id,
                &claim.lease_token,
                &outcome.status.as_str(),
                &outcome.failures,
                &outcome.next_attempt_at.map(|at| at.0),
                &outcome.response_status,
                &outcome.error,
                &succeeded.then_some(outcome.ended_at.0),
            ],
        )?;
        if changed == 1
            && let Some(next) = outcome.next_attempt_at
        {
            let endpoint = claim.endpoint_id.as_str();
            self.execute(
                HOLD_SUCCESSORS,
                &[&partner, &mode, &endpoint, &claim.order_key, &next.0, &id],
            )?;
        }
        self.execute(
            RECORD_ATTEMPT,
            &[
                &partner,
                &mode,
                &id,
                &claim.attempt,
                &outcome.ended_at.0,
                &outcome.response_status,
                &outcome.error,
                &outcome.response_excerpt,
            ],
        )?;
        Ok(changed == 1)
    }

    /// Make deliveries due again whose lease ended by `lease_until`: their worker is gone.
    pub fn release_deliveries(
        &mut self,
        lease_until: Millis,
        now: Millis,
    ) -> Result<u64, StoreError> {
        self.execute(RELEASE, &[&lease_until.0, &now.0])
    }

    /// Whether a worker has died over a delivery.
    pub fn any_lost_lease(&mut self, now: Millis) -> Result<bool, StoreError> {
        Ok(self.query_opt(ANY_LOST_LEASE, &[&now.0], |_| Ok(()))?.is_some())
    }

    /// Read a delivery.
    pub fn find_delivery(
        &mut self,
        tenant: &Tenant,
        id: &DeliveryId,
    ) -> Result<Option<DeliveryRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND, &[&partner, &mode, &id.as_str()], read)
    }

    /// Read a delivery and keep everybody else from changing it.
    pub fn lock_delivery(
        &mut self,
        tenant: &Tenant,
        id: &DeliveryId,
    ) -> Result<Option<Locked<DeliveryRow>>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(LOCK, &[&partner, &mode, &id.as_str()], |_| Ok(()))?;
        Ok(self.find_delivery(tenant, id)?.map(Locked::new))
    }

    /// Begin a dead-lettered delivery's schedule again. False when it is not dead-lettered.
    pub fn replay_delivery(
        &mut self,
        seen: &Locked<DeliveryRow>,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let (partner, mode) = (seen.tenant.partner.as_str(), seen.tenant.mode.as_str());
        let changed = self.execute(REPLAY, &[&partner, &mode, &seen.id.as_str(), &now.0])?;
        Ok(changed == 1)
    }

    /// A page of deliveries, newest first.
    pub fn list_deliveries(
        &mut self,
        tenant: &Tenant,
        status: Option<DeliveryStatus>,
        limit: i64,
        skip: i64,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        match status {
            None => self.query(LIST, &[&partner, &mode, &limit, &skip], read),
            Some(DeliveryStatus::Succeeded) => {
                self.query(LIST_SUCCEEDED, &[&partner, &mode, &limit, &skip], read)
            }
            Some(status) => {
                let status = status.as_str();
                self.query(LIST_UNFINISHED, &[&partner, &mode, &limit, &skip, &status], read)
            }
        }
    }
}

fn read(row: &Row<'_>) -> Result<DeliveryRow, StoreError> {
    let reader = Reader::new(row, "deliveries", 2);
    Ok(DeliveryRow {
        tenant: reader.tenant()?,
        id: reader.parse(2)?,
        event_id: reader.parse(3)?,
        event_type: reader.text(4)?,
        target_url: reader.text(5)?,
        status: reader.word(6, DeliveryStatus::parse)?,
        attempts: reader.int(7)?,
        last_response_status: row.get(8)?,
        last_error: row.get(9)?,
        next_attempt_at: row.get::<Option<i64>>(10)?.map(Millis),
        delivered_at: row.get::<Option<i64>>(11)?.map(Millis),
    })
}
