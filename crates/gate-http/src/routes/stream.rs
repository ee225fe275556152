//! The journey as server-sent events: the present one at once, then each change.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use gate_app::App;
use gate_app::journey::open_journey;
use gate_domain::ids::{SessionId, Tenant};
use gate_wire::ErrorBody;
use gate_wire::journey::Journey;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{Instant, timeout_at};
use tokio_stream::wrappers::ReceiverStream;

use super::ServerState;
use crate::auth::PageVisitor;
use crate::error::ApiError;

/// How often the store is asked, for what no signal tells: a price that lapses, another process.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A stream ends after this long, and the page opens another: 15 min.
const STREAM_ENDS_AFTER: Duration = Duration::from_mins(15);
/// A comment line keeps the connection from looking dead.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);

/// Follow the journey: an event named `journey` for each change, the first at once.
#[utoipa::path(get, path = "/v1/embed/journey/stream", tag = "Embed",
    operation_id = "streamJourney",
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = "default", body = ErrorBody)))]
pub(super) async fn journey_stream(
    State(state): State<ServerState>,
    page: PageVisitor,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let place = state.streams().clone().try_acquire_owned().map_err(|_| ApiError::Busy)?;
    let changes = state.app().session_changes();
    let first = open_journey(state.app(), &page.tenant, &page.session_id).await?;
    let (events, stream) = mpsc::channel(4);
    let follower = Follower {
        app: state.app().clone(),
        tenant: page.tenant,
        session_id: page.session_id,
        changes,
        stopping: state.stopping(),
        events,
    };
    tokio::spawn(async move {
        follower.run(first).await;
        drop(place);
    });
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE_EVERY);
    Ok(Sse::new(ReceiverStream::new(stream)).keep_alive(keep_alive))
}

struct Follower {
    app: App,
    tenant: Tenant,
    session_id: SessionId,
    changes: broadcast::Receiver<SessionId>,
    stopping: watch::Receiver<bool>,
    events: mpsc::Sender<Result<Event, Infallible>>,
}

impl Follower {
    async fn run(mut self, first: Journey) {
        let ends = Instant::now() + STREAM_ENDS_AFTER;
        let mut shown = first;
        let mut news = true;
        while Instant::now() < ends {
            // A reader that takes nothing gives its place up with the stream's end.
            if news {
                let sent = timeout_at(ends, self.events.send(Ok(event(&shown)))).await;
                if !matches!(sent, Ok(Ok(()))) {
                    return;
                }
            }
            if !self.wait().await {
                return;
            }
            // The page polls when a stream breaks off, so an error here needs no words.
            let Ok(journey) = open_journey(&self.app, &self.tenant, &self.session_id).await else {
                return;
            };
            news = journey.revision != shown.revision || journey.step != shown.step;
            shown = journey;
        }
    }

    /// Wait for a reason to look; false when there is nobody left to look for.
    async fn wait(&mut self) -> bool {
        let look = tokio::time::sleep(LOOK_EVERY);
        tokio::pin!(look);
        loop {
            tokio::select! {
                () = &mut look => return true,
                () = self.events.closed() => return false,
                _ = self.stopping.changed() => return false,
                changed = self.changes.recv() => match changed {
                    Ok(session) if session == self.session_id => return true,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => return true,
                    Err(RecvError::Closed) => return false,
                },
            }
        }
    }
}

fn event(journey: &Journey) -> Event {
    let data = serde_json::to_string(journey).expect("a journey is plain JSON");
    Event::default().event("journey").id(journey.revision.to_string()).data(data)
}
