//! Deposits as an operator sees them: what came in, what is held, and sending it back.

use gate_domain::ids::{DepositId, TransactionId};
use gate_store::OperatorAction;
use gate_wire::deposit::DepositBody;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AdminError, Whose, read, sentence, write};
use crate::app::App;
use crate::deposits::{DepositError, send_back};

/// Deposits in one answer.
const LIST_MAX: i64 = 1_000;

/// What can be done with deposits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Those that wait for a person, or all of one transaction, oldest first.
    List {
        /// Whose.
        whose: Whose,
        /// `tx_..`; those that wait for a person where nothing is said.
        transaction: Option<String>,
    },
    /// Send back what is held.
    SendBack {
        /// Whose.
        whose: Whose,
        /// `dp_..`.
        deposit: String,
        /// Why, in the operator's words.
        reason: String,
        /// Who does it.
        actor: String,
    },
}

/// Some deposits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepositsAnswer {
    /// Oldest first.
    pub deposits: Vec<DepositBody>,
}

pub(super) async fn run(app: &App, command: Command) -> Result<Value, AdminError> {
    let modes = app.config().modes.clone();
    match command {
        Command::List { whose, transaction } => {
            read(app, move |tx| {
                let tenant = whose.find(tx, &modes)?;
                let deposits = match &transaction {
                    None => tx.list_held_deposits(&tenant, LIST_MAX)?,
                    Some(text) => match TransactionId::parse(text) {
                        Ok(id) => tx.list_deposits(&tenant, &id)?,
                        Err(_) => Vec::new(),
                    },
                };
                Ok(DepositsAnswer { deposits: deposits.iter().map(DepositBody::from).collect() })
            })
            .await
        }
        Command::SendBack { whose, deposit, reason, actor } => {
            write(app, move |tx, scope| {
                let tenant = whose.find(tx, &modes)?;
                let id = DepositId::parse(&deposit).map_err(|_| DepositError::NotFound)?;
                let sent = send_back(tx, scope, &tenant, &id)?;
                let action = OperatorAction {
                    action: "deposit_sent_back".into(),
                    outcome: sent.state.status().into(),
                    reason: reason.clone(),
                    actor: actor.clone(),
                    created_at: scope.now,
                };
                tx.insert_operator_action(&tenant, id.as_str(), &action)?;
                Ok(DepositBody::from(&sent))
            })
            .await
        }
    }
}

impl From<DepositError> for AdminError {
    fn from(error: DepositError) -> Self {
        match error {
            DepositError::NotFound | DepositError::UnknownAddress => Self::new(
                "deposit_not_found",
                "There is no such deposit. `gate deposits list` shows what is held.",
            ),
            DepositError::OutOfStep(_) => Self::new(
                "deposit_not_held",
                "Nothing of this deposit is held: it was taken in, or is on its way back.",
            ),
            DepositError::Paused => Self::new("payments_paused", sentence(&error)),
            DepositError::Advance(error) => {
                Self::new("deposit_out_of_step", format!("The sale did not follow: {error}."))
            }
            DepositError::Store(error) => error.into(),
        }
    }
}
