//! Two schemas side by side. A request may only get wider, an answer may only get narrower or say
//! more.

use std::collections::{BTreeMap, BTreeSet};
use std::ptr;

use serde_json::Value;

/// Which way something travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    /// From the caller to us.
    Request,
    /// From us to the caller.
    Answer,
}

/// Two documents, and what breaks between them.
pub(super) struct Compared<'a> {
    old: &'a Value,
    new: &'a Value,
    /// What was compared already, by its place in memory: schemas may hold each other.
    seen: BTreeSet<(Vec<*const Value>, Vec<*const Value>, Way)>,
    changes: Vec<String>,
}

impl<'a> Compared<'a> {
    pub(super) fn new(old: &'a Value, new: &'a Value) -> Self {
        Self { old, new, seen: BTreeSet::new(), changes: Vec::new() }
    }

    pub(super) fn into_changes(self) -> Vec<String> {
        self.changes
    }

    /// Note a change that breaks.
    pub(super) fn breaks(&mut self, place: &str, how: &str) {
        self.changes.push(format!("{place} {how}"));
    }

    /// Compare what two schemas let pass.
    pub(super) fn schemas(&mut self, place: &str, old: &Value, new: &Value, way: Way) {
        if way == Way::Request && self.is_one_of(place, old, new) {
            return;
        }
        let old = Shape::of(self.old, old);
        let new = Shape::of(self.new, new);
        self.kinds(place, &old, &new, way);
        self.words(place, &old, &new, way);
        self.bounds(place, &old, &new, way);
        if !self.seen.insert((old.insides(), new.insides(), way)) {
            return;
        }
        self.members(place, &old, &new, way);
        self.variants(place, &old, &new, way);
        if let (Some(old), Some(new)) = (old.items, new.items) {
            self.schemas(&format!("{place}[]"), old, new, way);
        }
    }

    /// Whether what was taken is still taken, as one of several shapes.
    fn is_one_of(&self, place: &str, old: &Value, new: &Value) -> bool {
        let shapes = Shape::of(self.new, new).variants;
        let only_before = Shape::of(self.old, old).variants.is_empty();
        let same = |shape: &&Value| {
            let mut beside = Compared::new(self.old, self.new);
            beside.schemas(place, old, shape, Way::Request);
            beside.changes.is_empty()
        };
        only_before && shapes.values().any(same)
    }

    /// Types, and whether null is among them.
    fn kinds(&mut self, place: &str, old: &Shape, new: &Shape, way: Way) {
        let (wide, narrow, how) = match way {
            Way::Request => (&new.kinds, &old.kinds, "is not taken any more"),
            Way::Answer => (&old.kinds, &new.kinds, "can be answered now"),
        };
        // Without a type everything passes.
        if wide.is_empty() {
            return;
        }
        if narrow.is_empty() {
            self.breaks(place, "has another type");
            return;
        }
        let fits =
            |kind: &str| wide.contains(kind) || (kind == "integer" && wide.contains("number"));
        for kind in narrow.iter().filter(|kind| !fits(kind)) {
            self.breaks(place, &format!("{kind} {how}"));
        }
    }

    /// Closed sets. An answer may gain words: callers were told to expect that.
    fn words(&mut self, place: &str, old: &Shape, new: &Shape, way: Way) {
        if way == Way::Answer {
            return;
        }
        let Some(new) = &new.words else { return };
        match &old.words {
            None => self.breaks(place, "takes only certain values now"),
            Some(old) => {
                for word in old.difference(new) {
                    self.breaks(place, &format!("does not take {word} any more"));
                }
            }
        }
    }

    fn bounds(&mut self, place: &str, old: &Shape, new: &Shape, way: Way) {
        if way == Way::Answer {
            return;
        }
        for name in ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"] {
            if new.number(name) > old.number(name) {
                self.breaks(place, &format!("has a higher {name}"));
            }
        }
        for name in ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"] {
            let lowered = match (old.number(name), new.number(name)) {
                (_, None) => false,
                (None, Some(_)) => true,
                (Some(old), Some(new)) => new < old,
            };
            if lowered {
                self.breaks(place, &format!("has a lower {name}"));
            }
        }
        for name in ["pattern", "format", "multipleOf", "uniqueItems"] {
            let (old, new) = (old.rule(name), new.rule(name));
            if !new.is_null() && old != new {
                self.breaks(place, &format!("has another {name}"));
            }
        }
    }

    fn members(&mut self, place: &str, old: &Shape, new: &Shape, way: Way) {
        for (name, (old_field, old_needed)) in &old.members {
            let here = format!("{place}.{name}");
            let Some((new_field, new_needed)) = new.members.get(name) else {
                self.breaks(&here, "is gone");
                continue;
            };
            match way {
                Way::Request if *new_needed && !old_needed => {
                    self.breaks(&here, "is required now");
                }
                Way::Answer if *old_needed && !new_needed => {
                    self.breaks(&here, "may be missing now");
                }
                _ => {}
            }
            self.schemas(&here, old_field, new_field, way);
        }
        if way == Way::Request {
            let added = new.members.iter().filter(|(name, _)| !old.members.contains_key(*name));
            let added: Vec<_> = added.filter(|(_, (_, needed))| *needed).collect();
            for (name, _) in added {
                self.breaks(&format!("{place}.{name}"), "is new and required");
            }
        }
    }

    /// One of several shapes. Each is known by its name or by its constant fields, else by its place.
    fn variants(&mut self, place: &str, old: &Shape, new: &Shape, way: Way) {
        for (name, old_variant) in &old.variants {
            let here = format!("{place}<{name}>");
            match new.variants.get(name) {
                Some(new_variant) => self.schemas(&here, old_variant, new_variant, way),
                None if way == Way::Request => self.breaks(&here, "is not taken any more"),
                None => {}
            }
        }
        if way == Way::Request && old.variants.is_empty() && !new.variants.is_empty() {
            self.breaks(place, "takes only certain shapes now");
        }
    }
}

/// What a schema says, references followed and parts put together.
#[derive(Default)]
struct Shape<'a> {
    kinds: BTreeSet<&'a str>,
    words: Option<BTreeSet<String>>,
    members: BTreeMap<&'a str, (&'a Value, bool)>,
    variants: BTreeMap<String, &'a Value>,
    items: Option<&'a Value>,
    /// The schemas that rules are looked up in.
    parts: Vec<&'a Value>,
}

impl<'a> Shape<'a> {
    fn of(document: &'a Value, schema: &'a Value) -> Self {
        let mut shape = Self::default();
        shape.add(document, schema);
        shape
    }

    fn add(&mut self, document: &'a Value, schema: &'a Value) {
        let schema = resolve(document, schema);
        self.parts.push(schema);
        match &schema["type"] {
            Value::String(kind) => {
                self.kinds.insert(kind);
            }
            Value::Array(kinds) => self.kinds.extend(kinds.iter().filter_map(Value::as_str)),
            _ => {}
        }
        if let Some(words) = schema["enum"].as_array() {
            self.words = Some(words.iter().map(ToString::to_string).collect());
        }
        if let Some(word) = schema.get("const") {
            self.words = Some(BTreeSet::from([word.to_string()]));
        }
        if let Some(items) = schema.get("items") {
            self.items = Some(items);
        }
        let needed = schema["required"].as_array();
        let needed = |name: &str| needed.is_some_and(|all| all.iter().any(|needed| needed == name));
        for (name, field) in super::fields(&schema["properties"]) {
            self.members.insert(name, (field, needed(name)));
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.add(document, part);
        }
        let variants = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
        self.add_variants(document, variants.map(Vec::as_slice).unwrap_or_default());
    }

    /// A value or null is a value that may be null; anything else is a real choice.
    fn add_variants(&mut self, document: &'a Value, variants: &'a [Value]) {
        let others: Vec<_> = variants.iter().filter(|variant| variant["type"] != "null").collect();
        let nullable = others.len() < variants.len();
        if let ([only], true) = (others.as_slice(), nullable) {
            self.add(document, only);
        } else {
            for (place, variant) in others.into_iter().enumerate() {
                let name = variant_name(document, variant).unwrap_or_else(|| place.to_string());
                self.variants.insert(name, variant);
            }
        }
        if nullable {
            self.kinds.insert("null");
        }
    }

    /// Where what is inside of it is written down.
    fn insides(&self) -> Vec<*const Value> {
        let holds = |part: &&&Value| part.get("properties").is_some();
        let parts: Vec<_> =
            self.parts.iter().filter(holds).map(|part| ptr::from_ref(*part)).collect();
        if parts.is_empty() {
            self.parts.iter().map(|part| ptr::from_ref(*part)).collect()
        } else {
            parts
        }
    }

    fn rule(&self, name: &str) -> &'a Value {
        self.parts.iter().find_map(|part| part.get(name)).unwrap_or(&Value::Null)
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.rule(name).as_f64()
    }
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let pointer = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

fn variant_name(document: &Value, variant: &Value) -> Option<String> {
    if let Some(reference) = variant["$ref"].as_str() {
        return reference.rsplit('/').next().map(str::to_owned);
    }
    let shape = Shape::of(document, variant);
    let constants = shape.members.iter().filter_map(|(name, (field, _))| {
        let field = Shape::of(document, field);
        let words = field.words.filter(|words| words.len() == 1)?;
        Some(format!("{name}={}", words.into_iter().next()?))
    });
    let constants: Vec<_> = constants.collect();
    let title = variant["title"].as_str().map(str::to_owned);
    title.or_else(|| (!constants.is_empty()).then(|| constants.join(",")))
}
