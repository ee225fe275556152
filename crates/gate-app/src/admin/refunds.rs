//! Refunds as an operator makes and lists them.

use gate_domain::ids::TransactionId;
use gate_store::OperatorAction;
use gate_wire::refund::RefundBody;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AdminError, Whose, read, write};
use crate::app::App;
use crate::refunds::{CreateRefund, RefundError, create_refund, list_refunds};

/// Refunds in one answer.
const LIST_MAX: i64 = 1_000;

/// What can be done with refunds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Give a completed payment back.
    Create {
        /// Whose.
        whose: Whose,
        /// `tx_..`.
        transaction: String,
        /// A decimal string of the currency; all that is left where nothing is said.
        amount: Option<String>,
        /// Why, in the operator's words.
        reason: String,
        /// Who does it.
        actor: String,
    },
    /// The refunds of a transaction, newest first.
    List {
        /// Whose.
        whose: Whose,
        /// `tx_..`.
        transaction: String,
    },
}

/// The refunds of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundsAnswer {
    /// Newest first.
    pub refunds: Vec<RefundBody>,
}

pub(super) async fn run(app: &App, command: Command) -> Result<Value, AdminError> {
    let modes = app.config().modes.clone();
    match command {
        Command::Create { whose, transaction, amount, reason, actor } => {
            write(app, move |tx, scope| {
                let tenant = whose.find(tx, &modes)?;
                let transaction_id = parse(&transaction)?;
                let create = CreateRefund {
                    tenant: tenant.clone(),
                    request: None,
                    transaction_id,
                    amount: amount.clone(),
                };
                let answered = create_refund(tx, scope, &create)?;
                let body: RefundBody = serde_json::from_str(&answered.answer.response)
                    .expect("it was written a line above");
                let action = OperatorAction {
                    action: "refund_created".into(),
                    outcome: body.amount.clone(),
                    reason: reason.clone(),
                    actor: actor.clone(),
                    created_at: scope.now,
                };
                tx.insert_operator_action(&tenant, &body.id, &action)?;
                Ok(body)
            })
            .await
        }
        Command::List { whose, transaction } => {
            read(app, move |tx| {
                let tenant = whose.find(tx, &modes)?;
                let id = parse(&transaction)?;
                let refunds = list_refunds(tx, &tenant, &id, None, LIST_MAX)?;
                Ok(RefundsAnswer { refunds: refunds.ok_or(RefundError::NotFound)? })
            })
            .await
        }
    }
}

fn parse(text: &str) -> Result<TransactionId, AdminError> {
    TransactionId::parse(text).map_err(|_| RefundError::NotFound.into())
}

impl From<RefundError> for AdminError {
    fn from(error: RefundError) -> Self {
        let code = match error {
            RefundError::NotFound => "transaction_not_found",
            RefundError::Paused => "payments_paused",
            RefundError::Store(error) => return error.into(),
            _ => "refund_refused",
        };
        let mut message = error.to_string();
        if let Some(first) = message.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self::new(code, format!("{message}."))
    }
}
