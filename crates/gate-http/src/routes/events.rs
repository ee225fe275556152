//! `/v1/events`: what happened, as a list that is looked through and as a feed that is followed.

use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use gate_app::feed::read_feed;
use gate_domain::event::EventType;
use gate_domain::ids::{EventId, SessionId, Tenant};
use gate_store::{EventQuery, EventRow};
use gate_wire::ErrorBody;
use gate_wire::event::{EventPattern, EventSchema};
use gate_wire::list::ListBody;

use super::ServerState;
use super::sessions::cut;
use crate::auth::Partner;
use crate::error::ApiError;
use crate::path::Path;
use crate::query::Query;

const PATH: &str = "/v1/events";
/// The most events of a page.
const LIMIT_MAX: i64 = 1_000;
/// No feed gets as far; whoever reads JSON numbers as floats still reads this one exactly.
const PLACE_MAX: i64 = 9_007_199_254_740_991;
/// The longest that an empty page waits: 30 s.
const WAIT_MAX_S: i64 = 30;

/// List events, newest first; or, with `after`, follow the feed in its order.
///
/// `after` is the `sequence` of the last event that you have (0 for none). The feed has no gaps and
/// never changes: whoever asks for what comes after a place gets everything that does, once, in order. With
/// `wait`, a page that would be empty is answered when something comes, or empty after that many
/// seconds. What is in `data` is, byte for byte, what your endpoints receive.
#[utoipa::path(get, path = "/v1/events", tag = "Events", operation_id = "listEvents",
    params(
        ("limit" = Option<i64>, Query, minimum = 1, maximum = 1000, description = "10 where nothing is said, or 100 with `after`."),
        ("starting_after" = Option<String>, Query, pattern = "^evt_(test|live)_[0-7][0-9a-hjkmnp-tv-z]{25}$", description = "The id of the last event of the page before."),
        ("after" = Option<i64>, Query, minimum = 0, maximum = 9_007_199_254_740_991_i64, description = "A place in the feed: the events behind it, oldest first."),
        ("wait" = Option<i64>, Query, minimum = 0, maximum = 30, description = "Seconds that an empty page waits for something to come."),
        ("type" = Option<EventPattern>, Query, description = "An exact type, or a family such as `rail.*`."),
        ("session_id" = Option<String>, Query, min_length = 1, max_length = 200, description = "Events about this session."),
    ),
    responses((status = 200, body = ListBody<EventSchema>), (status = "default", body = ErrorBody)))]
pub(super) async fn list(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let mut query = Query::parse(query.as_deref())?;
    let after = query.integer_opt("after", 0, PLACE_MAX);
    let limit = query.integer("limit", 1, LIMIT_MAX, if after.is_some() { 100 } else { 10 });
    let starting_after = query.id("starting_after", EventId::parse);
    let wait_s = query.integer("wait", 0, WAIT_MAX_S, 0);
    let types = query.pattern("type");
    let session_id = query.text("session_id", 200);
    query.finish()?;
    // An id that we could not have made belongs to nothing.
    let session_id = match session_id.map(|text| SessionId::parse(&text)) {
        Some(Err(_)) => return Ok(page(&[], false)),
        Some(Ok(id)) => Some(id),
        None => None,
    };
    let newest_first = after.is_none();
    let mut page_query = EventQuery {
        after: after.unwrap_or(0),
        before: i64::MAX,
        types: types.map(|filter| filter.event_types().collect::<Vec<EventType>>()),
        session_id,
        newest_first,
        limit: limit + 1,
    };
    if let Some(id) = starting_after {
        let (before, behind) = places_around(&state, &tenant, id).await?;
        if newest_first {
            page_query.before = behind;
        } else {
            page_query.after = page_query.after.max(before);
        }
    }
    if let Some(after) = after {
        see_that_the_feed_reaches(&state, &tenant, after).await?;
    }
    // Whoever finds no place to wait in gets the empty page at once, and asks again.
    let place = (wait_s > 0).then(|| state.waiters().clone().try_acquire_owned().ok()).flatten();
    let wait = Duration::from_secs(if place.is_some() { wait_s.unsigned_abs() } else { 0 });
    let rows = read_feed(state.app(), &tenant, page_query, wait, state.stopping()).await?;
    drop(place);
    let (rows, has_more) = cut(rows, limit);
    Ok(page(&rows, has_more))
}

/// Read an event. It is, byte for byte, what your endpoints receive.
#[utoipa::path(get, path = "/v1/events/{id}", tag = "Events", operation_id = "retrieveEvent",
    params(("id" = String, Path)),
    responses((status = 200, body = EventSchema), (status = "default", body = ErrorBody)))]
pub(super) async fn retrieve(
    State(state): State<ServerState>,
    Partner(tenant): Partner,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let id = EventId::parse(&id).map_err(|_| ApiError::NotFound("event"))?;
    let body = state.app().store().read(move |tx| tx.find_event(&tenant, &id)).await?;
    Ok(json(body.ok_or(ApiError::NotFound("event"))?))
}

/// The places before and behind an event, there or not: a cursor does not tell whether an id exists.
async fn places_around(
    state: &ServerState,
    tenant: &Tenant,
    id: EventId,
) -> Result<(i64, i64), ApiError> {
    let tenant = tenant.clone();
    Ok(state.app().store().read(move |tx| tx.find_places_around(&tenant, &id)).await?)
}

/// What stood behind this place must still be there, or the answer would have a gap.
async fn see_that_the_feed_reaches(
    state: &ServerState,
    tenant: &Tenant,
    after: i64,
) -> Result<(), ApiError> {
    let tenant = tenant.clone();
    let begins = state.app().store().read(move |tx| tx.find_feed_beginning(&tenant)).await?;
    if after >= begins {
        return Ok(());
    }
    let message = format!(
        "The feed begins behind {begins}: what stood before it is kept no longer. Go on with after={begins}, and read what you missed from the objects themselves."
    );
    Err(ApiError::field("after", "cursor_expired", &message))
}

/// A list whose rows are the stored bytes.
fn page(rows: &[EventRow], has_more: bool) -> Response {
    let bodies: Vec<&str> = rows.iter().map(|row| row.body.as_str()).collect();
    let data = bodies.join(",");
    json(format!(r#"{{"object":"list","data":[{data}],"has_more":{has_more},"url":"{PATH}"}}"#))
}

fn json(body: String) -> Response {
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (json, body).into_response()
}
