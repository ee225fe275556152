//! A schema as a list of fields, each with what it is, its bounds and what it says.

use super::html::{escape, inline};
use crate::openapi::Json;

/// How deep objects inside of objects are shown; deeper ones are named only.
const DEPTH_MAX: usize = 5;

/// The schemas of a document.
#[derive(Clone, Copy)]
pub(super) struct Schemas<'a>(pub(super) &'a Json);

impl<'a> Schemas<'a> {
    /// What a reference points at; anything else is itself.
    pub(super) fn resolve(self, schema: &'a Json) -> &'a Json {
        let reference = schema.get("$ref").and_then(Json::text);
        let name = reference.and_then(|reference| reference.rsplit('/').next());
        name.and_then(|name| self.0.at(&["components", "schemas", name])).unwrap_or(schema)
    }

    /// What a field is, without the null that it may also be.
    fn without_null(schema: &'a Json) -> (&'a Json, bool) {
        for union in ["oneOf", "anyOf"] {
            let variants = schema.get(union).map(Json::items).unwrap_or_default();
            let is_null =
                |variant: &&Json| variant.get("type").and_then(Json::text) == Some("null");
            let others: Vec<_> = variants.iter().filter(|variant| !is_null(variant)).collect();
            if let ([one], true) = (others.as_slice(), others.len() < variants.len()) {
                return (one, true);
            }
        }
        let kinds = schema.get("type").map(Json::items).unwrap_or_default();
        (schema, kinds.iter().any(|kind| kind.text() == Some("null")))
    }

    /// The fields of an object, those of all its parts together.
    fn members(self, schema: &'a Json) -> Vec<Member<'a>> {
        let schema = self.resolve(schema);
        let mut members = Vec::new();
        for part in schema.get("allOf").map(Json::items).unwrap_or_default() {
            members.extend(self.members(part));
        }
        let required = schema.get("required").map(Json::items).unwrap_or_default();
        for (name, field) in schema.get("properties").map(Json::fields).unwrap_or_default() {
            let needed = required.iter().any(|needed| needed.text() == Some(name));
            members.retain(|member: &Member| member.name != name);
            members.push(Member { name, schema: field, needed });
        }
        members
    }

    /// An object's fields. `asked`: it is sent to us, so what is needed is worth saying.
    pub(super) fn show(self, schema: &'a Json, asked: bool) -> String {
        self.show_at(schema, asked, 0)
    }

    fn show_at(self, schema: &'a Json, asked: bool, depth: usize) -> String {
        let members = self.members(schema);
        if members.is_empty() {
            return self.variants(schema, asked, depth);
        }
        let rows = members.iter().map(|member| self.row(member, asked, depth));
        format!("<dl class=\"fields\">\n{}</dl>\n", rows.collect::<String>())
    }

    fn row(self, member: &Member<'a>, asked: bool, depth: usize) -> String {
        let (schema, nullable) = Self::without_null(member.schema);
        let resolved = self.resolve(schema);
        let mut head = format!("<code>{}</code>", escape(member.name));
        head += &format!(" <span class=\"kind\">{}</span>", self.kind(schema, nullable));
        if asked && member.needed {
            head += " <span class=\"needed\">required</span>";
        } else if !asked && !member.needed {
            head += " <span class=\"kind\">not always there</span>";
        }
        let own = member.schema.get("description").or_else(|| schema.get("description"));
        let said = own.or_else(|| resolved.get("description")).and_then(Json::text);
        let mut body = said.map(|said| format!("<dd>{}</dd>", inline(said))).unwrap_or_default();
        let bounds = bounds(resolved);
        if !bounds.is_empty() {
            body += &format!("<dd class=\"bounds\">{bounds}</dd>");
        }
        body += &self.inner(resolved, asked, depth);
        format!("<div><dt>{head}</dt>{body}</div>\n")
    }

    /// What is inside of a field that is an object, or a list of them.
    fn inner(self, schema: &'a Json, asked: bool, depth: usize) -> String {
        let item = schema.get("items").map(|items| self.resolve(items));
        let schema = item.unwrap_or(schema);
        if depth >= DEPTH_MAX {
            return String::new();
        }
        let shown = self.show_at(schema, asked, depth + 1);
        if shown.is_empty() {
            return String::new();
        }
        let title = if item.is_some() { "Fields of each" } else { "Fields" };
        format!("<dd><details class=\"inner\"><summary>{title}</summary>{shown}</details></dd>")
    }

    /// One of several shapes.
    fn variants(self, schema: &'a Json, asked: bool, depth: usize) -> String {
        let resolved = self.resolve(schema);
        let variants = resolved.get("oneOf").or_else(|| resolved.get("anyOf"));
        let variants = variants.map(Json::items).unwrap_or_default();
        let shown = variants.iter().map(|variant| {
            let fields = self.show_at(variant, asked, depth + 1);
            let words = self.resolve(variant).get("description").and_then(Json::text);
            let words = words.map(|words| format!("<p>{}</p>", inline(words)));
            format!("<div class=\"variant\">{}{fields}</div>\n", words.unwrap_or_default())
        });
        shown.collect()
    }

    /// The word for what a value is.
    pub(super) fn kind(self, schema: &'a Json, nullable: bool) -> String {
        let resolved = self.resolve(schema);
        let kinds = match resolved.get("type") {
            Some(Json::Text(kind)) => vec![kind.as_str()],
            Some(Json::List(kinds)) => kinds.iter().filter_map(Json::text).collect(),
            _ => Vec::new(),
        };
        let mut kinds: Vec<String> =
            kinds.into_iter().filter(|kind| *kind != "null").map(str::to_owned).collect();
        if let Some(items) = resolved.get("items") {
            kinds = vec![format!("list of {}", self.kind(items, false))];
        }
        if kinds.is_empty() {
            let union = resolved.get("oneOf").or_else(|| resolved.get("anyOf"));
            kinds.push(if union.is_some() { "one of several" } else { "object" }.to_owned());
        }
        if nullable {
            kinds.push("null".into());
        }
        kinds.join(" or ")
    }
}

struct Member<'a> {
    name: &'a str,
    schema: &'a Json,
    needed: bool,
}

/// What a value must keep to, as HTML.
pub(super) fn bounds(schema: &Json) -> String {
    let number = |name: &str| schema.get(name).map(Json::to_string);
    let mut said = Vec::new();
    let words = schema.get("enum").map(Json::items).unwrap_or_default();
    let words =
        words.iter().filter_map(Json::text).map(|word| format!("<code>{}</code>", escape(word)));
    let words: Vec<_> = words.collect();
    if !words.is_empty() {
        said.push(format!("One of {}", words.join(", ")));
    }
    if let Some(only) = schema.get("const") {
        said.push(format!("Always <code>{}</code>", escape(&only.to_string())));
    }
    for (least, most, of) in [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " entries"),
    ] {
        match (number(least), number(most)) {
            (Some(least), Some(most)) => said.push(format!("{least} to {most}{of}")),
            (Some(least), None) => said.push(format!("At least {least}{of}")),
            (None, Some(most)) => said.push(format!("At most {most}{of}")),
            (None, None) => {}
        }
    }
    if let Some(pattern) = schema.get("pattern").and_then(Json::text) {
        said.push(format!("<code>{}</code>", escape(pattern)));
    }
    said.join(" · ")
}
