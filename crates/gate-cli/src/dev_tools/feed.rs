//! Following the feed over any break: from a place on, in order, each event once.

use std::time::Duration;

use anyhow::{Result, bail};
use gate_partner::{Answer, Gate, GateError, Request};
use gate_wire::list::ListBody;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, watch};

use super::event::Event;
use super::gateway::{Gateway, explain};
use crate::server::StopSignals;

/// How long an empty page waits for something to come.
const WAIT_S: i64 = 20;
const PAGE: i64 = 100;
const PAUSE_FIRST: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);

type Page = ListBody<Box<RawValue>>;

/// A way to the feed that keeps its place.
pub(crate) struct Feed {
    gate: Gate,
    place: i64,
    session_id: Option<String>,
    /// Whether every event is seen, so that a missing one would be noticed.
    whole: bool,
}

/// What a feed brings.
pub(crate) enum News {
    /// The next events, in order.
    Events(Vec<Event>),
    /// The connection is gone and is tried again.
    Lost(String),
    /// It is back.
    Back,
}

impl Feed {
    /// Everything that stands behind a place.
    pub(crate) fn behind(gateway: &Gateway, place: i64) -> Self {
        Self { gate: gateway.asked_once(), place, session_id: None, whole: true }
    }

    /// The same, about one session only.
    pub(crate) fn about(mut self, session_id: Option<String>) -> Self {
        self.whole = session_id.is_none();
        self.session_id = session_id;
        self
    }

    /// What is there already; nothing at the end of the feed.
    pub(crate) async fn next(&mut self) -> Result<Vec<Event>> {
        match self.page(0).await {
            Ok(events) => Ok(events),
            Err(Ended::Gateway(error)) => Err(explain(error, &self.gate.origin()).into()),
            Err(Ended::Other(error)) => Err(error),
        }
    }

    /// Bring news until nobody listens any more, or until it makes no sense to ask again.
    pub(crate) async fn follow(mut self, news: mpsc::Sender<News>) -> Result<()> {
        let mut pause = PAUSE_FIRST;
        let mut lost = false;
        loop {
            match self.page(WAIT_S).await {
                Ok(events) => {
                    if lost {
                        self.see_that_it_is_the_same().await?;
                        lost = false;
                        pause = PAUSE_FIRST;
                        if news.send(News::Back).await.is_err() {
                            return Ok(());
                        }
                    }
                    let said = if events.is_empty() {
                        !news.is_closed()
                    } else {
                        news.send(News::Events(events)).await.is_ok()
                    };
                    if !said {
                        return Ok(());
                    }
                }
                Err(Ended::Gateway(error)) if error.is_transient() => {
                    let why = explain(error, &self.gate.origin()).to_string();
                    if !lost && news.send(News::Lost(why)).await.is_err() {
                        return Ok(());
                    }
                    lost = true;
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
                Err(Ended::Gateway(error)) if error.code() == Some("cursor_expired") => bail!(
                    "{} What came in between cannot be forwarded any more. Go on with --from now, or with the place that it names.",
                    explain(error, &self.gate.origin())
                ),
                Err(Ended::Gateway(error)) => {
                    return Err(explain(error, &self.gate.origin()).into());
                }
                Err(Ended::Other(error)) => return Err(error),
            }
        }
    }

    /// The next page, which is empty when nothing comes in time.
    async fn page(&mut self, wait_s: i64) -> Result<Vec<Event>, Ended> {
        let request = Request::get(&["v1", "events"])
            .query("after", Some(self.place))
            .query("limit", Some(PAGE))
            .query("wait", Some(wait_s))
            .query("session_id", self.session_id.as_ref());
        let answer: Answer<Page> = self.gate.request(&request).await.map_err(Ended::Gateway)?;
        let rows = answer.value.data.iter();
        let events: Result<Vec<_>> = rows.map(|raw| Event::read(raw)).collect();
        let events = events.map_err(Ended::Other)?;
        for event in &events {
            if self.whole && event.sequence != self.place + 1 {
                return Err(Ended::Other(anyhow::anyhow!(
                    "The feed goes from {} to {}: what should be between them is not there. Tell whoever runs the gateway.",
                    self.place,
                    event.sequence
                )));
            }
            self.place = event.sequence;
        }
        Ok(events)
    }

    /// A gateway that comes back with a shorter feed has another database: it would be silent until
    /// its feed is as long as the old one was.
    async fn see_that_it_is_the_same(&self) -> Result<()> {
        let request = Request::get(&["v1", "events"]).query("limit", Some(1));
        let Ok(answer) = self.gate.request::<Page>(&request).await else { return Ok(()) };
        let end = answer.value.data.first().map(|raw| Event::read(raw)).transpose()?;
        let end = end.map_or(0, |event| event.sequence);
        if end < self.place {
            bail!(
                "The gateway came back with another feed: it ends at {end}, and this was at {}. Start again with --from now.",
                self.place
            );
        }
        Ok(())
    }
}

enum Ended {
    Gateway(GateError),
    Other(anyhow::Error),
}

/// Turns true when somebody asks the process to end.
pub(crate) fn stop_asked() -> watch::Receiver<bool> {
    let (mut signals, (stopper, stopping)) = (StopSignals::listen(), watch::channel(false));
    tokio::spawn(async move {
        signals.next().await;
        let _ = stopper.send(true);
        // A second request is a wish to end at once.
        signals.next().await;
        std::process::exit(130);
    });
    stopping
}

/// Resolves when somebody asks the process to end.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
