//! `gate endpoints`: where webhooks go.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, Subcommand};
use gate_app::admin::Command;
use gate_app::admin::endpoints::{Command as EndpointCommand, EndpointsAnswer, Named, Wanted};
use gate_wire::endpoint::{DeletedEndpointBody, EndpointBody, EndpointWithSecretBody};

use crate::admin::{Place, WhoseArgs};
use crate::words::{minute, or_dash, seconds, table};

#[derive(Args)]
#[command(after_help = "Examples:
  gate endpoints add https://shop.example/webhooks
  gate endpoints add https://books.example/hooks --events gate_session.completed --events 'rail.*'
  gate endpoints list
  gate endpoints disable we_test_01k...
  gate endpoints roll-secret we_test_01k... --overlap 24h

What waits for a disabled endpoint goes on waiting, and is sent once it is enabled again. What waits
for one that is removed is given up.")]
pub(crate) struct EndpointsArgs {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Make an endpoint. Its secret is shown once, here.
    Add {
        /// Where events are sent: https, or http on this machine in test mode.
        url: String,
        #[command(flatten)]
        whose: WhoseArgs,
        /// What it takes: a type, a family such as rail.*, or * for everything. May be repeated.
        #[arg(long, value_name = "TYPE")]
        events: Vec<String>,
        /// What to call it.
        #[arg(long)]
        description: Option<String>,
        /// Send at most so many a second, 1 to 1000; what is more waits.
        #[arg(long, value_name = "COUNT")]
        rate_limit: Option<i64>,
        /// Waits between attempts instead of the usual ones, such as 1m,5m,1h; each a day at most.
        #[arg(long, value_name = "WAITS", value_delimiter = ',', value_parser = seconds)]
        retry: Option<Vec<i64>>,
        /// Send events without their data.
        #[arg(long)]
        thin: bool,
        /// Sign with a key pair of the endpoint's own (Ed25519) too.
        #[arg(long)]
        asymmetric: bool,
    },
    /// List endpoints, newest first.
    List {
        #[command(flatten)]
        whose: WhoseArgs,
    },
    /// Let an endpoint wait.
    Disable {
        #[command(flatten)]
        endpoint: NamedArgs,
    },
    /// Let an endpoint go on, with what waits for it.
    Enable {
        #[command(flatten)]
        endpoint: NamedArgs,
    },
    /// Remove an endpoint, and give up what waits for it.
    Remove {
        #[command(flatten)]
        endpoint: NamedArgs,
    },
    /// Give an endpoint a new secret. It is shown once, here.
    RollSecret {
        #[command(flatten)]
        endpoint: NamedArgs,
        /// How long the old secret signs too, such as 30m, 24h or 7d; 7 days at most.
        #[arg(long, default_value = "24h", value_parser = seconds)]
        overlap: i64,
    },
}

#[derive(Args)]
struct NamedArgs {
    /// The id of the endpoint, as `gate endpoints list` shows it.
    endpoint: String,
    /// The partner's id. It may be left out where there is one partner only.
    #[arg(long, value_name = "PARTNER")]
    partner: Option<String>,
}

impl From<NamedArgs> for Named {
    fn from(args: NamedArgs) -> Self {
        Self { partner: args.partner, endpoint: args.endpoint }
    }
}

pub(crate) fn run(args: EndpointsArgs) -> Result<()> {
    let place = &args.place;
    match args.action {
        Action::Add {
            url,
            whose,
            events,
            description,
            rate_limit,
            retry: retry_schedule,
            thin,
            asymmetric,
        } => {
            let (whose, wanted) =
                (whose.into(), Wanted { rate_limit, retry_schedule, thin, asymmetric });
            let command = EndpointCommand::Add { whose, url, events, description, wanted };
            place.ask(Command::Endpoints(command), made)
        }
        Action::List { whose } => {
            let command = EndpointCommand::List { whose: whose.into() };
            place.ask(Command::Endpoints(command), listed)
        }
        Action::Disable { endpoint } => set_status(place, endpoint.into(), false),
        Action::Enable { endpoint } => set_status(place, endpoint.into(), true),
        Action::Remove { endpoint } => {
            let command = EndpointCommand::Remove { endpoint: endpoint.into() };
            place.ask(Command::Endpoints(command), |gone: &DeletedEndpointBody| {
                format!("{} is removed since {} UTC.", gone.id, minute(&gone.deleted_at))
            })
        }
        Action::RollSecret { endpoint, overlap } => {
            let endpoint = endpoint.into();
            let command = EndpointCommand::RollSecret { endpoint, overlap_seconds: overlap };
            place.ask(Command::Endpoints(command), made)
        }
    }
}

fn set_status(place: &Place, endpoint: Named, enabled: bool) -> Result<()> {
    let command = EndpointCommand::SetStatus { endpoint, enabled };
    place.ask(Command::Endpoints(command), |endpoint: &EndpointBody| {
        format!("{} ({}) is {}.", endpoint.id, endpoint.url, endpoint.status)
    })
}

fn made(made: &EndpointWithSecretBody) -> String {
    let EndpointBody { id, url, event_types, old_secret_expires_at, .. } = &made.endpoint;
    let mut text = format!(
        "{id} sends {} to {url} and signs with:\n\n  {}\n\nIt is shown here and never again. Whoever has it can sign in this gateway's name.",
        event_types.join(", "),
        made.secret,
    );
    if let Some(public_key) = &made.endpoint.public_key {
        let _ = write!(
            text,
            "\n\nIts key pair signs too. This verifies it, and is no secret:\n\n  {public_key}"
        );
    }
    if let Some(until) = old_secret_expires_at {
        let _ = write!(text, "\nThe old secret signs too until {} UTC.", minute(until));
    }
    text
}

fn listed(answer: &EndpointsAnswer) -> String {
    if answer.endpoints.is_empty() {
        return "There is no endpoint here. Make one with `gate endpoints add`.".into();
    }
    let rows = answer.endpoints.iter().map(|row| {
        let status = match &row.disabled_reason {
            Some(reason) => format!("{} ({reason})", row.status),
            None => row.status.clone(),
        };
        let description = or_dash(row.description.as_deref());
        let events = row.event_types.join(", ");
        [row.id.clone(), status, row.url.clone(), events, description, minute(&row.created_at)]
    });
    let rows: Vec<_> = rows.collect();
    table(["ID", "STATUS", "URL", "EVENTS", "DESCRIPTION", "CREATED"], &rows)
}
