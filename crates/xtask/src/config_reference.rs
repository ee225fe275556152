//! docs/CONFIG.md, which the binary prints from the list of its settings.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

const PAGE: &str = "docs/CONFIG.md";

/// Write the page again.
pub(crate) fn generate(root: &Path) -> Result<()> {
    fs::write(root.join(PAGE), page(root)?)?;
    println!("wrote {PAGE}");
    Ok(())
}

/// Fail when the page is not what it would be now.
pub(crate) fn check(root: &Path) -> Result<()> {
    if fs::read_to_string(root.join(PAGE)).unwrap_or_default() != page(root)? {
        bail!("{PAGE} is stale. Run `make gen` and commit what changes.");
    }
    println!("{PAGE} is fresh");
    Ok(())
}

fn page(root: &Path) -> Result<String> {
    let cargo = ["run", "--quiet", "--locked", "--package", "gate-cli", "--", "config-reference"];
    let output = Command::new("cargo").args(cargo).current_dir(root).output()?;
    if !output.status.success() {
        bail!("the gateway cannot be built: {}", String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).context("the gateway wrote something that is not text")
}
