//! `--set`: fields of the requests that make an event, and of the event itself.

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use super::super::event::Event;

/// One `name=value`.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    path: Vec<String>,
    value: Value,
}

/// Read `name.of.a.field=text` or `name.of.a.field:=json`.
pub(crate) fn read(text: &str) -> Result<Set, String> {
    let wanted = || "must be name=text or name:=json, such as amount=25.00".to_owned();
    let (name, value) = text.split_once('=').ok_or_else(wanted)?;
    let (name, value) = match name.strip_suffix(':') {
        None => (name, Value::from(value)),
        Some(name) => {
            let read = serde_json::from_str(value);
            (name, read.map_err(|error| format!("{value} is no JSON: {error}"))?)
        }
    };
    let path: Vec<_> = name.split('.').map(str::to_owned).collect();
    if path.iter().any(String::is_empty) {
        return Err(wanted());
    }
    Ok(Set { path, value })
}

/// All of them, each with the request that it belongs to.
pub(crate) struct Sets(Vec<(String, Set)>);

const EVENT: &str = "event";

impl Sets {
    /// Say which request each belongs to: the one that it names, or else the first.
    pub(super) fn sort(sets: Vec<Set>, requests: &[&str]) -> Result<Self, String> {
        let mut sorted = Vec::new();
        for mut set in sets {
            let named = set.path[0] == EVENT || requests.contains(&set.path[0].as_str());
            let request = if named && set.path.len() > 1 {
                set.path.remove(0)
            } else if let (false, Some(first)) = (named, requests.first()) {
                (*first).to_owned()
            } else {
                let path = set.path.join(".");
                return Err(format!(
                    "--set {path}: it names no field of a request that is made here."
                ));
            };
            sorted.push((request, set));
        }
        Ok(Self(sorted))
    }

    pub(super) fn change_the_event(&self) -> bool {
        self.0.iter().any(|(request, _)| request == EVENT)
    }

    /// A request with what was set.
    pub(super) fn apply(&self, request: &str, body: Value) -> Result<Value> {
        let sets = self.0.iter().filter(|(named, _)| named == request);
        sets.map(|(_, set)| set).try_fold(body, |mut body, set| {
            put(&mut body, &set.path, set.value.clone())
                .with_context(|| format!("--set {}", set.path.join(".")))?;
            Ok(body)
        })
    }

    /// What a field of a request was set to.
    pub(super) fn text(&self, request: &str, field: &str) -> Option<&str> {
        let set = self.0.iter().rfind(|(named, set)| named == request && set.path == [field])?;
        set.1.value.as_str()
    }

    /// A copy of the event with what was set.
    pub(super) fn change(&self, event: &Event) -> Result<Event> {
        let changed = self.apply(EVENT, event.value())?;
        Event::parse(&changed.to_string()).context("the changed copy is no event any more")
    }
}

/// Put a value at a path; what is on the way and not there is made.
fn put(value: &mut Value, path: &[String], new: Value) -> Result<()> {
    let Some((name, rest)) = path.split_first() else {
        *value = new;
        return Ok(());
    };
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(fields) => put(fields.entry(name.clone()).or_insert(Value::Null), rest, new),
        Value::Array(items) => {
            let item = name.parse::<usize>().ok().and_then(|index| items.get_mut(index));
            put(item.with_context(|| format!("the list has no item {name}"))?, rest, new)
        }
        _ => bail!("{name} would be inside of something that holds nothing"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sets(texts: &[&str]) -> Result<Sets, String> {
        let sets = texts.iter().map(|text| read(text).unwrap()).collect();
        Sets::sort(sets, &["quote", "session"])
    }

    #[test]
    fn each_belongs_to_a_request() {
        let sets =
            sets(&["amount=5", "session.metadata.order:=7", "session.metadata.gift=yes"]).unwrap();
        assert_eq!(sets.apply("quote", json!({})).unwrap(), json!({ "amount": "5" }));
        let session = sets.apply("session", json!({ "amount": "1" })).unwrap();
        assert_eq!(session, json!({ "amount": "1", "metadata": { "order": 7, "gift": "yes" } }));
        assert!(!sets.change_the_event());
    }

    #[test]
    fn a_value_may_hold_an_equals_sign_and_a_list_is_entered_by_number() {
        let set = read("return_url=https://shop.test/?a=b").unwrap();
        assert_eq!(set.value, "https://shop.test/?a=b");
        let mut value = json!({ "items": [1, 2] });
        put(&mut value, &["items".into(), "1".into()], json!("x")).unwrap();
        assert_eq!(value, json!({ "items": [1, "x"] }));
        assert!(put(&mut value, &["items".into(), "9".into()], json!(0)).is_err());
        assert!(put(&mut value, &["items".into(), "1".into(), "y".into()], json!(0)).is_err());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in ["amount", "=5", "a..b=5", "amount:=five"] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(sets(&["session=5"]).is_err());
        assert!(sets(&["event=5"]).is_err());
        assert!(sets(&["event.data.amount=5"]).unwrap().change_the_event());
    }
}
