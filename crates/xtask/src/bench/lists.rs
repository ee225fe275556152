//! `xtask bench lists`: does a page cost the same, however much is stored and however deep it is? Do
//! a create and a delivery?
//!
//! A gateway writes a small world by its real code; the store repeats it until there are ten
//! thousand sessions in one database and as many as wanted in another. The newest half a million still
//! have their events, as retention leaves them. Two gateways serve the two,
//! and are asked the same in turns, so that whatever else the machine does happens to both.

mod ask;
mod verdict;
mod work;
mod world;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use gate_store::{Place, bulk};
use tokio::task::spawn_blocking;

use super::children::Child;
use super::database::PostgresDatabase;
use crate::gateway::{Gateway, Launch};
use ask::{Asked, cases, measure};
use verdict::Verdict;

const SMALL_SESSIONS: u32 = 10_000;
/// A list that seems slow is measured again, since the machine may have been busy; a slow list stays
/// slow.
const MEASURED_MAX: usize = 4;

#[derive(Args)]
pub(super) struct ListsArgs {
    /// How many sessions the large database gets; the small one has ten thousand.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(20_000..=20_000_000))]
    sessions: u32,
    /// Measure on this PostgreSQL server instead of SQLite. Two databases are made and dropped there.
    #[arg(long)]
    postgres: Option<String>,
    /// Keep the filled databases, with a folder for each here, and measure over those that are there.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Measure creates and deliveries alone.
    #[arg(long)]
    writes: bool,
    /// Write the numbers to this file too, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

pub(super) async fn run(args: &ListsArgs, gate: &Path) -> Result<()> {
    let receiver = Child::receiver().await?;
    let small = Filled::start(args, gate, &receiver, "small", SMALL_SESSIONS).await?;
    let large = Filled::start(args, gate, &receiver, "large", args.sessions).await?;
    let mut verdict = Verdict::new(args.postgres.is_some(), SMALL_SESSIONS, args.sessions);
    let (at_small, at_large) = (small.marks().await?, large.marks().await?);
    for case in cases().into_iter().filter(|_| !args.writes) {
        eprintln!("{}", case.name);
        for _ in 0..MEASURED_MAX {
            let asked = measure(
                &case,
                Asked { ready: &small.gateway.ready, marks: &at_small },
                Asked { ready: &large.gateway.ready, marks: &at_large },
            )
            .await;
            if !verdict.add(&case, asked.with_context(|| case.name.to_owned())?) {
                break;
            }
        }
    }
    eprintln!("creates and deliveries");
    for _ in 0..MEASURED_MAX {
        let worked = work::measure(&small.gateway.ready, &large.gateway.ready, &receiver).await?;
        let slow = worked.map(|(name, latencies)| verdict.note(name, None, &latencies));
        if slow == [false; 2] {
            break;
        }
    }
    print!("{verdict}");
    if let Some(path) = &args.json {
        let text = serde_json::to_string_pretty(&verdict).context("numbers become JSON")?;
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    small.gateway.stop().await?;
    large.gateway.stop().await?;
    verdict.judge()
}

/// A gateway over a database with so many sessions. Both go when this does, unless they are kept.
struct Filled {
    gateway: Gateway,
    place: Place,
    _postgres: Option<PostgresDatabase>,
    _folder: Option<tempfile::TempDir>,
}

/// Ids in the middle of each table, from where a deep page begins.
pub(super) struct Marks {
    pub(super) session: String,
    pub(super) transaction: String,
    pub(super) event: String,
    /// A place in the middle of the feed.
    pub(super) sequence: i64,
}

impl Filled {
    async fn start(
        args: &ListsArgs,
        gate: &Path,
        receiver: &Child,
        name: &str,
        sessions: u32,
    ) -> Result<Self> {
        let (folder, temporary) = if let Some(keep) = &args.keep {
            (keep.join(name), None)
        } else {
            let made = tempfile::Builder::new().prefix("gate-lists-").tempdir()?;
            (made.path().to_owned(), Some(made))
        };
        let marker = folder.join("filled");
        let is_filled = marker.exists();
        std::fs::create_dir_all(&folder)?;
        let (place, postgres) = match &args.postgres {
            None => (Place::Sqlite { path: folder.join("data/gate.db") }, None),
            Some(server) => {
                let name = format!("gate_lists_{name}");
                let mut postgres = if is_filled {
                    PostgresDatabase::existing(server, &name)
                } else {
                    PostgresDatabase::create(server, &name).await?
                };
                postgres.is_kept = args.keep.is_some();
                (Place::Postgres { url: postgres.url()? }, Some(postgres))
            }
        };
        let launch = Launch {
            gate: gate.to_owned(),
            folder,
            database: match &place {
                Place::Sqlite { .. } => None,
                Place::Postgres { url } => Some(url.clone()),
            },
            args: vec![
                "--listen=127.0.0.1:0".into(),
                "--no-shop".into(),
                format!("--webhook-url={}", receiver.address),
            ],
        };
        if !is_filled {
            world::make(&launch, &place).await.context("cannot make a small world")?;
            fill(place.clone(), sessions).await?;
            std::fs::write(marker, format!("{sessions}\n"))?;
        }
        Ok(Self { gateway: launch.start().await?, place, _postgres: postgres, _folder: temporary })
    }

    /// Where page 5,000 of a hundred rows begins, or an earlier one where there are fewer.
    async fn marks(&self) -> Result<Marks> {
        let place = self.place.clone();
        let marks = spawn_blocking(move || -> Result<Marks> {
            let deep = |table: &str| -> Result<String> {
                for newer in [499_999, 49_999, 4_999, 499] {
                    if let Some(id) = bulk::id_at(&place, table, newer)? {
                        return Ok(id);
                    }
                }
                anyhow::bail!("{table} has fewer rows than a deep page needs")
            };
            let session = deep("sessions")?;
            let (transaction, event) = (deep("transactions")?, deep("events")?);
            let sequence = bulk::first_sequence(&place)? + 5_000;
            Ok(Marks { session, transaction, event, sequence })
        });
        marks.await.context("looking for a deep page")?
    }
}

async fn fill(place: Place, sessions: u32) -> Result<()> {
    let copies = sessions / world::SESSIONS;
    let recent = world::RECENT_SESSIONS / world::SESSIONS;
    let started = Instant::now();
    let tell = move |written: u32| {
        if written.is_multiple_of(5_000) || written == copies {
            let (sessions, took) = (written * world::SESSIONS, started.elapsed().as_secs());
            eprintln!("{sessions} sessions after {took} s");
        }
    };
    let filled =
        spawn_blocking(move || bulk::multiply(&place, copies, recent, world::APART_MS, tell));
    filled.await.context("filling the database")?.context("cannot fill the database")
}
