//! Events: the outbox. A fact, its place in the partner's feed and a delivery per endpoint, all in
//! the transaction of the fact itself.

use gate_domain::event::EventType;
use gate_domain::ids::{DeliveryId, EventId, SessionId, Tenant};
use gate_domain::time::Millis;

use crate::{Param, Row, Sql, StoreError, TakingEndpoint, Tx, sql};

const INSERT: Sql = sql("insert into events
    (partner_id, mode, id, sequence, type, session_id, subject, body, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
const INSERT_DELIVERY: Sql = sql("insert into deliveries
    (partner_id, mode, id, endpoint_id, event_id, event_type, order_key, sequence, status, attempts,
        failures, next_attempt_at, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', 0, 0, $9, $9)");

const FIND: Sql = sql("select body from events where partner_id = $1 and mode = $2 and id = $3");
// The place of an event, or of the last one made before it: a cursor holds its place whether or not
// its event is there.
const FIND_PLACE: Sql = sql("select id, sequence from events
    where partner_id = $1 and mode = $2 and id <= $3 order by id desc limit 1");
const FIND_LAST_PLACE: Sql =
    sql("select last_sequence from feeds where partner_id = $1 and mode = $2");

/// One page of events between two places, both left out. A page of several types is one per type,
/// merged: each is as quick as its index, however rare the type.
macro_rules! pages {
    ($($name:ident $condition:literal $order:literal),* $(,)?) => {
        $(const $name: Sql = sql(concat!(
            "select sequence, body from events where partner_id = $1 and mode = $2
                and sequence > $3 and sequence < $4", $condition,
            " order by sequence ", $order, " limit $5"
        ));)*
    };
}

pages! {
    LIST_ALL "" "",
    LIST_ALL_NEWEST "" "desc",
    LIST_OF_TYPE " and type = $6" "",
    LIST_OF_TYPE_NEWEST " and type = $6" "desc",
    LIST_OF_SESSION " and session_id = $6" "",
    LIST_OF_SESSION_NEWEST " and session_id = $6" "desc",
    LIST_OF_BOTH " and session_id = $6 and type = $7" "",
    LIST_OF_BOTH_NEWEST " and session_id = $6 and type = $7" "desc",
}

pub(crate) const STATEMENTS: &[Sql] = &[
    INSERT,
    INSERT_DELIVERY,
    FIND,
    FIND_PLACE,
    FIND_LAST_PLACE,
    LIST_ALL,
    LIST_ALL_NEWEST,
    LIST_OF_TYPE,
    LIST_OF_TYPE_NEWEST,
    LIST_OF_SESSION,
    LIST_OF_SESSION_NEWEST,
    LIST_OF_BOTH,
    LIST_OF_BOTH_NEWEST,
];

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
    /// What else it is about, where it is about no session: events about the same go out in order.
    pub subject: Option<String>,
    /// When.
    pub created_at: Millis,
}

/// An event as it is sent.
#[derive(Clone, Debug)]
pub struct WrittenEvent {
    /// The type that its body says.
    pub event_type: EventType,
    /// The bytes.
    pub body: String,
}

/// Which events a page holds.
#[derive(Clone, Debug)]
pub struct EventQuery {
    /// Behind this place in the feed.
    pub after: i64,
    /// Before this place in the feed.
    pub before: i64,
    /// Of these types; none for all.
    pub types: Option<Vec<EventType>>,
    /// About this session.
    pub session_id: Option<SessionId>,
    /// Newest first, or in the order of the feed.
    pub newest_first: bool,
    /// At most this many.
    pub limit: i64,
}

/// An event: its place in the feed and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// The place.
    pub sequence: i64,
    /// What every attempt sends.
    pub body: String,
}

impl Tx {
    /// Announce a fact: `write` makes the bytes that every attempt sends, from the event's place in
    /// the feed. Answers the deliveries that wait for it, one per endpoint that takes it, or takes
    /// what was written in its place.
    ///
    /// The feed's row is locked from here to the commit, so this comes last in a transaction.
    pub fn append_event(
        &mut self,
        event: &NewEvent,
        write: impl FnOnce(i64) -> WrittenEvent,
        mut next_delivery: impl FnMut() -> DeliveryId,
    ) -> Result<Vec<DeliveryId>, StoreError> {
        let (partner, mode) = (event.tenant.partner.as_str(), event.tenant.mode.as_str());
        let sequence = self.next_sequence(&event.tenant)?;
        // Under the lock of the feed, which whoever adds an endpoint takes as well.
        let endpoints = self.list_taking_endpoints(&event.tenant)?;
        let written = write(sequence);
        let event_type = written.event_type.as_str();
        let session = event.session_id.as_ref().map(ToString::to_string);
        let id = event.id.as_str();
        self.write(
            INSERT,
            &[
                &partner,
                &mode,
                &id,
                &sequence,
                &event_type,
                &session,
                &event.subject,
                &written.body,
                &event.created_at.0,
            ],
        )?;
        let order_key = session.as_deref().or(event.subject.as_deref()).unwrap_or(id);
        let mut deliveries = Vec::with_capacity(endpoints.len());
        // No endpoint is told of itself.
        let takes = |endpoint: &TakingEndpoint| {
            (endpoint.filter.lets_through(event.event_type)
                || endpoint.filter.lets_through(written.event_type))
                && event.subject.as_deref() != Some(endpoint.id.as_str())
        };
        for endpoint in endpoints.iter().filter(|endpoint| takes(endpoint)) {
            let delivery = next_delivery();
            self.write(
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

    /// The bytes of an event.
    pub fn find_event(
        &mut self,
        tenant: &Tenant,
        id: &EventId,
    ) -> Result<Option<String>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND, &[&partner, &mode, &id.as_str()], |row| row.get(0))
    }

    /// Where an event stands in the feed.
    pub fn find_place(&mut self, tenant: &Tenant, id: &EventId) -> Result<Option<i64>, StoreError> {
        let (found, place) = self.place_up_to(tenant, id)?;
        Ok(found.then_some(place))
    }

    /// The two places that an event is between: its own twice when it is there; or else the last one
    /// made before it and the next.
    pub fn find_places_around(
        &mut self,
        tenant: &Tenant,
        id: &EventId,
    ) -> Result<(i64, i64), StoreError> {
        let (found, place) = self.place_up_to(tenant, id)?;
        Ok((place, if found { place } else { place + 1 }))
    }

    fn place_up_to(&mut self, tenant: &Tenant, id: &EventId) -> Result<(bool, i64), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let row = self.query_opt(FIND_PLACE, &[&partner, &mode, &id.as_str()], |row| {
            Ok((row.get::<String>(0)?, row.get(1)?))
        })?;
        Ok(row.map_or((false, 0), |(found, place)| (found == id.as_str(), place)))
    }

    /// The last place in the feed that is taken, 0 for an empty one.
    pub fn find_last_place(&mut self, tenant: &Tenant) -> Result<i64, StoreError> {
        if let Some(last) = self.feeds().last(tenant) {
            return Ok(last);
        }
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let last = self.query_opt(FIND_LAST_PLACE, &[&partner, &mode], |row| row.get(0))?;
        Ok(last.unwrap_or(0))
    }

    /// A page of events.
    pub fn list_events(
        &mut self,
        tenant: &Tenant,
        query: &EventQuery,
    ) -> Result<Vec<EventRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let session = query.session_id.as_ref().map(SessionId::as_str);
        let newest_first = query.newest_first;
        let choose = |oldest, newest| if newest_first { newest } else { oldest };
        let range: [&dyn Param; 5] = [&partner, &mode, &query.after, &query.before, &query.limit];
        let Some(types) = &query.types else {
            return match session {
                None => self.query(choose(LIST_ALL, LIST_ALL_NEWEST), &range, read),
                Some(session) => {
                    let statement = choose(LIST_OF_SESSION, LIST_OF_SESSION_NEWEST);
                    self.query(statement, &[&range[..], &[&session]].concat(), read)
                }
            };
        };
        let mut events = Vec::new();
        for event_type in types {
            let event_type = event_type.as_str();
            let page = match session {
                None => {
                    let statement = choose(LIST_OF_TYPE, LIST_OF_TYPE_NEWEST);
                    self.query(statement, &[&range[..], &[&event_type]].concat(), read)?
                }
                Some(session) => {
                    let statement = choose(LIST_OF_BOTH, LIST_OF_BOTH_NEWEST);
                    let both: [&dyn Param; 2] = [&session, &event_type];
                    self.query(statement, &[&range[..], &both].concat(), read)?
                }
            };
            events.extend(page);
        }
        events.sort_unstable_by_key(|event| event.sequence);
        if newest_first {
            events.reverse();
        }
        events.truncate(usize::try_from(query.limit).unwrap_or(0));
        Ok(events)
    }
}

fn read(row: &Row<'_>) -> Result<EventRow, StoreError> {
    Ok(EventRow { sequence: row.get(0)?, body: row.get(1)? })
}
