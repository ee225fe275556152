//! The bodies that make and change an endpoint, checked field by field.

use gate_app::endpoint_url::{URL_CHARS_MAX, check_endpoint_url};
use gate_app::endpoints::{ChangeEndpoint, DESCRIPTION_CHARS_MAX};
use gate_domain::change::Change;
use gate_domain::event_filter::{EventFilter, PATTERNS_MAX, is_pattern};
use gate_domain::ids::Mode;
use gate_store::EndpointStatus;
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::fields::{Fields, shown};

/// The URL, the filter and the description of a new endpoint.
pub(super) fn read_create(
    body: Map<String, Value>,
    mode: Mode,
) -> Result<(String, EventFilter, Option<String>), ApiError> {
    let mut fields = Fields::new(body);
    let url = fields.text("url", URL_CHARS_MAX);
    let url = url.and_then(|url| check_url(&mut fields, url, mode));
    let patterns = fields.texts_opt("event_types");
    let filter = read_filter(&mut fields, patterns).unwrap_or_else(EventFilter::everything);
    let description = fields.text_opt("description", DESCRIPTION_CHARS_MAX);
    fields.finish(url.map(|url| (url, filter, description)))
}

/// What changes about an endpoint.
pub(super) fn read_change(
    body: Map<String, Value>,
    mode: Mode,
) -> Result<ChangeEndpoint, ApiError> {
    let mut fields = Fields::new(body);
    let url = read_word(&mut fields, "url", URL_CHARS_MAX);
    let url = url.and_then(|url| check_url(&mut fields, url, mode));
    let filter = match fields.texts_change("event_types") {
        Change::Keep => None,
        Change::Clear => Some(EventFilter::everything()),
        Change::Set(patterns) => read_filter(&mut fields, Some(patterns)),
    };
    let description = fields.text_change("description", DESCRIPTION_CHARS_MAX);
    let status = read_word(&mut fields, "status", 20).and_then(|word| {
        let status = EndpointStatus::parse(&word);
        if status.is_none() {
            fields.problem("status", "field_range", "status must be enabled or disabled.");
        }
        status
    });
    fields.finish(Some(ChangeEndpoint { url, filter, description, status }))
}

/// A text of a PATCH that can be changed and not cleared.
fn read_word(fields: &mut Fields, name: &str, chars_max: usize) -> Option<String> {
    match fields.text_change(name, chars_max) {
        Change::Keep => None,
        Change::Set(word) => Some(word),
        Change::Clear => {
            let message = format!("{name} cannot be cleared. Leave it out to keep it.");
            fields.problem(name, "field_type", message);
            None
        }
    }
}

fn check_url(fields: &mut Fields, url: String, mode: Mode) -> Option<String> {
    match check_endpoint_url(&url, mode) {
        Ok(()) => Some(url),
        Err(problem) => {
            fields.problem("url", "url_invalid", format!("url {problem}."));
            None
        }
    }
}

/// A list of patterns; none where there is none, or where something is wrong with it.
pub(super) fn read_filter(
    fields: &mut Fields,
    patterns: Option<Vec<String>>,
) -> Option<EventFilter> {
    let patterns = patterns?;
    if !(1..=PATTERNS_MAX).contains(&patterns.len()) {
        let message = format!("event_types must have 1 to {PATTERNS_MAX} entries.");
        fields.problem("event_types", "field_length", message);
        return None;
    }
    for (index, pattern) in patterns.iter().enumerate() {
        if !is_pattern(pattern) {
            let message = format!(
                "There is no event type {:?}. Send exact types such as gate_session.completed, families such as rail.*, or *.",
                shown(pattern)
            );
            fields.problem(&format!("event_types/{index}"), "event_type_unknown", message);
        }
    }
    EventFilter::parse(&patterns).ok()
}
