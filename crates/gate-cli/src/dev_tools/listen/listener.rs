//! A listener at work: one event at a time, from the feed and from replays, to one receiver.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::super::event::Event;
use super::super::feed::{Feed, News, stopped};
use super::super::forward::{Exchange, Forwarder, Outcome};
use super::super::gateway::Gateway;
use super::super::out::{Color, Out, line, time_of_day};
use super::super::state::{Place, PlaceFile};
use super::Wanted;
use super::replays::{self, Again};

/// How long a request that is under way may go on when somebody asks to stop.
const GRACE: Duration = Duration::from_secs(1);
const PAUSE_FIRST: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// A listener at work.
pub(super) struct Listener {
    pub(super) out: Out,
    pub(super) forwarder: Forwarder,
    pub(super) wanted: Wanted,
    pub(super) place: Place,
    pub(super) file: PlaceFile,
    pub(super) stopping: watch::Receiver<bool>,
}

/// Somebody asked to stop.
struct Stopped;

impl Listener {
    pub(super) async fn work(&mut self, gateway: &Gateway) -> Result<()> {
        // Little is read ahead: what is read waits here for its turn.
        let (news_in, mut news) = mpsc::channel(2);
        let (again_in, mut again) = mpsc::channel(16);
        let feed = tokio::spawn(Feed::behind(gateway, self.place.cursor).follow(news_in));
        let watch =
            tokio::spawn(replays::watch(gateway.asked_once(), self.place.clone(), again_in));
        let ended = loop {
            let mut stopping = self.stopping.clone();
            // Neither a long replay nor a busy feed holds up the other.
            let went_on = tokio::select! {
                () = stopped(&mut stopping) => break Ok(()),
                Some(item) = again.recv() => self.again(item).await,
                item = news.recv() => match item {
                    Some(item) => self.news(item).await,
                    // It has ended, and says why.
                    None => break feed.await?,
                },
            };
            match went_on {
                Ok(Ok(())) => {}
                Ok(Err(Stopped)) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        watch.abort();
        ended
    }

    async fn news(&mut self, news: News) -> Result<Result<(), Stopped>> {
        match news {
            News::Lost(why) => self.warn("lost", &format!("{why} Trying again.")),
            News::Back => self.warn("back", "The gateway answers again."),
            News::Events(events) => {
                for event in events {
                    if !self.wanted.takes(&event) {
                        self.place.cursor = event.sequence;
                    } else if let Err(stopped) = self.bring(&event, None).await? {
                        return Ok(Err(stopped));
                    }
                }
                self.file.write(&self.place)?;
            }
        }
        Ok(Ok(()))
    }

    async fn again(&mut self, again: Again) -> Result<Result<(), Stopped>> {
        match again {
            Again::Event { event, replay, standings } => {
                let standing = self.place.standing(event.sequence);
                let meant = standings.iter().any(|word| word == standing.as_str());
                if meant
                    && self.wanted.takes(&event)
                    && let Err(stopped) = self.bring(&event, Some(&replay)).await?
                {
                    return Ok(Err(stopped));
                }
            }
            Again::Done { replay } => self.place.replayed(&replay),
            Again::Failed { replay, why } => {
                self.warn("replay_failed", &format!("{replay} does not reach the receiver: {why}"));
                self.place.replayed(&replay);
            }
        }
        self.file.write(&self.place)?;
        Ok(Ok(()))
    }

    /// Bring an event to the receiver, whatever it answers. Where nobody listens, wait.
    async fn bring(&mut self, event: &Event, replay: Option<&str>) -> Result<Result<(), Stopped>> {
        let mut pause = PAUSE_FIRST;
        let mut told = false;
        loop {
            let mut stopping = self.stopping.clone();
            let exchange = tokio::select! {
                exchange = self.forwarder.send(event) => exchange,
                () = async { stopped(&mut stopping).await; tokio::time::sleep(GRACE).await } => {
                    return Ok(Err(Stopped));
                }
            };
            let Outcome::NobodyThere { why } = &exchange.outcome else {
                // What has been shown is never sent again by itself.
                self.place.answered(event.sequence, exchange.accepted());
                self.file.write(&self.place)?;
                self.show(event, replay, &exchange)?;
                return Ok(Ok(()));
            };
            if !told {
                let url = self.forwarder.url();
                self.warn("waiting", &format!("Nobody answers at {url} ({why}). Waiting for it."));
                told = true;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(PAUSE_MAX),
                () = stopped(&mut stopping) => return Ok(Err(Stopped)),
            }
        }
    }

    fn show(&self, event: &Event, replay: Option<&str>, exchange: &Exchange) -> Result<()> {
        let out = self.out;
        let mut value = exchange.value();
        if let Value::Object(fields) = &mut value {
            fields.insert("sequence".into(), event.sequence.into());
            fields.insert("event_id".into(), event.id.clone().into());
            fields.insert("event_type".into(), event.event_type.clone().into());
            fields.insert("replay".into(), replay.into());
        }
        self.say("forwarded", &value, || {
            let now = gate_app::Clock::system().now().0 / 1_000;
            let again = replay.map(|_| out.paint(Color::Yellow, "  again"));
            let mut text = format!(
                "{}  {:>5}  {:<24} {}  ->  {}{}",
                out.paint(Color::Grey, &time_of_day(now)),
                event.sequence,
                event.event_type,
                out.paint(Color::Grey, event.subject()),
                exchange.words(out),
                again.unwrap_or_default()
            );
            if let Some(complaint) = exchange.complaint() {
                let _ = write!(text, "\n                 it said: {complaint}");
            }
            if !exchange.accepted() {
                let _ = write!(
                    text,
                    "\n                 send it again: gate events resend {}",
                    event.id
                );
            }
            text
        })
    }

    /// Say how it goes: on standard error, or among the lines of JSON.
    fn warn(&self, kind: &str, text: &str) {
        if self.out.json {
            let _ = line(&json!({ "kind": kind, "message": text }).to_string());
        } else {
            eprintln!("{text}");
        }
    }

    pub(super) fn say(
        &self,
        kind: &str,
        value: &Value,
        words: impl FnOnce() -> String,
    ) -> Result<()> {
        let mut value = value.clone();
        if let Value::Object(fields) = &mut value {
            fields.insert("kind".into(), kind.into());
        }
        self.out.tell(&value, words)
    }
}
