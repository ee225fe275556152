//! Query parameters: known ones only, each within its bounds.

use std::collections::BTreeMap;

use gate_domain::event_filter::EventFilter;
use gate_domain::ids::InvalidId;
use gate_wire::error::ProblemBody;

use crate::error::ApiError;
use crate::fields::shown;

/// The parameters of a request, taken one by one. What is left at the end is unknown.
pub(crate) struct Query {
    parameters: BTreeMap<String, String>,
    problems: Vec<ProblemBody>,
}

impl Query {
    pub(crate) fn parse(query: Option<&str>) -> Result<Self, ApiError> {
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let mut parameters = BTreeMap::new();
        for (name, value) in pairs.into_owned() {
            let name_shown = shown(&name);
            if parameters.insert(name, value).is_some() {
                let message = "A parameter is given twice.";
                return Err(ApiError::field(&name_shown, "field_unknown", message));
            }
        }
        Ok(Self { parameters, problems: Vec::new() })
    }

    fn problem(&mut self, name: &str, code: &str, message: String) {
        self.problems.push(ProblemBody { param: name.into(), code: code.into(), message });
    }

    /// A parameter that cannot be there, for this reason.
    pub(crate) fn refuse(&mut self, name: &str, reason: &str) {
        self.problem(name, "field_not_accepted", reason.into());
    }

    /// A whole number within bounds.
    pub(crate) fn integer(&mut self, name: &str, min: i64, max: i64, default: i64) -> i64 {
        let Some(text) = self.parameters.remove(name) else { return default };
        let number = text.parse().ok().filter(|number| (min..=max).contains(number));
        number.unwrap_or_else(|| {
            let message = format!("{name} must be a whole number from {min} to {max}.");
            self.problem(name, "field_range", message);
            default
        })
    }

    /// A text of 1 to `chars_max` characters.
    pub(crate) fn text(&mut self, name: &str, chars_max: usize) -> Option<String> {
        let text = self.parameters.remove(name)?;
        if !(1..=chars_max).contains(&text.chars().count()) {
            let message = format!("{name} must have 1 to {chars_max} characters.");
            self.problem(name, "field_length", message);
            return None;
        }
        if text.contains('\0') {
            let message = format!("{name} must not hold the NUL character.");
            self.problem(name, "invalid_text", message);
            return None;
        }
        Some(text)
    }

    /// A code of so many letters, answered in upper case.
    pub(crate) fn letters(&mut self, name: &str, count: usize) -> Option<String> {
        let text = self.parameters.remove(name)?;
        if text.len() == count && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Some(text.to_ascii_uppercase());
        }
        let message = format!("{name} must have {count} letters.");
        self.problem(name, "field_range", message);
        None
    }

    /// The symbol of a crypto asset, answered in upper case.
    pub(crate) fn symbol(&mut self, name: &str) -> Option<String> {
        let text = self.parameters.remove(name)?;
        let known = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if known && (2..=12).contains(&text.len()) {
            return Some(text.to_ascii_uppercase());
        }
        let message = format!("{name} must have 2 to 12 letters and digits.");
        self.problem(name, "field_range", message);
        None
    }

    /// The same, where leaving it out means something.
    pub(crate) fn integer_opt(&mut self, name: &str, min: i64, max: i64) -> Option<i64> {
        self.parameters.contains_key(name).then(|| self.integer(name, min, max, min))
    }

    /// A type of event, or a family of them.
    pub(crate) fn pattern(&mut self, name: &str) -> Option<EventFilter> {
        let text = self.parameters.remove(name)?;
        let filter = EventFilter::parse(&[&text]).ok();
        if filter.is_none() {
            let message = format!(
                "There is no event type {:?}. Send an exact type such as gate_session.completed, or a family such as rail.*.",
                shown(&text)
            );
            self.problem(name, "event_type_unknown", message);
        }
        filter
    }

    /// One of a set of words.
    pub(crate) fn word(&mut self, name: &str, words: &[&'static str]) -> Option<&'static str> {
        let text = self.parameters.remove(name)?;
        let word = words.iter().find(|word| **word == text).copied();
        if word.is_none() {
            let message = format!("{name} must be one of {}.", words.join(", "));
            self.problem(name, "field_range", message);
        }
        word
    }

    /// The id of a row, as a place in a list.
    pub(crate) fn id<T>(
        &mut self,
        name: &str,
        parse: fn(&str) -> Result<T, InvalidId>,
    ) -> Option<T> {
        let text = self.parameters.remove(name)?;
        let id = parse(&text).ok();
        if id.is_none() {
            let message = format!("{name} must be the id of the last row of the page before.");
            self.problem(name, "cursor_invalid", message);
        }
        id
    }

    /// Nothing may be left over.
    pub(crate) fn finish(mut self) -> Result<(), ApiError> {
        let unknown: Vec<String> = self.parameters.keys().take(20).cloned().collect();
        for name in unknown {
            let shown = shown(&name);
            self.problem(&shown, "field_unknown", format!("There is no parameter {shown:?}."));
        }
        if self.problems.is_empty() { Ok(()) } else { Err(ApiError::problems(self.problems)) }
    }
}
