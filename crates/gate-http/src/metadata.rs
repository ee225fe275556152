//! The partner's notes on a session or a customer (decisions, "Sessions").

use serde_json::{Map, Value};

use crate::fields::Fields;

const KEYS_MAX: usize = 50;
const KEY_CHARS_MAX: usize = 40;
const VALUE_CHARS_MAX: usize = 500;
const BYTES_MAX: usize = 8 * 1024;

/// Check the notes, telling everything that is wrong with them. Answers them as stored text.
pub(crate) fn check_metadata(fields: &mut Fields, metadata: Map<String, Value>) -> String {
    let mut problems = Vec::new();
    if metadata.len() > KEYS_MAX {
        problems.push(format!("metadata has at most {KEYS_MAX} keys."));
    }
    for (key, value) in metadata.iter().take(KEYS_MAX) {
        let shown: String = key.chars().take(KEY_CHARS_MAX).collect();
        if key.is_empty() || key.chars().count() > KEY_CHARS_MAX || key.contains('\0') {
            problems
                .push(format!("metadata key {shown:?} must have 1 to {KEY_CHARS_MAX} characters."));
        }
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text)
                if text.chars().count() <= VALUE_CHARS_MAX && !text.contains('\0') => {}
            Value::String(_) => problems.push(format!(
                "metadata value {shown:?} must have at most {VALUE_CHARS_MAX} characters."
            )),
            Value::Array(_) | Value::Object(_) => problems.push(format!(
                "metadata value {shown:?} must be a string, a number, a boolean or null."
            )),
        }
    }
    let text = Value::Object(metadata).to_string();
    if text.len() > BYTES_MAX {
        problems.push("metadata has at most 8 KiB in all.".into());
    }
    for problem in problems {
        fields.problem("metadata", "metadata_invalid", problem);
    }
    text
}
