//! Deliveries and their attempts as partners read them.

use gate_domain::delivery::{DeliveryStatus, FailureClass};
use gate_domain::ids::{DeliveryId, EndpointId, EventId, SessionId, Tenant};
use gate_domain::time::Millis;

use crate::read::Reader;
use crate::{Param, Row, Sql, StoreError, Tx, sql};

/// A delivery as its columns are read.
macro_rules! deliveries {
    ($condition:expr) => {
        concat!(
            "select d.partner_id, d.mode, d.id, d.event_id, d.event_type, e.url, d.status,
                d.attempts, d.last_response_status, d.last_error, d.next_attempt_at,
                d.delivered_at, d.endpoint_id, d.created_at
            from deliveries d join endpoints e
                on e.partner_id = d.partner_id and e.mode = d.mode and e.id = d.endpoint_id
            where d.partner_id = $1 and d.mode = $2 and ",
            $condition
        )
    };
}

/// A list, with the columns of its own index in its condition, in two steps: the id that comes behind
/// those that are skipped, which reads the index alone, and the page that begins with it. Told both
/// at once, PostgreSQL expects to skip a tenth of the table and sorts all of it.
struct List {
    place: Sql,
    page: Sql,
}

macro_rules! lists {
    ($($name:ident $condition:literal limit $limit:literal),* $(,)?) => {
        $(const $name: List = List {
            place: sql(concat!(
                "select d.id from deliveries d where d.partner_id = $1 and d.mode = $2 ",
                $condition, " order by d.id desc limit 1 offset $3"
            )),
            page: sql(deliveries!(concat!(
                "d.id <= $3 ", $condition, " order by d.id desc limit ", $limit
            ))),
        };)*
    };
}

const FIND: Sql = sql(deliveries!("d.id = $3"));

lists! {
    LIST "" limit "$4",
    LIST_SUCCEEDED "and d.status = 'succeeded'" limit "$4",
    LIST_UNFINISHED "and d.status <> 'succeeded' and d.status = $4" limit "$5",
    LIST_OF_ENDPOINT "and d.endpoint_id = $4" limit "$5",
    LIST_OF_ENDPOINT_SUCCEEDED "and d.endpoint_id = $4 and d.status = 'succeeded'" limit "$5",
    LIST_OF_ENDPOINT_UNFINISHED "and d.endpoint_id = $4 and d.status <> 'succeeded' and d.status = $5"
        limit "$6",
    // An event has a handful of deliveries, so what else is asked is looked at row by row.
    LIST_OF_EVENT "and d.event_id = $4 and ($5 = '' or d.endpoint_id = $5)
        and ($6 = '' or d.status = $6)" limit "$7",
}

// A session has a few dozen events and so has few deliveries: all of them are found by their events and
// put in order. The order is of no index, so that no engine walks all that the partner has instead.
const LIST_OF_SESSION: Sql = sql(deliveries!(
    "d.event_id in (select v.id from events v
            where v.partner_id = $1 and v.mode = $2 and v.session_id = $3)
        and ($4 = '' or d.endpoint_id = $4) and ($5 = '' or d.status = $5)
    order by d.id || '' desc limit $6 offset $7"
));

const LIST_ATTEMPTS: Sql = sql("select number, started_at, ended_at, response_status, error,
        response_excerpt, failure
    from attempts
    where partner_id = $1 and mode = $2 and delivery_id = $3 and number < $4
    order by number desc limit $5");

pub(crate) const STATEMENTS: &[Sql] = &[
    FIND,
    LIST.place,
    LIST.page,
    LIST_SUCCEEDED.place,
    LIST_SUCCEEDED.page,
    LIST_UNFINISHED.place,
    LIST_UNFINISHED.page,
    LIST_OF_ENDPOINT.place,
    LIST_OF_ENDPOINT.page,
    LIST_OF_ENDPOINT_SUCCEEDED.place,
    LIST_OF_ENDPOINT_SUCCEEDED.page,
    LIST_OF_ENDPOINT_UNFINISHED.place,
    LIST_OF_ENDPOINT_UNFINISHED.page,
    LIST_OF_EVENT.place,
    LIST_OF_EVENT.page,
    LIST_OF_SESSION,
    LIST_ATTEMPTS,
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
    /// The endpoint.
    pub endpoint_id: EndpointId,
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
    /// When it was queued.
    pub created_at: Millis,
}

/// Which deliveries a page holds, newest first.
#[derive(Clone, Debug, Default)]
pub struct DeliveryQuery {
    /// With this status.
    pub status: Option<DeliveryStatus>,
    /// To this endpoint.
    pub endpoint_id: Option<EndpointId>,
    /// Of this event.
    pub event_id: Option<EventId>,
    /// Of this session's events. With [`Self::event_id`], that alone decides.
    pub session_id: Option<SessionId>,
    /// At most this many.
    pub limit: i64,
    /// After this many.
    pub skip: i64,
}

/// One request of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRow {
    /// Counted from 1.
    pub number: i64,
    /// When it was begun.
    pub started_at: Millis,
    /// When it ended; none while it is under way, or when its worker died over it.
    pub ended_at: Option<Millis>,
    /// The status that was answered.
    pub response_status: Option<i64>,
    /// What went wrong.
    pub error: Option<String>,
    /// The same in one word.
    pub failure: Option<FailureClass>,
    /// The beginning of what was answered.
    pub response_excerpt: Option<String>,
}

impl Tx {
    /// Read a delivery.
    pub fn find_delivery(
        &mut self,
        tenant: &Tenant,
        id: &DeliveryId,
    ) -> Result<Option<DeliveryRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND, &[&partner, &mode, &id.as_str()], read)
    }

    /// A page of deliveries, newest first.
    pub fn list_deliveries(
        &mut self,
        tenant: &Tenant,
        query: &DeliveryQuery,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let status = query.status.map_or("", DeliveryStatus::as_str);
        let endpoint = query.endpoint_id.as_ref().map_or("", EndpointId::as_str);
        let mut list = |list: List, more: &[&dyn Param]| {
            let newest = format!("{}_{}_{}", DeliveryId::PREFIX, tenant.mode, "z".repeat(26));
            let skipped: [&dyn Param; 3] = [&partner, &mode, &query.skip];
            let first = match query.skip {
                0 => Some(newest),
                _ => self.query_opt(list.place, &[&skipped, more].concat(), |row| row.get(0))?,
            };
            let Some(first) = first else { return Ok(Vec::new()) };
            let page: [&dyn Param; 3] = [&partner, &mode, &first];
            self.query(list.page, &[&page, more, &[&query.limit]].concat(), read)
        };
        if let Some(event) = &query.event_id {
            return list(LIST_OF_EVENT, &[&event.as_str(), &endpoint, &status]);
        }
        if let Some(session) = &query.session_id {
            let of_session: [&dyn Param; 7] =
                [&partner, &mode, &session.as_str(), &endpoint, &status, &query.limit, &query.skip];
            return self.query(LIST_OF_SESSION, &of_session, read);
        }
        match (&query.endpoint_id, query.status) {
            (None, None) => list(LIST, &[]),
            (None, Some(DeliveryStatus::Succeeded)) => list(LIST_SUCCEEDED, &[]),
            (None, Some(_)) => list(LIST_UNFINISHED, &[&status]),
            (Some(_), None) => list(LIST_OF_ENDPOINT, &[&endpoint]),
            (Some(_), Some(DeliveryStatus::Succeeded)) => {
                list(LIST_OF_ENDPOINT_SUCCEEDED, &[&endpoint])
            }
            (Some(_), Some(_)) => list(LIST_OF_ENDPOINT_UNFINISHED, &[&endpoint, &status]),
        }
    }

    /// A page of the attempts of a delivery, newest first, before the one with this number.
    pub fn list_attempts(
        &mut self,
        tenant: &Tenant,
        delivery: &DeliveryId,
        before: i64,
        limit: i64,
    ) -> Result<Vec<AttemptRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let params: [&dyn Param; 5] = [&partner, &mode, &delivery.as_str(), &before, &limit];
        self.query(LIST_ATTEMPTS, &params, |row| {
            let failure: Option<String> = row.get(6)?;
            Ok(AttemptRow {
                failure: failure.as_deref().and_then(FailureClass::parse),
                number: row.get(0)?,
                started_at: Millis(row.get(1)?),
                ended_at: row.get::<Option<i64>>(2)?.map(Millis),
                response_status: row.get(3)?,
                error: row.get(4)?,
                response_excerpt: row.get(5)?,
            })
        })
    }
}

fn read(row: &Row<'_>) -> Result<DeliveryRow, StoreError> {
    let reader = Reader::new(row, "deliveries", 2);
    Ok(DeliveryRow {
        tenant: reader.tenant()?,
        id: reader.parse(2)?,
        event_id: reader.parse(3)?,
        event_type: reader.text(4)?,
        endpoint_id: reader.parse(12)?,
        target_url: reader.text(5)?,
        status: reader.word(6, DeliveryStatus::parse)?,
        attempts: reader.int(7)?,
        last_response_status: row.get(8)?,
        last_error: row.get(9)?,
        next_attempt_at: row.get::<Option<i64>>(10)?.map(Millis),
        delivered_at: row.get::<Option<i64>>(11)?.map(Millis),
        created_at: Millis(reader.int(13)?),
    })
}
