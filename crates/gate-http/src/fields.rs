//! Checking the fields of a body, all of them, so that every problem is told at once.

use gate_domain::catalogue::Refusal;
use gate_domain::change::Change;
use gate_domain::text::check_visible;
use gate_wire::error::{ProblemBody, ReasonBody};
use serde_json::{Map, Value};

use crate::error::ApiError;

/// A word of the caller's choosing, short enough for a sentence of ours.
pub(crate) fn shown(word: &str) -> String {
    word.chars().take(40).collect()
}

/// The fields of a body, taken one by one. What is left at the end is unknown.
pub(crate) struct Fields {
    left: Map<String, Value>,
    prefix: String,
    problems: Vec<ProblemBody>,
    reason: Option<Box<ReasonBody>>,
}

impl Fields {
    pub(crate) fn new(fields: Map<String, Value>) -> Self {
        Self { left: fields, prefix: String::new(), problems: Vec::new(), reason: None }
    }

    /// Note a problem with a field.
    pub(crate) fn problem(&mut self, name: &str, code: &str, message: impl Into<String>) {
        let param = format!("{}/{name}", self.prefix);
        self.problems.push(ProblemBody { param, code: code.into(), message: message.into() });
    }

    /// Say which rule refused, and what would pass.
    pub(crate) fn explain(&mut self, reason: ReasonBody) {
        self.reason = Some(Box::new(reason));
    }

    /// Note that a rule refused a field, and what would pass.
    pub(crate) fn refused(&mut self, name: &str, refusal: &Refusal) {
        self.problem(name, refusal.code.as_str(), refusal.message.as_str());
        if self.reason.is_none() {
            self.explain(refusal.into());
        }
    }

    /// A text that must be there, of 1 to `chars_max` characters.
    pub(crate) fn text(&mut self, name: &str, chars_max: usize) -> Option<String> {
        if self.left.get(name).is_none_or(Value::is_null) {
            self.left.remove(name);
            self.problem(name, "field_required", format!("{name} is required."));
            return None;
        }
        self.text_opt(name, chars_max)
    }

    /// A text that may be left out or null.
    pub(crate) fn text_opt(&mut self, name: &str, chars_max: usize) -> Option<String> {
        match self.left.remove(name)? {
            Value::Null => None,
            Value::String(text) if text.contains('\0') => {
                self.problem(
                    name,
                    "invalid_text",
                    format!("{name} must not hold the NUL character."),
                );
                None
            }
            Value::String(text) if (1..=chars_max).contains(&text.chars().count()) => Some(text),
            Value::String(_) => {
                let message = format!("{name} must have 1 to {chars_max} characters.");
                self.problem(name, "field_length", message);
                None
            }
            _ => {
                self.problem(name, "field_type", format!("{name} must be a string."));
                None
            }
        }
    }

    /// The same, of characters that can be seen, in one line.
    pub(crate) fn line_opt(&mut self, name: &str, chars_max: usize) -> Option<String> {
        let text = self.text_opt(name, chars_max)?;
        match check_visible(&text) {
            Ok(()) => Some(text),
            Err(problem) => {
                self.problem(name, "invalid_text", problem.to_string());
                None
            }
        }
    }

    /// The same for a text that says something: not one of blanks alone.
    pub(crate) fn words_opt(&mut self, name: &str, chars_max: usize) -> Option<String> {
        let text = self.text_opt(name, chars_max)?;
        if text.trim().is_empty() {
            self.problem(name, "field_length", format!("{name} must not be blank."));
            return None;
        }
        Some(text)
    }

    /// Whether a field is there and not null. Null is taken away.
    pub(crate) fn holds(&mut self, name: &str) -> bool {
        if self.left.get(name).is_some_and(Value::is_null) {
            self.left.remove(name);
        }
        self.left.contains_key(name)
    }

    /// Refuse a field that is there, whatever it holds.
    pub(crate) fn refuse(&mut self, name: &str, code: &str, message: impl Into<String>) {
        if self.left.remove(name).is_some() {
            self.problem(name, code, message);
        }
    }

    /// A field of a PATCH: left out, null, or as `read` reads it.
    fn changed<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Change<T> {
        match self.left.get(name) {
            None => Change::Keep,
            Some(Value::Null) => {
                self.left.remove(name);
                Change::Clear
            }
            Some(_) => read(self).map_or(Change::Keep, Change::Set),
        }
    }

    /// A text of a PATCH: left out, null, or of 1 to `chars_max` characters.
    pub(crate) fn text_change(&mut self, name: &str, chars_max: usize) -> Change<String> {
        self.changed(name, |fields| fields.text_opt(name, chars_max))
    }

    /// The same, of characters that can be seen, in one line.
    pub(crate) fn line_change(&mut self, name: &str, chars_max: usize) -> Change<String> {
        self.changed(name, |fields| fields.line_opt(name, chars_max))
    }

    /// A list of texts of a PATCH: left out, null, or a list.
    pub(crate) fn texts_change(&mut self, name: &str) -> Change<Vec<String>> {
        self.changed(name, |fields| fields.texts_opt(name))
    }

    /// A list of whole numbers of a PATCH, still unchecked: left out, null, or a list.
    pub(crate) fn integers_change(&mut self, name: &str) -> Change<Vec<i64>> {
        self.changed(name, |fields| fields.integers_opt(name))
    }

    /// A whole number of a PATCH: left out, null, or within bounds.
    pub(crate) fn integer_change(&mut self, name: &str, min: i64, max: i64) -> Change<i64> {
        self.changed(name, |fields| fields.integer_opt(name, min, max))
    }

    /// An object of a PATCH: left out, null, or still unchecked.
    pub(crate) fn object_change(&mut self, name: &str) -> Change<Map<String, Value>> {
        self.changed(name, |fields| fields.object_opt(name))
    }

    /// A whole number within bounds that must be there.
    pub(crate) fn integer(&mut self, name: &str, min: i64, max: i64) -> Option<i64> {
        if self.left.get(name).is_none_or(Value::is_null) {
            self.left.remove(name);
            self.problem(name, "field_required", format!("{name} is required."));
            return None;
        }
        self.integer_opt(name, min, max)
    }

    /// A whole number within bounds that may be left out or null.
    pub(crate) fn integer_opt(&mut self, name: &str, min: i64, max: i64) -> Option<i64> {
        let value = self.left.remove(name).filter(|value| !value.is_null())?;
        let number = whole(&value).filter(|number| (min..=max).contains(number));
        if number.is_none() {
            let (code, message) = if value.is_number() {
                ("field_range", format!("{name} must be a whole number from {min} to {max}."))
            } else {
                ("field_type", format!("{name} must be a number."))
            };
            self.problem(name, code, message);
        }
        number
    }

    /// An object that may be left out or null, still unchecked.
    pub(crate) fn object_opt(&mut self, name: &str) -> Option<Map<String, Value>> {
        match self.left.remove(name)? {
            Value::Null => None,
            Value::Object(object) => Some(object),
            _ => {
                self.problem(name, "field_type", format!("{name} must be an object."));
                None
            }
        }
    }

    /// A list of texts that may be left out or null.
    pub(crate) fn texts_opt(&mut self, name: &str) -> Option<Vec<String>> {
        let texts = match self.left.remove(name)? {
            Value::Null => return None,
            Value::Array(values) => values
                .into_iter()
                .map(|value| match value {
                    Value::String(text) => Some(text),
                    _ => None,
                })
                .collect::<Option<Vec<_>>>(),
            _ => None,
        };
        if texts.is_none() {
            self.problem(name, "field_type", format!("{name} must be a list of strings."));
        }
        texts
    }

    /// A list of whole numbers that may be left out or null.
    fn integers_opt(&mut self, name: &str) -> Option<Vec<i64>> {
        let numbers = match self.left.remove(name)? {
            Value::Null => return None,
            Value::Array(values) => values.iter().map(whole).collect::<Option<Vec<_>>>(),
            _ => None,
        };
        if numbers.is_none() {
            self.problem(name, "field_type", format!("{name} must be a list of whole numbers."));
        }
        numbers
    }

    /// Yes or no, or left out or null.
    pub(crate) fn boolean_opt(&mut self, name: &str) -> Option<bool> {
        match self.left.remove(name)? {
            Value::Null => None,
            Value::Bool(yes) => Some(yes),
            _ => {
                self.problem(name, "field_type", format!("{name} must be true or false."));
                None
            }
        }
    }

    /// An object inside, whose fields are checked by `read`; its problems join ours.
    pub(crate) fn inside<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        if self.left.get(name).is_none_or(Value::is_null) {
            self.left.remove(name);
            self.problem(name, "field_required", format!("{name} is required."));
            return None;
        }
        let fields = self.object_opt(name)?;
        let prefix = format!("{}/{name}", self.prefix);
        let mut inner = Self { left: fields, prefix, problems: Vec::new(), reason: None };
        let value = read(&mut inner);
        inner.refuse_unknown();
        self.problems.append(&mut inner.problems);
        value
    }

    fn refuse_unknown(&mut self) {
        let unknown: Vec<String> = self.left.keys().take(20).cloned().collect();
        for name in unknown {
            let shown = shown(&name);
            let pointer = shown.replace('~', "~0").replace('/', "~1");
            self.problem(&pointer, "field_unknown", format!("There is no field {shown:?}."));
        }
    }

    /// The value, if nothing was wrong; or else everything that was.
    pub(crate) fn finish<T>(mut self, value: Option<T>) -> Result<T, ApiError> {
        self.refuse_unknown();
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => Err(ApiError::Problems(self.problems, self.reason)),
        }
    }
}

/// A whole number, however JSON writes it: `60` and `60.0` are the same.
fn whole(value: &Value) -> Option<i64> {
    /// Up to here each whole number has a float of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < EXACT);
    #[expect(clippy::cast_possible_truncation, reason = "it is whole, and small enough")]
    value.as_i64().or_else(|| float.map(|number| number as i64))
}
