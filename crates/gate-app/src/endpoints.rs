//! Webhook endpoints: make one, change it, pause it, roll its secret, remove it. The API and the
//! command line call the same functions.

use gate_domain::Millis;
use gate_domain::change::Change;
use gate_domain::endpoint_options::{EndpointHeaders, EndpointOptions, OptionsChange};
use gate_domain::event_filter::EventFilter;
use gate_domain::ids::{EndpointId, Tenant};
use gate_store::{
    EndpointRow, EndpointStatus, IdempotentRequest, Locked, NewEndpoint, SealedHeaders, StoreError,
    Tx,
};
use gate_wire::endpoint::{DeletedEndpointBody, EndpointBody};
use gate_wire::instant::to_rfc3339;
use gate_wire::signature::WebhookSecret;

use crate::app::Scope;
use crate::endpoint_health::{health_body, start_afresh};
use crate::endpoint_url::{UrlProblem, check_endpoint_url};
use crate::idempotency::{Answered, KeyReused, answered_before, remember_optional};
use crate::vault::{CannotOpen, Vault};

/// Endpoints that a partner has in one mode.
pub const ENDPOINTS_MAX: i64 = 20;
/// Characters of a description.
pub const DESCRIPTION_CHARS_MAX: usize = 200;
/// The longest that a rolled secret signs on: a week.
pub const OVERLAP_MAX_S: i64 = 604_800;
/// The same where nothing is said: a day.
pub const OVERLAP_DEFAULT_S: i64 = 86_400;
/// Rolled secrets that sign beside the newest one.
pub const ROLLED_MAX: usize = 3;
/// What is written on deliveries that waited for an endpoint when it was removed.
pub const ENDPOINT_DELETED: &str = "endpoint_deleted";
/// Deliveries that are given up in one step.
pub(crate) const BURIED_MAX: i64 = 1_000;

/// Why an endpoint is not as it was asked to be.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// There is no such endpoint, or it is somebody else's, or it was removed.
    #[error("no such webhook endpoint")]
    NotFound,
    /// There are as many as there can be.
    #[error("there are {ENDPOINTS_MAX} webhook endpoints, and no more fit; remove one first")]
    LimitReached,
    /// As many rolled secrets sign as can.
    #[error(
        "{ROLLED_MAX} older secrets still sign; wait until one ends, or roll without an overlap"
    )]
    SecretsLimitReached,
    /// Webhooks are not sent to such a URL.
    #[error("the URL {0}")]
    Url(#[from] UrlProblem),
    /// The idempotency key was used for another body.
    #[error(transparent)]
    KeyReused(#[from] KeyReused),
    /// The stored secret cannot be shown again.
    #[error(transparent)]
    CannotOpen(#[from] CannotOpen),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A request for an endpoint.
#[derive(Clone, Debug)]
pub struct CreateEndpoint {
    /// Whose.
    pub tenant: Tenant,
    /// The key that makes it safe to repeat, if there is one.
    pub request: Option<IdempotentRequest>,
    /// Where events are sent.
    pub url: String,
    /// What it takes.
    pub filter: EventFilter,
    /// What its owner calls it.
    pub description: Option<String>,
    /// How it wants them.
    pub options: EndpointOptions,
    /// Headers of its own.
    pub headers: Option<EndpointHeaders>,
}

/// What a change leaves out stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ChangeEndpoint {
    /// Where events are sent from now on, those that wait included.
    pub url: Option<String>,
    /// What it takes.
    pub filter: Option<EventFilter>,
    /// What its owner calls it, or that it is called nothing.
    pub description: Change<String>,
    /// Whether it takes events.
    pub status: Option<EndpointStatus>,
    /// How it wants them.
    pub options: OptionsChange,
    /// Headers of its own, all of them.
    pub headers: Change<EndpointHeaders>,
}

/// Who pauses an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisabledBy {
    /// Its owner, by the API.
    Partner,
    /// Whoever runs the gateway.
    Operator,
}

impl DisabledBy {
    /// The word on the wire and in the store.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Partner => "disabled_by_partner",
            Self::Operator => "disabled_by_operator",
        }
    }
}

/// An endpoint with the secret that is shown this once.
#[derive(Clone, Debug)]
pub struct WithSecret {
    /// An [`EndpointBody`], to be sent as it is.
    pub answered: Answered,
    /// The secret. A repeat of the request shows it again: it is opened, never stored readable.
    pub secret: WebhookSecret,
}

/// Make an endpoint, or answer what the same key answered before.
pub fn create_endpoint(
    tx: &mut Tx,
    scope: &Scope<'_>,
    command: &CreateEndpoint,
) -> Result<WithSecret, EndpointError> {
    check_endpoint_url(&command.url, command.tenant.mode)?;
    if let Some(answered) = told_before(tx, command.request.as_ref())? {
        return shown_again(tx, scope, &command.tenant, answered);
    }
    if tx.count_endpoints(&command.tenant)? >= ENDPOINTS_MAX {
        return Err(EndpointError::LimitReached);
    }
    let id = EndpointId::new(command.tenant.mode, scope.seed());
    let secret = WebhookSecret::new(scope.ids().random());
    let endpoint = NewEndpoint {
        tenant: command.tenant.clone(),
        id: id.clone(),
        url: command.url.clone(),
        filter: command.filter.clone(),
        description: command.description.clone(),
        options: command.options.clone(),
        headers: command.headers.as_ref().map(|headers| seal_headers(scope, &id, headers)),
        secret_sealed: scope.vault.seal(id.as_str(), secret.expose(), scope.ids()),
    };
    tx.insert_endpoint(&endpoint, scope.now)?;
    let row = find_endpoint(tx, &command.tenant, &id)?;
    let body = endpoint_body(scope.vault, &row, scope.now);
    let answered = remember_optional(tx, scope, command.request.as_ref(), 201, &body)?;
    Ok(WithSecret { answered, secret })
}

/// Read an endpoint that was not removed.
pub fn find_endpoint(
    tx: &mut Tx,
    tenant: &Tenant,
    id: &EndpointId,
) -> Result<EndpointRow, EndpointError> {
    let row = tx.find_endpoint(tenant, id)?.filter(|row| row.deleted_at.is_none());
    row.ok_or(EndpointError::NotFound)
}

/// Change an endpoint. One that is let go on goes on with what waits for it.
pub fn change_endpoint(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &EndpointId,
    change: &ChangeEndpoint,
    by: DisabledBy,
) -> Result<EndpointRow, EndpointError> {
    if let Some(url) = &change.url {
        check_endpoint_url(url, tenant.mode)?;
    }
    let row = lock_endpoint(tx, tenant, id)?;
    let row = tx.change_endpoint(row, scope.now, |row| {
        if let Some(url) = &change.url {
            row.url.clone_from(url);
        }
        if let Some(filter) = &change.filter {
            row.filter = filter.clone();
        }
        row.description = change.description.clone().over(row.description.take());
        row.options = change.options.over(std::mem::take(&mut row.options));
        let headers = change.headers.clone().map(|headers| seal_headers(scope, id, &headers));
        row.headers = headers.over(row.headers.take());
        match change.status {
            Some(EndpointStatus::Enabled) => {
                row.status = EndpointStatus::Enabled;
                row.disabled_reason = None;
            }
            // Who paused it first is who paused it.
            Some(EndpointStatus::Disabled) if row.status == EndpointStatus::Enabled => {
                row.status = EndpointStatus::Disabled;
                row.disabled_reason = Some(by.reason().into());
            }
            Some(EndpointStatus::Disabled) | None => {}
        }
    })?;
    // Another place, or the word of its owner: what is known of it counts no longer.
    if change.status == Some(EndpointStatus::Enabled) || change.url.is_some() {
        scope.wake_deliveries();
        return Ok(start_afresh(tx, scope, row)?);
    }
    Ok(row)
}

/// Remove an endpoint. What waits for it is given up; what it got stays in the log. A second removal
/// answers the same.
pub fn delete_endpoint(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &EndpointId,
) -> Result<DeletedEndpointBody, EndpointError> {
    let row = tx.lock_endpoint(tenant, id)?.ok_or(EndpointError::NotFound)?;
    let deleted_at = row.deleted_at.unwrap_or(scope.now);
    tx.change_endpoint(row, scope.now, |row| row.deleted_at = Some(deleted_at))?;
    // Many more than this are given up by the sweeper; none of them is sent meanwhile.
    tx.bury_deliveries(id, ENDPOINT_DELETED, BURIED_MAX)?;
    Ok(DeletedEndpointBody {
        id: id.to_string(),
        object: "webhook_endpoint".into(),
        deleted: true,
        deleted_at: to_rfc3339(deleted_at),
    })
}

/// Give an endpoint a new secret. The one that it has signs on beside it for `overlap_s` seconds; 0
/// stops it and every older one at once.
pub fn roll_endpoint_secret(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    id: &EndpointId,
    overlap_s: i64,
    request: Option<&IdempotentRequest>,
) -> Result<WithSecret, EndpointError> {
    let row = lock_endpoint(tx, tenant, id)?;
    if let Some(answered) = told_before(tx, request)? {
        return shown_again(tx, scope, tenant, answered);
    }
    let rolled = tx.list_rolled_secrets(tenant, id, scope.now)?;
    if overlap_s > 0 && rolled.len() >= ROLLED_MAX {
        return Err(EndpointError::SecretsLimitReached);
    }
    let secret = WebhookSecret::new(scope.ids().random());
    let sealed = scope.vault.seal(id.as_str(), secret.expose(), scope.ids());
    let ends_at = (overlap_s > 0).then(|| scope.now.plus_seconds(overlap_s));
    tx.roll_endpoint_secret(&row, &sealed, ends_at, scope.now)?;
    let row = find_endpoint(tx, tenant, id)?;
    let body = endpoint_body(scope.vault, &row, scope.now);
    let answered = remember_optional(tx, scope, request, 200, &body)?;
    Ok(WithSecret { answered, secret })
}

/// An endpoint as partners see it.
pub fn endpoint_body(vault: &Vault, row: &EndpointRow, now: Millis) -> EndpointBody {
    let options = &row.options;
    EndpointBody {
        id: row.id.to_string(),
        object: "webhook_endpoint".into(),
        mode: row.tenant.mode.to_string(),
        url: row.url.clone(),
        event_types: row.filter.patterns().to_vec(),
        description: row.description.clone(),
        status: row.status.as_str().into(),
        disabled_reason: row.disabled_reason.clone(),
        rate_limit: options.rate_limit,
        retry_schedule: options.retry_schedule.clone().map(Into::into),
        payload: options.payload.as_str().into(),
        header_names: row.headers.as_ref().map(|it| it.names.clone()).unwrap_or_default(),
        public_key: options.asymmetric.then(|| vault.endpoint_key(&row.id).public()),
        health: health_body(&row.health, now),
        old_secret_expires_at: row.rolled_ends_at.filter(|end| *end > now).map(to_rfc3339),
        created_at: to_rfc3339(row.created_at),
        updated_at: to_rfc3339(row.updated_at),
    }
}

/// What headers are sealed under: their endpoint, and that they are headers.
fn headers_place(id: &EndpointId) -> String {
    format!("{id}/headers")
}

fn seal_headers(scope: &Scope<'_>, id: &EndpointId, headers: &EndpointHeaders) -> SealedHeaders {
    let text = serde_json::to_string(headers).expect("names and values are text");
    SealedHeaders {
        names: headers.names().map(str::to_owned).collect(),
        sealed: scope.vault.seal(&headers_place(id), &text, scope.ids()),
    }
}

/// Open what [`seal_headers`] sealed.
pub(crate) fn open_headers(
    vault: &Vault,
    id: &EndpointId,
    sealed: &[u8],
) -> Result<EndpointHeaders, String> {
    let text = vault.open(&headers_place(id), sealed).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

fn lock_endpoint(
    tx: &mut Tx,
    tenant: &Tenant,
    id: &EndpointId,
) -> Result<Locked<EndpointRow>, EndpointError> {
    let row = tx.lock_endpoint(tenant, id)?.filter(|row| row.deleted_at.is_none());
    row.ok_or(EndpointError::NotFound)
}

fn told_before(
    tx: &mut Tx,
    request: Option<&IdempotentRequest>,
) -> Result<Option<Answered>, EndpointError> {
    request.map_or(Ok(None), |request| answered_before(tx, request))
}

/// The answer of an earlier request, with the secret that the endpoint has now.
fn shown_again(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: &Tenant,
    answered: Answered,
) -> Result<WithSecret, EndpointError> {
    let corrupt =
        |why: String| StoreError::Corrupt { table: "idempotency_keys", id: "endpoint".into(), why };
    let body: EndpointBody = serde_json::from_str(&answered.answer.response)
        .map_err(|error| corrupt(error.to_string()))?;
    let id = EndpointId::parse(&body.id).map_err(|error| corrupt(error.to_string()))?;
    let sealed = tx.find_endpoint_secret(tenant, &id)?;
    let sealed = sealed.ok_or_else(|| corrupt(format!("{id} is missing")))?;
    let opened = scope.vault.open(id.as_str(), &sealed)?;
    let secret = WebhookSecret::parse(&opened).map_err(|error| corrupt(error.to_string()))?;
    Ok(WithSecret { answered, secret })
}
