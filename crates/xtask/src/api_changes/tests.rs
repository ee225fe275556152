//! Each rule: the change that breaks is told, the same change the other way round is not.

use serde_json::json;

use super::*;

/// A document with one operation: it takes and answers the schema `Thing`.
fn document(request: &Value, answer: &Value) -> Value {
    json!({
        "paths": { "/things": { "post": {
            "operationId": "createThing",
            "security": [{ "secretKey": [] }],
            "parameters": [
                { "in": "query", "name": "limit", "schema": { "type": "integer", "minimum": 1, "maximum": 100 } },
            ],
            "requestBody": { "required": true, "content": { "application/json": { "schema": request } } },
            "responses": {
                "201": {
                    "headers": { "X-Request-Id": {} },
                    "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } },
                },
                "400": {},
            },
        } } },
        "webhooks": { "thing.made": { "post": { "requestBody": {
            "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } },
        } } } },
        "components": { "schemas": { "Thing": answer } },
    })
}

fn plain() -> (Value, Value) {
    let request = json!({
        "type": "object",
        "required": ["amount"],
        "properties": {
            "amount": { "type": "string", "maxLength": 30, "minLength": 1, "pattern": "^[0-9]+$" },
            "note": { "type": ["string", "null"] },
            "flow": { "type": "string", "enum": ["buy", "sell"] },
        },
    });
    let answer = json!({
        "type": "object",
        "required": ["id", "status"],
        "properties": {
            "id": { "type": "string" },
            "status": { "type": "string", "enum": ["open", "done"] },
            "parent": { "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Thing" }] },
        },
    });
    (request, answer)
}

/// What breaks when something is put into the document.
fn after(pointer: &str, value: Value) -> Vec<String> {
    let (old, new) = changed(pointer, value);
    breaking_changes(&old, &new)
}

/// What breaks when that is taken back again.
fn before(pointer: &str, value: Value) -> Vec<String> {
    let (old, new) = changed(pointer, value);
    breaking_changes(&new, &old)
}

fn changed(pointer: &str, value: Value) -> (Value, Value) {
    let (request, answer) = plain();
    let old = document(&request, &answer);
    let mut new = old.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let place = new.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    let name = name.replace("~1", "/");
    match value {
        Value::Null => place.remove(&name),
        value => place.insert(name, value),
    };
    assert_ne!(old, new, "{pointer} changes nothing");
    (old, new)
}

const OPERATION: &str = "/paths/~1things/post";
const REQUEST: &str = "/paths/~1things/post/requestBody/content/application~1json/schema";
const THING: &str = "/components/schemas/Thing";

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn nothing_changed_nothing_breaks() {
    let (request, answer) = plain();
    let document = document(&request, &answer);
    assert_eq!(breaking_changes(&document, &document), none());
}

#[test]
fn operations_may_come_and_must_stay() {
    assert_eq!(after(OPERATION, Value::Null), ["POST /things is gone"]);
    assert_eq!(before(OPERATION, Value::Null), none());
    assert_eq!(after("/paths/~1things", Value::Null), ["POST /things is gone"]);
    assert_eq!(after("/paths/~1others", json!({ "get": {} })), none());
}

#[test]
fn the_name_and_the_credential_stay() {
    let renamed = after(&format!("{OPERATION}/operationId"), json!("makeThing"));
    assert_eq!(
        renamed,
        ["POST /things has another operationId, which names it in generated clients"]
    );
    let locked = after(&format!("{OPERATION}/security"), json!([{ "other": [] }]));
    assert_eq!(locked, ["POST /things wants another credential"]);
}

#[test]
fn a_parameter_stays_and_is_not_required_later() {
    let parameters = format!("{OPERATION}/parameters");
    let limit = |more: Value| {
        let mut limit = json!({ "in": "query", "name": "limit", "schema": { "type": "integer", "minimum": 1, "maximum": 100 } });
        for (name, value) in more.as_object().unwrap() {
            limit[name] = value.clone();
        }
        limit
    };
    assert_eq!(after(&parameters, json!([])), ["POST /things query limit is gone"]);
    let required = json!([limit(json!({ "required": true }))]);
    assert_eq!(after(&parameters, required.clone()), ["POST /things query limit is required now"]);
    assert_eq!(before(&parameters, required), none());
    let smaller =
        json!([limit(json!({ "schema": { "type": "integer", "minimum": 1, "maximum": 50 } }))]);
    assert_eq!(
        after(&parameters, smaller.clone()),
        ["POST /things query limit has a lower maximum"]
    );
    assert_eq!(before(&parameters, smaller), none());
    let more = |required| json!([limit(json!({})), { "in": "header", "name": "Key", "required": required, "schema": {} }]);
    assert_eq!(after(&parameters, more(true)), ["POST /things header Key is new and required"]);
    assert_eq!(after(&parameters, more(false)), none());
}

#[test]
fn a_body_is_not_wanted_later_and_not_refused_later() {
    let body = format!("{OPERATION}/requestBody");
    assert_eq!(after(&body, Value::Null), ["POST /things takes no body any more"]);
    assert_eq!(before(&body, Value::Null), ["POST /things wants a body now"]);
    let required = format!("{OPERATION}/requestBody/required");
    assert_eq!(after(&required, json!(false)), none());
    assert_eq!(before(&required, json!(false)), ["POST /things wants a body now"]);
    let content = format!("{OPERATION}/requestBody/content");
    let other = after(&content, json!({ "text/plain": {} }));
    assert_eq!(other, ["POST /things body is not application/json any more"]);
}

#[test]
fn a_request_gets_wider_and_never_narrower() {
    let field = |name: &str| format!("{REQUEST}/properties/{name}");
    let gone = after(&field("note"), Value::Null);
    assert_eq!(gone, ["POST /things body.note is gone"], "it would be refused as unknown");
    assert_eq!(before(&field("note"), Value::Null), none());

    let required = format!("{REQUEST}/required");
    let note = after(&required, json!(["amount", "note"]));
    assert_eq!(note, ["POST /things body.note is required now"]);
    assert_eq!(after(&required, json!([])), none());
    let (request, answer) = plain();
    let mut wants_more = request.clone();
    wants_more["properties"]["colour"] = json!({ "type": "string" });
    wants_more["required"] = json!(["amount", "colour"]);
    let new = document(&wants_more, &answer);
    let changes = breaking_changes(&document(&request, &answer), &new);
    assert_eq!(changes, ["POST /things body.colour is new and required"]);

    let kind = format!("{}/type", field("note"));
    let never_null = after(&kind, json!("string"));
    assert_eq!(never_null, ["POST /things body.note null is not taken any more"]);
    assert_eq!(before(&kind, json!("string")), none());
    let number = after(&kind, json!(["integer", "null"]));
    assert_eq!(number, ["POST /things body.note string is not taken any more"]);

    let words = format!("{}/enum", field("flow"));
    let fewer = after(&words, json!(["buy"]));
    assert_eq!(fewer, ["POST /things body.flow does not take \"sell\" any more"]);
    assert_eq!(before(&words, json!(["buy"])), none());
    let closed = before(&words, Value::Null);
    assert_eq!(closed, ["POST /things body.flow takes only certain values now"]);
}

#[test]
fn bounds_of_a_request_do_not_tighten() {
    let rule = |name: &str| format!("{REQUEST}/properties/amount/{name}");
    for (name, tighter, told) in [
        ("maxLength", json!(20), "has a lower maxLength"),
        ("minLength", json!(2), "has a higher minLength"),
        ("pattern", json!("^[1-9]+$"), "has another pattern"),
        ("format", json!("uri"), "has another format"),
    ] {
        let told = format!("POST /things body.amount {told}");
        assert_eq!(after(&rule(name), tighter), [told], "{name}");
    }
    for name in ["maxLength", "minLength", "pattern"] {
        assert_eq!(after(&rule(name), Value::Null), none(), "no {name} at all is wider");
        assert_eq!(before(&rule(name), Value::Null).len(), 1, "{name} came");
    }
    assert_eq!(before(&rule("maxLength"), json!(20)), none());
    assert_eq!(before(&rule("minLength"), json!(2)), none());
}

#[test]
fn an_answer_says_more_and_never_less() {
    let twice = |how: &str| vec![format!("POST /things 201{how}")];
    let field = |name: &str| format!("{THING}/properties/{name}");
    assert_eq!(after(&field("id"), Value::Null), twice(".id is gone"));
    assert_eq!(before(&field("parent"), Value::Null), none());
    let required = format!("{THING}/required");
    assert_eq!(after(&required, json!(["id"])), twice(".status may be missing now"));
    assert_eq!(before(&required, json!(["id"])), none());
    let kind = format!("{}/type", field("id"));
    assert_eq!(after(&kind, json!(["string", "null"])), twice(".id null can be answered now"));
    assert_eq!(before(&kind, json!(["string", "null"])), none());
    assert_eq!(after(&kind, json!("integer")), twice(".id integer can be answered now"));
    let words = format!("{}/enum", field("status"));
    let more = json!(["open", "done", "lost"]);
    assert_eq!(after(&words, more), none(), "callers were told to expect new words");
    assert_eq!(after(&format!("{}/maxLength", field("id")), json!(10)), none());
}

#[test]
fn statuses_and_headers_of_an_answer_stay() {
    let at = |path: &str| format!("{OPERATION}/responses/{path}");
    assert_eq!(after(&at("201"), Value::Null), ["POST /things 201 is gone"]);
    assert_eq!(after(&at("202"), json!({})), ["POST /things can answer 202 now"]);
    assert_eq!(after(&at("400"), Value::Null), none(), "one failure less");
    assert_eq!(after(&at("409"), json!({})), none(), "failures may come; their shape is one");
    let header = after(&at("201/headers/X-Request-Id"), Value::Null);
    assert_eq!(header, ["POST /things 201 header X-Request-Id is gone"]);
}

#[test]
fn events_stay_and_what_they_carry_is_an_answer() {
    assert_eq!(after("/webhooks/thing.made", Value::Null), ["event thing.made is gone"]);
    assert_eq!(before("/webhooks/thing.made", Value::Null), none());
    let at = "/webhooks/thing.made/post/requestBody/content/application~1json/schema";
    let other = after(at, json!({ "type": "string" }));
    assert!(other.contains(&"event thing.made string can be answered now".to_owned()), "{other:?}");
    assert!(other.contains(&"event thing.made.id is gone".to_owned()), "{other:?}");
}

#[test]
fn parts_and_choices_are_followed() {
    let (_, answer) = plain();
    let parts = json!({ "allOf": [{ "$ref": "#/components/schemas/Thing" }] });
    assert_eq!(breaking_changes(&document(&parts, &answer), &document(&parts, &answer)), none());
    let flat = document(&answer, &answer);
    assert_eq!(breaking_changes(&flat, &document(&parts, &answer)), none(), "the same in parts");

    let variant = |word: &str| json!({ "type": "object", "properties": { "step": { "const": word }, "x": { "type": "string" } } });
    let choice = |words: &[&str]| {
        let variants: Vec<_> = words.iter().map(|word| variant(word)).collect();
        document(&json!({ "oneOf": variants }), &json!({ "oneOf": variants }))
    };
    let fewer = breaking_changes(&choice(&["a", "b"]), &choice(&["b"]));
    assert_eq!(fewer, ["POST /things body<step=\"a\"> is not taken any more"]);
    assert_eq!(breaking_changes(&choice(&["b"]), &choice(&["a", "b"])), none());
}

#[test]
fn what_was_taken_may_become_one_of_several() {
    let (_, answer) = plain();
    let of = |field: &str| json!({ "type": "object", "required": [field], "properties": { field: { "type": "string" } } });
    let before = document(&of("iban"), &answer);
    let one_of = |fields: &[&str]| {
        let shapes: Vec<_> = fields.iter().map(|field| of(field)).collect();
        document(&json!({ "oneOf": shapes }), &answer)
    };
    assert_eq!(breaking_changes(&before, &one_of(&["pix_key", "iban"])), none());
    let gone = breaking_changes(&before, &one_of(&["pix_key", "card"]));
    assert!(
        gone.contains(&"POST /things body takes only certain shapes now".to_owned()),
        "{gone:?}"
    );
}
