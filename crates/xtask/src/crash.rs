//! `cargo xtask crash`: buyers and a shop's backend use a real gateway over HTTP while it is killed
//! again and again; then everything that they were told has to be true.
//!
//! The checker is outside of the process. It knows what the API answered, what the shop shows and
//! which webhooks arrived, never the tables; only at the end the doctor is asked for its opinion.

mod book;
mod buyer;
mod client;
mod creator;
mod drain;
mod page;
mod plan;
mod relay;
mod story;
mod told;
mod verdict;

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::gateway::{Gateway, Launch, sibling, tail_of};
use crate::interrupt::unless_interrupted;
use crate::random::Random;
use book::Book;
use client::Client;
use relay::Relay;

/// Buyers at the same time in each lane, beside one backend that creates sessions.
const BUYERS_PER_LANE: u64 = 5;
/// A kill comes this long after the gateway serves.
const KILL_AFTER_MS: std::ops::RangeInclusive<u64> = 50..=1500;
/// How long those who are in the middle of something may take after the last kill.
const FINISH_MAX: Duration = Duration::from_mins(2);
/// One cause can have many consequences.
const PROBLEMS_SHOWN_MAX: usize = 20;

#[derive(Args)]
pub(crate) struct CrashArgs {
    /// How often the gateway is killed.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    kills: u32,
    /// Decides when it is killed and how people pay. Left out, a new one is made up.
    #[arg(long)]
    seed: Option<u64>,
    /// The gateway to try [default: the one that was built beside this program]
    #[arg(long)]
    gate: Option<PathBuf>,
    /// An empty database to use instead of a new SQLite file, such as `postgres://...`
    #[arg(long)]
    database: Option<String>,
    /// How much goes on at the same time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=64))]
    lanes: u64,
}

pub(crate) fn run(args: &CrashArgs) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let folder = tempfile::Builder::new().prefix("gate-crash-").tempdir()?;
    let seed = args.seed.unwrap_or_else(story::new_seed);
    println!("crash: {} kills, {} lanes, seed {seed}", args.kills, args.lanes);

    let launch = Launch {
        gate: args.gate.clone().map_or_else(|| sibling("gate"), Ok)?,
        folder: folder.path().to_owned(),
        database: args.database.clone(),
        args: Vec::new(),
    };
    let book = Arc::new(Book::default());
    let started = Instant::now();
    let told = runtime.block_on(unless_interrupted(drill(args, seed, launch, &book)));
    let took = started.elapsed().as_secs();
    match told {
        Ok(summary) => println!("{} kills, seed {seed}, {took} s: {summary}", args.kills),
        Err(error) => book.problem(format!("{error:#}")),
    }
    let problems = book.take_problems();
    if problems.is_empty() {
        println!("crash: 1 passed, 0 failed");
        return Ok(());
    }
    for problem in problems.iter().take(PROBLEMS_SHOWN_MAX) {
        println!("PROBLEM: {problem}");
    }
    if problems.len() > PROBLEMS_SHOWN_MAX {
        println!("... and {} more", problems.len() - PROBLEMS_SHOWN_MAX);
    }
    let folder = folder.keep();
    println!("\nThe last lines of the gateway's log:\n{}", tail_of(&folder.join("gate.log")));
    println!("\nIts data and its whole log are kept in {}.", folder.display());
    println!("Run it again with --seed {seed} --kills {} --lanes {}.", args.kills, args.lanes);
    println!("crash: 0 passed, 1 failed");
    std::process::exit(1);
}

/// The whole story, in one line. What is wrong is noted in the book; an error means that it could not
/// be told to its end.
async fn drill(
    args: &CrashArgs,
    seed: u64,
    mut launch: Launch,
    book: &Arc<Book>,
) -> Result<String> {
    let mut random = Random::new(seed);
    // The same ports each time: a browser that was there before comes back to them.
    let (listen, shop) = (free_port(&mut random)?, free_port(&mut random)?);
    let relay = Relay::start(&format!("http://127.0.0.1:{shop}"), Arc::clone(book)).await?;
    launch.args = vec![
        format!("--listen=127.0.0.1:{listen}"),
        format!("--shop-listen=127.0.0.1:{shop}"),
        format!("--webhook-url={}", relay.url),
    ];

    let mut gateway = launch.start().await?;
    let ready = gateway.ready.clone();
    let client = Client::new(ready.clone(), Arc::clone(book))?;
    let mut people = send_in(args.lanes, seed, &client);
    for number in 1..=args.kills {
        let alive = Duration::from_millis(random.within(KILL_AFTER_MS));
        sleep(alive).await;
        gateway.kill().await?;
        let killed = Instant::now();
        gateway = launch.start().await?;
        let (sessions, completed) = (book.sessions_known(), book.sessions_completed());
        println!(
            "kill {number:>3}/{} after {:>4} ms, back in {:>4} ms; so far {sessions} sessions \
             acknowledged, {completed} completed",
            args.kills,
            alive.as_millis(),
            killed.elapsed().as_millis(),
        );
        ensure!(gateway.ready == ready, "the gateway came back with other addresses or keys");
    }

    client.stop_starting();
    timeout(FINISH_MAX, async { while people.join_next().await.is_some() {} })
        .await
        .with_context(|| format!("somebody was not done {FINISH_MAX:?} after the last kill"))?;
    finish(&launch, gateway, &client, &relay).await
}

/// Let everything drain, ask about everything that was said, stop in order, and ask the doctor.
async fn finish(
    launch: &Launch,
    gateway: Gateway,
    client: &Client,
    relay: &Relay,
) -> Result<String> {
    drain::drain(client).await?;
    let told = told::ask_again(client).await?;
    let deliveries = drain::list_deliveries(client, "").await?;
    gateway.stop().await?;
    let doctor = launch.doctor().await?;
    Ok(verdict::judge(&verdict::Findings {
        book: client.book(),
        told: &told,
        deliveries: &deliveries,
        arrivals: &relay.arrivals(),
        doctor: &doctor,
    }))
}

fn send_in(lanes: u64, seed: u64, client: &Client) -> JoinSet<()> {
    let mut people = JoinSet::new();
    for lane in 0..lanes {
        people.spawn(creator::create_sessions(client.clone(), seed, lane));
        for place in 0..BUYERS_PER_LANE {
            let random = Random::part(seed, 1 + lane * BUYERS_PER_LANE + place);
            people.spawn(buyer::keep_buying(client.clone(), random));
        }
    }
    people
}

/// A free port below those that outgoing connections are given, or one of them could take it while
/// the gateway is away.
fn free_port(random: &mut Random) -> Result<u16> {
    for _ in 0..100 {
        let port = u16::try_from(random.within(20_000..=30_000)).context("a port")?;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port between 20000 and 30000")
}
