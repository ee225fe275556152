//! `gate listen`: what an endpoint would get, brought to a server on this machine.
//!
//! It registers nothing and needs no way in: it follows the feed, which has no gaps and keeps its order,
//! from the place where it was left. One event is sent at a time, so the order holds within every
//! session and between them. Replays are watched beside the feed: a listener carries them out itself, as
//! an endpoint that knows what it has got. The place is written down after the receiver's answer, so a
//! crash repeats an event rather than losing it.
//!
//! Where nobody listens, it waits. What a receiver answers is shown and not sent again by itself:
//! whoever writes the receiver wants to see it, mend it, and say when to go on.

mod listener;
mod replays;

use anyhow::{Result, bail};
use clap::Args;
use gate_domain::event::EventType;
use gate_domain::event_filter::{EventFilter, is_pattern};
use gate_wire::signature::WebhookSecret;
use reqwest::Url;
use reqwest::header::{HeaderName, HeaderValue};
use serde_json::json;

use super::event::Event;
use super::feed::{stop_asked, stopped};
use super::forward::{Forwarder, header, receiver};
use super::gateway::{Gateway, GatewayArgs};
use super::out::{Color, usage};
use super::state::{Files, Place, PlaceFile};
use listener::Listener;

#[derive(Args)]
#[command(after_help = "Examples:
  gate listen --forward-to localhost:4242/webhooks
  gate listen --forward-to 4242 --events 'gate_session.*' --events customer.created
  gate listen --print-secret
  GATE_API_KEY=sk_test_... gate listen --url https://gate.example --forward-to 4242

The receiver verifies with the secret that is printed, which stays the same. Stopped and started again,
or cut off from the gateway, it goes on with the first event that the receiver has not answered; --from
says otherwise. While nobody listens at the receiver it waits. Any answer counts: one that is not 2xx is
shown, and `gate events resend` sends the event again, to here and to every endpoint.

A replay of the API or of `gate events resend` reaches the receiver too, unless it is for one endpoint.
To the replay, what the receiver answered with 2xx has `succeeded`, what it answered otherwise is
`dead_lettered`, and what happened before it listened was `never_attempted`. `gate deliveries replay`
sends one delivery to its own endpoint, and so not here.")]
pub(crate) struct ListenArgs {
    #[command(flatten)]
    pub(crate) gateway: GatewayArgs,
    /// Where to: a port of this machine, localhost:4242/webhooks, or any URL.
    #[arg(long, value_name = "URL", value_parser = receiver, required_unless_present = "print_secret")]
    forward_to: Option<Url>,
    /// Only these: types or families such as rail.*, with commas between or repeated.
    #[arg(long, value_name = "TYPE", value_delimiter = ',', value_parser = pattern)]
    events: Vec<String>,
    /// Where to begin: now, start, or behind a place in the feed. [default: where it was left, else
    /// now]
    #[arg(long, value_name = "PLACE", value_parser = from)]
    from: Option<From>,
    /// Send this header too, such as 'X-Shop: 1'. May be repeated.
    #[arg(long = "header", value_name = "HEADER", value_parser = header)]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Do not check the certificate of an https receiver.
    #[arg(long)]
    skip_verify: bool,
    /// Print the secret that is signed with, and end.
    #[arg(long)]
    print_secret: bool,
}

/// Where a listener begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Now,
    Behind(i64),
}

pub(crate) fn from(text: &str) -> Result<From, String> {
    match text {
        "now" => Ok(From::Now),
        "start" => Ok(From::Behind(0)),
        place => {
            let place = place.parse().ok().filter(|place| *place >= 0);
            place.map(From::Behind).ok_or_else(|| "must be now, start, or a sequence".into())
        }
    }
}

/// Read a type of event or a family.
pub(crate) fn pattern(text: &str) -> Result<String, String> {
    if is_pattern(text) {
        return Ok(text.to_owned());
    }
    let near = EventType::ALL.iter().map(|known| known.as_str());
    let near: Vec<_> = near.filter(|known| known.contains(text.trim_end_matches(".*"))).collect();
    let hint = if near.is_empty() { "gate trigger --list".into() } else { near.join(", ") };
    Err(format!("there is no such event; see: {hint}"))
}

/// What people want to see of the feed.
pub(crate) struct Wanted(Option<EventFilter>);

impl Wanted {
    pub(crate) fn new(patterns: &[String]) -> Result<Self> {
        if patterns.is_empty() {
            return Ok(Self(None));
        }
        let filter = EventFilter::parse(patterns);
        Ok(Self(Some(filter.map_err(|error| usage(format!("--events: {error}")))?)))
    }

    /// A type that is newer than this program is wanted where nothing is said.
    pub(crate) fn takes(&self, event: &Event) -> bool {
        let Some(filter) = &self.0 else { return true };
        filter.is_everything()
            || EventType::parse(&event.event_type).is_some_and(|known| filter.names(known))
    }
}

pub(crate) async fn run(args: ListenArgs) -> Result<()> {
    let gateway = args.gateway.connect()?;
    let files = Files::open(&gateway)?;
    let secret = files.secret()?;
    let out = gateway.out;
    let Some(url) = args.forward_to.filter(|_| !args.print_secret) else {
        return out.tell(&json!({ "secret": secret.expose() }), || secret.expose().to_owned());
    };
    let wanted = Wanted::new(&args.events)?;
    let file = files.place_of(&url)?;
    // From the first line on that is printed, Ctrl-C means to end well.
    let mut stopping = stop_asked();
    let (place, how) = tokio::select! {
        begun = begin(&gateway, &file, args.from) => begun?,
        () = stopped(&mut stopping) => return Ok(()),
    };
    file.write(&place)?;
    greet(&gateway, &url, &secret, &place, &how)?;
    let forwarder = Forwarder::new(url, &args.headers, args.skip_verify, secret)?;
    let mut listener = Listener { out, forwarder, wanted, place, file, stopping };
    let ended = listener.work(&gateway).await;
    let at = listener.place.cursor;
    if ended.is_ok() {
        listener.say("stopped", &json!({ "after": at }), || {
            format!("Stopped after event {at}. Run it again to go on from there.")
        })?;
    }
    ended
}

/// Where to begin, and how to put that.
async fn begin(gateway: &Gateway, file: &PlaceFile, from: Option<From>) -> Result<(Place, String)> {
    let end = gateway.end_of_feed().await?;
    let stored = file.read();
    let fresh = |at, replays| Place::beginning(at, replays);
    let replays = replays::known(gateway).await?;
    Ok(match (from, stored) {
        (Some(From::Behind(at)), _) if at > end => {
            bail!("The feed ends at {end}: there is nothing behind {at} yet.")
        }
        (Some(From::Behind(at)), _) => {
            (fresh(at, replays), format!("Beginning behind event {at} of {end}."))
        }
        (None, Some(place)) if place.cursor <= end => {
            let missed = end - place.cursor;
            let meanwhile = match missed {
                0 => "nothing has happened since".to_owned(),
                1 => "one event has happened since (--from now skips it)".to_owned(),
                _ => format!("{missed} events have happened since (--from now skips them)"),
            };
            let how = format!("Going on after event {}: {meanwhile}.", place.cursor);
            (place, how)
        }
        (None, Some(_)) => (
            fresh(end, replays),
            format!("This is another feed than last time. Beginning after event {end}."),
        ),
        (Some(From::Now), _) | (None, None) => {
            (fresh(end, replays), format!("Beginning now, after event {end}."))
        }
    })
}

fn greet(
    gateway: &Gateway,
    url: &Url,
    secret: &WebhookSecret,
    place: &Place,
    how: &str,
) -> Result<()> {
    let out = gateway.out;
    let (origin, mode) = (gateway.origin(), gateway.mode().as_str());
    let value = json!({ "kind": "listening", "gateway": origin, "mode": mode,
        "forward_to": url.as_str(), "secret": secret.expose(), "after": place.cursor });
    out.tell(&value, || {
        format!(
            "Listening to {origin} ({mode} mode), forwarding to {url}\n\
             Your receiver verifies with {}\n\
             {how} Stop with Ctrl-C.\n",
            out.paint(Color::Yellow, secret.expose())
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_to_begin() {
        assert_eq!(from("now"), Ok(From::Now));
        assert_eq!(from("start"), Ok(From::Behind(0)));
        assert_eq!(from("41"), Ok(From::Behind(41)));
        for text in ["", "-1", "yesterday", "4.1"] {
            assert!(from(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_type_that_is_half_remembered_is_told() {
        assert!(pattern("rail.*").is_ok());
        let told = pattern("settled").unwrap_err();
        assert!(told.contains("rail.pay_in.settled, rail.pay_out.settled"), "{told}");
        assert!(pattern("nonsense").unwrap_err().contains("gate trigger --list"));
    }
}
