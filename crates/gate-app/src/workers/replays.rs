//! The replay worker: takes the next step of every replay that has one to take. A step is one
//! transaction that looks at a bounded number of events, queues what is wanted, and writes down how
//! far it is; one that was cut off is taken again from the same place.

use std::collections::HashMap;

use gate_domain::delivery::DeliveryStatus;
use gate_domain::event_filter::EventFilter;
use gate_domain::ids::{DeliveryId, EndpointId, ReplayId, Tenant};
use gate_domain::replay::{ReplayStatus, Standing};
use gate_store::{ReplayRow, ReplayedEvent, StoreError, Tx};
use tokio::sync::{Notify, watch};
use tracing::{error, info};

use super::run_passes;
use crate::app::{App, Scope};
use crate::replays::SKEW_MS;

/// Replays that are looked at in one pass.
const REPLAYS_MAX: i64 = 16;
/// Events that are looked at in one step.
const EXAMINED_MAX: i64 = 500;

/// The worker of a running process. Nobody wakes it; it looks by itself.
pub(super) async fn run(app: App, stopped: watch::Receiver<bool>) {
    run_passes(&app, "replay", &Notify::new(), stopped, || async {
        Ok(take_due_steps(&app).await? > 0)
    })
    .await;
}

/// One pass: a step of each replay that is due. Answers how many steps can be followed by another
/// at once.
pub async fn take_due_steps(app: &App) -> Result<usize, StoreError> {
    let now = app.now();
    let due = app.store().read(move |tx| tx.list_due_replays(now, REPLAYS_MAX)).await?;
    let mut unfinished = 0;
    for (tenant, id) in due {
        let step = app.write(move |tx, scope| take_step(tx, scope, &tenant, &id)).await;
        match step {
            Ok(due_again) => unfinished += usize::from(due_again),
            // One row that cannot be read must not keep all the others.
            Err(error @ StoreError::Corrupt { .. }) => error!(%error, "a replay cannot go on"),
            Err(error) => return Err(error),
        }
    }
    Ok(unfinished)
}

/// True when the next step is due at once.
fn take_step(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &ReplayId,
) -> Result<bool, StoreError> {
    let Some(replay) = tx.lock_replay(tenant, id)? else { return Ok(false) };
    // Somebody else may have been quicker.
    if replay.next_step_at.is_none_or(|due| due > scope.now) {
        return Ok(false);
    }
    let Some(targets) = find_targets(tx, &replay)? else {
        // The one endpoint that it was for is gone.
        tx.save_replay(replay, scope.now, |replay| {
            replay.status = ReplayStatus::Cancelled;
            replay.next_step_at = None;
        })?;
        return Ok(false);
    };
    let progress = work_off(tx, scope, &replay, &targets)?;
    if progress.queued > 0 {
        scope.wake_deliveries();
    }
    let rate = replay.rate_per_second;
    let replay = tx.save_replay(replay, scope.now, |replay| {
        replay.place = progress.place;
        replay.examined += progress.examined;
        replay.queued += progress.queued;
        replay.next_step_at =
            (!progress.ended).then(|| scope.now.plus_ms(progress.queued * 1_000 / rate));
        if progress.ended {
            replay.status = ReplayStatus::Done;
        }
    })?;
    if replay.status == ReplayStatus::Done {
        info!(%id, queued = replay.queued, "{id} has queued everything that it was for");
    }
    Ok(replay.next_step_at == Some(scope.now))
}

/// How far a step came.
struct Progress {
    place: i64,
    examined: i64,
    queued: i64,
    ended: bool,
}

/// An endpoint that gets what is replayed.
struct Endpoint {
    id: EndpointId,
    filter: EventFilter,
}

/// Who gets what is replayed: the endpoint that was named, paused or not (what is queued for it waits
/// then), or every one that takes events now. None when the one that was named is gone.
fn find_targets(tx: &mut Tx, replay: &ReplayRow) -> Result<Option<Vec<Endpoint>>, StoreError> {
    let Some(id) = &replay.selection.endpoint_id else {
        let endpoints = tx.list_taking_endpoints(&replay.tenant)?;
        let endpoints = endpoints.iter();
        return Ok(Some(
            endpoints
                .map(|row| Endpoint { id: row.id.clone(), filter: row.filter.clone() })
                .collect(),
        ));
    };
    let row = tx.find_endpoint(&replay.tenant, id)?.filter(|row| row.deleted_at.is_none());
    Ok(row.map(|row| vec![Endpoint { id: row.id, filter: row.filter }]))
}

fn work_off(
    tx: &mut Tx,
    scope: &Scope<'_>,
    replay: &ReplayRow,
    targets: &[Endpoint],
) -> Result<Progress, StoreError> {
    let mut progress = Progress { place: replay.place, examined: 0, queued: 0, ended: false };
    let events = next_events(tx, replay)?;
    let until = replay.selection.until.map(|until| until.plus_ms(SKEW_MS));
    for event in &events {
        if until.is_some_and(|until| event.created_at >= until) {
            progress.ended = true;
            break;
        }
        progress.queued += queue(tx, scope, replay, targets, event)?;
        progress.place = event.sequence;
        progress.examined += 1;
        // One second's worth is enough for one step.
        if progress.queued >= replay.rate_per_second {
            break;
        }
    }
    progress.ended |= events.is_empty() || progress.place >= replay.last_place;
    Ok(progress)
}

/// The next events to look at, in the order of the feed.
fn next_events(tx: &mut Tx, replay: &ReplayRow) -> Result<Vec<ReplayedEvent>, StoreError> {
    let (tenant, last) = (&replay.tenant, replay.last_place);
    let Some(places) = &replay.selection.places else {
        return tx.list_events_to_replay(tenant, replay.place, last, EXAMINED_MAX);
    };
    let mut events = Vec::new();
    let left = places.iter().filter(|place| **place > replay.place);
    for place in left.take(usize::try_from(EXAMINED_MAX).unwrap_or(1)) {
        events.extend(tx.list_events_to_replay(tenant, place - 1, *place, 1)?);
    }
    Ok(events)
}

/// Queue one event for every endpoint that it is meant for. Answers how many.
fn queue(
    tx: &mut Tx,
    scope: &Scope<'_>,
    replay: &ReplayRow,
    targets: &[Endpoint],
    event: &ReplayedEvent,
) -> Result<i64, StoreError> {
    let (tenant, selection) = (&replay.tenant, &replay.selection);
    if targets.is_empty() || !selection.wants(event.event_type, event.created_at) {
        return Ok(0);
    }
    let mut last: HashMap<EndpointId, (DeliveryId, DeliveryStatus)> = HashMap::new();
    for (id, endpoint, status) in tx.list_deliveries_of_event(tenant, &event.id)? {
        let waits = matches!(status, DeliveryStatus::Pending | DeliveryStatus::InFlight);
        // The newest counts, unless one is still on its way.
        if waits || !last.contains_key(&endpoint) {
            last.insert(endpoint, (id, status));
        }
    }
    let mut queued = 0;
    // No endpoint is told of itself.
    let takes = |target: &&Endpoint| {
        target.filter.lets_through(event.event_type) && event.order_key != target.id.as_str()
    };
    for target in targets.iter().filter(takes) {
        let standing = match last.get(&target.id) {
            None => Standing::NeverAttempted,
            Some((_, DeliveryStatus::Pending)) => Standing::Pending,
            Some((_, DeliveryStatus::DeadLettered)) => Standing::DeadLettered,
            Some((_, DeliveryStatus::Succeeded)) => Standing::Succeeded,
            // It is being sent as we look.
            Some((_, DeliveryStatus::InFlight)) => continue,
        };
        if !selection.standings.contains(&standing) {
            continue;
        }
        if let Some((id, DeliveryStatus::Pending)) = last.get(&target.id) {
            queued += i64::from(tx.hasten_delivery(tenant, id, scope.now)?);
        } else {
            let id = DeliveryId::new(tenant.mode, scope.seed());
            tx.insert_delivery_again(tenant, &id, &target.id, event, scope.now)?;
            queued += 1;
        }
    }
    Ok(queued)
}
