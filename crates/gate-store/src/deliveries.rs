//! Deliveries at work: one event on its way to one endpoint, leased, sent, recorded.

use gate_domain::chaos::Chaos;
use gate_domain::delivery::{DeliveryStatus, FailureClass};
use gate_domain::endpoint_health::{HealthState, Pace, Turn};
use gate_domain::endpoint_options::{EndpointOptions, Payload};
use gate_domain::ids::{DeliveryId, EndpointId, EventId, PartnerId, Tenant};
use gate_domain::time::Millis;

use crate::locked::Locked;
use crate::read::Reader;
use crate::{DeliveryRow, Sql, StoreError, Tx, sql};

/// One in so many of a claim is for what is tried again, while first tries wait too.
const RETRY_SHARE: i64 = 8;

/// First tries and what is tried again are two ranges of one index; a condition names its range in the
/// very words of the index.
macro_rules! first_tries {
    () => {
        " and (case when failures = 0 then 0 else 1 end) = 0 "
    };
}
macro_rules! tried_again {
    () => {
        " and (case when failures = 0 then 0 else 1 end) = 1 "
    };
}

// A walk from endpoint to endpoint along the index of what is pending: its length is the number of
// endpoints that wait for something, not the number of deliveries.
const LIST_DUE_ENDPOINTS: Sql = sql(concat!(
    "with recursive waiting (id) as (
        select min(endpoint_id) from deliveries where status = 'pending'
        union all
        select (select min(endpoint_id) from deliveries
            where status = 'pending' and endpoint_id > waiting.id)
        from waiting where waiting.id is not null)
    select e.partner_id, e.id from waiting join endpoints e on e.id = waiting.id
    where e.status = 'enabled' and e.deleted_at is null
        and not exists (select 1 from endpoint_health h
            where h.endpoint_id = waiting.id and h.held_until > $1)
        and (exists (select 1 from deliveries
            where status = 'pending' and endpoint_id = waiting.id",
    first_tries!(),
    "and next_attempt_at <= $1)
            or exists (select 1 from deliveries
            where status = 'pending' and endpoint_id = waiting.id",
    tried_again!(),
    "and next_attempt_at <= $1))"
));

/// The first delivery of a range that could go, as far as its session is concerned.
macro_rules! oldest_due {
    ($range:expr) => {
        concat!(
            "(select next_attempt_at from deliveries due
                where status = 'pending' and endpoint_id = waiting.id",
            $range,
            "and next_attempt_at <= $1
                and not exists (select 1 from deliveries earlier
                    where earlier.endpoint_id = due.endpoint_id
                        and earlier.order_key = due.order_key
                        and earlier.sequence < due.sequence
                        and earlier.status in ('pending', 'in_flight') and earlier.overtaken = 0)
                order by next_attempt_at limit 1)"
        )
    };
}

// The same walk; what a limit of the endpoint's own or its trouble holds back is not our delay.
const FIND_OLDEST_DUE: Sql = sql(concat!(
    "with recursive waiting (id) as (
        select min(endpoint_id) from deliveries where status = 'pending'
        union all
        select (select min(endpoint_id) from deliveries
            where status = 'pending' and endpoint_id > waiting.id)
        from waiting where waiting.id is not null)
    select ",
    oldest_due!(first_tries!()),
    ", ",
    oldest_due!(tried_again!()),
    " from waiting join endpoints e on e.id = waiting.id
    where e.status = 'enabled' and e.deleted_at is null and e.rate_limit is null
        and not exists (select 1 from endpoint_health h where h.endpoint_id = waiting.id
            and (h.held_until > $1 or h.failing_since is not null or h.since > $2))"
));
// Counted so far and no further: nobody needs to know more exactly than that it is too much.
const COUNT_PENDING: Sql = sql("select count(*) from
    (select 1 from deliveries where status = 'pending' limit 100000) counted");
const COUNT_IN_FLIGHT: Sql = sql("select count(*) from
    (select 1 from deliveries where status = 'in_flight' limit 100000) counted");
const COUNT_IN_TROUBLE: Sql = sql("select state, count(*) from endpoint_health
    where state = 'paused' or (state = 'throttled' and held_until > $1) group by state");
const COUNT_REPLAYS: Sql = sql("select count(*) from webhook_replays
    where next_step_at is not null");

/// Oldest first per endpoint and session: a delivery waits for the earlier ones of its session.
macro_rules! list_due {
    ($range:expr) => {
        sql(concat!(
            "select partner_id, mode, id, event_id, event_type, attempts, failures, endpoint_id,
                order_key, created_at, (select body from events e where e.partner_id = due.partner_id
                    and e.mode = due.mode and e.id = due.event_id)
            from deliveries due
            where endpoint_id = $1 and status = 'pending'",
            $range,
            "and next_attempt_at <= $2
                and not exists (select 1 from deliveries earlier
                    where earlier.endpoint_id = due.endpoint_id
                        and earlier.order_key = due.order_key
                        and earlier.sequence < due.sequence
                        and earlier.status in ('pending', 'in_flight') and earlier.overtaken = 0)
            order by next_attempt_at limit $3"
        ))
        .skip_locked()
    };
}

const LIST_FIRST_TRIES: Sql = list_due!(first_tries!());
const LIST_TRIED_AGAIN: Sql = list_due!(tried_again!());
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
// Endpoints that were removed while something waited for them.
const LIST_ORPHANED: Sql = sql("with recursive waiting (id) as (
        select min(endpoint_id) from deliveries where status = 'pending'
        union all
        select (select min(endpoint_id) from deliveries
            where status = 'pending' and endpoint_id > waiting.id)
        from waiting where waiting.id is not null)
    select id from waiting where id is not null and exists (select 1 from endpoints e
        where e.id = waiting.id and e.deleted_at is not null)");
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
    LIST_DUE_ENDPOINTS,
    FIND_OLDEST_DUE,
    COUNT_PENDING,
    COUNT_IN_FLIGHT,
    COUNT_IN_TROUBLE,
    COUNT_REPLAYS,
    LIST_FIRST_TRIES,
    LIST_TRIED_AGAIN,
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
    LIST_ORPHANED,
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

/// How much there is to do for webhook workers. Deliveries are counted up to 100,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries that wait.
    pub pending: i64,
    /// Deliveries that are being sent.
    pub in_flight: i64,
    /// Endpoints that asked for time.
    pub throttled: i64,
    /// Endpoints that kept failing.
    pub paused: i64,
    /// Replays that are being worked off.
    pub replays: i64,
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
    /// Endpoints that have something due and are not held back, with whose they are: a worker's
    /// question.
    pub fn list_due_endpoints(
        &mut self,
        now: Millis,
    ) -> Result<Vec<(PartnerId, EndpointId)>, StoreError> {
        self.query(LIST_DUE_ENDPOINTS, &[&now.0], |row| {
            let reader = Reader::new(row, "endpoints", 1);
            Ok((reader.parse(0)?, reader.parse(1)?))
        })
    }

    /// Since when the oldest delivery is due that could go: to an endpoint that is enabled, has no
    /// limit of its own, and has been well since `well_since`.
    pub fn find_oldest_due(
        &mut self,
        now: Millis,
        well_since: Millis,
    ) -> Result<Option<Millis>, StoreError> {
        let due = self.query(FIND_OLDEST_DUE, &[&now.0, &well_since.0], |row| {
            let (first, again): (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
            Ok(first.into_iter().chain(again).min())
        })?;
        Ok(due.into_iter().flatten().min().map(Millis))
    }

    /// How much there is to do for webhook workers.
    pub fn count_backlog(&mut self, now: Millis) -> Result<Backlog, StoreError> {
        let mut count = |statement: Sql| self.query_one(statement, &[], |row| row.get::<i64>(0));
        let (pending, in_flight) = (count(COUNT_PENDING)?, count(COUNT_IN_FLIGHT)?);
        let replays = count(COUNT_REPLAYS)?;
        let in_trouble = self.query(COUNT_IN_TROUBLE, &[&now.0], |row| {
            Ok((row.get::<String>(0)?, row.get::<i64>(1)?))
        })?;
        let of = |state: HealthState| {
            let mut counts = in_trouble.iter();
            counts.find(|(name, _)| name == state.as_str()).map_or(0, |(_, count)| *count)
        };
        let (throttled, paused) = (of(HealthState::Throttled), of(HealthState::Paused));
        Ok(Backlog { pending, in_flight, throttled, paused, replays })
    }

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

    fn list_claimable(
        &mut self,
        request: &ClaimRequest,
        now: Millis,
        limit: i64,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let endpoint = request.endpoint.as_str();
        let mut list = |statement, limit: i64| {
            self.query(statement, &[&endpoint, &now.0, &limit], |row| {
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
                    created_at: Millis(reader.int(9)?),
                    body: reader.text(10)?,
                    lease_token: request.lease_token.clone(),
                })
            })
        };
        let mut claims = list(LIST_FIRST_TRIES, limit)?;
        let taken = i64::try_from(claims.len()).unwrap_or(limit);
        // However many first tries there are, old retries are not forgotten over them.
        let room = (limit - taken).max(limit / RETRY_SHARE);
        if room > 0 {
            let again = list(LIST_TRIED_AGAIN, room)?;
            claims.truncate(usize::try_from(limit).unwrap_or(0).saturating_sub(again.len()));
            claims.extend(again);
        }
        Ok(claims)
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
                &i64::from(outcome.overtaken),
                &claim.attempt,
            ],
        )?;
        if changed == 1
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

    /// Endpoints that were removed, and for which something still waits: a worker's question.
    pub fn list_orphaned_endpoints(&mut self) -> Result<Vec<EndpointId>, StoreError> {
        self.query(LIST_ORPHANED, &[], |row| Reader::new(row, "deliveries", 0).parse(0))
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
