//! Partners: the companies that integrate.

use gate_domain::ids::{Mode, PartnerId, Tenant};
use gate_store::{PartnerRow, Tx};
use gate_wire::instant::to_rfc3339;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AdminError, check_name, find_partner, read, write};
use crate::app::{App, Scope};

const NAME_CHARS_MAX: usize = 100;
/// Endpoints of a mode that are shown; there are never more.
const ENDPOINTS_SHOWN: i64 = 100;
/// Partners in one answer.
const LIST_MAX: i64 = 1_000;

/// What can be done with partners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Write a partner down, in every mode.
    Create {
        /// The name that users see.
        name: String,
    },
    /// The newest partners.
    List {
        /// The id of the last partner of the page before.
        after: Option<String>,
    },
    /// One partner, with what it has in each mode.
    Show {
        /// Its id; it may be left out where there is one partner only.
        partner: Option<String>,
    },
}

/// A partner, as it is printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerAnswer {
    /// Its id.
    pub id: String,
    /// The name that users see.
    pub name: String,
    /// When it was written down (RFC 3339).
    pub created_at: String,
}

/// A page of partners, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnersAnswer {
    /// The partners.
    pub partners: Vec<PartnerAnswer>,
    /// Whether there are older ones.
    pub has_more: bool,
}

/// A partner and what it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownPartner {
    /// The partner.
    #[serde(flatten)]
    pub partner: PartnerAnswer,
    /// What it has in each mode that is served.
    pub modes: Vec<PartnerInMode>,
}

/// What a partner has in a mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerInMode {
    /// The mode.
    pub mode: Mode,
    /// How many of its keys work.
    pub active_keys: i64,
    /// Where it may embed and be returned to.
    pub origins: Vec<String>,
    /// Where its webhooks go.
    pub endpoints: Vec<String>,
}

pub(super) async fn run(app: &App, command: Command) -> Result<Value, AdminError> {
    match command {
        Command::Create { name } => {
            write(app, move |tx, scope| create_partner(tx, scope, &name)).await
        }
        Command::List { after } => read(app, move |tx| list_partners(tx, after.as_deref())).await,
        Command::Show { partner } => {
            let (modes, now) = (app.config().modes.clone(), app.now());
            let show = move |tx: &mut Tx| {
                let id = find_partner(tx, partner.as_deref())?;
                let row = tx.find_partner(&id)?;
                let row = row.expect("it was found a line above, in the same snapshot");
                let mut shown = ShownPartner { partner: row.into(), modes: Vec::new() };
                for &mode in &modes {
                    let tenant = Tenant { partner: id.clone(), mode };
                    let endpoints = tx.list_endpoints(&tenant, None, ENDPOINTS_SHOWN)?;
                    shown.modes.push(PartnerInMode {
                        mode,
                        active_keys: tx.count_active_keys(&tenant, now)?,
                        origins: tx.list_origins(&tenant)?.to_vec(),
                        endpoints: endpoints.into_iter().map(|endpoint| endpoint.url).collect(),
                    });
                }
                Ok(shown)
            };
            read(app, show).await
        }
    }
}

/// Write a new partner down. Two calls make two partners.
fn create_partner(tx: &mut Tx, scope: &Scope<'_>, name: &str) -> Result<PartnerAnswer, AdminError> {
    check_name("partner", name, NAME_CHARS_MAX)?;
    let id = PartnerId::new(scope.seed());
    tx.insert_partner(&id, name, scope.now)?;
    tracing::info!(partner = %id, "made the partner {id}");
    Ok(PartnerRow { id, name: name.into(), created_at: scope.now }.into())
}

fn list_partners(tx: &mut Tx, after: Option<&str>) -> Result<PartnersAnswer, AdminError> {
    let after = after.map(|after| find_partner(tx, Some(after))).transpose()?;
    let mut rows = tx.list_partners(after.as_ref(), LIST_MAX + 1)?;
    let page = usize::try_from(LIST_MAX).expect("a small number");
    let has_more = rows.len() > page;
    rows.truncate(page);
    Ok(PartnersAnswer { partners: rows.into_iter().map(Into::into).collect(), has_more })
}

impl From<PartnerRow> for PartnerAnswer {
    fn from(row: PartnerRow) -> Self {
        Self { id: row.id.to_string(), name: row.name, created_at: to_rfc3339(row.created_at) }
    }
}
