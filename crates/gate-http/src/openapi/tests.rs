//! What the document says about the API as a whole.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::failures::{NOWHERE, codes_of};
use super::*;
use crate::error::registry::failures;

fn operations(document: &Json) -> Vec<(&str, &str, &Json)> {
    let paths = document.get("paths").unwrap().fields();
    let operations = paths.iter().flat_map(|(path, item)| {
        item.fields().iter().map(move |(method, it)| (path.as_str(), method.as_str(), it))
    });
    operations.collect()
}

/// A code that the document names is one of the registry, and the other way round.
#[test]
fn the_codes_of_the_document_are_those_of_the_registry() {
    let document = openapi_document();
    let mut named: BTreeSet<String> = NOWHERE.iter().map(ToString::to_string).collect();
    for (path, method, operation) in operations(&document) {
        named.extend(codes_of(path, method, operation).iter().map(ToString::to_string));
    }
    let known: BTreeSet<String> =
        failures().iter().map(|failure| failure.name().to_owned()).collect();
    let unknown: Vec<_> = named.difference(&known).collect();
    assert!(unknown.is_empty(), "not in error/registry.rs: {unknown:?}");
    let unnamed: Vec<_> = known.difference(&named).collect();
    assert!(unnamed.is_empty(), "no operation in openapi/failures.rs answers {unnamed:?}");
}

/// The head of the table in docs/API.md.
const HEAD: &str = "| status | type | codes |\n| --- | --- | --- |\n";

/// docs/API.md has a row for each status and type, with every code, in the order of the registry.
#[test]
fn the_table_of_errors_in_the_docs_is_the_registry() {
    let mut rows: Vec<(u16, String, Vec<String>)> = Vec::new();
    for failure in failures() {
        let code = format!("`{}`", failure.code());
        let (status, kind) = (failure.status, failure.body.kind.clone());
        match rows.iter_mut().find(|row| (row.0, &row.1) == (status, &kind)) {
            Some(row) => row.2.push(code),
            None => rows.push((status, kind, vec![code])),
        }
    }
    rows.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    let mut table = String::new();
    for (status, kind, codes) in &mut rows {
        codes.sort();
        writeln!(table, "| {status} | `{kind}` | {} |", codes.join(", ")).unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/API.md");
    let docs = std::fs::read_to_string(path).unwrap();
    let (before, rest) = docs.split_once(HEAD).unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    let wanted = format!("{before}{HEAD}{table}\n{after}");
    if std::env::var_os("GATE_WRITE").is_some() {
        std::fs::write(path, &wanted).unwrap();
    } else {
        assert!(
            docs == wanted,
            "docs/API.md must hold exactly this, or run `make gen`:\n\n{table}"
        );
    }
}

#[test]
fn every_operation_is_complete() {
    let document = openapi_document();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let place = format!("{method} {path}");
        let text = |name| operation.get(name).and_then(Json::text).unwrap_or_default();
        assert!(ids.insert(text("operationId").to_owned()), "{place}: its id is taken");
        assert!(text("summary").ends_with('.'), "{place}: a summary is a sentence");
        let tags = operation.get("tags").unwrap().items();
        let known = |tag: &Json| TAGS.iter().any(|(name, _)| tag.text() == Some(name));
        assert!(tags.len() == 1 && tags.iter().all(known), "{place}: {tags:?} in about.rs");
        let responses = operation.get("responses").unwrap();
        assert_eq!(responses.get("default"), None, "{place}");
        assert!(responses.fields().iter().any(|(status, _)| status.starts_with('2')), "{place}");
        for parameter in operation.get("parameters").map(Json::items).unwrap_or_default() {
            let described = parameter.get("description").and_then(Json::text);
            assert!(described.is_some_and(|text| text.ends_with('.')), "{place}: {parameter}");
        }
    }
}

/// Every `$ref` leads somewhere.
#[test]
fn no_reference_dangles() {
    fn references<'a>(value: &'a Json, found: &mut Vec<&'a str>) {
        found.extend(value.get("$ref").and_then(Json::text));
        value.items().iter().for_each(|item| references(item, found));
        value.fields().iter().for_each(|(_, field)| references(field, found));
    }
    let document = openapi_document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 100);
    let dangling: BTreeSet<_> = found
        .into_iter()
        .filter(|reference| {
            let path: Vec<_> = reference.trim_start_matches("#/").split('/').collect();
            document.at(&path).is_none()
        })
        .collect();
    assert!(dangling.is_empty(), "{dangling:?}");
}

#[test]
fn every_type_of_event_is_a_webhook() {
    let document = openapi_document();
    let names: Vec<_> =
        document.get("webhooks").unwrap().fields().iter().map(|(name, _)| name).collect();
    let all: Vec<_> = gate_domain::event::EventType::ALL.iter().map(|it| it.as_str()).collect();
    assert_eq!(names, all);
    assert_eq!(
        all.len(),
        32,
        "the contract's twenty, four about endpoints, three about refunds, two about deposits, two about payments that are taken back, and one of ours"
    );
}
