//! Users: who there is, what is known about one, and forgetting who they are.

use gate_domain::ids::{Mode, UserId};
use gate_domain::person::Person;
use gate_domain::session::IdentityLevel;
use gate_domain::user::User;
use gate_store::{OperatorAction, Tx};
use gate_wire::instant::to_rfc3339;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reviews::{Action, decision};
use super::{AdminError, read, sentence, write};
use crate::app::{App, Scope};
use crate::identity::{EraseError, erase_user, find_person};
use crate::reviews::Decision;

/// Rows in one answer.
const LIST_MAX: usize = 1_000;

/// What can be done with users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// A page of them, oldest first; nothing about who they are.
    List {
        /// The mode.
        mode: Mode,
        /// Those behind this one; the first ones where nothing is said.
        after: Option<String>,
    },
    /// One, and what operators did about them.
    Show {
        /// `usr_..`.
        id: String,
    },
    /// The same, with who they are. It is written down who wanted to know.
    Reveal {
        /// `usr_..`.
        id: String,
        /// Why, in the operator's words.
        reason: String,
        /// Who wants to know.
        actor: String,
    },
    /// Forget who they are.
    Erase {
        /// `usr_..`.
        id: String,
        /// Why, in the operator's words.
        reason: String,
        /// Who says so.
        actor: String,
    },
}

/// A page of users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsersAnswer {
    /// Oldest first.
    pub users: Vec<UserBody>,
    /// Where the next page begins, if there is more.
    pub next_after: Option<String>,
}

/// A user; not who they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserBody {
    /// Their id.
    pub id: String,
    /// How sure the gateway is of who they are.
    pub level: Option<IdentityLevel>,
    /// Since when (RFC 3339).
    pub created_at: String,
    /// When they were forgotten (RFC 3339).
    pub erased_at: Option<String>,
}

impl From<&User> for UserBody {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            level: user.level,
            created_at: to_rfc3339(user.created_at),
            erased_at: user.erased_at.map(to_rfc3339),
        }
    }
}

/// A user with everything that was done about them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownUser {
    /// The user.
    pub user: UserBody,
    /// Who they are, where that was asked for and is known.
    pub person: Option<Person>,
    /// What operators did.
    pub actions: Vec<Action>,
}

pub(super) async fn run(app: &App, command: Command) -> Result<Value, AdminError> {
    match command {
        Command::List { mode, after } => list(app, mode, after).await,
        Command::Show { id } => {
            let (mode, id) = parse(&id)?;
            read(app, move |tx| show(tx, mode, &id, None)).await
        }
        Command::Reveal { id, reason, actor } => {
            let ((mode, id), decision) = (parse(&id)?, decision(reason, actor)?);
            write(app, move |tx, scope| reveal(tx, scope, mode, &id, &decision)).await
        }
        Command::Erase { id, reason, actor } => {
            let ((mode, id), decision) = (parse(&id)?, decision(reason, actor)?);
            write(app, move |tx, scope| {
                erase_user(tx, scope, mode, &id, &decision)?;
                show(tx, mode, &id, None)
            })
            .await
        }
    }
}

async fn list(app: &App, mode: Mode, after: Option<String>) -> Result<Value, AdminError> {
    let after = after.unwrap_or_default();
    read(app, move |tx| {
        let mut users = tx.list_users(mode, &after, LIST_MAX + 1)?;
        let goes_on = users.len() > LIST_MAX;
        users.truncate(LIST_MAX);
        let next_after = users.last().filter(|_| goes_on).map(|user| user.id.to_string());
        Ok(UsersAnswer { users: users.iter().map(Into::into).collect(), next_after })
    })
    .await
}

fn reveal(
    tx: &mut Tx,
    scope: &Scope<'_>,
    mode: Mode,
    id: &UserId,
    decision: &Decision,
) -> Result<ShownUser, AdminError> {
    let user = tx.lock_user(mode, id)?.ok_or(EraseError::NotFound)?;
    let known = tx.find_person(mode, id)?.is_some();
    let person = find_person(tx, scope.vault, mode, id)?;
    let action = OperatorAction {
        action: "reveal".into(),
        outcome: if known { "shown" } else { "nothing_known" }.into(),
        reason: decision.reason.clone(),
        actor: decision.actor.clone(),
        created_at: scope.now,
    };
    tx.insert_user_action(&user, &action)?;
    show(tx, mode, id, known.then_some(person))
}

fn show(
    tx: &mut Tx,
    mode: Mode,
    id: &UserId,
    person: Option<Person>,
) -> Result<ShownUser, AdminError> {
    let user = tx.find_user(mode, id)?.ok_or(EraseError::NotFound)?;
    let actions = tx.list_user_actions(mode, id)?.into_iter().map(Action::from).collect();
    Ok(ShownUser { user: (&user).into(), person, actions })
}

/// A user's id says which mode it is of.
fn parse(id: &str) -> Result<(Mode, UserId), AdminError> {
    let mode = id.split('_').nth(1).and_then(Mode::parse);
    let id = UserId::parse(id).ok();
    Ok(mode.zip(id).ok_or(EraseError::NotFound)?)
}

impl From<EraseError> for AdminError {
    fn from(error: EraseError) -> Self {
        match error {
            EraseError::NotFound => {
                let message = format!("{} `gate users list` shows their ids.", sentence(&error));
                Self::new("user_not_found", message)
            }
            EraseError::Advance(_) => Self::new("session_out_of_step", sentence(&error)),
            EraseError::Store(error) => error.into(),
        }
    }
}
