//! Replays: one call for many events to be delivered again, worked off in small steps. How far one
//! is stands in its row, so a step that was cut off is simply taken again.

use gate_domain::event::EventType;
use gate_domain::ids::{DeliveryId, EndpointId, EventId, ReplayId, Tenant};
use gate_domain::replay::{ReplayStatus, Selection};
use gate_domain::time::Millis;

use crate::locked::Locked;
use crate::read::{Reader, to_json};
use crate::{Param, Row, Sql, StoreError, Tx, sql};

const INSERT: Sql = sql("insert into webhook_replays
    (partner_id, mode, id, status, selection, first_place, place, last_place, examined, queued,
        rate_per_second, next_step_at, created_at, updated_at)
    values ($1, $2, $3, 'running', $4, $5, $5, $6, 0, 0, $7, $8, $8, $8)");
const COUNT_RUNNING: Sql = sql("select count(*) from webhook_replays
    where partner_id = $1 and mode = $2 and next_step_at is not null");
const LIST: Sql = sql("select partner_id, mode, id, status, selection, first_place, place,
        last_place, examined, queued, rate_per_second, next_step_at, created_at, updated_at
    from webhook_replays where partner_id = $1 and mode = $2 and id < $3
    order by id desc limit $4");
const FIND: Sql = sql("select partner_id, mode, id, status, selection, first_place, place,
        last_place, examined, queued, rate_per_second, next_step_at, created_at, updated_at
    from webhook_replays where partner_id = $1 and mode = $2 and id = $3");
const LOCK: Sql = sql("select partner_id, mode, id, status, selection, first_place, place,
        last_place, examined, queued, rate_per_second, next_step_at, created_at, updated_at
    from webhook_replays where partner_id = $1 and mode = $2 and id = $3")
.for_update();
const SAVE: Sql = sql("update webhook_replays set status = $4, place = $5, examined = $6,
        queued = $7, next_step_at = $8, updated_at = $9
    where partner_id = $1 and mode = $2 and id = $3");
const LIST_DUE: Sql = sql("select partner_id, mode, id from webhook_replays
    where next_step_at is not null and next_step_at <= $1 order by next_step_at limit $2");
const LIST_EVENTS: Sql =
    sql("select id, sequence, type, coalesce(session_id, subject, id), created_at from events
    where partner_id = $1 and mode = $2 and sequence > $3 and sequence <= $4
    order by sequence limit $5");
const INSERT_DELIVERY: Sql = sql("insert into deliveries
    (partner_id, mode, id, endpoint_id, event_id, event_type, order_key, sequence, status, attempts,
        failures, next_attempt_at, created_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', 0, 0, $9, $9)");

pub(crate) const STATEMENTS: &[Sql] =
    &[INSERT, COUNT_RUNNING, LIST, FIND, LOCK, SAVE, LIST_DUE, LIST_EVENTS, INSERT_DELIVERY];

/// A replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayRow {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its id.
    pub id: ReplayId,
    /// Where it stands.
    pub status: ReplayStatus,
    /// What it is to deliver again.
    pub selection: Selection,
    /// The place in the feed that it began behind.
    pub first_place: i64,
    /// The place that it has looked at up to.
    pub place: i64,
    /// The last place that it looks at.
    pub last_place: i64,
    /// Events looked at so far.
    pub examined: i64,
    /// Deliveries queued so far.
    pub queued: i64,
    /// Deliveries that it queues in a second at most.
    pub rate_per_second: i64,
    /// When it takes its next step; none once it has ended.
    pub next_step_at: Option<Millis>,
    /// When it was asked for.
    pub created_at: Millis,
    /// When it last moved.
    pub updated_at: Millis,
}

/// A replay that is to be.
#[derive(Clone, Debug)]
pub struct NewReplay {
    /// Whose it is.
    pub tenant: Tenant,
    /// Its id.
    pub id: ReplayId,
    /// What it is to deliver again.
    pub selection: Selection,
    /// The place in the feed that it begins behind.
    pub first_place: i64,
    /// The last place that it looks at.
    pub last_place: i64,
    /// Deliveries that it queues in a second at most.
    pub rate_per_second: i64,
}

/// An event that a replay looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayedEvent {
    /// Its id.
    pub id: EventId,
    /// Its place in the feed.
    pub sequence: i64,
    /// Its type.
    pub event_type: EventType,
    /// What must stay in order: its session, what else it is about, or itself.
    pub order_key: String,
    /// When it was made.
    pub created_at: Millis,
}

impl Tx {
    /// Write down a replay. Its first step is due now.
    pub fn insert_replay(&mut self, replay: &NewReplay, now: Millis) -> Result<(), StoreError> {
        let (partner, mode) = (replay.tenant.partner.as_str(), replay.tenant.mode.as_str());
        self.write(
            INSERT,
            &[
                &partner,
                &mode,
                &replay.id.as_str(),
                &to_json(&replay.selection),
                &replay.first_place,
                &replay.last_place,
                &replay.rate_per_second,
                &now.0,
            ],
        )?;
        Ok(())
    }

    /// Replays that have not ended.
    pub fn count_running_replays(&mut self, tenant: &Tenant) -> Result<i64, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_one(COUNT_RUNNING, &[&partner, &mode], |row| row.get(0))
    }

    /// A page of replays, newest first, after the one named (or from the newest).
    pub fn list_replays(
        &mut self,
        tenant: &Tenant,
        after: Option<&ReplayId>,
        limit: i64,
    ) -> Result<Vec<ReplayRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        // Sorts behind every id under any collation: it is built like one, of the last letter.
        let last = || format!("{}_{mode}_{}", ReplayId::PREFIX, "z".repeat(26));
        let after = after.map_or_else(last, ToString::to_string);
        self.query(LIST, &[&partner, &mode, &after, &limit], read)
    }

    /// Read a replay.
    pub fn find_replay(
        &mut self,
        tenant: &Tenant,
        id: &ReplayId,
    ) -> Result<Option<ReplayRow>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query_opt(FIND, &[&partner, &mode, &id.as_str()], read)
    }

    /// The same, and keep everybody else from changing it.
    pub fn lock_replay(
        &mut self,
        tenant: &Tenant,
        id: &ReplayId,
    ) -> Result<Option<Locked<ReplayRow>>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        Ok(self.query_opt(LOCK, &[&partner, &mode, &id.as_str()], read)?.map(Locked::new))
    }

    /// Replays with a step to take, of all partners: a worker's question.
    pub fn list_due_replays(
        &mut self,
        now: Millis,
        limit: i64,
    ) -> Result<Vec<(Tenant, ReplayId)>, StoreError> {
        self.query(LIST_DUE, &[&now.0, &limit], |row| {
            let reader = Reader::new(row, "webhook_replays", 2);
            Ok((reader.tenant()?, reader.parse(2)?))
        })
    }

    /// Write down how far a replay is.
    pub fn save_replay(
        &mut self,
        seen: Locked<ReplayRow>,
        now: Millis,
        change: impl FnOnce(&mut ReplayRow),
    ) -> Result<ReplayRow, StoreError> {
        let mut replay = seen.into_inner();
        change(&mut replay);
        replay.updated_at = now;
        let (partner, mode) = (replay.tenant.partner.as_str(), replay.tenant.mode.as_str());
        self.write(
            SAVE,
            &[
                &partner,
                &mode,
                &replay.id.as_str(),
                &replay.status.as_str(),
                &replay.place,
                &replay.examined,
                &replay.queued,
                &replay.next_step_at.map(|at| at.0),
                &replay.updated_at.0,
            ],
        )?;
        Ok(replay)
    }

    /// The next events behind a place, up to another one, in the order of the feed.
    pub fn list_events_to_replay(
        &mut self,
        tenant: &Tenant,
        after: i64,
        last: i64,
        limit: i64,
    ) -> Result<Vec<ReplayedEvent>, StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        self.query(LIST_EVENTS, &[&partner, &mode, &after, &last, &limit], |row| {
            let reader = Reader::new(row, "events", 0);
            Ok(ReplayedEvent {
                id: reader.parse(0)?,
                sequence: reader.int(1)?,
                event_type: reader.word(2, EventType::parse)?,
                order_key: reader.text(3)?,
                created_at: Millis(reader.int(4)?),
            })
        })
    }

    /// Queue an event for an endpoint once more, under a delivery of its own.
    pub fn insert_delivery_again(
        &mut self,
        tenant: &Tenant,
        id: &DeliveryId,
        endpoint: &EndpointId,
        event: &ReplayedEvent,
        now: Millis,
    ) -> Result<(), StoreError> {
        let (partner, mode) = (tenant.partner.as_str(), tenant.mode.as_str());
        let params: [&dyn Param; 9] = [
            &partner,
            &mode,
            &id.as_str(),
            &endpoint.as_str(),
            &event.id.as_str(),
            &event.event_type.as_str(),
            &event.order_key,
            &event.sequence,
            &now.0,
        ];
        self.write(INSERT_DELIVERY, &params)?;
        Ok(())
    }
}

fn read(row: &Row<'_>) -> Result<ReplayRow, StoreError> {
    let reader = Reader::new(row, "webhook_replays", 2);
    Ok(ReplayRow {
        tenant: reader.tenant()?,
        id: reader.parse(2)?,
        status: reader.word(3, ReplayStatus::parse)?,
        selection: reader.json(4)?,
        first_place: reader.int(5)?,
        place: reader.int(6)?,
        last_place: reader.int(7)?,
        examined: reader.int(8)?,
        queued: reader.int(9)?,
        rate_per_second: reader.int(10)?,
        next_step_at: row.get::<Option<i64>>(11)?.map(Millis),
        created_at: Millis(reader.int(12)?),
        updated_at: Millis(reader.int(13)?),
    })
}
