//! The page as a whole: contents, the guide, and every operation and event by chapter.

use gate_domain::event::EventType;

use super::fields::Schemas;
use super::html::{escape, inline, json};
use super::operation::{self, Operation, panel};
use crate::error::registry::{Failure, failures};
use crate::openapi::{Json, TAGS, event_example, event_sentence};
use crate::version::VERSION;

/// The chapters of the guide, in their order.
const GUIDE: &[(&str, &str)] = &[
    ("start", "First steps"),
    ("keys", "Keys and modes"),
    ("conventions", "Conventions"),
    ("pages", "Lists"),
    ("idempotency", "Sending again safely"),
    ("limits", "Rate limits"),
    ("versions", "Versions"),
    ("errors", "Errors"),
];
/// The order of the methods of one path.
const METHODS: [&str; 4] = ["post", "get", "patch", "delete"];
const MARK: &str = "<svg viewBox=\"0 0 24 24\" fill=\"none\" aria-hidden=\"true\"><path stroke-width=\"3\" stroke-linecap=\"round\" d=\"M8 20.2a9 9 0 1 1 8 0\"/><path stroke-width=\"3\" stroke-linecap=\"round\" d=\"M12 13v7.5\"/></svg>";

/// The whole page. `{{base_url}}` stands where the address of the gateway goes.
pub(super) fn render(document: &Json, style: &str) -> String {
    let chapters = chapters(document);
    let contents = contents(&chapters);
    let guide = guide();
    let chapters: String =
        chapters.iter().map(|chapter| show_chapter(chapter, Schemas(document))).collect();
    format!(
        "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"color-scheme\" content=\"light dark\">
<title>Gate API reference</title>
<style>{style}</style>
</head>
<body>
<a class=\"skip\" href=\"#main\">Skip to the text</a>
<div class=\"contents\">
<a class=\"brand\" href=\"#main\">{MARK}Gate API</a>
<details><summary>Contents</summary>
<nav aria-label=\"Contents\">
{contents}</nav></details>
</div>
<main id=\"main\">
<h1>Gate API reference</h1>
<p class=\"lead\">Checkout between money and crypto: sessions, the hosted page, quotes, rails and signed webhooks. Version {VERSION}. The same as a document for machines: <a href=\"/v1/openapi.json\">OpenAPI 3.1</a>.</p>
{guide}{chapters}<footer>Written by this gateway about itself, version {VERSION}.</footer>
</main>
</body>
</html>
"
    )
}

struct Chapter<'a> {
    name: &'static str,
    words: &'static str,
    operations: Vec<Operation<'a>>,
    events: &'static [EventType],
}

impl Chapter<'_> {
    /// The name that its anchor has.
    fn id(&self) -> String {
        format!("chapter-{}", self.name.to_lowercase().replace(' ', "-"))
    }
}

/// The operations of each tag, in the order of the document.
fn chapters(document: &Json) -> Vec<Chapter<'_>> {
    let chapters = TAGS.iter().map(|(name, words)| {
        let operations = operations(document).filter(|operation| {
            let tags = operation.described.get("tags").map(Json::items).unwrap_or_default();
            tags.iter().any(|tag| tag.text() == Some(name))
        });
        let events: &[EventType] = if *name == "Webhooks" { EventType::ALL } else { &[] };
        Chapter { name, words, operations: operations.collect(), events }
    });
    chapters.filter(|chapter| !chapter.operations.is_empty()).collect()
}

fn operations(document: &Json) -> impl Iterator<Item = Operation<'_>> {
    let paths = document.get("paths").map(Json::fields).unwrap_or_default();
    paths.iter().flat_map(|(path, item)| {
        // What makes something comes before what reads it.
        let mut methods: Vec<_> = item.fields().iter().collect();
        methods.sort_by_key(|(method, _)| METHODS.iter().position(|known| known == method));
        methods.into_iter().map(move |(method, described)| Operation { path, method, described })
    })
}

fn contents(chapters: &[Chapter]) -> String {
    let guide = GUIDE.iter().map(|(id, title)| format!("<li><a href=\"#{id}\">{title}</a></li>\n"));
    let mut out = format!("<h2>Guide</h2>\n<ul>\n{}</ul>\n", guide.collect::<String>());
    for chapter in chapters {
        out += &format!("<h2><a href=\"#{}\">{}</a></h2>\n<ul>\n", chapter.id(), chapter.name);
        for operation in &chapter.operations {
            let method = operation.method;
            let short = if method == "delete" { "DEL".to_owned() } else { method.to_uppercase() };
            out += &format!(
                "<li><a href=\"#{}\"><span class=\"method {method}\">{short}</span><span>{}</span></a></li>\n",
                operation.id(),
                inline(operation.short_title()),
            );
        }
        if !chapter.events.is_empty() {
            out += "<li><a href=\"#events\">The types of events</a></li>\n";
        }
        out += "</ul>\n";
    }
    out
}

fn guide() -> String {
    let failures = failures();
    let rows: String = failures.iter().map(error_row).collect();
    let shown = failures.iter().find(|failure| failure.code() == "amount_out_of_range");
    let shown = shown.map(|failure| {
        let body = serde_json::to_string(&failure.body).expect("an error body is plain JSON");
        json(&serde_json::from_str(&body).expect("it was written just now"))
    });
    include_str!("guide.html")
        .replace("{{version}}", VERSION)
        .replace("{{error}}", &panel("An error", &shown.unwrap_or_default()))
        .replace("{{errors}}", &rows)
}

fn error_row(failure: &Failure) -> String {
    let (name, code) = (escape(failure.name()), escape(failure.code()));
    let (status, message) = (failure.status, escape(&failure.body.message));
    format!(
        "<tr id=\"error-{name}\"><td><code>{code}</code></td><td>{status}</td><td>{message}</td></tr>\n"
    )
}

fn show_chapter(chapter: &Chapter, schemas: Schemas) -> String {
    let id = chapter.id();
    let operations =
        chapter.operations.iter().map(|operation| operation::show(*operation, schemas));
    let mut out = format!(
        "<section id=\"{id}\">\n<h2><a class=\"anchor\" href=\"#{id}\">{}</a></h2>\n<p>{}</p>\n{}",
        chapter.name,
        inline(chapter.words),
        operations.collect::<String>()
    );
    if !chapter.events.is_empty() {
        out += &show_events(chapter.events);
    }
    out + "</section>\n"
}

fn show_events(events: &[EventType]) -> String {
    let rows = events.iter().map(|event_type| {
        let name = event_type.as_str();
        let said = event_sentence(*event_type);
        let example = event_example(name).map(|example| {
            format!(
                "<details class=\"panel\"><summary>What is sent</summary><pre tabindex=\"0\"><code>{}</code></pre></details>",
                json(example)
            )
        });
        let example = example.unwrap_or_default();
        format!(
            "<div id=\"event-{name}\"><dt><code>{name}</code></dt><dd>{said}</dd><dd>{example}</dd></div>\n"
        )
    });
    format!(
        "<article id=\"events\">\n<div class=\"words\"><h3><a class=\"anchor\" href=\"#events\">The types of events</a></h3>\n{}</div>\n<div><dl class=\"fields\">\n{}</dl></div>\n</article>\n",
        include_str!("webhooks.html"),
        rows.collect::<String>()
    )
}
