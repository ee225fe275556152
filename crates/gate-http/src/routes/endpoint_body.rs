//! The bodies that make and change an endpoint, checked field by field.

use gate_app::endpoint_url::{URL_CHARS_MAX, check_endpoint_url};
use gate_app::endpoints::{ChangeEndpoint, CreateEndpoint, DESCRIPTION_CHARS_MAX};
use gate_domain::change::Change;
use gate_domain::endpoint_options::{
    EndpointHeaders, EndpointOptions, OptionsChange, Payload, RATE_LIMIT_MAX, RetrySchedule,
};
use gate_domain::event_filter::{EventFilter, PATTERNS_MAX, is_pattern};
use gate_domain::ids::{Mode, Tenant};
use gate_store::{EndpointStatus, IdempotentRequest};
use serde_json::{Map, Value};

use crate::error::ApiError;
use crate::fields::{Fields, shown};

/// A new endpoint.
pub(super) fn read_create(
    body: Map<String, Value>,
    tenant: Tenant,
    request: Option<IdempotentRequest>,
) -> Result<CreateEndpoint, ApiError> {
    let mut fields = Fields::new(body);
    let url = fields.text("url", URL_CHARS_MAX);
    let url = url.and_then(|url| check_url(&mut fields, url, tenant.mode));
    let patterns = fields.texts_opt("event_types");
    let filter = read_filter(&mut fields, patterns).unwrap_or_else(EventFilter::everything);
    let description = fields.line_opt("description", DESCRIPTION_CHARS_MAX);
    let options = read_options(&mut fields).over(EndpointOptions::default());
    let headers = read_headers(&mut fields).over(None);
    let create =
        |url| CreateEndpoint { tenant, request, url, filter, description, options, headers };
    fields.finish(url.map(create))
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
    let description = fields.line_change("description", DESCRIPTION_CHARS_MAX);
    let status = read_word(&mut fields, "status", 20).and_then(|word| {
        let status = EndpointStatus::parse(&word);
        if status.is_none() {
            fields.problem("status", "field_range", "status must be enabled or disabled.");
        }
        status
    });
    let options = read_options(&mut fields);
    let headers = read_headers(&mut fields);
    fields.finish(Some(ChangeEndpoint { url, filter, description, status, options, headers }))
}

fn read_options(fields: &mut Fields) -> OptionsChange {
    let rate_limit = fields.integer_change("rate_limit", 1, RATE_LIMIT_MAX);
    let retry_schedule = match fields.integers_change("retry_schedule") {
        Change::Keep => Change::Keep,
        Change::Clear => Change::Clear,
        Change::Set(gaps_s) => match RetrySchedule::try_from(gaps_s) {
            Ok(schedule) => Change::Set(schedule),
            Err(problem) => {
                fields.problem("retry_schedule", "field_range", format!("{problem}."));
                Change::Keep
            }
        },
    };
    let payload = fields.text_opt("payload", 20).and_then(|word| {
        let payload = Payload::parse(&word);
        if payload.is_none() {
            fields.problem("payload", "field_range", "payload must be full or thin.");
        }
        payload
    });
    OptionsChange {
        rate_limit,
        retry_schedule,
        payload,
        asymmetric: fields.boolean_opt("asymmetric"),
    }
}

/// Headers of the endpoint's own. An empty set is none.
fn read_headers(fields: &mut Fields) -> Change<EndpointHeaders> {
    let given = match fields.object_change("headers") {
        Change::Keep => return Change::Keep,
        Change::Clear => return Change::Clear,
        Change::Set(given) if given.is_empty() => return Change::Clear,
        Change::Set(given) => given,
    };
    let texts = given.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap_or("")));
    match EndpointHeaders::parse(texts) {
        Ok(headers) => Change::Set(headers),
        Err((name, problem)) => {
            let shown = shown(&name).replace('~', "~0").replace('/', "~1");
            let param = if name.is_empty() { "headers".into() } else { format!("headers/{shown}") };
            fields.problem(&param, "header_invalid", format!("headers: {problem}."));
            Change::Keep
        }
    }
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
