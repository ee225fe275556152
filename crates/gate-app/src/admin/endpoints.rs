//! Webhook endpoints, as an operator handles them: the same functions as the API's.

use gate_domain::endpoint_options::{EndpointOptions, Payload, RATE_LIMIT_MAX, RetrySchedule};
use gate_domain::event_filter::EventFilter;
use gate_domain::ids::{EndpointId, Mode, Tenant};
use gate_store::{EndpointStatus, StoreError, Tx};
use gate_wire::endpoint::{EndpointBody, EndpointWithSecretBody};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AdminError, Whose, read, write};
use crate::app::{App, Scope};
use crate::endpoints::{
    ChangeEndpoint, CreateEndpoint, DESCRIPTION_CHARS_MAX, DisabledBy, ENDPOINTS_MAX,
    EndpointError, OVERLAP_MAX_S, WithSecret, change_endpoint, create_endpoint, delete_endpoint,
    endpoint_body, roll_endpoint_secret,
};

/// What can be done with endpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Make an endpoint.
    Add {
        /// Whose.
        whose: Whose,
        /// Where events are sent.
        url: String,
        /// What it takes; nothing named is everything.
        events: Vec<String>,
        /// What to call it.
        description: Option<String>,
        /// How it wants them.
        wanted: Wanted,
    },
    /// Every endpoint that was not removed.
    List {
        /// Whose.
        whose: Whose,
    },
    /// Let an endpoint wait, or let it go on.
    SetStatus {
        /// Which.
        endpoint: Named,
        /// Whether it takes events.
        enabled: bool,
    },
    /// Remove an endpoint, and give up what waits for it. Safe to repeat.
    Remove {
        /// Which.
        endpoint: Named,
    },
    /// Give an endpoint a new secret.
    RollSecret {
        /// Which.
        endpoint: Named,
        /// How long the old secret signs too, in seconds; 0 stops it now.
        overlap_seconds: i64,
    },
}

/// How an endpoint wants its webhooks. What nothing is said about is as everybody gets it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// So many a second at most.
    pub rate_limit: Option<i64>,
    /// The waits between attempts, in seconds.
    pub retry_schedule: Option<Vec<i64>>,
    /// Without their data.
    pub thin: bool,
    /// Signed with a key pair of the endpoint's own too.
    pub asymmetric: bool,
}

impl Wanted {
    fn options(&self) -> Result<EndpointOptions, AdminError> {
        if self.rate_limit.is_some_and(|limit| !(1..=RATE_LIMIT_MAX).contains(&limit)) {
            let message = format!("A rate limit is 1 to {RATE_LIMIT_MAX} webhooks a second.");
            return Err(AdminError::new("rate_limit_invalid", message));
        }
        let schedule = self.retry_schedule.clone().map(RetrySchedule::try_from).transpose();
        Ok(EndpointOptions {
            rate_limit: self.rate_limit,
            retry_schedule: schedule.map_err(|problem| {
                let message = format!("{}.", sentence(&problem.to_string()));
                AdminError::new("retry_schedule_invalid", message)
            })?,
            payload: if self.thin { Payload::Thin } else { Payload::Full },
            asymmetric: self.asymmetric,
        })
    }
}

/// An endpoint by its id, which says the mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Whose; it may be left out where there is one partner only.
    pub partner: Option<String>,
    /// Its id.
    pub endpoint: String,
}

/// Every endpoint of a partner in a mode, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointsAnswer {
    /// The endpoints.
    pub endpoints: Vec<EndpointBody>,
}

pub(super) async fn run(app: &App, command: Command) -> Result<Value, AdminError> {
    let modes = app.config().modes.clone();
    match command {
        Command::Add { whose, url, events, description, wanted } => {
            let options = wanted.options()?;
            write(app, move |tx, scope| {
                let tenant = whose.find(tx, &modes)?;
                add(tx, scope, tenant, &url, &events, description.as_deref(), &options)
            })
            .await
        }
        Command::List { whose } => {
            let (now, app_of_keys) = (app.now(), app.clone());
            read(app, move |tx| {
                let tenant = whose.find(tx, &modes)?;
                let rows = tx.list_endpoints(&tenant, None, ENDPOINTS_MAX)?;
                let endpoints =
                    rows.iter().map(|row| endpoint_body(app_of_keys.vault(), row, now)).collect();
                Ok(EndpointsAnswer { endpoints })
            })
            .await
        }
        Command::SetStatus { endpoint, enabled } => {
            let status = if enabled { EndpointStatus::Enabled } else { EndpointStatus::Disabled };
            let change = ChangeEndpoint { status: Some(status), ..ChangeEndpoint::default() };
            write(app, move |tx, scope| {
                let (tenant, id) = endpoint.find(tx, &modes)?;
                let row = change_endpoint(tx, scope, &tenant, &id, &change, DisabledBy::Operator)?;
                Ok(endpoint_body(scope.vault, &row, scope.now))
            })
            .await
        }
        Command::Remove { endpoint } => {
            write(app, move |tx, scope| {
                let (tenant, id) = endpoint.find(tx, &modes)?;
                Ok(delete_endpoint(tx, scope, &tenant, &id)?)
            })
            .await
        }
        Command::RollSecret { endpoint, overlap_seconds } => {
            if !(0..=OVERLAP_MAX_S).contains(&overlap_seconds) {
                let message = "A rolled secret signs on for 7 days at most.";
                return Err(AdminError::new("overlap_invalid", message));
            }
            write(app, move |tx, scope| {
                let (tenant, id) = endpoint.find(tx, &modes)?;
                let rolled = roll_endpoint_secret(tx, scope, &tenant, &id, overlap_seconds, None)?;
                with_secret(&rolled)
            })
            .await
        }
    }
}

fn add(
    tx: &mut Tx,
    scope: &Scope<'_>,
    tenant: Tenant,
    url: &str,
    events: &[String],
    description: Option<&str>,
    options: &EndpointOptions,
) -> Result<EndpointWithSecretBody, AdminError> {
    let filter = if events.is_empty() {
        EventFilter::everything()
    } else {
        EventFilter::parse(events).map_err(|problem| {
            let message = format!(
                "{}. Name a type such as gate_session.completed, a family such as rail.*, or *.",
                sentence(&problem.to_string())
            );
            AdminError::new("event_types_invalid", message)
        })?
    };
    let described = description.is_none_or(|text| {
        (1..=DESCRIPTION_CHARS_MAX).contains(&text.chars().count())
            && !text.chars().any(char::is_control)
    });
    if !described {
        let message = format!("A description has 1 to {DESCRIPTION_CHARS_MAX} characters.");
        return Err(AdminError::new("description_invalid", message));
    }
    let command = CreateEndpoint {
        tenant,
        request: None,
        url: url.to_owned(),
        filter,
        description: description.map(str::to_owned),
        options: options.clone(),
        headers: None,
    };
    with_secret(&create_endpoint(tx, scope, &command)?)
}

fn with_secret(made: &WithSecret) -> Result<EndpointWithSecretBody, AdminError> {
    let corrupt = |error: serde_json::Error| StoreError::Corrupt {
        table: "endpoints",
        id: "answer".into(),
        why: error.to_string(),
    };
    let endpoint = serde_json::from_str(&made.answered.answer.response).map_err(corrupt)?;
    Ok(EndpointWithSecretBody { endpoint, secret: made.secret.expose().to_owned() })
}

impl Named {
    fn find(&self, tx: &mut Tx, modes: &[Mode]) -> Result<(Tenant, EndpointId), AdminError> {
        let id = EndpointId::parse(&self.endpoint).map_err(|_| not_found())?;
        let mode = id.as_str().split('_').nth(1).and_then(Mode::parse).expect("an id has a mode");
        let whose = Whose { partner: self.partner.clone(), mode };
        Ok((whose.find(tx, modes)?, id))
    }
}

fn not_found() -> AdminError {
    let message =
        "There is no such endpoint of this partner. `gate endpoints list` shows their ids.";
    AdminError::new("endpoint_not_found", message)
}

impl From<EndpointError> for AdminError {
    fn from(error: EndpointError) -> Self {
        let code = match &error {
            EndpointError::NotFound => return not_found(),
            EndpointError::Store(_) => "database",
            EndpointError::LimitReached => "endpoints_limit_reached",
            EndpointError::SecretsLimitReached => "endpoint_secrets_limit_reached",
            EndpointError::Url(_) => "url_invalid",
            EndpointError::KeyReused(_) => "idempotency_key_reused",
            EndpointError::CannotOpen(_) => "master_key",
        };
        Self::new(code, format!("{}.", sentence(&error.to_string())))
    }
}

/// With a capital letter in front.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
