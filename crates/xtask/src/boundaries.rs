//! Which way the arrows of docs/ARCHITECTURE.md point, and who may use what: checked against the
//! manifests, so that a short cut fails a check and not a reader.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// Our crates, and which of ours each may use.
const ARROWS: [(&str, &[&str]); 10] = [
    ("gate-domain", &[]),
    ("gate-wire", &["gate-domain"]),
    ("gate-store", &["gate-domain"]),
    ("gate-rails", &["gate-domain"]),
    ("gate-app", &["gate-domain", "gate-rails", "gate-store", "gate-wire"]),
    ("gate-http", &["gate-app", "gate-domain", "gate-rails", "gate-store", "gate-wire"]),
    ("gate-partner", &["gate-wire"]),
    ("gate-shop", &["gate-partner"]),
    (
        "gate-cli",
        &[
            "gate-app",
            "gate-domain",
            "gate-http",
            "gate-partner",
            "gate-rails",
            "gate-shop",
            "gate-store",
            "gate-wire",
        ],
    ),
    ("xtask", &["gate-store"]),
];

/// Libraries that belong to one room. The shop is another company's program: it keeps its own rows
/// and serves its own pages. Benchmarks serve a constant to compare with.
const ROOMS: [(&str, &[&str]); 4] = [
    ("rusqlite", &["gate-store", "gate-shop"]),
    ("postgres", &["gate-store"]),
    ("tokio-postgres", &["gate-store"]),
    ("axum", &["gate-http", "gate-shop", "xtask"]),
];

/// Never in the tree: rustls with ring is the one TLS.
const BANNED: [&str; 3] = ["aws-lc-sys", "openssl-sys", "native-tls"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// None for an ordinary dependency; tests may look behind the walls.
    kind: Option<String>,
}

/// Fail when a manifest or the lock file crosses a boundary.
pub(crate) fn check(root: &Path) -> Result<()> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root)
        .output()?;
    let metadata: Metadata =
        serde_json::from_slice(&output.stdout).context("cargo metadata could not be read")?;
    let mut crossings = Vec::new();
    for package in &metadata.packages {
        crossings.extend(crossings_of(package));
    }
    let lock = fs::read_to_string(root.join("Cargo.lock"))?;
    for banned in BANNED {
        if lock.contains(&format!("name = \"{banned}\"")) {
            crossings.push(format!("{banned} is in the tree: rustls with ring is the one TLS"));
        }
    }
    if !crossings.is_empty() {
        bail!("boundaries are crossed:\n  {}", crossings.join("\n  "));
    }
    println!("the boundaries hold");
    Ok(())
}

fn crossings_of(package: &Package) -> Vec<String> {
    let name = package.name.as_str();
    let Some((_, allowed)) = ARROWS.iter().find(|(ours, _)| *ours == name) else {
        return vec![format!("{name} is not in the picture; add it to ARROWS and ARCHITECTURE.md")];
    };
    let used = package.dependencies.iter().filter(|dependency| dependency.kind.is_none());
    used.filter_map(|dependency| {
        let used = dependency.name.as_str();
        let ours = ARROWS.iter().any(|(ours, _)| *ours == used);
        if ours && used != name && !allowed.contains(&used) {
            return Some(format!("{name} must not use {used}"));
        }
        let room = ROOMS.iter().find(|(library, _)| *library == used);
        let outside = room.is_some_and(|(_, rooms)| !rooms.contains(&name));
        outside.then(|| format!("{name} must not use {used} itself"))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, uses: &str, kind: Option<&str>) -> Package {
        let dependency = Dependency { name: uses.into(), kind: kind.map(str::to_owned) };
        Package { name: name.into(), dependencies: vec![dependency] }
    }

    #[test]
    fn an_arrow_up_a_library_out_of_its_room_and_a_stranger_are_told() {
        assert_eq!(crossings_of(&package("gate-domain", "gate-store", None)).len(), 1);
        assert_eq!(crossings_of(&package("gate-app", "rusqlite", None)).len(), 1);
        assert_eq!(crossings_of(&package("gate-new", "serde", None)).len(), 1);
        assert!(crossings_of(&package("gate-app", "gate-store", None)).is_empty());
        assert!(crossings_of(&package("gate-domain", "gate-app", Some("dev"))).is_empty());
    }
}
