//! Screening: asking the list of sanctions, and deciding about what is held because of it.

use gate_domain::ids::{ScreeningId, Tenant};
use gate_domain::screening::{Hit, Kind, State, Subject};
use gate_store::{ScreeningRow, Tx};
use gate_wire::instant::to_rfc3339;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reviews::{Action, decision, list_actions};
use super::{AdminError, Whose, read, sentence, to_value, write};
use crate::app::App;
use crate::screening::{SanctionsList, ScreeningError, Verdict, decide, open_finding};
use crate::vault::Vault;

/// Rows in one answer.
const LIST_MAX: i64 = 1_000;
/// The longest name or address that is asked about.
const TEXT_CHARS_MAX: usize = 200;

/// What can be done with screening.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Whom a name or an address may be. Nothing is written down.
    Check {
        /// The name or the address.
        subject: Subject,
    },
    /// What stands like this, oldest first.
    List {
        /// Whose.
        whose: Whose,
        /// How it stands.
        status: Status,
    },
    /// One: what it is, whom it may be, what operators did.
    Show {
        /// Whose.
        whose: Whose,
        /// `scr_..`.
        id: String,
    },
    /// Let it go, which takes two people, or keep it for good.
    Decide {
        /// Whose.
        whose: Whose,
        /// `scr_..`.
        id: String,
        /// Which of the two.
        verdict: Verdict,
        /// Why, in the operator's words.
        reason: String,
        /// Who says so.
        actor: String,
    },
}

/// How something that was held stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It waits for people.
    Waiting,
    /// Two people let it go.
    Released,
    /// It is kept for good.
    Blocked,
}

impl Status {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Released => "released",
            Self::Blocked => "blocked",
        }
    }
}

/// A list, as it is in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListBody {
    /// Where it comes from.
    pub path: String,
    /// When its main file was last changed (RFC 3339).
    pub dated_at: String,
    /// Entries on it.
    pub entries: usize,
    /// Names that they have.
    pub names: usize,
    /// Crypto addresses that they have.
    pub addresses: usize,
}

impl From<&SanctionsList> for ListBody {
    fn from(list: &SanctionsList) -> Self {
        let current = list.current();
        Self {
            path: list.path().display().to_string(),
            dated_at: to_rfc3339(current.dated),
            entries: current.list.entries(),
            names: current.list.names(),
            addresses: current.list.addresses(),
        }
    }
}

/// Whom something may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckAnswer {
    /// The list that was asked.
    pub list: ListBody,
    /// Whom it may be, the best first.
    pub hits: Vec<Hit>,
}

/// What stands like this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreeningsAnswer {
    /// Oldest first.
    pub screenings: Vec<ScreeningBody>,
}

/// Something that is held, or was; not what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreeningBody {
    /// Its id.
    pub id: String,
    /// The session that it came up in.
    pub session_id: String,
    /// Whether it is a name or an address.
    pub kind: Kind,
    /// How it stands.
    pub status: String,
    /// Who proposed to let it go, where a second person is to confirm that.
    pub proposed_by: Option<String>,
    /// Since when it is held (RFC 3339).
    pub held_at: String,
}

impl From<&ScreeningRow> for ScreeningBody {
    fn from(row: &ScreeningRow) -> Self {
        let proposed = match &row.state {
            State::Waiting { proposed } => proposed.as_ref(),
            State::Released { .. } | State::Blocked { .. } => None,
        };
        Self {
            id: row.id.to_string(),
            session_id: row.session_id.to_string(),
            kind: row.kind,
            status: row.state.status().into(),
            proposed_by: proposed.map(|opinion| opinion.actor.clone()),
            held_at: to_rfc3339(row.created_at),
        }
    }
}

/// Something that is held, or was, with everything that helps to decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownScreening {
    /// Where it stands.
    pub screening: ScreeningBody,
    /// The name or the address.
    pub text: String,
    /// Whom it may be, as the list said then.
    pub hits: Vec<Hit>,
    /// What operators did.
    pub actions: Vec<Action>,
}

pub(super) async fn run(app: &App, command: Command) -> Result<Value, AdminError> {
    let (modes, vault) = (app.config().modes.clone(), app.vault().clone());
    match command {
        Command::Check { subject } => check(app, subject).await,
        Command::List { whose, status } => {
            read(app, move |tx| {
                let tenant = whose.find(tx, &modes)?;
                let rows = tx.list_screenings(&tenant, status.as_str(), LIST_MAX)?;
                Ok(ScreeningsAnswer { screenings: rows.iter().map(Into::into).collect() })
            })
            .await
        }
        Command::Show { whose, id } => {
            read(app, move |tx| {
                let tenant = whose.find(tx, &modes)?;
                show(tx, &vault, &tenant, &parse(&id)?)
            })
            .await
        }
        Command::Decide { whose, id, verdict, reason, actor } => {
            let decision = decision(reason, actor)?;
            write(app, move |tx, scope| {
                let (tenant, id) = (whose.find(tx, &modes)?, parse(&id)?);
                decide(tx, scope, &tenant, &id, verdict, &decision)?;
                show(tx, scope.vault, &tenant, &id)
            })
            .await
        }
    }
}

async fn check(app: &App, subject: Subject) -> Result<Value, AdminError> {
    let Some(list) = app.config().sanctions.clone() else {
        return Err(AdminError::new(
            "no_sanctions_list",
            "There is no list of sanctions, so nothing is screened. Name one with the setting sanctions_list.",
        ));
    };
    let fits = (1..=TEXT_CHARS_MAX).contains(&subject.text.trim().chars().count());
    if !fits || subject.text.chars().any(char::is_control) {
        let message =
            format!("A name or an address has 1 to {TEXT_CHARS_MAX} characters, in one line.");
        return Err(AdminError::new("text_invalid", message));
    }
    // A name is compared with the whole list, which takes a while.
    let ask = move || {
        let hits = list.current().list.find(&subject);
        CheckAnswer { list: (&list).into(), hits }
    };
    let answer = tokio::task::spawn_blocking(ask).await.expect("asking a list does not panic");
    Ok(to_value(&answer))
}

fn show(
    tx: &mut Tx,
    vault: &Vault,
    tenant: &Tenant,
    id: &ScreeningId,
) -> Result<ShownScreening, AdminError> {
    let row = tx.find_screening(tenant, id)?.ok_or(ScreeningError::NotFound)?;
    let finding = open_finding(vault, &row)?;
    Ok(ShownScreening {
        screening: (&row).into(),
        text: finding.subject.text,
        hits: finding.hits,
        actions: list_actions(tx, tenant, id.as_str())?,
    })
}

fn parse(id: &str) -> Result<ScreeningId, AdminError> {
    ScreeningId::parse(id).map_err(|_| ScreeningError::NotFound.into())
}

impl From<ScreeningError> for AdminError {
    fn from(error: ScreeningError) -> Self {
        use gate_domain::screening::Refused;
        let code = match error {
            ScreeningError::NotFound => "not_found",
            ScreeningError::Refused(Refused::SecondPersonNeeded(_)) => "second_person_needed",
            ScreeningError::Refused(Refused::Released | Refused::Blocked) => "decided_already",
            ScreeningError::Advance(_) => "session_out_of_step",
            ScreeningError::Store(error) => return error.into(),
        };
        Self::new(code, sentence(&error))
    }
}
