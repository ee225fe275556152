//! The command line of a partner's developer: hear events, make them happen, look at what was sent,
//! and find out why a signature does not verify. Everything but `verify` and `completions` talks to a
//! gateway over its API, with a secret key and nothing else.

mod completions;
mod deliveries;
mod event;
mod events;
mod feed;
mod forward;
mod gateway;
mod listen;
mod out;
mod state;
mod trigger;
mod verify;

use anyhow::{Context, Result};
use clap::Subcommand;
use serde_json::json;

use crate::admin::Told;

pub(crate) use out::Usage;

#[derive(Subcommand)]
pub(crate) enum Tool {
    /// Forward events to a server on this machine, signed and in order, as they happen.
    Listen(listen::ListenArgs),
    /// Make an event happen in the sandbox, for real.
    Trigger(trigger::TriggerArgs),
    /// Follow, show and send events again.
    Events(events::EventsArgs),
    /// List, show and replay deliveries: what was sent where, and what was answered.
    Deliveries(deliveries::DeliveriesArgs),
    /// Find out why a webhook's signature does or does not verify. Needs no gateway.
    Verify(verify::VerifyArgs),
    /// Print the completions of a shell.
    Completions(completions::CompletionsArgs),
}

impl Tool {
    fn json(&self) -> bool {
        match self {
            Self::Listen(args) => args.gateway.json,
            Self::Trigger(args) => args.gateway.json,
            Self::Events(args) => args.gateway.json,
            Self::Deliveries(args) => args.gateway.json,
            Self::Verify(args) => args.json,
            Self::Completions(_) => false,
        }
    }
}

pub(crate) fn run(tool: Tool, command: fn() -> clap::Command) -> Result<()> {
    let json = tool.json();
    match start(tool, command) {
        // Who reads what we print may have read enough, as `head` does.
        Err(error) if out::nobody_reads(&error) => Ok(()),
        Err(error) if json && !error.is::<Told>() && !error.is::<Usage>() => {
            eprintln!("{}", json!({ "error": gateway::error_value(&error) }));
            Err(Told.into())
        }
        ended => ended,
    }
}

fn start(tool: Tool, command: fn() -> clap::Command) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    match tool {
        Tool::Listen(args) => runtime.block_on(listen::run(args)),
        Tool::Trigger(args) => runtime.block_on(trigger::run(args)),
        Tool::Events(args) => runtime.block_on(events::run(args)),
        Tool::Deliveries(args) => runtime.block_on(deliveries::run(args)),
        Tool::Verify(args) => verify::run(&args),
        Tool::Completions(args) => completions::run(&args, command()),
    }
}
