//! What the generator leaves behind: parameters and bodies that could be null, and ids without a word
//! on them.

use super::json::Json;

/// What the parts of paths are, by name.
const PATH_PARTS: &[(&str, &str)] = &[
    ("id", "The id of the object."),
    ("refid", "The id of the transaction."),
    ("symbol", "The symbol of the asset, in any case."),
];

/// Make parameters and bodies say what they take.
pub(super) fn tidy(document: &mut Json) {
    for (_, item) in document.entry("paths").fields_mut() {
        for (_, operation) in item.fields_mut() {
            tidy_stream(operation);
            if let Some(Json::List(parameters)) = operation.get_mut("parameters") {
                parameters.iter_mut().for_each(tidy_parameter);
            }
            if let Some(body) = operation.get_mut("requestBody") {
                tidy_body(body);
            }
        }
    }
}

/// A stream of events is no JSON value, so no schema describes it.
fn tidy_stream(operation: &mut Json) {
    let Some(responses) = operation.get_mut("responses") else { return };
    for (_, response) in responses.fields_mut() {
        let content = response.get_mut("content");
        if let Some(stream) = content.and_then(|content| content.get_mut("text/event-stream")) {
            stream.remove("schema");
        }
    }
}

/// A body that may be left out is an object or not there; it is never the word null.
fn tidy_body(body: &mut Json) {
    let content = body.get_mut("content").and_then(|content| content.get_mut("application/json"));
    let Some(schema) = content.and_then(|content| content.get_mut("schema")) else { return };
    let variants = schema.get("oneOf").map(Json::items).unwrap_or_default();
    let is_null = |variant: &&Json| variant.get("type").and_then(Json::text) == Some("null");
    let others: Vec<Json> = variants.iter().filter(|variant| !is_null(variant)).cloned().collect();
    if let ([only], true) = (others.as_slice(), others.len() < variants.len()) {
        *schema = only.clone();
        body.set("required", false);
    }
}

fn tidy_parameter(parameter: &mut Json) {
    if parameter.get("name").and_then(Json::text) == Some("Idempotency-Key")
        && let Some(schema) = parameter.get_mut("schema")
    {
        schema.set("minLength", 1);
        schema.set("maxLength", 255);
        schema.set("pattern", "^[!-~]([ -~]*[!-~])?$");
    }
    // What is not in the query at all is left out; there is no way to write null there.
    if let Some(schema) = parameter.get_mut("schema") {
        let kinds = schema.get("type").map(Json::items).unwrap_or_default();
        let kinds: Vec<Json> =
            kinds.iter().filter(|kind| kind.text() != Some("null")).cloned().collect();
        if let [kind] = kinds.as_slice() {
            schema.set("type", kind.clone());
        }
    }
    let text = |name| parameter.get(name).and_then(Json::text);
    if text("in") == Some("path") && text("description").is_none() {
        let known = PATH_PARTS.iter().find(|(name, _)| text("name") == Some(name));
        if let Some((_, description)) = known {
            parameter.set("description", *description);
        }
    }
}
