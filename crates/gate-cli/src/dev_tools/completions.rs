//! `gate completions`: what a shell completes, made from the same definition as the commands.

use std::io::Write as _;

use anyhow::Result;
use clap::{Args, ValueEnum};
use clap_complete::{Shell as Known, generate};

#[derive(Args)]
#[command(after_help = "Examples:
  gate completions bash > ~/.local/share/bash-completion/completions/gate
  gate completions zsh > ~/.zfunc/_gate          # with ~/.zfunc in $fpath
  gate completions fish > ~/.config/fish/completions/gate.fish")]
pub(crate) struct CompletionsArgs {
    /// Whose.
    shell: Shell,
}

#[derive(Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

pub(crate) fn run(args: &CompletionsArgs, mut command: clap::Command) -> Result<()> {
    let shell = match args.shell {
        Shell::Bash => Known::Bash,
        Shell::Zsh => Known::Zsh,
        Shell::Fish => Known::Fish,
    };
    // The generator panics where nobody reads, so it writes to memory first.
    let mut script = Vec::new();
    generate(shell, &mut command, "gate", &mut script);
    Ok(std::io::stdout().write_all(&script)?)
}
