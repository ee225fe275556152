//! Every answer of every test here is held against the OpenAPI document: its status and code are
//! those that the operation names, and its body is what the schema says.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use axum::http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::Reply;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(gate_http::openapi_document()).unwrap());

/// Validators, by the place of their schema.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

pub(crate) fn document() -> &'static Value {
    &DOCUMENT
}

/// Hold an answer against the document.
pub(crate) fn check(method: &Method, path: &str, reply: &Reply) {
    let Some((template, operation)) = operation_of(method, path) else { return };
    let place = format!("{method} {template}");
    let status = reply.status.as_u16().to_string();
    let response = resolve(&operation["responses"][&status]);
    if response.is_null() {
        let said = String::from_utf8_lossy(&reply.bytes);
        panic!("{place} does not name the status {status}, which came with {said}");
    }
    if reply.status.is_client_error() || reply.status.is_server_error() {
        let code = reply.value()["code"].as_str().unwrap().to_owned();
        let named = response["description"].as_str().unwrap().contains(&format!("`{code}`"));
        // What cannot be a part of a path, and helpers that live mode does not have.
        assert!(named || code == "route_not_found", "{place} {status} does not name {code}");
    }
    let content = &response["content"]["application/json"]["schema"];
    if !content.is_null() {
        fits(&format!("{place} {status}"), content, &reply.value());
    }
}

/// Hold a value against a schema of the document.
pub(crate) fn fits(place: &str, schema: &Value, value: &Value) {
    let validator = validator(schema);
    let problems: Vec<_> = validator
        .iter_errors(value)
        .map(|problem| format!("{} at {}", problem, problem.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{place}: {problems:#?}\n{value:#}");
}

fn validator(schema: &Value) -> Arc<Validator> {
    let mut validators = VALIDATORS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let made = validators.entry(schema.to_string()).or_insert_with(|| {
        let whole = json!({ "allOf": [schema], "components": DOCUMENT["components"] });
        Arc::new(jsonschema::draft202012::new(&whole).unwrap())
    });
    Arc::clone(made)
}

/// The operation behind a path, and the template that it has in the document.
pub(crate) fn operation_of(method: &Method, path: &str) -> Option<(&'static str, &'static Value)> {
    let method = method.as_str().to_lowercase();
    let wanted: Vec<_> = path.split('/').collect();
    let matches = |template: &str| {
        let parts: Vec<_> = template.split('/').collect();
        parts.len() == wanted.len()
            && parts.iter().zip(&wanted).all(|(part, wanted)| {
                part == wanted || (part.starts_with('{') && !wanted.is_empty())
            })
    };
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let mut found: Vec<_> =
        paths.filter(|(template, item)| matches(template) && !item[&method].is_null()).collect();
    // A path that is spelt out wins over a part that stands for anything.
    found.sort_by_key(|(template, _)| template.matches('{').count());
    found.first().map(|(template, item)| (template.as_str(), &item[&method]))
}

pub(crate) fn resolve(value: &'static Value) -> &'static Value {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.map_or(value, |pointer| DOCUMENT.pointer(pointer).unwrap())
}
