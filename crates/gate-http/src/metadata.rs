//! The partner's notes on a session or a customer (decisions, "Sessions").

use serde_json::{Map, Number, Value};

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
            Value::Number(number) if is_rounded(number) => problems.push(format!(
                "metadata value {shown:?} is too large for a whole number: send it as a string."
            )),
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

/// Whether a whole number has more digits than are kept of it: from 2^64 on, and from -2^63 down. The last
/// one itself is kept, but what is below it is read as the same.
fn is_rounded(number: &Number) -> bool {
    const TOO_LARGE: f64 = 18_446_744_073_709_551_616.0;
    const TOO_SMALL: f64 = -9_223_372_036_854_775_808.0;
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(float) => float <= TOO_SMALL || float >= TOO_LARGE,
        None => number.as_i64() == Some(i64::MIN),
    }
}
