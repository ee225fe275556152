//! The generated files: the examples and the table of errors from the tests that hold them, the
//! OpenAPI document from the code, the page's types from the document.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

const DOCUMENT: &str = "docs/openapi.json";
const TYPES: &str = "web/surface/src/wire.ts";

/// Write every generated file again.
pub(crate) fn generate(root: &Path) -> Result<()> {
    write_what_tests_hold(root)?;
    fs::write(root.join(DOCUMENT), document(root)?)?;
    fs::write(root.join(TYPES), types(root, &root.join(DOCUMENT))?)?;
    println!("wrote {DOCUMENT} and {TYPES}");
    Ok(())
}

/// The examples of the document and the table of errors in docs/API.md: a test plays or counts them,
/// compares them with the file, and here writes it.
fn write_what_tests_hold(root: &Path) -> Result<()> {
    let tests = ["examples_are_true", "the_table_of_errors_in_the_docs_is_the_registry"];
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--quiet", "--locked", "--package", "gate-http", "--"]).args(tests);
    run(root, cargo.env("GATE_WRITE", "1")).map(drop)
}

/// Fail when a generated file is not what it would be now.
pub(crate) fn check(root: &Path) -> Result<()> {
    let document = document(root)?;
    let fresh = std::env::temp_dir().join(format!("openapi-{}.json", std::process::id()));
    fs::write(&fresh, &document)?;
    let types = types(root, &fresh);
    fs::remove_file(&fresh)?;
    for (path, wanted) in [(DOCUMENT, document), (TYPES, types?)] {
        let found = fs::read_to_string(root.join(path)).unwrap_or_default();
        if found != wanted {
            bail!("{path} is stale. Run `make gen` and commit what changes.");
        }
    }
    println!("the generated files are fresh");
    Ok(())
}

/// The OpenAPI document, as the binary prints it.
fn document(root: &Path) -> Result<String> {
    let cargo = ["run", "--quiet", "--locked", "--package", "gate-cli", "--", "openapi"];
    run(root, Command::new("cargo").args(cargo))
}

/// The types of the page, made from a document.
fn types(root: &Path, document: &Path) -> Result<String> {
    let tool = root.join("web/surface/node_modules/.bin/openapi-typescript");
    if !tool.exists() {
        bail!("the web parts are not installed. Run `make web` first.");
    }
    run(root, Command::new(tool).arg(document))
}

fn run(root: &Path, command: &mut Command) -> Result<String> {
    let output = command.current_dir(root).output().context("cannot run the generator")?;
    if !output.status.success() {
        bail!("the generator failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).context("the generator wrote something that is not text")
}
