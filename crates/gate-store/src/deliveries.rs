//! Deliveries at work: one event on its way to one endpoint, leased, sent, recorded.

use gate_domain::chaos::Chaos;
use gate_domain::delivery::{DeliveryStatus, FailureClass};
use gate_domain::endpoint_health::{HealthState, Pace, Turn};
use gate_domain::endpoint_options::{EndpointOptions, Payload};
use gate_domain::ids::{DeliveryId, EndpointId, EventId, Tenant};
use gate_domain::time::Millis;

use crate::locked::Locked;
use crate::read::Reader;
use crate::{DeliveryRow, Sql, StoreError, Tx, sql};

const LEASE: Sql = sql("update deliveries set status = 'in_flight', attempts = attempts + 1,
        next_attempt_at = null, lease_token = $4, lease_until = $5
    where partner_id = $1 and mode = $2 and id = $3");
const INSERT_ATTEMPT: Sql = sql("insert into attempts
    (partner_id, mode, delivery_id, number, started_at) values ($1, $2, $3, $4, $5)");
// Everything about an endpoint that a claim needs, in one row.
const FIND_TARGET: Sql = sql("select e.partner_id, e.mode, e.id, e.url, e.secret_sealed,
        cast(case when exists (select 1 from rolled_secrets r where r.partner_id = e.partner_id
            and r.mode = e.mode and r.endpoint_id = e.id) then 1 else 0 end as bigint),
        h.state, h.failing_since, e.rate_limit, e.retry_schedule, e.payload, e.key_pair_signs,
        e.headers_sealed
    from endpoints e left join endpoint_health h on h.partner_id = e.partner_id
        and h.mode = e.mode and h.endpoint_id = e.id
    where e.id = $1 and e.status = 'enabled' and e.deleted_at is null");
// The token says whose lease it is, the number of the attempt which of its leases.
const RECORD: Sql = sql("update deliveries set status = $5, failures = $6, next_attempt_at = $7,
        last_response_status = $8, last_error = $9, delivered_at = $10, overtaken = $11,
        lease_token = null, lease_until = null
    where partner_id = $1 and mode = $2 and id = $3 and lease_token = $4 and attempts = $12");
const RENEW: Sql = sql("update deliveries set lease_until = $2
    where status = 'in_flight' and lease_until < $2 and lease_token = $1");
// What waits behind a failed delivery of the same session is not due before it is: a dead endpoint
// must not fill the index of what is due with rows that cannot go.
const HOLD_SUCCESSORS: Sql = sql("update deliveries set next_attempt_at = $5
    where status = 'pending' and next_attempt_at < $5 and endpoint_id = $3 and order_key = $4
        and sequence > (select sequence from deliveries
            where partner_id = $1 and mode = $2 and id = $6)");
const RECORD_ATTEMPT: Sql = sql("update attempts
    set ended_at = $5, response_status = $6, error = $7, response_excerpt = $8, failure = $9
    where partner_id = $1 and mode = $2 and delivery_id = $3 and number = $4");
const RELEASE: Sql = sql("update deliveries set status = 'pending', next_attempt_at = $2,
        lease_token = null, lease_until = null
    where status = 'in_flight' and lease_until <= $1");
const ANY_LOST_LEASE: Sql = sql("select id from deliveries
    where status = 'in_flight' and lease_until <= $1 limit 1");
const LOCK: Sql = sql("select id from deliveries
    where partner_id = $1 and mode = $2 and id = $3")
.for_update();
const REPLAY: Sql = sql("update deliveries set status = 'pending', failures = 0,
        next_attempt_at = $4
    where partner_id = $1 and mode = $2 and id = $3 and status = 'dead_lettered'");
const BURY: Sql = sql("update deliveries
    set status = 'dead_lettered', next_attempt_at = null, last_error = $2
    where status = 'pending' and (partner_id, mode, id) in
        (select partner_id, mode, id from deliveries
            where endpoint_id = $1 and status = 'pending' limit $3)");
const LIST_OF_EVENT: Sql = sql("select id, endpoint_id, status from deliveries
    where partner_id = $1 and mode = $2 and event_id = $3 order by id desc");
const HASTEN: Sql = sql("update deliveries set failures = 0, next_attempt_at = $4
    where partner_id = $1 and mode = $2 and id = $3 and status = 'pending'");

pub(crate) const STATEMENTS: &[Sql] = &[
    LEASE,
    INSERT_ATTEMPT,
    FIND_TARGET,
    RECORD,
    RENEW,
    HOLD_SUCCESSORS,
    RECORD_ATTEMPT,
    RELEASE,
    ANY_LOST_LEASE,
    LOCK,
    REPLAY,
    BURY,
    LIST_OF_EVENT,
    HASTEN,
];

/// Where the deliveries of an endpoint go.
#[derive(Clone, Debug)]
pub struct Target {
    /// The URL.
    pub url: String,
    /// The sealed secrets that sign now, newest first.
    pub secrets_sealed: Vec<Vec<u8>>,
    /// The faults that the partner asked the sandbox for.
    pub chaos: Option<Chaos>,
    /// How it wants them.
    pub options: EndpointOptions,
    /// Headers of its own, sealed.
    pub headers_sealed: Option<Vec<u8>>,
    /// It has failed lately, so that a success is news.
    pub troubled: bool,
    /// What was claimed is to ask whether it is back.
    pub probe: bool,
}

/// A worker's question for something to send.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    /// To this endpoint.
    pub endpoint: EndpointId,
    /// At most so many.
    pub limit: i64,
    /// What the outcomes are recorded against.
    pub lease_token: String,
    /// Whoever has not recorded by then, nor renewed, has lost it.
    pub lease_until: Millis,
}

/// What there is to send.
#[derive(Clone, Debug)]
pub enum Claim {
    /// Nothing can go now, or the endpoint takes nothing.
    Nothing,
    /// The endpoint is paused, throttled or at its limit: nothing before this.
    Held(Millis),
    /// These, to there.
    Taken(Box<Target>, Vec<ClaimedDelivery>),
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
    /// When it was queued.
    pub created_at: Millis,
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
    /// The same in one word.
    pub failure: Option<FailureClass>,
    /// The beginning of what was answered.
    pub response_excerpt: Option<String>,
    /// When it ended.
    pub ended_at: Millis,
    /// Later events of the session may go first: only the sandbox says so, and only on request.
    pub overtaken: bool,
}

impl Tx {
    /// Lease what is due to an endpoint and what it may be sent now, and write down an attempt for
    /// each before anything is sent. First tries go before what is tried again, which keeps a share.
    pub fn claim_deliveries(
        &mut self,
        request: &ClaimRequest,
        now: Millis,
    ) -> Result<Claim, StoreError> {
        let found = self.query_opt(FIND_TARGET, &[&request.endpoint.as_str()], |row| {
            let reader = Reader::new(row, "endpoints", 2);
            let state: Option<String> = row.get(6)?;
            let fails = row.get::<Option<i64>>(7)?.is_some();
            let held = state.as_deref().is_some_and(|state| state != HealthState::Ok.as_str());
            let target = Target {
                url: reader.text(3)?,
                secrets_sealed: vec![row.get(4)?],
                chaos: None,
                options: EndpointOptions {
                    rate_limit: row.get(8)?,
                    retry_schedule: reader.json_opt(9)?,
                    payload: reader.word(10, Payload::parse)?,
                    asymmetric: reader.int(11)? == 1,
                },
                headers_sealed: row.get(12)?,
                troubled: held || fails,
                probe: false,
            };
            Ok((reader.tenant()?, target, reader.int(5)? == 1, held))
        })?;
        let Some((tenant, mut target, rolled, held)) = found else { return Ok(Claim::Nothing) };
        let endpoint = &request.endpoint;
        // An endpoint that is well and has no limit costs no further look.
        let mut leash = None;
        let mut limit = request.limit;
        if held || target.options.rate_limit.is_some() {
            let row = self.lock_endpoint_health(&tenant, endpoint, now)?;
            match row.health.turn(now, limit) {
                Turn::Wait(until) => return Ok(Claim::Held(until)),
                Turn::Probe => (limit, target.probe) = (1, true),
                Turn::Go(most) => limit = most,
            }
            let pace =
                target.options.rate_limit.map(|per_second| Pace::new(per_second, row.tat_us));
            if let Some(pace) = pace {
                limit = pace.allowed(now, limit);
                if limit == 0 {
                    return Ok(Claim::Held(pace.next_at()));
                }
            }
            leash = Some((row, pace));
        }
        let mut claims = self.list_claimable(request, now, limit)?;
        if claims.is_empty() {
            return Ok(Claim::Nothing);
        }
        if let Some((row, pace)) = leash {
            let mut health = row.health.clone();
            if target.probe {
                health.probe(request.lease_until);
            }
            let count = i64::try_from(claims.len()).unwrap_or(limit);
            let pace = pace.map(|pace| pace.spent(now, count));
            let tat_us = pace.map_or(row.tat_us, Pace::tat_us);
            let paced_until = pace.map_or(Millis(0), Pace::next_at);
            self.save_endpoint_health(row, &health, tat_us, paced_until)?;
        }
        if rolled {
            let rolled = self.list_rolled_secrets(&tenant, endpoint, now)?;
            target.secrets_sealed.extend(rolled.into_iter().map(|(secret, _)| secret));
        }
        target.chaos = self.find_chaos(&tenant, now)?;
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let (token, until) = (&request.lease_token, request.lease_until.0);
        for claim in &mut claims {
            let id = claim.id.as_str();
            self.write(LEASE, &[&partner, &mode, &id, token, &until])?;
            self.write(INSERT_ATTEMPT, &[&partner, &mode, &id, &claim.attempt, &now.0])?;
        }
        Ok(Claim::Taken(Box::new(target), claims))
    }

    /// Hold what this token leases until `until`. Answers how many.
    pub fn renew_leases(&mut self, lease_token: &str, until: Millis) -> Result<u64, StoreError> {
        self.execute(RENEW, &[&lease_token, &until.0])
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
        let held = self.change_one(
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
                &i64::from(outcome.overtaken),
                &claim.attempt,
            ],
        )?;
        if held
            && !outcome.overtaken
            && let Some(next) = outcome.next_attempt_at
        {
            let endpoint = claim.endpoint_id.as_str();
            self.write(
                HOLD_SUCCESSORS,
                &[&partner, &mode, &endpoint, &claim.order_key, &next.0, &id],
            )?;
        }
        self.write(
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
                &outcome.failure.map(FailureClass::as_str),
            ],
        )?;
        Ok(held)
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

    /// Give up what waits for a removed endpoint, at most `limit` of it. Answers how many.
    pub fn bury_deliveries(
        &mut self,
        endpoint: &EndpointId,
        why: &str,
        limit: i64,
    ) -> Result<u64, StoreError> {
        self.execute(BURY, &[&endpoint.as_str(), &why, &limit])
    }

    /// Where an event went so far, newest delivery first.
    pub fn list_deliveries_of_event(
        &mut self,
        tenant: &Tenant,
        event: &EventId,
    ) -> Result<Vec<(DeliveryId, EndpointId, DeliveryStatus)>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query(LIST_OF_EVENT, &[&partner, &mode, &event.as_str()], |row| {
            let reader = Reader::new(row, "deliveries", 0);
            Ok((reader.parse(0)?, reader.parse(1)?, reader.word(2, DeliveryStatus::parse)?))
        })
    }

    /// Begin a waiting delivery's schedule again, now. False when it does not wait.
    pub fn hasten_delivery(
        &mut self,
        tenant: &Tenant,
        id: &DeliveryId,
        now: Millis,
    ) -> Result<bool, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        Ok(self.execute(HASTEN, &[&partner, &mode, &id.as_str(), &now.0])? == 1)
    }
}
