//! What would break a caller: the OpenAPI document of now against the one that was promised.
//!
//! Within a version the API only grows (docs/API.md, "Versions"). What we ask of callers may get
//! wider and never narrower; what we answer may say more and never less. docs/openapi.baseline.json
//! is the promise; `cargo xtask promise` renews it.

mod schemas;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use schemas::{Compared, Way};

/// The document as it was promised.
const BASELINE: &str = "docs/openapi.baseline.json";
/// The document as it is now; that it is fresh is another check.
const DOCUMENT: &str = "docs/openapi.json";

/// Fail when the document takes back what was promised.
pub(crate) fn check(root: &Path) -> Result<()> {
    let changes = breaking_changes(&read(root, BASELINE)?, &read(root, DOCUMENT)?);
    if !changes.is_empty() {
        bail!(
            "the API breaks its promise:\n  {}\nAdd instead of changing. If callers really must \
             change, give the API a new version and run `cargo xtask promise --break`.",
            changes.join("\n  ")
        );
    }
    println!("the API keeps its promise");
    Ok(())
}

/// Make the document of now the promise. What breaks the old one has to be said out loud.
pub(crate) fn promise(root: &Path, may_break: bool) -> Result<()> {
    if !may_break && root.join(BASELINE).exists() {
        check(root)?;
    }
    fs::copy(root.join(DOCUMENT), root.join(BASELINE)).context("cannot write the promise")?;
    println!("wrote {BASELINE}");
    Ok(())
}

fn read(root: &Path, path: &str) -> Result<Value> {
    let text =
        fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))?;
    serde_json::from_str(&text).with_context(|| format!("{path} is not JSON"))
}

/// Every change that a caller of the old document can notice, one sentence each.
fn breaking_changes(old: &Value, new: &Value) -> Vec<String> {
    let mut compared = Compared::new(old, new);
    for (path, methods) in fields(&old["paths"]) {
        for (method, old_operation) in fields(methods) {
            let place = format!("{} {path}", method.to_uppercase());
            match &new["paths"][path][method] {
                Value::Null => compared.breaks(&place, "is gone"),
                operation => compare_operation(&mut compared, &place, old_operation, operation),
            }
        }
    }
    for (event, old_event) in fields(&old["webhooks"]) {
        let place = format!("event {event}");
        match &new["webhooks"][event]["post"] {
            Value::Null => compared.breaks(&place, "is gone"),
            // What we send is an answer, seen from the caller.
            new_event => {
                let old = &old_event["post"]["requestBody"];
                compare_content(&mut compared, &place, old, &new_event["requestBody"], Way::Answer);
            }
        }
    }
    compared.into_changes()
}

fn compare_operation(compared: &mut Compared, place: &str, old: &Value, new: &Value) {
    if old["operationId"] != new["operationId"] {
        compared.breaks(place, "has another operationId, which names it in generated clients");
    }
    if old["security"] != new["security"] {
        compared.breaks(place, "wants another credential");
    }
    compare_parameters(compared, place, old, new);
    match (&old["requestBody"], &new["requestBody"]) {
        (Value::Null, Value::Null) => {}
        (Value::Null, body) if body["required"] == true => {
            compared.breaks(place, "wants a body now");
        }
        (Value::Null, _) => {}
        (_, Value::Null) => compared.breaks(place, "takes no body any more"),
        (old, new) => {
            if new["required"] == true && old["required"] != true {
                compared.breaks(place, "wants a body now");
            }
            compare_content(compared, &format!("{place} body"), old, new, Way::Request);
        }
    }
    compare_answers(compared, place, old, new);
}

fn compare_parameters(compared: &mut Compared, place: &str, old: &Value, new: &Value) {
    let list = |operation: &Value| operation["parameters"].as_array().cloned().unwrap_or_default();
    let name = |parameter: &Value| (parameter["in"].clone(), parameter["name"].clone());
    let (old, new) = (list(old), list(new));
    for old in &old {
        let here = format!("{place} {} {}", text(&old["in"]), text(&old["name"]));
        match new.iter().find(|new| name(new) == name(old)) {
            None => compared.breaks(&here, "is gone"),
            Some(new) => {
                if new["required"] == true && old["required"] != true {
                    compared.breaks(&here, "is required now");
                }
                compared.schemas(&here, &old["schema"], &new["schema"], Way::Request);
            }
        }
    }
    for new in new.iter().filter(|new| new["required"] == true) {
        if !old.iter().any(|old| name(old) == name(new)) {
            let here = format!("{place} {} {}", text(&new["in"]), text(&new["name"]));
            compared.breaks(&here, "is new and required");
        }
    }
}

fn compare_answers(compared: &mut Compared, place: &str, old: &Value, new: &Value) {
    let successes = |operation: &Value| {
        let statuses = fields(&operation["responses"]);
        let statuses = statuses.filter(|(status, _)| status.starts_with(['2', '3']));
        statuses.map(|(status, _)| status.to_owned()).collect::<Vec<_>>()
    };
    for status in successes(new) {
        if !successes(old).contains(&status) {
            compared.breaks(place, &format!("can answer {status} now"));
        }
    }
    for status in successes(old) {
        let here = format!("{place} {status}");
        if !successes(new).contains(&status) {
            compared.breaks(&here, "is gone");
            continue;
        }
        let (old, new) = (&old["responses"][&status], &new["responses"][&status]);
        compare_content(compared, &here, old, new, Way::Answer);
        for (header, _) in fields(&old["headers"]) {
            if new["headers"][header].is_null() {
                compared.breaks(&format!("{here} header {header}"), "is gone");
            }
        }
    }
}

fn compare_content(compared: &mut Compared, place: &str, old: &Value, new: &Value, way: Way) {
    for (media, content) in fields(&old["content"]) {
        match &new["content"][media] {
            Value::Null => compared.breaks(place, &format!("is not {media} any more")),
            new => compared.schemas(place, &content["schema"], &new["schema"], way),
        }
    }
}

fn fields(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests;
