//! Deposits as an operator sees them: what came in, what is held, and sending it back.

use gate_domain::deposit::Deposit;
use gate_domain::ids::{DepositId, Mode, StrayId, Tenant, TransactionId};
use gate_domain::stray::Stray;
use gate_store::{OperatorAction, StrayFilter, Tx};
use gate_wire::deposit::{DepositBody, StrayBody};
use gate_wire::instant::to_rfc3339;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reviews::decision;
use super::{AdminError, Whose, read, sentence, write};
use crate::app::{App, Scope};
use crate::deposits::{DepositError, assign_stray, dismiss_stray, end_return, send_back};
use crate::reviews::Decision;

/// Deposits in one answer.
const LIST_MAX: i64 = 1_000;
/// Strays in one answer.
const STRAYS_MAX: usize = 1_000;

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
    /// A page of transfers that came for nobody, oldest first.
    ListStrays {
        /// In which world; whose does not matter, since nobody knows.
        mode: Mode,
        /// Those that were assigned or dismissed, too.
        all: bool,
        /// Those behind this one; the first ones where nothing is said.
        after: Option<String>,
    },
    /// Take a stray as the deposit of a transaction.
    Assign {
        /// Whose the transaction is.
        whose: Whose,
        /// `st_..`.
        stray: String,
        /// `tx_..`.
        transaction: String,
        /// How they found out, in the operator's words.
        reason: String,
        /// Who does it.
        actor: String,
    },
    /// Close a stray that was settled outside of the gateway.
    Dismiss {
        /// `st_..`; it says in which mode it came.
        stray: String,
        /// How it was settled, in the operator's words.
        reason: String,
        /// Who does it.
        actor: String,
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
    /// Book as back what is held because nobody knew.
    Arrived {
        /// Whose.
        whose: Whose,
        /// `dp_..`.
        deposit: String,
        /// How they know, in the operator's words.
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

/// A page of strays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StraysAnswer {
    /// Oldest first.
    pub strays: Vec<ShownStray>,
    /// Where the next page begins, if there is more.
    pub next_after: Option<String>,
}

/// A stray, with what only operators see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownStray {
    /// The stray.
    #[serde(flatten)]
    pub stray: StrayBody,
    /// What was said when it was dismissed.
    pub dismissed: Option<Dismissed>,
}

/// What an operator said who dismissed a stray.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dismissed {
    /// When (RFC 3339).
    pub at: String,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

impl From<&Stray> for ShownStray {
    fn from(stray: &Stray) -> Self {
        let dismissed = stray.state.dismissal().map(|dismissal| Dismissed {
            at: to_rfc3339(dismissal.at),
            actor: dismissal.actor.clone(),
            reason: dismissal.reason.clone(),
        });
        Self { stray: stray.into(), dismissed }
    }
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
        Command::ListStrays { mode, all, after } => {
            let filter = if all { StrayFilter::All } else { StrayFilter::Open };
            let after = after.unwrap_or_else(|| format!("{}_{mode}_", StrayId::PREFIX));
            read(app, move |tx| {
                let mut strays = tx.list_strays(mode, filter, &after, STRAYS_MAX + 1)?;
                let goes_on = strays.len() > STRAYS_MAX;
                strays.truncate(STRAYS_MAX);
                let next_after = strays.last().filter(|_| goes_on).map(|last| last.id.to_string());
                Ok(StraysAnswer {
                    strays: strays.iter().map(ShownStray::from).collect(),
                    next_after,
                })
            })
            .await
        }
        Command::Assign { whose, stray, transaction, reason, actor } => {
            let Decision { reason, actor } = decision(reason, actor)?;
            let prices = app.rails(whose.mode).map(|rails| rails.prices.clone());
            let prices = prices.ok_or_else(|| {
                AdminError::new("mode_not_enabled", "This gateway moves no money in this mode.")
            })?;
            write(app, move |tx, scope| {
                let tenant = whose.find(tx, &modes)?;
                let stray = StrayId::parse(&stray).map_err(|_| DepositError::NotFound)?;
                let transaction =
                    TransactionId::parse(&transaction).map_err(|_| DepositError::NoSale)?;
                let found = (&stray, &transaction);
                let deposit = assign_stray(tx, scope, &*prices, &tenant, found)?;
                let action = OperatorAction {
                    action: "stray_assigned".into(),
                    outcome: deposit.state.status().into(),
                    reason: reason.clone(),
                    actor: actor.clone(),
                    created_at: scope.now,
                };
                tx.insert_operator_action(&tenant, deposit.id.as_str(), &action)?;
                Ok(DepositBody::from(&deposit))
            })
            .await
        }
        Command::Dismiss { stray, reason, actor } => {
            let decision = decision(reason, actor)?;
            let mode = stray.split('_').nth(1).and_then(Mode::parse);
            let found = mode.zip(StrayId::parse(&stray).ok()).ok_or(DepositError::NotFound);
            let (mode, stray) = found?;
            write(app, move |tx, scope| {
                let dismissed = dismiss_stray(tx, scope, mode, &stray, &decision)?;
                Ok(ShownStray::from(&dismissed))
            })
            .await
        }
        Command::SendBack { whose, deposit, reason, actor } => {
            let named = (whose, deposit, decision(reason, actor)?);
            decide(app, named, "deposit_sent_back", send_back).await
        }
        Command::Arrived { whose, deposit, reason, actor } => {
            let named = (whose, deposit, decision(reason, actor)?);
            decide(app, named, "deposit_arrived", end_return).await
        }
    }
}

/// Carry out what an operator decided about a held deposit, and write down who did and why.
async fn decide(
    app: &App,
    (whose, deposit, decision): (Whose, String, Decision),
    action: &'static str,
    carry_out: fn(&mut Tx, &Scope<'_>, &Tenant, &DepositId) -> Result<Deposit, DepositError>,
) -> Result<Value, AdminError> {
    let modes = app.config().modes.clone();
    write(app, move |tx, scope| {
        let tenant = whose.find(tx, &modes)?;
        let id = DepositId::parse(&deposit).map_err(|_| DepositError::NotFound)?;
        let decided = carry_out(tx, scope, &tenant, &id)?;
        let action = OperatorAction {
            action: action.into(),
            outcome: decided.state.status().into(),
            reason: decision.reason.clone(),
            actor: decision.actor.clone(),
            created_at: scope.now,
        };
        tx.insert_operator_action(&tenant, id.as_str(), &action)?;
        Ok(DepositBody::from(&decided))
    })
    .await
}

impl From<DepositError> for AdminError {
    fn from(error: DepositError) -> Self {
        match error {
            DepositError::NotFound => Self::new(
                "deposit_not_found",
                "There is no such deposit. `gate deposits list` shows what is held, `gate deposits strays` what came for nobody.",
            ),
            DepositError::NoSale => Self::new(
                "transaction_not_found",
                "This partner has no sale or swap with this id that takes in tokens.",
            ),
            DepositError::Elsewhere => Self::new(
                "stray_elsewhere",
                "That sale or swap waits for another token, or at another address than this stray came to.",
            ),
            DepositError::OtherFamily => Self::new(
                "network_mismatch",
                "The address that the user named for refunds is not on the network of these tokens, so they would be lost there. They stay as they are.",
            ),
            DepositError::TooEarly { .. } => {
                let message = format!("This is not its stray: {error}.");
                Self::new("stray_too_early", message)
            }
            DepositError::Found => {
                Self::new("stray_found", "It was found out before whose this stray is.")
            }
            DepositError::Dismissed => Self::new(
                "stray_dismissed",
                "This stray was dismissed before. `gate deposits strays --all` shows by whom and why.",
            ),
            DepositError::OutOfStep(_) => Self::new(
                "deposit_not_held",
                "Nothing of this deposit is held, or it was not sent back before. `gate deposits list` shows what is held and why.",
            ),
            DepositError::Paused => Self::new("payments_paused", sentence(&error)),
            DepositError::Advance(error) => {
                Self::new("deposit_out_of_step", format!("The sale did not follow: {error}."))
            }
            DepositError::Store(error) => error.into(),
        }
    }
}
