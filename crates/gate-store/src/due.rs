//! What is due: which endpoints have something to be sent, what goes to one of them next, and how much
//! waits in all. Nothing here changes anything.

use gate_domain::endpoint_health::HealthState;
use gate_domain::ids::{EndpointId, PartnerId};
use gate_domain::time::Millis;

use crate::read::Reader;
use crate::{ClaimRequest, ClaimedDelivery, Sql, StoreError, Tx, sql};

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

// Every question below is asked of an index for its first row, in so many words (`order by .. limit 1`).
// What is pending comes and goes within seconds, so what PostgreSQL has counted of it is always wrong:
// where it may choose, it reads all of it for a `min`, or for an `exists` that it turns into a table.

/// A walk from endpoint to endpoint along the index of what is pending: its length is the number of
/// endpoints that wait for something, not the number of deliveries.
macro_rules! waiting {
    () => {
        "with recursive waiting (id) as (
            select (select endpoint_id from deliveries
                where status = 'pending' order by endpoint_id limit 1)
            union all
            select (select endpoint_id from deliveries
                where status = 'pending' and endpoint_id > waiting.id
                order by endpoint_id limit 1)
            from waiting where waiting.id is not null) "
    };
}

/// That no earlier delivery of its session to the same endpoint is still on its way, unless it lets
/// later ones pass.
macro_rules! first_of_its_session {
    () => {
        " (select 1 from deliveries earlier
            where earlier.endpoint_id = due.endpoint_id
                and earlier.order_key = due.order_key
                and earlier.sequence < due.sequence
                and earlier.status in ('pending', 'in_flight') and earlier.overtaken = 0
            limit 1) is null "
    };
}

const LIST_DUE_ENDPOINTS: Sql = sql(concat!(
    waiting!(),
    "select e.partner_id, e.id from waiting join endpoints e on e.id = waiting.id
    where e.status = 'enabled' and e.deleted_at is null
        and not exists (select 1 from endpoint_health h
            where h.endpoint_id = waiting.id and h.held_until > $1)
        and ((select 1 from deliveries
            where status = 'pending' and endpoint_id = waiting.id",
    first_tries!(),
    "and next_attempt_at <= $1 order by next_attempt_at limit 1) is not null
            or (select 1 from deliveries
            where status = 'pending' and endpoint_id = waiting.id",
    tried_again!(),
    "and next_attempt_at <= $1 order by next_attempt_at limit 1) is not null)"
));

/// The first delivery of a range that could go, as far as its session is concerned.
macro_rules! oldest_due {
    ($range:expr) => {
        concat!(
            "(select next_attempt_at from deliveries due
                where status = 'pending' and endpoint_id = waiting.id",
            $range,
            "and next_attempt_at <= $1 and",
            first_of_its_session!(),
            "order by next_attempt_at limit 1)"
        )
    };
}

// What a limit of the endpoint's own or its trouble holds back is not our delay.
const FIND_OLDEST_DUE: Sql = sql(concat!(
    waiting!(),
    "select ",
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

/// Oldest first per endpoint, and in order per session.
macro_rules! list_due {
    ($range:expr) => {
        sql(concat!(
            "select partner_id, mode, id, event_id, event_type, attempts, failures, endpoint_id,
                order_key, created_at, (select body from events e where e.partner_id = due.partner_id
                    and e.mode = due.mode and e.sequence = due.sequence and e.id = due.event_id)
            from deliveries due
            where endpoint_id = $1 and status = 'pending'",
            $range,
            "and next_attempt_at <= $2 and",
            first_of_its_session!(),
            "order by next_attempt_at limit $3"
        ))
        .skip_locked()
    };
}

const LIST_FIRST_TRIES: Sql = list_due!(first_tries!());
const LIST_TRIED_AGAIN: Sql = list_due!(tried_again!());
// Endpoints that were removed while something waited for them.
const LIST_ORPHANED: Sql = sql(concat!(
    waiting!(),
    "select id from waiting where id is not null and exists (select 1 from endpoints e
        where e.id = waiting.id and e.deleted_at is not null)"
));

pub(crate) const STATEMENTS: &[Sql] = &[
    LIST_DUE_ENDPOINTS,
    FIND_OLDEST_DUE,
    COUNT_PENDING,
    COUNT_IN_FLIGHT,
    COUNT_IN_TROUBLE,
    COUNT_REPLAYS,
    LIST_FIRST_TRIES,
    LIST_TRIED_AGAIN,
    LIST_ORPHANED,
];

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

    /// What goes to an endpoint next, locked for whoever asks. First tries go before what is tried
    /// again, which keeps a share.
    pub(crate) fn list_claimable(
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

    /// Endpoints that were removed, and for which something still waits: a worker's question.
    pub fn list_orphaned_endpoints(&mut self) -> Result<Vec<EndpointId>, StoreError> {
        self.query(LIST_ORPHANED, &[], |row| Reader::new(row, "deliveries", 0).parse(0))
    }
}
