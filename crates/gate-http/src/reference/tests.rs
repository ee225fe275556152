//! The page as a browser would meet it.

use std::collections::BTreeSet;

use super::*;
use crate::openapi::Json;

fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let parts = html.split(name).skip(1);
    parts.map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn every_link_leads_to_an_anchor_and_every_anchor_is_one() {
    let html = &PAGE.html;
    let ids = attributes(html, " id=\"");
    let once: BTreeSet<_> = ids.iter().copied().collect();
    assert_eq!(ids.len(), once.len(), "an id is there twice");
    let links = attributes(html, " href=\"");
    assert!(links.len() > 100);
    for link in links {
        match link.strip_prefix('#') {
            Some(anchor) => assert!(once.contains(anchor), "{link}"),
            None => assert_eq!(link, "/v1/openapi.json", "no other page, no other host"),
        }
    }
}

#[test]
fn every_operation_event_and_code_is_there() {
    let html = &PAGE.html;
    let document = openapi_document();
    for (path, item) in document.get("paths").unwrap().fields() {
        for (_, operation) in item.fields() {
            let id = operation.get("operationId").and_then(Json::text).unwrap();
            assert!(html.contains(&format!("<article id=\"{id}\">")), "{path} {id}");
        }
    }
    for event_type in gate_domain::event::EventType::ALL {
        assert!(html.contains(&format!("id=\"event-{}\"", event_type.as_str())));
    }
    for failure in crate::error::registry::failures() {
        assert!(html.contains(&format!("id=\"error-{}\"", failure.name())));
    }
}

#[test]
fn nothing_runs_and_nothing_comes_from_elsewhere() {
    let html = &PAGE.html;
    for forbidden in ["<script", "<img", "<iframe", "<link", "@import", "url(", " style=", " on"] {
        let found = html.match_indices(forbidden).find(|(place, _)| {
            // Inside of a tag only; the words of the text may say " on".
            let open = html[..*place].rfind('<').unwrap_or(0);
            forbidden != " on" || !html[open..*place].contains('>')
        });
        let around = found.map(|(place, _)| &html[place..(place + 60).min(html.len())]);
        assert_eq!(around, None, "{forbidden}");
    }
    assert!(!STYLE.contains("</"), "the style must not end its element");
    let policy = PAGE.policy.to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
}
