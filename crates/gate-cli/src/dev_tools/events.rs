//! `gate events`: follow the feed, show an event and what became of it, send it again.

mod resend;

use anyhow::Result;
use clap::{Args, Subcommand};
use gate_partner::Request;
use gate_wire::delivery::DeliveryBody;
use gate_wire::list::ListBody;
use serde_json::json;
use tokio::sync::mpsc;

use super::event::Event;
use super::feed::{Feed, News, stop_asked, stopped};
use super::gateway::{Gateway, GatewayArgs};
use super::listen::{From, Wanted, from, pattern};
use super::out::{Color, line, time_of_day};
use resend::ResendArgs;

/// The most events that are looked through for the last ones of some types.
const LOOK_BACK_MAX: i64 = 1_000;

#[derive(Args)]
#[command(after_help = "Examples:
  gate events tail
  gate events tail --events 'gate_session.*' --last 50 --no-follow --json
  gate events tail --from start
  gate events show evt_test_01k...
  gate events show evt_test_01k... --raw > body.json
  gate events resend evt_test_01k...
  gate events resend --since 2h --events 'rail.*'")]
pub(crate) struct EventsArgs {
    #[command(flatten)]
    pub(crate) gateway: GatewayArgs,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Show the last events, and then each one as it happens.
    Tail(TailArgs),
    /// Show an event and where it was delivered.
    Show {
        /// The event.
        #[arg(value_name = "EVENT")]
        id: String,
        /// Print the bytes that endpoints receive, and nothing else.
        #[arg(long)]
        raw: bool,
    },
    /// Send events again, to every endpoint that wants them and to `gate listen`.
    Resend(ResendArgs),
}

#[derive(Args)]
struct TailArgs {
    /// Only these: types or families such as rail.*, with commas between or repeated.
    #[arg(long, value_name = "TYPE", value_delimiter = ',', value_parser = pattern)]
    events: Vec<String>,
    /// Only what is about this session.
    #[arg(long, value_name = "SESSION")]
    session: Option<String>,
    /// How many of the last events to begin with.
    #[arg(long, value_name = "COUNT", default_value_t = 10, conflicts_with = "from",
        value_parser = clap::value_parser!(i64).range(0..=LOOK_BACK_MAX))]
    last: i64,
    /// Begin at a place instead: start, now, or behind a sequence.
    #[arg(long, value_name = "PLACE", value_parser = from)]
    from: Option<From>,
    /// End when there is nothing more.
    #[arg(long)]
    no_follow: bool,
}

pub(crate) async fn run(args: EventsArgs) -> Result<()> {
    let gateway = args.gateway.connect()?;
    match args.action {
        Action::Tail(args) => tail(&gateway, args).await,
        Action::Show { id, raw } => show(&gateway, &id, raw).await,
        Action::Resend(args) => resend::run(&gateway, args).await,
    }
}

async fn tail(gateway: &Gateway, args: TailArgs) -> Result<()> {
    let wanted = Wanted::new(&args.events)?;
    let end = gateway.end_of_feed().await?;
    let place = match args.from {
        Some(From::Behind(place)) => place,
        Some(From::Now) => end,
        None => {
            for event in last(gateway, &args, &wanted, end).await? {
                print(gateway, &event)?;
            }
            end
        }
    };
    let mut feed = Feed::behind(gateway, place).about(args.session);
    if args.no_follow {
        loop {
            let events = feed.next().await?;
            if events.is_empty() {
                return Ok(());
            }
            let until_now = events.iter().filter(|event| event.sequence <= end);
            for event in until_now.filter(|event| wanted.takes(event)) {
                print(gateway, event)?;
            }
        }
    }
    let (news_in, mut news) = mpsc::channel(2);
    let feed = tokio::spawn(feed.follow(news_in));
    let mut stopping = stop_asked();
    loop {
        let item = tokio::select! {
            () = stopped(&mut stopping) => return Ok(()),
            item = news.recv() => item,
        };
        match item {
            None => return feed.await?,
            Some(News::Lost(why)) => eprintln!("{why} Trying again."),
            Some(News::Back) => eprintln!("The gateway answers again."),
            Some(News::Events(events)) => {
                for event in events.iter().filter(|event| wanted.takes(event)) {
                    print(gateway, event)?;
                }
            }
        }
    }
}

/// The last events up to a place, the oldest first.
async fn last(gateway: &Gateway, args: &TailArgs, wanted: &Wanted, end: i64) -> Result<Vec<Event>> {
    if args.last == 0 {
        return Ok(Vec::new());
    }
    // The gateway takes one pattern; of several, what is wanted is picked here.
    let (one, limit) = match args.events.as_slice() {
        [] => (None, args.last),
        [one] => (Some(one), args.last),
        _ => (None, LOOK_BACK_MAX),
    };
    let request = Request::get(&["v1", "events"])
        .query("limit", Some(limit))
        .query("type", one)
        .query("session_id", args.session.as_ref());
    let events = gateway.events(&request).await?.into_iter();
    let events = events.filter(|event| event.sequence <= end && wanted.takes(event));
    let mut events: Vec<_> = events.take(usize::try_from(args.last).unwrap_or(0)).collect();
    events.reverse();
    Ok(events)
}

fn print(gateway: &Gateway, event: &Event) -> Result<()> {
    let out = gateway.out;
    if out.json {
        // The bytes as they are: an event is one line.
        return line(&event.body);
    }
    line(&format!(
        "{}  {:>5}  {:<24} {}  {}",
        out.paint(Color::Grey, &time_of_day(event.created_at)),
        event.sequence,
        event.event_type,
        out.paint(Color::Grey, &event.id),
        event.subject()
    ))
}

async fn show(gateway: &Gateway, id: &str, raw: bool) -> Result<()> {
    let event = gateway.event(id).await?;
    if raw {
        use std::io::Write as _;
        return Ok(std::io::stdout().write_all(event.body.as_bytes())?);
    }
    let request = Request::get(&["v1", "webhooks", "deliveries"])
        .query("event_id", Some(id))
        .query("limit", Some(200));
    let deliveries: ListBody<DeliveryBody> = gateway.ask(&request).await?;
    let value = json!({ "event": event.value(), "deliveries": deliveries.data });
    gateway.out.tell(&value, || {
        let list = super::deliveries::table(&deliveries.data);
        let list = if deliveries.data.is_empty() { "It went to no endpoint.".into() } else { list };
        format!("{}\n\n{list}", event.pretty())
    })
}
