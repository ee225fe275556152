//! Examples of every operation: requests that a test sends, and what came back. The file is written
//! by the test `examples_are_true`, so an example that is no longer true cannot stay.

use std::sync::LazyLock;

use super::json::Json;

/// By operation: `path`, `request`, `status`, `response`; and `events`, by type.
static EXAMPLES: LazyLock<Json> = LazyLock::new(|| {
    serde_json::from_str(include_str!("examples.json")).expect("the file is JSON")
});

/// What was asked and answered once.
pub(crate) fn example_of(operation: &str) -> Option<&'static Json> {
    EXAMPLES.at(&["operations", operation])
}

/// An event as an endpoint received it once.
pub(crate) fn event_example(event_type: &str) -> Option<&'static Json> {
    EXAMPLES.at(&["events", event_type])
}

/// Put the examples into the document.
pub(super) fn show(document: &mut Json) {
    for (_, item) in document.entry("paths").fields_mut() {
        for (_, operation) in item.fields_mut() {
            let name = operation.get("operationId").and_then(Json::text).unwrap_or_default();
            if let Some(example) = example_of(name) {
                show_one(operation, example);
            }
        }
    }
}

fn show_one(operation: &mut Json, example: &Json) {
    let request = example.get("request").filter(|_| operation.get("requestBody").is_some());
    if let Some(request) = request {
        put(operation.entry("requestBody"), request);
    }
    let status = example.get("status").map(Json::to_string).unwrap_or_default();
    let response = operation.get_mut("responses").and_then(|responses| responses.get_mut(&status));
    if let Some((response, body)) = response.zip(example.get("response")) {
        put(response, body);
    }
}

/// Into the JSON content of a request body or a response.
fn put(place: &mut Json, example: &Json) {
    let content = place.get_mut("content").and_then(|content| content.get_mut("application/json"));
    if let Some(content) = content {
        content.set("example", example.clone());
    }
}
