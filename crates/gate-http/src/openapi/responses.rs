//! The failures of each operation, status by status, and the headers of every answer.

use super::failures::codes_of;
use super::json::Json;
use crate::error::registry::{Failure, failures};

/// The headers that every answer of the API carries, and what they say.
const HEADERS: &[(&str, &str, &str)] = &[
    ("X-Request-Id", "string", "The id of this request. Name it when you ask us about it."),
    ("Gate-Version", "string", "The version of the API that answered."),
    ("RateLimit-Limit", "integer", "How many requests may come at once."),
    ("RateLimit-Remaining", "integer", "How many may come now."),
    ("RateLimit-Reset", "integer", "Seconds until the whole limit is there again."),
];
const RETRY_AFTER: (&str, &str, &str) =
    ("Retry-After", "integer", "Seconds to wait before the next try.");

/// Statuses whose failures are the same wherever they happen, and the name of that answer.
const SHARED: &[(u16, &str)] = &[
    (401, "Unauthenticated"),
    (403, "Forbidden"),
    (404, "NotFound"),
    (408, "TooSlow"),
    (413, "TooLarge"),
    (415, "NotJson"),
    (425, "TwinInProgress"),
    (429, "TooMany"),
    (500, "OurFault"),
    (503, "Busy"),
];

/// What each status means, in a few words.
fn title(status: u16) -> &'static str {
    match status {
        400 => "The request is not valid.",
        401 => "The credential is missing or wrong.",
        403 => "The credential is good, but not for this.",
        404 => "There is no such thing, or it is not yours.",
        408 => "The body did not arrive in time.",
        409 => "The state of things does not allow it.",
        413 => "The body is too large.",
        415 => "The body is not JSON.",
        425 => "A twin of this request is still being worked on.",
        429 => "Too many requests.",
        501 => "This is not enabled here.",
        503 => "The gateway is busy; try again shortly.",
        _ => "Our fault, not yours.",
    }
}

/// Write the failures of every operation into the document, and the headers of every answer.
pub(super) fn describe(document: &mut Json) {
    let failures = failures();
    let mut shared: Vec<(String, Json)> = Vec::new();
    for (path, item) in document.entry("paths").fields_mut() {
        for (method, operation) in item.fields_mut() {
            let codes = codes_of(path, method, operation);
            let with_headers = path.starts_with("/v1/");
            describe_one(operation, &codes, &failures, with_headers, &mut shared);
        }
    }
    shared.sort_by(|(one, _), (other, _)| one.cmp(other));
    let components = document.entry("components");
    components.set("responses", Json::Object(shared));
    components.set("headers", headers());
    components.set("examples", examples(&failures));
}

fn describe_one(
    operation: &mut Json,
    codes: &[&str],
    failures: &[Failure],
    with_headers: bool,
    shared: &mut Vec<(String, Json)>,
) {
    let responses = operation.entry("responses");
    responses.remove("default");
    if with_headers {
        for (_, response) in responses.fields_mut() {
            response.set("headers", header_references(false));
        }
    }
    let of_operation = failures.iter().filter(|failure| codes.contains(&failure.name()));
    let of_operation: Vec<_> = of_operation.collect();
    let mut statuses: Vec<_> = of_operation.iter().map(|failure| failure.status).collect();
    statuses.dedup();
    for status in statuses {
        let same = of_operation.iter().filter(|failure| failure.status == status);
        let same: Vec<&Failure> = same.copied().collect();
        let response = response_of(&same, with_headers);
        let known = SHARED.iter().find(|(known, _)| *known == status);
        let response = match known {
            None => response,
            Some((_, name)) => Json::reference("responses", &share(shared, name, response)),
        };
        responses.set(&status.to_string(), response);
    }
}

/// Give an answer that happens in many places a name: the same one for the same answer.
fn share(shared: &mut Vec<(String, Json)>, name: &str, response: Json) -> String {
    if let Some((known, _)) = shared.iter().find(|(_, other)| *other == response) {
        return known.clone();
    }
    let twins = shared.iter().filter(|(known, _)| known.starts_with(name)).count();
    let name = if twins == 0 { name.to_owned() } else { format!("{name}{}", twins + 1) };
    shared.push((name.clone(), response));
    name
}

fn response_of(failures: &[&Failure], with_headers: bool) -> Json {
    let Some(first) = failures.first() else { return Json::Null };
    let codes: Vec<_> = failures.iter().map(|failure| format!("`{}`", failure.code())).collect();
    let description = format!("{} Codes: {}.", title(first.status), codes.join(", "));
    let examples = failures
        .iter()
        .map(|failure| (failure.name().to_owned(), Json::reference("examples", failure.name())));
    let content = Json::object([
        ("schema", Json::reference("schemas", "ErrorBody")),
        ("examples", Json::object(examples)),
    ]);
    let mut response = Json::object([("description", Json::from(description))]);
    if with_headers {
        let retries = failures.iter().any(|failure| failure.retries);
        response.set("headers", header_references(retries));
    }
    response.set("content", Json::object([("application/json", content)]));
    response
}

fn header_references(retries: bool) -> Json {
    let retry_after = retries.then_some(&RETRY_AFTER);
    Json::object(
        HEADERS
            .iter()
            .chain(retry_after)
            .map(|(name, _, _)| (*name, Json::reference("headers", name))),
    )
}

fn headers() -> Json {
    Json::object(HEADERS.iter().chain([&RETRY_AFTER]).map(|(name, kind, description)| {
        let mut schema = Json::object([("type", Json::from(*kind))]);
        if *kind == "integer" {
            schema.set("minimum", 0);
        }
        let header = [("description", Json::from(*description)), ("schema", schema)];
        (*name, Json::object(header))
    }))
}

fn examples(failures: &[Failure]) -> Json {
    Json::object(failures.iter().map(|failure| {
        let body = serde_json::to_string(&failure.body).expect("an error body is plain JSON");
        let body = serde_json::from_str(&body).expect("it was written just now");
        let summary = Json::from(failure.body.message.as_str());
        (failure.name().to_owned(), Json::object([("summary", summary), ("value", body)]))
    }))
}
