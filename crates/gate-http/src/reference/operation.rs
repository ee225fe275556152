//! One operation: what it is for and what it takes on one side, what goes over the wire on the
//! other.

use super::fields::{Schemas, bounds};
use super::html::{escape, inline, json, paragraphs};
use crate::openapi::{Access, Json, example_of};

/// Where an operation is in the document.
#[derive(Clone, Copy)]
pub(super) struct Operation<'a> {
    pub(super) path: &'a str,
    pub(super) method: &'a str,
    pub(super) described: &'a Json,
}

impl<'a> Operation<'a> {
    pub(super) fn text(self, name: &str) -> &'a str {
        self.described.get(name).and_then(Json::text).unwrap_or_default()
    }

    /// The name that its anchor has.
    pub(super) fn id(self) -> &'a str {
        self.text("operationId")
    }

    /// A short title, such as `Create a session`.
    pub(super) fn title(self) -> &'a str {
        let summary = self.text("summary");
        summary.split_once(". ").map_or(summary, |(first, _)| first).trim_end_matches('.')
    }

    /// The title as the contents show it: without what comes behind a comma.
    pub(super) fn short_title(self) -> &'a str {
        self.title().split_once(", ").map_or(self.title(), |(first, _)| first)
    }

    fn parameters(self, place: &'a str) -> impl Iterator<Item = &'a Json> {
        let all = self.described.get("parameters").map(Json::items).unwrap_or_default();
        all.iter().filter(move |parameter| parameter.get("in").and_then(Json::text) == Some(place))
    }

    fn request_schema(self) -> Option<&'a Json> {
        self.described.at(&["requestBody", "content", "application/json", "schema"])
    }

    /// The status and the description of its success.
    fn success(self) -> Option<(&'a str, &'a Json)> {
        let responses = self.described.get("responses")?.fields();
        let (status, response) = responses.iter().find(|(status, _)| status.starts_with('2'))?;
        Some((status, response))
    }
}

pub(super) fn show(operation: Operation, schemas: Schemas) -> String {
    let id = operation.id();
    let said = operation.text("summary");
    let rest = said.split_once(". ").map(|(_, rest)| rest).unwrap_or_default();
    let mut words = format!(
        "<h3><a class=\"anchor\" href=\"#{id}\">{}</a></h3>\n{}\n{}{}",
        inline(operation.title()),
        call(operation),
        paragraphs(rest),
        paragraphs(operation.text("description")),
    );
    words += &opened_by(operation);
    for (place, title) in
        [("path", "In the path"), ("query", "In the query"), ("header", "Headers")]
    {
        words += &parameters(operation, place, title, schemas);
    }
    if let Some(schema) = operation.request_schema() {
        words += &format!("<h4>Body</h4>\n{}", schemas.show(schema, true));
    }
    words += &answer(operation, schemas);
    words += &failures(operation);
    let wire = format!("{}{}", request(operation), response(operation));
    format!(
        "<article id=\"{id}\">\n<div class=\"words\">\n{words}</div>\n<div class=\"wire\">\n{wire}</div>\n</article>\n"
    )
}

fn call(operation: Operation) -> String {
    let (method, path) = (operation.method, operation.path);
    format!(
        "<p class=\"call\"><span class=\"method {method}\">{}</span> <code>{}</code></p>",
        method.to_uppercase(),
        escape(path)
    )
}

fn opened_by(operation: Operation) -> String {
    let words = match Access::of(operation.path) {
        Access::SecretKey => "Needs your secret key.",
        Access::PublishableKey => "Needs your publishable key, from one of your allowed origins.",
        Access::EmbedToken => "Needs an embed token.",
        Access::Open => "Needs no key.",
    };
    format!("<p class=\"opened\">{words}</p>\n")
}

fn parameters<'a>(
    operation: Operation<'a>,
    place: &'a str,
    title: &str,
    schemas: Schemas<'a>,
) -> String {
    let rows: String =
        operation.parameters(place).map(|parameter| row(parameter, schemas)).collect();
    if rows.is_empty() {
        return rows;
    }
    format!("<h4>{title}</h4>\n<dl class=\"fields\">\n{rows}</dl>\n")
}

fn row<'a>(parameter: &'a Json, schemas: Schemas<'a>) -> String {
    let text = |name| parameter.get(name).and_then(Json::text).unwrap_or_default();
    let schema = parameter.get("schema").unwrap_or(&Json::Null);
    let needed = parameter.get("required") == Some(&Json::Bool(true));
    let needed = if needed { " <span class=\"needed\">required</span>" } else { "" };
    let bounds = bounds(schemas.resolve(schema));
    let bounds = if bounds.is_empty() {
        String::new()
    } else {
        format!("<dd class=\"bounds\">{bounds}</dd>")
    };
    format!(
        "<div><dt><code>{}</code> <span class=\"kind\">{}</span>{needed}</dt><dd>{}</dd>{bounds}</div>\n",
        escape(text("name")),
        schemas.kind(schema, false),
        inline(text("description")),
    )
}

fn answer<'a>(operation: Operation<'a>, schemas: Schemas<'a>) -> String {
    let Some((status, response)) = operation.success() else { return String::new() };
    let schema = response.at(&["content", "application/json", "schema"]);
    let fields = schema.map(|schema| schemas.show(schema, false)).unwrap_or_default();
    let fields = if fields.is_empty() {
        String::new()
    } else {
        format!(
            "<details class=\"inner\"><summary>Fields of the answer</summary>{fields}</details>\n"
        )
    };
    let described =
        schema.map(|schema| schemas.resolve(schema)).and_then(|it| it.get("description"));
    let words = described.or_else(|| response.get("description")).and_then(Json::text);
    let words = words.filter(|words| !words.is_empty());
    let words = words.map(|words| format!("<p>{}</p>\n", inline(words))).unwrap_or_default();
    format!("<h4>Answer <span class=\"count\">{status}</span></h4>\n{words}{fields}")
}

/// The codes of each status; each leads to its line in the table.
fn failures(operation: Operation) -> String {
    let responses = operation.described.get("responses").map(Json::fields).unwrap_or_default();
    let mut rows = String::new();
    for (status, response) in responses.iter().filter(|(status, _)| status.starts_with(['4', '5']))
    {
        let codes = codes_of(response)
            .into_iter()
            .map(|code| format!("<a href=\"#error-{code}\"><code>{code}</code></a>"));
        let codes: Vec<_> = codes.collect();
        rows += &format!("<div><dt>{status}</dt><dd>{}</dd></div>\n", codes.join(" "));
    }
    if rows.is_empty() {
        return rows;
    }
    format!(
        "<h4>Failures</h4>\n<details class=\"inner\"><summary>Statuses and codes</summary><dl class=\"failures variant\">\n{rows}</dl></details>\n"
    )
}

/// The codes of a response: those that its words name in backticks.
fn codes_of(response: &Json) -> Vec<&str> {
    let described = response.get("description").and_then(Json::text).unwrap_or_default();
    let (_, codes) = described.split_once("Codes: ").unwrap_or_default();
    codes.split('`').skip(1).step_by(2).collect()
}

fn request(operation: Operation) -> String {
    let example = example_of(operation.id());
    let path = example.and_then(|example| example.get("path")).and_then(Json::text);
    let path = path.unwrap_or(operation.path);
    let soft = |text: &str| format!(" <span class=\"s\">\"{}\"</span>", escape(text));
    let method = match operation.method {
        "get" => String::new(),
        other => format!(" -X {}", other.to_uppercase()),
    };
    let mut lines = vec![format!("curl{method}{}", soft(&format!("{{{{base_url}}}}{path}")))];
    let credential = match Access::of(operation.path) {
        Access::SecretKey => Some("Authorization: Bearer $SECRET_KEY"),
        Access::PublishableKey => Some("Authorization: Bearer $PUBLISHABLE_KEY"),
        Access::EmbedToken => Some("X-Embed-Token: $EMBED_TOKEN"),
        Access::Open => None,
    };
    lines.extend(credential.map(|credential| format!("  -H{}", soft(credential))));
    if Access::of(operation.path) == Access::PublishableKey {
        lines.push(format!("  -H{}", soft("Origin: https://shop.example")));
    }
    let takes_key = operation
        .parameters("header")
        .any(|parameter| parameter.get("name").and_then(Json::text) == Some("Idempotency-Key"));
    if takes_key {
        lines.push(format!("  -H{}", soft("Idempotency-Key: order-1042")));
    }
    let body = example.and_then(|example| example.get("request"));
    if let Some(body) = body.filter(|_| operation.request_schema().is_some()) {
        lines.push(format!("  -H{}", soft("Content-Type: application/json")));
        lines.push(format!("  -d '{}'", json(body)));
    }
    panel("Request", &lines.join(" \\\n"))
}

fn response(operation: Operation) -> String {
    let Some(example) = example_of(operation.id()) else { return String::new() };
    let status = example.get("status").map(Json::to_string).unwrap_or_default();
    match example.get("response") {
        Some(body) => panel(&format!("Answer {status}"), &json(body)),
        None => String::new(),
    }
}

/// Code on dark ground. It can be scrolled, so it can take the focus.
pub(super) fn panel(title: &str, code: &str) -> String {
    format!(
        "<div class=\"panel\"><p class=\"name\">{title}</p><pre tabindex=\"0\" role=\"region\" aria-label=\"{title}\"><code>{code}</code></pre></div>\n"
    )
}
